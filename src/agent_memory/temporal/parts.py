"""Rules for parts of a longer stretch: `March last year`, `early May`, `the first week of June`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from agent_memory.temporal import moments
from agent_memory.temporal.dates import season
from agent_memory.temporal.grammar import Match
from agent_memory.temporal.instants import Now
from agent_memory.temporal.moments import Moment, Recurring, Unit
from agent_memory.temporal.names import rule
from agent_memory.temporal.relative import part_of

_MONTHS = ("month", "namelike", "titled", "wordlike", "short_month")
_WEEKDAYS = ("weekday", "short_weekday", "wordlike_weekday")
_SEASONS = ("season", "wordlike_season")
_A_FEW = {Unit.DAY: 5, Unit.WEEK: 2, Unit.MONTH: 3}
"""How many `the last days of May` are, and weeks, and months."""
_THIRDS = {"early": 0, "beginning": 0, "mid": 1, "middle": 1, "late": 2, "end": 2}


def _whole(match: Match, now: Now) -> Moment | Recurring | None:
    """The longer stretch that a part is taken of."""
    if match.has(*_SEASONS):
        return season(match, now)
    if match.has(*_MONTHS):
        return moments.month_of_year(match.get(*_MONTHS))
    if match.has("year"):
        return moments.year(match.get("year"))
    if match.has("quarter"):
        first = match.get("quarter") * 3 - 2
        return moments.yearly(lambda number: moments.period(date(number, first, 1), Unit.QUARTER))
    if match.has("decade", "decade_word"):
        return moments.period(date(match.get("decade", "decade_word"), 1, 1), Unit.DECADE)
    found: Moment | Recurring = match.get("period", "yearly", "day", "span")
    return found


def _of(whole: Moment | Recurring | None, part: Callable[[Moment], Moment | None]) -> Moment | Recurring | None:
    """A part of a stretch; of one that recurs, the part of each."""
    if not isinstance(whole, Recurring):
        return part(whole) if isinstance(whole, Moment) else None
    occurrence = whole.occurrence

    def part_of_each(cycle: date) -> Moment | None:
        found = occurrence(cycle)
        return part(found) if found is not None else None

    return Recurring(whole.cycle, part_of_each)


def _third(match: Match, now: Now) -> Any:
    which = _THIRDS[match.first(*_THIRDS)]
    whole = _whole(match, now)
    if isinstance(whole, Moment) and whole.grain <= Unit.DAY:
        return None
    return _of(whole, lambda moment: moments.third(moment, which))


def _half(match: Match, now: Now) -> Any:
    which = 1 if match.has("last") or match.get("nth") == 2 else 0
    if match.has("nth") and match.get("nth") > 2:
        return None
    return _of(_whole(match, now), lambda moment: moments.half(moment, which))


def _count_of(match: Match, now: Now) -> Any:
    """`the first two weeks of`, `the last Friday in`, `the third day of`, `the second weekend of`."""
    nth = 1 if match.has("last") else match.get("nth", "ordinal")
    count = match.get("number")[1] if match.has("number") else 1
    if match.has("units") and not match.has("number"):
        count = _A_FEW.get(match.get("units")[0], 1)
    if match.has(*_WEEKDAYS):
        weekday = match.get(*_WEEKDAYS)
        return _of(_whole(match, now), lambda moment: _nth(weekday, moment, -1 if match.has("last") else nth - 1))
    unit, times = (Unit.WEEKEND, 1) if match.has("weekend") else match.get("unit", "units")
    last = match.has("last")
    return _of(
        _whole(match, now),
        lambda moment: moments.units_within(
            moment, unit, count * times, skip=0 if last else (nth - 1) * times, from_end=last
        ),
    )


def _nth(what: Recurring, moment: Moment, which: int) -> Moment | None:
    found: list[Moment] = []
    at = moment.start
    while len(found) < 60 and (one := moments.earliest(what, begins_from=at)) is not None and one.start < moment.end:
        found.append(one)
        at = one.end
    return found[which] if -len(found) <= which < len(found) else None


def _inside(match: Match, now: Now) -> Moment | None:
    """`March last year`: the one of what recurs that lies in the dated stretch."""
    recurring = [token for token in match.tokens if token.kind != "period" and isinstance(token.value, Recurring)]
    period: Moment = match.get("period")
    if recurring:
        what: Recurring = recurring[0].value
    elif match.has("ordinal"):
        what = moments.day_of_month(match.get("ordinal"))
    elif match.has(*_SEASONS):
        what = season(match, now)
    elif match.has(*_MONTHS):
        what = moments.month_of_year(match.get(*_MONTHS))
    else:
        return None  # two dated stretches side by side
    if {Unit.WEEK: Unit.WEEK, Unit.MONTH: Unit.MONTH}.get(what.cycle, Unit.YEAR) != period.grain:
        return None
    return moments.inside(what, period)


def _unit_of(match: Match, now: Now) -> Moment | None:
    """`the week of May 5`, `the month of May`, `the year 2024`, `the weekend of the 5th`."""
    if match.has("weekend"):
        unit, times = Unit.WEEKEND, 1
    else:
        unit, times = match.get("unit")
    whole = match.get("year") if match.has("year") else None
    if whole is not None:
        return moments.year(whole) if unit is Unit.YEAR else None
    if match.has(*_MONTHS):
        return now.resolve(moments.month_of_year(match.get(*_MONTHS))) if unit is Unit.MONTH else None
    found = now.resolve(match.get("day", "weekday", "yearly_day", "monthly_day", "period", "yearly"))
    if found is None or times != 1 or unit < Unit.WEEKEND or found.grain > unit:
        return None
    if match.has("starting", "beginning", "ending"):
        if unit is not Unit.WEEK:
            return None
        return _seven_days(found, ends=match.has("ending"))
    if unit is Unit.WEEKEND:
        return moments.of_cycle(moments.weekend(), found.start.date())
    return moments.period(found.start.date(), unit)


def _seven_days(day: Moment, *, ends: bool) -> Moment:
    week = timedelta(days=7)
    return Moment(day.end - week, day.end, Unit.WEEK) if ends else Moment(day.start, day.start + week, Unit.WEEK)


def _part_of_day(match: Match, now: Now) -> Moment | None:
    day = now.resolve(match.get("day", "weekday", "yearly_day", "monthly_day"))
    if day is None or day.end - day.start != timedelta(days=1):
        return None
    return part_of(day.start.date(), match.get("part"))


def _around(match: Match, now: Now) -> Any:
    value = match.get("day", "weekday", "yearly_day", "monthly_day", "yearly", "period", "part_of_day")
    return _of(value, moments.widened)


_WHOLE = "(day|period|yearly|LONG_MONTH|year|SEASON|quarter|decade|decade_word)"
_NTH = "(nth|ordinal|last)"
_COUNTED = "(unit|weekend|ANY_WEEKDAY)"

PARTS = (
    rule(
        "(yearly_day|yearly|LONG_MONTH|SEASON|holiday) (of|in|comma)? period"
        "|period comma? (in|on|at|during)? the? (yearly|yearly_day|weekday|holiday)"
        "|weekday (of|in)? period|the? ordinal of period",
        "day",
        _inside,
    ),
    rule(f"the? {_NTH} half of the? {_WHOLE}", "period", _half),
    rule(f"the? {_NTH} number? ({_COUNTED}|units) (of|in) the? {_WHOLE}", "yearly", _count_of),
    rule(f"the? (early|mid|late) dash? (in|part|of)? the? {_WHOLE}", "yearly", _third),
    rule(f"the? (beginning|middle|end|early|late) (of|part of) the? {_WHOLE}", "yearly", _third),
    rule("the? (unit|weekend) (of|starting|beginning|ending) on? (DAYISH|period)", "period", _unit_of),
    rule("the? unit of LONG_MONTH|the unit year", "period", _unit_of),
    rule("DAYISH comma? (in|on|at)? the? part", "part_of_day", _part_of_day),
    rule("the? part of the? DAYISH", "part_of_day", _part_of_day),
    rule("around the? (DAYISH|yearly|period|part_of_day)", "yearly", _around),
)
