"""A healthy face with a dead queue is impossible."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import grpc
import msgspec
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from agent_memory.api.health import NAMES, Progress, serving
from agent_memory.api.server import serve_memory
from agent_memory.memory import VIEW_NAMES, Status, ViewState
from agent_memory.summaries.reports import SummariesState, SummariesStatus
from agent_memory.testing.scripted_memory import ScriptedMemory, status, view_status


def with_view(name: str, **changes: Any) -> Status:
    return status(views=tuple(view_status(n, **(changes if n == name else {})) for n in VIEW_NAMES))


def down(told: Status | None, progress: Progress | None = None) -> set[str]:
    return {name for name, up in serving(told, progress or Progress()).items() if not up}


def test_all_serves_when_all_is_well() -> None:
    assert set() == down(status())


def test_refused_appends_are_the_end_of_overall_health() -> None:
    assert {"", "agent_memory.v1.EventService"} == down(status(append_error="the disk is full"))


@pytest.mark.parametrize("state", SummariesState)
def test_a_worker_that_stopped_takes_its_own_service_down_alone(state: SummariesState) -> None:
    """One that is off, or waits for a limit, is as it should be."""
    told = msgspec.structs.replace(status(), summaries=SummariesStatus(state=state))

    assert ({"agent_memory.v1.SummaryService"} if state is SummariesState.STOPPED else set()) == down(told)


def test_no_status_means_that_nothing_serves() -> None:
    assert set(NAMES) == down(None)


@pytest.mark.parametrize(
    ("view", "services"),
    [
        ("toc", {"agent_memory.v1.ContentsService"}),
        ("catalog", {"agent_memory.v1.SessionService"}),
        ("lexical", set()),
        ("vectors", set()),
        ("entities", set()),
    ],
)
@pytest.mark.parametrize("state", [ViewState.FAILED, ViewState.WAITING])
def test_a_view_that_stands_is_down_with_what_needs_it(view: str, services: set[str], state: ViewState) -> None:
    assert {f"agent_memory.view.{view}"} | services == down(with_view(view, state=state))


def test_search_is_down_once_nothing_can_serve_it() -> None:
    failed = tuple(view_status(name, state=ViewState.FAILED) for name in VIEW_NAMES)

    assert "agent_memory.v1.SearchService" in down(status(views=failed))


def test_a_view_that_is_missing_from_status_is_down() -> None:
    assert "agent_memory.view.toc" in down(status(views=()))


def test_a_view_that_says_it_lives_and_does_not_move_is_down() -> None:
    """31 days of green health with nothing done: not here."""
    now = [0.0]
    progress = Progress(stall_s=60, monotonic_s=lambda: now[0])
    stuck = with_view("lexical", position=5, lag=9)
    seen = []
    for now[0] in (0.0, 59.0, 60.0):
        seen.append(down(stuck, progress))

    assert [set(), set(), {"agent_memory.view.lexical"}] == seen


@pytest.mark.parametrize("moved", [{"position": 6, "lag": 8}, {"position": 5, "lag": 0}, {"generation": 2, "lag": 9}])
def test_a_view_that_moves_or_has_nothing_to_do_is_up(moved: dict[str, int]) -> None:
    now = [0.0]
    progress = Progress(stall_s=60, monotonic_s=lambda: now[0])
    down(with_view("lexical", position=5, lag=9), progress)
    now[0] = 61.0

    assert set() == down(with_view("lexical", **moved), progress)


@asynccontextmanager
async def health_of(memory: ScriptedMemory, **settings: Any) -> AsyncIterator[Any]:
    async with (
        serve_memory(memory, address="127.0.0.1:0", **settings) as server,
        grpc.aio.insecure_channel(server.address) as channel,
    ):
        yield health_pb2_grpc.HealthStub(channel)


def word(response: health_pb2.HealthCheckResponse) -> str:
    return health_pb2.HealthCheckResponse.ServingStatus.Name(response.status)


async def test_a_check_asks_anew() -> None:
    """The watch loop is a minute away; the answer is of now all the same."""
    memory = ScriptedMemory()
    async with health_of(memory, health_poll_s=60) as health:
        before = word(await health.Check(health_pb2.HealthCheckRequest()))
        memory.script["status"] = status(append_error="the disk is full")
        async with asyncio.timeout(20):
            # Checks of the same twentieth of a second share one status.
            while (after := word(await health.Check(health_pb2.HealthCheckRequest()))) == before:
                pass

    assert ("SERVING", "NOT_SERVING") == (before, after)


async def test_a_watcher_is_told_of_each_change_and_of_the_end() -> None:
    """The end comes when the server stops, which does not wait for watchers."""
    memory = ScriptedMemory()
    told = []
    async with asyncio.timeout(20), AsyncExitStack() as stack:
        serving_ = serve_memory(memory, address="127.0.0.1:0", health_poll_s=0.06, drain_s=60)
        server = await serving_.__aenter__()
        channel = await stack.enter_async_context(grpc.aio.insecure_channel(server.address))
        health = health_pb2_grpc.HealthStub(channel)
        watch = health.Watch(health_pb2.HealthCheckRequest(service="agent_memory.view.toc"))
        told.append(word(await watch.read()))
        memory.script["status"] = with_view("toc", state=ViewState.FAILED)
        told.append(word(await watch.read()))
        del memory.script["status"]
        told.append(word(await watch.read()))
        await serving_.__aexit__(None, None, None)
        told.append(word(await watch.read()))
        ended = await watch.read()

    assert ["SERVING", "NOT_SERVING", "SERVING", "NOT_SERVING"] == told
    assert grpc.aio.EOF == ended


async def test_a_status_that_fails_means_not_serving() -> None:
    memory = ScriptedMemory({"status": RuntimeError("a dead thread")})
    async with health_of(memory) as health:
        answers = await health.List(health_pb2.HealthListRequest())

    assert dict.fromkeys(NAMES, "NOT_SERVING") == {name: word(a) for name, a in answers.statuses.items()}


async def test_an_unknown_service_is_not_found() -> None:
    async with health_of(ScriptedMemory()) as health:
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await health.Check(health_pb2.HealthCheckRequest(service="nothing"))
        watched = word(await health.Watch(health_pb2.HealthCheckRequest(service="nothing")).read())

    assert ("NOT_FOUND", "SERVICE_UNKNOWN") == (failed.value.code().name, watched)
