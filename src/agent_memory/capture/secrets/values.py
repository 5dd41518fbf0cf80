"""Is what a name is given a secret, or a placeholder, a reference, a word of code?

The name says how much is asked of the value: whatever is given for a password is one unless it stands
for something else; what is given for a key or token has to look drawn at random, too.

On the path of the hook: the standard library only.
"""

from __future__ import annotations

import itertools

from agent_memory.capture.secrets.names import AUTH, CREDENTIAL, KEY, PASSWORD, SECRET, TOKEN, WEAK_KEY, words_of
from agent_memory.capture.secrets.patterns import compiled

VALUE_CHARACTERS_MAX = 2048

_LENGTHS_MIN = {PASSWORD: 4, SECRET: 8, TOKEN: 10, KEY: 12, WEAK_KEY: 24, AUTH: 12, CREDENTIAL: 16}

_PLACEHOLDERS_WORDS = """
    password passwd pass pwd passphrase secret token key apikey api_key api-key apitoken changeme
    change_me change-me changeit replaceme replace_me replace-me example placeholder dummy none null
    nil undefined true false yes no on off string str int integer number bool boolean bytes object
    any required optional redacted hidden masked removed omitted encrypted empty unset default todo
    tbd fixme n/a na test testing test123 xxx foo bar baz foobar user username user_password
    userpassword mypassword my-password my_password your_password yourpassword yourpasswordhere void
    repo repository host unknown missing invalid valid expired wrong incorrect correct prompt ask stdin hash plaintext
    text value values secret_key secretkey secret-key access_token auth_token authtoken auth-token
    api-token bearer basic digest negotiate self this func function lambda async await return const
    let var new delete typeof class import from export field label input type char varchar sensitive
"""
_PLACEHOLDERS = frozenset(_PLACEHOLDERS_WORDS.split())
_PLACEHOLDER = r"""(?x)\A(?:
    [$%\#&@!]?(?:\{.*\}|\(.*\)|\[.*\]|<.*>)\Z   # ${TOKEN}, $(cat file), <token>, [redacted: …]
  | \$[{(] | \{\{ | \{[A-Za-z_][\w.\[\]]*+(?:![rsa])?\}?\Z | <[A-Za-z_ -]+\Z | \[redacted | \#\{ | %\( | %\{
  | \$[A-Za-z_][A-Za-z0-9_]*+(?:\Z|\[|->|::|\.) | %[A-Za-z_][A-Za-z0-9_]*+%\Z
  | \$env: | env[:.] | ENV\[ | vault: | ssm: | arn: | secretref: | keyvault: | op:// | file: | aws-sm: | sops: | ENC\[
  | !(?:Ref|Sub|secret|vault|env|GetAtt|ImportValue|encrypted)\b | \*{3} | \.{3} | …
  | (?:os|process|import\.meta|self|this|config|settings|secrets|vars|var|local|data|module|args|opts|options|params
      |request|req|res|response|ctx|context|props|state|env|github|inputs|steps|needs|random_password|values|app|user
      |cls|kwargs|credentials|creds|conf|cfg|environ|getenv|session|input|event|body|json|std|Rails|Deno|Bun)
    (?:\.|\[|->|::|\?\.)
  | (?:https?|ftp|file|s3|gs)://
  | (?:~|\.{1,2})?/(?:[a-z._-]++|[A-Z][a-z]{2,11})(?:/.*)?\Z | [A-Za-z]:\\     # a path
  | \\[A-Za-z]\Z
  | [xX*•.\-_0\#?…]+\Z
)"""
_WORDY = (
    r"(?i)(?:^|[-_. ])(?:your|my|example|sample|here|change|changeme|replace|insert|enter|placeholder|dummy|fake|mock"
    r"|todo|some|goes|paste|fill|put|set|xxx+|abc|redacted|the)(?:$|[-_. ])"
)
_PLACED = r"(?:%[sdr]|\{\}|\{[0-9]\}|x{4}|X{4}|\*{3}|\.{3}|…|•{3}|your[-_ ]|YOUR[-_ ]|<[a-z][A-Za-z0-9_ -]{0,40}>)"
_CALL = r"[A-Za-z_][\w.]*+[(\[]"
_DOTTED = r"[A-Za-z_$][\w$]*+(?:(?:\.|->|::|\?\.)[A-Za-z_$][\w$]*+)+\Z"
_NAMED = r"[a-z]{1,24}+(?:[-_.][a-z]{1,24}+){2,}+\Z"
_IDENTIFIER = r"[A-Za-z_$][A-Za-z0-9_$]*+\Z"
_RANDOM = r"[A-Za-z0-9+/=_.~:@!%$^*|-]+\Z"
_TYPED = r"[!-~]{16,}+\Z"
_SALT = r"(?=(?:[^ ]{1,64}+ ){1,4}[^ ]{1,64}+\Z)(?![ -~]{0,64}[a-z]{6})[ -~]{56,70}+\Z"
_VERSION = r"[~^<>=v]{0,2}[0-9]{1,4}\.[0-9]{1,6}(?:\.[0-9]{1,6})*+\Z"
_SLUG = r"[-_./: +]+"
_NUMBERED = r"[A-Za-z]*[0-9]{0,4}\Z|[0-9]{1,8}\Z|v?[0-9]{1,3}(?:\.[0-9]{1,3}){1,3}\Z"


