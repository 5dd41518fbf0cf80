"""The process that reads events for a daemon's views: the views without it, and it without the daemon."""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

import agent_memory
from agent_memory import Draft, Kind, SyncMemory
from agent_memory.errors import ViewBehind
from agent_memory.memory import ReplayVerdict, VerifyVerdict
from agent_memory.testing.daemon import DaemonProcess
from agent_memory.testing.waiting import eventually

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are looked for in /proc")

VIEWS = ["toc", "lexical", "catalog", "entities"]
BATCH = 400


def drafts(chance: random.Random, first: int) -> list[Draft]:
    """No two alike, for what was just read is remembered."""
    words = [
        "deploy",
        "the",
        "parseConfig",
        "src/queue/retry.py",
        "failed",
        "with",
        "E4012",
        "on Tuesday",
        "we decided",
    ]
    return [
        Draft(
            kind=Kind.USER_MESSAGE,
            session=f"s{n % 7}",
            text=f"Message {n}. " + " ".join(chance.choices(words, k=40)) + ".",
            time_ms=1_760_000_000_000 + n * 1000,
        )
        for n in range(first, first + BATCH)
    ]


def readers_of(pid: int) -> list[int]:
    """Its children that read events."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(child) for child in (task / "children").read_text().split()]
    return [child for child in found if b"agent_memory.offloading" in Path(f"/proc/{child}/cmdline").read_bytes()]


def append_until_it_reads_aside(memory: SyncMemory, pid: int, chance: random.Random) -> tuple[int, int]:
    """How many events that took, and which process reads."""
    count = 0
    while not (readers := readers_of(pid)):
        memory.append_batch(drafts(chance, count))
        count += BATCH
        memory.wait_for(VIEWS, count, timeout_s=60)
        assert count <= 40 * BATCH, "so many events are worth a process"
    return count, readers[0]


@pytest.mark.timeout(180)
def test_a_reader_that_is_killed_costs_no_view_an_event(tmp_path: Path) -> None:
    chance = random.Random(5)
    with DaemonProcess(tmp_path / "store") as daemon, agent_memory.connect(daemon.address, timeout_s=60) as memory:
        count, reader = append_until_it_reads_aside(memory, daemon.pid, chance)
        os.kill(reader, signal.SIGKILL)
        memory.append_batch(drafts(chance, count))
        count += BATCH
        memory.wait_for(VIEWS, count, timeout_s=100)

        last = memory.search(f"Message {count - 1}", limit=1).hits[0].recorded.event
        assert last.text.startswith(f"Message {count - 1}.")
        assert count == sum(day.event_count for day in memory.days(from_="2025-10-01", until="2025-10-31").days)
        assert [] == [view.error for view in memory.status().views if view.name in VIEWS and view.error]
        assert reader not in readers_of(daemon.pid)


@pytest.mark.timeout(180)
@pytest.mark.parametrize("way", ["kill", "stop"])
def test_no_reader_outlives_its_daemon(way: str, tmp_path: Path) -> None:
    with DaemonProcess(tmp_path / "store") as daemon:
        with agent_memory.connect(daemon.address, timeout_s=60) as memory:
            _, reader = append_until_it_reads_aside(memory, daemon.pid, random.Random(6))
        daemon.kill() if way == "kill" else daemon.stop()

        eventually(lambda: not Path(f"/proc/{reader}").exists())


def serving_byte(pid: int) -> Path:
    """Where the daemon says whether it serves somebody."""
    return next(one for one in Path(f"/proc/{pid}/fd").iterdir() if "agent-memory-serving" in str(one.readlink()))


def looks_at(reader: int, byte: Path) -> bool:
    """Whether it has this memory among its own."""
    maps = Path(f"/proc/{reader}/maps").read_text().splitlines()
    return str(byte.stat().st_ino) in [line.split()[4] for line in maps if "agent-memory-serving" in line]


@contextmanager
def asked_again_and_again(read: Callable[[], object]) -> Iterator[None]:
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            read()

    asks = threading.Thread(target=ask, daemon=True)
    asks.start()
    try:
        yield
    finally:
        stop.set()
        asks.join()


@pytest.mark.timeout(180)
def test_a_reader_is_told_while_the_daemon_serves_somebody(tmp_path: Path) -> None:
    with DaemonProcess(tmp_path / "store") as daemon, agent_memory.connect(daemon.address, timeout_s=60) as memory:
        _, reader = append_until_it_reads_aside(memory, daemon.pid, random.Random(8))
        told = serving_byte(daemon.pid)
        eventually(lambda: looks_at(reader, told))
        for read in (partial(memory.search, "why did parseConfig fail", limit=10), memory.root):
            eventually(lambda: told.read_bytes() == b"\0")
            with asked_again_and_again(read):
                eventually(lambda: told.read_bytes() == b"\1")
        eventually(lambda: told.read_bytes() == b"\0")


def ticks_of(pid: int) -> int:
    """What it took of the processors: utime and stime of proc_pid_stat(5)."""
    told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(told[11]) + int(told[12])


@pytest.mark.timeout(180)
def test_a_reader_does_a_part_of_a_replay_and_the_views_are_the_same(tmp_path: Path) -> None:
    with DaemonProcess(tmp_path / "store") as daemon, agent_memory.connect(daemon.address, timeout_s=60) as memory:
        _, reader = append_until_it_reads_aside(memory, daemon.pid, random.Random(9))
        for view in VIEWS:
            before = ticks_of(reader)
            *_, verdict = memory.replay([view], restart=True)

            assert isinstance(verdict, ReplayVerdict)
            assert verdict.identical, verdict.first_difference
            assert before < ticks_of(reader), view
        *_, last = memory.verify()

        assert isinstance(last, VerifyVerdict)
        assert last.sound


def waits_for(reader: int, memory: SyncMemory, batch: list[Draft]) -> bool:
    """Whether a view waits for the reader to read these, which stands still; else it was not asked, and goes on."""
    os.kill(reader, signal.SIGSTOP)
    position = memory.append_batch(batch)[-1].position
    try:
        memory.wait_for(["lexical"], position, timeout_s=0.5)
    except ViewBehind:
        return True
    os.kill(reader, signal.SIGCONT)
    memory.wait_for(VIEWS, position, timeout_s=60)
    return False


@pytest.mark.timeout(180)
def test_a_reader_that_stands_still_keeps_no_daemon_from_stopping(tmp_path: Path) -> None:
    with DaemonProcess(tmp_path / "store") as daemon:
        with agent_memory.connect(daemon.address, timeout_s=60) as memory:
            chance = random.Random(7)
            count, reader = append_until_it_reads_aside(memory, daemon.pid, chance)
            while not waits_for(reader, memory, drafts(chance, count)):
                count += BATCH

        assert daemon.stop() == 0
        eventually(lambda: not Path(f"/proc/{reader}").exists())
