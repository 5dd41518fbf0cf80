"""ContentsService: the table of contents."""

from __future__ import annotations

from agent_memory._pb.agent_memory.v1 import contents_service_pb2 as pb
from agent_memory._pb.agent_memory.v1 import contents_service_pb2_grpc as pb_grpc
from agent_memory.api.servicers.answering import PAGE_SIZE_DEFAULT, Context, answered, once_reached
from agent_memory.api.wire.contents import days_to_pb, node_to_pb, root_to_pb
from agent_memory.memory import Days, Memory, Page, Root
from agent_memory.toc.model import Node

_VIEWS = ("toc",)
_DAY_VIEWS = ("catalog", "toc")


class ContentsServicer(pb_grpc.ContentsServiceServicer):
    """The contents over gRPC."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    @answered
    async def GetRoot(self, request: pb.GetRootRequest, context: Context) -> pb.Root:
        async def read() -> Root:
            return await self._memory.root(min_position=request.min_position)

        return root_to_pb(
            await once_reached(context, self._memory, read, min_position=request.min_position, views=_VIEWS)
        )

    @answered
    async def GetNode(self, request: pb.GetNodeRequest, context: Context) -> pb.Node:
        async def read() -> Node:
            return await self._memory.node(request.id, version=request.version, min_position=request.min_position)

        return node_to_pb(
            await once_reached(context, self._memory, read, min_position=request.min_position, views=_VIEWS)
        )

    @answered
    async def ListChildren(self, request: pb.ListChildrenRequest, context: Context) -> pb.ListChildrenResponse:
        async def read() -> Page[Node]:
            return await self._memory.children(
                request.id,
                limit=request.page_size or PAGE_SIZE_DEFAULT,
                token=request.page_token,
                min_position=request.min_position,
            )

        page = await once_reached(context, self._memory, read, min_position=request.min_position, views=_VIEWS)
        return pb.ListChildrenResponse(nodes=map(node_to_pb, page.items), next_page_token=page.next_token)

    @answered
    async def ListNodeVersions(
        self, request: pb.ListNodeVersionsRequest, context: Context
    ) -> pb.ListNodeVersionsResponse:
        return pb.ListNodeVersionsResponse(versions=await self._memory.node_versions(request.id))

    @answered
    async def BrowseDays(self, request: pb.BrowseDaysRequest, context: Context) -> pb.BrowseDaysResponse:
        async def read() -> Days:
            return await self._memory.days(
                from_=getattr(request, "from"),
                until=request.until,
                agents=tuple(request.agents),
                projects=tuple(request.projects),
                min_position=request.min_position,
            )

        return days_to_pb(
            await once_reached(context, self._memory, read, min_position=request.min_position, views=_DAY_VIEWS)
        )
