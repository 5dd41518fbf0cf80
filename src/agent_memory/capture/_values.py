"""Is what a name is given a secret, or a placeholder, a reference, a word of code?

The name says how much is asked of the value: whatever is given for a password is one unless it stands
for something else; what is given for a key or token has to look drawn at random, too.

On the path of the hook: the standard library only.
"""

from __future__ import annotations

import itertools

from agent_memory.capture._patterns import compiled
from agent_memory.capture.secret_rules import PROVIDERS

PASSWORD, SECRET, TOKEN, KEY, WEAK_KEY, AUTH, CREDENTIAL = range(7)
"""What a name asks for, the least doubtful first."""

VALUE_CHARACTERS_MAX = 2048

_LENGTHS_MIN = {PASSWORD: 4, SECRET: 8, TOKEN: 10, KEY: 12, WEAK_KEY: 24, AUTH: 12, CREDENTIAL: 16}
_WORDS = r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+"

# -- names ----------------------------------------------------------------------------------------

_PASSWORD_WORDS = {"password", "passwd", "passphrase", "passcode", "passwort", "pwd", "passwords", "userpass", "dbpass"}
_GLUED_PASSWORD = r"(?:pass(?:wd|word|phrase|code)|pwd)s?$"
_GLUED_PASS = r"(?:db|user|root|my|ssh|sql|admin|smtp|mail|ftp|redis|mongo|pg|auth|login|proxy|ldap|key)pass$"
# What may follow the word that says what it is, and it is the same still.
_TAILS_WORDS = """
    value plain plaintext text raw new old current confirm confirmation confirmed again repeat prod
    production dev development test staging stage live local default base64 b64 encoded env var str
    string pw main master primary secondary backup user admin root db database base
"""
_TAILS = frozenset(_TAILS_WORDS.split())
# Who says what a key is for: these are secret.
_SECRET_KEYS_WORDS = """
    api access secret private auth authentication authorization encryption encrypt decryption
    signing sign signature master service account storage shared sharedaccess client license licence
    app application consumer admin session webhook deploy deployment bot server hmac jwt aes root
    write subscription host ingest ingestion cookie crypto cipher rest token ssh ssl tls personal
    dev integration apikey functions function registration provisioning symmetric data
    instrumentation user team bearer x account cosmos db database redis search sas
"""
_SECRET_KEYS = frozenset(_SECRET_KEYS_WORDS.split())
_OPEN_KEYS_WORDS = """
    recv receive recipient fingerprint gpg pgp list delete edit refresh search
    public pub publishable primary foreign partition sort cache row dict hot index idempotency map
    object group routing lookup translation i18n locale message unique natural composite candidate
    shard hash range sharding registry component react list item node prop property field column
    header query param parameter arrow enter escape tab shift ctrl control alt meta esc any press up
    down left right home end insert delete space return function config setting settings option
    metadata meta label tag annotation env environment variable dictionary json yaml s3 file path
    storage_path blob bucket dedupe dedup dedup_key lock mutex state view event trace span log
    metric site recaptcha vapid host_public known anon id name type kind size length count
"""
_OPEN_KEYS = frozenset(_OPEN_KEYS_WORDS.split())
_OPEN_TOKENS_WORDS = """
    next page continuation sync max min num total prompt completion input output cached cache
    reasoning special eos bos pad unk mask sep cls stop start end per used remaining budget limit
    first last unknown current_page paging cursor resume resource nextpage word sub syntax lexer
    parser delimiter string number template thinking audio image text new csrf xsrf antiforgery
"""
_OPEN_TOKENS = frozenset(_OPEN_TOKENS_WORDS.split())


def family_of(name: str) -> int | None:
    """What *name* (`DB_PASSWORD`, `apiKey`, `x-vault-token`) asks for; None for nothing secret."""
    words = [word.lower() for word in compiled(_WORDS).findall(name)]
    while words and (words[-1] in _TAILS or words[-1].isdigit()) and len(words) > 1:
        words.pop()
    if not words:
        return None
    last = words[-1]
    before = words[-2] if len(words) > 1 else ""
    if last in _PASSWORD_WORDS or compiled(_GLUED_PASSWORD).search(last):
        return PASSWORD if before not in ("forgot", "reset", "no", "without", "has", "show", "hide", "is") else None
    if compiled(_GLUED_PASS).search(last) or (
        last in ("pass", "pw", "psw") and before not in ("by", "first", "second", "one")
    ):
        return PASSWORD
    if last == "passin" or last == "passout":
        return PASSWORD
    if last in ("secret", "secrets") or last.endswith("secret"):
        return SECRET if before not in ("has", "is", "no") else None
    if last == "token" or (last.endswith("token") and len(last) > 5):
        glued = last[:-5]
        return TOKEN if before not in _OPEN_TOKENS and glued not in _OPEN_TOKENS else None
    if last == "tokens":
        return TOKEN if before in ("api", "access", "auth", "secret", "bearer", "refresh") else None
    if last == "key" or last == "keys" or last.endswith("key"):
        return _key_family(name, words)
    if last in ("auth", "authorization", "basicauth", "httpauth") or name.lower().endswith("_auth"):
        return AUTH
    if last in ("credential", "credentials", "creds", "cred"):
        return CREDENTIAL
    return None


