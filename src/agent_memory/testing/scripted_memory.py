"""`ScriptedMemory`: a complete `Memory` for the tests of whatever speaks to one.

It keeps what is appended, answers reads with small ready-made values, and remembers every call.
An answer can be scripted by the method's name: a value is given, an exception is raised, and a
function is called with the call's arguments.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Sequence
from typing import Any

from agent_memory.clock import Clock, IdSource, RandomIds, SystemClock
from agent_memory.errors import (
    EventConflict,
    Invalid,
    UnknownEvent,
    UnknownView,
    ViewBehind,
)
from agent_memory.events import Draft, Event, Kind, Position, Receipt, Recorded, Role, complete
from agent_memory.events.ulids import ulid_of
from agent_memory.indexes.model import Session
from agent_memory.memory import (
    EVERYTHING,
    VIEW_NAMES,
    AppendRefused,
    Day,
    Days,
    Filter,
    GripContext,
    Page,
    ReplayProgress,
    ReplayReport,
    ReplayVerdict,
    Root,
    Status,
    StreamOutcome,
    Timeline,
    VerifyFinding,
    VerifyProgress,
    VerifyReport,
    VerifyVerdict,
    ViewState,
    ViewStatus,
)
from agent_memory.retrieval.context import Citation, ContextBlock
from agent_memory.retrieval.model import DEFAULT_OPTIONS, Hit, SearchOptions, SearchResult, Signal, Tier
from agent_memory.summaries.reports import (
    EVERYTHING_WAITING,
    PreviewedCall,
    SetAsideNode,
    SummariesEstimate,
    SummariesProgress,
    SummariesReport,
    SummariesVerdict,
    SummariesWanted,
    SummaryPreview,
    SummaryVersion,
)
from agent_memory.toc.material import Level
from agent_memory.toc.model import Bullet, Grip, Node

TIME_MS = 1_768_469_400_000
"""Thursday, 15 January 2026, 09:30 UTC."""

EVENT = Event(
    id=ulid_of(TIME_MS, 1),
    kind=Kind.USER_MESSAGE,
    role=Role.USER,
    session="s1",
    agent="claude-code",
    project="/src/shop",
    text="We ship on Friday.",
    metadata={"branch": "main"},
)
GRIP = Grip(
    id=ulid_of(TIME_MS, 2),
    excerpt="ship on Friday",
    event_id=EVENT.id,
    start=3,
    end=17,
    session="s1",
    segment_id=f"segment/{EVENT.id}",
)
NODE = Node(
    id="year/2026",
    level=Level.YEAR,
    parent_id="",
    title="Shipping on Friday",
    bullets=(Bullet(text="Ships on Friday", grip_ids=(GRIP.id,)),),
    keywords=("ship", "friday"),
    start_ms=1_767_225_600_000,
    end_ms=1_798_761_600_000,
    event_count=1,
    child_count=1,
    agents=("claude-code",),
    projects=("/src/shop",),
    version=1,
)
SESSION = Session(
    id="s1",
    title="We ship on Friday.",
    agents=("claude-code",),
    projects=("/src/shop",),
    start_ms=TIME_MS,
    end_ms=TIME_MS,
    event_count=1,
    first_event_id=EVENT.id,
    last_event_id=EVENT.id,
)
HIT = Hit(
    recorded=Recorded(1, EVENT),
    score=0.5,
    signals=(Signal(name="lexical", rank=1, score=7.25, contribution=0.5),),
    excerpt=GRIP.excerpt,
    grip_id=GRIP.id,
    date="2026-01-15",
    session_title="We ship on Friday.",
    node_id=GRIP.segment_id,
)

TIMELINE = Timeline(event_id=EVENT.id, events=(Recorded(1, EVENT),), more_before=True, more_after=False)
RESULT = SearchResult(hits=(HIT,), tier=Tier.LEXICAL, timings_ms={"lexical": 1.5}, behind={"vectors": 3})
BLOCK = ContextBlock(
    text="<agent-memory>\n## 2026-01-15: We ship on Friday.\n[1] 10:30 user: ship on Friday\n</agent-memory>",
    token_count=33,
    tokenizer="o200k_base",
    citations=(
        Citation(
            label="[1]",
            event_id=EVENT.id,
            grip_id=GRIP.id,
            date="2026-01-15",
            session="s1",
            session_title="We ship on Friday.",
        ),
    ),
    left_out=2,
    result=RESULT,
)


def view_status(name: str, **changes: Any) -> ViewStatus:
    """A view that is live and complete, but for *changes*."""
    values: dict[str, Any] = {
        "name": name,
        "state": ViewState.LIVE,
        "position": 1,
        "lag": 0,
        "oldest_pending_s": 0.0,
        "error": "",
        "error_position": 0,
        "generation": 1,
    }
    return ViewStatus(**{**values, **changes})


def status(**changes: Any) -> Status:
    """A store that is well, but for *changes*."""
    values: dict[str, Any] = {
        "healthy": True,
        "position": 1,
        "event_count": 1,
        "views": tuple(view_status(name) for name in VIEW_NAMES),
        "store_path": "/var/lib/agent-memory",
        "time_zone": "Europe/Oslo",
        "model_id": "",
        "store_format": 1,
        "version": "0.1.0",
        "start_ms": TIME_MS,
        "disk_free_bytes": 1 << 40,
        "append_error": "",
    }
    return Status(**{**values, **changes})


ESTIMATE = SummariesEstimate(
    nodes=3, calls=4, tokens_in=5_000, tokens_out_max=2_000, usd_max=0.25, left_out=1, provider="openai", model="small"
)
PREVIEW = SummaryPreview(
    node_id=NODE.id,
    provider="openai",
    model="small",
    calls=(PreviewedCall(system="Write minutes.", user="[1] …", schema="{}", tokens_in=9, answer_tokens_max=500),),
    later=0,
    left_out=False,
)
SUMMARIES_REPORTS: tuple[SummariesReport, ...] = (
    SummariesProgress(done=1, total=3, tokens=1_200, usd=0.01, waiting="slow down", until_ms=TIME_MS),
    SummariesProgress(done=1, total=3, tokens=1_200, usd=0.01, waiting=""),
    SummariesVerdict(worded=2, set_aside=1, left=0, tokens=3_600, usd=0.03, reason=""),
)
SUMMARY_VERSION = SummaryVersion(
    provider="openai",
    model="small",
    prompt_version="minutes/1",
    answered_ms=TIME_MS,
    digest="ab" * 32,
    is_shown=True,
    title="Shipping on Friday",
    abstract="",
    bullets=("Ships on Friday",),
    refusal="",
    tokens=1_200,
    usd=0.01,
    dropped=1,
    anchored=2,
)
SET_ASIDE = SetAsideNode(node_id=NODE.id, level=NODE.level, refusal="openai: blocked, 3 times")


class ScriptedMemory:
    """A `Memory` in a few lists. ``calls`` holds (method, arguments) in order."""

    def __init__(
        self, script: dict[str, Any] | None = None, *, clock: Clock | None = None, ids: IdSource | None = None
    ) -> None:
        self.script = dict(script or {})
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.recorded: dict[str, Recorded] = {}
        self.closed = False
        self._clock = clock or SystemClock()
        self._ids = ids or RandomIds()

    def _answer(self, method: str, arguments: dict[str, Any], otherwise: Callable[[], Any]) -> Any:
        self.calls.append((method, arguments))
        answer = self.script.get(method, otherwise)
        if callable(answer) and not isinstance(answer, type):
            answer = answer() if answer is otherwise else answer(**arguments)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    # -- append ---------------------------------------------------------------------------------

    async def append(self, draft: Draft) -> Receipt:
        receipt: Receipt = self._answer("append", {"draft": draft}, lambda: self._record(draft))
        return receipt

    async def append_batch(self, drafts: Sequence[Draft]) -> list[Receipt]:
        receipts: list[Receipt] = self._answer(
            "append_batch", {"drafts": list(drafts)}, lambda: self._record_all(drafts)
        )
        return receipts

    async def append_stream(self, drafts: Iterable[Draft] | AsyncIterable[Draft]) -> AsyncIterator[StreamOutcome]:
        if isinstance(drafts, AsyncIterable):
            async for draft in drafts:
                yield self._outcome(draft)
        else:
            for draft in drafts:
                yield self._outcome(draft)

    def _outcome(self, draft: Draft) -> StreamOutcome:
        try:
            outcome: StreamOutcome = self._answer("append_stream", {"draft": draft}, lambda: self._record(draft))
        except (Invalid, EventConflict) as error:
            return AppendRefused(reason=error.reason, message=error.advice)
        return outcome

    def _record_all(self, drafts: Sequence[Draft]) -> list[Receipt]:
        before = dict(self.recorded)
        try:
            return [self._record(draft) for draft in drafts]
        except BaseException:
            # All or none.
            self.recorded = before
            raise

    def _record(self, draft: Draft) -> Receipt:
        event = complete(draft, clock=self._clock, ids=self._ids)
        known = self.recorded.get(event.id)
        if known is None:
            known = Recorded(len(self.recorded) + 1, event)
            self.recorded[event.id] = known
            return Receipt(event.id, known.position, True)
        if known.event != event:
            raise EventConflict(event.id, known.position)
        return Receipt(event.id, known.position, False)

    # -- read -----------------------------------------------------------------------------------

    async def event(self, event_id: str) -> Recorded:
        def known() -> Recorded:
            if event_id not in self.recorded:
                raise UnknownEvent(event_id)
            return self.recorded[event_id]

        recorded: Recorded = self._answer("event", {"event_id": event_id}, known)
        return recorded

    async def get_events(self, ids: Sequence[str]) -> list[Recorded]:
        def known() -> list[Recorded]:
            for event_id in ids:
                if event_id not in self.recorded:
                    raise UnknownEvent(event_id)
            return [self.recorded[event_id] for event_id in ids]

        recorded: list[Recorded] = self._answer("get_events", {"ids": tuple(ids)}, known)
        return recorded

    async def timeline(
        self, event_id: str, *, before: int = 5, after: int = 5, across_sessions: bool = False
    ) -> Timeline:
        arguments = {"event_id": event_id, "before": before, "after": after, "across_sessions": across_sessions}
        timeline: Timeline = self._answer("timeline", arguments, lambda: TIMELINE)
        return timeline

    async def events(
        self,
        *,
        where: Filter = EVERYTHING,
        newest_first: bool = False,
        limit: int = 100,
        token: str = "",
        min_position: Position = 0,
    ) -> Page[Recorded]:
        arguments = {
            "where": where,
            "newest_first": newest_first,
            "limit": limit,
            "token": token,
            "min_position": min_position,
        }

        def listed() -> Page[Recorded]:
            items = sorted(self.recorded.values(), key=lambda r: r.event.id, reverse=newest_first)
            return Page(items=tuple(items[:limit]))

        page: Page[Recorded] = self._answer("events", arguments, listed)
        return page

    async def session(self, session_id: str, *, min_position: Position = 0) -> Session:
        session: Session = self._answer(
            "session", {"session_id": session_id, "min_position": min_position}, lambda: SESSION
        )
        return session

    async def sessions(
        self,
        *,
        where: Filter = EVERYTHING,
        newest_first: bool = False,
        limit: int = 100,
        token: str = "",
        min_position: Position = 0,
    ) -> Page[Session]:
        arguments = {
            "where": where,
            "newest_first": newest_first,
            "limit": limit,
            "token": token,
            "min_position": min_position,
        }
        page: Page[Session] = self._answer("sessions", arguments, lambda: Page(items=(SESSION,)))
        return page

    async def root(self, *, min_position: Position = 0) -> Root:
        root: Root = self._answer(
            "root",
            {"min_position": min_position},
            lambda: Root(years=(NODE,), event_count=1, time_zone="Europe/Oslo"),
        )
        return root

    async def node(self, node_id: str, *, version: int = 0, min_position: Position = 0) -> Node:
        arguments = {"node_id": node_id, "version": version, "min_position": min_position}
        node: Node = self._answer("node", arguments, lambda: NODE)
        return node

    async def children(
        self, node_id: str, *, limit: int = 100, token: str = "", min_position: Position = 0
    ) -> Page[Node]:
        arguments = {"node_id": node_id, "limit": limit, "token": token, "min_position": min_position}
        page: Page[Node] = self._answer("children", arguments, lambda: Page(items=(NODE,)))
        return page

    async def node_versions(self, node_id: str) -> list[int]:
        versions: list[int] = self._answer("node_versions", {"node_id": node_id}, lambda: [1])
        return versions

    async def days(
        self,
        *,
        from_: str = "",
        until: str = "",
        agents: Sequence[str] = (),
        projects: Sequence[str] = (),
        min_position: Position = 0,
    ) -> Days:
        arguments = {
            "from_": from_,
            "until": until,
            "agents": tuple(agents),
            "projects": tuple(projects),
            "min_position": min_position,
        }
        day = Day(
            date="2026-01-15",
            event_count=1,
            session_count=1,
            agents=("claude-code",),
            projects=("/src/shop",),
            node_id="day/2026-01-15",
            title="Shipping on Friday",
        )
        days: Days = self._answer("days", arguments, lambda: Days(days=(day,), time_zone="Europe/Oslo"))
        return days

    async def grip(self, grip_id: str) -> Grip:
        grip: Grip = self._answer("grip", {"grip_id": grip_id}, lambda: GRIP)
        return grip

    async def expand(self, grip_id: str, *, before: int = 3, after: int = 3) -> GripContext:
        arguments = {"grip_id": grip_id, "before": before, "after": after}
        context: GripContext = self._answer(
            "expand", arguments, lambda: GripContext(grip=GRIP, events=(Recorded(1, EVENT),))
        )
        return context

    async def search(
        self,
        query: str,
        *,
        where: Filter = EVERYTHING,
        limit: int = 10,
        options: SearchOptions = DEFAULT_OPTIONS,
        min_position: Position = 0,
    ) -> SearchResult:
        arguments = {
            "query": query,
            "where": where,
            "limit": limit,
            "options": options,
            "min_position": min_position,
        }
        result: SearchResult = self._answer("search", arguments, lambda: RESULT)
        return result

    async def build_context(
        self,
        query: str,
        *,
        token_budget: int = 2_000,
        where: Filter = EVERYTHING,
        options: SearchOptions = DEFAULT_OPTIONS,
        min_position: Position = 0,
    ) -> ContextBlock:
        arguments = {
            "query": query,
            "token_budget": token_budget,
            "where": where,
            "options": options,
            "min_position": min_position,
        }
        block: ContextBlock = self._answer("build_context", arguments, lambda: BLOCK)
        return block

    # -- summaries ------------------------------------------------------------------------------

    async def estimate_summaries(self, wanted: SummariesWanted = EVERYTHING_WAITING) -> SummariesEstimate:
        told: SummariesEstimate = self._answer("estimate_summaries", {"wanted": wanted}, lambda: ESTIMATE)
        return told

    async def preview_summary(self, node_id: str) -> SummaryPreview:
        told: SummaryPreview = self._answer("preview_summary", {"node_id": node_id}, lambda: PREVIEW)
        return told

    async def summarise(self, wanted: SummariesWanted = EVERYTHING_WAITING) -> AsyncIterator[SummariesReport]:
        reports: Iterable[SummariesReport] = self._answer("summarise", {"wanted": wanted}, lambda: SUMMARIES_REPORTS)
        for report in reports:
            yield report

    async def summary_versions(self, node_id: str) -> list[SummaryVersion]:
        told: list[SummaryVersion] = self._answer("summary_versions", {"node_id": node_id}, lambda: [SUMMARY_VERSION])
        return told

    async def set_aside(self, *, limit: int = 100, token: str = "") -> Page[SetAsideNode]:
        told: Page[SetAsideNode] = self._answer(
            "set_aside", {"limit": limit, "token": token}, lambda: Page(items=(SET_ASIDE,))
        )
        return told

    # -- the store ------------------------------------------------------------------------------

    async def status(self) -> Status:
        told: Status = self._answer("status", {}, status)
        return told

    async def wait_for(self, views: Sequence[str], position: Position, *, timeout_s: float = 10.0) -> None:
        def check() -> None:
            for name in views:
                if name not in VIEW_NAMES:
                    raise UnknownView(name)
                if position > len(self.recorded):
                    raise ViewBehind(name, len(self.recorded), position)

        self._answer("wait_for", {"views": tuple(views), "position": position, "timeout_s": timeout_s}, check)

    async def replay(self, views: Sequence[str] = (), *, restart: bool = False) -> AsyncIterator[ReplayReport]:
        reports: Iterable[ReplayReport] = self._answer(
            "replay",
            {"views": tuple(views), "restart": restart},
            lambda: (
                ReplayProgress(view="toc", position=1, target=2),
                ReplayVerdict(view="toc", identical=True, first_difference="", position=2, duration_s=0.25),
            ),
        )
        for report in reports:
            yield report

    async def verify(self) -> AsyncIterator[VerifyReport]:
        reports: Iterable[VerifyReport] = self._answer(
            "verify",
            {},
            lambda: (
                VerifyProgress(check="chain", done=1, total=2),
                VerifyFinding(check="chain", message="the digest at position 2 does not match"),
                VerifyVerdict(sound=False, checks=("chain",), finding_count=1),
            ),
        )
        for report in reports:
            yield report

    async def close(self) -> None:
        self.closed = True
