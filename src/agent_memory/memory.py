"""`Memory`: the one protocol that every front speaks, in process and over gRPC."""

from __future__ import annotations

import enum
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Sequence
from typing import Generic, Protocol, TypeVar

import msgspec

from agent_memory.annotation import MemoryType
from agent_memory.events import Draft, Kind, Position, Receipt, Recorded, Role
from agent_memory.indexes.model import Session
from agent_memory.retrieval.context import ContextBlock
from agent_memory.retrieval.model import DEFAULT_OPTIONS, SearchOptions, SearchResult
from agent_memory.summaries.reports import (
    EVERYTHING_WAITING,
    SetAsideNode,
    SummariesEstimate,
    SummariesReport,
    SummariesStatus,
    SummariesWanted,
    SummaryPreview,
    SummaryVersion,
)
from agent_memory.toc.model import Grip, Node

T = TypeVar("T")

VIEW_NAMES = ("toc", "lexical", "vectors", "catalog", "entities")


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which events a read is about. Fields narrow each other; values of one field widen it.

    ``from_`` and ``until`` are inclusive: a local date of the store's zone (`2026-01-15`, the
    whole day; `2026-01` and `2026` likewise) or an RFC 3339 time with its offset.
    """

    from_: str = ""
    until: str = ""
    agents: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()
    sessions: tuple[str, ...] = ()
    roles: tuple[Role, ...] = ()
    kinds: tuple[Kind, ...] = ()
    types: tuple[MemoryType, ...] = ()


EVERYTHING = Filter()


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """Some of the items, and the token that gets the next; empty on the last page."""

    items: tuple[T, ...]
    next_token: str = ""


class Root(msgspec.Struct, frozen=True, kw_only=True):
    """The top of the contents."""

    years: tuple[Node, ...]
    event_count: int
    time_zone: str


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """One local day; ``node_id`` and ``title`` are empty for a day without events."""

    date: str
    event_count: int
    session_count: int
    agents: tuple[str, ...]
    projects: tuple[str, ...]
    node_id: str
    title: str


class Days(msgspec.Struct, frozen=True, kw_only=True):
    """Every day of a range, the empty ones included."""

    days: tuple[Day, ...]
    time_zone: str


class GripContext(msgspec.Struct, frozen=True, kw_only=True):
    """A grip and its event among its neighbours of the same session, in time order."""

    grip: Grip
    events: tuple[Recorded, ...]


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """The events around one, itself among them, in time order; and whether there are more on either side."""

    event_id: str
    events: tuple[Recorded, ...]
    more_before: bool
    more_after: bool


class ViewState(enum.Enum):
    """Live (catching up included), waiting for something outside, or failed."""

    LIVE = "live"
    WAITING = "waiting"
    FAILED = "failed"


class ViewStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How far a view has come; ``lag`` counts entries, ``error`` says why it stands still."""

    name: str
    state: ViewState
    position: Position
    lag: int
    oldest_pending_s: float
    error: str
    error_position: Position
    generation: int


class SpoolStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What hooks have left for the daemon.

    Of payloads: how many wait and for how long, are in the log, told nothing that is kept (ignored, paused
    or without an event), were set aside because the log refuses them, and could not even be spooled.
    ``redacted`` counts secrets by kind. ``error`` says why nothing is taken in now.
    """

    path: str
    waiting: int = 0
    oldest_waiting_s: float = 0.0
    drained: int = 0
    skipped: int = 0
    refused: int = 0
    lost: int = 0
    redacted: dict[str, int] = msgspec.field(default_factory=dict)
    paused: bool = False
    error: str = ""


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """How the store is. ``healthy``: appends are durable, no view has failed and the spool is taken in."""

    healthy: bool
    position: Position
    event_count: int
    views: tuple[ViewStatus, ...]
    store_path: str
    time_zone: str
    model_id: str
    store_format: int
    version: str
    start_ms: int
    disk_free_bytes: int
    append_error: str
    spool: SpoolStatus = SpoolStatus(path="")
    summaries: SummariesStatus = SummariesStatus()


class ReplayProgress(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """How far the building of a view has come."""

    view: str
    position: Position
    target: Position


class ReplayVerdict(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Whether the live view held exactly what the log gives, or where they first differ."""

    view: str
    identical: bool
    first_difference: str
    position: Position
    duration_s: float


