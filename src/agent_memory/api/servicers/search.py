"""SearchService: from a question to the events that answer it."""

from __future__ import annotations

from agent_memory._pb.agent_memory.v1 import search_service_pb2 as pb
from agent_memory._pb.agent_memory.v1 import search_service_pb2_grpc as pb_grpc
from agent_memory.api.servicers.answering import Context, answered, once_reached
from agent_memory.api.wire.events import filter_from_pb
from agent_memory.api.wire.search import context_to_pb, options_from_pb, result_to_pb
from agent_memory.memory import Memory
from agent_memory.retrieval.context import ContextBlock
from agent_memory.retrieval.model import SearchResult

_LIMIT_DEFAULT = 10
_TOKEN_BUDGET_DEFAULT = 2_000
_VIEWS = ("lexical", "vectors")


class SearchServicer(pb_grpc.SearchServiceServicer):
    """Search over gRPC."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    @answered
    async def Search(self, request: pb.SearchRequest, context: Context) -> pb.SearchResponse:
        where = filter_from_pb(request.filter)
        options = options_from_pb(request.options)

        async def read() -> SearchResult:
            return await self._memory.search(
                request.query,
                where=where,
                limit=request.limit or _LIMIT_DEFAULT,
                options=options,
                min_position=request.min_position,
            )

        result = await once_reached(context, self._memory, read, min_position=request.min_position, views=_VIEWS)
        return result_to_pb(result, query=request.query)

    @answered
    async def BuildContext(self, request: pb.BuildContextRequest, context: Context) -> pb.ContextBlock:
        where = filter_from_pb(request.filter)
        options = options_from_pb(request.options)

        async def read() -> ContextBlock:
            return await self._memory.build_context(
                request.query,
                token_budget=request.token_budget or _TOKEN_BUDGET_DEFAULT,
                where=where,
                options=options,
                min_position=request.min_position,
            )

        block = await once_reached(context, self._memory, read, min_position=request.min_position, views=_VIEWS)
        return context_to_pb(block, query=request.query)
