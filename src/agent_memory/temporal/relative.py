"""Rules for what is told from now: `yesterday`, `last week`, `three days ago`, `in the past month`."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from agent_memory.temporal import moments
from agent_memory.temporal.dates import holiday, season
from agent_memory.temporal.grammar import Match
from agent_memory.temporal.instants import Bounds, Now, Stretch, Tense
from agent_memory.temporal.moments import SECONDS, Moment, Recurring, Unit
from agent_memory.temporal.names import rule

_DAY = timedelta(days=1)
_MONTHS = ("month", "namelike", "titled", "wordlike", "short_month", "month_own")
_DAYS_FROM_TODAY = {"yesterday": -1, "today": 0, "tomorrow": 1}
_WHICH = {"last": -1, "past": -1, "this": 0, "next": 1}


def _unit(match: Match) -> tuple[Unit, int]:
    """The unit named, and how many of it the word stands for (a fortnight is two weeks)."""
    unit, times = match.get("unit", "units")
    return unit, times


def _count(match: Match) -> tuple[int, int]:
    low, high = match.get("number") if match.has("number") else (1, 1)
    return low, high


def _day_from_today(match: Match, now: Now) -> Moment:
    offset = sum(count for word, count in _DAYS_FROM_TODAY.items() if match.has(word))
    if match.has("before"):
        offset -= 1
    if match.has("after"):
        offset += 1
    day = now.today + timedelta(days=offset)
    return moments.days(day, day)


def _day_beside(match: Match, now: Now) -> Moment | None:
    return _day_from_today(match, now) if _unit(match)[0] is Unit.DAY else None


def part_of(day: date, hours: tuple[int, int]) -> Moment:
    """Some hours of a day, counted from its midnight."""
    start = moments.midnight(day)
    return Moment(start + timedelta(hours=hours[0]), start + timedelta(hours=hours[1]), Unit.PART)


def _part_of_today(match: Match, now: Now) -> Moment:
    hours = match.get("part") if match.has("part") else (18, 30)
    day = now.today
    # After midnight, `last night` is the one that is not over yet, and so is `tonight`.
    if match.has("last") or (hours[1] > 24 and now.local.hour < hours[1] - 24 and not match.has("last")):
        day -= _DAY
    return part_of(day, hours)


def _unit_from_now(match: Match, now: Now) -> Any:
    (unit, times), which = _unit(match), _WHICH[match.first("last", "past", "this", "next")]
    if unit <= Unit.DAY or times != 1:
        return None  # `the last minute`, `the next day`
    return moments.period(moments.shift(moments.first_day(now.today, unit), which, unit), unit)


def _year_from_now(match: Match, now: Now) -> Any:
    """`last year in March`, which unlike `last week in March` is told from now."""
    return _unit_from_now(match, now) if _unit(match)[0] is Unit.YEAR else None


def _unit_beyond(match: Match, now: Now) -> Any:
    unit, times = _unit(match)
    if unit <= Unit.DAY or times != 1:
        return None
    which = -2 if match.has("before") else 2
    return moments.period(moments.shift(moments.first_day(now.today, unit), which, unit), unit)


def _rolling(match: Match, now: Now) -> Stretch | Bounds | None:
    """`the last three days`: three days back from now, from the beginning of that day."""
    (unit, times), (_, count) = _unit(match), _count(match)
    count *= times
    if count > 10_000 or (unit is Unit.DAY and count == 1 and not match.has("number")):
        return None
    ahead = match.has("next")
    if unit in SECONDS:
        length = count * SECONDS[unit] * 1000
        return Stretch(now.now_ms, now.now_ms + length) if ahead else Stretch(now.now_ms - length, now.now_ms)
    day = moments.midnight(moments.shift(now.today, count if ahead else -count, unit))
    return Bounds(now.local, day + _DAY) if ahead else Bounds(day, now.local + timedelta(milliseconds=1))


def _hours_ago(match: Match, now: Now) -> Stretch | None:
    """`two hours ago`: then, give or take a quarter of the way, or half a unit."""
    (unit, times), (low, high) = _unit(match), _count(match)
    if unit not in SECONDS:
        return None
    length = SECONDS[unit] * times * 1000
    slack = max(length // 2, low * length // 4)
    if match.has("from"):
        return Stretch(now.now_ms + low * length - slack, now.now_ms + high * length + slack - 1)
    return Stretch(now.now_ms - high * length - slack, now.now_ms - low * length + slack - 1)


def _ago(match: Match, now: Now) -> Moment | None:
    """`two weeks ago`: the week of that day."""
    (unit, times), (low, high) = _unit(match), _count(match)
    ahead = match.has("from")
    if unit in SECONDS or high > 10_000:
        return None
    sign = times if ahead else -times
    ends = sorted(moments.shift(now.today, sign * count, unit) for count in (low, high))
    first, last = (moments.period(day, unit) for day in ends)
    return Moment(first.start, last.end, unit)


def _weekdays_ago(match: Match, now: Now) -> Moment | None:
    """`three Tuesdays ago`, and `the Tuesday before last`."""
    (_, count), at = match.get("number") if match.has("number") else (2, 2), now.morning
    what: Recurring = moments.weekend() if match.has("weekend") else match.get("weekdays", "weekday")
    found = moments.latest_over(what, by=at)
    if found is None or count > 500:
        return None
    back = timedelta(weeks=count - 1)
    return Moment(found.start - back, found.end - back, found.grain)


def _ago_today(match: Match, now: Now) -> Moment | None:
    """`a year ago today`: the very day."""
    (unit, times), (_, count) = _unit(match), _count(match)
    if unit in SECONDS or count > 10_000:
        return None
    day = moments.shift(now.today, -count * times, unit)
    return moments.days(day, day)


def _half_more_ago(match: Match, now: Now) -> Moment | None:
    """`a week and a half ago`."""
    unit, times = _unit(match)
    if unit not in moments.DAYS_ABOUT:
        return None
    day = moments.shift(now.today, -times, unit) - timedelta(days=round(moments.DAYS_ABOUT[unit] * times / 2))
    return moments.period(day, unit)


def _half_ago(match: Match, now: Now) -> Stretch | None:
    unit, _ = _unit(match)
    return Stretch(now.now_ms - 40 * 60_000, now.now_ms - 20 * 60_000 - 1) if unit is Unit.HOUR else None


def _half_year_ago(match: Match, now: Now) -> Moment | None:
    unit, _ = _unit(match)
    return moments.period(moments.shift(now.today, -6, Unit.MONTH), Unit.MONTH) if unit is Unit.YEAR else None


def _other_day(match: Match, now: Now) -> Moment | None:
    if _unit(match)[0] is not Unit.DAY:
        return None
    return moments.days(now.today - 7 * _DAY, now.today - 2 * _DAY)


def _this_time_last(match: Match, now: Now) -> Moment | None:
    *this, (unit, times) = match.all("unit")
    if unit < Unit.WEEK or times != 1 or (this and this[0][0] is not Unit.DAY):
        return None
    day = moments.period(moments.shift(now.today, -1, unit), Unit.DAY)
    return (
        day if this else moments.widened(moments.period(day.start.date(), Unit.WEEK if unit is Unit.YEAR else Unit.DAY))
    )


def _recurring(match: Match, now: Now) -> Recurring:
    if match.has("season", "wordlike_season"):
        return season(match, now)
    if match.has("weekend"):
        return moments.weekend()
    if match.has(*_MONTHS):
        return moments.month_of_year(match.get(*_MONTHS))
    found: Recurring = match.get("weekday", "short_weekday", "wordlike_weekday", "holiday", "yearly_day")
    return found


def _recurring_from_now(match: Match, now: Now) -> Moment | None:
    """`last Tuesday` is over and the nearest such; `next Tuesday` likewise; `this` is the current cycle's."""
    if match.has("holiday") and holiday(match, now) is None:
        return None
    what, which = _recurring(match, now), _WHICH[match.first("last", "past", "this", "next")]
    if which < 0:
        return moments.latest_over(what, by=now.morning)
    if which > 0:
        return moments.earliest(what, begins_from=now.tomorrow)
    found = moments.of_cycle(what, now.today)
    if match.has("weekend") and found is not None and found.start > now.local and now.tense is Tense.PAST:
        return moments.latest(what, begun_by=now.local)
    return found


