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

    def holds(self, time_ms: int) -> bool:
        """Whether an instant lies in it."""
        return (self.from_ms is None or self.from_ms <= time_ms) and (self.until_ms is None or time_ms <= self.until_ms)


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
    None on a side that is open. ``anchor_event_id`` is the event that was found to tell of it,
    ``anchor_sentence`` how, verbatim; its interval is then the last of the spans. ``cues`` are the
    words beside the spans that say this: code points ``[start, end)`` of what tells the order
    (`last`) and of what leads to the anchor (`two weeks before`), in the order of the query.
    """

    spans: tuple[TimeSpan, ...] = ()
    order: TimeOrder = TimeOrder.ANY
    anchor: str = ""
    anchor_from_ms: int | None = None
    anchor_until_ms: int | None = None
    anchor_event_id: str = ""
    anchor_sentence: str = ""
    cues: tuple[tuple[int, int], ...] = ()

    @property
    def is_timeless(self) -> bool:
        """Whether the query says nothing of time."""
        return self == TIMELESS

    @property
    def words(self) -> tuple[tuple[int, int], ...]:
        """The words of the query that say when and nothing of what: code points ``[start, end)``.

        Disjoint and in order. The words that name an anchor are none of them: what happened before
        the release may well speak of it.
        """
        said = [*self.cues, *((span.start, span.end) for span in self.spans if not self._is_anchor(span))]
        joined: list[tuple[int, int]] = []
        for start, end in sorted(said):
            if joined and start < joined[-1][1]:
                joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
            else:
                joined.append((start, end))
        return tuple(joined)

    def _is_anchor(self, span: TimeSpan) -> bool:
        """Whether it is the interval that an anchor was found to mean: that span covers the anchor's name."""
        return bool(self.anchor_event_id) and span is self.spans[-1]


TIMELESS = TimeReading()
