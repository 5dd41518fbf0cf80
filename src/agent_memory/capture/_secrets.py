"""Where the secrets of a text are.

One text is looked through a few times, each time by the engine of `bytes.find` and `bytes.translate`
and at the speed of memory: for runs of characters as tokens have them, for the stems of names that
secrets are given (`pass`, `token`, `key` …), for `://`, for the lines that frame a private key. Only
where one of those stands is anything compiled, and matched there alone. What is compiled repeats nothing
without bound or possessively, so any text takes time linear in its size.

On the path of the hook: the standard library only, nothing compiled before it is needed.
"""

from __future__ import annotations

import binascii
import re

from agent_memory.capture import _blocks, _values
from agent_memory.capture import secret_rules as rules
from agent_memory.capture._patterns import compiled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

if TYPE_CHECKING:
    # Looks at one place, and says from where on its literal is to be looked for again.
    Rule = Callable[[str, int, list[tuple[int, int, int, str]]], int]

Span = tuple[int, int, int, str]
"""Code points ``[start, end)``, a rank (0 says most surely what it is), and the kind."""

OWN, BLOCK, TOKEN, PLACE, GIVEN = range(5)


def secrets_of(text: str) -> list[Span]:
    """Every secret that a rule sees, in no order; some may overlap."""
    if len(text) < 6:
        return []
    # A byte for each code point, so that places in both are the same; what has no byte is no part of a secret.
    data = text.encode("latin-1", "replace")
    lowered = data.lower()
    spans: list[Span] = []
    _tokens(text, data, spans)
    judged: dict[int, int] = {}
    for stem in _STEMS:
        at = lowered.find(stem)
        while at >= 0:
            _given(text, at, spans, judged)
            at = lowered.find(stem, at + len(stem))
    for literal, rule in _LITERALS:
        at = lowered.find(literal)
        while at >= 0:
            done = rule(text, at, spans)
            at = lowered.find(literal, max(at + len(literal), done))
    for start, end, kind in _blocks.blocks_of(text, lowered):
        spans.append((start, end, BLOCK, kind))
    return spans


# -- tokens: they tell by themselves ---------------------------------------------------------------

_RUN_MIN = 20
_LONG = b"x" * _RUN_MIN
_RUN_CHARACTERS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~-")
_CLASSES = bytes(120 if code in _RUN_CHARACTERS else 32 for code in range(256))
_NO_DIGITS = bytes(code for code in range(256) if not 48 <= code <= 57)
_END = r"(?![A-Za-z0-9])"

# First three characters → (beginning, row).
_HEADS: dict[str, list[tuple[str, int]]] = {}


def _learn_heads() -> None:
    for row, (_, beginnings, _, _) in enumerate(rules.TOKENS):
        for beginning in beginnings.split():
            if len(beginning) == 2:
                for third in "0123456789abcdef":
                    _HEADS.setdefault(beginning + third, []).append((beginning, row))
            else:
                _HEADS.setdefault(beginning[:3], []).append((beginning, row))


_learn_heads()


def _tokens(text: str, data: bytes, spans: list[Span]) -> None:
    classes = data.translate(_CLASSES)
    at = classes.find(_LONG)
    while at >= 0:
        end = classes.find(b" ", at + _RUN_MIN)
        if end < 0:
            end = len(classes)
        done = _token_at(text, at, spans) if text[at : at + 3] in _HEADS else 0
        # A token drawn at random has digits; most long runs are names, which have none.
        if not done and data[at:end].translate(None, _NO_DIGITS):
            _inside(text, data, at, end, spans)
        at = classes.find(_LONG, max(end, done))


def _token_at(text: str, at: int, spans: list[Span]) -> int:
    """The end of a token that begins here; 0 for none."""
    for beginning, row in _HEADS.get(text[at : at + 3], ()):
        if not text.startswith(beginning, at):
            continue
        kind, _, rest, _ = rules.TOKENS[row]
        found = compiled(rest + _END).match(text, at + len(beginning))
        if found is None:
            continue
        end = found.end()
        while text[end - 1] in ".-":
            end -= 1
        token = text[at:end]
        if kind == "private-key" and not _is_encoded_key(token):
            continue
        if kind == "jwt" and max(map(len, token.split(".")[1:]), default=0) < 10:
            continue
        if _values.is_token_placeholder(token, len(beginning)):
            return end
        spans.append((at, end, TOKEN, kind))
        return end
    return 0