def _key_family(name: str, words: list[str]) -> int | None:
    last = words[-1].removesuffix("s")
    glued = last[:-3]
    if glued:
        if glued in _SECRET_KEYS or any(
            glued.endswith(word) for word in ("api", "secret", "access", "private", "auth")
        ):
            return KEY
        return None
    before = words[-2] if len(words) > 1 else ""
    if not before or (before in _OPEN_KEYS and not ({"secret", "private"} & set(words))):
        return None
    if before in _SECRET_KEYS or {"secret", "private", "api"} & set(words):
        return KEY
    return WEAK_KEY


def kind_of(family: int, name: str, value: str) -> str:
    """What a secret of this name is called where it was."""
    if family == PASSWORD:
        return "password"
    if family == AUTH:
        return "basic-auth"
    if family == CREDENTIAL:
        return "credential"
    lowered = name.lower()
    provider = next((called for part, called in PROVIDERS if part in lowered), "")
    if provider == "aws" and len(value) == 40 and "session" not in lowered:
        return "aws-secret-key"
    what = "secret" if family == SECRET else "token" if family == TOKEN else "api-key"
    if "private" in lowered and family == KEY:
        what = "private-key"
    return f"{provider}-{what}".replace("-api-key", "-key") if provider else what


# -- values ---------------------------------------------------------------------------------------

_PLACEHOLDERS_WORDS = """
    password passwd pass pwd passphrase secret token key apikey api_key api-key apitoken changeme
    change_me change-me changeit replaceme replace_me replace-me example placeholder dummy none null
    nil undefined true false yes no on off string str int integer number bool boolean bytes object
    any required optional redacted hidden masked removed omitted encrypted empty unset default todo
    tbd fixme n/a na test testing test123 xxx foo bar baz foobar user username user_password
    userpassword mypassword my-password my_password your_password yourpassword yourpasswordhere void
    unknown missing invalid valid expired wrong incorrect correct prompt ask stdin hash plaintext
    text value values secret_key secretkey secret-key access_token auth_token authtoken auth-token
    api-token bearer basic digest negotiate self this func function lambda async await return const
    let var new delete typeof class import from export field label input type char varchar sensitive
"""
_PLACEHOLDERS = frozenset(_PLACEHOLDERS_WORDS.split())
_PLACEHOLDER = r"""(?x)\A(?:
    [$%\#&@!]?(?:\{.*\}|\(.*\)|\[.*\]|<.*>)\Z   # ${TOKEN}, $(cat file), <token>, [redacted: …]
  | \$[{(] | \{\{ | \{[A-Za-z_][\w.\[\]]*+(?:![rsa])?\}?\Z | <[A-Za-z_ -]+\Z | \[redacted | \#\{ | %\( | %\{
  | \$[A-Za-z_][A-Za-z0-9_]*+\Z | %[A-Za-z_][A-Za-z0-9_]*+%\Z
  | \$env: | env[:.] | ENV\[ | vault: | ssm: | arn: | secretref: | keyvault: | op:// | file: | aws-sm: | sops: | ENC\[
  | !(?:Ref|Sub|secret|vault|env|GetAtt|ImportValue|encrypted)\b | \*{3} | \.{3} | …
  | (?:os|process|import\.meta|self|this|config|settings|secrets|vars|var|local|data|module|args|opts|options|params
      |request|req|res|response|ctx|context|props|state|env|github|inputs|steps|needs|random_password|values|app|user
      |cls|kwargs|credentials|creds|conf|cfg|environ|getenv|session|input|event|body|json|std|Rails|Deno|Bun)
    (?:\.|\[|->|::|\?\.)
  | (?:https?|ftp|file|s3|gs)://
  | (?:~|\.{1,2})?/[a-z._-]++(?:/.*)?\Z | [A-Za-z]:\\     # a path
  | \\[A-Za-z]\Z
  | [xX*•.\-_0\#?…]+\Z
)"""
_WORDY = (
    r"(?i)(?:^|[-_. ])(?:your|my|example|sample|here|change|changeme|replace|insert|enter|placeholder|dummy|fake|mock"
    r"|todo|some|goes|paste|fill|put|set|xxx+|abc|redacted|the)(?:$|[-_. ])"
)
_PLACED = r"(?:%[sdr]|\{\}|\{[0-9]\}|x{4}|X{4}|\*{3}|\.{3}|…|•{3}|your[-_ ]|YOUR[-_ ]|<[a-z])"
_CALL = r"[A-Za-z_][\w.]*+[(\[]"
_DOTTED = r"[A-Za-z_$][\w$]*+(?:(?:\.|->|::|\?\.)[A-Za-z_$][\w$]*+)+\Z"
_IDENTIFIER = r"[A-Za-z_$][A-Za-z0-9_$]*+\Z"
_RANDOM = r"[A-Za-z0-9+/=_.~:@!%$^*|-]+\Z"
_TYPED = r"[!-~]{24,}+\Z"
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
    return len(set(body[:200].lower())) < 6 or compiled(_PLACED).search(token[:200]) is not None


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
    return is_random(value, strict=family in (WEAK_KEY, CREDENTIAL))


