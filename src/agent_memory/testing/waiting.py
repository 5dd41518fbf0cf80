"""Waiting for a condition, the one way in which a test lets time pass."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


def eventually(condition: Callable[[], object], *, timeout_s: float = 20.0) -> None:
    """Return once *condition* is true; fail if it does not become so in time."""
    pause = threading.Event()
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"did not happen within {timeout_s} s: {condition}")
        pause.wait(0.005)
