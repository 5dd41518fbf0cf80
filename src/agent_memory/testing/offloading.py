"""Processes that do background work."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from agent_memory.offloading import OffloadProcess
from agent_memory.testing.waiting import eventually


@contextmanager
def eager_process() -> Iterator[OffloadProcess]:
    """One that answers already and does whatever it is asked, until the block ends."""
    process = OffloadProcess(worth_s=0)
    try:
        started(process)
        yield process
    finally:
        process.close()


def started(process: OffloadProcess) -> int:
    """Its id, once it runs and answers; for one that sends all its work to a process (``worth_s=0``)."""
    process.call(os.getpid)
    eventually(lambda: process.pid is not None)
    assert process.pid is not None
    return process.pid
