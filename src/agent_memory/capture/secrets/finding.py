"""Where the secrets of a text are.

One text is looked through a few times, each time by the engine of `bytes.find` and `bytes.translate`
and at the speed of memory: for runs of characters as tokens have them, for the stems of names that
secrets are given (`pass`, `token`, `key` …), for `://`, for the lines that frame a private key. Only
where one of those stands is anything compiled, and matched there alone. What is compiled repeats nothing
without bound or possessively, so any text takes time linear in its size.

On the path of the hook: the standard library only, nothing compiled before it is needed.
"""

from __future__ import annotations

from agent_memory.capture.secrets import addresses, blocks, commands, given, phrases, rules, structures, tokens
from agent_memory.capture.secrets.patterns import compiled
from agent_memory.capture.secrets.spans import BLOCK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent_memory.capture.secrets.spans import Rule, Span

_STEMS = tuple(stem.encode() for stem in rules.STEMS)
_FLAGS = r"-[uUaAbpPwkKSc]"
# Names that take no value themselves, but say that another command gives it.
_ASKING = (b"stdin", b"chpass", b"with-token", b"phrase-fd")

_LITERALS: tuple[tuple[bytes, Rule], ...] = (
    *((beginning, tokens.slashed) for beginning in rules.SLASHED),
    *addresses.LITERALS,
    *phrases.LITERALS,
    (b'"kty"', structures.jwk),
    (b"sensitive", structures.marked),
    (b"securestring", phrases.secure_string),
)


def secrets_of(text: str) -> list[Span]:
    """Every secret that a rule sees, in no order; some may overlap."""
    if len(text) < 6:
        return []
    # A byte for each code point, so that places in both are the same; what has no byte is no part of a secret.
    data = text.encode("latin-1", "replace")
    lowered = data.lower()
    spans: list[Span] = []
    tokens.tokens(text, data, spans)
    _names(text, lowered, spans)
    for literal, rule in _LITERALS:
        at = lowered.find(literal)
        while at >= 0:
            done = rule(text, at, spans)
            at = lowered.find(literal, max(at + len(literal), done))
    for found in compiled(_FLAGS).finditer(text):
        commands.flag(text, found.start(), spans)
    for start, end, kind in blocks.blocks_of(text, lowered):
        spans.append((start, end, BLOCK, kind))
    if not text.isascii():
        given.foreign(text, spans)
    return spans


def _names(text: str, lowered: bytes, spans: list[Span]) -> None:
    """What names are given, and what else a stem may announce."""
    size = len(text)
    judged: dict[int, int] = {}
    described = 0
    for stem in _STEMS:
        at = lowered.find(stem)
        while at >= 0:
            if given.may_give(text, at, size):
                given.given(text, at, spans, judged)
            if stem == b"secret":
                if at >= described and b"kind" in lowered[max(0, at - 12) : at]:
                    described = structures.manifest(text, at, spans)
            elif stem in (b"auth", b"cred"):
                phrases.pair(text, at, spans)
            elif stem in (b"pass", b"token"):
                around = lowered[max(0, at - 6) : at + 20]
                if any(name in around for name in _ASKING):
                    commands.echoed(text, at, spans)
            at = lowered.find(stem, at + len(stem))