def is_placeholder(value: str) -> bool:
    """Whether *value* stands for a secret that is elsewhere: `your-api-key`, `${TOKEN}`, `xxxx`, `os.environ[…]`."""
    lowered = value.lower().strip("\"'` ")
    if lowered in _PLACEHOLDERS or len(set(lowered)) < 3:
        return True
    if compiled(_PLACEHOLDER).match(value) or compiled(_PLACED).search(value):
        return True
    return not any(c.isdigit() for c in value) and compiled(_WORDY).search(value) is not None


def is_token_placeholder(token: str, beginning: int) -> bool:
    """The same of a token that tells by its form what it is, whose first characters say only that."""
    body = token[beginning:]
    if len(set(body[:200].lower())) < 6 or compiled(_PLACED).search(token[:200]):
        return True
    # A name of code: `ghp_request_cache_policy_for_pull_requests`.
    return not has_digits(body[:200]) and compiled(_NAMED).match(body) is not None


def is_secret(family: int, value: str, *, quoted: bool, plain: bool) -> bool:
    """Whether what a name of this family is given is a secret.

    *quoted*: it stands in quotes, or is a field's whole text. *plain*: what it stands in takes a bare word
    for itself (an env file, a flag, a query), unlike code, where it would be a name.
    """
    size = len(value)
    if size < _LENGTHS_MIN[family] or size > VALUE_CHARACTERS_MAX or is_placeholder(value):
        return False
    if family == PASSWORD:
        return _is_password(value, quoted=quoted, plain=plain)
    if (
        not quoted
        and not plain
        and (compiled(_CALL).match(value) or compiled(_DOTTED).match(value) or _is_named(value))
    ):
        return False
    return is_random(value, strict=family in (WEAK_KEY, CREDENTIAL), quoted=quoted)


def _is_named(value: str) -> bool:
    """Whether it is made of words, as the names of code are: `Ed25519PrivateKey`."""
    if value.endswith(("Key", "Token", "Secret", "Password", "Credentials")):
        return True
    words = words_of(value[:256])
    size = len(value[:256])
    worded = sum(len(word) for word in words if len(word) > 3 and not word.isdigit())
    return 2 * worded >= size and 2 * _changes(value[:256]) < size


def _is_password(value: str, *, quoted: bool, plain: bool) -> bool:
    if quoted:
        if " " in value and not _is_phrase(value):
            return False
        return not _is_code_word(value) and not compiled(_VERSION).match(value)
    if plain:
        return not compiled(_CALL).match(value)
    if compiled(_CALL).match(value) or compiled(_DOTTED).match(value):
        return False
    if compiled(_IDENTIFIER).match(value):
        if not has_digits(value):
            return _is_scrambled(value)
        return size_of_letters(value) > 1 and len(value) >= 6 and not _is_code_word(value)
    marked = has_digits(value) or any(c in "!@#$%^&*?" for c in value)
    return len(value) >= 6 and marked and size_of_letters(value) > 1


def has_digits(value: str) -> bool:
    """Whether there is a digit in it."""
    return any(c.isdigit() for c in value)


def _is_scrambled(value: str) -> bool:
    """Whether capitals stand in it as in no name: `fPcJCsLXXXSA`."""
    return len(value) >= 10 and 3 * _changes(value[:256]) > len(value[:256])


