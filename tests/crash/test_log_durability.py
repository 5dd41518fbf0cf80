"""The log alone over the real engine: killed, refused by the disk, watched from outside."""

from __future__ import annotations

import itertools
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent_memory.errors import DiskFull, StorageUnavailable
from agent_memory.events import Event, Receipt
from agent_memory.log import RowEventLog
from agent_memory.storage import DISK_RESERVE_BYTES, RocksRows, store_free_bytes
from agent_memory.testing.events import NOON_MS, event, events

APPENDER = (sys.executable, str(Path(__file__).with_name("appender.py")))
KILLS = 8


def can_trace() -> bool:
    tracer = shutil.which("strace")
    return tracer is not None and subprocess.run([tracer, "-f", "true"], capture_output=True).returncode == 0


needs_strace = pytest.mark.skipif(not can_trace(), reason="strace is missing, or may not trace here")


# -- killed ---------------------------------------------------------------------------------------


def test_what_was_acknowledged_survives_sigkill_once_and_only_once(tmp_path: Path) -> None:
    seed = int(os.environ.get("AGENT_MEMORY_TEST_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 30)
    print(f"AGENT_MEMORY_TEST_SEED={seed}")
    chance = random.Random(seed)
    acknowledged: dict[str, int] = {}
    for _ in range(KILLS):
        command = (*APPENDER, str(tmp_path / "rows"), "-1", str(chance.choice([1, 7, 300])), "0")
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        opened = process.stdout.readline()
        # The instant is what is tested; nothing is waited for.
        threading.Timer(chance.uniform(0.0, 0.12), process.kill).start()
        answers, _ = process.communicate()
        assert process.returncode < 0, "it ended by itself"
        assert json.loads(opened)["opened"] >= max(acknowledged.values(), default=0)
        for answer in whole_lines(answers):
            acknowledged.update(zip(answer["texts"], answer["positions"], strict=True))
    rows = RocksRows(tmp_path / "rows")
    log = RowEventLog(rows)
    recorded = log.read(limit=1_000_000)
    log.verify(limit=1_000_000)
    log.close()
    rows.close()
    found = {r.event.text: r.position for r in recorded}

    assert len(acknowledged) > KILLS
    assert acknowledged == {text: found.get(text) for text in acknowledged}
    assert len(recorded) == len(found)
    assert list(range(1, len(recorded) + 1)) == [r.position for r in recorded]


def whole_lines(text: str) -> list[dict[str, Any]]:
    """The last line may be cut where the process died."""
    return [json.loads(line) for line in text.split("\n")[:-1]]


# -- watched --------------------------------------------------------------------------------------


@needs_strace
def test_the_log_is_synced_before_an_append_is_acknowledged(tmp_path: Path) -> None:
    """In the order of system calls: the record goes to the log file, the sync ends, the answer goes out."""
    trace = tmp_path / "trace"
    tracer = ("strace", "-f", "-y", "-s", "80", "-e", "trace=write,fdatasync,fsync", "-o", str(trace))
    subprocess.run((*tracer, *APPENDER, str(tmp_path / "rows"), "5", "1", "0"), check=True, stdout=subprocess.DEVNULL)
    steps = ""
    for line in trace.read_text().splitlines():
        if re.search(r"write\(\d+<[^>]*/\d+\.log>", line):
            steps += "w"
        elif re.search(r"(fdatasync|fsync)\(\d+<[^>]*/\d+\.log>\)\s+= 0", line) or "sync resumed" in line:
            steps += "s"
        elif re.search(r"write\(1<", line) and "positions" in line:
            steps += "A"

    assert 5 == steps.count("A"), steps
    for answer in steps.split("A")[:-1]:
        assert re.search(r"w.*s$", answer), steps


@needs_strace
@pytest.mark.parametrize("nth", [1, 2, 5])
def test_a_sync_that_fails_is_an_error_and_the_log_goes_on(tmp_path: Path, nth: int) -> None:
    """The disk answers one sync of the engine's log file with an input/output error."""
    subprocess.run((*APPENDER, str(tmp_path / "plain"), "0", "1", "0"), check=True, stdout=subprocess.DEVNULL)
    [wal] = (tmp_path / "plain").glob("*.log")
    refused, taken, recorded = with_a_failing_sync(tmp_path / "faulty", nth, wal.name)

    assert 1 == refused
    assert taken == recorded
    assert 12 == len(taken)


@needs_strace
@pytest.mark.slow
def test_any_one_sync_may_fail() -> None:
    """Those of the opening, of the reopening and of background work included, until a run passes unbroken."""
    with tempfile.TemporaryDirectory() as folder:
        for nth in itertools.count(1):
            refused, taken, recorded = with_a_failing_sync(Path(folder) / str(nth), nth)
            assert taken == recorded, f"sync {nth}"
            if refused == 0 and len(taken) == 12 and nth > 12:
                break


def with_a_failing_sync(folder: Path, nth: int, name: str = "") -> tuple[int, list[str], list[str]]:
    """How many appends were refused, what was taken, and what is recorded.

    The *nth* sync of each thread fails; only those of the file of that name count, if one is given.
    """
    folder.mkdir()
    fault = f"inject=fdatasync:error=EIO:when={nth}"
    tracer = ["strace", "-f", "-qq", "-e", "trace=fdatasync", "-e", fault, "-o", str(folder / "trace")]
    if name:
        tracer += ["-P", str(folder / "rows" / name)]
    command = (*APPENDER, str(folder / "rows"), "6", "2", "0")
    done = subprocess.run((*tracer, *command), capture_output=True, text=True, timeout=60)
    answers = whole_lines(done.stdout)
    taken = [text for a in answers if "positions" in a for text in a["texts"]]
    errors = [a["error"] for a in answers if "error" in a]
    assert set(errors) <= {"StorageUnavailable"}
    assert "INJECTED" in (folder / "trace").read_text() or done.returncode == 0
    if done.returncode != 0:
        # It could not even be opened: it says so, and opens at the next try.
        assert "StorageUnavailable" in done.stderr
    rows = RocksRows(folder / "rows", disk_reserve_bytes=0)
    log = RowEventLog(rows)
    recorded = log.read(limit=99)
    log.verify(limit=99)
    log.close()
    rows.close()
    assert list(range(1, len(recorded) + 1)) == [r.position for r in recorded]
    return len(errors), taken, [r.event.text for r in recorded]


# -- full -----------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("mounting a small disk takes root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_disk_that_is_full_to_the_last_byte_loses_nothing_and_recovers(small_disk: Path) -> None:
    """No reserve: it is the engine itself that meets the end of the disk, time and again."""
    rows = RocksRows(small_disk / "rows", disk_reserve_bytes=0)
    log = RowEventLog(rows)
    taken: list[Receipt] = []
    for round_ in range(3):
        filler = small_disk / "filler"
        fill(filler, leave_bytes=1 << 20)
        refused, n = 0, 0
        while refused < 5:
            batch = bulky(f"{round_}.{n}", 4)
            n += 1
            try:
                taken += log.append(batch)
            except (StorageUnavailable, DiskFull):
                refused += 1
                assert log.append_error()
                assert [r.event_id for r in taken] == [r.event.id for r in log.read(limit=9999)]
        filler.unlink()
        taken += log.append([event(f"after {round_}")])
        assert "" == log.append_error()
    check_all(rows, log, taken)
    log.close()
    rows.close()
    rows = RocksRows(small_disk / "rows", disk_reserve_bytes=0)
    log = RowEventLog(rows)
    check_all(rows, log, taken)
    log.close()
    rows.close()


def test_a_store_on_a_full_disk_opens_to_be_read_and_takes_events_once_there_is_room(small_disk: Path) -> None:
    rows = RocksRows(small_disk / "rows", disk_reserve_bytes=0)
    log = RowEventLog(rows)
    taken = log.append(events(20))
    log.close()
    rows.close()
    filler = small_disk / "filler"
    fill(filler, leave_bytes=0)
    rows = RocksRows(small_disk / "rows", disk_reserve_bytes=4 << 20)
    log = RowEventLog(rows)
    before = [r.event_id for r in taken] == [r.event.id for r in log.read(limit=99)]
    with pytest.raises((DiskFull, StorageUnavailable)):
        log.append([event("refused")])
    filler.unlink()
    taken += log.append([event("taken")])

    assert before
    check_all(rows, log, taken)
    log.close()
    rows.close()


def test_a_reserve_keeps_the_engine_from_the_end_of_the_disk(small_disk: Path) -> None:
    reserve = 8 << 20
    rows = RocksRows(small_disk / "rows", disk_reserve_bytes=reserve)
    log = RowEventLog(rows)
    taken = log.append(events(3))
    fill(small_disk / "filler", leave_bytes=reserve - 4096)
    with pytest.raises(DiskFull) as caught:
        log.append([event("refused")])
    (small_disk / "filler").unlink()
    taken += log.append([event("taken")])

    assert reserve == caught.value.needed_bytes
    assert caught.value.free_bytes < reserve < DISK_RESERVE_BYTES
    check_all(rows, log, taken)
    log.close()
    rows.close()


def bulky(name: str, count: int) -> list[Event]:
    text = random.Random(name).randbytes(20_000).hex()
    return [event(f"{name}.{i} {text}", time_ms=NOON_MS + i) for i in range(count)]


def fill(path: Path, *, leave_bytes: int) -> None:
    with path.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(1, store_free_bytes(path.parent) - leave_bytes))


def check_all(rows: RocksRows, log: RowEventLog, taken: list[Receipt]) -> None:
    assert len(taken) == log.verify(limit=9999)
    assert [(r.position, r.event_id) for r in taken] == [(r.position, r.event.id) for r in log.read(limit=9999)]
