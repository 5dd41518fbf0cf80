"""A grip id is an address: with the log alone, it leads to the words that it was made for.

    bits    48          40                        20        20
            time of     first bits of SHA-256     start     length
            the event   of the event's id         (code points of its text)

As text it is a ULID. Nothing about it depends on the contents, so a grip that was shown once
resolves for as long as its event is in the log: find the events of its millisecond, take the
one whose id has the mark, cut.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata

import msgspec

from agent_memory.events.ulids import is_ulid, ulid_at, ulid_key, ulid_time_ms

PLACE_MAX = (1 << 20) - 1
"""The last code point that an excerpt may start at, and the most that it may span."""

_MARK_BYTES = 5
_JOINERS = "\u200d\u200c\ufe0e\ufe0f"
_SURROGATE = re.compile("[\ud800-\udfff]")


class GripAddress(msgspec.Struct, frozen=True, kw_only=True):
    """What a grip id says: code points ``[start, start + length)`` of an event of ``time_ms``."""

    time_ms: int
    mark: int
    start: int
    length: int

    @property
    def end(self) -> int:
        """One past its last code point."""
        return self.start + self.length


def grip_id(event_id: str, start: int, end: int) -> str:
    """The grip of code points ``[start, end)`` of an event's text.

    Errors: `ValueError` for an empty excerpt or one beyond the first 2**20 code points.
    """
    if not (0 <= start < end and start <= PLACE_MAX and end - start <= PLACE_MAX):
        raise ValueError(f"no grip can address code points {start} to {end}")
    return ulid_at(event_id, (_mark(event_id) << 40) | (start << 20) | (end - start))


def grip_address(id: str) -> GripAddress:
    """What a grip id says. Errors: `ValueError` for an id that is no grip's."""
    if not is_ulid(id):
        raise ValueError(f"{id!r} is no ULID")
    n = int.from_bytes(ulid_key(id), "big")
    address = GripAddress(
        time_ms=n >> 80, mark=(n >> 40) & ((1 << 40) - 1), start=(n >> 20) & PLACE_MAX, length=n & PLACE_MAX
    )
    if address.length == 0:
        raise ValueError(f"{id!r} addresses no text")
    return address


def matches(address: GripAddress, event_id: str) -> bool:
    """Whether the address is of that event."""
    return ulid_time_ms(event_id) == address.time_ms and _mark(event_id) == address.mark


def settle(text: str, start: int, end: int) -> tuple[int, int]:
    """Move an excerpt's edges, by little and inwards, to where a reader would cut.

    The result holds no lone surrogate (it ends before the first one), no white space at its
    edges, and splits no character from its accents, no emoji from its parts. It may be empty:
    ``start == end``.
    """
    end = min(end, len(text), PLACE_MAX + 1)
    while start < end and (text[start].isspace() or _SURROGATE.match(text, start) or (start and _binds(text, start))):
        start += 1
    lone = None if text.isascii() else _SURROGATE.search(text, start, end)
    if lone is not None:
        end = lone.start()
    else:
        cut = end
        while start < cut < len(text) and _binds(text, cut):
            cut -= 1
        # A run of nothing but joined characters cannot be cut well; cut it anyway.
        end = cut if cut > start else end
    while start < end and text[end - 1].isspace():
        end -= 1
    return start, min(end, start + PLACE_MAX)


def has_lone_surrogate(text: str, start: int, end: int) -> bool:
    """Whether code points ``[start, end)`` hold half of a character, which no wire format takes."""
    return _SURROGATE.search(text, start, end) is not None


def _mark(event_id: str) -> int:
    return int.from_bytes(hashlib.sha256(event_id.encode()).digest()[:_MARK_BYTES], "big")


def _binds(text: str, at: int) -> bool:
    """Whether the character at *at* belongs with the one before it."""
    c = text[at]
    if c < "\u0300":
        return c == "\n" and text[at - 1] == "\r"
    if text[at - 1] == "\u200d" or c in _JOINERS:
        return True
    # Emoji skin tones; the second of a pair of regional indicators (a flag).
    if "\U0001f3fb" <= c <= "\U0001f3ff":
        return True
    if _is_flag(c):
        run = 0
        while run < at and _is_flag(text[at - 1 - run]):
            run += 1
        return run % 2 == 1
    return unicodedata.category(c)[0] == "M"


def _is_flag(c: str) -> bool:
    return "\U0001f1e6" <= c <= "\U0001f1ff"