def _is_encoded_key(token: str) -> bool:
    try:
        return b"PRIVATE KEY" in binascii.a2b_base64(token[:80])
    except binascii.Error:
        return False


def _inside(text: str, data: bytes, at: int, end: int, spans: list[Span]) -> None:
    """A token in a run that does not begin with it."""
    before = text[at - 1 : at]
    if before in ("\\", "%", "[", ";") and before:
        begins = _behind_escape(text, at, before)
        if begins and _token_at(text, begins, spans):
            return
    size = end - at
    if before == ":" and size >= 35:
        found = compiled(rules.TELEGRAM).search(text, max(0, at - 11), at + 37)
        if found and not _values.is_token_placeholder(found[0], 10):
            spans.append((found.start(), found.end(), TOKEN, "telegram-token"))
            return
    run = data[at:end]
    if size >= 57 and run[0] in b"MNO":
        found = compiled(rules.DISCORD + _END).match(text, at)
        if found:
            spans.append((at, found.end(), TOKEN, "discord-token"))
            return
    if size == 84:
        for kind, mark in rules.MARKED:
            if mark.encode() in run:
                spans.append((at, end, TOKEN, kind))
                return
    if b".atlasv1." in run:
        for found in compiled(rules.TERRAFORM + _END).finditer(text, at, end):
            spans.append((found.start(), found.end(), TOKEN, "terraform-token"))
    if b"Q~" in run:
        found = compiled(rules.ENTRA + _END).search(text, at, end)
        if found:
            spans.append((found.start(), found.end(), TOKEN, "azure-client-secret"))
            return
    # Behind a delimiter: `backup-AKIA…`, `oauth2_ghp_…`.
    begins = at + 1
    inner = _inner()
    while found := inner.search(text, begins, end):
        begins = max(_token_at(text, found.start(), spans), found.start() + 3)


# ESC, and what stands for it in JSON and in code.
_ESCAPES = ("\x1b", "\\u001b", "\\u001B", "\\x1b", "\\033", "\\e")


def _behind_escape(text: str, at: int, before: str) -> int:
    """Where the run goes on behind the end of an escape: \\n, \\u003d, %3D, ESC[31m; 0 for none."""
    if before == "\\":
        if text.startswith("u00", at):
            return at + 5
        return at + 1 if text[at] in "ntrbf" else 0
    if before == "%":
        return at + 2
    ends = text.find("m", at, at + 6)
    left = text[max(0, at - 18) : at]
    return ends + 1 if ends >= 0 and any(escape in left for escape in _ESCAPES) else 0


def _inner() -> re.Pattern[str]:
    global _inner_pattern
    if not _inner_pattern:
        by_first: dict[str, list[str]] = {}
        for _, beginnings, _, _ in rules.TOKENS:
            for beginning in beginnings.split():
                if len(beginning) > 3:
                    by_first.setdefault(beginning[0], []).append(re.escape(beginning[1:]))
        groups = (f"{re.escape(first)}(?:{'|'.join(rest)})" for first, rest in by_first.items())
        _inner_pattern = f"(?<=[._~-])(?:{'|'.join(groups)})"
    return compiled(_inner_pattern)


_inner_pattern = ""


# -- what a name is given ---------------------------------------------------------------------------

_STEMS = tuple(stem.encode() for stem in rules.STEMS)
_NAME_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"
_NAME_LEFT_MAX = 64

_BEHIND_NAME = r"""(?x)
    [A-Za-z0-9_.\-]{0,48}+
    (?:
        (?P<pair>\\{0,3}["'`]?,?\s{1,24}+\\{0,3}["']?[Vv]alue\\{0,3}["']?\s{0,4}[:=]\s{0,4})
      | (?P<typed>[?!]?:[ \t]?(?:&?(?:'static[ ])?str|[Ss]tring|bytes|SecretStr|Optional\[str\]|Final(?:\[str\])?)
            (?:[ ]\|[ ](?:None|null|undefined))?[ \t]{0,4}=(?!=)[ \t]{0,4})
      | (?P<given>\\{0,3}["'`]?\\{0,3}\]?[ \t]{0,24}+(?::=|=>|={1,3}|:{1,2}|\?=)[ \t]{0,24}+)
      | (?P<listed>\\{0,3}["'`][ \t]?,[ \t]{0,16}+(?=["'`\\]))
      | (?P<element>>)
      | (?P<told>[ \t]{1,3}(?:is|was|to)[ \t]{1,3}:?[ \t]?)
      | (?P<called>\([ \t]?(?=["'`\\]))
      | (?P<spaced>[ \t]{1,8}+)
    )"""
