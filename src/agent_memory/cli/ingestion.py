"""The work of `agent-memory ingest`: lines to batches, batches to the store."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from agent_memory.capture import BadLine, JsonLines, Line
from agent_memory.errors import Conflict, Invalid
from agent_memory.memory import AppendRefused, Memory

_CHUNKS_AHEAD_MAX = 4
_BATCH_EVENTS = 500
_BATCH_TEXT_MAX = 4 << 20
_BATCHES_IN_FLIGHT = 4
REFUSED_KEPT_MAX = 1000
"""How many refused lines the summary lists."""

_Chunk = tuple[list[Line | BadLine], int] | OSError | None
"""The lines of some bytes and how many bytes; or why reading failed; or the end."""


class Ingestion:
    """Appends the lines of one file: several batches in flight, each all or nothing.

    A batch that is refused goes in again event by event, so that its good events are not lost.
    """

    def __init__(
        self,
        memory: Memory,
        file: str,
        *,
        tell: Callable[[int, str], None],
        progress: Callable[[int, int], None],
    ) -> None:
        self.file = file
        self._memory = memory
        self._tell = tell
        self._progress = progress
        self._slots = asyncio.Semaphore(_BATCHES_IN_FLIGHT)
        self.created = 0
        self.known = 0
        self.refused_count = 0
        self.refused: list[tuple[int, str]] = []
        self.redacted: Counter[str] = Counter()
        self.position = 0
        self.complete = False

    async def run(self, read: Callable[[], bytes], lines: JsonLines) -> None:
        """Until the end of what *read* gives. Errors: those of append that concern no single event."""
        reader = _Reader(self.file, read, lines)
        try:
            async with asyncio.TaskGroup() as group:
                await self._feed(group, reader)
        finally:
            self.redacted = lines.redacted
            reader.leave()
        self.complete = True

    async def _feed(self, group: asyncio.TaskGroup, reader: _Reader) -> None:
        waiting: list[Line] = []
        while (chunk := await reader.next()) is not None:
            found, size = chunk
            waiting += self._events(found)
            self._progress(size, 0)
            # What comes slowly is not kept waiting for a full batch.
            for batch in _batches(waiting, all_of_it=reader.is_idle):
                await self._slots.acquire()
                group.create_task(self._append(batch))
        for batch in _batches(waiting, all_of_it=True):
            await self._slots.acquire()
            group.create_task(self._append(batch))

    def _events(self, found: list[Line | BadLine]) -> Iterator[Line]:
        for line in found:
            if isinstance(line, Line):
                yield line
            else:
                self._refuse(line.number, line.problem)

    async def _append(self, batch: list[Line]) -> None:
        drafts = [line.draft for line in batch]
        try:
            outcomes = list[Any](await self._memory.append_batch(drafts))
        except (Invalid, Conflict):
            outcomes = [outcome async for outcome in self._memory.append_stream(drafts)]
        finally:
            self._slots.release()
        for line, outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, AppendRefused):
                self._refuse(line.number, outcome.message)
                continue
            self.position = max(self.position, outcome.position)
            if outcome.created:
                self.created += 1
            else:
                self.known += 1
        self._progress(0, len(batch))

    def _refuse(self, number: int, problem: str) -> None:
        self.refused_count += 1
        if len(self.refused) < REFUSED_KEPT_MAX:
            self.refused.append((number, problem))
        self._tell(number, problem)


def refused_in_all(done: Sequence[Ingestion]) -> int:
    """How many lines of all files were refused."""
    return sum(one.refused_count for one in done)


def shape_of(done: Sequence[Ingestion], *, complete: bool) -> dict[str, Any]:
    """The summary of all files as JSON; *complete* if there is none that was not read to its end."""
    refused = [
        {"file": one.file, "line": number, "problem": problem} for one in done for number, problem in one.refused
    ]
    return {
        "complete": complete,
        "created": sum(one.created for one in done),
        "already_there": sum(one.known for one in done),
        "refused_count": refused_in_all(done),
        "refused": refused[:REFUSED_KEPT_MAX],
        "redacted": dict(sum((one.redacted for one in done), Counter())),
        "position": max((one.position for one in done), default=0),
        "files": [
            {
                "file": one.file,
                "complete": one.complete,
                "created": one.created,
                "already_there": one.known,
                "refused_count": one.refused_count,
            }
            for one in done
        ],
    }


def _batches(waiting: list[Line], *, all_of_it: bool) -> Iterator[list[Line]]:
    """Cut full batches off the front of *waiting*; the rest, too, if *all_of_it*."""
    while waiting:
        count = size = 0
        while count < len(waiting) and count < _BATCH_EVENTS and (count == 0 or size < _BATCH_TEXT_MAX):
            size += len(waiting[count].draft.text)
            count += 1
        if count == len(waiting) and not all_of_it and count < _BATCH_EVENTS and size < _BATCH_TEXT_MAX:
            return
        batch = waiting[:count]
        del waiting[:count]
        yield batch


class _Reader:
    """Reads and decodes on a thread of its own, a few chunks ahead.

    A daemon thread: one that waits for a terminal's next line must not keep the process alive.
    """

    def __init__(self, file: str, read: Callable[[], bytes], lines: JsonLines) -> None:
        self._file = file
        self._loop = asyncio.get_running_loop()
        self._chunks: asyncio.Queue[_Chunk] = asyncio.Queue()
        self._room = threading.Semaphore(_CHUNKS_AHEAD_MAX)
        self._left = False
        threading.Thread(target=self._work, args=(read, lines), name="ingest-reader", daemon=True).start()

    @property
    def is_idle(self) -> bool:
        """Whether the next chunk is still to come."""
        return self._chunks.empty()

    async def next(self) -> tuple[list[Line | BadLine], int] | None:
        """The lines that some bytes held and how many bytes; None at the end."""
        chunk = await self._chunks.get()
        self._room.release()
        if isinstance(chunk, OSError):
            raise Invalid(
                "file", self._file, f"cannot be read: {chunk.strerror}", hint="Ingest it again from the start."
            )
        return chunk

    def leave(self) -> None:
        """Let the thread end once its read returns."""
        self._left = True
        self._room.release()

    def _work(self, read: Callable[[], bytes], lines: JsonLines) -> None:
        try:
            while not self._left and (data := read()):
                self._put((list(lines.feed(data)), len(data)))
            self._put((list(lines.end()), 0))
            self._put(None)
        except OSError as error:
            self._put(error)

    def _put(self, chunk: _Chunk) -> None:
        self._room.acquire()
        # The loop is gone when the command has failed or was interrupted.
        with suppress(RuntimeError):
            if not self._left:
                self._loop.call_soon_threadsafe(self._chunks.put_nowait, chunk)
