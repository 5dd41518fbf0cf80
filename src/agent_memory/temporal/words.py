"""The words that speak of time: what kind of word each is, and its value.

Kinds of months tell how sure a bare word is to be one. `month` is nothing else; `namelike` is a
person's name too (April, June); `wordlike` is a verb or an adjective as well (may, march, mar).
The grammar asks for the more company the less sure a word is.
"""

from __future__ import annotations

from agent_memory.temporal import moments
from agent_memory.temporal.holidays import HOLIDAYS
from agent_memory.temporal.moments import Unit


def listed(words: str) -> frozenset[str]:
    """The words of a list that is written as one text."""
    return frozenset(words.split())


MONTHS = {
    "january": 1,
    "february": 2,
    "march": 3,
    "april": 4,
    "may": 5,
    "june": 6,
    "july": 7,
    "august": 8,
    "september": 9,
    "october": 10,
    "november": 11,
    "december": 12,
}
WEEKDAYS = {
    "monday": 0,
    "tuesday": 1,
    "wednesday": 2,
    "thursday": 3,
    "friday": 4,
    "saturday": 5,
    "sunday": 6,
}
NAMELIKE_MONTHS = {"april", "june", "august"}
WORDLIKE_MONTHS = {"may", "march"}
SHORT_MONTHS = {
    "jan": 1,
    "feb": 2,
    "mar": 3,
    "apr": 4,
    "jun": 6,
    "jul": 7,
    "aug": 8,
    "sep": 9,
    "sept": 9,
    "oct": 10,
    "nov": 11,
    "dec": 12,
}
SHORT_WEEKDAYS = {
    "mon": 0,
    "tue": 1,
    "tues": 1,
    "wed": 2,
    "thu": 3,
    "thur": 3,
    "thurs": 3,
    "fri": 4,
    "sat": 5,
    "sun": 6,
}
WORDLIKE_SHORT = {"mar", "sep", "dec", "oct", "jan", "mon", "wed", "sat", "sun"}
"""Short forms that mean something else when they are written small."""

SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}
"""The first month of each, as meteorologists of the northern half count them."""

PARTS = {"morning": (4, 12), "afternoon": (12, 18), "evening": (17, 24), "night": (18, 30)}
"""Hours from midnight. The night belongs to the day on which it begins."""

NUMBERS = {
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
    "thirteen": 13,
    "fourteen": 14,
    "fifteen": 15,
    "sixteen": 16,
    "seventeen": 17,
    "eighteen": 18,
    "nineteen": 19,
}
TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
VAGUE_NUMBERS = {"couple": (2, 2), "few": (2, 5), "several": (3, 7)}
ORDINALS = {
    "first": 1,
    "second": 2,
    "third": 3,
    "fourth": 4,
    "fifth": 5,
    "sixth": 6,
    "seventh": 7,
    "eighth": 8,
    "ninth": 9,
    "tenth": 10,
    "eleventh": 11,
    "twelfth": 12,
    "thirteenth": 13,
    "fourteenth": 14,
    "fifteenth": 15,
    "sixteenth": 16,
    "seventeenth": 17,
    "eighteenth": 18,
    "nineteenth": 19,
    "twentieth": 20,
    "thirtieth": 30,
}
UNITS = {
    "minute": Unit.MINUTE,
    "min": Unit.MINUTE,
    "hour": Unit.HOUR,
    "hr": Unit.HOUR,
    "day": Unit.DAY,
    "week": Unit.WEEK,
    "month": Unit.MONTH,
    "quarter": Unit.QUARTER,
    "year": Unit.YEAR,
    "decade": Unit.DECADE,
}
DECADES = {"fifties": 1950, "sixties": 1960, "seventies": 1970, "eighties": 1980, "nineties": 1990}

