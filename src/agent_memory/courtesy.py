"""Readers go first: background work gives way to searches, and never for long.

The interpreter runs one thread at a time, so whoever computes in the background keeps a search from
going on after each of its calls into an engine. Both are matters of the process, whatever the
number of its stores, and so is this.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")

WAIT_S = 0.012
"""How long background work gives way at once."""

WORK_S = 0.004
"""How long it then goes on whoever searches: so it has a quarter of the time at least."""

_changed = threading.Condition()
_readers = 0
_own = threading.local()


@contextmanager
def reading() -> Iterator[None]:
    """A block during which background work gives way."""
    global _readers
    with _changed:
        _readers += 1
    try:
        yield
    finally:
        with _changed:
            _readers -= 1
            if not _readers:
                _changed.notify_all()


def give_way() -> None:
    """Between two pieces of background work: wait while somebody reads, if it is time to."""
    if not _readers:
        return
    if time.monotonic() < getattr(_own, "works_until_s", 0.0):
        return
    with _changed:
        _changed.wait_for(_nobody_reads, timeout=WAIT_S)
    _own.works_until_s = time.monotonic() + WORK_S


def giving_way(items: Iterable[T]) -> Iterator[T]:
    """The items, one after the other, giving way before each."""
    for item in items:
        give_way()
        yield item


def _nobody_reads() -> bool:
    return not _readers
