"""Whether a question is after the earliest or the latest of what fits it."""

from __future__ import annotations

import functools
import re

from agent_memory.temporal.model import TimeOrder
from agent_memory.temporal.occasions import OCCASIONS

_CUE = re.compile(r"last|latest|recent|lately|first|earliest|initial|originally|newest|oldest|previous", re.IGNORECASE)
_WORDS = re.compile(
    r"\b(?:(?:most|very) )?(?:last|latest|recent(?:ly)?|lately|first|earliest|initially|originally|newest|previous)"
    r"(?: time)?\b",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"`[^`]*`|\"[^\"]*\"|“[^”]*”")

_PAST = r"(?:did|was|were|have|has|had|'ve|'d)"
_ASKED = r"(?:when|what|who|whom|where|which|how|why)"
# Not within an identifier or a file's name: `ubuntu-latest`, `last_name`, `:latest`.
_FREE = r"(?<![\w\-./:@#$=])"
_END = r"(?![\w\-/(\[=]|\.\w)"
_OCCASION = rf"(?:[a-z]+ ){{0,2}}?(?:{'|'.join(sorted(OCCASIONS))})s?\b"

# `the latest version` is a name more often than a time.
_RELEASED = "version|tag|release|image|build|stable|lts"

_LATEST = [
    rf"{_FREE}(?:most recent(?:ly)?|recently|lately){_END}",
    rf"{_FREE}(?:the|our|my|your|his|her|their|its) (?:latest|newest){_END}(?! (?:{_RELEASED})\b)",
    rf"{_FREE}last time\b(?! out)",
    rf"{_FREE}(?:the|our|my|your|his|her|their|\w+['’]s) (?:very )?(?:last|previous) {_OCCASION}",
    rf"\bwhen (?:{_PAST})\b[^.?!]{{0,80}}? last{_END}(?! (?:name|line|\w+ of))",
    rf"^\W*{_ASKED}\b[^.?!]{{0,40}} (?:did|was|were|had|happened|came|went|\w+ed)\b[^.?!]{{0,80}} last\W*$",
    r"\blast (?:happened|seen|used|touched|changed|deployed|mentioned|discussed|talked|spoke|met|saw|visited)\b",
]
_EARLIEST = [
    rf"{_FREE}(?:the|our|my|your|his|her|their|its) (?:very )?earliest{_END}",
    rf"{_FREE}(?:for )?(?:the|our|my|your|his|her|their) (?:very )?first time{_END}",
    rf"{_FREE}(?:the|our|my|your|his|her|their|\w+['’]s) (?:very )?first {_OCCASION}",
    rf"\bwhen (?:{_PAST})\b[^.?!]{{0,80}}? first{_END}(?! (?:name|line|argument|element|\w+ of))",
    rf"^\W*{_ASKED}\b[^.?!]{{0,40}} (?:did|was|were|had|happened|came|went|\w+ed)\b[^.?!]{{0,80}} first\W*$",
    rf"\b{_PAST}\b[^.?!]{{0,40}} (?:initially|originally){_END}",
    r"\bfirst (?:happened|seen|mentioned|discussed|talked about|met|introduced|noticed|reported)\b",
    r"\bwhat happened first\b",
]


@functools.cache
def _cues() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Compiled when first asked for: that takes longer than reading the rest of the room."""
    return re.compile("|".join(_LATEST), re.IGNORECASE), re.compile("|".join(_EARLIEST), re.IGNORECASE)


def order_of(query: str) -> tuple[TimeOrder, tuple[int, int] | None]:
    """Which of the fitting events *query* asks for, and the words that say so.

    `TimeOrder.ANY` without words where it says neither, or both.
    """
    if _CUE.search(query) is None:
        return TimeOrder.ANY, None
    query = _QUOTED.sub(lambda found: "\x00" * len(found[0]), query)
    latest, earliest = (cue.search(query) for cue in _cues())
    if (latest is None) is (earliest is None):
        return TimeOrder.ANY, None
    if latest is not None:
        return TimeOrder.LATEST, _words(query, latest)
    assert earliest is not None
    return TimeOrder.EARLIEST, _words(query, earliest)


def _words(query: str, found: re.Match[str]) -> tuple[int, int] | None:
    """The words of order within what a pattern fitted."""
    said = [word.span() for word in _WORDS.finditer(query, found.start(), found.end())]
    return said[-1] if said else None
