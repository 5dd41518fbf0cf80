"""Background work in a process of its own: done whatever happens to the process, and where it keeps nobody waiting."""

from __future__ import annotations

import math
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NoReturn

import pytest

from agent_memory.courtesy import NICENESS
from agent_memory.offloading import INLINE, Offload, OffloadProcess, taking_part
from agent_memory.testing.desks import ManualClock
from agent_memory.testing.offloading import eager_process, started
from agent_memory.testing.waiting import eventually

HERE = os.getpid()


def squares(numbers: list[int], *, plus: int = 0) -> list[int]:
    return [number * number + plus for number in numbers]


def touched(path: str) -> int:
    Path(path).touch()
    return os.getpid()


def refuse(what: str) -> NoReturn:
    raise ValueError(f"no {what}")


def not_to_be_sent(here: int) -> threading.Lock | str:
    return threading.Lock() if os.getpid() != here else "done here"


def never_elsewhere(here: int, pid_file: str) -> str:
    """Done at once in this process; in another it tells which, and never comes back."""
    if os.getpid() == here:
        return "done here"
    Path(pid_file).write_text(str(os.getpid()))
    signal.pause()
    return "done elsewhere"


def niceness() -> int:
    return os.nice(0)


def burn(seconds: float) -> int:
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass
    return os.getpid()


@pytest.fixture
def eager() -> Iterator[OffloadProcess]:
    with eager_process() as process:
        yield process


@pytest.mark.parametrize("where", ["inline", "aside"])
def test_a_function_gets_what_it_was_given_and_gives_what_it_returns(where: str, eager: OffloadProcess) -> None:
    offload: Offload = INLINE if where == "inline" else eager

    assert [2, 5, 10] == offload.call(squares, [1, 2, 3], plus=1)


@pytest.mark.parametrize("where", ["inline", "aside", "not yet aside"])
def test_each_part_has_its_answer_in_order(where: str, eager: OffloadProcess) -> None:
    offload: Offload = {"inline": INLINE, "aside": eager}.get(where) or OffloadProcess()
    parts = [[n, n + 1] for n in range(50)]

    assert [squares(part, plus=1) for part in parts] == list(offload.each(partial(squares, plus=1), parts))
    assert [] == list(offload.each(squares, []))


def test_what_one_part_raises_is_raised_at_its_place(eager: OffloadProcess) -> None:
    answers = eager.each(math.sqrt, [4.0, -1.0, 9.0])

    assert 2.0 == next(answers)
    with pytest.raises(ValueError, match="math domain error"):
        next(answers)


def test_the_next_part_is_done_while_the_one_before_is_used(eager: OffloadProcess, tmp_path: Path) -> None:
    answers = eager.each(touched, [str(tmp_path / "first"), str(tmp_path / "second")])

    assert next(answers) != HERE
    eventually((tmp_path / "second").exists)
    answers.close()


@pytest.mark.parametrize("where", ["inline", "aside"])
def test_what_a_function_raises_is_raised(where: str, eager: OffloadProcess) -> None:
    offload: Offload = INLINE if where == "inline" else eager

    with pytest.raises(ValueError, match="no bread"):
        offload.call(refuse, "bread")


def test_little_work_is_done_on_the_callers_thread() -> None:
    process = OffloadProcess()
    try:
        assert [HERE] * 3 == [process.call(os.getpid) for _ in range(3)]
        assert process.pid is None
    finally:
        process.close()


def test_much_work_is_done_in_another_process_after_all_who_wait_for_an_answer() -> None:
    process = OffloadProcess(worth_s=0.02)
    try:
        assert HERE == process.call(burn, 0.03)
        eventually(lambda: process.pid is not None)

        assert process.pid == process.call(os.getpid)
        assert min(niceness() + NICENESS, 19) == process.call(niceness)
    finally:
        process.close()


def test_who_has_nothing_to_do_meanwhile_does_it_on_his_own_thread(eager: OffloadProcess) -> None:
    with taking_part():
        with taking_part():
            assert HERE == eager.call(os.getpid)
        assert [HERE] == list(eager.each(lambda _: os.getpid(), [1]))
        with ThreadPoolExecutor(1) as other:
            assert eager.pid == other.submit(eager.call, os.getpid).result()

    assert eager.pid == eager.call(os.getpid)


def test_each_of_many_callers_gets_its_own_answer(eager: OffloadProcess) -> None:
    with ThreadPoolExecutor(8) as callers:
        answers = list(callers.map(lambda n: eager.call(squares, [n]), range(100)))

    assert [[n * n] for n in range(100)] == answers


def test_a_process_that_is_killed_costs_no_answer_and_comes_back(tmp_path: Path) -> None:
    process = OffloadProcess(worth_s=0, pause_s=0)
    try:
        pid_file = tmp_path / "pid"
        lost = started(process)
        with ThreadPoolExecutor(1) as callers:
            answer = callers.submit(process.call, never_elsewhere, HERE, str(pid_file))
            eventually(lambda: pid_file.exists() and pid_file.read_text() == str(lost))
            os.kill(lost, signal.SIGKILL)

            assert answer.result(30) == "done here"
        eventually(lambda: process.call(os.getpid) not in (HERE, lost))
    finally:
        process.close()


