"""What an interval is told from where that is no date: `two weeks before the release`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypedDict

from agent_memory.temporal.grammar import Token, compile_pattern, row_of
from agent_memory.temporal.moments import DAYS_ABOUT, SECONDS, Unit
from agent_memory.temporal.occasions import OCCASIONS
from agent_memory.temporal.words import PAST_VERBS, PLACES, listed

_DAY_MS = 86_400_000
_WORDS_MAX = 12


class Anchor(TypedDict, total=False):
    """The fields of a reading that tell an anchor."""

    anchor: str
    anchor_from_ms: int | None
    anchor_until_ms: int | None


_MEASURES = ("unit", "units", "part", "weekend", "weekday")
_NONE = Anchor()
_SIDES = ("before", "after", "following", "since", "until", "during", "around", "prior", "of")
_CUE = compile_pattern(
    "(?:(?:within|in the|the)? (?:number|a|the|same)? (?:unit|units|part|weekend|weekday) | right | shortly)?"
    "(?:before|after|following|since|until|during|around|prior to)"
    "|within (?:number|a) (?:unit|units) of|the unit of"
)
_DETERMINER = re.compile(
    r"(?:\s+(?:the|our|my|your|his|her|their|its|this|that|last|first|big|\w+['’]s))*\s+", re.IGNORECASE
)
_WORD = re.compile(r"[\w'’./+#-]+")
_INDEFINITE = listed("a an any each every some no all such")
_CLAUSE = re.compile(r"\s+(?:i|we|you|he|she|they|it)\s+(?P<verb>[a-z]+)\b", re.IGNORECASE)
_PAST = re.compile(
    rf"\b(?:did|was|were|had|{'|'.join(sorted(PAST_VERBS))})\b|\b(?:what|who|which|that) \w+ed\b", re.IGNORECASE
)
_IN_PLACE = re.compile(
    r"\b(?:(?:line|row|column|word|character|letter|digit|comma|colon|bracket|statement)s?|put|set|goes?|comes?|stands?)"
    r" (?:before|after)\W*$",
    re.IGNORECASE,
)
_PROCEDURAL = re.compile(
    r"\b(?:should|must|how (?:to|do|can)|do (?:i|we|you)|does|always|never|can (?:i|we|you)|need to|may)\b",
    re.IGNORECASE,
)
# What ends a noun phrase, and what may join two of them.
_BREAKS = listed(
    "what who when where which why how did do does was were is are have has had will would could and or but"
    " i we you he she they it there that than then so if while because"
)
_JOINS = listed("of to from in with for at on about")


def anchor_of(query: str, tokens: Sequence[Token]) -> tuple[Anchor, tuple[int, int] | None]:
    """The event that *query* tells a time from, with the interval as offsets from it, and the words before its name.

    Empty, and without words, if there is none.
    """
    if not any(token.kind in _SIDES for token in tokens):
        return _NONE, None
    row = row_of(tokens)
    at = 0
    while found := _CUE.search(row, at):
        cue = tokens[found.start() : found.end()]
        anchor = _anchor(query, cue)
        if anchor:
            return anchor, (cue[0].start, cue[-1].end)
        at = found.start() + 1
    return _NONE, None


def _anchor(query: str, cue: Sequence[Token]) -> Anchor:
    side = next(token.kind for token in reversed(cue) if token.kind in _SIDES)
    offsets = _offsets(cue, side)
    if offsets is None:
        return _NONE
    name = _name(query, cue[-1].end, measured=any(token.kind in _MEASURES for token in cue) and side != "of")
    # What was blanked out is a time, and names no event.
    if not name or "\x00" in name:
        return _NONE
    return Anchor(anchor=name, anchor_from_ms=offsets[0], anchor_until_ms=offsets[1])


def _offsets(cue: Sequence[Token], side: str) -> tuple[int | None, int | None] | None:
    kinds = {token.kind: token.value for token in cue}
    back = side in ("before", "prior", "until")
    units = kinds.get("unit") or kinds.get("units")
    if kinds.keys() & {"part", "weekend", "weekday"}:
        # `the morning after`, `the weekend after`: the next day, the next week.
        units = (Unit.DAY if "part" in kinds else Unit.WEEK, 1)
    if units is not None and side not in ("before", "prior", "after", "following", "of"):
        return None
    if units is not None and side == "of":
        _, high = _distance(kinds, *units)
        if "within" not in kinds and units[0] not in (Unit.DAY, Unit.WEEK):
            return None
        # `the day of the launch`, `the week of it`: as far to either side.
        step = _DAY_MS if units[0] is Unit.DAY else 7 * _DAY_MS
        return (-high, high) if "within" in kinds else (-step, step)
    if units is not None:
        low, high = _distance(kinds, *units)
    elif side in ("around", "during"):
        return (-_DAY_MS, _DAY_MS)
    elif "right" in kinds or "shortly" in kinds:
        low, high = 0, _DAY_MS if "right" in kinds else 7 * _DAY_MS
    else:
        return (None, 0) if back else (0, None)
    return (-high, -low) if back else (low, high)


def _distance(kinds: dict[str, object], unit: Unit, times: int) -> tuple[int, int]:
    """How far: *n* units give or take half a one, and half a day, for the event's hour is its own."""
    number = kinds.get("number")
    low, high = number if isinstance(number, tuple) else (1, 1)
    if unit in SECONDS:
        step = SECONDS[unit] * 1000
        slack = max(step // 2, low * step // 4)
    else:
        step = int(DAYS_ABOUT.get(unit, 1.0) * times * _DAY_MS)
        slack = step // 2 + _DAY_MS // 2
    if "within" in kinds or ("in" in kinds and "number" in kinds):
        return 0, high * step
    if "number" not in kinds and "a" not in kinds:
        return 0, step + slack  # `the week after` begins at once
    return max(0, low * step - slack), high * step + slack


def _name(query: str, at: int, *, measured: bool) -> str:
    """The words that name the event. Those without a measure have to be of a kind that happens once."""
    clause = _CLAUSE.match(query, at)
    if clause is not None:
        verb = clause["verb"].lower()
        if not (verb in PAST_VERBS or (verb.endswith("ed") and not verb.endswith("eed"))) or _PROCEDURAL.search(
            query[:at]
        ):
            return ""
        return query[clause.start("verb") : _phrase_end(query, clause.start("verb"), joined=True)[0]]
    start = _DETERMINER.match(query, at)
    if start is None:
        return ""
    _, head = _phrase_end(query, start.end(), joined=False)
    if not head:
        return ""
    if head.lower() in ("next", "last") or query[start.end() :].split(None, 1)[0].lower() in _INDEFINITE:
        return ""
    if not measured:
        # In a question about what was, whatever has an article may have happened (`after the restore drill`);
        # else only what is nothing but an occasion. `what do I do after the deploy` is about a habit.
        definite = bool(start[0].strip())
        was = _PAST.search(query) is not None
        habitual = not definite or _PROCEDURAL.search(query) is not None
        happened = _is_occasion(head) or (definite and was and not habitual and not _is_place(query, at, head))
        if not happened or (habitual and not was):
            return ""
    return query[start.end() : _phrase_end(query, start.end(), joined=True)[0]]


def _is_place(query: str, at: int, head: str) -> bool:
    """Whether the words before tell a place (`the comma after the bracket`), or the head is one, or code."""
    named = head.lower().removesuffix("s")
    return named in PLACES or head.lower() in PLACES or not head.isalpha() or _IN_PLACE.search(query, 0, at) is not None


def _is_occasion(head: str) -> bool:
    head = head.lower()
    return head in OCCASIONS or head.removesuffix("s") in OCCASIONS


def _phrase_end(query: str, at: int, *, joined: bool) -> tuple[int, str]:
    """Where a noun phrase ends, and its last word. *joined* takes in `… of version 2`."""
    end, head = at, ""
    for count, found in enumerate(_WORD.finditer(query, at)):
        word = found[0].rstrip(".")
        between = query[end : found.start()]
        if count >= _WORDS_MAX or (head and between.strip()) or word.lower() in _BREAKS:
            break
        if word.lower() in _JOINS and not (joined and head):
            break
        end, head = found.start() + len(word), word
        if len(word) < len(found[0]):
            break
    while head.lower() in _JOINS:
        stripped = query[at:end].rsplit(None, 1)
        if len(stripped) < 2:
            return at, ""
        end, head = at + len(stripped[0]), stripped[0].split()[-1]
    return end, head
