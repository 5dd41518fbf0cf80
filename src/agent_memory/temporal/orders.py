"""Whether a question is after the earliest or the latest of what fits it.

A word of order (`last`, `first`, `latest` …) asks for that where it stands before what happened:
`the last decision about Redis`, `the first bug that we fixed`. It does not where it names a place
in a thing (`the last line`, `first name`), or where nothing speaks of the past (`the first step
is`). To be wrong costs little: an order only lifts the earlier or the later of what fits.
"""

from __future__ import annotations

import functools
import re

from agent_memory.temporal.model import TimeOrder
from agent_memory.temporal.words import NUMBERS, PAST_VERBS, PLACES, UNITS, listed

_CUE = re.compile(r"last|latest|recent|lately|first|earliest|initial|originally|newest|oldest|previous", re.IGNORECASE)
_QUOTED = re.compile(r"`[^`]*`|\"[^\"]*\"|“[^”]*”")

_ORDERS = {
    **dict.fromkeys(("last", "latest", "newest", "most recent", "previous"), TimeOrder.LATEST),
    **dict.fromkeys(("first", "earliest", "oldest"), TimeOrder.EARLIEST),
}
_SURE = listed("latest newest earliest oldest") | {"most recent"}
"""Words of order that are nothing else."""

_PAST = r"(?:did|was|were|have|has|had|'ve|'d)"
_ASKED = r"(?:when|what|who|whom|where|which|how|why)"
# Not within an identifier or a file's name: `ubuntu-latest`, `last_name`, `:latest`.
_FREE = r"(?<![\w\-./:@#$=])"
_END = r"(?![\w\-/(\[=]|\.\w)"

# `the latest version` is a name more often than a time.
_RELEASED = listed("version tag release image build stable lts")
_NO_NOUN = listed(
    "of in on at to for from with by about and or but not may can could will would should must is are was were has had"
    " have did do does i we you he she it they that which who what when where why how if then than as up out so"
)
_HAPPENED = listed(
    "bug commit conversation crash decision deploy deployment discussion error failure incident outage session"
)
"""What nobody takes for a part of a thing: `the last error` is the one that happened last."""
_NOT_THINGS = PLACES | NUMBERS.keys() | UNITS.keys() | {f"{unit}s" for unit in UNITS}
_NAMED = (
    rf"{_FREE}(?:(?P<of>the|our|my|your|his|her|their|its|\w+['’]s) (?:very )?|(?P<start>^\W*))"
    rf"(?P<order>last|latest|newest|most recent|previous|first|earliest|oldest){_END} (?=(?P<noun>[^\W\d_][\w'’-]*)"
    r"(?P<rest>(?: [\w'’-]+){0,8}))"
)

_LATEST = (
    rf"{_FREE}(?P<late>(?:most recently|recently|lately){_END})"
    r"|(?P<late_time>last time\b(?! out))"
    rf"|\bwhen (?:{_PAST})\b[^.?!]{{0,80}}? (?P<when_late>last){_END}(?! (?:name|line|\w+ of))"
    r"|\b(?P<last_seen>last) "
    r"(?:happened|seen|used|touched|changed|deployed|mentioned|discussed|talked|spoke|met|saw|visited)\b"
)
_EARLIEST = (
    rf"{_FREE}(?:for )?(?:the|our|my|your|his|her|their) (?:very )?(?P<first_time>first time){_END}"
    rf"|\bwhen (?:{_PAST})\b[^.?!]{{0,80}}? (?P<when_first>first){_END}(?! (?:name|line|argument|element|\w+ of))"
    rf"|\b{_PAST}\b[^.?!]{{0,40}} (?P<initial>initially|originally){_END}"
    r"|\b(?P<first_seen>first) (?:happened|seen|mentioned|discussed|talked about|met|introduced|noticed|reported)\b"
)
# `what happened last`, `which came first, A or B`, `what did we try last before that`.
_LASTLY = (
    rf"^\W*{_ASKED}\b[^.?!]{{0,40}} (?:did|was|were|had|happened|came|went|\w+ed)\b[^.?!]{{0,80}}? "
    r"(?P<lastly>last|first)(?=\W*$|[,:;]| (?:before|after|since|until|during)\b)"
)
_SPOKEN_OF = listed("about with by on regarding concerning from between")
_AUXILIARY = re.compile(rf"\b{_PAST}\b|^\W*(?:what|which|who)(?:['’]s| is| are)\b", re.IGNORECASE)


@functools.cache
def _cues() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """Compiled when first asked for: that takes longer than reading the rest of the room."""
    latest, earliest, lastly, named = (
        re.compile(pattern, re.IGNORECASE) for pattern in (_LATEST, _EARLIEST, _LASTLY, _NAMED)
    )
    return latest, earliest, lastly, named


def order_of(query: str) -> tuple[TimeOrder, tuple[int, int] | None]:
    """Which of the fitting events *query* asks for, and the words that say so.

    `TimeOrder.ANY` without words where it says neither, or both.
    """
    if _CUE.search(query) is None:
        return TimeOrder.ANY, None
    query = _QUOTED.sub(lambda found: "\x00" * len(found[0]), query)
    latest, earliest, lastly, named = _cues()
    said: dict[TimeOrder, tuple[int, int]] = {}
    if found := latest.search(query):
        said[TimeOrder.LATEST] = found.span(str(found.lastgroup))
    if found := earliest.search(query):
        said[TimeOrder.EARLIEST] = found.span(str(found.lastgroup))
    if found := lastly.search(query):
        said.setdefault(_ORDERS[found["lastly"].lower()], found.span("lastly"))
    past = _AUXILIARY.search(query) is not None
    for found in named.finditer(query):
        if _is_of_what_happened(found, past=past):
            said.setdefault(_ORDERS[found["order"].lower()], found.span("order"))
    if len(said) != 1:
        return TimeOrder.ANY, None
    return next(iter(said.items()))


def _is_of_what_happened(found: re.Match[str], *, past: bool) -> bool:
    """Whether the noun after a word of order is something that happened, as far as one can see."""
    order, noun = found["order"].lower(), found["noun"].lower()
    rest = found["rest"].lower().split()
    if noun in _NO_NOUN:
        return False
    if order in _SURE:
        return noun not in _RELEASED
    phrase = [noun]
    for word in rest[:2]:
        if word in _NO_NOUN:
            break
        phrase.append(word)
    if any(word in _NOT_THINGS or word.removesuffix("s") in _NOT_THINGS for word in phrase):
        return False
    if order == "previous" and found["of"] is None:
        return False
    if past or (found["of"] is not None and found["of"].lower() not in ("the", "its")):
        return True
    if noun.removesuffix("s") in _HAPPENED and not any(word in ("is", "are") for word in rest[:1]):
        return True
    told = any(word in PAST_VERBS or (word.endswith("ed") and not word.endswith("eed")) for word in rest)
    return told or any(word in _SPOKEN_OF for word in rest[:3])
