"""What a name is given: `PASSWORD=…`, `"apiKey": "…"`, `--token …`, `the password is …`.

On the path of the hook: the standard library only, nothing compiled before it is needed.
"""

from __future__ import annotations

from agent_memory.capture.secrets import names, rules, values
from agent_memory.capture.secrets.patterns import compiled
from agent_memory.capture.secrets.spans import GIVEN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent_memory.capture.secrets.spans import Span

NAME_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"
NAME_LEFT_MAX = 64
_IN_NAME = frozenset(NAME_CHARACTERS)
# What may stand between a name and what it is given.
_SIGNS = frozenset("=:><,(|\"'`\\]*?!%[)\x1b：ñéèáóú")
_TOLD = frozenset(("is", "was", "to", "ist", "lautet", "es", "est", "é", "è"))

_BEHIND_NAME = r"""(?x)
    [A-Za-z0-9_.\-\u00c0-\u024f]{0,48}+
    (?:
        (?P<pair>\\{0,3}["'`]?,?\s{1,24}+\\{0,3}["']?[Vv]alue\\{0,3}["']?\s{0,4}[:=]\s{0,4})
      | (?P<typed>[?!]?:[ \t]?(?:&?(?:'static[ ])?str|[Ss]tring|bytes|SecretStr|Optional\[str\]|Final(?:\[str\])?)
            (?:[ ]\|[ ](?:None|null|undefined))?[ \t]{0,4}=(?!=)[ \t]{0,4})
      | (?P<fallback>\\{0,3}["'`]?\\{0,3}[\])]?[ \t]{0,4}(?:\|\||\?\?|\?:|[ ]or[ ])[ \t]{0,4}(?=\\{0,3}["'`]))
      | (?P<given>\\{0,3}["'`]?\\{0,3}\]?(?:\x1b\[[0-9;]{0,12}m)?(?:\*\*)?[ \t]{0,24}+
            (?::=|:-|=>|={1,3}|:{1,2}|\?=|：|%3[Dd]|\\{1,2}u003[dD])(?:\*\*)?(?:\x1b\[[0-9;]{0,12}m)?[ \t]{0,24}+
            (?:[bBrRuUfFLN@$]{1,2}(?=["'`]))?)
      | (?P<listed>\\{0,3}["'`][ \t]?,[ \t]{0,16}+(?=["'`\\]))
      | (?P<element>(?:\\{0,3}["']|</key>\s{0,24}<string)?>)
      | (?P<told>[ \t]{1,3}(?:is|was|to|ist|lautet|es|est|é|è)(?:[ ](?:now|set[ ]to|still))?[ \t]{1,3}:?[ \t]?)
      | (?P<called>\([ \t]?(?=["'`\\]))
      | (?P<celled>[`* \t]{0,12}\|[ \t]{1,24}+(?=[^\s|]))
      | (?P<spaced>[ \t]{1,16}+)
    )"""
_QUOTED = r"""(?s)(["'`])((?:[^"'`\\\r\n]|\\.|(?!\1)["'`]){1,1024}+)\1"""
_ESCAPED_QUOTED = r"""(\\{1,7}["'`])((?:(?!\1)[^\r\n]){1,1024}+)\1"""
_BARE = r"""[^\s"'`<>\x1b]{1,2048}+"""
_BARE_IN_CODE = r"""[^\s"'`<>,;()&\x1b]{1,2048}+"""
_ELEMENT = r"[^<>\r\n]{1,1024}+(?=</)"
_CELL = r"[`*]{0,2}([^\s|`*]{1,512}+)[`*]{0,2}[ \t]{0,200}+(?:\||$|\n)"
_BLOCK_SCALAR = r"""(?x)[|>][+-]?[0-9]?[ \t]*+(?:\r?\n|(?:\\r)?\\n)((?:[ ]|\\t|\t){1,40}+)
    (?P<lines>[^\r\n"\\]{4,2048}+(?:(?:\r?\n|(?:\\r)?\\n)\1[^\r\n"\\]{1,2048}+){0,8})"""
