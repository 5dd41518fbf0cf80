"""The composition root: one store, its views, and the door."""

from agent_memory.daemon.supervisor import run_daemon
from agent_memory.daemon.wiring import open_memory

__all__ = ["open_memory", "run_daemon"]
