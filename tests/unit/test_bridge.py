from __future__ import annotations

import threading

import pytest

from agent_memory.bridge import Cancelled, Emit, reports


async def test_reports_arrive_in_order() -> None:
    def produce(emit: Emit[int], cancelled: Cancelled) -> None:
        for n in range(500):
            emit(n)

    assert list(range(500)) == [n async for n in reports(produce, name="test")]


async def test_what_the_producer_raises_is_raised_after_its_reports() -> None:
    def produce(emit: Emit[int], cancelled: Cancelled) -> None:
        emit(1)
        raise ValueError("broken")

    stream = reports(produce, name="test")
    assert 1 == await anext(stream)
    with pytest.raises(ValueError, match="broken"):
        await anext(stream)


async def test_leaving_early_cancels_the_producer_and_waits_for_it() -> None:
    ended = threading.Event()

    def produce(emit: Emit[int], cancelled: Cancelled) -> None:
        while not cancelled():
            emit(1)
        ended.set()

    stream = reports(produce, name="test")
    assert 1 == await anext(stream)
    await stream.aclose()  # type: ignore[attr-defined]

    assert ended.is_set()
