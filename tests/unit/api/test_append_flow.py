"""The streaming append: in order, in bounds, one refusal costs no other event."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_memory._pb.agent_memory.v1 import event_pb2
from agent_memory._pb.agent_memory.v1 import event_service_pb2 as pb
from agent_memory.api.servicers import append_flow
from agent_memory.api.servicers.append_flow import AppendFlow
from agent_memory.errors import Closed, DaemonStopping, DiskFull
from agent_memory.events import Draft, Receipt
from agent_memory.memory import StreamOutcome
from agent_memory.testing.scripted_memory import ScriptedMemory
from agent_memory.testing.waiting import eventually_async

NEVER = asyncio.Event


def request(text: str) -> pb.StreamAppendEventsRequest:
    return pb.StreamAppendEventsRequest(event=event_pb2.Event(kind="EVENT_KIND_OTHER", session="s", text=text))  # type: ignore[arg-type]


class GatedMemory(ScriptedMemory):
    """A memory whose groups become durable when the test says so."""

    def __init__(self, *, open_: bool = True) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        if open_:
            self.gate.set()
        self.groups: list[list[str]] = []
        self.errors: list[Exception] = []

    async def submit_drafts(self, drafts: Sequence[Draft]) -> list[StreamOutcome]:
        self.groups.append([draft.text for draft in drafts])
        await self.gate.wait()
        if self.errors:
            raise self.errors.pop(0)
        return [self._outcome(draft) for draft in drafts]


async def several(*texts: str) -> AsyncIterator[pb.StreamAppendEventsRequest]:
    for text in texts:
        yield request(text)


class Pipe:
    """Requests that come one at a time."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[pb.StreamAppendEventsRequest | None] = asyncio.Queue()
        self.read = 0

    def send(self, *texts: str) -> None:
        for text in texts:
            self._queue.put_nowait(request(text))

    def end(self) -> None:
        self._queue.put_nowait(None)

    async def __aiter__(self) -> AsyncIterator[pb.StreamAppendEventsRequest]:
        while (item := await self._queue.get()) is not None:
            self.read += 1
            yield item


async def results_of(flow: AppendFlow, requests: Any) -> list[pb.StreamAppendResult]:
    return [result async for response in flow.responses(requests) for result in response.results]


def words(results: list[pb.StreamAppendResult]) -> list[str]:
    return [r.error.reason or "ok" for r in results]


@given(st.lists(st.sampled_from(["a", "b", ""]), max_size=40))
async def test_every_request_is_answered_in_its_place(texts: list[str]) -> None:
    """Whatever is refused stands between what is not, and costs it nothing."""
    memory = GatedMemory()
    results = await results_of(AppendFlow(memory, NEVER()), several(*texts))

    assert list(range(1, len(texts) + 1)) == [r.sequence for r in results]
    assert ["ok" if text else "INVALID_EVENT" for text in texts] == words(results)
    assert [text for text in texts if text] == [r.event.text for r in memory.recorded.values()]


async def test_a_refusal_names_code_field_and_way_out() -> None:
    (result,) = await results_of(AppendFlow(GatedMemory(), NEVER()), several(""))

    assert (3, "INVALID_EVENT") == (result.error.code, result.error.reason)
    assert "text: is empty" in result.error.message
    assert "Give the text" in result.error.message


async def test_a_memory_without_groups_is_served_too() -> None:
    memory = ScriptedMemory()
    results = await results_of(AppendFlow(memory, NEVER()), several("a", "", "b"))

    assert ["ok", "INVALID_EVENT", "ok"] == words(results)


async def test_what_comes_during_a_sync_is_the_next_group() -> None:
    memory, pipe = GatedMemory(open_=False), Pipe()
    pipe.send(*"abcdef")
    pipe.end()
    results = asyncio.create_task(results_of(AppendFlow(memory, NEVER()), pipe))
    await eventually_async(lambda: pipe.read == 6 and len(memory.groups) == append_flow.GROUPS_MAX)
    before = [list(group) for group in memory.groups]
    memory.gate.set()
    answered = await results

    assert append_flow.GROUPS_MAX == len(before)
    assert 3 >= len(memory.groups)
    assert [1, 2, 3, 4, 5, 6] == [r.receipt.position for r in answered]


