"""Where the secrets of a text are.

One text is looked through a few times, each time by the engine of `bytes.find` and `bytes.translate`
and at the speed of memory: for runs of characters as tokens have them, for the stems of names that
secrets are given (`pass`, `token`, `key` …), for `://`, for the lines that frame a private key. Only
where one of those stands is anything compiled, and matched there alone. What is compiled repeats nothing
without bound or possessively, so any text takes time linear in its size.

On the path of the hook: the standard library only, nothing compiled before it is needed.
"""

from __future__ import annotations

from agent_memory.capture.secrets import given, rules, tokens
from agent_memory.capture.secrets.patterns import compiled_bytes
from agent_memory.capture.secrets.spans import BLOCK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent_memory.capture.secrets.spans import Rule, Span

# What is looked for, and who judges what stands there: loaded when it is met, for most texts have few of these.
_LITERALS: dict[bytes, str] = {
    **dict.fromkeys(rules.SLASHED, "tokens.slashed"),
    b"://": "addresses.address",
    b"%3a%2f%2f": "addresses.encoded_address",
    b"oracle:": "addresses.oracle",
    b":5432:": "addresses.pgpass",
    b"@tcp(": "addresses.go_source",
    b"sig": "addresses.signature",
    b"bearer": "phrases.bearer",
    b"cookie": "phrases.cookie",
    b"identified ": "phrases.identified",
    b"login(": "phrases.pair",
    b"connect": "phrases.triple",
    b"phrase": "phrases.words",
    b"mnemonic": "phrases.words",
    b"securestring": "phrases.secure_string",
    b'"kty"': "structures.jwk",
    b"sensitive": "structures.marked",
}
_rules: dict[str, Rule] = {}
_STEMS = frozenset(stem.encode() for stem in rules.STEMS)
SIGHTS = (*(stem.encode() for stem in rules.STEMS), *_LITERALS)
"""What is looked for, in lower case: one of these stands beside every secret that is no token or block."""

_FLAGS = b"uUaAbpPwkKSc"
_FLAG_LETTERS = frozenset(bytes((letter,)) for letter in _FLAGS)
# `secret set NAME --body …`
_KEEPING = (b" set ", b" put ", b" add ", b" create ")
_BEFORE_FLAG = (b" ", b'"', b"'", b",", b"-")
# Names that take no value themselves, but say that another command gives it.
_ASKING = (b"stdin", b"chpass", b"with-token", b"phrase-fd")

# In a long text, what shares a rare character is looked for by it, in half the time; a short one is not
# worth compiling that.
_LONG = 1 << 16
_SHARED = (
    (b"p", (b"pass", b"pw", b"phrase", b"psk")),
    (b"k", (b"key", b"token", b'"kty"', b"absk", b"kennwort", b"cookie")),
    (b"se", (b"secret", b"securestring", b"sensitive", b"senha")),
    (b"c", (b"cred", b"connect", b"contrase")),
    (b"g", (b"sig", b"login(")),
    (b":", (b"://", b":5432:", b"oracle:")),
    (b"w", (b"whsec_", b"wachtwoord")),
    (b"m", (b"fm2_", b"mnemonic")),
)


class _Look:
    """One text that is looked through, and what was found."""

    __slots__ = ("done", "judged", "lowered", "size", "spans", "text")

    def __init__(self, text: str, lowered: bytes, spans: list[Span]) -> None:
        self.text, self.lowered, self.spans = text, lowered, spans
        self.size = len(text)
        self.judged: dict[int, int] = {}
        self.done: dict[bytes, int] = {}