def size_of_letters(value: str) -> int:
    """How many letters there are."""
    return sum(c.isalpha() for c in value)


def _is_phrase(value: str) -> bool:
    """Whether it is a passphrase of some words, and no sentence and no label."""
    spaces = value.count(" ")
    if spaces > 7 or value[-1] in ".:?!," or compiled(_COMMON).search(value):
        return False
    # A number makes a phrase of what else were a title.
    return has_digits(value) or (spaces > 2 and not value[0].isupper())


# Words that a sentence or a label about passwords has and a passphrase has not.
_COMMON = (
    r"(?i)\b(?:the|is|are|was|must|should|be|for|to|of|in|on|with|you|your|a|an|and|or|not|at|least|please|this|that|new"
    r"|min|minimum|max|maximum|chars?|characters?|zeichen|caract\w{0,12}|caratteri|tegn|digits?|letters?|symbols?|words?"
    r"|numbers?|length|step|line|enter|type|choose|create|update|invalid|error|version|mindestens|pass\w{0,12}|pwd|token"
    r"|secret|key|code|login|user|string|varchar|bytes?|hours?|days?|minutes?|seconds?)\b"
)
_CODE = r"[A-Za-z_.\-]{1,64}+[0-9]{0,3}\Z"
_CODE_WORDS_TOLD = """
    pass pwd field input label string type sha md hash crypt bcrypt scrypt base utf id key keys apikey name class error
"""
_CODE_WORDS = frozenset(_CODE_WORDS_TOLD.split())
_CODE_ENDS = ("password", "passwd", "passphrase", "passwort", "pwd", "token", "tokens", "secret", "secrets")
_SHAPED = r"(?i)(?:[a-z]+(?:[-_.][a-z]+){2,}|(?:sha|md|utf|base|int|float|str|h|ip)[-_]?[0-9]{1,4})\Z"


def _is_code_word(value: str) -> bool:
    """`password_field`, `sha256`, `current-password`: words that code has beside passwords."""
    if len(value) >= 64:
        return False
    if compiled(_SHAPED).match(value):
        return True
    if not compiled(_CODE).match(value):
        return False
    words = [word.lower() for word in words_of(value)]
    return any(word in _CODE_WORDS or word.startswith("password") or word.endswith(_CODE_ENDS) for word in words)


def is_random(value: str, *, strict: bool = False, quoted: bool = False) -> bool:
    """Whether *value* looks drawn at random: letters and digits of which no words can be made."""
    head = value[:256]
    digits = sum(c.isdigit() for c in head)
    if not compiled(_RANDOM).match(value):
        return _is_typed(value, digits, quoted=quoted)
    upper = sum(c.isupper() for c in head)
    lower = sum(c.islower() for c in head)
    distinct = len(set(head))
    if distinct < 6 or digits < (3 if strict else 1) or upper + lower == 0:
        return upper >= 6 and lower >= 6 and len(head) >= 24 and distinct >= 14 and not strict and _changes(head) >= 8
    if strict and (upper < 2 or lower < 2) and not _is_hex(head):
        return False
    parts = [part for part in compiled(_SLUG).split(head) if part]
    return not all(compiled(_NUMBERED).match(part) for part in parts) or _changes(head) >= 6


def _is_typed(value: str, digits: int, *, quoted: bool) -> bool:
    """Whether it is drawn from all that can be typed, as keys of web frameworks are."""
    distinct = len(set(value[:256]))
    if not compiled(_TYPED).match(value):
        # Salts of WordPress have blanks, and no word.
        return quoted and digits > 2 and distinct > 30 and compiled(_SALT).match(value) is not None
    if digits > 2 and distinct > 15 and len(value) >= 24:
        return True
    return quoted and digits > 1 and distinct > 11 and "\\u" not in value and "[" not in value


def _is_hex(value: str) -> bool:
    return len(value) >= 32 and not set(value) - set("0123456789abcdefABCDEF")


def _changes(value: str) -> int:
    """How often a letter is followed by one of the other case, or by a digit, or the other way round."""
    kinds = ["d" if c.isdigit() else "u" if c.isupper() else "l" if c.islower() else "o" for c in value]
    return sum(a != b and "o" not in (a, b) for a, b in itertools.pairwise(kinds))
