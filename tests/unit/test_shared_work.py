"""Work in parts that a thread takes part in: it does the first ones, and a process beside it the last ones."""

from __future__ import annotations

import math
import os
import signal
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from agent_memory.offloading import OffloadProcess, taking_part
from agent_memory.testing.offloading import eager_process
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


def waits_elsewhere(number: int, *, here: int, folder: str) -> int:
    """In another process it says that it has begun, and goes on when it is told to."""
    if os.getpid() != here:
        Path(folder, str(number)).touch()
        eventually(Path(folder, "go on").exists)
    return number


def pid_for(number: int) -> int:
    return os.getpid()


@pytest.fixture
def process() -> Iterator[OffloadProcess]:
    with eager_process() as process:
        yield process


def waits_beside() -> bool:
    """Whether a thread still waits for the part that it asked the other process for."""
    return any(thread.name == "offload-beside" for thread in threading.enumerate())


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


def test_who_wants_no_more_of_it_waits_for_nobody_and_no_more_is_done(process: OffloadProcess, tmp_path: Path) -> None:
    with taking_part():
        answers = process.each(partial(waits_elsewhere, here=HERE, folder=str(tmp_path)), range(40))
        assert 0 == next(answers)
        eventually((tmp_path / "39").exists)
        answers.close()  # type: ignore[attr-defined]  # a generator

        assert waits_beside()
    (tmp_path / "go on").touch()

    assert process.pid == process.call(os.getpid)
    assert {"39", "go on"} == {path.name for path in tmp_path.iterdir()}
    eventually(lambda: not waits_beside())


def test_who_does_not_use_an_answer_as_he_should_waits_for_nobody(process: OffloadProcess, tmp_path: Path) -> None:
    def use() -> None:
        for answer in process.each(partial(waits_elsewhere, here=HERE, folder=str(tmp_path)), range(40)):
            eventually((tmp_path / "39").exists)
            raise OSError(f"no room for {answer}")

    with taking_part(), pytest.raises(OSError, match="no room for 0"):
        use()
    assert waits_beside()
    (tmp_path / "go on").touch()
    eventually(lambda: not waits_beside())


def test_what_is_given_up_may_be_collected_by_whoever_asks_the_process(process: OffloadProcess, tmp_path: Path) -> None:
    """Whose lock the thread beside waits for."""
    with taking_part():
        answers = process.each(partial(waits_elsewhere, here=HERE, folder=str(tmp_path)), range(40))
        next(answers)
        eventually((tmp_path / "39").exists)
    (tmp_path / "go on").touch()
    with process._asking:
        answers.close()  # type: ignore[attr-defined]  # a generator

    assert process.pid == process.call(os.getpid)


def test_a_process_that_is_ended_in_the_middle_costs_no_answer(process: OffloadProcess, tmp_path: Path) -> None:
    with taking_part():
        answers = process.each(partial(waits_elsewhere, here=HERE, folder=str(tmp_path)), range(40))
        assert 0 == next(answers)
        eventually((tmp_path / "39").exists)
        process.close()

        assert list(range(1, 40)) == list(answers)


@pytest.mark.parametrize("count", [0, 1])
def test_nobody_else_is_asked_for_less_than_two_parts(count: int, process: OffloadProcess) -> None:
    with taking_part():
        assert [HERE] * count == list(process.each(pid_for, range(count)))


def test_where_there_is_no_thread_to_be_had_all_is_done_here(
    process: OffloadProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with taking_part():
        assert [HERE] * 40 == list(process.each(pid_for, range(40)))


def test_much_work_in_parts_brings_a_process() -> None:
    process = OffloadProcess(worth_s=0)
    try:
        with taking_part():
            assert [1, 2, 3] == list(process.each(plus_one, range(3)))
            eventually(lambda: process.pid is not None)
    finally:
        process.close()
