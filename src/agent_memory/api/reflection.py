"""Server reflection, v1 and v1alpha: what lets grpcurl list, describe and call without the protos.

The library has v1alpha only. v1 is the same protocol under another name, message for message
(https://github.com/grpc/grpc/blob/master/doc/server-reflection.md), so one handler serves both.
"""

from __future__ import annotations

from collections.abc import Sequence

import grpc

V1 = "grpc.reflection.v1.ServerReflection"
V1_ALPHA = "grpc.reflection.v1alpha.ServerReflection"


def add_reflection(server: grpc.aio.Server, services: Sequence[str]) -> None:
    """Let the server describe *services*, and itself."""
    from grpc_reflection.v1alpha import reflection
    from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest, ServerReflectionResponse

    servicer = reflection.aio.ReflectionServicer([*services, V1_ALPHA])  # type: ignore[attr-defined]  # untyped, public
    handler = grpc.stream_stream_rpc_method_handler(
        servicer.ServerReflectionInfo,
        request_deserializer=ServerReflectionRequest.FromString,
        response_serializer=ServerReflectionResponse.SerializeToString,
    )
    server.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler(name, {"ServerReflectionInfo": handler}) for name in (V1, V1_ALPHA)]
    )
