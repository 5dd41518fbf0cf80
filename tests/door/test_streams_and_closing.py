"""Streams of plain iterables, and use after the end: in process and over gRPC alike."""

from __future__ import annotations

import asyncio
import threading
import warnings
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

import agent_memory
from agent_memory import Draft, Filter, Kind, Memory, Opening, Receipt, SyncMemory
from agent_memory.errors import Closed
from agent_memory.events.ulids import ulid_of
from agent_memory.memory import ReplayVerdict
from agent_memory.testing.daemon import DaemonProcess

pytestmark = pytest.mark.usefixtures("without_model")

Open = Callable[[], Opening]

ULID = ulid_of(1_700_000_000_000, 7)


def draft(text: str, session: str = "s") -> Draft:
    return Draft(kind=Kind.USER_MESSAGE, session=session, text=text)


@pytest.fixture(params=["open", "connect"])
def opening(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Each call gives the same store, not open yet."""
    if request.param == "open":
        yield lambda: agent_memory.open(tmp_path / "store", model=str(tmp_path / "no-model"))
        return
    with DaemonProcess(tmp_path / "store") as daemon:
        yield lambda: agent_memory.connect(daemon.address)


def test_an_acknowledgement_arrives_before_the_producer_goes_on(opening: Open) -> None:
    acknowledged = threading.Semaphore(0)
    in_time: list[bool] = []

    def drafts() -> Iterator[Draft]:
        for n in range(3):
            yield draft(f"number {n}")
            in_time.append(acknowledged.acquire(timeout=20))

    with opening() as memory:
        for outcome in memory.append_stream(drafts()):
            assert isinstance(outcome, Receipt)
            acknowledged.release()

    assert [True] * 3 == in_time


def test_a_producer_may_call_the_memory_that_it_feeds(opening: Open) -> None:
    def drafts(memory: SyncMemory) -> Iterator[Draft]:
        for n in range(3):
            receipt = memory.append(draft(f"beside {n}", "beside"))
            yield draft(f"after {memory.event(receipt.event_id).event.text}")

    with opening() as memory:
        outcomes = list(memory.append_stream(drafts(memory)))
        texts = [item.event.text for item in memory.events(where=Filter(sessions=("s",))).items]

    assert ["after beside 0", "after beside 1", "after beside 2"] == texts
    assert 3 == len(outcomes)


def test_other_threads_are_served_while_a_producer_thinks(opening: Open) -> None:
    thinking, served = threading.Event(), threading.Event()

    def drafts() -> Iterator[Draft]:
        thinking.set()
        assert served.wait(20)
        yield draft("at last")

    def ask(memory: SyncMemory) -> None:
        thinking.wait(20)
        memory.status()
        served.set()

    with opening() as memory:
        asking = threading.Thread(target=ask, args=(memory,))
        asking.start()
        outcomes = list(memory.append_stream(drafts()))
        asking.join()

    assert 1 == len(outcomes)


@pytest.mark.parametrize("raised", [ValueError("broken"), SystemExit(3)], ids=["ValueError", "SystemExit"])
def test_what_the_producer_raises_reaches_the_caller_after_the_outcomes(opening: Open, raised: BaseException) -> None:
    def drafts() -> Iterator[Draft]:
        yield draft("one")
        raise raised

    with opening() as memory:
        outcomes = memory.append_stream(drafts())
        assert isinstance(next(outcomes), Receipt)
        with pytest.raises(type(raised), match=str(raised)):
            next(outcomes)
        # And the memory goes on.
        assert 1 == memory.status().position


async def test_the_event_loop_goes_on_while_a_plain_producer_thinks(opening: Open) -> None:
    answered = threading.Event()

    def drafts() -> Iterator[Draft]:
        yield draft("one")
        assert answered.wait(20)
        yield draft("two")

    async with opening() as memory, aclosing(memory.append_stream(drafts())) as outcomes:  # type: ignore[type-var]
        assert isinstance(await anext(outcomes), Receipt)
        await memory.status()
        answered.set()
        assert isinstance(await anext(outcomes), Receipt)


def test_a_stream_left_early_keeps_nothing_waiting(opening: Open) -> None:
    def drafts() -> Iterator[Draft]:
        n = 0
        while True:
            n += 1
            yield draft(f"number {n}")

    with opening() as memory:
        outcomes = memory.append_stream(drafts())
        assert isinstance(next(outcomes), Receipt)
        outcomes.close()  # type: ignore[attr-defined]
        assert memory.status().position >= 1


CALLS: dict[str, Callable[[Any], Any]] = {
    "append": lambda m: m.append(draft("late")),
    "append_batch": lambda m: m.append_batch([draft("late")]),
    "append_stream": lambda m: m.append_stream([draft("late")]),
    "event": lambda m: m.event(ULID),
    "events": lambda m: m.events(),
    "events at a position": lambda m: m.events(min_position=100),
    "session": lambda m: m.session("s"),
    "sessions": lambda m: m.sessions(),
    "root": lambda m: m.root(),
    "node": lambda m: m.node("day/2024-01-01"),
    "children": lambda m: m.children("day/2024-01-01"),
    "node_versions": lambda m: m.node_versions("day/2024-01-01"),
    "days": lambda m: m.days(),
    "grip": lambda m: m.grip(ULID),
    "expand": lambda m: m.expand(ULID),
    "search": lambda m: m.search("late"),
    "status": lambda m: m.status(),
    "wait_for": lambda m: m.wait_for(["toc"], 100),
    "replay": lambda m: m.replay(["toc"]),
    "verify": lambda m: m.verify(),
}


def test_after_the_end_every_plain_call_says_closed(opening: Open) -> None:
    with opening() as memory:
        memory.append(draft("in time"))
    said = {}
    with warnings.catch_warnings():
        # Such as a coroutine that nobody awaited.
        warnings.simplefilter("error")
        for name, call in CALLS.items():
            said[name] = raised_by(lambda call=call: drained(call(memory)))  # type: ignore[misc]

    assert dict.fromkeys(CALLS, Closed) == said


def drained(answer: object) -> None:
    if isinstance(answer, Iterator):
        list(answer)


def raised_by(call: Callable[[], object]) -> type[BaseException] | None:
    try:
        call()
    except BaseException as error:
        return type(error)
    return None


async def test_after_the_end_every_call_says_closed(opening: Open) -> None:
    async with opening() as memory:
        await memory.append(draft("in time"))
    said = {}
    for name, call in CALLS.items():
        said[name] = await raised_within(memory, call)

    assert dict.fromkeys(CALLS, Closed) == said


async def raised_within(memory: Memory, call: Callable[[Any], Any]) -> type[BaseException] | None:
    try:
        answer = call(memory)
        if isinstance(answer, Awaitable):
            await answer
        else:
            await anext(answer)
    except BaseException as error:
        return type(error)
    return None


async def test_calls_under_way_at_the_end_are_answered_or_told(opening: Open) -> None:
    async with opening() as memory:
        await memory.append(draft("in time"))
        calls = [asyncio.ensure_future(memory.search("time")) for _ in range(100)]
        await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
    outcomes = await asyncio.gather(*calls, return_exceptions=True)

    assert [] == [o for o in outcomes if isinstance(o, BaseException) and not isinstance(o, Closed)]
    assert 100 == len(outcomes)


def test_a_thread_that_waits_at_the_end_is_told(opening: Open) -> None:
    told: list[type[BaseException] | None] = []
    asked = threading.Event()

    def drafts() -> Iterator[Draft]:
        asked.set()
        never.wait(20)
        yield draft("too late")

    never = threading.Event()
    with opening() as memory:
        waiting = threading.Thread(target=lambda: told.append(raised_by(lambda: next(memory.append_stream(drafts())))))
        waiting.start()
        assert asked.wait(20)
    waiting.join(20)
    never.set()

    assert [Closed] == told


def test_a_view_that_is_named_twice_is_replayed_once(opening: Open) -> None:
    with opening() as memory:
        receipt = memory.append(draft("once"))
        memory.wait_for(["toc", "catalog"], receipt.position)
        reports = list(memory.replay(["catalog", "toc", "catalog"]))

    assert ["catalog", "toc"] == [r.view for r in reports if isinstance(r, ReplayVerdict)]
