"""`Memory` in process: where the plain synchronous rooms meet asyncio."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Sequence
from concurrent.futures import Executor, Future
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from agent_memory import courtesy, telemetry
from agent_memory.bridge import drawn, reports
from agent_memory.clock import Clock, IdSource
from agent_memory.errors import (
    Closed,
    EventConflict,
    Invalid,
    InvalidEvent,
    InvalidQuery,
    UnknownView,
    ViewBehind,
)
from agent_memory.events import Draft, Event, EventLimits, Position, Receipt, Recorded, complete, complete_all
from agent_memory.indexes.model import Session
from agent_memory.log import EventLog
from agent_memory.memory import (
    EVERYTHING,
    VIEW_NAMES,
    AppendRefused,
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
from agent_memory.paging import SEARCH_LIMIT_MAX, check_page_size, decode_token, encode_token
from agent_memory.projectors.views import Views
from agent_memory.reading import Reader
from agent_memory.retrieval import DEFAULT_OPTIONS, SearchOptions, SearchResult
from agent_memory.retrieval.bounds import edge_ms
from agent_memory.retrieval.context import ContextBlock, ContextBuilder
from agent_memory.retrieval.options import check_options, check_token_budget
from agent_memory.retrieval.search import Searcher
from agent_memory.summaries.control import Control
from agent_memory.summaries.reports import (
    EVERYTHING_WAITING,
    SetAsideNode,
    SummariesEstimate,
    SummariesReport,
    SummariesWanted,
    SummaryPreview,
    SummaryVersion,
)
from agent_memory.toc.calendar import calendar_of
from agent_memory.toc.model import Grip, Node

if TYPE_CHECKING:
    from agent_memory.inference.tokens import TokenCounter

T = TypeVar("T")

WAIT_S = 10.0
"""How long a read with `min_position` waits if its caller sets no deadline."""

BRIEF_WAIT_S = 2.0
"""How much of that a search has for all but the words: vectors follow a large import in minutes."""

BATCH_EVENTS_MAX = 10_000

_BATCH_EVENTS_AT_ONCE = 256
"""A larger batch is checked and encoded aside: 10,000 events would stop the event loop for 0.1 s."""

_CONTEXT_HITS_MIN = 10
_CONTEXT_LINE_TOKENS = 40
"""About the least that a hit takes of a context's budget: what a search for one is asked for."""

_STREAM_BUFFER_EVENTS = 1024
_CLOSED = "the memory is closed"