def _the_weekend(match: Match, now: Now) -> Moment | None:
    return now.resolve(moments.weekend())


def _nothing(match: Match, now: Now) -> str:
    return ""


def _current(match: Match, now: Now) -> Moment | None:
    """`the month`, where an edge of it is spoken of: the current one."""
    unit, times = _unit(match)
    return moments.period(now.today, unit) if unit > Unit.DAY and times == 1 else None


_AGO = "(around|about)? (number|a) (unit|units) (ago|back|from now)"
_NOT_OF = "(?! of|(in the? (MONTH|yearly|period)))"

EVERY = (
    rule(
        "every (other|nth|number)? (unit|units|part|weekend|ANY_WEEKDAY|MONTH|SEASON|holiday|yearly_day)",
        "word",
        _nothing,
    ),
)

RELATIVE = (
    rule("the? unit before yesterday|the? unit after tomorrow", "day", _day_beside),
    rule("(yesterday|today|tomorrow)", "day", _day_from_today),
    rule("tonight|this part|last part", "part_of_day", _part_of_today),
    rule("this (time|unit) last unit", "period", _this_time_last),
    rule("(number|a) (unit|units) ago (today|day)", "day", _ago_today),
    rule("a unit and a half ago", "period", _half_more_ago),
    rule("half a unit ago", "instant", _half_ago),
    rule("half a unit ago", "period", _half_year_ago),
    rule(_AGO, "instant", _hours_ago),
    rule(_AGO, "period", _ago),
    rule("the other unit", "period", _other_day),
    rule("the? unit (before last|after next) (?!word)", "period", _unit_beyond),
    rule("the? (weekday|weekend) before last (?!word)|number weekdays ago", "day", _weekdays_ago),
    rule(f"(the|this)? (last|past|next) number (unit|units) {_NOT_OF}", "span", _rolling),
    rule(f"(?<=in|within|over|during) the (last|past|next) unit {_NOT_OF}", "span", _rolling),
    rule(f"(the|this) past unit {_NOT_OF}", "span", _rolling),
    rule(f"(?<!the) (last|this|next) unit {_NOT_OF}|the last unit (?=stop|comma|$|clause)", "period", _unit_from_now),
    rule("(last|this|next) unit (?!of)", "period", _year_from_now),
    rule(f"(last|past|next) the? (weekday|weekend|holiday|yearly_day|season) {_NOT_OF}", "day", _recurring_from_now),
    rule("this (weekday|weekend|season|holiday|yearly_day)", "day", _recurring_from_now),
    rule("(last|this|next) (SURE_MONTH|month_own)|(last|next) wordlike (?!word)", "period", _recurring_from_now),
    rule("(last|this|next) wordlike_season (?!word|through|back)", "period", _recurring_from_now),
    rule("(last|next) (short_weekday|wordlike_weekday)|this short_weekday", "day", _recurring_from_now),
    rule("(?<=on|since|until|by|before|after) short_weekday", "weekday", lambda m, now: m.get("short_weekday")),
    rule("(over|on|at|during|in) the weekend (?!of|word)", "day", _the_weekend),
    rule("(?<=since|before|after|until|by) the weekend (?!of|word)", "day", _the_weekend),
    rule("(?<=(beginning|middle|end)of) (the unit|unit (?=stop|comma|$|clause))", "period", _current),
)
