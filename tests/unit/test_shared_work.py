"""Work in parts that a thread takes part in: it does the first ones, and a process beside it the last ones."""

from __future__ import annotations

import math
import os
import random
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_memory.offloading import OffloadProcess, taking_part
from agent_memory.offloading.shares import Shares
from agent_memory.testing.offloading import started
from agent_memory.testing.waiting import eventually

HERE = os.getpid()


def plus_one(number: int) -> int:
    return number + 1


def who_does(number: int, *, here: int, sign: str) -> tuple[int, int]:
    """The process that does it; in this one nobody goes on before the other has done something."""
    if os.getpid() == here:
        eventually(Path(sign).exists)
    else:
        Path(sign).touch()
    return number, os.getpid()


def ends_elsewhere(number: int, *, here: int) -> int:
    if os.getpid() != here:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


@pytest.fixture
def process() -> Iterator[OffloadProcess]:
    """One that answers already."""
    process = OffloadProcess(worth_s=0)
    started(process)
    yield process
    process.close()


@given(st.integers(0, 60), st.randoms(use_true_random=False))
def test_every_part_is_given_to_one_of_the_two(count: int, chance: random.Random) -> None:
    shares = Shares(count)
    ours, theirs = shares.from_the_first(), shares.from_the_last()
    first: list[int] = []
    last: list[int] = []
    goes_on = True
    while goes_on:
        goes_on = False
        for _ in range(2):
            if chance.random() < 0.5:
                place = next(ours, None)
                first += [] if place is None else [place]
                goes_on |= place is not None
            else:
                places = next(theirs, range(0))
                last = [*places, *last]
                goes_on |= bool(places)
    first += ours

    assert list(range(shares.met_at)) == first
    assert list(range(shares.met_at, count)) == last


def test_of_what_is_given_up_nobody_gets_more() -> None:
    shares = Shares(10)
    assert next(shares.from_the_first()) == 0
    shares.close()

    assert [] == [*shares.from_the_first(), *shares.from_the_last()]


def test_the_first_parts_are_done_here_and_the_last_there(process: OffloadProcess, tmp_path: Path) -> None:
    with taking_part():
        done = list(process.each(partial(who_does, here=HERE, sign=str(tmp_path / "sign")), range(40)))

    numbers, pids = zip(*done, strict=True)
    met_at = pids.count(HERE)
    assert tuple(range(40)) == numbers
    assert (HERE,) * met_at + (process.pid,) * (40 - met_at) == pids
    assert 1 <= met_at < 40


def test_what_a_part_raises_is_raised_at_its_place_whoever_did_it(process: OffloadProcess) -> None:
    for wrong in (0, 1, 7):
        parts = [4.0] * 8
        parts[wrong] = -1.0
        with taking_part():
            answers = process.each(math.sqrt, parts)

            assert [2.0] * wrong == [next(answers) for _ in range(wrong)]
            with pytest.raises(ValueError, match="math domain error"):
                next(answers)


def test_what_a_process_does_not_live_to_tell_is_done_here(process: OffloadProcess) -> None:
    with taking_part():
        assert list(range(40)) == list(process.each(partial(ends_elsewhere, here=HERE), range(40)))


def test_who_wants_no_more_of_it_waits_for_none_of_the_rest(process: OffloadProcess, tmp_path: Path) -> None:
    with taking_part():
        answers = process.each(partial(who_does, here=HERE, sign=str(tmp_path / "sign")), range(2_000))
        assert (0, HERE) == next(answers)
        answers.close()  # type: ignore[attr-defined]  # a generator

        assert process.pid == started(process)


def test_much_work_in_parts_brings_a_process(tmp_path: Path) -> None:
    process = OffloadProcess(worth_s=0)
    try:
        with taking_part():
            assert [1, 2, 3] == list(process.each(plus_one, range(3)))
            eventually(lambda: process.pid is not None)
    finally:
        process.close()