class LocalMemory:
    """A `Memory` over a store that this process owns. Made by `daemon.wiring.open_memory`.

    Blocking work runs on *executor*; only validation runs on the event loop.
    """

    def __init__(
        self,
        *,
        log: EventLog,
        views: Views,
        reader: Reader,
        searcher: Searcher,
        contexts: ContextBuilder,
        tokens: TokenCounter,
        clock: Clock,
        ids: IdSource,
        limits: EventLimits,
        executor: Executor,
        status: Callable[[], Status],
        replay: Callable[..., AsyncIterator[ReplayReport]],
        verify: Callable[[], AsyncIterator[VerifyReport]],
        summaries: Control,
        announce: Callable[[str], None],
        close: Callable[[], None],
    ) -> None:
        self._log = log
        self._views = views
        self._reader = reader
        self._searcher = searcher
        self._contexts = contexts
        self.tokens = tokens
        """What budgets are counted by."""
        self._clock = clock
        self._ids = ids
        self._limits = limits
        self._executor = executor
        self._status = status
        self._replay = replay
        self._verify = verify
        self._summaries = summaries
        self._announce = announce
        self._close = close

    async def _blocking(self, call: Callable[..., T], *args: Any, **named: Any) -> T:
        # Until the answer is here, and not only while it is made: its caller would wait for whoever goes on before him.
        with courtesy.serving():
            try:
                asked = self._executor.submit(call, *args, **named)
            except RuntimeError:
                raise Closed(_CLOSED) from None
            answer = asyncio.wrap_future(asked)
            try:
                return await answer
            except asyncio.CancelledError:
                task = asyncio.current_task()
                # It was the closing executor that gave up the call, not the caller.
                if answer.cancelled() and task is not None and not task.cancelling():
                    raise Closed(_CLOSED) from None
                raise

    def _check_open(self) -> None:
        # The executor goes first when a store is closed, and it alone tells.
        try:
            self._executor.submit(lambda: None)
        except RuntimeError:
            raise Closed(_CLOSED) from None

    # -- append ---------------------------------------------------------------------------------

    async def append(self, draft: Draft) -> Receipt:
        started = self._clock.monotonic_s()
        with telemetry.span("append", events=1):
            event = self._complete(draft)
            with courtesy.serving():
                receipts = await asyncio.wrap_future(self._log.submit([event]))
        telemetry.record_append(1, self._clock.monotonic_s() - started)
        return receipts[0]

    async def append_batch(self, drafts: Sequence[Draft]) -> list[Receipt]:
        if not 1 <= len(drafts) <= BATCH_EVENTS_MAX:
            raise InvalidEvent("events", len(drafts), f"a batch holds 1 to {BATCH_EVENTS_MAX:,} events")
        started = self._clock.monotonic_s()
        with telemetry.span("append", events=len(drafts)), courtesy.serving():
            if len(drafts) <= _BATCH_EVENTS_AT_ONCE:
                submitted = self._submit_all(drafts)
            else:
                submitted = await self._blocking(self._submit_all, drafts)
            receipts = await asyncio.wrap_future(submitted)
        telemetry.record_append(len(drafts), self._clock.monotonic_s() - started)
        return receipts

    def _submit_all(self, drafts: Sequence[Draft]) -> Future[list[Receipt]]:
        return self._log.submit(complete_all(drafts, clock=self._clock, ids=self._ids, limits=self._limits))

    async def submit_drafts(self, drafts: Sequence[Draft]) -> list[StreamOutcome]:
        """Record each for itself: one that is refused costs no other. Durable on return.

        Errors: `DiskFull`, `StorageUnavailable`, `Closed`, which concern all of them.
        """
        started = self._clock.monotonic_s()
        outcomes: list[StreamOutcome | None] = [None] * len(drafts)
        events: list[tuple[int, Event]] = []
        for index, draft in enumerate(drafts):
            try:
                events.append((index, self._complete(draft)))
            except Invalid as error:
                outcomes[index] = AppendRefused(reason=error.reason, message=error.advice)
        if events:
            with courtesy.serving():
                submitted = await self._submit_each([event for _, event in events])
            for (index, _), outcome in zip(events, submitted, strict=True):
                outcomes[index] = outcome
        telemetry.record_append(len(events), self._clock.monotonic_s() - started)
        return [o for o in outcomes if o is not None]

    async def _submit_each(self, events: list[Event]) -> list[StreamOutcome]:
        try:
            return [*await asyncio.wrap_future(self._log.submit(events))]
        except (EventConflict, InvalidEvent):
            # Once more, each for itself; they share a sync all the same.
            alone = [asyncio.wrap_future(self._log.submit([event])) for event in events]
        return [_outcome(answer) for answer in await asyncio.gather(*alone, return_exceptions=True)]

    async def append_stream(self, drafts: Iterable[Draft] | AsyncIterable[Draft]) -> AsyncIterator[StreamOutcome]:
        # What arrives while a group is being synced makes up the next group.
        waiting: asyncio.Queue[Draft | None] = asyncio.Queue(_STREAM_BUFFER_EVENTS)

        async def fill() -> None:
            try:
                async with aclosing(drawn(drafts, name="drafts")) as coming:
                    async for draft in coming:
                        await waiting.put(draft)
            finally:
                if not left:
                    await waiting.put(None)

        left = False
        filling = asyncio.create_task(fill())
        try:
            more = True
            while more:
                group = [await waiting.get()]
                while not waiting.empty():
                    group.append(waiting.get_nowait())
                more = group[-1] is not None
                for outcome in await self.submit_drafts([d for d in group if d is not None]):
                    yield outcome
            await filling
        finally:
            left = True
            filling.cancel()
            await asyncio.wait((filling,))

    def _complete(self, draft: Draft) -> Event:
        return complete(draft, clock=self._clock, ids=self._ids, limits=self._limits)

    # -- events and sessions --------------------------------------------------------------------

    async def event(self, event_id: str) -> Recorded:
        return await self._blocking(self._reader.event, event_id)

    async def get_events(self, ids: Sequence[str]) -> list[Recorded]:
        return await self._blocking(self._reader.get_events, list(ids))

    async def timeline(
        self, event_id: str, *, before: int = 5, after: int = 5, across_sessions: bool = False
    ) -> Timeline:
        return await self._blocking(
            self._reader.timeline, event_id, before=before, after=after, across_sessions=across_sessions
        )

    async def events(
        self,
        *,
        where: Filter = EVERYTHING,
        newest_first: bool = False,
        limit: int = 100,
        token: str = "",
        min_position: Position = 0,
    ) -> Page[Recorded]:
        await self._log_reaches(min_position)
        return await self._blocking(
            self._reader.events, where=where, newest_first=newest_first, limit=limit, token=token
        )

    async def session(self, session_id: str, *, min_position: Position = 0) -> Session:
        await self.wait_for(["catalog"], min_position)
        return await self._blocking(self._reader.session, session_id)

    async def sessions(
        self,
        *,
        where: Filter = EVERYTHING,
        newest_first: bool = False,
        limit: int = 100,
        token: str = "",
        min_position: Position = 0,
    ) -> Page[Session]:
        await self.wait_for(["catalog"], min_position)
        return await self._blocking(
            self._reader.sessions, where=where, newest_first=newest_first, limit=limit, token=token
        )

    # -- contents -------------------------------------------------------------------------------

    async def root(self, *, min_position: Position = 0) -> Root:
        await self.wait_for(["toc"], min_position)
        return await self._blocking(self._reader.root)

    async def node(self, node_id: str, *, version: int = 0, min_position: Position = 0) -> Node:
        await self.wait_for(["toc"], min_position)
        return await self._blocking(self._reader.node, node_id, version=version)

    async def children(
        self, node_id: str, *, limit: int = 100, token: str = "", min_position: Position = 0
    ) -> Page[Node]:
        await self.wait_for(["toc"], min_position)
        return await self._blocking(self._reader.children, node_id, limit=limit, token=token)

    async def node_versions(self, node_id: str) -> list[int]:
        return await self._blocking(self._reader.node_versions, node_id)

    async def days(
        self,
        *,
        from_: str = "",
        until: str = "",
        agents: Sequence[str] = (),
        projects: Sequence[str] = (),
        min_position: Position = 0,
    ) -> Days:
        await self.wait_for(["catalog", "toc"], min_position)
        return await self._blocking(self._reader.days, from_=from_, until=until, agents=agents, projects=projects)

    async def grip(self, grip_id: str) -> Grip:
        return await self._blocking(self._reader.grip, grip_id)

    async def expand(self, grip_id: str, *, before: int = 3, after: int = 3) -> GripContext:
        return await self._blocking(self._reader.expand, grip_id, before=before, after=after)

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
        bounds = self._reader.resolve(where)
        self._reader.check_limit(limit)
        check_options(options)
        started = self._clock.monotonic_s()
        await self._search_reaches(min_position)
        behind = self._views.behind_in_search()
        with telemetry.span("search", limit=limit):
            result = await self._blocking(self._searcher.search, query, where=bounds, limit=limit, options=options)
        if behind:
            result = msgspec.structs.replace(result, behind=behind)
        telemetry.record_search(result.tier.value, self._clock.monotonic_s() - started)
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
        check_token_budget(token_budget)
        limit = min(max(token_budget // _CONTEXT_LINE_TOKENS, _CONTEXT_HITS_MIN), SEARCH_LIMIT_MAX)
        result = await self.search(query, where=where, limit=limit, options=options, min_position=min_position)
        return await self.context_of(result, token_budget=token_budget)

    async def context_of(
        self, result: SearchResult, *, token_budget: int, projects: Sequence[str] = ()
    ) -> ContextBlock:
        """`build_context` of hits that were found and chosen already; with *projects*, neighbours of these alone."""
        with telemetry.span("build_context", tokens=token_budget):
            return await self._blocking(self._build, result, token_budget, projects)

    def _build(self, result: SearchResult, token_budget: int, projects: Sequence[str]) -> ContextBlock:
        started = self._clock.monotonic_s()
        block = self._contexts.build(result, token_budget=token_budget, projects=projects)
        timings_ms = {**result.timings_ms, "context": (self._clock.monotonic_s() - started) * 1000}
        return msgspec.structs.replace(block, result=msgspec.structs.replace(result, timings_ms=timings_ms))

    # -- summaries ------------------------------------------------------------------------------

    async def estimate_summaries(self, wanted: SummariesWanted = EVERYTHING_WAITING) -> SummariesEstimate:
        return await self._blocking(self._summaries.estimate, wanted, since_ms=self._since_ms(wanted))

    async def preview_summary(self, node_id: str) -> SummaryPreview:
        return await self._blocking(self._summaries.preview, node_id)

    def summarise(self, wanted: SummariesWanted = EVERYTHING_WAITING) -> AsyncIterator[SummariesReport]:
        self._check_open()
        run = functools.partial(self._summaries.run, wanted, since_ms=self._since_ms(wanted))
        return reports(run, name="summarise")

    async def summary_versions(self, node_id: str) -> list[SummaryVersion]:
        return await self._blocking(self._summaries.versions, node_id)

    async def set_aside(self, *, limit: int = 100, token: str = "") -> Page[SetAsideNode]:
        check_page_size(limit)
        after: str = decode_token(token, ("set_aside",), str) or ""
        found = await self._blocking(self._summaries.set_aside, after=after, limit=limit + 1)
        more = encode_token(("set_aside",), found[limit - 1].node_id) if len(found) > limit else ""
        return Page(items=tuple(found[:limit]), next_token=more)

    def _since_ms(self, wanted: SummariesWanted) -> int | None:
        if not wanted.since:
            return None
        return edge_ms(wanted.since, calendar=calendar_of(self._summaries.time_zone), last=False, field="since")

    # -- the store ------------------------------------------------------------------------------

    async def status(self) -> Status:
        self._check_open()
        # Not on the readers' threads: whoever asks whether they are stuck must get an answer.
        return await asyncio.to_thread(self._status)

    async def wait_for(self, views: Sequence[str], position: Position, *, timeout_s: float = WAIT_S) -> None:
        if position < 0:
            raise InvalidQuery("min_position", position, "must not be negative")
        for name in views:
            if name not in VIEW_NAMES:
                raise UnknownView(name)
        if position == 0:
            return
        await self._log_reaches(position, timeout_s=timeout_s)
        deadline = self._clock.monotonic_s() + timeout_s
        for name in views:
            runner = self._views.runner(name)
            if runner.position >= position:
                continue
            try:
                await asyncio.wait_for(
                    asyncio.wrap_future(runner.reached(position)), max(0.0, deadline - self._clock.monotonic_s())
                )
            except TimeoutError:
                raise ViewBehind(name, runner.position, position) from None

    async def _search_reaches(self, position: Position) -> None:
        for name in self._views.serving_search():
            try:
                await self.wait_for([name], position, timeout_s=WAIT_S if name == "lexical" else BRIEF_WAIT_S)
            except ViewBehind:
                # A hit without its segment, or found by its words alone, is better than none.
                if name == "lexical" or position > self._log.head():
                    raise

    async def _log_reaches(self, position: Position, *, timeout_s: float = WAIT_S) -> None:
        if position < 0:
            raise InvalidQuery("min_position", position, "must not be negative")
        if position <= self._log.head():
            return
        self._check_open()
        loop = asyncio.get_running_loop()
        reached = asyncio.Event()

        def arrived(head: Position) -> None:
            if head >= position:
                loop.call_soon_threadsafe(reached.set)

        unwatch = self._log.watch(arrived)
        try:
            if position > self._log.head():
                await asyncio.wait_for(reached.wait(), timeout_s)
        except TimeoutError:
            raise ViewBehind("log", self._log.head(), position) from None
        finally:
            unwatch()

    def replay(self, views: Sequence[str] = (), *, restart: bool = False) -> AsyncIterator[ReplayReport]:
        for name in views:
            if name not in VIEW_NAMES:
                raise UnknownView(name)
        self._check_open()
        return self._replay(tuple(views) or VIEW_NAMES, restart=restart)

    def verify(self) -> AsyncIterator[VerifyReport]:
        self._check_open()
        return self._verify()

    def announce(self, address: str) -> None:
        """Tell whoever finds the store locked where it is served."""
        self._announce(address)

    def wind_down(self) -> None:
        """Begin nothing more that nobody asked for: `close` follows."""
        self._summaries.begin_no_more()

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(None, self._close)


def _outcome(answer: list[Receipt] | BaseException) -> StreamOutcome:
    """What became of one event that was submitted alone; what concerns all of them is raised."""
    if isinstance(answer, EventConflict):
        return AppendRefused(reason=answer.reason, message=answer.advice)
    if isinstance(answer, BaseException):
        raise answer
    return answer[0]
