"""Reading the rows of views: what is no row of ours is told as damage."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from agent_memory.errors import Corrupt

R = TypeVar("R")


def decoded(decoder: msgspec.msgpack.Decoder[R], value: bytes, family: str, key: bytes) -> R:
    """The row. Errors: `Corrupt`, naming the *family* and the *key*."""
    try:
        return decoder.decode(value)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        place = f"{family} {key.hex()}" if key else family
        raise Corrupt(f"a row of {place} cannot be read: {error}") from error