_QUOTED = r"""(?s)(["'`])((?:[^"'`\\\r\n]|\\.|(?!\1)["'`]){1,1024}+)\1"""
_ESCAPED_QUOTED = r"""(\\{1,7}["'`])((?:(?!\1)[^\r\n]){1,1024}+)\1"""
_BARE = r"""[^\s"'`<>]{1,2048}+"""
_BARE_IN_CODE = r"""[^\s"'`<>,;()&]{1,2048}+"""
_ELEMENT = r"[^<>\r\n]{1,1024}+(?=</)"
_SCHEME = r"(?i)[\"'`\\]{0,4}(basic|token|apikey|api-key|ssws|geniekey|bot|key)[ \t]{1,3}([^\s\"'`\\,;<>]{6,4096}+)"


def family_of(name: str) -> int | None:
    """As `_values.family_of`, remembered: texts have few names and say them often."""
    try:
        return _families[name]
    except KeyError:
        if len(_families) >= _FAMILIES_MAX:
            _families.clear()
        found = _families[name] = _values.family_of(name[-_NAME_LEFT_MAX * 2 :])
        return found


_JUDGED_MAX = 6

_families: dict[str, int | None] = {}
_FAMILIES_MAX = 4096


def _given(text: str, at: int, spans: list[Span], judged: dict[int, int]) -> None:
    """What stands behind the name that has a stem here, if it is a secret.

    *judged* counts by their ends the values that were looked at: `key=key=key=…` is one value at each place.
    """
    found = compiled(_BEHIND_NAME).match(text, at)
    if found is None:
        return
    how = found.lastgroup or ""
    if how == "element" and "<" not in text[max(0, at - _NAME_LEFT_MAX) : at]:
        return
    left = text[max(0, at - _NAME_LEFT_MAX) : at]
    lead = left[len(left.rstrip(_NAME_CHARACTERS)) :]
    begins = at - len(lead)
    if lead[:1] in ("n", "t", "r") and lead and text[begins - 1 : begins] == "\\":
        lead, begins = lead[1:], begins + 1
    name = lead + text[at : found.start(how)].rstrip(".-")
    flag = name.startswith("-")
    if how == "element" and text[begins - 1 : begins] != "<":
        return
    family = family_of(name)
    if family is None and not lead and how == "given" and compiled(_WORD_BEFORE).search(left):
        # Two words in a sentence: `api key: …`.
        family = _values.KEY
    if family is None or text.startswith("://", begins - 3) or text.startswith("::", begins - 2):
        return
    if how == "listed" and name.isalpha() and name.islower():
        return
    value_at = found.end()
    before = text[max(0, begins - 1) : begins]
    if family == _values.AUTH and _scheme(text, value_at, spans):
        return
    if how == "spaced" and not flag and not _is_spaced_name(text, begins, family):
        return
    if how == "told" and family not in (_values.PASSWORD, _values.SECRET, _values.TOKEN, _values.KEY):
        return
    quote = text[value_at : value_at + 1]
    if quote and quote in "\"'`\\":
        span = _quoted(text, value_at)
        quoted, plain = True, False
        if span is None and quote != "\\":
            # It is not closed: a line that was cut.
            value_at += 1
    else:
        span, quoted, plain = None, False, False
    if span is None:
        if how in ("called", "listed"):
            return
        quoted = False
        plain = flag or how in ("pair", "element") or _is_plain(text, begins, before, found[how])
        span = _bare(text, value_at, how, before, plain=plain)
        if span is None:
            return
        if not plain and text[span[1] : span[1] + 1] == "(":
            return
        if text[span[1] : span[1] + 1] in ("&", ";") and how == "given" and found[how] == "=":
            plain = plain or before in ("?", "&", ";", "")
    start, end = span
    judged[end] = judged.get(end, 0) + 1
    if judged[end] > _JUDGED_MAX:
        return
    value = text[start:end]
    if how in ("told", "called", "listed") or (how == "spaced" and not flag):
        # Sentences and calls have many a word behind a name.
        quoted = False
        if " " in value or not any(c.isdigit() for c in value) or len(value) < 6:
            return
    elif how == "spaced" and ((value.isalpha() and value.islower()) or value.startswith("pass:")):
        # `--password requires a value`
        return
    if _values.is_secret(family, value, quoted=quoted, plain=plain):
        spans.append((start, end, GIVEN, _values.kind_of(family, name, value)))


