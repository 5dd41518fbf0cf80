"""SummaryService: the wording of the contents by a language model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from agent_memory._pb.agent_memory.v1 import summary_service_pb2 as pb
from agent_memory._pb.agent_memory.v1 import summary_service_pb2_grpc as pb_grpc
from agent_memory.api.servicers.answering import PAGE_SIZE_DEFAULT, Context, answered, streamed
from agent_memory.api.servicers.streaming import until_stop
from agent_memory.api.wire.summaries import (
    estimate_to_pb,
    preview_to_pb,
    set_aside_to_pb,
    summaries_report_to_pb,
    version_to_pb,
    wanted_from_pb,
)
from agent_memory.memory import Memory


class SummaryServicer(pb_grpc.SummaryServiceServicer):
    """Estimate, preview and control over gRPC. `Summarise` ends early once *stopping* is set."""

    def __init__(self, memory: Memory, stopping: asyncio.Event) -> None:
        self._memory = memory
        self._stopping = stopping

    @answered
    async def EstimateSummaries(self, request: pb.EstimateSummariesRequest, context: Context) -> pb.SummariesEstimate:
        return estimate_to_pb(await self._memory.estimate_summaries(wanted_from_pb(request.wanted)))

    @answered
    async def PreviewSummary(self, request: pb.PreviewSummaryRequest, context: Context) -> pb.SummaryPreview:
        return preview_to_pb(await self._memory.preview_summary(request.node_id))

    @streamed
    async def Summarise(self, request: pb.SummariseRequest, context: Context) -> AsyncIterator[pb.SummariseResponse]:
        async for report in until_stop(self._memory.summarise(wanted_from_pb(request.wanted)), self._stopping):
            yield summaries_report_to_pb(report)

    @answered
    async def ListSummaryVersions(
        self, request: pb.ListSummaryVersionsRequest, context: Context
    ) -> pb.ListSummaryVersionsResponse:
        versions = await self._memory.summary_versions(request.node_id)
        return pb.ListSummaryVersionsResponse(versions=map(version_to_pb, versions))

    @answered
    async def ListSetAside(self, request: pb.ListSetAsideRequest, context: Context) -> pb.ListSetAsideResponse:
        page = await self._memory.set_aside(limit=request.page_size or PAGE_SIZE_DEFAULT, token=request.page_token)
        return pb.ListSetAsideResponse(nodes=map(set_aside_to_pb, page.items), next_page_token=page.next_token)
