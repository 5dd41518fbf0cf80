"""`drawn`: a plain iterable as an async iterator, its producer on a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator

import pytest

from agent_memory.bridge import drawn


async def test_items_come_in_order_however_many_there_are() -> None:
    assert list(range(5000)) == [n async for n in drawn(range(5000), name="test")]
    assert [] == [n async for n in drawn("", name="test")]


async def test_an_async_iterable_is_passed_on() -> None:
    async def items() -> AsyncIterator[int]:
        for n in range(3):
            yield n

    assert [0, 1, 2] == [n async for n in drawn(items(), name="test")]


async def test_an_item_arrives_while_the_producer_waits_for_the_event_loop() -> None:
    """Each item is asked for only once the one before has been seen here."""
    loop = asyncio.get_running_loop()
    seen: list[int] = []

    async def look() -> int:
        return len(seen)

    def items() -> Iterator[int]:
        for n in range(20):
            yield n
            while asyncio.run_coroutine_threadsafe(look(), loop).result(10) <= n:
                pass

    async for n in drawn(items(), name="test"):
        seen.append(n)

    assert list(range(20)) == seen


async def test_what_the_producer_raises_is_raised_after_its_items() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    stream = drawn(items(), name="test")
    assert 1 == await anext(stream)
    with pytest.raises(ValueError, match="broken"):
        await anext(stream)


async def test_no_more_is_drawn_than_a_bounded_number_ahead() -> None:
    drawn_ = 0

    def items() -> Iterator[int]:
        nonlocal drawn_
        while True:
            drawn_ += 1
            yield drawn_

    stream = drawn(items(), name="endless")
    for expected in range(1, 4000):
        assert expected == await anext(stream)
    await stream.aclose()
    await asyncio.to_thread(ended, "endless")

    assert drawn_ <= 4000 + 2 * 1024


async def test_leaving_early_does_not_wait_and_ends_the_thread_at_its_next_item() -> None:
    more = threading.Event()
    produced: list[int] = []

    def items() -> Iterator[int]:
        yield 1
        more.wait(10)
        for n in range(2, 10):
            produced.append(n)
            yield n

    stream = drawn(items(), name="left")
    assert 1 == await anext(stream)
    await asyncio.wait_for(stream.aclose(), 5)
    more.set()
    await asyncio.to_thread(ended, "left")

    assert [2] == produced


def ended(name: str) -> None:
    for thread in threading.enumerate():
        if thread.name == name:
            thread.join(10)
            assert not thread.is_alive()
