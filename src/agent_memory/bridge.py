"""From a blocking producer to an async iterator: of its reports, or of the items of an iterable."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Iterable
from typing import Generic, TypeVar

T = TypeVar("T")

Emit = Callable[[T], None]
Cancelled = Callable[[], bool]

_QUEUED_MAX = 64
_DRAWN_MAX = 1024


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


async def drawn(items: Iterable[T] | AsyncIterable[T], *, name: str) -> AsyncGenerator[T, None]:
    """The *items*, as they come; plain ones are asked for on a thread of its own.

    So a producer may take its time, or call into the event loop itself. What it raises is raised
    here, after all that it gave. Leaving the iteration early ends the thread at its next item,
    which is lost; nobody waits for that, for it may never come.
    """
    if isinstance(items, AsyncIterable):
        async for item in items:
            yield item
        return
    drawing = _Drawing(items, asyncio.get_running_loop())
    run = contextvars.copy_context().run
    threading.Thread(target=run, args=(drawing.run,), name=name, daemon=True).start()
    try:
        while held := await drawing.held():
            for item in held:
                yield item
        if drawing.error is not None:
            raise drawing.error
    finally:
        drawing.leave()


class _Drawing(Generic[T]):
    """A thread that puts items down and an event loop that takes all there are."""

    def __init__(self, items: Iterable[T], loop: asyncio.AbstractEventLoop) -> None:
        self.error: BaseException | None = None
        self._items = items
        self._loop = loop
        self._held: deque[T] = deque()
        self._room = threading.Semaphore(_DRAWN_MAX)
        self._news = asyncio.Event()
        self._waited_for = False
        self._ended = False
        self._left = False

    def run(self) -> None:
        try:
            for item in self._items:
                self._room.acquire()
                if self._left:
                    return
                self._held.append(item)
                self._tell()
        except BaseException as error:
            self.error = error
        finally:
            self._ended = True
            self._tell()

    def _tell(self) -> None:
        # Waking the loop costs more than all the rest; most items find it awake.
        if self._waited_for:
            self._waited_for = False
            # The loop may be gone by now, and whoever waited with it.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._news.set)

    async def held(self) -> list[T]:
        """All that was drawn since; none only at the end."""
        while True:
            # In this order: what ended before has put down its last item before.
            ended = self._ended
            if self._held:
                taken = [self._held.popleft() for _ in range(len(self._held))]
                self._room.release(len(taken))
                return taken
            if ended:
                return []
            self._news.clear()
            self._waited_for = True
            if self._held or self._ended:
                self._waited_for = False
                continue
            await self._news.wait()

    def leave(self) -> None:
        """Want no more."""
        self._left = True
        self._room.release()
