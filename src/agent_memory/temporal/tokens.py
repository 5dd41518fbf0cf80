"""From a text to tokens: words with a meaning in time, numbers, written dates, and the rest.

What looks like code is one token that means nothing: a date in a file's name, a version, a port,
an identifier. So a chunk between blanks is taken whole, or, where hyphens join words that are all
known (`mid-March`, `3-7`), in its parts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

from agent_memory.temporal import moments
from agent_memory.temporal.grammar import Token
from agent_memory.temporal.moments import Unit
from agent_memory.temporal.words import PHRASES, VOCABULARY, WORDLIKE_SHORT

_CHUNK_MAX = 60
_CHUNK = re.compile(r"\S+")
_LEADING = "([{<\"'“‘«¿¡*"
_TRAILING = ")]}>\"'”’».,;:!?…*"
_SHORT_YEAR = re.compile(r"['’]\d\d(?!\d)", re.ASCII)  # '24, '90s
_DASHES = re.compile(r"[-–—]")
_QUOTED = re.compile(r"""`[^`]*`|"[^"]*"|“[^”]*”|„[^“”]*[“”]|«[^»]*»|(?<!\w)['‘][^'’]*['’](?!\w)""")
_CODE = re.compile(r"`[^`]*`")

_DIGITS = re.compile(
    r"""
    (?P<y>\d{4})-(?P<mo>\d\d)-(?P<d>\d\d)
      (?:T(?P<h>\d\d):(?P<mi>\d\d)(?::(?P<s>\d\d)(?:[.,]\d{1,9})?)?(?P<zone>[Zz]|[+-]\d\d:?\d\d)?)?
  | (?P<ym_y>\d{4})-(?P<ym_m>\d\d)
  | (?P<w_y>\d{4})-?[Ww](?P<w>\d\d)
  | (?P<q_y>\d{4})-?[Qq](?P<q>[1-4])
  | (?P<s_y>\d{4})/(?P<s_m>\d\d?)/(?P<s_d>\d\d?)
  | (?P<sl_a>\d\d?)/(?P<sl_b>\d\d?)/(?P<sl_y>\d{4})
  | (?P<dot_d>\d\d)\.(?P<dot_m>\d\d)\.(?P<dot_y>\d{4})
  | (?P<nth>\d{1,3})(?:st|nd|rd|th)
  | (?P<c_h>\d\d?):(?P<c_m>\d\d)(?::\d\d)?(?P<c_half>[ap]\.?m)?
  | (?P<t_h>\d\d?)(?P<t_half>[ap]\.?m)
  | (?P<decade>(?:19|20)\d0)['’]?s
  | ['’]?(?P<short_decade>[5-9]0)['’]?s
  | ['’](?P<short_year>\d\d)
  | (?P<number>\d{1,4})
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)


# 2d, 90min; 3D is a shape, and 10M a size.
_AMOUNT = re.compile(r"(\d{1,3})(s|sec|secs|m|min|mins|h|hr|hrs|d|w|wk|wks)", re.ASCII)
_AMOUNTS = {
    **dict.fromkeys(("s", "sec", "secs"), Unit.SECOND),
    **dict.fromkeys(("m", "min", "mins"), Unit.MINUTE),
    **dict.fromkeys(("h", "hr", "hrs"), Unit.HOUR),
    "d": Unit.DAY,
    **dict.fromkeys(("w", "wk", "wks"), Unit.WEEK),
}
_WEEK = re.compile(r"W(\d\d)", re.ASCII)


def tokens_of(text: str, *, start: int = 0, end: int | None = None, quotes_are_opaque: bool = True) -> list[Token]:
    """The tokens of ``text[start:end]``, with their places in the whole text.

    With *quotes_are_opaque*, what stands in quotation marks says nothing of time (a question that
    quotes looks for those words); code in backticks never does.
    """
    end = len(text) if end is None else end
    part = (_QUOTED if quotes_are_opaque else _CODE).sub(_hide, text[start:end])
    found: list[Token] = []
    named = False
    for chunk in _CHUNK.finditer(part):
        word, at = chunk[0], start + chunk.start()
        lower = word.lower()
        named = named or lower in PHRASES or not word.isalpha()
        if lower not in VOCABULARY and word.isalpha() and len(word) < _CHUNK_MAX:
            found.append(Token("word", word, at, at + len(word)))
        elif len(word) > _CHUNK_MAX:
            found.append(Token("opaque", None, at, at + len(word)))
        else:
            found += [Token(kind, value, at + first, at + last) for kind, value, first, last in _known(word)]
    return _phrases(found, text) if named else found


def _hide(found: re.Match[str]) -> str:
    return "\x00" * len(found[0])


@lru_cache(maxsize=8_192)
def _known(chunk: str) -> tuple[Token, ...]:
    """The tokens of a chunk, which means the same wherever it stands: the small words come in every sentence."""
    return tuple(_read(chunk, 0))


def _read(chunk: str, at: int) -> Iterator[Token]:
    core = chunk if _SHORT_YEAR.match(chunk) else chunk.lstrip(_LEADING)
    lead = len(chunk) - len(core)
    if lead:
        yield Token("mark", None, at, at + lead)
    core = core.rstrip(_TRAILING)
    at += lead
    if core:
        # Written with a typographer's apostrophe or a typewriter's.
        yield from _core(core.replace("’", "'") if "’" in core else core, at)
    trail = chunk[lead + len(core) :]
    if trail:
        comma = trail == ","
        stop = trail[0] in ".?!;:…" and not (trail == "." and core.lower() in _SHORTENED)
        if comma or stop or trail != ".":
            yield Token(
                "comma" if comma else "stop" if stop else "mark", None, at + len(core), at + len(core) + len(trail)
            )


_SHORTENED = {word for word, (kind, _) in VOCABULARY.items() if kind in ("short_month", "short_weekday")}
_SHORTENED |= {"a.m", "p.m", "st"}


def _core(core: str, at: int) -> Iterator[Token]:
    token = _word(core, at) or _digits(core, at)
    if token is not None:
        yield token
        return
    if amount := _AMOUNT.fullmatch(core):
        count, middle = int(amount[1]), at + len(amount[1])
        yield Token("number", (count, count), at, middle)
        yield Token("units", (_AMOUNTS[amount[2]], 1), middle, at + len(core))
        return
    parts = list(_parts(core, at)) if _DASHES.search(core) else []
    if parts:
        yield from parts
    else:
        plain = core.replace("'", "").replace("-", "").isalpha()
        yield Token("word" if plain else "opaque", core if plain else None, at, at + len(core))


def _parts(core: str, at: int) -> Iterator[Token]:
    """The parts of a hyphenated chunk with dashes between, or nothing unless all are known."""
    found: list[Token] = []
    last = 0
    for dash in [*_DASHES.finditer(core), None]:
        end = dash.start() if dash else len(core)
        part = core[last:end]
        token = _word(part, at + last) or _digits(part, at + last) if part else Token("dash", None, at, at)
        if token is None:
            return
        if part:
            found.append(token)
        if dash:
            found.append(Token("dash", None, at + dash.start(), at + dash.end()))
            last = dash.end()
    yield from found


def _word(core: str, at: int) -> Token | None:
    lower = core.lower()
    end = at + len(core)
    known = VOCABULARY.get(lower)
    if known is None:
        if lower.endswith("'s") and (known := VOCABULARY.get(lower[:-2])) is not None:
            # Monday's meeting, but not April's answer.
            kind = "month_own" if known[0] == "month" else known[0]
            return Token(kind if kind in _OWNING else "word", known[1], at, end) if core.isascii() else None
        if lower.endswith("'") and lower[:-1] in VOCABULARY:
            return Token(*VOCABULARY[lower[:-1]], at, end)
        return None
    kind, value = known
    if kind == "wordlike" and core.istitle():
        kind = "titled"
    elif lower in WORDLIKE_SHORT and not core.istitle():
        kind = "wordlike_short" if kind == "short_month" else "wordlike_weekday"
    elif kind == "season" and lower in ("spring", "fall"):
        kind = "wordlike_season"
    elif kind == "quarter" and core.islower():
        kind = "small_quarter"
    return Token(kind, value, at, end)


_OWNING = {"weekday", "today", "yesterday", "tomorrow", "tonight", "unit", "weekend", "part", "year", "month_own"}


def _digits(core: str, at: int) -> Token | None:
    if core[0] == "W" and (week := _WEEK.fullmatch(core)):
        return Token("week", int(week[1]), at, at + len(core))
    if (not core[0].isdigit() and core[0] not in "'’") or (found := _DIGITS.fullmatch(core)) is None:
        return None
    kind, value = _digits_value({name: text for name, text in found.groupdict().items() if text})
    return Token(kind, value, at, at + len(core)) if value is not None else Token("opaque", None, at, at + len(core))


def _digits_value(part: dict[str, str]) -> tuple[str, Any]:
    number = {name: int(text) for name, text in part.items() if text.isdigit()}
    try:
        if "h" in part:
            return _iso_time(part)
        for y, m, d in (("y", "mo", "d"), ("s_y", "s_m", "s_d"), ("dot_y", "dot_m", "dot_d")):
            if y in part:
                day = datetime(number[y], number[m], number[d]).date()
                return "day", moments.days(day, day)
        if "ym_y" in part:
            month = datetime(number["ym_y"], number["ym_m"], 1).date()
            return "period" if 1900 <= month.year < 2100 else "opaque", moments.period(month, Unit.MONTH)
    except (ValueError, OverflowError):
        return "opaque", None
    if "w_y" in part:
        return "period", moments.iso_week(number["w_y"], number["w"])
    if "q_y" in part:
        return "year_quarter", (number["q_y"], number["q"])
    if "sl_y" in part:
        return "slashed", (number["sl_a"], number["sl_b"], number["sl_y"])
    if "nth" in part:
        return "ordinal", number["nth"]
    if "c_h" in part or "t_h" in part:
        return _clock(
            number.get("c_h", number.get("t_h", 0)), number.get("c_m"), part.get("c_half") or part.get("t_half")
        )
    if "decade" in part:
        return "decade", number["decade"]
    if "short_decade" in part:
        return "decade_word", 1900 + number["short_decade"]
    if "short_year" in part:
        return "year", 2000 + number["short_year"] - (100 if number["short_year"] >= 50 else 0)
    count = number["number"]
    if len(part["number"]) == 4 and 1900 <= count < 2100:
        return "year", count
    return "number", (count, count)


def _iso_time(part: dict[str, str]) -> tuple[str, Any]:
    year, month, day, hour, minute = (int(part[name]) for name in ("y", "mo", "d", "h", "mi"))
    at = datetime(year, month, day, hour, minute, int(part.get("s", 0)))
    end = at + (timedelta(seconds=1) if "s" in part else timedelta(minutes=1))
    grain = Unit.SECOND if "s" in part else Unit.MINUTE
    if "zone" not in part:
        return "part_of_day", moments.Moment(at, end, grain)
    zone = UTC
    if part["zone"] not in "Zz":
        sign = -1 if part["zone"][0] == "-" else 1
        zone = timezone(sign * timedelta(hours=int(part["zone"][1:3]), minutes=int(part["zone"][-2:])))
    return "instant", (at.replace(tzinfo=zone), end.replace(tzinfo=zone))


def _clock(hour: int, minute: int | None, half: str | None) -> tuple[str, Any]:
    if (half and not 1 <= hour <= 12) or hour > 24 or (minute or 0) > 59:
        return "opaque", None
    if half:
        hour = hour % 12 + (12 if half[0] in "pP" else 0)
    return ("clock" if half else "bare_clock"), (hour, minute, bool(half) or hour > 12)


def _phrases(tokens: list[Token], text: str) -> list[Token]:
    """The tokens with names of several words taken together."""
    found: list[Token] = []
    at = 0
    while at < len(tokens):
        first = text[tokens[at].start : tokens[at].end].lower().replace("’", "'")
        for words, kind, value in PHRASES.get(first, ()):
            rest = [text[t.start : t.end].lower().replace("’", "'") for t in tokens[at : at + len(words)]]
            if tuple(rest) == words:
                found.append(Token(kind, value, tokens[at].start, tokens[at + len(words) - 1].end))
                at += len(words)
                break
        else:
            found.append(tokens[at])
            at += 1
    return found
