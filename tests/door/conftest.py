"""A real daemon for the tests of the door: a process of its own, a store of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from agent_memory.api.client import GrpcMemory, connect_memory
from agent_memory.testing.daemon import DaemonProcess

TIME_ZONE = "Europe/Oslo"


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    """`agent-memory serve`, healthy; one for the tests of a file. Ended by SIGTERM, it must exit with 0."""
    store = tmp_path_factory.mktemp("door") / "store"
    with DaemonProcess(store, flags=("--time-zone", TIME_ZONE)) as process:
        with grpc.insecure_channel(process.address) as channel:
            stub: Any = health_pb2_grpc.HealthStub(channel)  # type: ignore[no-untyped-call]
            answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=30, wait_for_ready=True)
        assert health_pb2.HealthCheckResponse.SERVING == answer.status
        yield process
        code = process.stop()
        assert 0 == code, process.log


@pytest.fixture
async def memory(daemon: DaemonProcess) -> AsyncIterator[GrpcMemory]:
    """The daemon's `Memory`, over gRPC."""
    async with connect_memory(daemon.address, timeout_s=60) as memory:
        yield memory


@pytest.fixture
async def channel(daemon: DaemonProcess) -> AsyncIterator[grpc.aio.Channel]:
    """The bare line to the daemon."""
    options = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]
    async with grpc.aio.insecure_channel(daemon.address, options=options) as channel:
        yield channel
