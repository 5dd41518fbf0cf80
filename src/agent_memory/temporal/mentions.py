"""The days that a text speaks of, told from the time at which it was said.

Most texts name none, and some are a megabyte of a program's output. So a text is first asked, in
C, whether it has any word that could begin or end a date, and then only the sentences around those
words are read: at most `SENTENCES_READ` of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from agent_memory.temporal import clocktimes, dates, parts, ranges, relative
from agent_memory.temporal.grammar import Rule, Token, reduce
from agent_memory.temporal.holidays import HOLIDAYS
from agent_memory.temporal.instants import Now, Stretch, Tense, day_start_ms
from agent_memory.temporal.model import TimeSpan
from agent_memory.temporal.moments import Moment
from agent_memory.temporal.reading import DATED, settled
from agent_memory.temporal.tokens import tokens_of
from agent_memory.temporal.words import DECADES, MONTHS, SEASONS, SHORT_MONTHS, WEEKDAYS
from agent_memory.toc import Calendar

MENTIONS = "mentions-1"
"""Names what is found and how it is read; part of the fingerprint of whatever keeps it."""

MENTIONS_MAX = 32
SENTENCES_READ = 40
_REACH = 100
"""How far a sentence is read to either side of a word, in code points."""

_RULES: tuple[Rule, ...] = (
    *relative.EVERY,
    *dates.NUMBERS,
    *dates.DAYS,
    *dates.PERIODS,
    *relative.RELATIVE,
    *parts.PARTS,
    *clocktimes.CLOCKS,
    *ranges.BESIDE,
    *ranges.BETWEEN,
)

_CUES = frozenset(
    {*MONTHS, *SHORT_MONTHS, *WEEKDAYS, *SEASONS, *DECADES, *(str(year) for year in range(1900, 2100))}
    | {f"{decade}s" for decade in range(1900, 2100, 10)}
    | {f"{decade}s" for decade in range(50, 100, 10)}
    | {re.split(r"[' ]", name)[-1 if name.endswith(("day", "eve")) else 0] for name in HOLIDAYS}
    | {"yesterday", "tomorrow", "night", "ago", "days", "week", "weeks", "weekend", "month", "months", "year", "years"}
    | {"quarter", "fortnight", "decade", "day", "back"}
) - {"new", "all", "st", "st.", "saint"}  # fmt: skip
_PAST = re.compile(r"\b(?:was|were|did|had|went|got|\w+ed)\b", re.IGNORECASE)
# Every character that is no letter and no digit parts words; one table does that and lower-cases.
_APART = "".join(chr(code).lower() if chr(code).isalnum() else " " for code in range(128))
_SENTENCE_END = re.compile(r"[.!?]\s|\n")
_FUTURE = re.compile(
    r"\b(?:will|going to|gonna|shall|upcoming|planning|plan to|let['’]s|see you|looking forward|can['’]t wait)\b"
    r"|['’]ll\b",
    re.IGNORECASE,
)


def mentions(text: str, *, said_ms: int, calendar: Calendar) -> tuple[TimeSpan, ...]:
    """The days, weeks, months and years that *text*, said at *said_ms*, speaks of: the first `MENTIONS_MAX`.

    In whole local days, each stretch once, in the order of the text. The day on which it was said
    is left out: that is known without reading. Never raises; takes time linear in the text.
    """
    probe = text if text.isascii() else text.encode("ascii", "replace").decode("ascii")
    probe = probe.translate(_APART)
    cues = _CUES.intersection(probe.split())
    if not cues:
        return ()
    try:
        told = {tense: Now(said_ms, calendar, tense) for tense in Tense}
    except OverflowError:
        return ()
    found: dict[tuple[int, int], TimeSpan] = {}
    for start, end in _sentences(text, _places(probe, cues)):
        now = told[_tense(text, start, end)]
        tokens = reduce(settled(tokens_of(text, start=start, end=end, quotes_are_opaque=False)), _RULES, now)
        for token in tokens:
            if token.kind in DATED and (span := _whole_days(token, now)) is not None:
                found.setdefault((span.from_ms or 0, span.until_ms or 0), span)
                if len(found) == MENTIONS_MAX:
                    return tuple(found.values())
    return tuple(found.values())


def _places(probe: str, cues: frozenset[str]) -> list[int]:
    """Where cues stand, as whole words, in order: the first of each and so on, within bounds."""
    places = []
    for cue in cues:
        at = -1
        for _ in range(4 * SENTENCES_READ):
            at = probe.find(cue, at + 1)
            if at < 0:
                break
            end = at + len(cue)
            if (at == 0 or probe[at - 1] == " ") and (end == len(probe) or probe[end] == " "):
                places.append(at)
    return sorted(places)


def _sentences(text: str, places: list[int]) -> Iterator[tuple[int, int]]:
    """The sentences around places, none twice, none longer than two reaches."""
    done = 0
    count = 0
    for place in places:
        if place < done:
            continue
        start = max(done, place - _REACH)
        for end_before in _SENTENCE_END.finditer(text, start, place):
            start = end_before.end()
        limit = min(len(text), place + _REACH)
        end_after = _SENTENCE_END.search(text, place, limit)
        done = end_after.end() if end_after else limit
        yield start, done
        count += 1
        if count == SENTENCES_READ:
            return


def _tense(text: str, start: int, end: int) -> Tense:
    if _PAST.search(text, start, end):
        return Tense.PAST
    return Tense.FUTURE if _FUTURE.search(text, start, end) else Tense.NEAREST


def _whole_days(token: Token, now: Now) -> TimeSpan | None:
    """A stretch as the local days that it touches; of a night, the day on which it begins."""
    try:
        value = token.value if token.kind == "span" else now.resolve(token.value)
        if isinstance(value, Stretch):
            value = now.resolve(value)
        if value is None or (value.start is None and value.end is None):
            return None
        start: datetime = value.start if value.start is not None else value.end
        end: datetime = value.end if value.end is not None else value.start
        first = start.date()
        last = (end - timedelta(microseconds=1)).date() if end > start else first
        if isinstance(value, Moment) and end - start <= timedelta(days=1):
            last = first
        if first == last == now.today:
            return None
        from_ms = day_start_ms(first, now.calendar)
        until_ms = day_start_ms(last + timedelta(days=1), now.calendar) - 1
    except (ValueError, OverflowError):
        return None  # beyond the years 1 to 9999
    if from_ms > until_ms:
        return None  # a day that its zone skipped
    return TimeSpan(start=token.start, end=token.end, from_ms=from_ms, until_ms=until_ms)
