"""Rows of the hook: what an agent waits for, with the daemon serving, dead and hung, and with the disk full."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles

from agent_memory.capture import spool
from agent_memory.testing.daemon import DaemonProcess
from tools.bench.rows import Absent, Row
from tools.bench.workshop import Workshop

P99_MS_MAX = 60.0
_ROUNDS = 150
_TIMES_MAX = 3.0
_DISK_BYTES = 1 << 20

# As long as the output of a tool often is.
_PAYLOAD = {
    "session_id": "0b6f2c90-1111-4a51-8f00-000000000001",
    "transcript_path": "/home/ada/.claude/projects/-home-ada-kelpie/0b6f2c90-1111-4a51-8f00-000000000001.jsonl",
    "cwd": "/home/ada/kelpie",
    "hook_event_name": "PostToolUse",
    "tool_name": "Bash",
    "tool_use_id": "toolu_01",
    "tool_input": {"command": "pytest -q tests", "description": "Run the tests"},
    "tool_response": {"stdout": "tests/test_booking.py::test_monday PASSED\n" * 100, "stderr": ""},
}


def rows(shop: Workshop) -> Iterator[Row | Absent]:
    with tempfile.TemporaryDirectory(prefix="hook-", dir=shop.folder) as name:
        folder = Path(name)
        yield _row("no daemon", folder / "none")
        with DaemonProcess(folder / "store", model=shop.no_model) as daemon:
            yield _row("a daemon that serves", folder / "spool")
            os.kill(daemon.pid, signal.SIGSTOP)
            try:
                yield _row("a daemon that hangs (SIGSTOP)", folder / "spool")
            finally:
                os.kill(daemon.pid, signal.SIGCONT)
        with _full_disk(folder / "disk") as full:
            if full is None:
                yield Absent(name="hook command, a full disk", why="a small disk to fill takes root")
            else:
                yield _row("a full disk", full)


def _row(situation: str, folder: Path) -> Row:
    """Turn about with an interpreter that does nothing: the machine is as busy for the one as for the other."""
    command = [str(Path(sys.executable).with_name("agent-memory")), "hook", "claude"]
    environ = {**os.environ, "AGENT_MEMORY_SPOOL": str(folder)}
    # As installed: from compiled files.
    for variable in ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "AGENT_MEMORY_INTERNAL"):
        environ.pop(variable, None)
    _run_ms(command, b"", environ)
    payload = json.dumps(_PAYLOAD).encode()
    ours: list[float] = []
    floor: list[float] = []
    for _ in range(_ROUNDS):
        floor.append(_run_ms([sys.executable, "-c", "pass"], payload, environ))
        ours.append(_run_ms(command, payload, environ))
    p99_ms = quantiles(ours, n=100)[98]
    return Row(
        name=f"hook command, {situation}",
        what=f"`agent-memory hook claude`, {len(payload):,} bytes in; median of {_ROUNDS}, p99 under {P99_MS_MAX:g} ms",
        value=median(ours),
        unit="ms",
        floor=median(floor),
        floor_what="`python -c pass`",
        bound="at most",
        limit=_TIMES_MAX,
        extra_ok=p99_ms <= P99_MS_MAX,
        also={
            "p99, ms": p99_ms,
            "p99 of the floor, ms": quantiles(floor, n=100)[98],
            "slowest, ms": max(ours),
            "waiting": float(len(spool.waiting(str(folder)))),
            "lost": float(spool.lost(str(folder))),
        },
    )


def _run_ms(command: list[str], payload: bytes, environ: dict[str, str]) -> float:
    started = time.perf_counter()
    subprocess.run(
        command, input=payload, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True
    )
    return (time.perf_counter() - started) * 1000


@contextmanager
def _full_disk(folder: Path) -> Iterator[Path | None]:
    """A spool on a disk without a byte left; None where none can be mounted."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={_DISK_BYTES}", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        yield None
        return
    try:
        spool.make(str(folder / "spool"))
        with (folder / "filler").open("wb", buffering=0) as filler:
            try:
                while filler.write(bytes(4096)):
                    pass
            except OSError:
                yield folder / "spool"
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
