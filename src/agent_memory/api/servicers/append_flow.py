"""The streaming append: many events in flight, acknowledged in order as they become durable.

    requests ──> waiting ──> groups under way ──> responses
                    │              │
                    └── at most EVENTS_MAX events and BYTES_MAX bytes in both ──┘

A lone request is handed on at once. While requests keep coming, groups begin `GATHER_S` apart,
unless one is full: a group costs a sync and several turns of the event loop whatever its size.
When the bounds are reached the stream is not read, and the sender feels it by gRPC's
own flow control.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from typing import Protocol, runtime_checkable

from agent_memory._pb.agent_memory.v1 import event_service_pb2 as pb
from agent_memory.api.status import code_of_reason
from agent_memory.api.wire.events import draft_from_pb
from agent_memory.api.wire.text import shown
from agent_memory.errors import AgentMemoryError, Closed, Corrupt, DaemonStopping, Invalid, InvalidEvent, UnknownFormat
from agent_memory.events import Draft, Receipt
from agent_memory.memory import AppendRefused, Memory, StreamOutcome

EVENTS_MAX = 8192
BYTES_MAX = 64 << 20
GROUP_EVENTS_MAX = 512
GROUPS_MAX = 2
GATHER_S = 0.005
GATHER_EVENTS_MAX = 256
_RESULTS_MAX = 1024


@runtime_checkable
class StreamingMemory(Protocol):
    """A `Memory` that takes a group of a stream's events at once, each for itself."""

    async def submit_drafts(self, drafts: Sequence[Draft]) -> list[StreamOutcome]:
        """One outcome per draft, in order; durable on return."""
        ...


class _Group:
    """Requests that are recorded together: drafts, and the refusals that stand between them."""

    def __init__(self, items: list[Draft | AppendRefused], bytes_: int, outcomes: asyncio.Future[list[StreamOutcome]]):
        self.items = items
        self.bytes = bytes_
        self.outcomes = outcomes


class AppendFlow:
    """One streaming append."""

    def __init__(self, memory: Memory, stopping: asyncio.Event) -> None:
        self._memory = memory
        self._stopping = stopping
        self._waiting: list[Draft | AppendRefused] = []
        self._waiting_bytes = 0
        self._groups: deque[_Group] = deque()
        self._under_way = 0
        self._events = 0
        self._bytes = 0
        self._room = asyncio.Event()
        self._news = asyncio.Event()
        self._ended = False
        self._sequence = 0
        self._next_start_s = 0.0
        self._timer: asyncio.TimerHandle | None = None

    async def responses(
        self, requests: AsyncIterable[pb.StreamAppendEventsRequest | Invalid]
    ) -> AsyncIterator[pb.StreamAppendEventsResponse]:
        """Acknowledgements, in the order of the requests.

        Errors: `DaemonStopping`, after every request that was read has been answered; `Closed`.
        """
        reading = asyncio.create_task(self._read(requests))
        reading.add_done_callback(self._end)
        stop = asyncio.create_task(self._stopping.wait())
        stop.add_done_callback(lambda _: reading.cancel())
        try:
            while True:
                while self._groups:
                    yield await self._next_response()
                if self._ended and not self._waiting:
                    break
                self._news.clear()
                await self._news.wait()
            if self._stopping.is_set():
                raise DaemonStopping
            await reading
        finally:
            stop.cancel()
            reading.cancel()
            if self._timer is not None:
                self._timer.cancel()
            for group in self._groups:
                group.outcomes.cancel()

    async def _read(self, requests: AsyncIterable[pb.StreamAppendEventsRequest | Invalid]) -> None:
        async for request in requests:
            if isinstance(request, Invalid):
                raise request
            while self._events >= EVENTS_MAX or self._bytes >= BYTES_MAX:
                self._room.clear()
                await self._room.wait()
            item: Draft | AppendRefused
            size = 0
            try:
                if not request.HasField("event"):
                    raise InvalidEvent("event", None, "is required")
                item = draft_from_pb(request.event)
                size = len(item.text)
            except InvalidEvent as error:
                item = _refused(error)
            self._waiting.append(item)
            self._waiting_bytes += size
            self._events += 1
            self._bytes += size
            self._start_groups()

    def _end(self, reading: asyncio.Task[None]) -> None:
        self._ended = True
        self._start_groups()
        self._news.set()

    def _start_groups(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting and self._under_way < GROUPS_MAX:
            early_s = self._next_start_s - loop.time()
            if early_s > 0 and len(self._waiting) < GATHER_EVENTS_MAX and not self._ended:
                if self._timer is None:
                    self._timer = loop.call_later(early_s, self._gathered)
                return
            self._next_start_s = loop.time() + GATHER_S
            items, size = self._waiting, self._waiting_bytes
            if len(items) <= GROUP_EVENTS_MAX:
                self._waiting, self._waiting_bytes = [], 0
            else:
                items, self._waiting = items[:GROUP_EVENTS_MAX], items[GROUP_EVENTS_MAX:]
                size = sum(len(item.text) for item in items if isinstance(item, Draft))
                self._waiting_bytes -= size
            outcomes = asyncio.ensure_future(self._record([item for item in items if isinstance(item, Draft)]))
            outcomes.add_done_callback(self._finish_group)
            self._under_way += 1
            self._groups.append(_Group(items, size, outcomes))
            self._news.set()

    def _gathered(self) -> None:
        self._timer = None
        self._start_groups()

    def _finish_group(self, _outcomes: asyncio.Future[list[StreamOutcome]]) -> None:
        self._under_way -= 1
        self._start_groups()

    async def _record(self, drafts: list[Draft]) -> list[StreamOutcome]:
        if not drafts:
            return []
        try:
            if isinstance(self._memory, StreamingMemory):
                return await self._memory.submit_drafts(drafts)
            return [outcome async for outcome in self._memory.append_stream(drafts)]
        except (Closed, Corrupt, UnknownFormat):
            raise
        except AgentMemoryError as error:
            # A full disk refuses these; the stream goes on, and so it recovers when there is room.
            return [_refused(error)] * len(drafts)

    async def _next_response(self) -> pb.StreamAppendEventsResponse:
        results: list[pb.StreamAppendResult] = []
        while self._groups and (not results or (self._groups[0].outcomes.done() and len(results) < _RESULTS_MAX)):
            group = self._groups[0]
            outcomes = iter(await group.outcomes)
            for item in group.items:
                outcome = next(outcomes) if isinstance(item, Draft) else item
                self._sequence += 1
                results.append(_result(self._sequence, outcome))
            self._groups.popleft()
            self._events -= len(group.items)
            self._bytes -= group.bytes
        self._room.set()
        return pb.StreamAppendEventsResponse(results=results)


def _result(sequence: int, outcome: StreamOutcome) -> pb.StreamAppendResult:
    if isinstance(outcome, Receipt):
        receipt = pb.Receipt(event_id=outcome.event_id, position=outcome.position, created=outcome.created)
        return pb.StreamAppendResult(sequence=sequence, receipt=receipt)
    error = pb.AppendError(code=code_of_reason(outcome.reason), reason=outcome.reason, message=shown(outcome.message))
    return pb.StreamAppendResult(sequence=sequence, error=error)


def _refused(error: AgentMemoryError) -> AppendRefused:
    return AppendRefused(reason=error.reason, message=error.advice)
