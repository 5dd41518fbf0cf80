"""What a process that works aside has of the one that started it: what it needs, and nothing in anybody's way."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from agent_memory import courtesy
from agent_memory.offloading import OffloadProcess
from agent_memory.testing.offloading import eager_process, started


def open_files() -> dict[int, str]:
    """By descriptor, without the one that looks."""
    return {int(one.name): str(one.readlink()) for one in Path("/proc/self/fd").iterdir() if one.exists()}


def is_told_to_give_way() -> bool:
    return courtesy._heeded is not None and courtesy._heeded[0] == 1


def say(text: str) -> int:
    os.write(1, text.encode())
    return os.getpid()


def test_what_is_sent_to_a_whole_terminal_or_service_does_not_end_it_even_as_it_starts(tmp_path: Path) -> None:
    # The process that started it is told the same, and knows what there is still to do.
    hit = tmp_path / "python"
    hit.write_text(f'#!/bin/sh\nkill -TERM $$\nkill -INT $$\nexec {sys.executable} "$@"\n')
    hit.chmod(0o755)
    process = OffloadProcess(worth_s=0, python=str(hit))
    try:
        pid = started(process)
        os.kill(pid, signal.SIGTERM)
        os.kill(pid, signal.SIGINT)

        assert pid == process.call(os.getpid)
    finally:
        process.close()


@pytest.mark.skipif(sys.platform != "linux", reason="what is open is looked for in /proc")
def test_no_file_of_this_process_is_open_in_the_other(tmp_path: Path) -> None:
    # As the lock of a store is: it would be held after its owner is gone.
    with (tmp_path / "lock").open("w") as lock:
        os.set_inheritable(lock.fileno(), True)
        with eager_process() as process:
            files = process.call(open_files)
            assert [0, 1, 2] == sorted(files)[:3]
            # And the byte that tells when to give way, of memory.
            assert ["/memfd:agent-memory-serving (deleted)"] == [files[number] for number in sorted(files)[3:]]


def test_it_is_told_to_give_way_while_somebody_is_served_here() -> None:
    with courtesy.serving(), eager_process() as before:
        assert before.call(is_told_to_give_way)
    with eager_process() as process:
        assert not process.call(is_told_to_give_way)
        with courtesy.serving():
            assert process.call(is_told_to_give_way)
        assert not process.call(is_told_to_give_way)


def test_it_works_where_nothing_can_tell_it_to_give_way(monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> int:
        raise OSError(errno.ENOSPC, "no space left")

    monkeypatch.setattr(courtesy, "descriptor", full)
    with eager_process() as process:
        assert process.pid == process.call(os.getpid)
        with courtesy.serving():
            assert not process.call(is_told_to_give_way)


def test_what_it_prints_is_not_among_what_this_one_does(capfd: pytest.CaptureFixture[str]) -> None:
    with eager_process() as process:
        assert process.pid == process.call(say, "hello")
        assert capfd.readouterr().out == ""


def test_an_isolated_interpreter_has_an_isolated_one_work_for_it() -> None:
    script = """
import os, sys
from agent_memory.offloading import OffloadProcess
from agent_memory.testing.desks import ManualClock
from agent_memory.testing.waiting import eventually
process = OffloadProcess(worth_s=0)
process.call(os.getpid)
eventually(lambda: process.pid is not None)
print(process.call(eval, "__import__('sys').flags.isolated"), process.call(os.getpid) == process.pid)
process.close()
"""
    done = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout == "1 True\n"
