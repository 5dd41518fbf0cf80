"""What can be recorded, its ids and its bytes."""

from agent_memory.events.codec import event_from_record, event_to_record
from agent_memory.events.drafting import complete, complete_all
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
    "complete",
    "complete_all",
    "event_from_record",
    "event_to_record",
]
