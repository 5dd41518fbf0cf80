"""How much one event may hold."""

from __future__ import annotations

import msgspec


class EventLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Sizes are of the UTF-8 form."""

    text_bytes_max: int = 1 << 20
    metadata_bytes_max: int = 64 << 10
    name_bytes_max: int = 1024
    """Session, agent, project, speaker, source, source id, tool name, tool call id."""
    future_ms_max: int = 24 * 3_600_000
    """How far ahead of now an event may lie: clocks of machines differ."""
