"""Long streams of reports, which end when the daemon does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TypeVar

from agent_memory.errors import DaemonStopping

T = TypeVar("T")


async def until_stop(reports: AsyncIterator[T], stopping: asyncio.Event) -> AsyncIterator[T]:
    """The *reports*, closed when whoever asked leaves. Errors: `DaemonStopping` once *stopping* is set."""
    stop = asyncio.create_task(stopping.wait())
    try:
        while True:
            step = asyncio.ensure_future(anext(reports))
            try:
                await asyncio.wait((step, stop), return_when=asyncio.FIRST_COMPLETED)
            finally:
                if not step.done():
                    step.cancel()
                    await asyncio.wait((step,))
            if step.cancelled():
                raise DaemonStopping
            try:
                report = step.result()
            except StopAsyncIteration:
                return
            yield report
    finally:
        stop.cancel()
        close = getattr(reports, "aclose", None)
        if close is not None:
            await close()
