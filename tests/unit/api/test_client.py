"""`GrpcMemory`: a `Memory` like any other, over a line that may break."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import grpc
import pytest

from agent_memory.api.calling import backoff_s
from agent_memory.api.client import GrpcMemory, connect_memory
from agent_memory.api.server import GrpcServer, serve_memory
from agent_memory.errors import (
    Closed,
    DaemonUnavailable,
    DeadlineExceeded,
    Invalid,
    InvalidConfig,
    InvalidEvent,
    InvalidQuery,
    UnknownView,
    ViewBehind,
)
from agent_memory.events import Draft, Kind, Receipt
from agent_memory.memory import AppendRefused
from agent_memory.testing.scripted_memory import ScriptedMemory, status, view_status


def draft(text: str = "hello", **fields: Any) -> Draft:
    return Draft(kind=Kind.OTHER, session="s", text=text, **fields)


class Daemon:
    """A server that can be stopped and started again at the same address."""

    def __init__(self, memory: ScriptedMemory, **settings: Any) -> None:
        self.memory = memory
        self.address = "127.0.0.1:0"
        self._settings = settings
        self._serving: Any = None

    async def start(self) -> None:
        self._serving = serve_memory(self.memory, address=self.address, **self._settings)
        server: GrpcServer = await self._serving.__aenter__()
        self.address = server.address

    async def stop(self) -> None:
        serving, self._serving = self._serving, None
        if serving is not None:
            await serving.__aexit__(None, None, None)


@pytest.fixture
async def daemon() -> AsyncIterator[Daemon]:
    daemon = Daemon(ScriptedMemory(), drain_s=1.0)
    await daemon.start()
    yield daemon
    await daemon.stop()


@pytest.fixture
async def memory(daemon: Daemon) -> AsyncIterator[GrpcMemory]:
    async with connect_memory(daemon.address, timeout_s=20) as memory:
        yield memory


async def test_the_id_is_given_before_the_first_try(daemon: Daemon, memory: GrpcMemory) -> None:
    receipt = await memory.append(draft())
    (asked,) = [arguments["draft"] for name, arguments in daemon.memory.calls if name == "append"]

    assert receipt.event_id == asked.id


async def test_an_event_with_a_source_keeps_the_id_that_follows_from_it(daemon: Daemon, memory: GrpcMemory) -> None:
    await memory.append(draft(source="hook", source_id="7"))
    (asked,) = [arguments["draft"] for name, arguments in daemon.memory.calls if name == "append"]

    assert "" == asked.id


class FailingOnce:
    """A server that takes an append, loses its answer, and then works."""

    def __init__(self, failures: int = 1) -> None:
        self.failures = failures
        self.ids: list[str] = []

    async def append(self, request: Any, context: Any) -> Any:
        from agent_memory._pb.agent_memory.v1 import event_service_pb2 as pb

        self.ids.append(request.event.id)
        if len(self.ids) <= self.failures:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "the line broke")
        return pb.AppendEventResponse(receipt=pb.Receipt(event_id=request.event.id, position=1, created=True))


async def flaky(stack: AsyncExitStack, flaw: FailingOnce) -> str:
    from agent_memory._pb.agent_memory.v1 import admin_service_pb2, event_service_pb2

    async def tell(request: Any, context: Any) -> Any:
        return admin_service_pb2.Status()

    server = grpc.aio.server()
    for service, name, method, request_type in (
        ("EventService", "AppendEvent", flaw.append, event_service_pb2.AppendEventRequest),
        ("AdminService", "GetStatus", tell, admin_service_pb2.GetStatusRequest),
    ):
        handler = grpc.unary_unary_rpc_method_handler(
            method, request_type.FromString, lambda message: message.SerializeToString()
        )
        server.add_generic_rpc_handlers(
            [grpc.method_handlers_generic_handler(f"agent_memory.v1.{service}", {name: handler})]
        )
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    stack.push_async_callback(server.stop, None)
    return f"127.0.0.1:{port}"


async def test_a_lost_answer_is_asked_for_again_with_the_same_id() -> None:
    flaw = FailingOnce()
    async with AsyncExitStack() as stack:
        address = await flaky(stack, flaw)
        memory = await stack.enter_async_context(connect_memory(address))
        receipt = await memory.append(draft())

    assert [receipt.event_id] * 2 == flaw.ids


async def test_retries_end_with_their_time() -> None:
    flaw = FailingOnce(failures=10_000)
    async with AsyncExitStack() as stack:
        address = await flaky(stack, flaw)
        memory = await stack.enter_async_context(connect_memory(address, retry_s=0.3))
        with pytest.raises(DaemonUnavailable, match="the line broke"):
            await memory.append(draft())

    assert 2 <= len(flaw.ids) < 20
    assert 1 == len(set(flaw.ids))


def test_pauses_grow_and_are_spread() -> None:
    chance = random.Random(7)
    pauses = [[backoff_s(attempt, chance) for _ in range(200)] for attempt in range(8)]

    assert all(len(set(row)) > 100 for row in pauses)
    assert [0.05, 0.1, 0.2, 0.4, 0.8, 1.0, 1.0, 1.0] == [pytest.approx(max(row), rel=0.1) for row in pauses]


async def test_a_restart_of_the_daemon_costs_a_caller_nothing(daemon: Daemon, memory: GrpcMemory) -> None:
    await daemon.stop()
    reading = asyncio.create_task(memory.status())
    await daemon.start()

    assert (await reading).healthy


async def test_a_stream_outlives_a_restart_and_records_nothing_twice(daemon: Daemon, memory: GrpcMemory) -> None:
    texts = [f"line {n}" for n in range(300)]
    half = asyncio.Event()

    async def drafts() -> AsyncIterator[Draft]:
        for n, text in enumerate(texts):
            if n == 150:
                half.set()
                await asyncio.sleep(0)
            yield draft(text)

    async def restart() -> None:
        await half.wait()
        await daemon.stop()
        await daemon.start()

    restarting = asyncio.create_task(restart())
    outcomes = [outcome async for outcome in memory.append_stream(drafts())]
    await restarting

    assert texts == [r.event.text for r in daemon.memory.recorded.values()]
    assert list(range(1, 301)) == [o.position for o in outcomes if isinstance(o, Receipt)]


async def test_a_stream_answers_refusals_of_both_sides_in_their_place(memory: GrpcMemory) -> None:
    drafts = [draft("a"), draft(""), draft("b", agent="\ud800"), draft("c"), draft("d", agent="\ud800")]
    outcomes = [outcome async for outcome in memory.append_stream(drafts)]

    assert ["1", "INVALID_EVENT", "INVALID_EVENT", "2", "INVALID_EVENT"] == [
        o.reason if isinstance(o, AppendRefused) else str(o.position) for o in outcomes
    ]


async def test_a_refusal_comes_while_the_stream_is_open(memory: GrpcMemory) -> None:
    """A caller that waits for each outcome before it goes on is not kept waiting."""
    told: asyncio.Queue[None] = asyncio.Queue()

    async def drafts() -> AsyncIterator[Draft]:
        for agent in ("\ud800", "a", "\ud800"):
            yield draft(agent=agent)
            await told.get()

    seen = []
    async with asyncio.timeout(20):
        async for outcome in memory.append_stream(drafts()):
            seen.append(type(outcome))
            told.put_nowait(None)

    assert [AppendRefused, Receipt, AppendRefused] == seen


async def test_what_the_callers_iterator_raises_comes_after_the_outcomes(memory: GrpcMemory) -> None:
    async def drafts() -> AsyncIterator[Draft]:
        yield draft()
        raise KeyError("mine")

    outcomes = memory.append_stream(drafts())
    first = await anext(outcomes)
    with pytest.raises(KeyError, match="mine"):
        await anext(outcomes)

    assert isinstance(first, Receipt)


async def test_a_stream_may_be_left_early(daemon: Daemon, memory: GrpcMemory) -> None:
    outcomes = memory.append_stream(draft(f"{n}") for n in range(100_000))
    first = await anext(outcomes)
    await outcomes.aclose()  # type: ignore[attr-defined]

    assert isinstance(first, Receipt)
    assert (await memory.status()).healthy


async def test_a_view_that_is_behind_is_named_before_the_deadline(daemon: Daemon) -> None:
    """Rather than that the time is over, the caller learns what it waited for."""

    async def forever(*_: Any, **__: Any) -> Any:
        await asyncio.Event().wait()

    lagging = tuple(view_status(n, position=3 if n == "toc" else 9) for n in ("toc", "catalog"))
    daemon.memory.script["status"] = status(position=9, views=lagging)
    daemon.memory.root = forever  # type: ignore[method-assign]
    async with connect_memory(daemon.address, timeout_s=1.0) as memory:
        with pytest.raises(ViewBehind) as behind:
            await memory.root(min_position=9)

    assert ("toc", 3, 9) == (behind.value.view, behind.value.position, behind.value.target)


async def test_a_longer_deadline_waits_longer_than_the_memory_does(daemon: Daemon) -> None:
    tries = []

    def behind_twice(**arguments: Any) -> Any:
        tries.append(arguments["min_position"])
        return ViewBehind("toc", 1, 2) if len(tries) < 3 else status_root()

    def status_root() -> Any:
        from agent_memory.memory import Root

        return Root(years=(), event_count=2, time_zone="UTC")

    daemon.memory.script["root"] = behind_twice
    async with connect_memory(daemon.address, timeout_s=20) as memory:
        root = await memory.root(min_position=2)

    assert ([2, 2, 2], 2) == (tries, root.event_count)


async def test_no_answer_in_time_is_told_as_such(daemon: Daemon) -> None:
    async def forever(*_: Any, **__: Any) -> Any:
        await asyncio.Event().wait()

    daemon.memory.grip = forever  # type: ignore[method-assign, assignment]
    async with connect_memory(daemon.address, timeout_s=0.3) as memory:
        with pytest.raises(DeadlineExceeded):
            await memory.grip(grip_id="01KF0FV2E00000000000000002")


async def test_a_cancelled_call_stops_its_work(daemon: Daemon, memory: GrpcMemory) -> None:
    started, stopped = asyncio.Event(), asyncio.Event()

    async def work(*_: Any, **__: Any) -> Any:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    daemon.memory.search = work  # type: ignore[method-assign]
    call = asyncio.create_task(memory.search("q"))
    async with asyncio.timeout(20):
        await started.wait()
        call.cancel()
        await stopped.wait()

    assert stopped.is_set()


async def test_leaving_a_replay_closes_it_and_leaves_its_progress(daemon: Daemon, memory: GrpcMemory) -> None:
    from agent_memory.memory import ReplayProgress

    closed = asyncio.Event()

    async def endless(views: Any = (), *, restart: bool = False) -> AsyncIterator[Any]:
        try:
            yield ReplayProgress(view="toc", position=1, target=100)
            await asyncio.Event().wait()
        finally:
            closed.set()

    daemon.memory.replay = endless  # type: ignore[method-assign]
    reports = memory.replay(["toc"])
    first = await anext(reports)
    await reports.aclose()  # type: ignore[attr-defined]
    async with asyncio.timeout(20):
        await closed.wait()

    assert ReplayProgress(view="toc", position=1, target=100) == first


async def test_a_replay_ends_when_the_daemon_stops(daemon: Daemon) -> None:
    from agent_memory.errors import DaemonStopping
    from agent_memory.memory import ReplayProgress

    async def endless(views: Any = (), *, restart: bool = False) -> AsyncIterator[Any]:
        yield ReplayProgress(view="toc", position=1, target=100)
        await asyncio.Event().wait()

    daemon.memory.replay = endless  # type: ignore[method-assign]
    async with asyncio.timeout(20), connect_memory(daemon.address) as memory:
        reports = memory.replay()
        await anext(reports)
        stopping = asyncio.create_task(daemon.stop())
        with pytest.raises(DaemonStopping):
            await anext(reports)
        await stopping


async def test_waiting_for_a_view_follows_its_position(daemon: Daemon, memory: GrpcMemory) -> None:
    positions = iter([1, 1, 2, 3])

    def told() -> Any:
        at = next(positions)
        return status(position=3, views=(view_status("toc", position=at), view_status("lexical", position=0)))

    daemon.memory.script["status"] = told
    await memory.wait_for(["toc"], 3, timeout_s=20)

    assert [] == list(positions)


@pytest.mark.parametrize(
    ("views", "position", "error"),
    [(["toc"], 9, ViewBehind), (["tic"], 1, UnknownView), (["toc"], -1, InvalidQuery)],
)
async def test_waiting_in_vain_is_an_error(
    memory: GrpcMemory, views: list[str], position: int, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await memory.wait_for(views, position, timeout_s=0.1)


async def test_a_number_of_hits_or_items_that_cannot_be_is_refused(memory: GrpcMemory) -> None:
    """0 would mean the default on the wire; in process it is refused, and so it is here."""
    fields = []
    for call in (
        memory.events(limit=0),
        memory.sessions(limit=1001),
        memory.children("year/2026", limit=-1),
        memory.search("q", limit=0),
        memory.search("q", limit=201),
        memory.node("year/2026", version=-1),
        memory.root(min_position=-1),
        memory.expand("g", before=1 << 40),
    ):
        with pytest.raises(InvalidQuery) as refused:
            await call
        fields.append(refused.value.field)

    assert ["page_size"] * 3 + ["limit"] * 2 + ["version", "min_position", "before"] == fields


async def test_a_batch_names_the_draft_that_cannot_be_sent(memory: GrpcMemory) -> None:
    with pytest.raises(InvalidEvent) as refused:
        await memory.append_batch([draft(), draft(agent="\ud800")])

    assert "events[1].agent" == refused.value.field


async def test_a_query_may_hold_anything(daemon: Daemon, memory: GrpcMemory) -> None:
    await memory.search('AND "(\ud800 \0 -:*')
    (asked,) = [arguments["query"] for name, arguments in daemon.memory.calls if name == "search"]

    assert 'AND "(\ufffd \0 -:*' == asked


async def test_a_message_that_is_too_large_is_refused_and_the_next_is_served() -> None:
    async with (
        serve_memory(ScriptedMemory(), address="127.0.0.1:0", message_bytes_max=1 << 20) as server,
        connect_memory(server.address) as memory,
    ):
        with pytest.raises(Invalid, match="larger than one message may be"):
            await memory.append_batch([draft("x" * (600 << 10))] * 2)
        receipt = await memory.append(draft())

    assert receipt.created


async def test_a_closed_client_says_so(daemon: Daemon) -> None:
    async with connect_memory(daemon.address) as memory:
        pass
    with pytest.raises(Closed):
        await memory.status()


async def test_what_is_no_address_is_not_called() -> None:
    with pytest.raises(InvalidConfig):
        async with connect_memory("nowhere"):
            pass


async def test_another_service_at_the_address_is_no_daemon() -> None:
    async with AsyncExitStack() as stack:
        server = grpc.aio.server()
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        stack.push_async_callback(server.stop, None)
        with pytest.raises(DaemonUnavailable, match="no agent-memory of this release"):
            await stack.enter_async_context(connect_memory(f"127.0.0.1:{port}"))


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"text": 5}, "text"),
        ({"metadata": {"a": 5}}, "metadata['a']"),
        ({"role": "user"}, "role"),
        ({"source": 5, "source_id": "1"}, "source"),
        ({"time_ms": "5"}, "time"),
    ],
)
async def test_a_field_of_another_type_is_named(memory: GrpcMemory, fields: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidEvent) as caught:
        await memory.append(draft(**fields))

    assert field == caught.value.field


async def test_what_is_no_draft_is_refused(memory: GrpcMemory) -> None:
    with pytest.raises(InvalidEvent, match="must be a Draft"):
        await memory.append({"text": "hello"})  # type: ignore[arg-type]
