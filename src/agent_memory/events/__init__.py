"""What can be recorded, its ids and its bytes."""

from agent_memory.events.limits import EventLimits
from agent_memory.events.model import (
    KINDS_WITH_TEXT,
    ROLE_OF_KIND,
    START,
    Draft,
    Event,
    Kind,
    Position,
    Receipt,
    Recorded,
    Role,
)

__all__ = [
    "KINDS_WITH_TEXT",
    "ROLE_OF_KIND",
    "START",
    "Draft",
    "Event",
    "EventLimits",
    "Kind",
    "Position",
    "Receipt",
    "Recorded",
    "Role",
]
