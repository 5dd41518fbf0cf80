"""What the log holds: events, and what language models answered about them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from agent_memory.events import Position, Recorded
from agent_memory.summaries.model import Answer


class RecordedAnswer(msgspec.Struct, frozen=True, gc=False):
    """An answer with its place in the log."""

    position: Position
    answer: Answer


Entry = Recorded | RecordedAnswer
"""What stands at a position."""


def events_of(entries: Sequence[Entry]) -> list[Recorded]:
    """The events among them, in order: most views are made of nothing else."""
    return [entry for entry in entries if isinstance(entry, Recorded)]
