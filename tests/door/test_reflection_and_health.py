"""A stranger finds out what the daemon offers, and how it is, without the protos."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from google.protobuf import descriptor_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2

from agent_memory.api.client import GrpcMemory

SERVICES = {
    "agent_memory.v1.EventService",
    "agent_memory.v1.SessionService",
    "agent_memory.v1.ContentsService",
    "agent_memory.v1.GripService",
    "agent_memory.v1.SearchService",
    "agent_memory.v1.AdminService",
    "agent_memory.v1.SummaryService",
    "grpc.health.v1.Health",
    "grpc.reflection.v1alpha.ServerReflection",
}


async def ask(channel: grpc.aio.Channel, version: str, **question: Any) -> reflection_pb2.ServerReflectionResponse:
    stub: Any = channel.stream_stream(
        f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
        reflection_pb2.ServerReflectionRequest.SerializeToString,
        reflection_pb2.ServerReflectionResponse.FromString,
    )
    answers = [a async for a in stub(iter([reflection_pb2.ServerReflectionRequest(**question)]), timeout=30)]
    return answers[0]


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
async def test_reflection_lists_every_service(channel: grpc.aio.Channel, version: str) -> None:
    answer = await ask(channel, version, list_services="*")

    assert {service.name for service in answer.list_services_response.service} == SERVICES


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
async def test_reflection_describes_a_method_down_to_its_fields(channel: grpc.aio.Channel, version: str) -> None:
    answer = await ask(channel, version, file_containing_symbol="agent_memory.v1.SearchService")
    file = descriptor_pb2.FileDescriptorProto.FromString(answer.file_descriptor_response.file_descriptor_proto[0])
    (request,) = [message for message in file.message_type if message.name == "SearchRequest"]

    assert {"query", "filter", "limit", "min_position", "options"} == {field.name for field in request.field}


async def test_health_is_told_overall_and_for_each_service_and_view(
    channel: grpc.aio.Channel, memory: GrpcMemory
) -> None:
    """A default install has no model: the view that waits for one is down, and says so alone."""
    health: Any = health_pb2_grpc.HealthStub(channel)  # type: ignore[no-untyped-call]
    answer = await health.List(health_pb2.HealthListRequest(), timeout=30)
    words = {
        name: health_pb2.HealthCheckResponse.ServingStatus.Name(state.status) for name, state in answer.statuses.items()
    }
    has_model = bool((await memory.status()).model_id)
    views = {f"agent_memory.view.{name}" for name in ("toc", "lexical", "vectors", "catalog", "entities")}

    assert {"", *views, *(name for name in SERVICES if name.startswith("agent_memory"))} == set(words)
    assert set() == {n for n, word in words.items() if word != "SERVING"} - {"agent_memory.view.vectors"}
    if has_model:
        assert "SERVING" == words["agent_memory.view.vectors"]


async def test_the_health_of_something_unknown_is_not_found(channel: grpc.aio.Channel) -> None:
    health: Any = health_pb2_grpc.HealthStub(channel)  # type: ignore[no-untyped-call]
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await health.Check(health_pb2.HealthCheckRequest(service="agent_memory.view.none"), timeout=30)

    assert "NOT_FOUND" == failed.value.code().name