def _is_named(value: str) -> bool:
    """Whether it is made of words, as the names of code are: `Ed25519PrivateKey`."""
    words = compiled(_WORDS).findall(value[:256])
    return 2 * sum(len(word) for word in words if len(word) > 3 and not word.isdigit()) >= len(value[:256])


def _is_password(value: str, *, quoted: bool, plain: bool) -> bool:
    spaces = value.count(" ")
    if quoted:
        # Four words may be a passphrase; a sentence ends with a mark or begins with a capital.
        if spaces and (value[-1] in ".:?!," or value[0].isupper() or spaces > 7 or not _is_phrase(value)):
            return False
        return not _is_code_word(value) and not compiled(_VERSION).match(value)
    if plain:
        return not compiled(_CALL).match(value)
    if compiled(_CALL).match(value) or compiled(_DOTTED).match(value):
        return False
    digits = sum(c.isdigit() for c in value)
    if compiled(_IDENTIFIER).match(value):
        return digits > 0 and size_of_letters(value) > 1 and len(value) >= 6 and not _is_code_word(value)
    return len(value) >= 6 and (digits > 0 or any(c in "!@#$%^&*?" for c in value)) and size_of_letters(value) > 1


def size_of_letters(value: str) -> int:
    """How many letters there are."""
    return sum(c.isalpha() for c in value)


def _is_phrase(value: str) -> bool:
    return value.count(" ") > 2 and not compiled(_COMMON).search(value)


# Words that a sentence about passwords has and a passphrase has not.
_COMMON = (
    r"(?i)\b(?:the|is|are|was|must|should|be|for|to|of|in|on|with|you|your|a|an|and|or|not|at|least|please|this|that"
    r"|new)\b"
)
_CODE_WORD = (
    r"(?i)(?:[a-z_.\-]*(?:pass|pwd|secret|token|key|field|input|label|string|type|sha|md5|hash|crypt|base|utf|id)[a-z_.\-]*"
    r"[0-9]{0,3}|[a-z]+(?:[-_.][a-z]+){2,}|(?:sha|md|utf|base|int|float|str|h|ip)[-_]?[0-9]{1,4})\Z"
)


def _is_code_word(value: str) -> bool:
    """`password_field`, `sha256`, `current-password`: words that code has beside passwords."""
    return len(value) < 64 and compiled(_CODE_WORD).match(value) is not None


def is_random(value: str, *, strict: bool = False) -> bool:
    """Whether *value* looks drawn at random: letters and digits of which no words can be made."""
    head = value[:256]
    digits = sum(c.isdigit() for c in head)
    if not compiled(_RANDOM).match(value):
        # Keys of web frameworks are drawn from all that can be typed.
        return compiled(_TYPED).match(value) is not None and digits > 2 and len(set(head)) > 15
    upper = sum(c.isupper() for c in head)
    lower = sum(c.islower() for c in head)
    distinct = len(set(head))
    if distinct < 6 or digits < (3 if strict else 1) or upper + lower == 0:
        return upper >= 6 and lower >= 6 and len(head) >= 24 and distinct >= 14 and not strict and _changes(head) >= 8
    if strict and (upper < 2 or lower < 2) and not _is_hex(head):
        return False
    parts = [part for part in _SLUG.split(head) if part]
    return not all(compiled(_NUMBERED).match(part) for part in parts) or _changes(head) >= 6


def _is_hex(value: str) -> bool:
    return len(value) >= 32 and not set(value) - set("0123456789abcdefABCDEF")


def _changes(value: str) -> int:
    """How often a letter is followed by one of the other case, or by a digit, or the other way round."""
    kinds = ["d" if c.isdigit() else "u" if c.isupper() else "l" if c.islower() else "o" for c in value]
    return sum(a != b and "o" not in (a, b) for a, b in itertools.pairwise(kinds))
