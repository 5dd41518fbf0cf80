"""A `Memory` behind a gRPC server on this machine."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc

from agent_memory._pb.agent_memory.v1 import (
    admin_service_pb2,
    contents_service_pb2,
    event_service_pb2,
    grip_service_pb2,
    search_service_pb2,
    session_service_pb2,
    summary_service_pb2,
)
from agent_memory.api import health as health_service
from agent_memory.api.address import Address, parse_listen_address, problem_of_listening
from agent_memory.api.reflection import add_reflection
from agent_memory.api.registration import add_service
from agent_memory.api.servicers.admin import AdminServicer
from agent_memory.api.servicers.contents import ContentsServicer
from agent_memory.api.servicers.events import EventServicer
from agent_memory.api.servicers.grips import GripServicer
from agent_memory.api.servicers.search import SearchServicer
from agent_memory.api.servicers.sessions import SessionServicer
from agent_memory.api.servicers.summaries import SummaryServicer
from agent_memory.errors import AddressInUse
from agent_memory.memory import Memory

MESSAGE_BYTES_MAX = 64 << 20


class GrpcServer:
    """A server that answers; made by `serve_memory`. ``address`` is where, its port the real one."""

    def __init__(self, server: grpc.aio.Server, address: str) -> None:
        self._server = server
        self.address = address

    async def wait_closed(self) -> None:
        """Return when the server has ended."""
        await self._server.wait_for_termination()


@asynccontextmanager
async def serve_memory(
    memory: Memory,
    *,
    address: str,
    message_bytes_max: int = MESSAGE_BYTES_MAX,
    drain_s: float = 5.0,
    health_poll_s: float = health_service.POLL_S,
) -> AsyncIterator[GrpcServer]:
    """Answer gRPC calls at *address* (``HOST:PORT`` or ``unix:PATH``) for as long as the block runs.

    Port 0 takes any free one. On leaving, health turns NOT_SERVING, streams end with all that
    they took acknowledged, and calls under way have *drain_s* seconds to finish.
    Errors: `InvalidConfig` for an address that other machines can reach; `AddressInUse`.
    """
    where = parse_listen_address(address)
    stopping = asyncio.Event()
    health = health_service.Health(memory, stopping, poll_s=health_poll_s)
    server = grpc.aio.server(
        options=[
            # Two daemons that share a port would each get some of the calls.
            ("grpc.so_reuseport", 0),
            ("grpc.max_receive_message_length", message_bytes_max),
            ("grpc.max_send_message_length", message_bytes_max),
        ]
    )
    services = (
        (event_service_pb2, "EventService", EventServicer(memory, stopping)),
        (session_service_pb2, "SessionService", SessionServicer(memory)),
        (contents_service_pb2, "ContentsService", ContentsServicer(memory)),
        (grip_service_pb2, "GripService", GripServicer(memory)),
        (search_service_pb2, "SearchService", SearchServicer(memory)),
        (admin_service_pb2, "AdminService", AdminServicer(memory, stopping)),
        (summary_service_pb2, "SummaryService", SummaryServicer(memory, stopping)),
    )
    names = [add_service(server, file.DESCRIPTOR.services_by_name[name], servicer) for file, name, servicer in services]
    health_service.add_health(server, health)
    add_reflection(server, [*names, health_service.SERVICE])
    bound = _listen(server, where)
    await health.refresh()
    await server.start()
    watching = asyncio.create_task(health.watch(), name="health")
    try:
        yield GrpcServer(server, bound.target)
    finally:
        stopping.set()
        await watching
        await server.stop(drain_s)


def _listen(server: grpc.aio.Server, address: Address) -> Address:
    problem = problem_of_listening(address)
    if problem:
        raise AddressInUse(address.target, problem)
    try:
        port = server.add_insecure_port(address.target)
    except RuntimeError:
        # Somebody was faster.
        problem = problem_of_listening(address) or os.strerror(errno.EADDRINUSE)
        raise AddressInUse(address.target, problem) from None
    if address.path:
        # The mode of the socket is the only lock on this door.
        Path(address.path).chmod(0o600)
    return address.at_port(port)