def test_after_one_was_lost_the_next_waits_a_while(eager: OffloadProcess) -> None:
    lost = eager.pid
    assert lost is not None
    os.kill(lost, signal.SIGKILL)
    eventually(lambda: eager.pid is None)

    assert [HERE] * 3 == [eager.call(os.getpid) for _ in range(3)]
    assert eager.pid is None


def test_where_each_is_lost_the_pauses_grow_and_end_with_one_that_lives(tmp_path: Path) -> None:
    starts, clock = tmp_path / "starts", ManualClock()
    fails = tmp_path / "python"
    fails.write_text(f"#!/bin/sh\necho >> {starts}\nexit 3\n")
    fails.chmod(0o755)
    process = OffloadProcess(worth_s=0, pause_s=60, python=str(fails), clock=clock)

    def starts_after(seconds: float) -> int:
        clock.go_on(seconds)
        process.call(os.getpid)
        eventually(nobody_keeps_one)
        return len(starts.read_text())

    try:
        assert [1, 1, 2, 2, 3] == [starts_after(seconds) for seconds in (0, 59, 2, 61, 60)]
        fails.write_text(f'#!/bin/sh\necho >> {starts}\nexec {sys.executable} "$@"\n')
        clock.go_on(240)
        os.kill(started(process), signal.SIGKILL)
        eventually(nobody_keeps_one)
        fails.write_text(f"#!/bin/sh\necho >> {starts}\nexit 3\n")

        assert [4, 5] == [starts_after(seconds) for seconds in (59, 2)]
    finally:
        process.close()


def test_a_process_that_does_not_answer_is_ended(tmp_path: Path) -> None:
    process = OffloadProcess(worth_s=0, answer_s=0.05)
    try:
        silent = started(process)

        assert process.call(never_elsewhere, HERE, str(tmp_path / "pid")) == "done here"
        eventually(lambda: not is_running(silent))
    finally:
        process.close()


def test_what_cannot_be_sent_back_is_done_here(eager: OffloadProcess) -> None:
    assert eager.call(not_to_be_sent, HERE) == "done here"
    assert [4] == eager.call(squares, [2])


def test_what_cannot_be_sent_there_is_done_here(eager: OffloadProcess) -> None:
    assert HERE == eager.call(lambda: os.getpid())
    assert [4] == eager.call(squares, [2])


def test_an_answer_that_nobody_read_is_not_the_next_ones(
    eager: OffloadProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(connection: Connection) -> NoReturn:
        monkeypatch.undo()
        raise MemoryError

    monkeypatch.setattr(Connection, "recv_bytes", no_room)

    assert [4] == eager.call(squares, [2])
    assert [9] == eager.call(squares, [3])


def test_a_process_that_stands_still_and_does_not_even_read_is_ended() -> None:
    process = OffloadProcess(worth_s=0, answer_s=0.05)
    try:
        still = started(process)
        os.kill(still, signal.SIGSTOP)

        assert 10_000_000 == process.call(len, bytes(10_000_000))
        eventually(lambda: not is_running(still))
    finally:
        process.close()


def test_a_process_that_nobody_asks_ends_and_another_comes_with_the_work() -> None:
    process = OffloadProcess(worth_s=0, idle_s=0.01)
    try:
        first = started(process)
        eventually(lambda: process.pid is None and not is_running(first))

        assert first != started(process)
    finally:
        process.close()


def test_a_closed_one_has_no_process_and_works_on_the_callers_thread() -> None:
    process = OffloadProcess(worth_s=0)
    gone = started(process)
    process.close()

    assert not is_running(gone)
    assert process.pid is None
    assert HERE == process.call(os.getpid)


def test_where_no_process_can_be_started_the_work_is_done_here(tmp_path: Path) -> None:
    process = OffloadProcess(worth_s=0, python=str(tmp_path / "no-such-python"))
    try:
        assert [HERE] * 20 == [process.call(os.getpid) for _ in range(20)]
        assert process.pid is None
    finally:
        process.close()


@pytest.mark.parametrize(
    ("name", "value"), [("frozen", True), ("executable", "/opt/app/app"), ("executable", ""), ("executable", None)]
)
def test_a_program_that_brings_its_own_python_is_not_started_once_more(
    name: str, value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, name, value, raising=False)
    process = OffloadProcess(worth_s=0)
    try:
        assert HERE == process.call(os.getpid)
        assert nobody_keeps_one()
    finally:
        process.close()


def test_where_no_thread_can_be_started_the_work_is_done_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse_to_start(thread: threading.Thread) -> NoReturn:
        raise RuntimeError("can't start new thread")

    process = OffloadProcess(worth_s=0)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse_to_start)

        assert [HERE] * 2 == [process.call(os.getpid) for _ in range(2)]
    process.close()


def test_a_process_of_another_release_is_not_asked(tmp_path: Path) -> None:
    # What an upgrade leaves under a running daemon.
    told = "import sys; from multiprocessing.connection import Connection as C; c = C(0); "
    other = tmp_path / "python"
    other.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{told} c.send_bytes(b\'99.0\'); c.poll(None)" "$@"\n')
    other.chmod(0o755)
    process = OffloadProcess(worth_s=0, python=str(other))
    try:
        process.call(os.getpid)
        eventually(nobody_keeps_one)

        assert process.pid is None
        assert HERE == process.call(os.getpid)
    finally:
        process.close()


def nobody_keeps_one() -> bool:
    """Whether no process lives, nor is on its way."""
    return all(thread.name != "offload" for thread in threading.enumerate())


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
