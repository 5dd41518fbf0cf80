"""One at a time, in the order of asking; nobody waits for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from agent_memory.clock import SYSTEM_CLOCK
from agent_memory.projectors.turns import Turns
from agent_memory.testing.waiting import eventually


class SteadyClock:
    """Moves when it is told to."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def now_ms(self) -> int:
        return int(self.now_s * 1000)

    def monotonic_s(self) -> float:
        return self.now_s


class Worker:
    """Takes a turn on a thread of its own, and keeps it until it is let go."""

    def __init__(self, turns: Turns, order: list[str], name: str) -> None:
        self.begun = threading.Event()
        self.hurried = False
        self._let_go = threading.Event()
        self._turns = turns
        self._order = order
        self._name = name
        self.thread = threading.Thread(target=self._work, daemon=True)
        self.thread.start()

    def _work(self) -> None:
        with self._turns.turn(lambda: self.hurried):
            self._order.append(self._name)
            self.begun.set()
            self._let_go.wait(30)

    def leave(self) -> None:
        self._let_go.set()
        self.thread.join(30)


Start = Callable[[str], Worker]


@pytest.fixture
def clock() -> SteadyClock:
    return SteadyClock()


@pytest.fixture
def turns(clock: SteadyClock) -> Turns:
    return Turns(clock=clock)


@pytest.fixture
def order() -> list[str]:
    return []


@pytest.fixture
def start(turns: Turns, order: list[str]) -> Start:
    def start(name: str) -> Worker:
        places = len(turns._queue)
        worker = Worker(turns, order, name)
        eventually(lambda: len(turns._queue) > places or worker.begun.is_set())
        return worker

    return start


def test_turns_are_given_in_the_order_in_which_they_were_asked_for(start: Start, order: list[str]) -> None:
    first, second, third = start("first"), start("second"), start("third")
    assert first.begun.wait(30)
    alone = list(order)
    first.leave()
    assert second.begun.wait(30)
    two = list(order)
    second.leave()
    assert third.begun.wait(30)
    third.leave()

    assert (["first"], ["first", "second"], ["first", "second", "third"]) == (alone, two, order)


def test_who_is_hurried_goes_at_once_and_takes_no_turn_from_those_before(
    turns: Turns, start: Start, order: list[str]
) -> None:
    first, second, third = start("first"), start("second"), start("third")
    third.hurried = True
    turns.hurry()
    assert third.begun.wait(30)
    early = list(order)
    third.leave()
    still = second.begun.is_set()
    first.leave()
    assert second.begun.wait(30)
    second.leave()

    assert (["first", "third"], False) == (early, still)


def test_who_takes_longer_than_a_second_is_not_waited_for(clock: SteadyClock, turns: Turns, start: Start) -> None:
    stuck = start("stuck")
    assert stuck.begun.wait(30)
    clock.now_s += 1.0
    second = start("second")
    assert second.begun.wait(30)
    third = start("third")
    waits = not third.begun.is_set()
    stuck.leave()
    still = not third.begun.is_set()
    second.leave()
    assert third.begun.wait(30)
    third.leave()

    assert waits
    assert still
    assert not turns._queue


def test_a_turn_is_left_when_its_work_fails() -> None:
    turns = Turns(clock=SYSTEM_CLOCK)
    with pytest.raises(ValueError, match="oops"), turns.turn(lambda: False):
        raise ValueError("oops")
    with turns.turn(lambda: False):
        pass

    assert not turns._queue
