"""From a blocking producer of reports to an async iterator of them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

T = TypeVar("T")

Emit = Callable[[T], None]
Cancelled = Callable[[], bool]

_QUEUED_MAX = 64


async def reports(produce: Callable[[Emit[T], Cancelled], None], *, name: str) -> AsyncIterator[T]:
    """What *produce* emits, as it comes, from a thread of its own.

    Leaving the iteration early makes ``cancelled()`` true and waits until *produce* has
    returned. What it raises is raised here, after all that it emitted.
    """
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[T | None] = asyncio.Queue()
    # The queue has no bound of its own, since a thread cannot await; this is its bound.
    room = threading.Semaphore(_QUEUED_MAX)
    cancel = threading.Event()

    def emit(report: T) -> None:
        while not room.acquire(timeout=0.1):
            if cancel.is_set():
                return
        loop.call_soon_threadsafe(queue.put_nowait, report)

    def run() -> None:
        try:
            produce(emit, cancel.is_set)
        finally:
            loop.call_soon_threadsafe(queue.put_nowait, None)

    done: asyncio.Future[None] = loop.create_future()

    def work() -> None:
        try:
            run()
        except BaseException as error:
            loop.call_soon_threadsafe(_fail, done, error)
        else:
            loop.call_soon_threadsafe(_finish, done)

    threading.Thread(target=work, name=name, daemon=True).start()
    try:
        while (report := await queue.get()) is not None:
            room.release()
            yield report
        await done
    finally:
        cancel.set()
        if not done.done():
            await asyncio.wait([done])


def _finish(done: asyncio.Future[None]) -> None:
    if not done.done():
        done.set_result(None)


def _fail(done: asyncio.Future[None], error: BaseException) -> None:
    if not done.done():
        done.set_exception(error)
        # Whoever left early does not ask for it.
        done.exception()