_BRACED = r"""\{([^{}\r\n"']{3,128}+)\}(?=[;"']|\s|$)"""
_SCHEME = r"(?i)[\"'`\\]{0,4}(basic|token|apikey|api-key|ssws|geniekey|bot|key)[ \t]{1,3}([^\s\"'`\\,;<>]{6,4096}+)"
_WORD_BEFORE = r"(?i)(?:api|access|secret|auth|private|encryption|signing)[ ]$"
_PLAIN_LINE = r"[ \t]{0,40}+(?:\r?\n|\\n|$)"

# What the name in a tag stands behind: `<password>`, `<property name="password">`, `<key>password</key><string>`.
_OPENINGS = {">": "<", '"': '"', "'": "'", "\\": "\"'", "<": ">"}

_JUDGED_MAX = 6
_SURE = (names.PASSWORD, names.SECRET, names.TOKEN, names.KEY)

_families: dict[str, int | None] = {}
_FAMILIES_MAX = 4096


def family_of(name: str) -> int | None:
    """As `names.family_of`, remembered: texts have few names and say them often."""
    try:
        return _families[name]
    except KeyError:
        if len(_families) >= _FAMILIES_MAX:
            _families.clear()
        found = _families[name] = names.family_of(name[-NAME_LEFT_MAX * 2 :])
        return found


def may_give(text: str, at: int, size: int) -> bool:
    """Whether what follows the name at *at* could give it something: asked first, for most names are only said."""
    end = at
    last = min(size, at + 64)
    while end < last and text[end] in _IN_NAME:
        end += 1
    if end >= size:
        return False
    sign = text[end]
    if sign not in " \t\r\n":
        return sign in _SIGNS
    behind = text[end : end + 80]
    word = behind.lstrip(" \t")
    if word[:1] in "\r\n":
        return "alue" in word[:48]
    if not word[0].isalpha():
        return True
    first = word.split(None, 1)[0]
    # A flag may be given a word; elsewhere a word is said to be it, or has digits.
    return first in _TOLD or first == "or" or values.has_digits(first) or "-" in text[max(0, at - 24) : at]


def given(text: str, at: int, spans: list[Span], judged: dict[int, int]) -> None:
    """What stands behind the name that has a stem at *at*, if it is a secret.

    *judged* counts by their ends the values that were looked at: `key=key=key=…` is one value at each place.
    """
    found = compiled(_BEHIND_NAME).match(text, at)
    if found is None:
        return
    how = found.lastgroup or ""
    left = text[max(0, at - NAME_LEFT_MAX) : at]
    lead = left[len(left.rstrip(NAME_CHARACTERS)) :]
    begins = at - len(lead)
    if how == "element" and text[begins - 1 : begins] not in _OPENINGS.get(found[how][:1], "<"):
        return
    if lead[:1] in ("n", "t", "r") and lead and text[begins - 1 : begins] == "\\":
        lead, begins = lead[1:], begins + 1
    name = lead + text[at : found.start(how)].rstrip(".-")
    flag = name.startswith("-")
    family = family_of(name)
    if family is None and not lead and how in ("given", "celled", "told") and compiled(_WORD_BEFORE).search(left):
        # Two words in a sentence: `api key: …`.
        family = names.KEY
    if family is None or text.startswith("://", begins - 3) or text.startswith("::", begins - 2):
        return
    if how == "given" and found[how] == ":" == text[begins - 1 : begins]:
        # A part of a name, as in `arn:aws:secretsmanager:…:secret:db`.
        return
    if how == "listed" and name.isalpha() and name.islower():
        return
    value_at = found.end()
    before = text[max(0, begins - 1) : begins]
    if family == names.AUTH and _scheme(text, value_at, spans):
        return
    quote = text[value_at : value_at + 1]
    if how == "spaced" and not flag and not _is_spaced_name(text, begins, value_at, name, family):
        return
    if how == "told" and family not in _SURE:
        return
    value = _value(text, value_at, how, found[how], begins, before, flag=flag)
    if value is None:
        return
    start, end, quoted, plain = value
    if quoted is False and how in ("called", "listed", "fallback"):
        return
    if (how == "fallback" or (how == "element" and found[how] != ">")) and not values.has_digits(text[start:end]):
        # `<label for="password">Password:</label>`
        return
    judged[end] = judged.get(end, 0) + 1
    if judged[end] > _JUDGED_MAX:
        return
    secret = text[start:end]
    if how in ("told", "called", "listed", "celled") or (how == "spaced" and not flag):
        # Sentences and calls have many a word behind a name.
        quoted = False
        if " " in secret or not any(c.isdigit() for c in secret) or len(secret) < 6 or secret.isdigit():
            return
        plain = plain or (how == "spaced" and quote in "\"'`" and quote != "")
    elif how == "spaced" and ((secret.isalpha() and secret.islower()) or secret.startswith("pass:")):
        # `--password requires a value`
        return
    if values.is_secret(family, secret, quoted=quoted, plain=plain):
        spans.append((start, end, GIVEN, names.kind_of(family, name, secret)))


