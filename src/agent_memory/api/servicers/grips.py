"""GripService: evidence."""

from __future__ import annotations

from agent_memory._pb.agent_memory.v1 import grip_service_pb2 as pb
from agent_memory._pb.agent_memory.v1 import grip_service_pb2_grpc as pb_grpc
from agent_memory.api.servicers.answering import Context, answered
from agent_memory.api.wire.contents import grip_context_to_pb, grip_to_pb
from agent_memory.memory import Memory

_NEIGHBOURS_DEFAULT = 3


class GripServicer(pb_grpc.GripServiceServicer):
    """Grips over gRPC."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    @answered
    async def GetGrip(self, request: pb.GetGripRequest, context: Context) -> pb.Grip:
        return grip_to_pb(await self._memory.grip(request.id))

    @answered
    async def ExpandGrip(self, request: pb.ExpandGripRequest, context: Context) -> pb.ExpandGripResponse:
        return grip_context_to_pb(
            await self._memory.expand(
                request.id,
                before=request.before if request.HasField("before") else _NEIGHBOURS_DEFAULT,
                after=request.after if request.HasField("after") else _NEIGHBOURS_DEFAULT,
            )
        )
