"""Event ids and what they say, many at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_CHARACTERS = np.frombuffer(b"0123456789ABCDEFGHJKMNPQRSTVWXYZ", np.uint8)
_LENGTH = 26
_TIME_LENGTH = 10
_DIGIT_OF = np.zeros(256, np.int64)
_DIGIT_OF[_CHARACTERS] = np.arange(32)
_TIME_VALUES = 32 ** np.arange(_TIME_LENGTH - 1, -1, -1, dtype=np.int64)
_LOW_SHIFTS = np.arange(55, -1, -5, dtype=np.uint64)
_HIGH_SHIFTS = np.arange(61, 0, -5, dtype=np.uint64)
_FIVE_BITS = np.uint64(31)


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


def times_of(ids: Sequence[str]) -> NDArray[np.int64]:
    """When the events of these ids happened, in milliseconds since 1970."""
    characters = np.frombuffer("".join(ids).encode("ascii"), np.uint8).reshape(len(ids), _LENGTH)
    return _DIGIT_OF[characters[:, :_TIME_LENGTH]] @ _TIME_VALUES
