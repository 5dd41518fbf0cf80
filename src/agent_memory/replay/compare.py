"""Where two generations of a view differ first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

_END = ("\U0010ffff", b"")


def first_difference(live: Iterable[tuple[str, bytes]], rebuilt: Iterable[tuple[str, bytes]]) -> str:
    """The first row that only one has, or that they hold differently; empty if they agree.

    Both give their rows in key order, so one pass suffices.
    """
    left, right = _guarded(live), _guarded(rebuilt)
    while True:
        (key, value), (other_key, other) = next(left), next(right)
        if key == other_key:
            if value != other:
                return f"{key}: the live view and its rebuild hold different values"
            if key == _END[0]:
                return ""
        elif key < other_key:
            return f"{key}: only the live view has it"
        else:
            return f"{other_key}: only the rebuild has it"


def _guarded(rows: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    yield from rows
    while True:
        yield _END