def secrets_of(text: str) -> list[Span]:
    """Every secret that a rule sees, in no order; some may overlap."""
    if len(text) < 6:
        return []
    # A byte for each code point, so that places in both are the same; what has no byte is no part of a secret.
    data = text.encode("latin-1", "replace")
    lowered = data.lower()
    spans: list[Span] = []
    tokens.tokens(text, data, spans)
    look = _Look(text, lowered, spans)
    for sight, at in sights(lowered, long=len(lowered) >= _LONG):
        if sight in _STEMS:
            _name(look, sight, at)
        elif at >= look.done.get(sight, 0):
            look.done[sight] = _rule(_LITERALS[sight])(text, at, spans)
    for at in flags(data, long=len(data) >= _LONG):
        if data[at - 1 : at] in _BEFORE_FLAG:
            _rule("commands.flag")(text, at, spans)
    if b"private" in lowered:
        from agent_memory.capture.secrets import blocks

        spans += ((start, end, BLOCK, kind) for start, end, kind in blocks.blocks_of(text, lowered))
    if not text.isascii():
        given.foreign(text, spans)
    return spans


def sights(lowered: bytes, *, long: bool) -> Iterator[tuple[bytes, int]]:
    """Each place where a stem or literal stands; *long* says how it is looked for, and changes nothing else."""
    shared: set[bytes] = set()
    if long:
        for mark, literals in _SHARED:
            shared.update(literals)
            behind = {literal[literal.index(mark) :]: (literal, literal.index(mark)) for literal in literals}
            for found in compiled_bytes(_shared_pattern(mark, literals)).finditer(lowered):
                literal, before = behind[found[0]]
                yield literal, found.start() - before
    for sight in SIGHTS:
        # One byte is found much faster than several.
        if sight in shared or (sight[:1] == b"%" and b"%" not in lowered):
            continue
        at = lowered.find(sight)
        while at >= 0:
            yield sight, at
            at = lowered.find(sight, at + len(sight))


def flags(data: bytes, *, long: bool) -> Iterator[int]:
    """Each place where a flag stands that may give a secret; *long* as for `sights`."""
    if long:
        for found in compiled_bytes(b"-[%s]" % _FLAGS).finditer(data):
            yield found.start()
        return
    at = data.find(b"-")
    while at >= 0:
        if data[at + 1 : at + 2] in _FLAG_LETTERS:
            yield at
        at = data.find(b"-", at + 1)


def _rule(told: str) -> Rule:
    found = _rules.get(told)
    if found is None:
        module, _, name = told.partition(".")
        found = _rules[told] = getattr(__import__(f"{__package__}.{module}", fromlist=[name]), name)
    return found


def _shared_pattern(mark: bytes, literals: tuple[bytes, ...]) -> bytes:
    import re

    ways = []
    for literal in sorted(literals, key=lambda literal: len(literal) - literal.index(mark), reverse=True):
        at = literal.index(mark)
        before = b"(?<=%s)" % re.escape(literal) if at else b""
        ways.append(re.escape(literal[at + len(mark) :]) + before)
    return b"%s(?:%s)" % (re.escape(mark), b"|".join(ways))


def _name(look: _Look, stem: bytes, at: int) -> None:
    """What a name is given, and what else its stem may announce."""
    text = look.text
    if given.may_give(text, at, look.size):
        given.given(text, at, look.spans, look.judged)
    if stem == b"secret":
        behind = look.lowered[at : at + 14]
        if any(word in behind for word in _KEEPING):
            _rule("phrases.kept")(text, at, look.spans)
        if at >= look.done.get(stem, 0) and b"kind" in look.lowered[max(0, at - 12) : at]:
            look.done[stem] = _rule("structures.manifest")(text, at, look.spans)
    elif stem in (b"auth", b"cred"):
        if look.lowered.find(b"(", at, at + 32) >= 0 or look.lowered.find(b"[", at, at + 32) >= 0:
            _rule("phrases.pair")(text, at, look.spans)
    elif stem in (b"pass", b"token"):
        around = look.lowered[max(0, at - 6) : at + 20]
        if any(name in around for name in _ASKING):
            _rule("commands.echoed")(text, at, look.spans)