_LIKE: dict[str, str] = {
    "the": "the",
    "a an": "a",
    "of": "of",
    "in": "in",
    "on": "on",
    "at": "at",
    "to thru": "to",
    "through": "through",
    "and": "and",
    "or": "or",
    "since": "since",
    "until till til 'til": "until",
    "before": "before",
    "after": "after",
    "following": "following",
    "by": "by",
    "from": "from",
    "between": "between",
    "during throughout": "during",
    "over": "over",
    "within": "within",
    "last previous": "last",
    "past": "past",
    "this these": "this",
    "next coming upcoming": "next",
    "ago": "ago",
    "earlier": "earlier",
    "back": "back",
    "later": "later",
    "around circa approximately roughly": "around",
    "about": "about",
    "early": "early",
    "mid": "mid",
    "late": "late",
    "beginning start": "beginning",
    "middle": "middle",
    "end": "end",
    "half": "half",
    "prior": "prior",
    "than": "than",
    "up": "up",
    "no": "no",
    "not": "not",
    "as": "as",
    "starting": "starting",
    "ending": "ending",
    "onwards onward": "onwards",
    "now": "now",
    "today": "today",
    "yesterday": "yesterday",
    "tomorrow": "tomorrow",
    "tonight": "tonight",
    "weekend": "weekend",
    "noon midday": "noon",
    "midnight": "midnight",
    "o'clock": "oclock",
    "am a.m": "am",
    "pm p.m": "pm",
    "every each per any some most all": "every",
    "other": "other",
    "iso calendar": "iso",
    "same": "same",
    "right just immediately straight directly": "right",
    "shortly soon": "shortly",
    "time": "time",
    "we i you he she it they who what which when where why how did do does was were is are has have had will that": (
        "clause"
    ),
}

PAST_VERBS = listed(
    "left went came got met moved made took began broke fell found gave grew knew lost paid quit ran saw said sold sent"
    " set spoke told won wrote built bought brought became felt held kept led thought taught had"
)
"""The commonest that do not end in -ed."""

PLACES = listed(
    "argument arg attempt bit block bracket byte call cell chapter char character child choice class colon column comma"
    " digit dot edge element end entry field floor glance half hand index item key keyword layer letter level line loop"
    " minute name newline node number operand operator option page paragraph param parameter part piece place"
    " position quarter rate resort aid row section semicolon sentence sibling sight slot stage statement step token"
    " value word"
)
"""Nouns of which `first` and `last` tell the place in a thing, or with which they are an idiom; no time."""


def _vocabulary() -> dict[str, tuple[str, object]]:
    words: dict[str, tuple[str, object]] = {}
    for names, kind in _LIKE.items():
        words |= dict.fromkeys(names.split(), (kind, None))
    for name, month in MONTHS.items():
        sure = "namelike" if name in NAMELIKE_MONTHS else "wordlike" if name in WORDLIKE_MONTHS else "month"
        words[name] = (sure, month)
    words |= {name: ("short_month", month) for name, month in SHORT_MONTHS.items()}
    words |= {name: ("weekday", moments.weekday(day)) for name, day in WEEKDAYS.items()}
    words |= {name: ("short_weekday", moments.weekday(day)) for name, day in SHORT_WEEKDAYS.items()}
    words |= {name + "s": ("weekdays", moments.weekday(day)) for name, day in WEEKDAYS.items()}
    words["weekends"] = ("weekdays", moments.weekend())
    words |= {name: ("season", first) for name, first in SEASONS.items()}
    words |= {name: ("part", hours) for name, hours in PARTS.items()}
    words |= {name: ("number", (count, count)) for name, count in NUMBERS.items()}
    words |= {name: ("tens", count) for name, count in TENS.items()}
    words |= {name: ("vague", range_) for name, range_ in VAGUE_NUMBERS.items()}
    words |= {name: ("nth", count) for name, count in ORDINALS.items()}
    words |= {name: ("unit", (unit, 1)) for name, unit in UNITS.items()}
    words |= {name + "s": ("units", (unit, 1)) for name, unit in UNITS.items()}
    words |= {"second": ("nth", 2), "seconds": ("units", (Unit.SECOND, 1))}
    words |= {"fortnight": ("unit", (Unit.WEEK, 2)), "fortnights": ("units", (Unit.WEEK, 2))}
    words |= {name: ("decade_word", first) for name, first in DECADES.items()}
    words |= {f"q{n}": ("quarter", n) for n in (1, 2, 3, 4)}
    words |= {f"h{n}": ("half_year", n) for n in (1, 2)}
    return words


VOCABULARY = _vocabulary()

PHRASES: dict[str, list[tuple[tuple[str, ...], str, object]]] = {}
"""What is written in several words, by the first of them, longest first."""
for _name, _holiday in HOLIDAYS.items():
    _words = tuple(_name.split())
    PHRASES.setdefault(_words[0], []).append((_words, "holiday", _holiday))
for _options in PHRASES.values():
    _options.sort(key=lambda option: -len(option[0]))
