"""What only a newer release writes into a log."""

from __future__ import annotations

from agent_memory.log.chain import content_digest, next_digest
from agent_memory.log.keys import log_entry, log_key, log_value
from agent_memory.storage import Family, Rows

FROM_TOMORROW = 7
"""A kind of entry that this release does not know."""


def record_of_tomorrow(rows: Rows, at: int, record: bytes = b"pinned by Ada") -> None:
    """What a newer release appends: an entry of a kind to come, with its place in the chain."""
    before = rows.get(Family.LOG, log_key(at - 1))
    assert before is not None
    name = bytes(16)
    digest = next_digest(log_entry(at - 1, before)[2], FROM_TOMORROW, content_digest(name, record))
    batch = rows.batch()
    batch.put(Family.LOG, log_key(at), log_value(FROM_TOMORROW, name, digest, record))
    rows.write(batch, durable=True)