def _value(
    text: str, at: int, how: str, sign: str, begins: int, before: str, *, flag: bool
) -> tuple[int, int, bool, bool] | None:
    """Where the value is, whether it is in quotes, and whether a bare word there stands for itself."""
    first = text[at : at + 1]
    if how == "celled":
        cell = compiled(_CELL).match(text, at)
        return (*cell.span(1), False, False) if cell else None
    if how == "given" and first and first in "|>":
        block = compiled(_BLOCK_SCALAR).match(text, at)
        return (*block.span("lines"), False, True) if block else None
    if how == "given" and first == "{" and before == ";":
        braced = compiled(_BRACED).match(text, at)
        return (*braced.span(1), False, False) if braced else None
    if first and first in "\"'`\\":
        quoted = compiled(_ESCAPED_QUOTED if first == "\\" else _QUOTED).match(text, at)
        if quoted:
            return (*quoted.span(2), True, False)
        if first != "\\":
            # It is not closed: a line that was cut.
            at += 1
    encoded = how == "given" and sign[:2] == "%3"
    plain = flag and (how != "given" or sign == "=")
    plain = plain or encoded or how in ("pair", "element") or _is_plain(text, begins, before, sign)
    span = _bare(text, at, how, before, plain=plain, encoded=encoded)
    if span is None:
        return None
    if not plain and text[span[1] : span[1] + 1] == "(":
        return None
    if text[span[1] : span[1] + 1] in ("&", ";") and how == "given" and sign == "=":
        plain = plain or before in ("?", "&", ";", "")
    if not plain and how == "given" and sign.strip(" \t*") == ":" and text[span[0]].isupper():
        # A line of YAML, or of a letter: code would go on with a comma.
        plain = compiled(_PLAIN_LINE).match(text, span[1]) is not None and values.has_digits(text[span[0] : span[1]])
    return (*span, False, plain)


def _bare(text: str, at: int, how: str, before: str, *, plain: bool, encoded: bool) -> tuple[int, int] | None:
    if how == "element":
        found = compiled(_ELEMENT).match(text, at)
        return found.span() if found else None
    found = compiled(_BARE if plain else _BARE_IN_CODE).match(text, at)
    if found is None:
        return None
    start, end = found.span()
    if end - start == values.VALUE_CHARACTERS_MAX:
        # It goes on: no word that anybody gives.
        return None
    value = found[0]
    # A line end of JSON or code; what divides fields where the name stands among such.
    ends = ["\\n", "\\r\\n"]
    if encoded:
        ends += ["%26", "%0A", "%0a", "%20", "%22", "&"]
    if plain and (before == ";" or value.endswith(";")):
        ends.append(";")
    if plain and before == ",":
        ends.append(",")
    if plain and (before in ("?", "&") or "=" in value):
        ends.append("&")
    end = min([end, *(start + cut for mark in ends if (cut := value.find(mark)) > 0)])
    while end > start and text[end - 1] in (",)]}" if plain else ".,:!?)]}\\"):
        end -= 1
    return (start, end) if end > start else None


def _is_plain(text: str, begins: int, before: str, sign: str) -> bool:
    """Whether a bare word behind the name is what it is given, as in an env file, a query, a flag."""
    if before in ("?", "&", ";") and before and sign == "=":
        return True
    if sign == ":-":
        return text.startswith("${", begins - 2)
    if sign != "=":
        return False
    left = text[max(0, begins - 120) : begins]
    name = text[begins : begins + 64].split("=", 1)[0]
    if name.isupper():
        return not left or left[-1] in " \t\r\n;&|('\"`+->" or left.endswith("\\n")
    if before == ",":
        # `-o username=app,password=…`: a list of options, unlike the arguments of a call.
        return compiled(r"(?:^|[\s\"'])(?:[A-Za-z_.-]{1,40}+=[^\s,=()\"']{0,80}+,){1,3}$").search(left) is not None
    if not (left.endswith(("\n", "\\n", "\r")) or not left):
        return False
    # `password=hunter2` on a line of its own; a line of a call ends with a comma.
    end = text.find("\n", begins, begins + 2048)
    line = text[begins : end if end >= 0 else begins + 2048].rstrip()
    return not line.endswith((",", ")", "(", "{", ";"))


