"""The floor of streaming: the same gRPC stream into a handler that does nothing but acknowledge.

Run as a process of its own; the first line that it prints is its port.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import grpc

from agent_memory._pb.agent_memory.v1 import event_service_pb2 as pb

_ACKNOWLEDGED_TOGETHER = 256


async def acknowledge(
    requests: AsyncIterator[pb.StreamAppendEventsRequest], context: object
) -> AsyncIterator[pb.StreamAppendEventsResponse]:
    """Every request, and nothing else."""
    waiting: list[pb.StreamAppendResult] = []
    sequence = 0
    async for request in requests:
        sequence += 1
        receipt = pb.Receipt(event_id=request.event.id, position=sequence, created=True)
        waiting.append(pb.StreamAppendResult(sequence=sequence, receipt=receipt))
        if len(waiting) == _ACKNOWLEDGED_TOGETHER:
            yield pb.StreamAppendEventsResponse(results=waiting)
            waiting = []
    if waiting:
        yield pb.StreamAppendEventsResponse(results=waiting)


async def serve() -> None:
    server = grpc.aio.server()
    method = grpc.stream_stream_rpc_method_handler(
        acknowledge,
        request_deserializer=pb.StreamAppendEventsRequest.FromString,
        response_serializer=pb.StreamAppendEventsResponse.SerializeToString,
    )
    handlers = grpc.method_handlers_generic_handler("agent_memory.v1.EventService", {"StreamAppendEvents": method})
    server.add_generic_rpc_handlers((handlers,))
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    await server.start()
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(serve())
