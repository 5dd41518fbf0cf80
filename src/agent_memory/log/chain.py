"""The digest chain: each entry of the log vouches for all before it.

digest(n)       = SHA-256(digest(n - 1), kind:u8, content(n)); digest(0) is 32 zero bytes
content(event)  = SHA-256(ULID:16B, record)
content(answer) = SHA-256(hash of the record:16B, record)

Content enters as its own digest, so that content can one day be replaced by its digest
(redaction) and the chain still holds.
"""

from __future__ import annotations

from hashlib import sha256

FIRST_DIGEST = bytes(32)


def content_digest(name: bytes, record: bytes) -> bytes:
    """The digest of an entry's content; *name* is an event's ULID, or an answer's key."""
    return sha256(name + record).digest()


def next_digest(previous: bytes, kind: int, content: bytes) -> bytes:
    """The digest of an entry that follows the one with digest *previous*."""
    return sha256(b"%b%c%b" % (previous, kind, content)).digest()
