"""Server reflection, v1 and v1alpha: what lets grpcurl list, describe and call without the protos.

The library has v1alpha only. v1 is the same protocol under another name, message for message
(https://github.com/grpc/grpc/blob/master/doc/server-reflection.md), so one handler serves both.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import grpc

V1 = "grpc.reflection.v1.ServerReflection"
V1_ALPHA = "grpc.reflection.v1alpha.ServerReflection"


def add_reflection(server: grpc.aio.Server, services: Sequence[str]) -> None:
    """Let the server describe *services*, and itself."""
    described = [*services, V1_ALPHA]

    async def answers(requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
        # Few daemons are ever asked; none waits for this when it starts.
        from grpc_reflection.v1alpha import reflection
        from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest

        async def parsed() -> AsyncIterator[ServerReflectionRequest]:
            async for request in requests:
                yield ServerReflectionRequest.FromString(request)

        servicer = reflection.aio.ReflectionServicer(described)  # type: ignore[attr-defined]  # untyped, public
        async for answer in servicer.ServerReflectionInfo(parsed(), context):
            yield answer.SerializeToString()

    handler = grpc.stream_stream_rpc_method_handler(answers)
    server.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler(name, {"ServerReflectionInfo": handler}) for name in (V1, V1_ALPHA)]
    )
