"""Waiting for a condition, the one way in which a test lets time pass."""

from __future__ import annotations

import asyncio
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


async def eventually_async(condition: Callable[[], object], *, timeout_s: float = 20.0) -> None:
    """`eventually`, for a condition that comes about on the running event loop."""
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 - the condition belongs to whoever asks; it has no event
            await asyncio.sleep(0)
