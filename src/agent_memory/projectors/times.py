"""The times that events speak of, read once for the views that keep them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from agent_memory.annotation.newest import Newest
from agent_memory.temporal import TimeSpan
from agent_memory.toc.calendar import Calendar


class ReadsTime(Protocol):
    """Finds expressions of time in a text that was said at an instant. A pure function."""

    def __call__(self, text: str, *, said_ms: int, calendar: Calendar) -> Sequence[TimeSpan]: ...


_kept: Newest[tuple[ReadsTime, int, str, str], Sequence[TimeSpan]] = Newest()


def times_in(reads_time: ReadsTime, text: str, *, said_ms: int, calendar: Calendar) -> Sequence[TimeSpan]:
    """What *reads_time* finds in the text; at once if it was just asked for."""
    key = (reads_time, said_ms, calendar.zone, text)
    found = _kept.get(key)
    if found is None:
        found = reads_time(text, said_ms=said_ms, calendar=calendar)
        _kept.put(key, found, len(text))
    return found
