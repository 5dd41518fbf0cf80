"""EventService: appends and reads of the log."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from typing import Any

from agent_memory._pb.agent_memory.v1 import event_pb2 as event_pb
from agent_memory._pb.agent_memory.v1 import event_service_pb2 as pb
from agent_memory._pb.agent_memory.v1 import event_service_pb2_grpc as pb_grpc
from agent_memory.api.servicers.answering import (
    PAGE_SIZE_DEFAULT,
    Context,
    answered,
    once_reached,
    streamed,
)
from agent_memory.api.servicers.append_flow import AppendFlow
from agent_memory.api.wire.events import (
    draft_from_pb,
    drafts_from_pb,
    event_to_pb,
    filter_from_pb,
    newest_first_from_pb,
    receipt_to_pb,
    timeline_to_pb,
)
from agent_memory.errors import InvalidEvent
from agent_memory.events import Recorded
from agent_memory.memory import Memory

_NEIGHBOURS_DEFAULT = 5
_EVENTS_AT_ONCE = 100


class EventServicer(pb_grpc.EventServiceServicer):
    """The log over gRPC. Streams of appends end, all acknowledged, once *stopping* is set."""

    def __init__(self, memory: Memory, stopping: asyncio.Event) -> None:
        self._memory = memory
        self._stopping = stopping

    @answered
    async def AppendEvent(self, request: pb.AppendEventRequest, context: Context) -> pb.AppendEventResponse:
        if not request.HasField("event"):
            raise InvalidEvent("event", None, "is required")
        receipt = await self._memory.append(draft_from_pb(request.event))
        return pb.AppendEventResponse(receipt=receipt_to_pb(receipt))

    @answered
    async def BatchAppendEvents(
        self, request: pb.BatchAppendEventsRequest, context: Context
    ) -> pb.BatchAppendEventsResponse:
        receipts = await self._memory.append_batch(drafts_from_pb(request.events))
        return pb.BatchAppendEventsResponse(receipts=map(receipt_to_pb, receipts))

    @streamed
    async def StreamAppendEvents(
        self, request_iterator: AsyncIterable[pb.StreamAppendEventsRequest], context: Context
    ) -> AsyncIterator[pb.StreamAppendEventsResponse]:
        flow = AppendFlow(self._memory, self._stopping)
        async for response in flow.responses(request_iterator):
            yield response

    @answered
    async def GetEvent(self, request: pb.GetEventRequest, context: Context) -> event_pb.Event:
        return event_to_pb(await self._memory.event(request.id))

    @answered
    async def BatchGetEvents(self, request: pb.BatchGetEventsRequest, context: Context) -> pb.BatchGetEventsResponse:
        events = await self._memory.get_events(request.ids)
        return pb.BatchGetEventsResponse(events=await _told(events))

    @answered
    async def GetTimeline(self, request: pb.GetTimelineRequest, context: Context) -> pb.Timeline:
        return timeline_to_pb(
            await self._memory.timeline(
                request.id,
                before=request.before if request.HasField("before") else _NEIGHBOURS_DEFAULT,
                after=request.after if request.HasField("after") else _NEIGHBOURS_DEFAULT,
                across_sessions=request.across_sessions,
            )
        )

    @answered
    async def ListEvents(self, request: pb.ListEventsRequest, context: Context) -> pb.ListEventsResponse:
        where = filter_from_pb(request.filter)
        newest_first = newest_first_from_pb(request.order)

        async def read() -> Any:
            return await self._memory.events(
                where=where,
                newest_first=newest_first,
                limit=request.page_size or PAGE_SIZE_DEFAULT,
                token=request.page_token,
                min_position=request.min_position,
            )

        page = await once_reached(context, self._memory, read, min_position=request.min_position, views=())
        return pb.ListEventsResponse(events=await _told(page.items), next_page_token=page.next_token)


async def _told(events: Sequence[Recorded]) -> list[event_pb.Event]:
    """The events with what their texts tell; of many that would hold up the event loop."""
    if len(events) <= _EVENTS_AT_ONCE:
        return list(map(event_to_pb, events))
    return await asyncio.to_thread(lambda: list(map(event_to_pb, events)))
