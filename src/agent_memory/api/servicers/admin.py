"""AdminService: the store and its views."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TypeVar

from agent_memory._pb.agent_memory.v1 import admin_service_pb2 as pb
from agent_memory._pb.agent_memory.v1 import admin_service_pb2_grpc as pb_grpc
from agent_memory.api.servicers.answering import Context, answered, streamed
from agent_memory.api.wire.admin import replay_report_to_pb, status_to_pb, verify_report_to_pb
from agent_memory.errors import DaemonStopping
from agent_memory.memory import Memory

T = TypeVar("T")


class AdminServicer(pb_grpc.AdminServiceServicer):
    """Status, replay and verify over gRPC. The long ones end early once *stopping* is set."""

    def __init__(self, memory: Memory, stopping: asyncio.Event) -> None:
        self._memory = memory
        self._stopping = stopping

    @answered
    async def GetStatus(self, request: pb.GetStatusRequest, context: Context) -> pb.Status:
        return status_to_pb(await self._memory.status())

    @streamed
    async def ReplayViews(
        self, request: pb.ReplayViewsRequest, context: Context
    ) -> AsyncIterator[pb.ReplayViewsResponse]:
        # Left early, by cancel, deadline or stop, the iterator is closed, and a replay that is
        # closed keeps what it has built for the next call.
        async for report in self._until_stop(self._memory.replay(tuple(request.views), restart=request.restart)):
            yield replay_report_to_pb(report)

    @streamed
    async def VerifyStore(
        self, request: pb.VerifyStoreRequest, context: Context
    ) -> AsyncIterator[pb.VerifyStoreResponse]:
        async for report in self._until_stop(self._memory.verify()):
            yield verify_report_to_pb(report)

    async def _until_stop(self, reports: AsyncIterator[T]) -> AsyncIterator[T]:
        stop = asyncio.create_task(self._stopping.wait())
        try:
            while True:
                step = asyncio.ensure_future(anext(reports))
                try:
                    await asyncio.wait((step, stop), return_when=asyncio.FIRST_COMPLETED)
                finally:
                    if not step.done():
                        step.cancel()
                        await asyncio.wait((step,))
                if step.cancelled():
                    raise DaemonStopping
                try:
                    report = step.result()
                except StopAsyncIteration:
                    return
                yield report
        finally:
            stop.cancel()
            close = getattr(reports, "aclose", None)
            if close is not None:
                await close()
