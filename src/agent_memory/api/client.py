"""`Memory` over gRPC."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from types import TracebackType

import msgspec

from agent_memory._pb.agent_memory.v1 import (
    admin_service_pb2 as admin_pb,
)
from agent_memory._pb.agent_memory.v1 import (
    admin_service_pb2_grpc,
    contents_service_pb2_grpc,
    event_service_pb2_grpc,
    grip_service_pb2_grpc,
    search_service_pb2_grpc,
    session_service_pb2_grpc,
    summary_service_pb2_grpc,
)
from agent_memory._pb.agent_memory.v1 import (
    contents_service_pb2 as contents_pb,
)
from agent_memory._pb.agent_memory.v1 import (
    event_service_pb2 as event_pb,
)
from agent_memory._pb.agent_memory.v1 import (
    grip_service_pb2 as grip_pb,
)
from agent_memory._pb.agent_memory.v1 import (
    search_service_pb2 as search_pb,
)
from agent_memory._pb.agent_memory.v1 import (
    session_service_pb2 as session_pb,
)
from agent_memory._pb.agent_memory.v1 import (
    summary_service_pb2 as summary_pb,
)
from agent_memory.api.append_sender import AppendSender
from agent_memory.api.calling import Caller
from agent_memory.api.wire.admin import replay_report_from_pb, status_from_pb, verify_report_from_pb
from agent_memory.api.wire.contents import (
    days_from_pb,
    grip_context_from_pb,
    grip_from_pb,
    node_from_pb,
    root_from_pb,
    session_from_pb,
)
from agent_memory.api.wire.events import (
    draft_to_pb,
    event_from_pb,
    filter_to_pb,
    order_to_pb,
    receipt_from_pb,
    timeline_from_pb,
)
from agent_memory.api.wire.search import context_from_pb, options_to_pb, result_from_pb
from agent_memory.api.wire.summaries import (
    estimate_from_pb,
    preview_from_pb,
    set_aside_from_pb,
    summaries_report_from_pb,
    version_from_pb,
    wanted_to_pb,
)
from agent_memory.api.wire.text import shown
from agent_memory.clock import SYSTEM_CLOCK, Clock, IdSource, RandomIds
from agent_memory.errors import Invalid, InvalidQuery, UnknownView, ViewBehind
from agent_memory.events import Draft, Position, Receipt, Recorded
from agent_memory.events.fields import wrong_field
from agent_memory.events.ulids import ULID_TIME_MAX_MS
from agent_memory.indexes.model import Session
from agent_memory.memory import (
    EVERYTHING,
    VIEW_NAMES,
    Days,
    Filter,
    GripContext,
    Page,
    ReplayReport,
    Root,
    Status,
    StreamOutcome,
    Timeline,
    VerifyReport,
)
from agent_memory.paging import SEARCH_LIMIT_MAX, check_page_size
from agent_memory.retrieval.context import ContextBlock
from agent_memory.retrieval.model import DEFAULT_OPTIONS, SearchOptions, SearchResult
from agent_memory.retrieval.options import check_options, check_token_budget
from agent_memory.summaries.reports import (
    EVERYTHING_WAITING,
    SetAsideNode,
    SummariesEstimate,
    SummariesReport,
    SummariesWanted,
    SummaryPreview,
    SummaryVersion,
)
from agent_memory.toc.model import Grip, Node

TIMEOUT_S = 30.0
RETRY_S = 5.0
MESSAGE_BYTES_MAX = 64 << 20
_CONNECT_S = 5.0
_SHORTEST_POLL_S = 0.005
_LONGEST_POLL_S = 0.1


@asynccontextmanager
async def connect_memory(
    address: str,
    *,
    timeout_s: float = TIMEOUT_S,
    retry_s: float = RETRY_S,
    message_bytes_max: int = MESSAGE_BYTES_MAX,
) -> AsyncIterator[GrpcMemory]:
    """The `Memory` of the daemon at *address* (``HOST:PORT`` or ``unix:PATH``).

    *timeout_s* is the deadline of each call, streams excepted; a call that fails on the way is
    repeated for up to *retry_s*. Errors: `DaemonUnavailable` where nobody answers;
    `InvalidConfig` for what is no address.
    """
    async with GrpcMemory(address, timeout_s=timeout_s, retry_s=retry_s, message_bytes_max=message_bytes_max) as memory:
        yield memory


class GrpcMemory:
    """The `Memory` of a daemon. Enter it, or `open` it, on the event loop that is to use it."""

    def __init__(
        self,
        address: str,
        *,
        timeout_s: float = TIMEOUT_S,
        retry_s: float = RETRY_S,
        message_bytes_max: int = MESSAGE_BYTES_MAX,
        clock: Clock = SYSTEM_CLOCK,
        ids: IdSource | None = None,
        chance: random.Random | None = None,
    ) -> None:
        self._clock = clock
        self._ids = ids or RandomIds()
        self._caller = Caller(
            address,
            timeout_s=timeout_s,
            retry_s=retry_s,
            message_bytes_max=message_bytes_max,
            chance=chance or random.Random(),
        )

    async def open(self) -> None:
        """Connect. Errors: `DaemonUnavailable`."""
        self._caller.open()
        channel = self._caller.channel
        self._events = event_service_pb2_grpc.EventServiceStub(channel)
        self._sessions = session_service_pb2_grpc.SessionServiceStub(channel)
        self._contents = contents_service_pb2_grpc.ContentsServiceStub(channel)
        self._grips = grip_service_pb2_grpc.GripServiceStub(channel)
        self._search = search_service_pb2_grpc.SearchServiceStub(channel)
        self._admin = admin_service_pb2_grpc.AdminServiceStub(channel)
        self._summaries = summary_service_pb2_grpc.SummaryServiceStub(channel)
        try:
            await self._caller.unary(
                self._admin.GetStatus,
                admin_pb.GetStatusRequest(),
                timeout_s=min(_CONNECT_S, self._caller.timeout_s),
            )
        except BaseException:
            await self._caller.close()
            raise

    async def close(self) -> None:
        await self._caller.close()

    async def __aenter__(self) -> GrpcMemory:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    # -- append ---------------------------------------------------------------------------------

    def _prepared(self, draft: Draft) -> Draft:
        """The draft with an id, so that sending it twice records it once.

        One with a source and a source id needs none: the log knows it by these.
        """
        try:
            if draft.id or (draft.source and draft.source_id):
                return draft
        except AttributeError:
            if wrong := wrong_field(draft):
                raise wrong from None
            raise
        time_ms = self._clock.now_ms() if draft.time_ms is None else draft.time_ms
        if not isinstance(time_ms, int) or not 0 <= time_ms <= ULID_TIME_MAX_MS:
            return draft
        return msgspec.structs.replace(draft, id=self._ids.new_id(time_ms))

    async def append(self, draft: Draft) -> Receipt:
        request = event_pb.AppendEventRequest(event=draft_to_pb(self._prepared(draft)))
        response = await self._caller.unary(self._events.AppendEvent, request)
        return receipt_from_pb(response.receipt)

    async def append_batch(self, drafts: Sequence[Draft]) -> list[Receipt]:
        request = event_pb.BatchAppendEventsRequest()
        for index, draft in enumerate(drafts):
            try:
                request.events.append(draft_to_pb(self._prepared(draft)))
            except Invalid as error:
                raise error.within(f"events[{index}]") from None
        response = await self._caller.unary(self._events.BatchAppendEvents, request)
        return [receipt_from_pb(receipt) for receipt in response.receipts]

    def append_stream(self, drafts: Iterable[Draft] | AsyncIterable[Draft]) -> AsyncIterator[StreamOutcome]:
        return AppendSender(self._caller, self._events.StreamAppendEvents, drafts, self._prepared).outcomes()

    # -- events and sessions --------------------------------------------------------------------

    async def event(self, event_id: str) -> Recorded:
        return event_from_pb(
            await self._caller.unary(self._events.GetEvent, event_pb.GetEventRequest(id=shown(event_id)))
        )

    async def get_events(self, ids: Sequence[str]) -> list[Recorded]:
        request = event_pb.BatchGetEventsRequest(ids=map(shown, ids))
        response = await self._caller.unary(self._events.BatchGetEvents, request)
        return [event_from_pb(event) for event in response.events]

    async def timeline(
        self, event_id: str, *, before: int = 5, after: int = 5, across_sessions: bool = False
    ) -> Timeline:
        request = event_pb.GetTimelineRequest(
            id=shown(event_id),
            before=_count(before, "before"),
            after=_count(after, "after"),
            across_sessions=across_sessions,
        )
        return timeline_from_pb(await self._caller.unary(self._events.GetTimeline, request))

    async def events(
        self,
        *,
        where: Filter = EVERYTHING,
        newest_first: bool = False,
        limit: int = 100,
        token: str = "",
        min_position: Position = 0,
    ) -> Page[Recorded]:
        request = event_pb.ListEventsRequest(
            filter=filter_to_pb(where),
            order=order_to_pb(newest_first),
            page_size=check_page_size(limit),
            page_token=shown(token),
            min_position=_position(min_position),
        )
        response = await self._caller.unary(self._events.ListEvents, request)
        return Page(items=tuple(map(event_from_pb, response.events)), next_token=response.next_page_token)

    async def session(self, session_id: str, *, min_position: Position = 0) -> Session:
        request = session_pb.GetSessionRequest(id=shown(session_id), min_position=_position(min_position))
        return session_from_pb(await self._caller.unary(self._sessions.GetSession, request))

    async def sessions(
        self,
        *,
        where: Filter = EVERYTHING,
        newest_first: bool = False,
        limit: int = 100,
        token: str = "",
        min_position: Position = 0,
    ) -> Page[Session]:
        request = session_pb.ListSessionsRequest(
            filter=filter_to_pb(where),
            order=order_to_pb(newest_first),
            page_size=check_page_size(limit),
            page_token=shown(token),
            min_position=_position(min_position),
        )
        response = await self._caller.unary(self._sessions.ListSessions, request)
        return Page(items=tuple(map(session_from_pb, response.sessions)), next_token=response.next_page_token)

    # -- contents -------------------------------------------------------------------------------

    async def root(self, *, min_position: Position = 0) -> Root:
        request = contents_pb.GetRootRequest(min_position=_position(min_position))
        return root_from_pb(await self._caller.unary(self._contents.GetRoot, request))

    async def node(self, node_id: str, *, version: int = 0, min_position: Position = 0) -> Node:
        request = contents_pb.GetNodeRequest(
            id=shown(node_id), version=_position(version, field="version"), min_position=_position(min_position)
        )
        return node_from_pb(await self._caller.unary(self._contents.GetNode, request))

    async def children(
        self, node_id: str, *, limit: int = 100, token: str = "", min_position: Position = 0
    ) -> Page[Node]:
        request = contents_pb.ListChildrenRequest(
            id=shown(node_id),
            page_size=check_page_size(limit),
            page_token=shown(token),
            min_position=_position(min_position),
        )
        response = await self._caller.unary(self._contents.ListChildren, request)
        return Page(items=tuple(map(node_from_pb, response.nodes)), next_token=response.next_page_token)

    async def node_versions(self, node_id: str) -> list[int]:
        request = contents_pb.ListNodeVersionsRequest(id=shown(node_id))
        return list((await self._caller.unary(self._contents.ListNodeVersions, request)).versions)

    async def days(
        self,
        *,
        from_: str = "",
        until: str = "",
        agents: Sequence[str] = (),
        projects: Sequence[str] = (),
        min_position: Position = 0,
    ) -> Days:
        request = contents_pb.BrowseDaysRequest(
            **{"from": shown(from_)},  # a word of Python
            until=shown(until),
            agents=map(shown, agents),
            projects=map(shown, projects),
            min_position=_position(min_position),
        )
        return days_from_pb(await self._caller.unary(self._contents.BrowseDays, request))

    async def grip(self, grip_id: str) -> Grip:
        return grip_from_pb(await self._caller.unary(self._grips.GetGrip, grip_pb.GetGripRequest(id=shown(grip_id))))

    async def expand(self, grip_id: str, *, before: int = 3, after: int = 3) -> GripContext:
        request = grip_pb.ExpandGripRequest(
            id=shown(grip_id), before=_count(before, "before"), after=_count(after, "after")
        )
        return grip_context_from_pb(await self._caller.unary(self._grips.ExpandGrip, request))

    # -- search ---------------------------------------------------------------------------------

    async def search(
        self,
        query: str,
        *,
        where: Filter = EVERYTHING,
        limit: int = 10,
        options: SearchOptions = DEFAULT_OPTIONS,
        min_position: Position = 0,
    ) -> SearchResult:
        request = search_pb.SearchRequest(
            query=shown(query),
            filter=filter_to_pb(where),
            # 0 on the wire would mean the default.
            limit=check_page_size(limit, field="limit", most=SEARCH_LIMIT_MAX),
            min_position=_position(min_position),
            options=options_to_pb(check_options(options)),
        )
        return result_from_pb(await self._caller.unary(self._search.Search, request))

    async def build_context(
        self,
        query: str,
        *,
        token_budget: int = 2_000,
        where: Filter = EVERYTHING,
        options: SearchOptions = DEFAULT_OPTIONS,
        min_position: Position = 0,
    ) -> ContextBlock:
        request = search_pb.BuildContextRequest(
            query=shown(query),
            filter=filter_to_pb(where),
            # 0 on the wire would mean the default.
            token_budget=check_token_budget(token_budget),
            options=options_to_pb(check_options(options)),
            min_position=_position(min_position),
        )
        return context_from_pb(await self._caller.unary(self._search.BuildContext, request))

    # -- summaries ------------------------------------------------------------------------------

    async def estimate_summaries(self, wanted: SummariesWanted = EVERYTHING_WAITING) -> SummariesEstimate:
        request = summary_pb.EstimateSummariesRequest(wanted=wanted_to_pb(wanted))
        return estimate_from_pb(await self._caller.unary(self._summaries.EstimateSummaries, request))

    async def preview_summary(self, node_id: str) -> SummaryPreview:
        request = summary_pb.PreviewSummaryRequest(node_id=shown(node_id))
        return preview_from_pb(await self._caller.unary(self._summaries.PreviewSummary, request))

    async def summarise(self, wanted: SummariesWanted = EVERYTHING_WAITING) -> AsyncIterator[SummariesReport]:
        request = summary_pb.SummariseRequest(wanted=wanted_to_pb(wanted))
        async for message in self._caller.stream(self._summaries.Summarise, request):
            yield summaries_report_from_pb(message)

    async def summary_versions(self, node_id: str) -> list[SummaryVersion]:
        request = summary_pb.ListSummaryVersionsRequest(node_id=shown(node_id))
        answer = await self._caller.unary(self._summaries.ListSummaryVersions, request)
        return list(map(version_from_pb, answer.versions))

    async def set_aside(self, *, limit: int = 100, token: str = "") -> Page[SetAsideNode]:
        request = summary_pb.ListSetAsideRequest(page_size=check_page_size(limit), page_token=shown(token))
        answer = await self._caller.unary(self._summaries.ListSetAside, request)
        return Page(items=tuple(map(set_aside_from_pb, answer.nodes)), next_token=answer.next_page_token)

    # -- the store ------------------------------------------------------------------------------

    async def status(self) -> Status:
        return status_from_pb(await self._caller.unary(self._admin.GetStatus, admin_pb.GetStatusRequest()))

    async def wait_for(self, views: Sequence[str], position: Position, *, timeout_s: float = 10.0) -> None:
        _position(position)
        for name in views:
            if name not in VIEW_NAMES:
                raise UnknownView(name)
        if position == 0:
            return
        deadline = time.monotonic() + timeout_s
        pause_s = _SHORTEST_POLL_S
        while True:
            status = await self.status()
            standing = {"log": status.position, **{v.name: v.position for v in status.views if v.name in views}}
            last = min(standing, key=standing.__getitem__)
            if standing[last] >= position:
                return
            if time.monotonic() + pause_s > deadline:
                raise ViewBehind(last, standing[last], position)
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_POLL_S)

    async def replay(self, views: Sequence[str] = (), *, restart: bool = False) -> AsyncIterator[ReplayReport]:
        request = admin_pb.ReplayViewsRequest(views=map(shown, views), restart=restart)
        async for message in self._caller.stream(self._admin.ReplayViews, request):
            yield replay_report_from_pb(message)

    async def verify(self) -> AsyncIterator[VerifyReport]:
        async for message in self._caller.stream(self._admin.VerifyStore, admin_pb.VerifyStoreRequest()):
            yield verify_report_from_pb(message)


_INT64_MAX = (1 << 63) - 1
_INT32_MAX = (1 << 31) - 1


def _position(number: int, *, field: str = "min_position") -> int:
    if not 0 <= number <= _INT64_MAX:
        raise InvalidQuery(field, number, "must not be negative" if number < 0 else "is no position")
    return number


def _count(number: int, field: str) -> int:
    # The daemon knows the range; what does not fit the message cannot ask it.
    if abs(number) > _INT32_MAX:
        raise InvalidQuery(field, number, "must be 0 to 100")
    return number