_WORD_BEFORE = r"(?i)(?:api|access|secret|auth|private|encryption|signing)[ ]$"


def _quoted(text: str, at: int) -> tuple[int, int] | None:
    found = compiled(_ESCAPED_QUOTED if text[at] == "\\" else _QUOTED).match(text, at)
    return found.span(2) if found else None


def _bare(text: str, at: int, how: str, before: str, *, plain: bool) -> tuple[int, int] | None:
    if how == "element":
        found = compiled(_ELEMENT).match(text, at)
        return found.span() if found else None
    found = compiled(_BARE if plain else _BARE_IN_CODE).match(text, at)
    if found is None:
        return None
    start, end = found.span()
    if end - start == _values.VALUE_CHARACTERS_MAX:
        # It goes on: no word that anybody gives.
        return None
    value = found[0]
    # A line end of JSON or code; what divides fields where the name stands among such.
    ends = ["\\n", "\\r\\n"]
    if plain and (before == ";" or value.endswith(";")):
        ends.append(";")
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
    if sign != "=":
        return False
    left = text[max(0, begins - 40) : begins]
    name = text[begins : begins + 64].split("=", 1)[0]
    if name.isupper():
        return not left or left[-1] in " \t\r\n;&|('\"`+->" or left.endswith("\\n")
    if not (left.endswith(("\n", "\\n", "\r")) or not left):
        return False
    # `password=hunter2` on a line of its own; a line of a call ends with a comma.
    end = text.find("\n", begins, begins + 2048)
    line = text[begins : end if end >= 0 else begins + 2048].rstrip()
    return not line.endswith((",", ")", "(", "{", ";"))


def _is_spaced_name(text: str, begins: int, family: int) -> bool:
    """`login me password hunter2` (.netrc), `WITH PASSWORD 'hunter2'`, `ENV TOKEN …`."""
    left = text[max(0, begins - 200) : begins]
    if "ENV" in left[-8:] and compiled(r"(?:^|\s)ENV[ \t]{1,4}$").search(left):
        return True
    if family != _values.PASSWORD:
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
    elif not _values.is_placeholder(value) and _values.is_random(value):
        spans.append((*found.span(2), GIVEN, "api-key"))
    return True


def _is_basic(value: str) -> bool:
    """Whether it is a user and a password in base64."""
    try:
        said = binascii.a2b_base64(value + "=" * (-len(value) % 4))
    except (binascii.Error, ValueError):
        return False
    _user, colon, password = said.partition(b":")
    if not colon or not password or not said.isascii() or any(code < 32 for code in said):
        return False
    return not _values.is_placeholder(password.decode())


# -- what stands at a literal -----------------------------------------------------------------------

_BEARER = r"(?i)bearer(?:[ \t:=+]{1,3}|%20)[\"'\\]{0,2}([A-Za-z0-9._~+/-]{16,8192}+={0,2})"
_AUTHORITY = r"""[^\s/?#"'`<>\\]{1,512}+"""
_LOOSE_USERINFO = r"""([^\s/?#"'`<>\\:@]{0,128}+):([^\s"'`<>\\@]{3,256}+)@[A-Za-z0-9\[]"""
_SIGNATURE = r"(?i)&sig=([A-Za-z0-9%+/_-]{40,120}+={0,2})"
_JWK = r'"(?:d|p|q|dp|dq|qi|k)"[ \t\r\n]{0,8}:[ \t\r\n]{0,8}"([A-Za-z0-9_-]{20,2048}+)"'
_CURL = r"""(?:-u|--user|--proxy-user|-U)(?:[ \t]{1,4}|=)?["']?[^\s:"'$]{1,128}+:([^\s"']{3,256}+)"""
_AFTER_P = r"""[ \t]["']?-p[ \t]?["']?([^\s"'|;&<>-][^\s"'|;&<>]{3,256}+)"""
_AFTER_GLUED_P = r"""[ \t]["']?-p["']?([^\s"'|;&<>-][^\s"'|;&<>]{2,256}+)"""
_AFTER_A = r"""[ \t]-a[ \t]["']?([^\s"'|;&<>-][^\s"'|;&<>]{3,256}+)"""
_IDENTIFIED = (
    r"(?i)identified(?:\s{1,4}with\s{1,4}\S{1,60}+)?\s{1,4}by\s{1,4}(?:password\s{1,4})?"
    r"""(["'])((?:(?!\1)[^\r\n]){3,256}+)\1"""
)
_COMMAND_CHARACTERS_MAX = 400
_WINDOW = 4096


