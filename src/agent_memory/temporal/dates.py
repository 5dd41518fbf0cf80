"""Rules for what a calendar calls a day, a month, a season or a year: `5 March 2025`, `in March`, `Q3`."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from agent_memory.temporal import moments
from agent_memory.temporal.grammar import Match
from agent_memory.temporal.instants import Now, Stretch, Tense, ms_of
from agent_memory.temporal.moments import Moment, Recurring, Unit
from agent_memory.temporal.names import rule
from agent_memory.temporal.words import PAST_VERBS, listed

_MONTHS = ("month", "namelike", "titled", "wordlike", "short_month", "wordlike_short", "month_own")
_COUNTED = listed(
    "lines line ports port rows row bytes pages page ids numbers number tokens positions range values pixels width"
    " height offset offsets chars columns"
)
_YEARS_AHEAD = 10
_YEARS_LOOKED_AT = 12  # a date falls on each weekday within them, but for 29 February

_MONTH_FIRST = {
    f"America/{city}"
    for city in listed(
        "Adak Anchorage Boise Chicago Denver Detroit Juneau Los_Angeles Menominee Metlakatla New_York Nome Phoenix"
        " Sitka Yakutat"
    )
} | {"Pacific/Honolulu", "UTC", "Etc/UTC"}
_MONTH_FIRST_FOLDERS = ("US/", "America/Indiana/", "America/Kentucky/", "America/North_Dakota/")


def is_month_first(zone: str) -> bool:
    """Whether 5/3/2025 is read as 3 May: in zones of the United States, and in UTC, which says nothing."""
    return zone in _MONTH_FIRST or zone.startswith(_MONTH_FIRST_FOLDERS)


# -- numbers ----------------------------------------------------------------------------------


def _tens(match: Match, now: Now) -> tuple[int, int]:
    count = match.get("tens") + sum(low for low, _ in match.all("number"))
    return count, count


def _tens_nth(match: Match, now: Now) -> int | None:
    return int(match.get("tens")) + int(match.get("nth")) if match.get("nth") < 10 else None


def _either(match: Match, now: Now) -> tuple[int, int] | None:
    (low, _), (_, high) = match.all("number")
    return (low, high) if low <= high else None


NUMBERS = (
    rule("tens dash? nth", "nth", _tens_nth),
    rule("tens dash? number", "number", _tens),
    rule("tens", "number", _tens),
    rule("a? vague of? (?=units)", "number", lambda m, now: m.get("vague")),
    rule("number (or|to|dash) number (?=units)", "number", _either),
)


# -- days ---------------------------------------------------------------------------------------


def _numbers(match: Match, *kinds: str) -> list[int]:
    return [value[0] if isinstance(value, tuple) else value for value in match.all(*kinds)]


def _dated(match: Match, now: Now) -> Moment:
    day = date(match.get("year"), match.get(*_MONTHS), _numbers(match, "number", "ordinal", "nth")[0])
    return moments.days(day, day)


def _written_day(match: Match, now: Now) -> Recurring | None:
    """A day beside a month that may be a verb: in digits, or `one may` would be the first of May."""
    (day,) = (token for token in match.tokens if token.kind == "number")
    return _yearly_day(match, now) if day.end - day.start <= 2 else None


def _yearly_day(match: Match, now: Now) -> Recurring:
    month, day = match.get(*_MONTHS), _numbers(match, "number", "ordinal", "nth")[0]
    date(2024, month, day)  # a leap year has every day that a year may have
    return moments.day_of_year(month, day)


def _no_date(match: Match, now: Now) -> str:
    """31 June 2025 is not somewhere in June 2025."""
    return ""


def _day_range(match: Match, now: Now) -> Moment | Recurring | None:
    month = match.get(*_MONTHS)
    first, last = _numbers(match, "number", "ordinal")

    def occurrence(number: int) -> Moment:
        return moments.days(date(number, month, first), date(number, month, last))

    if first > last:
        return None
    occurrence(2024)
    return occurrence(match.get("year")) if match.has("year") else moments.yearly(occurrence)


def _slashed(match: Match, now: Now) -> Moment:
    first, second, number = match.get("slashed")
    month, day = (first, second) if is_month_first(now.calendar.zone) else (second, first)
    if month > 12:
        month, day = day, month
    found = date(number, month, day)
    return moments.days(found, found)


def _monthly_day(match: Match, now: Now) -> Recurring | None:
    day = int(match.get("ordinal"))
    return moments.day_of_month(day) if 1 <= day <= 31 else None


def _holiday_of_year(match: Match, now: Now) -> Moment | None:
    return moments.inside(match.get("holiday"), moments.year(match.get("year")))


def _day_number(match: Match, now: Now) -> Moment | None:
    unit, _ = match.get("unit")
    number, count = match.get("year"), _numbers(match, "number", "ordinal")[0]
    if unit is Unit.WEEK:
        return moments.iso_week(number, count)
    if unit is not Unit.DAY or not 1 <= count <= 366:
        return None
    day = date(number, 1, 1) + timedelta(days=count - 1)
    return moments.days(day, day) if day.year == number else None


def _iso_week(match: Match, now: Now) -> Moment | None:
    if match.get("unit") != (Unit.WEEK, 1):
        return None
    return _week_of_a_year(_numbers(match, "number")[0], now)


def _written_week(match: Match, now: Now) -> Moment | None:
    """`W51`, as the contents write it."""
    return _week_of_a_year(match.get("week"), now)


def _week_of_a_year(week: int, now: Now) -> Moment | None:
    """The last week of that number that has begun."""
    this_year = now.today.isocalendar().year
    found = moments.iso_week(this_year, week)
    if found is None or found.start > now.local:
        found = moments.iso_week(this_year - 1, week)
    return found


def _iso_instant(match: Match, now: Now) -> Stretch:
    start, end = match.get("instant")
    return Stretch(ms_of(start), ms_of(end) - 1)


def _weekday_named_twice(match: Match, now: Now) -> Any:
    """`Friday 13 February` is of the year, of those around, in which it is a Friday."""
    what = match.get("day", "yearly_day")
    if not isinstance(what, Recurring):
        return what
    weekday: Recurring = match.get("weekday", "short_weekday", "wordlike_weekday")
    years = range(now.today.year - _YEARS_LOOKED_AT, now.today.year + _YEARS_LOOKED_AT + 1)
    found = [day for year in years if (day := _fitting(what, weekday, date(year, 1, 1))) is not None]
    return min(found, key=lambda day: abs(day.start - now.local), default=what)


def _weekday_of_a_month(match: Match, now: Now) -> Moment | None:
    """`Friday the 13th`: the last one, or with `will` the next."""
    weekday: Recurring = match.get("weekday", "short_weekday", "wordlike_weekday")
    what = moments.day_of_month(match.get("ordinal", "nth"))
    ahead = now.tense is Tense.FUTURE
    for count in range(12 * _YEARS_LOOKED_AT):
        day = _fitting(what, weekday, moments.shift(now.today.replace(day=1), count if ahead else -count, Unit.MONTH))
        if day is not None and (day.start > now.local if ahead else day.start <= now.local):
            return day
    return None


def _fitting(what: Recurring, weekday: Recurring, cycle: date) -> Moment | None:
    """The day of a cycle, if it falls on the weekday."""
    day = what.occurrence(cycle)
    return day if day is not None and moments.of_cycle(weekday, day.start.date()) == day else None


def _iso_with_clock(match: Match, now: Now) -> Moment:
    day: Moment = match.get("day")
    hour, minute, _ = match.get("bare_clock")
    start = day.start.replace(hour=hour % 24, minute=minute or 0)
    return Moment(start, start + timedelta(minutes=1), Unit.MINUTE)


_N = "(number|ordinal)"
_ON = "(?<=on|since|until|by|before|after|between|around)"

_ALONGSIDE = "(?<=in|during|since|until|before|after|by|from|for)"

_DATE = (
    "the? (number|ordinal|nth) (dash|of)? MONTH (comma|of|dash)? year"
    "|MONTH the? dash? (number|ordinal) comma? year|year SURE_MONTH (number|ordinal)"
)

DAYS = (
    rule("instant", "instant", _iso_instant),
    rule("slashed", "day", _slashed),
    rule(f"(between|from)? the? {_N} (TO|and) the? {_N} of? MONTH comma? year", "day", _day_range),
    rule(f"MONTH the? {_N} (TO|and) the? {_N} comma? year", "day", _day_range),
    rule(f"(between|from) the? {_N} (TO|and) the? {_N} of? SURE_MONTH", "yearly_day", _day_range),
    rule(f"the? {_N} TO the? {_N} of? SURE_MONTH", "yearly_day", _day_range),
    rule(f"(between|from) SURE_MONTH the? {_N} (TO|and) the? {_N} (?!units|unit|dash|MONTH)", "yearly_day", _day_range),
    rule(f"SURE_MONTH {_N} TO the? {_N} (?!units|unit|dash)", "yearly_day", _day_range),
    rule(f"(between|from) the? {_N} (TO|and) the? {_N} of? MONTH (?=stop|comma|$)", "yearly_day", _day_range),
    rule(_DATE, "day", _dated),
    rule(_DATE, "opaque", _no_date),
    rule("the? (ordinal|nth) of MONTH|the? ordinal LONG_MONTH|LONG_MONTH the? ordinal", "yearly_day", _yearly_day),
    rule("number SURE_MONTH|SURE_MONTH number (?!units|unit|dash|number)", "yearly_day", _yearly_day),
    rule(f"{_ON} (number LONG_MONTH|LONG_MONTH number)", "yearly_day", _written_day),
    rule("(number LONG_MONTH|LONG_MONTH number) (?=stop|comma|$)", "yearly_day", _written_day),
    rule("ANY_WEEKDAY comma? the? (day|yearly_day)", "day", _weekday_named_twice),
    rule("holiday (comma|of|in)? year", "day", _holiday_of_year),
    rule("iso? unit number (of|comma)? year|the? ordinal unit of year", "day", _day_number),
    rule("iso unit number", "period", _iso_week),
    rule(f"{_ALONGSIDE} unit number (?!of|to|dash|units|unit|number|and)", "period", _iso_week),
    rule("unit number (?=stop|$)", "period", _iso_week),
    rule(f"{_ALONGSIDE} week|week (?=stop|comma|$)", "period", _written_week),
    rule("ANY_WEEKDAY comma? the (ordinal|nth) (?!of|word|unit|weekend|MONTH)", "day", _weekday_of_a_month),
    rule(
        "(?<=on|since|until|by|before|after|around) the ordinal (?=stop|comma|$|clause|of)", "monthly_day", _monthly_day
    ),
    rule("day bare_clock", "part_of_day", _iso_with_clock),
)


# -- months, seasons, years ---------------------------------------------------------------------


def _month_of_year(match: Match, now: Now) -> Moment:
    return moments.period(date(match.get("year"), match.get(*_MONTHS), 1), Unit.MONTH)


def _month(match: Match, now: Now) -> Recurring | None:
    if match.has("namelike", "short_month") and match.after is not None and match.after.kind == "word":
        # `since June left`, `by Jan Novak`: these are people.
        word = str(match.after.value)
        named = match.before is not None and match.before.kind not in ("in", "during", "until")
        if word.endswith("ed") or word in PAST_VERBS or (named and word[:1].isupper()):
            return None
    return moments.month_of_year(match.get(*_MONTHS))


def _season(first_month: int, number: int) -> Moment:
    start = date(number, first_month, 1)
    return Moment(moments.midnight(start), moments.midnight(moments.shift(start, 3, Unit.MONTH)), Unit.SEASON)


def season(match: Match, now: Now) -> Recurring:
    """A season of each year."""
    first: int = match.get("season", "wordlike_season")
    return moments.yearly(lambda number: _season(first, number))


def _season_of_year(match: Match, now: Now) -> Moment:
    first, number = match.get("season", "wordlike_season"), match.get("year")
    found = _season(first, number)
    # `winter 2025` is the one that ends in 2025 until the other one has begun.
    return _season(first, number - 1) if first == 12 and found.start > now.local else found


def _quarter(number: int, quarter: int) -> Moment:
    return moments.period(date(number, quarter * 3 - 2, 1), Unit.QUARTER)


def _quarter_of_year(match: Match, now: Now) -> Moment:
    if match.has("year_quarter"):
        number, quarter = match.get("year_quarter")
        return _quarter(number, quarter)
    return _quarter(match.get("year"), match.get("quarter", "small_quarter"))


def _bare_quarter(match: Match, now: Now) -> Recurring:
    quarter = match.get("quarter")
    return moments.yearly(lambda number: _quarter(number, quarter))


def _half_of_year(match: Match, now: Now) -> Moment:
    return moments.half(moments.year(match.get("year")), match.get("half_year") - 1)


def _year(match: Match, now: Now) -> Moment | None:
    number: int = match.get("year")
    after = match.after
    # `in 2000 steps`, `after 2000 ms`, `since 2048 is a power of two` are no years.
    if after is not None and after.kind in ("units", "unit", "opaque"):
        return None
    if after is not None and after.kind == "word" and after.value.islower() and after.value.endswith("s"):
        return None
    if match.before is not None and match.before.kind == "since" and after is not None and after.kind == "clause":
        return None
    return moments.year(number) if number <= now.today.year + _YEARS_AHEAD else None


def _years(match: Match, now: Now) -> Moment | None:
    first, last = match.all("year")
    if first > last or last > now.today.year + _YEARS_AHEAD:
        return None
    if match.before is not None and match.before.kind == "word" and match.before.value.lower() in _COUNTED:
        return None
    return Moment(datetime(first, 1, 1), datetime(last + 1, 1, 1), Unit.YEAR)


def _decade(match: Match, now: Now) -> Moment:
    return moments.period(date(match.get("decade", "decade_word"), 1, 1), Unit.DECADE)


def holiday(match: Match, now: Now) -> Any:
    """A holiday by name, unless it only says what kind of thing follows (`before Christmas dinner`)."""
    after = match.after
    if after is not None and after.kind == "word" and after.value.islower():
        return None
    return match.get("holiday")


_DURING = "(?<=in|during|since|until)"
_BESIDE = "(?<=in|during|since|until|before|after|over|around)"

PERIODS = (
    rule("MONTH (comma|of|dash)? year|year dash? month", "period", _month_of_year),
    rule("(?<!last|this|next) month_own", "yearly", _month),
    rule("the? SEASON (of|comma)? year", "period", _season_of_year),
    rule("year_quarter|(quarter|small_quarter) (of|dash|comma)? year", "period", _quarter_of_year),
    rule("half_year (of|dash|comma)? year", "period", _half_of_year),
    rule("the (decade|decade_word)|(?<=in|during) decade", "period", _decade),
    rule("(between|from) year (and|TO) year|(?<=in|during|since|until|before|after) year dash year", "period", _years),
    rule("(?<=in|during|since|until|before|after) the? year (?!dash)", "period", _year),
    rule("(?<=period(and|or|comma)) year (?!dash)", "period", _year),
    rule(f"{_DURING} LONG_MONTH", "yearly", _month),
    rule("(?<=before|after|around) SURE_MONTH", "yearly", _month),
    rule("(?<=by) (month|titled|short_month)", "yearly", _month),
    rule("(?<=between|from) LONG_MONTH (?=(and|TO) (LONG_MONTH|period|yearly))", "yearly", _month),
    rule("(?<=from) (month|titled|short_month)", "yearly", _month),
    rule("SURE_MONTH (?=TO (SURE_MONTH|period|yearly))", "yearly", _month),
    rule("(?<=(between|from)(yearly|period)(and|TO)) LONG_MONTH", "yearly", _month),
    rule("(?<=(yearly|period)(and|or|comma|TO)) SURE_MONTH", "yearly", _month),
    rule(f"{_BESIDE} the? season (?!word)", "yearly", season),
    rule("(?<=in|during|since|over|before|after) the wordlike_season (?!word|opaque|through|back)", "yearly", season),
    rule("(?<=in|during|since|until|before|after|by) quarter", "yearly", _bare_quarter),
    rule("(?<=on|at|around|before|after|since|until|by|over|during|in|between) the? holiday", "yearly_day", holiday),
    rule("(?<=yearly_day(and|or|to|dash)) holiday", "yearly_day", holiday),
)
