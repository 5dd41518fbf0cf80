"""Servicers on a server, by the description of their service.

The generated `add_..._to_server` would do, but for one thing: bytes that are no message make the
library answer UNKNOWN and log a stack trace. Here they reach the method as the error that they
are, and the caller gets INVALID_ARGUMENT with its details, as for any other bad input.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass

from agent_memory.errors import Invalid


def add_service(server: grpc.aio.Server, service: ServiceDescriptor, servicer: object) -> str:
    """Let *servicer* answer for every method of *service*; returns the service's full name."""
    kinds = {
        (False, False): grpc.unary_unary_rpc_method_handler,
        (False, True): grpc.unary_stream_rpc_method_handler,
        (True, False): grpc.stream_unary_rpc_method_handler,
        (True, True): grpc.stream_stream_rpc_method_handler,
    }
    handlers = {
        method.name: kinds[method.client_streaming, method.server_streaming](
            getattr(servicer, method.name),
            request_deserializer=reader_of(GetMessageClass(method.input_type)),
            response_serializer=GetMessageClass(method.output_type).SerializeToString,
        )
        for method in service.methods
    }
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(service.full_name, handlers)])
    return str(service.full_name)


def reader_of(kind: type[Any]) -> Callable[[bytes], Any]:
    """What reads a request of that kind; for bytes that are none it returns `Invalid`."""
    parse = kind.FromString
    name = kind.DESCRIPTOR.name
    hint = "Generate the client from the protos of this release; every string must be well-formed UTF-8."

    def read(data: bytes) -> Any:
        try:
            return parse(data)
        except DecodeError:
            return Invalid("request", f"{len(data):,} bytes", f"is no {name}", hint=hint)

    return read
