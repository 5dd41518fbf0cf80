"""JSON as models write it, and as much of it as came.

`json` first; what it does not take is read here: a comma too many or too few, quotes of other kinds or unescaped ones
within a text, comments, Python's `None`, line ends in a text, an end that is missing. A member that was cut off is
left out, so what is given back is whole in each of its parts. (Libraries that repair JSON guess the rest of a cut text;
an excerpt must not be guessed.) Takes time linear in the text, whatever it holds, and never raises.
"""

from __future__ import annotations

import json
import re
from typing import Any

DEPTH_MAX = 16
OBJECTS_MAX = 64
"""So many beginnings are tried."""

_SPACE = re.compile(r"(?:[\s\ufeff]+|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_WORD = re.compile(r"[\w.+-]+")
_NUMBER = re.compile(r"[+-]?\d{1,15}(?:\.\d{1,15})?(?:[eE][+-]?\d{1,2})?$")
_WORDS: dict[str, object] = {"true": True, "false": False, "null": None, "none": None, "nan": None}
_QUOTES = {'"': '"', "'": "'", "“": "”", "‘": "’"}
_UP_TO_QUOTE = {
    opens: re.compile(rf"(?:[^\\{closes}]++|\\.)*+{closes}", re.DOTALL) for opens, closes in _QUOTES.items()
}
_AFTER = re.compile(r"\s*(?:[,:}\]]|$)")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")


class _Cut(Exception):
    """The text ended within a value, or cannot go on there; *value* is what of it is whole, if anything."""

    def __init__(self, value: object = None, *, whole: bool = False, at: int = 0) -> None:
        super().__init__()
        self.value = value
        self.whole = whole
        self.at = at


def objects(text: str) -> list[dict[str, Any]]:
    """Every object that begins outside of another one, in order."""
    found: list[dict[str, Any]] = []
    at = text.find("{")
    for _ in range(OBJECTS_MAX):
        if at < 0:
            break
        value, end = _object_at(text, at)
        if value:
            found.append(value)
        at = text.find("{", max(end, at + 1))
    return found


def _object_at(text: str, at: int) -> tuple[dict[str, Any], int]:
    try:
        value, end = _DECODER.raw_decode(text, at)
    except (ValueError, RecursionError):
        pass
    else:
        return (value if isinstance(value, dict) else {}), end
    try:
        value, end = _value(text, at, 0)
    except _Cut as cut:
        value, end = cut.value, cut.at
    return (value if isinstance(value, dict) else {}), end


_DECODER = json.JSONDecoder(strict=False, parse_constant=lambda _: None, parse_int=lambda digits: int(digits[:18]))


def _value(text: str, at: int, depth: int) -> tuple[Any, int]:
    at = _space(text, at)
    c = text[at : at + 1]
    if not c or depth > DEPTH_MAX:
        raise _Cut(at=at)
    if c == "{":
        return _object(text, at + 1, depth)
    if c == "[":
        return _list(text, at + 1, depth)
    if c in _QUOTES:
        return _text(text, at)
    word = _WORD.match(text, at)
    if word is None:
        raise _Cut(at=at)
    low = word[0].lower()
    if low in _WORDS:
        return _WORDS[low], word.end()
    if _NUMBER.match(low) is not None:
        return float(low) if not low.lstrip("+-").isdigit() else int(low), word.end()
    return word[0], word.end()


def _object(text: str, at: int, depth: int) -> tuple[dict[str, Any], int]:
    members: dict[str, Any] = {}
    while True:
        at = _space(text, at, ",")
        c = text[at : at + 1]
        if c == "}":
            return members, at + 1
        try:
            if c in _QUOTES and c:
                name, at = _text(text, at)
            else:
                word = _WORD.match(text, at)
                if word is None:
                    raise _Cut(at=at)
                name, at = word[0], word.end()
            at = _space(text, at)
            if text[at : at + 1] != ":":
                raise _Cut(at=at)
            members[name], at = _value(text, at + 1, depth + 1)
        except _Cut as cut:
            if cut.whole:
                members[name] = cut.value
            raise _Cut(members, whole=True, at=cut.at) from None


def _list(text: str, at: int, depth: int) -> tuple[list[Any], int]:
    members: list[Any] = []
    while True:
        at = _space(text, at, ",")
        if text[at : at + 1] == "]":
            return members, at + 1
        try:
            value, at = _value(text, at, depth + 1)
        except _Cut as cut:
            if cut.whole and cut.value:
                members.append(cut.value)
            raise _Cut(members, whole=True, at=cut.at) from None
        members.append(value)


def _text(text: str, at: int) -> tuple[str, int]:
    """A text between quotes; one of them within it is taken for its end only where something could follow."""
    up_to_quote = _UP_TO_QUOTE[text[at]]
    end = at
    while (found := up_to_quote.match(text, end + 1)) is not None:
        end = found.end() - 1
        if _AFTER.match(text, end + 1) is not None:
            return _unescaped(text[at + 1 : end]), end + 1
    raise _Cut(at=len(text))


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    plain = _ESCAPE.sub(_meant, text)
    return _PAIR.sub(lambda pair: pair[0].encode("utf-16", "surrogatepass").decode("utf-16"), plain)


def _meant(escape: re.Match[str]) -> str:
    told = escape[1]
    return chr(int(told[1:], 16)) if len(told) == 5 else _ESCAPES.get(told, told)


def _space(text: str, at: int, also: str = "") -> int:
    while True:
        found = _SPACE.match(text, at)
        at = found.end() if found is not None else at
        if not also or text[at : at + 1] != also:
            return at
        at += 1