class VerifyProgress(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """How far a check has come."""

    check: str
    done: int
    total: int


class VerifyFinding(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Something that does not hold."""

    check: str
    message: str


class VerifyVerdict(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Whether all that must hold does."""

    sound: bool
    checks: tuple[str, ...]
    finding_count: int


class AppendRefused(msgspec.Struct, frozen=True, kw_only=True):
    """An event of a stream that was refused; the stream goes on."""

    reason: str
    message: str


StreamOutcome = Receipt | AppendRefused
ReplayReport = ReplayProgress | ReplayVerdict
VerifyReport = VerifyProgress | VerifyFinding | VerifyVerdict


class Memory(Protocol):
    """A store of conversations: append, read, browse, search, replay.

    ``min_position`` on a read waits until what serves it contains that position, for as long
    as ``timeout_s`` (default 10 s), and else fails with `ViewBehind`: read your own write.
    """

    async def append(self, draft: Draft) -> Receipt:
        """Record one event; durable on return. Errors: `InvalidEvent`, `EventConflict`, `DiskFull`."""
        ...

    async def append_batch(self, drafts: Sequence[Draft]) -> list[Receipt]:
        """Record all or none; durable on return. Errors name the event by its index."""
        ...

    def append_stream(self, drafts: Iterable[Draft] | AsyncIterable[Draft]) -> AsyncIterator[StreamOutcome]:
        """Record events as they come; outcomes in order, each once its event is durable.

        A plain iterable is asked for its drafts on a thread of its own: it may wait, or call the
        memory. What it raises is raised here, after the outcomes of what it gave.
        """
        ...

    async def event(self, event_id: str) -> Recorded:
        """Errors: `UnknownEvent`; `InvalidQuery` for an id that is no ULID."""
        ...

    async def get_events(self, ids: Sequence[str]) -> list[Recorded]:
        """1 to 1,000 events, in the order of *ids*; all or none.

        Errors: `UnknownEvent`; `InvalidQuery` for what is no ULID, and for texts that are too long
        in all for one answer.
        """
        ...

    async def events(
        self,
        *,
        where: Filter = EVERYTHING,
        newest_first: bool = False,
        limit: int = 100,
        token: str = "",
        min_position: Position = 0,
    ) -> Page[Recorded]:
        """Events in time order, 1 to 1,000 a page. Errors: `InvalidQuery`."""
        ...

    async def timeline(
        self, event_id: str, *, before: int = 5, after: int = 5, across_sessions: bool = False
    ) -> Timeline:
        """The event with 0 to 100 neighbours on each side, of its session or of all. Errors: `UnknownEvent`."""
        ...

    async def session(self, session_id: str, *, min_position: Position = 0) -> Session:
        """Errors: `UnknownSession`."""
        ...

    async def sessions(
        self,
        *,
        where: Filter = EVERYTHING,
        newest_first: bool = False,
        limit: int = 100,
        token: str = "",
        min_position: Position = 0,
    ) -> Page[Session]:
        """Sessions by the time of their first event."""
        ...

    async def root(self, *, min_position: Position = 0) -> Root: ...

    async def node(self, node_id: str, *, version: int = 0, min_position: Position = 0) -> Node:
        """The latest version (0), or the newest that is not later. Errors: `UnknownNode`."""
        ...

    async def children(
        self, node_id: str, *, limit: int = 100, token: str = "", min_position: Position = 0
    ) -> Page[Node]:
        """Children in time order. Errors: `UnknownNode`."""
        ...

    async def node_versions(self, node_id: str) -> list[int]:
        """The versions that are kept, newest first."""
        ...

    async def days(
        self,
        *,
        from_: str = "",
        until: str = "",
        agents: Sequence[str] = (),
        projects: Sequence[str] = (),
        min_position: Position = 0,
    ) -> Days:
        """Every local day between two dates, both inclusive: what `browse` shows."""
        ...

    async def grip(self, grip_id: str) -> Grip:
        """Errors: `UnknownGrip`."""
        ...

    async def expand(self, grip_id: str, *, before: int = 3, after: int = 3) -> GripContext:
        """The grip's event with 0 to 100 neighbours on each side, within its session."""
        ...

    async def search(
        self,
        query: str,
        *,
        where: Filter = EVERYTHING,
        limit: int = 10,
        options: SearchOptions = DEFAULT_OPTIONS,
        min_position: Position = 0,
    ) -> SearchResult:
        """The 1 to 200 best events for any text. Errors: `InvalidQuery`, naming filter or option."""
        ...

    async def build_context(
        self,
        query: str,
        *,
        token_budget: int = 2_000,
        where: Filter = EVERYTHING,
        options: SearchOptions = DEFAULT_OPTIONS,
        min_position: Position = 0,
    ) -> ContextBlock:
        """A text for an agent to read, of at most 50 to 32,000 tokens: the best hits, quoted, dated and cited.

        Errors: `InvalidQuery`, naming budget, filter or option.
        """
        ...

    async def estimate_summaries(self, wanted: SummariesWanted = EVERYTHING_WAITING) -> SummariesEstimate:
        """About what it would take to word these nodes by the configured language model; nothing is sent.

        Errors: `InvalidConfig` where none is configured; `UnknownNode`, `InvalidQuery`.
        """
        ...

    async def preview_summary(self, node_id: str) -> SummaryPreview:
        """Exactly what would be sent to word a node; nothing is. Errors: as `estimate_summaries`."""
        ...

    def summarise(self, wanted: SummariesWanted = EVERYTHING_WAITING) -> AsyncIterator[SummariesReport]:
        """Have nodes worded now: reports of progress, then one verdict. Leaving early begins no more calls.

        Errors: as `estimate_summaries`; `SummariesRunning` while somebody else has nodes worded.
        """
        ...

    async def summary_versions(self, node_id: str) -> list[SummaryVersion]:
        """What the model answered about a node, the latest first; older answers stay. Errors: as `preview_summary`."""
        ...

    async def set_aside(self, *, limit: int = 100, token: str = "") -> Page[SetAsideNode]:
        """The nodes that the model would not word, the most recent first. Errors: `InvalidConfig`, `InvalidQuery`."""
        ...

    async def status(self) -> Status: ...

    async def wait_for(self, views: Sequence[str], position: Position, *, timeout_s: float = 10.0) -> None:
        """Return once the views contain the position. Errors: `ViewBehind`, `UnknownView`."""
        ...

    def replay(self, views: Sequence[str] = (), *, restart: bool = False) -> AsyncIterator[ReplayReport]:
        """Build views again beside the live ones, compare, swap them in. Empty: all; each once."""
        ...

    def verify(self) -> AsyncIterator[VerifyReport]:
        """Check all that must hold in the store; reads only."""
        ...

    async def close(self) -> None: ...
