"""Days with a name that come every year."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from agent_memory.temporal import moments
from agent_memory.temporal.moments import Moment, Recurring


def easter(number: int) -> date:
    """Easter Sunday of the western churches. Source: the anonymous Gregorian computus, Nature 1876."""
    century, of_century = divmod(number, 100)
    leap, rest = divmod(century, 4)
    moon = (19 * (number % 19) + century - leap - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    week = (32 + 2 * rest + 2 * (of_century // 4) - moon - of_century % 4) % 7
    late = (number % 19 + 11 * moon + 22 * week) // 451
    month, day = divmod(moon + week - 7 * late + 114, 31)
    return date(number, month, day + 1)


def nth_weekday(number: int, month: int, weekday: int, nth: int) -> date:
    """The *nth* such weekday of a month; Monday is 0."""
    first = date(number, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))


def _moving(day_of: Callable[[int], date], offset: int = 0) -> Recurring:
    def occurrence(number: int) -> Moment:
        day = day_of(number) + timedelta(days=offset)
        return moments.days(day, day)

    return moments.yearly(occurrence)


def _thanksgiving(number: int) -> date:
    return nth_weekday(number, 11, 3, 4)


_FIXED = {
    "new year": (1, 1),
    "new year's day": (1, 1),
    "new years day": (1, 1),
    "new year's": (1, 1),
    "new year's eve": (12, 31),
    "new years eve": (12, 31),
    "valentine's day": (2, 14),
    "valentines day": (2, 14),
    "st patrick's day": (3, 17),
    "st. patrick's day": (3, 17),
    "saint patrick's day": (3, 17),
    "april fools": (4, 1),
    "april fools' day": (4, 1),
    "april fool's day": (4, 1),
    "earth day": (4, 22),
    "may day": (5, 1),
    "cinco de mayo": (5, 5),
    "juneteenth": (6, 19),
    "independence day": (7, 4),
    "bastille day": (7, 14),
    "halloween": (10, 31),
    "all saints' day": (11, 1),
    "guy fawkes night": (11, 5),
    "veterans day": (11, 11),
    "christmas eve": (12, 24),
    "xmas eve": (12, 24),
    "christmas": (12, 25),
    "christmas day": (12, 25),
    "xmas": (12, 25),
    "boxing day": (12, 26),
}

HOLIDAYS: dict[str, Recurring] = {name: moments.day_of_year(*day) for name, day in _FIXED.items()} | {
    "palm sunday": _moving(easter, -7),
    "good friday": _moving(easter, -2),
    "easter": _moving(easter),
    "easter sunday": _moving(easter),
    "easter monday": _moving(easter, 1),
    "thanksgiving": _moving(_thanksgiving),
    "thanksgiving day": _moving(_thanksgiving),
    "black friday": _moving(_thanksgiving, 1),
    "cyber monday": _moving(_thanksgiving, 4),
    "ash wednesday": _moving(easter, -46),
}
