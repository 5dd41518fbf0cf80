"""Text and time on the wire.

A protobuf string holds well-formed Unicode only, and what agents record now and then is not: a
file cut in the middle of a UTF-16 pair leaves a *lone surrogate*. Text that must come back
verbatim therefore has a second field of bytes beside it, filled only where the string cannot
hold the words: generalised UTF-8, in which a surrogate is coded like any other code point.
"""

from __future__ import annotations

import re

from google.protobuf.timestamp_pb2 import Timestamp

_SURROGATES = re.compile("[\ud800-\udfff]")
_NANOS_PER_MS = 1_000_000


def is_well_formed(text: str) -> bool:
    """Whether a protobuf string can hold it."""
    # Nearly all text ends here: CPython knows of each string whether it is ASCII.
    return text.isascii() or _SURROGATES.search(text) is None


def shown(text: str) -> str:
    """*text* with U+FFFD for each lone surrogate: as many code points, fit for a protobuf string."""
    return text if text.isascii() else _SURROGATES.sub("\ufffd", text)


def exact_bytes(text: str) -> bytes:
    """Generalised UTF-8 of text that is not well-formed; empty for text that is."""
    return b"" if is_well_formed(text) else text.encode("utf-8", "surrogatepass")


def exact_text(text: str, exact: bytes) -> str:
    """The verbatim text of a pair of fields. Errors: `UnicodeDecodeError`."""
    return exact.decode("utf-8", "surrogatepass") if exact else text


def timestamp(time_ms: int) -> Timestamp:
    """Milliseconds since 1970 as a protobuf timestamp."""
    seconds, ms = divmod(time_ms, 1000)
    return Timestamp(seconds=seconds, nanos=ms * _NANOS_PER_MS)


def time_ms_of(time: Timestamp) -> int:
    """Milliseconds since 1970; finer digits are cut."""
    return time.seconds * 1000 + time.nanos // _NANOS_PER_MS
