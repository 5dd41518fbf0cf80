"""JSON and text as they come from outside: read where there is a way to, and whole again before they go on."""

from __future__ import annotations

import json
import threading
from typing import Any, TypeVar

import msgspec

Kind = TypeVar("Kind")

_COUNT_MAX = 1_000_000_000

# msgspec makes its plan of a struct when it first needs it, and another thread that comes by meanwhile meets half a
# plan: the process ends by a segmentation fault. Seen with four calls in flight, msgspec 0.22.
_planning = threading.Lock()
_planned: set[type] = set()


class NotJson(Exception):
    """Nothing can be read there, or something else than what was expected."""


def loaded(text: str) -> Any:
    """JSON, also with half a surrogate pair or a control character in it. Errors: `NotJson`."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        pass
    try:
        return json.loads(text.removeprefix("\ufeff"), strict=False)
    except (ValueError, RecursionError):
        # A number of thousands of digits is a `ValueError` too.
        raise NotJson from None


def read_as(body: bytes, kind: type[Kind]) -> Kind:
    """JSON as *kind*; broken UTF-8 becomes the sign for what cannot be shown. Errors: `NotJson`."""
    if kind not in _planned:
        with _planning:
            msgspec.json.Decoder(kind)
            _planned.add(kind)
    try:
        return msgspec.convert(loaded(body.decode("utf-8", "replace")), kind, strict=False)
    except (msgspec.ValidationError, RecursionError):
        raise NotJson from None


def whole(text: str) -> str:
    """Text that UTF-8 can carry: half a surrogate pair becomes the sign for what cannot be shown."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def count(value: object) -> int:
    """So many tokens; 0 for what is no count: a budget must neither grow by it nor end with one call."""
    return value if isinstance(value, int) and 0 < value <= _COUNT_MAX else 0
