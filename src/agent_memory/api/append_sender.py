"""The client's side of the streaming append.

Drafts are sent as they come, with a bounded number unacknowledged, and outcomes are given in their
order. Each draft has its id before it is sent for the first time, so when the call breaks (a
daemon restarts) what was not acknowledged is sent again on a new one, and nothing is recorded
twice.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable
from contextlib import aclosing
from typing import Any

import grpc

from agent_memory._pb.agent_memory.v1 import event_service_pb2 as pb
from agent_memory.api.calling import Caller, backoff_s
from agent_memory.api.wire.events import draft_to_pb, receipt_from_pb
from agent_memory.bridge import drawn
from agent_memory.errors import InvalidEvent, UnknownFormat
from agent_memory.events import Draft
from agent_memory.memory import AppendRefused, StreamOutcome

UNACKNOWLEDGED_MAX = 4096
_WRITE_FAILED = "Internal error from Core"
_FINAL_STATUS_TRIES = 100
_FINAL_STATUS_S = 0.01


class AppendSender:
    """One streaming append, over as many calls as it takes."""

    def __init__(
        self,
        caller: Caller,
        method: Callable[..., Any],
        drafts: Iterable[Draft] | AsyncIterable[Draft],
        prepared: Callable[[Draft], Draft],
    ) -> None:
        self._caller = caller
        self._method = method
        self._drafts = drafts
        self._prepared = prepared
        # What was sent, in order, and what is to be. A draft that no message can hold is refused here, in its place.
        self._sent: deque[pb.StreamAppendEventsRequest | AppendRefused] = deque()
        self._unsent: deque[pb.StreamAppendEventsRequest | AppendRefused] = deque()
        self._exhausted = False
        self._work = asyncio.Event()
        self._room = asyncio.Semaphore(UNACKNOWLEDGED_MAX)
        self._outcomes: deque[StreamOutcome] = deque()
        self._news = asyncio.Event()

    async def outcomes(self) -> AsyncIterator[StreamOutcome]:
        """One per draft, in order, each once it is durable."""
        taking = asyncio.create_task(self._take())
        exchanging = asyncio.create_task(self._exchange())
        exchanging.add_done_callback(lambda _: self._news.set())
        try:
            while True:
                while self._outcomes:
                    yield self._outcomes.popleft()
                if exchanging.done():
                    break
                self._news.clear()
                await self._news.wait()
            await exchanging
            # What the caller's own iterator raised, after all that it gave.
            await taking
        finally:
            for task in (taking, exchanging):
                task.cancel()
            await asyncio.wait((taking, exchanging))

    async def _take(self) -> None:
        try:
            async with aclosing(drawn(self._drafts, name="drafts")) as coming:
                async for draft in coming:
                    await self._put(draft)
        finally:
            self._exhausted = True
            self._work.set()

    async def _put(self, draft: Draft) -> None:
        await self._room.acquire()
        try:
            self._unsent.append(pb.StreamAppendEventsRequest(event=draft_to_pb(self._prepared(draft))))
        except InvalidEvent as error:
            self._unsent.append(AppendRefused(reason=error.reason, message=error.advice))
        self._work.set()

    async def _exchange(self) -> None:
        attempt = 0
        retry_until = time.monotonic() + self._caller.retry_s
        while True:
            self._caller.check_open()
            call = self._method()
            sending = asyncio.create_task(self._send(call))
            try:
                async for response in call:
                    for result in response.results:
                        self._acknowledge(result)
                    self._caller.answered()
                    attempt, retry_until = 0, time.monotonic() + self._caller.retry_s
                await sending
                self._release_refused()
                if self._sent or self._unsent:
                    raise UnknownFormat("the daemon's answer: a stream that ended early", 0, 1)
                return
            except asyncio.CancelledError:
                raise self._caller.closed_or_cancelled() from None
            except grpc.aio.AioRpcError as early:
                failure = await _final(call, early)
                pause_s = backoff_s(attempt, self._caller.chance)
                if not self._caller.may_retry(failure) or time.monotonic() + pause_s >= retry_until:
                    raise self._caller.error(failure) from None
            finally:
                sending.cancel()
                await asyncio.wait((sending,))
                call.cancel()
            self._unsent.extendleft(reversed(self._sent))
            self._sent.clear()
            attempt += 1
            await asyncio.sleep(pause_s)
            self._work.set()

    async def _send(self, call: Any) -> None:
        try:
            while True:
                while self._unsent:
                    request = self._unsent.popleft()
                    self._sent.append(request)
                    if isinstance(request, AppendRefused):
                        self._release_refused()
                    else:
                        await call.write(request)
                if self._exhausted:
                    await call.done_writing()
                    return
                self._work.clear()
                await self._work.wait()
        except (asyncio.InvalidStateError, grpc.aio.AioRpcError):
            # The call is over; whoever reads it learns why.
            return

    def _acknowledge(self, result: pb.StreamAppendResult) -> None:
        self._sent.popleft()
        if result.WhichOneof("outcome") == "receipt":
            self._give(receipt_from_pb(result.receipt))
        else:
            self._give(AppendRefused(reason=result.error.reason, message=result.error.message))
        self._release_refused()

    def _release_refused(self) -> None:
        while self._sent and isinstance(refused := self._sent[0], AppendRefused):
            self._sent.popleft()
            self._give(refused)

    def _give(self, outcome: StreamOutcome) -> None:
        self._outcomes.append(outcome)
        self._news.set()
        self._room.release()


async def _final(call: Any, failure: grpc.aio.AioRpcError) -> grpc.aio.AioRpcError:
    """The status with which the server ended the call.

    A write that meets the end of the call leaves an INTERNAL of the library's own, which the
    server's status replaces as soon as it is read (`_AioCall._handle_status_once_received`).
    """
    for _ in range(_FINAL_STATUS_TRIES):
        if failure.code() is not grpc.StatusCode.INTERNAL or failure.details() != _WRITE_FAILED:
            return failure
        await asyncio.sleep(_FINAL_STATUS_S)
        failure = grpc.aio.AioRpcError(
            await call.code(), failure.initial_metadata(), await call.trailing_metadata(), await call.details(), None
        )
    # None came: the line itself is gone.
    empty = grpc.aio.Metadata()
    return grpc.aio.AioRpcError(grpc.StatusCode.UNAVAILABLE, empty, empty, "the line broke", None)
