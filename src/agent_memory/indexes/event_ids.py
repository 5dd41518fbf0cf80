"""Event ids and what they say, many at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

EventKeys = NDArray[np.bytes_]
"""ULIDs by their 16 bytes, which sort as the text does: an array of `S16`."""

_CHARACTERS = np.frombuffer(b"0123456789ABCDEFGHJKMNPQRSTVWXYZ", np.uint8)
_LENGTH = 26
_DIGIT_OF = np.zeros(256, np.int64)
_DIGIT_OF[_CHARACTERS] = np.arange(32)
_LOW_SHIFTS = np.arange(55, -1, -5, dtype=np.uint64)
_HIGH_SHIFTS = np.arange(61, 0, -5, dtype=np.uint64)
_FIVE_BITS = np.uint64(31)
_HIGH_VALUES = np.uint64(1) << _HIGH_SHIFTS
_LOW_VALUES = np.uint64(1) << _LOW_SHIFTS


def event_ids_of(high: Sequence[int] | NDArray[np.uint64], low: Sequence[int] | NDArray[np.uint64]) -> list[str]:
    """The ULIDs of which these are the upper and the lower 64 bits, in their order.

    A ULID is 26 digits of five bits: thirteen of the upper half, one across both, twelve of the lower.
    """
    highs, lows = np.asarray(high, np.uint64), np.asarray(low, np.uint64)
    digits = np.empty((len(highs), _LENGTH), np.uint8)
    digits[:, :13] = highs[:, None] >> _HIGH_SHIFTS & _FIVE_BITS
    digits[:, 13] = (highs & np.uint64(1)) << np.uint64(4) | lows >> np.uint64(60)
    digits[:, 14:] = lows[:, None] >> _LOW_SHIFTS & _FIVE_BITS
    text = _CHARACTERS[digits].tobytes().decode("ascii")
    return [text[at : at + _LENGTH] for at in range(0, len(text), _LENGTH)]


def event_keys_of(ids: Sequence[str]) -> EventKeys:
    """Their keys, in their order."""
    digits = _DIGIT_OF[_characters_of(ids)].astype(np.uint64)
    middle = digits[:, 13]
    return keys_of_halves(
        digits[:, :13] @ _HIGH_VALUES | middle >> np.uint64(4),
        (middle & np.uint64(15)) << np.uint64(60) | digits[:, 14:] @ _LOW_VALUES,
    )


def keys_of_halves(high: NDArray[np.uint64], low: NDArray[np.uint64]) -> EventKeys:
    """The keys of which these are the upper and the lower 64 bits."""
    halves = np.empty((len(high), 2), ">u8")
    halves[:, 0], halves[:, 1] = high, low
    return halves.view("S16").ravel()


def keys_of_numbers(numbers: Iterable[int]) -> EventKeys:
    """The keys of ULIDs that are given as numbers of 128 bits."""
    return np.frombuffer(b"".join([number.to_bytes(16, "big") for number in numbers]), "S16")


def ids_of_keys(keys: EventKeys) -> list[str]:
    """The inverse of `event_keys_of`."""
    halves = _halves_of(keys)
    return event_ids_of(halves[:, 0], halves[:, 1])


def times_of(keys: EventKeys) -> NDArray[np.int64]:
    """When these events happened, in milliseconds since 1970."""
    return (_halves_of(keys)[:, 0] >> np.uint64(16)).astype(np.int64)


def lows_of(keys: EventKeys) -> NDArray[np.uint64]:
    """The lower 64 bits, which are random: where these differ, so do the keys."""
    return _halves_of(keys)[:, 1].astype(np.uint64)


def _halves_of(keys: EventKeys) -> NDArray[np.uint64]:
    return np.ascontiguousarray(keys).view(">u8").reshape(len(keys), 2)


def _characters_of(ids: Sequence[str]) -> NDArray[np.uint8]:
    return np.frombuffer("".join(ids).encode("ascii"), np.uint8).reshape(len(ids), _LENGTH)
