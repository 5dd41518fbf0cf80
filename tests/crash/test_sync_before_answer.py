"""The sync comes before the answer: seen from outside the process, with the sync slowed down."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import agent_memory
from agent_memory import Draft, Kind, Receipt, SyncMemory
from agent_memory.testing.daemon import DaemonProcess

pytestmark = pytest.mark.usefixtures("without_model")

# Many times what an append takes without; and a daemon that starts and ends syncs dozens of times.
DELAY_S = 0.06


def unary(memory: SyncMemory, draft: Draft) -> object:
    return memory.append(draft)


def batch(memory: SyncMemory, draft: Draft) -> object:
    return memory.append_batch([draft])[0]


def stream(memory: SyncMemory, draft: Draft) -> object:
    """The outcome as it comes, with the stream still open."""
    return next(memory.append_stream([draft]))


def can_trace() -> bool:
    return (
        shutil.which("strace") is not None
        and subprocess.run(["strace", "-f", "true"], capture_output=True).returncode == 0
    )


@pytest.mark.skipif(not can_trace(), reason="strace is missing or may not trace here")
@pytest.mark.parametrize("append", [unary, batch, stream])
def test_no_append_is_acknowledged_before_its_sync_has_returned(
    tmp_path: Path, append: Callable[[SyncMemory, Draft], object]
) -> None:
    """Each sync is held back on its way out; no answer may be quicker than that."""
    delay = f"inject=fdatasync,fsync:delay_exit={int(DELAY_S * 1e6)}"
    trace = tmp_path / "trace"
    # -D: the daemon keeps its process id, and the tracer stands aside.
    tracer = ("strace", "-D", "-f", "-qq", "-e", "trace=fdatasync,fsync", "-e", delay, "-o", str(trace))
    with (
        DaemonProcess(tmp_path / "store", prefix=tracer) as daemon,
        agent_memory.connect(daemon.address, timeout_s=60) as memory,
    ):
        for n in range(3):
            before = len(syncs(trace))
            started = time.monotonic()
            outcome = append(memory, Draft(kind=Kind.USER_MESSAGE, session="s", text=f"number {n}"))
            took = time.monotonic() - started

            assert isinstance(outcome, Receipt)
            assert took >= DELAY_S
            assert len(syncs(trace)) > before


def syncs(trace: Path) -> list[str]:
    return [line for line in trace.read_text().splitlines() if "sync(" in line]
