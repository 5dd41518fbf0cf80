"""ULIDs: 48 bits of time in milliseconds, 80 bits that make them distinct.

Text form: 26 characters of Crockford base 32, upper case, which sorts as the 128-bit number
does. Key form: 16 bytes, big-endian. Source: https://github.com/ulid/spec.

`python-ulid` does the same in a few microseconds more; these run once per event and per key,
so they go through the interpreter's own base-32 parser instead. The tests hold them against it.
"""

from __future__ import annotations

import hashlib
import re

ULID_TIME_MAX_MS = (1 << 48) - 1
ULID_RANDOM_MAX = (1 << 80) - 1

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_TO_PYTHON = bytes.maketrans(_CROCKFORD.encode(), b"0123456789abcdefghijklmnopqrstuv")
_PAIRS = [a + b for a in _CROCKFORD for b in _CROCKFORD]
_FORM = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}", re.ASCII)


def is_ulid(text: str) -> bool:
    """Whether *text* is a ULID in its one canonical form: 26 characters, upper case."""
    return _FORM.fullmatch(text) is not None


def ulid_of(time_ms: int, random: int) -> str:
    """The ULID with that time and those 80 bits."""
    p = _PAIRS
    high, low = random >> 40, random & 0xFF_FFFF_FFFF
    return (
        f"{p[time_ms >> 40]}{p[time_ms >> 30 & 1023]}{p[time_ms >> 20 & 1023]}{p[time_ms >> 10 & 1023]}"
        f"{p[time_ms & 1023]}"
        f"{p[high >> 30]}{p[high >> 20 & 1023]}{p[high >> 10 & 1023]}{p[high & 1023]}"
        f"{p[low >> 30]}{p[low >> 20 & 1023]}{p[low >> 10 & 1023]}{p[low & 1023]}"
    )


def ulid_at(other: str, random: int) -> str:
    """The ULID with the time of another one and those 80 bits."""
    p = _PAIRS
    high, low = random >> 40, random & 0xFF_FFFF_FFFF
    return (
        f"{other[:10]}{p[high >> 30]}{p[high >> 20 & 1023]}{p[high >> 10 & 1023]}{p[high & 1023]}"
        f"{p[low >> 30]}{p[low >> 20 & 1023]}{p[low >> 10 & 1023]}{p[low & 1023]}"
    )


def ulid_time_ms(ulid: str) -> int:
    """Its time in milliseconds since 1970."""
    return int(ulid[:10].encode().translate(_TO_PYTHON), 32)


def ulid_key(ulid: str) -> bytes:
    """Its 16 bytes, which sort as the text does."""
    return int(ulid.encode().translate(_TO_PYTHON), 32).to_bytes(16, "big")


def ulid_from_key(key: bytes) -> str:
    """The inverse of `ulid_key`."""
    return ulid_of(int.from_bytes(key[:6], "big"), int.from_bytes(key[6:], "big"))


def ulid_from_number(number: int) -> str:
    """The ULID that is this number of 128 bits."""
    return ulid_of(number >> 80, number & ULID_RANDOM_MAX)


def derived_ulid(time_ms: int, *names: str, order: int | None = None) -> str:
    """A ULID that is a function of its time and *names*: the same today and on a retry.

    *order*, 0 to 65,535, leads the 80 bits, so that ids made in a sequence within one
    millisecond sort in that sequence.
    """
    digest = hashlib.sha256("\x1f".join(names).encode("utf-8", "surrogatepass")).digest()
    random = int.from_bytes(digest[:10], "big")
    if order is not None:
        random = (min(order, 0xFFFF) << 64) | (random >> 16)
    return ulid_of(time_ms, random)


def first_ulid_at(time_ms: int) -> str:
    """The smallest ULID of that millisecond."""
    return ulid_of(time_ms, 0)


def last_ulid_at(time_ms: int) -> str:
    """The largest ULID of that millisecond."""
    return ulid_of(time_ms, ULID_RANDOM_MAX)


def next_ulid(ulid: str) -> str:
    """The one after; the greatest stays."""
    n = int(ulid.translate(_TO_PYTHON), 32)
    return ulid_from_key(min(n + 1, (1 << 128) - 1).to_bytes(16, "big"))


def previous_ulid(ulid: str) -> str:
    """The one before; the smallest stays."""
    n = int(ulid.translate(_TO_PYTHON), 32)
    return ulid_from_key(max(n - 1, 0).to_bytes(16, "big"))
