"""Processes that do background work."""

from __future__ import annotations

import os

from agent_memory.offloading import OffloadProcess
from agent_memory.testing.waiting import eventually


def started(process: OffloadProcess) -> int:
    """Its id, once it runs and answers; for one that sends all its work to a process (``worth_s=0``)."""
    process.call(os.getpid)
    eventually(lambda: process.pid is not None)
    assert process.pid is not None
    return process.pid