def _bearer(text: str, at: int, spans: list[Span]) -> int:
    found = compiled(_BEARER).match(text, at)
    if found is None:
        return 0
    start, end = found.span(1)
    while text[end - 1] in ".-":
        end -= 1
    value = text[start:end]
    if not _values.is_placeholder(value) and _values.is_random(value):
        spans.append((start, end, GIVEN, "bearer-token"))
    return 0


def _address(text: str, at: int, spans: list[Span]) -> int:
    """`scheme://user:password@host`, and addresses that are a secret themselves."""
    at += 3
    found = compiled(_AUTHORITY).match(text, at)
    if found is None:
        return 0
    authority = found[0]
    for kind, pattern, _ in rules.WEBHOOKS:
        hook = compiled(pattern).match(text, at)
        if hook:
            spans.append((*hook.span(1), TOKEN, kind))
            return 0
    user, at_sign, host = authority.rpartition("@")
    if at_sign and host:
        name, colon, password = user.partition(":")
        start = at + len(name) + 1
        if not colon:
            if (
                len(name) >= 20
                and "http" in text[max(0, at - 8) : at]
                and _values.is_random(name)
                and not _values.is_placeholder(name)
            ):
                spans.append((at, at + len(name), PLACE, "url-password"))
        elif password and not _values.is_placeholder(password):
            spans.append((start, start + len(password), PLACE, "url-password"))
        return 0
    # A password with a slash, a question mark or a number sign that nobody encoded.
    name, colon, port = authority.partition(":")
    if colon and not port[:5].isdigit() and not at_sign:
        loose = compiled(_LOOSE_USERINFO).match(text, at)
        if loose and not _values.is_placeholder(loose[2]):
            spans.append((*loose.span(2), PLACE, "url-password"))
    return 0


def _signature(text: str, at: int, spans: list[Span]) -> int:
    found = compiled(_SIGNATURE).match(text, at)
    if found and _values.is_random(found[1].replace("%", "")):
        spans.append((*found.span(1), PLACE, "azure-sas"))
    return 0


def _jwk(text: str, at: int, spans: list[Span]) -> int:
    for found in compiled(_JWK).finditer(text, max(0, at - _WINDOW), at + _WINDOW):
        spans.append((*found.span(1), BLOCK, "private-key"))
    return at + _WINDOW


def _argument(pattern: str, kind: str = "password") -> Rule:
    def rule(text: str, at: int, spans: list[Span]) -> int:
        end = done = text.find("\n", at, at + _COMMAND_CHARACTERS_MAX)
        if end < 0:
            end = min(len(text), at + _COMMAND_CHARACTERS_MAX)
            done = at + _COMMAND_CHARACTERS_MAX // 4
        found = compiled(pattern).search(text, at, end)
        if found and not _values.is_placeholder(found[1]):
            spans.append((*found.span(1), PLACE, kind))
        return done

    return rule


def _identified(text: str, at: int, spans: list[Span]) -> int:
    found = compiled(_IDENTIFIED).match(text, at)
    if found and not _values.is_placeholder(found[2]):
        spans.append((*found.span(2), PLACE, "password"))
    return 0


_LITERALS: tuple[tuple[bytes, Rule], ...] = (
    (b"://", _address),
    (b"bearer", _bearer),
    (b"&sig=", _signature),
    (b'"kty"', _jwk),
    (b"curl ", _argument(_CURL)),
    (b"mysql", _argument(_AFTER_GLUED_P)),
    (b"mariadb", _argument(_AFTER_GLUED_P)),
    (b"sshpass ", _argument(_AFTER_P)),
    (b"redis-cli ", _argument(_AFTER_A)),
    (b"docker login ", _argument(_AFTER_P)),
    (b"identified ", _identified),
)


# -- all of it --------------------------------------------------------------------------------------


def merged(spans: list[Span]) -> Iterator[tuple[int, int, str]]:
    """Spans in order, those that overlap as one, called as the surest of them is."""
    if not spans:
        return
    spans.sort()
    start, end, rank, kind = spans[0]
    for span in spans[1:]:
        if span[0] >= end:
            yield start, end, kind
            start, end, rank, kind = span
            continue
        end = max(end, span[1])
        if span[2] < rank:
            rank, kind = span[2], span[3]
    yield start, end, kind