def _is_spaced_name(text: str, begins: int, value_at: int, name: str, family: int) -> bool:
    """Whether a name gives what only a blank parts from it.

    `login me password hunter2` (.netrc), `WITH PASSWORD 'hunter2'`, `ENV TOKEN …`, `bindpw …`, `storePassword '…'`.
    """
    left = text[max(0, begins - 200) : begins]
    if family in _SURE:
        quote = text[value_at : value_at + 1]
        if quote and quote in "\"'`":
            # `Pass "verbosity=1"` is said of other things.
            return name.lower() != "pass"
        if ("_" in name or "-" in name) and (name.isupper() or name.islower()) and family != names.PASSWORD:
            return True
        if not left or left[-1] in "\r\n" or left.endswith("\\n") or not left.strip(" \t"):
            word = compiled(r"[^\s\"'`<>(){}]{6,200}+").match(text, value_at)
            return word is not None and compiled(_PLAIN_LINE).match(text, word.end()) is not None
    if compiled(r"(?:^|\s)(?:ENV|set(?:x|[ ]-[a-zU]{1,3})?|\#define)[ \t]{1,4}$").search(left[-24:]):
        return True
    if family != names.PASSWORD:
        return False
    if compiled(r"(?:^|\s)(?:login|account)\s{1,20}\S{1,120}\s{1,20}$").search(left[-170:]):
        return True
    return (
        compiled(r"(?i)(?:with|set|by|encrypted|(?:user|role)\s{1,4}\S{1,64}+)\s{1,4}$").search(left[-80:]) is not None
    )


def _scheme(text: str, at: int, spans: list[Span]) -> bool:
    """`Authorization: Basic …`: whether it names a scheme. `Bearer` is found wherever it stands."""
    found = compiled(_SCHEME).match(text, at)
    if found is None:
        return text[at : at + 12].lower().lstrip("\"'`\\").startswith(("bearer", "digest", "negotiate", "aws4"))
    scheme, value = found[1].lower(), found[2]
    if scheme == "basic":
        if _is_basic(value):
            spans.append((*found.span(2), GIVEN, "basic-auth"))
    elif not values.is_placeholder(value) and values.is_random(value):
        spans.append((*found.span(2), GIVEN, "api-key"))
    return True


def _is_basic(value: str) -> bool:
    """Whether it is a user and a password in base64."""
    import binascii

    try:
        said = binascii.a2b_base64(value + "=" * (-len(value) % 4))
    except (binascii.Error, ValueError):
        return False
    _user, colon, password = said.partition(b":")
    if not colon or not password or not said.isascii() or any(code < 32 for code in said):
        return False
    return not values.is_placeholder(password.decode())


_FOREIGN_GIVEN = r"""\w{0,3}[ \t]{0,4}(?:[:=：]|是|为|為|は|är|to|—|-)[ \t]{0,4}["'`「«]?([^\s"'`」»。，、]{4,128}+)"""


# With the first of its characters beyond ASCII: one character is found much faster than several.
_FOREIGN = tuple((word, next(c for c in word if not c.isascii())) for word in rules.FOREIGN)


def foreign(text: str, spans: list[Span]) -> None:
    """Passwords that are told in words beyond ASCII."""
    for word, rare in _FOREIGN:
        at = text.find(word) if rare in text else -1
        while at >= 0:
            at += len(word)
            found = compiled(_FOREIGN_GIVEN).match(text, at)
            if found and values.has_digits(found[1]) and len(found[1]) > 5:
                start, end = found.span(1)
                while text[end - 1] in ".,!?)":
                    end -= 1
                if values.is_secret(names.PASSWORD, text[start:end], quoted=False, plain=True):
                    spans.append((start, end, GIVEN, "password"))
            at = text.find(word, at)