async def test_nothing_is_acknowledged_before_it_is_durable() -> None:
    memory, pipe = GatedMemory(open_=False), Pipe()
    pipe.send("a")
    responses = AppendFlow(memory, NEVER()).responses(pipe)
    first = asyncio.ensure_future(anext(responses))
    await eventually_async(lambda: memory.groups)
    early = first.done()
    memory.gate.set()
    response = await first
    await responses.aclose()

    assert (False, 1) == (early, response.results[0].receipt.position)


async def test_a_flood_is_not_read_beyond_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(append_flow, "EVENTS_MAX", 5)
    memory, pipe = GatedMemory(open_=False), Pipe()
    pipe.send(*("x" for _ in range(20)))
    pipe.end()
    results = asyncio.create_task(results_of(AppendFlow(memory, NEVER()), pipe))
    for _ in range(200):
        await asyncio.sleep(0)
    held = pipe.read
    memory.gate.set()

    assert 6 == held  # five under way, and the one that waits for room
    assert 20 == len(await results)


async def test_long_events_are_bound_by_their_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(append_flow, "BYTES_MAX", 100)
    memory, pipe = GatedMemory(open_=False), Pipe()
    pipe.send(*("x" * 60 for _ in range(10)))
    pipe.end()
    results = asyncio.create_task(results_of(AppendFlow(memory, NEVER()), pipe))
    for _ in range(200):
        await asyncio.sleep(0)
    held = pipe.read
    memory.gate.set()

    assert 3 == held
    assert 10 == len(await results)


async def test_a_full_disk_refuses_and_the_stream_goes_on() -> None:
    memory, pipe = GatedMemory(), Pipe()
    memory.errors.append(DiskFull("/var", 1, 2))
    flow = AppendFlow(memory, NEVER()).responses(pipe)
    pipe.send("a")
    refused = (await anext(flow)).results
    pipe.send("b")
    taken = (await anext(flow)).results
    await flow.aclose()

    assert [(8, "DISK_FULL")] == [(r.error.code, r.error.reason) for r in refused]
    assert [Receipt] == [type(Receipt(r.receipt.event_id, r.receipt.position, True)) for r in taken]
    assert [(2, 1)] == [(r.sequence, r.receipt.position) for r in taken]


async def test_a_closed_memory_ends_the_stream() -> None:
    memory = GatedMemory()
    memory.errors.append(Closed("closed"))
    with pytest.raises(Closed):
        await results_of(AppendFlow(memory, NEVER()), several("a"))


async def test_a_stop_acknowledges_what_was_read_and_says_why_it_ends() -> None:
    memory, pipe, stopping = GatedMemory(open_=False), Pipe(), asyncio.Event()
    pipe.send("a", "b", "c")
    answered: list[int] = []

    async def collect() -> None:
        async for response in AppendFlow(memory, stopping).responses(pipe):
            answered.extend(r.sequence for r in response.results)

    collecting = asyncio.create_task(collect())
    await eventually_async(lambda: pipe.read == 3)
    stopping.set()
    memory.gate.set()
    with pytest.raises(DaemonStopping):
        await collecting

    assert [1, 2, 3] == answered


async def test_a_broken_reader_breaks_the_stream_after_its_answers() -> None:
    async def broken() -> AsyncIterator[pb.StreamAppendEventsRequest]:
        yield request("a")
        raise ConnectionError("gone")

    responses = AppendFlow(GatedMemory(), NEVER()).responses(broken())
    first = await anext(responses)
    with pytest.raises(ConnectionError):
        await anext(responses)

    assert [1] == [r.sequence for r in first.results]
