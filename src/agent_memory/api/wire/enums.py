"""The enum tables: the one place where a domain word and its number on the wire meet."""

from __future__ import annotations

import enum
from typing import Generic, TypeVar

from agent_memory._pb.agent_memory.v1 import admin_service_pb2 as admin_pb
from agent_memory._pb.agent_memory.v1 import contents_service_pb2 as contents_pb
from agent_memory._pb.agent_memory.v1 import event_pb2 as event_pb
from agent_memory._pb.agent_memory.v1 import search_service_pb2 as search_pb
from agent_memory._pb.agent_memory.v1 import summary_service_pb2 as summary_pb
from agent_memory.annotation import MemoryType
from agent_memory.errors import UnknownFormat
from agent_memory.events import Kind, Role
from agent_memory.memory import ViewState
from agent_memory.retrieval.model import Tier
from agent_memory.summaries.reports import SummariesState
from agent_memory.temporal import TimeOrder
from agent_memory.toc.material import Level

E = TypeVar("E", bound=enum.Enum)
N = TypeVar("N", bound=int)


class Table(Generic[E, N]):
    """An enum of the domain and its numbers: ``number_of[member]``, ``member_of[number]``."""

    def __init__(self, noun: str, number_of: dict[E, N]) -> None:
        self.noun = noun
        self.number_of = number_of
        self.member_of: dict[int, E] = {int(number): member for member, number in number_of.items()}

    def read(self, number: int) -> E:
        """The member of a number that the daemon sent. Errors: `UnknownFormat` for a newer one."""
        member = self.member_of.get(number)
        if member is None:
            raise UnknownFormat(f"the daemon's answer: {self.noun}", number, max(self.member_of))
        return member


KINDS = Table(
    "kind of event",
    {
        Kind.USER_MESSAGE: event_pb.EVENT_KIND_USER_MESSAGE,
        Kind.ASSISTANT_MESSAGE: event_pb.EVENT_KIND_ASSISTANT_MESSAGE,
        Kind.TOOL_CALL: event_pb.EVENT_KIND_TOOL_CALL,
        Kind.TOOL_RESULT: event_pb.EVENT_KIND_TOOL_RESULT,
        Kind.SESSION_START: event_pb.EVENT_KIND_SESSION_START,
        Kind.SESSION_END: event_pb.EVENT_KIND_SESSION_END,
        Kind.COMPACTION: event_pb.EVENT_KIND_COMPACTION,
        Kind.SUBAGENT_START: event_pb.EVENT_KIND_SUBAGENT_START,
        Kind.SUBAGENT_STOP: event_pb.EVENT_KIND_SUBAGENT_STOP,
        Kind.OTHER: event_pb.EVENT_KIND_OTHER,
    },
)
ROLES = Table(
    "role",
    {
        Role.USER: event_pb.ROLE_USER,
        Role.ASSISTANT: event_pb.ROLE_ASSISTANT,
        Role.TOOL: event_pb.ROLE_TOOL,
        Role.SYSTEM: event_pb.ROLE_SYSTEM,
    },
)
TYPES = Table(
    "memory type",
    {
        MemoryType.DECISION: event_pb.MEMORY_TYPE_DECISION,
        MemoryType.PREFERENCE: event_pb.MEMORY_TYPE_PREFERENCE,
        MemoryType.PROCEDURE: event_pb.MEMORY_TYPE_PROCEDURE,
        MemoryType.CONSTRAINT: event_pb.MEMORY_TYPE_CONSTRAINT,
        MemoryType.DEFINITION: event_pb.MEMORY_TYPE_DEFINITION,
        MemoryType.QUESTION: event_pb.MEMORY_TYPE_QUESTION,
        MemoryType.ERROR: event_pb.MEMORY_TYPE_ERROR,
        MemoryType.OBSERVATION: event_pb.MEMORY_TYPE_OBSERVATION,
    },
)
LEVELS = Table(
    "level of node",
    {
        Level.YEAR: contents_pb.NODE_LEVEL_YEAR,
        Level.MONTH: contents_pb.NODE_LEVEL_MONTH,
        Level.WEEK: contents_pb.NODE_LEVEL_WEEK,
        Level.DAY: contents_pb.NODE_LEVEL_DAY,
        Level.SEGMENT: contents_pb.NODE_LEVEL_SEGMENT,
    },
)
TIERS = Table(
    "search tier",
    {
        Tier.HYBRID: search_pb.SEARCH_TIER_HYBRID,
        Tier.LEXICAL: search_pb.SEARCH_TIER_LEXICAL,
        Tier.VECTORS: search_pb.SEARCH_TIER_VECTORS,
        Tier.CONTENTS: search_pb.SEARCH_TIER_CONTENTS,
    },
)
TIME_ORDERS = Table(
    "order in time",
    {
        TimeOrder.ANY: search_pb.TIME_ORDER_ANY,
        TimeOrder.EARLIEST: search_pb.TIME_ORDER_EARLIEST,
        TimeOrder.LATEST: search_pb.TIME_ORDER_LATEST,
    },
)
VIEW_STATES = Table(
    "view state",
    {
        ViewState.LIVE: admin_pb.VIEW_STATE_LIVE,
        ViewState.WAITING: admin_pb.VIEW_STATE_WAITING,
        ViewState.FAILED: admin_pb.VIEW_STATE_FAILED,
    },
)
SUMMARIES_STATES = Table(
    "state of the summaries",
    {
        SummariesState.OFF: summary_pb.SUMMARIES_STATE_OFF,
        SummariesState.IDLE: summary_pb.SUMMARIES_STATE_IDLE,
        SummariesState.WORKING: summary_pb.SUMMARIES_STATE_WORKING,
        SummariesState.WAITING: summary_pb.SUMMARIES_STATE_WAITING,
        SummariesState.STOPPED: summary_pb.SUMMARIES_STATE_STOPPED,
    },
)
