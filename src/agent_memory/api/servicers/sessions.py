"""SessionService: conversations."""

from __future__ import annotations

from agent_memory._pb.agent_memory.v1 import session_service_pb2 as pb
from agent_memory._pb.agent_memory.v1 import session_service_pb2_grpc as pb_grpc
from agent_memory.api.servicers.answering import PAGE_SIZE_DEFAULT, Context, answered, once_reached
from agent_memory.api.wire.contents import session_to_pb
from agent_memory.api.wire.events import filter_from_pb, newest_first_from_pb
from agent_memory.indexes.model import Session
from agent_memory.memory import Memory, Page

_VIEWS = ("catalog",)


class SessionServicer(pb_grpc.SessionServiceServicer):
    """Sessions over gRPC."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    @answered
    async def GetSession(self, request: pb.GetSessionRequest, context: Context) -> pb.Session:
        async def read() -> Session:
            return await self._memory.session(request.id, min_position=request.min_position)

        return session_to_pb(
            await once_reached(context, self._memory, read, min_position=request.min_position, views=_VIEWS)
        )

    @answered
    async def ListSessions(self, request: pb.ListSessionsRequest, context: Context) -> pb.ListSessionsResponse:
        where = filter_from_pb(request.filter)
        newest_first = newest_first_from_pb(request.order)

        async def read() -> Page[Session]:
            return await self._memory.sessions(
                where=where,
                newest_first=newest_first,
                limit=request.page_size or PAGE_SIZE_DEFAULT,
                token=request.page_token,
                min_position=request.min_position,
            )

        page = await once_reached(context, self._memory, read, min_position=request.min_position, views=_VIEWS)
        return pb.ListSessionsResponse(sessions=map(session_to_pb, page.items), next_page_token=page.next_token)
