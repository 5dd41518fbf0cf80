"""Opaque page tokens: where a listing goes on, tied to the listing it came from."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable
from typing import Any

import msgspec

from agent_memory.errors import InvalidQuery

PAGE_SIZE_MAX = 1000
SEARCH_LIMIT_MAX = 200

PAGE_TEXT_MAX = 8 << 20
"""Characters of text that one answer holds before it is cut short: a message holds 64 MiB."""

_FORMAT = 1
_HINT = "Pass `next_page_token` of the page before, with all other fields as they were; or leave it empty."


def encode_token(listing: tuple[object, ...], cursor: object) -> str:
    """A token for *cursor*, valid for calls with an equal *listing* only."""
    raw = msgspec.msgpack.encode((_FORMAT, _mark(listing), cursor))
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode_token(token: str, listing: tuple[object, ...], cursor_type: Any) -> Any:
    """The cursor, or None for an empty token. Errors: `InvalidQuery`."""
    if not token:
        return None
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        version, mark, cursor = msgspec.msgpack.decode(raw, type=tuple[int, bytes, cursor_type])
    except (ValueError, binascii.Error, msgspec.DecodeError) as error:
        raise InvalidQuery("page_token", token, "is not a token of this server", hint=_HINT) from error
    if version != _FORMAT or mark != _mark(listing):
        raise InvalidQuery("page_token", token, "belongs to another listing", hint=_HINT)
    return cursor


def check_page_size(limit: int, *, field: str = "page_size", most: int = PAGE_SIZE_MAX) -> int:
    """*limit*, if it is 1 to *most*. Errors: `InvalidQuery`."""
    if not 1 <= limit <= most:
        raise InvalidQuery(field, limit, f"must be 1 to {most:,}")
    return limit


def count_that_fits(lengths: Iterable[int], *, most: int = PAGE_TEXT_MAX) -> int:
    """How many of the texts of these lengths, from the first, one answer holds: at least one."""
    total = count = 0
    for length in lengths:
        total += length
        if count and total > most:
            break
        count += 1
    return count


def _mark(listing: tuple[object, ...]) -> bytes:
    return hashlib.sha256(msgspec.msgpack.encode(listing)).digest()[:8]
