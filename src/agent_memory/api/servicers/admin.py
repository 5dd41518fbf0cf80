"""AdminService: the store and its views."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from agent_memory._pb.agent_memory.v1 import admin_service_pb2 as pb
from agent_memory._pb.agent_memory.v1 import admin_service_pb2_grpc as pb_grpc
from agent_memory.api.servicers.answering import Context, answered, streamed
from agent_memory.api.servicers.streaming import until_stop
from agent_memory.api.wire.admin import replay_report_to_pb, status_to_pb, verify_report_to_pb
from agent_memory.memory import Memory


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
        async for report in until_stop(
            self._memory.replay(tuple(request.views), restart=request.restart), self._stopping
        ):
            yield replay_report_to_pb(report)

    @streamed
    async def VerifyStore(
        self, request: pb.VerifyStoreRequest, context: Context
    ) -> AsyncIterator[pb.VerifyStoreResponse]:
        async for report in until_stop(self._memory.verify(), self._stopping):
            yield verify_report_to_pb(report)
