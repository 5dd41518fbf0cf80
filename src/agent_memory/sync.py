"""`SyncMemory`: the same `Memory` for code without asyncio."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, TypeVar

from agent_memory.errors import Closed
from agent_memory.events import Draft, Position, Receipt, Recorded
from agent_memory.indexes.model import Session
from agent_memory.memory import (
    EVERYTHING,
    Days,
    Filter,
    GripContext,
    Memory,
    Page,
    ReplayReport,
    Root,
    Status,
    StreamOutcome,
    Timeline,
    VerifyReport,
)
from agent_memory.retrieval.context import ContextBlock
from agent_memory.retrieval.model import DEFAULT_OPTIONS, SearchOptions, SearchResult
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

T = TypeVar("T")


class SyncMemory:
    """Each method waits for the method of `Memory` of the same name, which tells its promise.

    Safe to use from several threads. The event loop runs on a thread of its own.
    """

    def __init__(self, memory: Memory, loop: asyncio.AbstractEventLoop) -> None:
        self._memory = memory
        self._loop = loop
        self._closed = False
        self._asking = threading.Lock()

    def _wait(self, call: Coroutine[Any, Any, T]) -> T:
        with self._asking:
            if self._closed:
                call.close()
                raise Closed("the memory is closed")
            answer = asyncio.run_coroutine_threadsafe(call, self._loop)
        try:
            return answer.result()
        except CancelledError:
            raise Closed("the memory was closed during the call") from None

    def _end(self) -> None:
        """Take no more calls; those under way go on."""
        with self._asking:
            self._closed = True

    def _each(self, items: AsyncIterator[T]) -> Iterator[T]:
        try:
            while True:
                try:
                    yield self._wait(_next(items))
                except StopAsyncIteration:
                    return
        finally:
            close = getattr(items, "aclose", None)
            if close is not None:
                # Where the memory was closed first, so was this.
                with contextlib.suppress(Closed):
                    self._wait(close())

    def append(self, draft: Draft) -> Receipt:
        return self._wait(self._memory.append(draft))

    def append_batch(self, drafts: Sequence[Draft]) -> list[Receipt]:
        return self._wait(self._memory.append_batch(drafts))

    def append_stream(self, drafts: Iterable[Draft]) -> Iterator[StreamOutcome]:
        return self._each(self._memory.append_stream(drafts))

    def event(self, event_id: str) -> Recorded:
        return self._wait(self._memory.event(event_id))

    def get_events(self, ids: Sequence[str]) -> list[Recorded]:
        return self._wait(self._memory.get_events(ids))

    def timeline(self, event_id: str, *, before: int = 5, after: int = 5, across_sessions: bool = False) -> Timeline:
        return self._wait(self._memory.timeline(event_id, before=before, after=after, across_sessions=across_sessions))

    def events(
        self,
        *,
        where: Filter = EVERYTHING,
        newest_first: bool = False,
        limit: int = 100,
        token: str = "",
        min_position: Position = 0,
    ) -> Page[Recorded]:
        return self._wait(
            self._memory.events(
                where=where, newest_first=newest_first, limit=limit, token=token, min_position=min_position
            )
        )

    def session(self, session_id: str, *, min_position: Position = 0) -> Session:
        return self._wait(self._memory.session(session_id, min_position=min_position))

    def sessions(
        self,
        *,
        where: Filter = EVERYTHING,
        newest_first: bool = False,
        limit: int = 100,
        token: str = "",
        min_position: Position = 0,
    ) -> Page[Session]:
        return self._wait(
            self._memory.sessions(
                where=where, newest_first=newest_first, limit=limit, token=token, min_position=min_position
            )
        )

    def root(self, *, min_position: Position = 0) -> Root:
        return self._wait(self._memory.root(min_position=min_position))

    def node(self, node_id: str, *, version: int = 0, min_position: Position = 0) -> Node:
        return self._wait(self._memory.node(node_id, version=version, min_position=min_position))

    def children(self, node_id: str, *, limit: int = 100, token: str = "", min_position: Position = 0) -> Page[Node]:
        return self._wait(self._memory.children(node_id, limit=limit, token=token, min_position=min_position))

    def node_versions(self, node_id: str) -> list[int]:
        return self._wait(self._memory.node_versions(node_id))

    def days(
        self,
        *,
        from_: str = "",
        until: str = "",
        agents: Sequence[str] = (),
        projects: Sequence[str] = (),
        min_position: Position = 0,
    ) -> Days:
        return self._wait(
            self._memory.days(from_=from_, until=until, agents=agents, projects=projects, min_position=min_position)
        )

    def grip(self, grip_id: str) -> Grip:
        return self._wait(self._memory.grip(grip_id))

    def expand(self, grip_id: str, *, before: int = 3, after: int = 3) -> GripContext:
        return self._wait(self._memory.expand(grip_id, before=before, after=after))

    def search(
        self,
        query: str,
        *,
        where: Filter = EVERYTHING,
        limit: int = 10,
        options: SearchOptions = DEFAULT_OPTIONS,
        min_position: Position = 0,
    ) -> SearchResult:
        return self._wait(
            self._memory.search(query, where=where, limit=limit, options=options, min_position=min_position)
        )

    def build_context(
        self,
        query: str,
        *,
        token_budget: int = 2_000,
        where: Filter = EVERYTHING,
        options: SearchOptions = DEFAULT_OPTIONS,
        min_position: Position = 0,
    ) -> ContextBlock:
        return self._wait(
            self._memory.build_context(
                query, token_budget=token_budget, where=where, options=options, min_position=min_position
            )
        )

    def estimate_summaries(self, wanted: SummariesWanted = EVERYTHING_WAITING) -> SummariesEstimate:
        return self._wait(self._memory.estimate_summaries(wanted))

    def preview_summary(self, node_id: str) -> SummaryPreview:
        return self._wait(self._memory.preview_summary(node_id))

    def summarise(self, wanted: SummariesWanted = EVERYTHING_WAITING) -> Iterator[SummariesReport]:
        return self._each(self._memory.summarise(wanted))

    def summary_versions(self, node_id: str) -> list[SummaryVersion]:
        return self._wait(self._memory.summary_versions(node_id))

    def set_aside(self, *, limit: int = 100, token: str = "") -> Page[SetAsideNode]:
        return self._wait(self._memory.set_aside(limit=limit, token=token))

    def status(self) -> Status:
        return self._wait(self._memory.status())

    def wait_for(self, views: Sequence[str], position: Position, *, timeout_s: float = 10.0) -> None:
        self._wait(self._memory.wait_for(views, position, timeout_s=timeout_s))

    def replay(self, views: Sequence[str] = (), *, restart: bool = False) -> Iterator[ReplayReport]:
        return self._each(self._memory.replay(views, restart=restart))

    def verify(self) -> Iterator[VerifyReport]:
        return self._each(self._memory.verify())


class Opening:
    """What `open` and `connect` give, not open yet.

    ``async with`` opens a `Memory`, ``with`` a `SyncMemory`; both close it at the end.
    """

    def __init__(self, opener: AbstractAsyncContextManager[Memory]) -> None:
        self._opener = opener
        self._loop: asyncio.AbstractEventLoop | None = None
        self._sync: SyncMemory | None = None
        self._thread: threading.Thread | None = None

    async def __aenter__(self) -> Memory:
        return await self._opener.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return await self._opener.__aexit__(kind, error, trace)

    def __enter__(self) -> SyncMemory:
        loop = self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=_run, args=(loop,), name="agent-memory-loop", daemon=True)
        self._thread.start()
        try:
            memory = asyncio.run_coroutine_threadsafe(self.__aenter__(), loop).result()
        except BaseException:
            self._end_loop()
            raise
        self._sync = SyncMemory(memory, loop)
        return self._sync

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        assert self._loop is not None
        assert self._sync is not None
        self._sync._end()
        try:
            return asyncio.run_coroutine_threadsafe(self.__aexit__(kind, error, trace), self._loop).result()
        finally:
            self._end_loop()

    def _end_loop(self) -> None:
        loop, thread = self._loop, self._thread
        assert loop is not None
        assert thread is not None
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        # Threads wait for these; nobody would tell them.
        loop.run_until_complete(_cancel_all())
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
        self._loop = self._sync = self._thread = None


def _run(loop: asyncio.AbstractEventLoop) -> None:
    while True:
        try:
            loop.run_forever()
        except (KeyboardInterrupt, SystemExit):
            # Raised by a producer of drafts; the task that it ended hands it on to who called.
            continue
        return


async def _cancel_all() -> None:
    while tasks := asyncio.all_tasks() - {asyncio.current_task()}:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def _next(items: AsyncIterator[T]) -> T:
    return await anext(items)
