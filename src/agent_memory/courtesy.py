"""Whoever waits for an answer goes first: background work gives way to reads and appends, and never for long.

The interpreter runs one thread at a time, so whoever computes in the background keeps the others from
going on after each of their calls into an engine. Both are matters of the process, whatever the
number of its stores, and so is this.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TypeVar

T = TypeVar("T")

WAIT_S = 0.02
"""How long background work gives way at once."""

WORK_S = 0.002
"""How long it then goes on whoever waits: so it has a tenth of the time at least. Shorter is better for both: p99 of a
search beside 1,000 events a second was 65 to 96 ms with these, and 87 to 129 ms with 12 and 4 ms, with as much done."""

WORK_ASIDE_S = 0.008
"""The same for a process that works for another one: so much of a processor's time, which others may keep from it. With
5 and 2 ms the p99 of a search beside 1,000 events a second was 2 and 3 % less, and 62 and 41 % as much was done."""

NICENESS = 10
"""Of what computes in the background beside the interpreter: a tenth of a busy processor's time. Measured on a busy
machine: with 5 the p99 of a search was a quarter greater, with 19 a third, and no more was done."""

_LOOK_S = 0.001

_changed = threading.Condition()
_served = 0
_own = threading.local()
# A byte that other processes see: not 0 while somebody is served here. And that of the process that this one works for.
_shown: mmap.mmap | None = None
_shown_as = -1
_heeded: mmap.mmap | None = None


@contextmanager
def serving() -> Iterator[None]:
    """A block during which background work gives way."""
    global _served
    with _changed:
        _served += 1
        if _served == 1:
            _show()
    try:
        yield
    finally:
        with _changed:
            _served -= 1
            if not _served:
                _show()
                _changed.notify_all()


def give_way() -> None:
    """Between two pieces of background work: let those who wait go first, if it is time to."""
    if _heeded is not None:
        _give_way_to_another(_heeded)
        return
    if not _served:
        return
    if time.monotonic() < getattr(_own, "works_until_s", 0.0):
        return
    with _changed:
        is_over = _changed.wait_for(_nobody_waits, timeout=WAIT_S)
    if not is_over:
        _own.works_until_s = time.monotonic() + WORK_S


def descriptor() -> int:
    """To be inherited by a process that works for this one, which is to `heed` it. It stays open. Errors: `OSError`."""
    global _shown, _shown_as
    with _changed:
        if _shown is None:
            byte = _shared_byte()
            try:
                # Not among those that every process takes for its input and output.
                _shown_as = fcntl.fcntl(byte, fcntl.F_DUPFD_CLOEXEC, 3)
                _shown = mmap.mmap(byte, 1)
            finally:
                os.close(byte)
            _show()
        return _shown_as


def heed(descriptor: int) -> None:
    """Give way from now on to those who are served by the process that this descriptor was inherited from.

    Errors: `OSError`, `ValueError` where it is of something else.
    """
    global _heeded
    _heeded = mmap.mmap(descriptor, 1, access=mmap.ACCESS_READ)
    os.close(descriptor)


def behind_all(call: Callable[[], T]) -> T:
    """What *call* returns, on a thread that runs after all others that can, as do the threads that it starts.

    For engines alone: whoever computes in Python, or holds a lock, would be put off while others wait for that.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="behind", initializer=_step_back) as behind:
        return behind.submit(call).result()


def giving_way(items: Iterable[T]) -> Iterator[T]:
    """The items, one after the other, giving way before each."""
    for item in items:
        give_way()
        yield item


def _nobody_waits() -> bool:
    return not _served


def _show() -> None:
    if _shown is not None:
        _shown[0] = bool(_served)


def _give_way_to_another(is_serving: mmap.mmap) -> None:
    if not is_serving[0] or time.thread_time() < getattr(_own, "works_until_s", 0.0):
        return
    # All waits count: who serves one after the other, with little between, must not keep it waiting for ever.
    left_s = getattr(_own, "waits_s", WAIT_S)
    begun_s = time.monotonic()
    while is_serving[0]:
        if time.monotonic() - begun_s >= left_s:
            _own.waits_s = WAIT_S
            _own.works_until_s = time.thread_time() + WORK_ASIDE_S
            return
        # Nobody in the other process can wake this one: it looks.
        time.sleep(_LOOK_S)
    _own.waits_s = left_s - (time.monotonic() - begun_s)


def _shared_byte() -> int:
    """A descriptor of one byte that is 0, of no file's name."""
    if hasattr(os, "memfd_create"):
        # In memory: a disk may be full, or make whoever writes wait.
        byte = os.memfd_create("agent-memory-serving")
        os.ftruncate(byte, 1)
        return byte
    import tempfile

    with tempfile.TemporaryFile(buffering=0) as file:
        # Written, so that the disk has a place for it: a hole is filled when it is touched, and nobody could be told.
        file.write(b"\0")
        return os.dup(file.fileno())


def _step_back() -> None:
    if sys.platform == "linux":
        # There a thread has a niceness of its own, which POSIX gives to processes alone.
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), max(os.nice(0), NICENESS))
