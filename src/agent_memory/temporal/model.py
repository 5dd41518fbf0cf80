"""What expressions of time mean."""

from __future__ import annotations

import enum

import msgspec


class TimeSpan(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of time that a text names: code points ``[start, end)`` of it mean *from_ms* to *until_ms*.

    Both instants are inclusive, in milliseconds since 1970. An open side (`before June`) is None.
    """

    start: int
    end: int
    from_ms: int | None
    until_ms: int | None


class TimeOrder(enum.Enum):
    """Which of the fitting events a question is after: any, the earliest or the latest."""

    ANY = "any"
    EARLIEST = "earliest"
    LATEST = "latest"


class TimeReading(msgspec.Struct, frozen=True, kw_only=True):
    """What a query says of time.

    ``spans`` are in the order of the query and do not overlap; where there are several, each is as
    good as the other (`in March or April`). A query may have spans, an order and an anchor at once.
    ``anchor`` is what an interval is relative to where that is no date (`before the release`):
    the words that name it, for the events about them to be found first; empty otherwise. Then
    ``anchor_from_ms`` and ``anchor_until_ms`` tell the interval as offsets from the anchor's time;
    None on a side that is open.
    """

    spans: tuple[TimeSpan, ...] = ()
    order: TimeOrder = TimeOrder.ANY
    anchor: str = ""
    anchor_from_ms: int | None = None
    anchor_until_ms: int | None = None

    @property
    def is_timeless(self) -> bool:
        """Whether the query says nothing of time."""
        return self == TIMELESS


TIMELESS = TimeReading()
