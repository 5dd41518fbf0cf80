"""`agent-memory ingest`: JSON lines into the store."""

from __future__ import annotations

import asyncio
import functools
import os
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent_memory.cli.ending import FAILED, OK
from agent_memory.cli.front import Front, front
from agent_memory.errors import Conflict, Invalid

if TYPE_CHECKING:
    from rich.console import Console

    from agent_memory.capture import BadLine, JsonLines, Line
    from agent_memory.memory import Memory

VIEWS = ("toc", "catalog", "lexical", "vectors")

_CHUNK_BYTES = 1 << 20
_CHUNKS_WAITING_MAX = 4
_BATCH_EVENTS = 500
_BATCH_TEXT_MAX = 4 << 20
_BATCHES_IN_FLIGHT = 4
_REFUSED_SHOWN_MAX = 20
_REFUSED_KEPT_MAX = 1000


@click.command("ingest")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--wait", is_flag=True, help="Return once every view contains the events.")
@front()
def command(front: Front, file: str, wait: bool) -> int:
    """Record the events of FILE, one JSON object a line; - is the standard input.

    Fields: kind and session; text, role, time, id, agent, project, speaker, source, source_id,
    tool_name, tool_call_id, metadata. Reading a file twice records nothing twice, if its lines
    have times or ids. A line that is no event is reported by its number; the rest goes in.
    """
    return front.run(_ingest(front, file, wait))


async def _ingest(front: Front, file: str, wait: bool) -> int:
    from agent_memory.capture import JsonLines

    with _opened(file) as (read, size):
        async with front.memory(create=True) as memory:
            lines = JsonLines(line_bytes_max=front.config.message_bytes_max)
            with _progress(front, size) as progress:
                ingestion = Ingestion(memory, tell=functools.partial(_tell, front), progress=progress)
                try:
                    await ingestion.run(read, lines)
                except BaseException:
                    # How far it came is part of the answer.
                    front.partial = ingestion.shape(complete=False)
                    if not front.as_json:
                        _summarise(front.notes, ingestion)
                    raise
            if wait or front.store is not None:
                await front.catch_up(memory, VIEWS, timeout_s=3600.0)
    if front.as_json:
        front.envelope(ingestion.shape(complete=True))
    else:
        _summarise(front.out, ingestion)
    return FAILED if ingestion.refused_count else OK


def _summarise(console: Console, ingestion: Ingestion) -> None:
    from rich.text import Text

    summary = Text.assemble((f"{ingestion.created:,}", "bold green"), " recorded, ")
    summary.append(f"{ingestion.known:,} already there, ")
    summary.append(f"{ingestion.refused_count:,} refused", "bold red" if ingestion.refused_count else "")
    console.print(summary)


class Ingestion:
    """Appends the lines of one file: several batches in flight, each all or nothing.

    A batch that is refused goes in again event by event, so that its good events are not lost.
    """

    def __init__(
        self, memory: Memory, *, tell: Callable[[int, str, int], None], progress: Callable[[int, int], None]
    ) -> None:
        self._memory = memory
        self._tell = tell
        self._progress = progress
        self._slots = asyncio.Semaphore(_BATCHES_IN_FLIGHT)
        self.created = 0
        self.known = 0
        self.refused_count = 0
        self.refused: list[tuple[int, str]] = []
        self.position = 0

    async def run(self, read: Callable[[], bytes], lines: JsonLines) -> None:
        """Until the end of what *read* gives. Errors: those of append that concern no single event."""
        chunks: asyncio.Queue[tuple[list[Line | BadLine], int] | BaseException | None]
        chunks = asyncio.Queue(_CHUNKS_WAITING_MAX)
        _read_aside(read, lines, chunks)
        waiting: list[Line] = []
        async with asyncio.TaskGroup() as group:
            while (chunk := await chunks.get()) is not None:
                if isinstance(chunk, BaseException):
                    raise chunk
                found, size = chunk
                waiting += self._events(found)
                self._progress(size, 0)
                # What comes slowly is not kept waiting for a full batch.
                for batch in _batches(waiting, all_of_it=chunks.empty()):
                    await self._slots.acquire()
                    group.create_task(self._append(batch))
            for batch in _batches(waiting, all_of_it=True):
                await self._slots.acquire()
                group.create_task(self._append(batch))

    def shape(self, *, complete: bool) -> dict[str, Any]:
        """The summary as JSON."""
        return {
            "complete": complete,
            "created": self.created,
            "already_there": self.known,
            "refused_count": self.refused_count,
            "refused": [{"line": number, "problem": problem} for number, problem in self.refused],
            "position": self.position,
        }

    def _events(self, found: list[Line | BadLine]) -> Iterator[Line]:
        from agent_memory.capture import Line

        for line in found:
            if isinstance(line, Line):
                yield line
            else:
                self._refuse(line.number, line.problem)

    async def _append(self, batch: list[Line]) -> None:
        from agent_memory.memory import AppendRefused

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
        if len(self.refused) < _REFUSED_KEPT_MAX:
            self.refused.append((number, problem))
        self._tell(number, problem, self.refused_count)


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


def _read_aside(
    read: Callable[[], bytes],
    lines: JsonLines,
    chunks: asyncio.Queue[tuple[list[Line | BadLine], int] | BaseException | None],
) -> None:
    """Read and decode on a thread of its own.

    A daemon thread: one that waits for a terminal's next line must not keep the process alive.
    """
    loop = asyncio.get_running_loop()

    def put(item: tuple[list[Line | BadLine], int] | BaseException | None) -> None:
        asyncio.run_coroutine_threadsafe(chunks.put(item), loop).result()

    def work() -> None:
        # The loop may be gone when a read returns: the command has failed or was interrupted.
        with suppress(RuntimeError, asyncio.CancelledError):
            try:
                while data := read():
                    put((list(lines.feed(data)), len(data)))
                put((list(lines.end()), 0))
                put(None)
            except OSError as error:
                put(error)

    threading.Thread(target=work, name="ingest-reader", daemon=True).start()


@contextmanager
def _opened(file: str) -> Iterator[tuple[Callable[[], bytes], int | None]]:
    """How to read the next bytes, and how many there are in all, if that is known."""
    if file != "-":
        with Path(file).open("rb", buffering=0) as raw:
            about = os.fstat(raw.fileno())
            yield functools.partial(_read_all_of, raw.read), about.st_size if stat.S_ISREG(about.st_mode) else None
        return
    stream = sys.stdin.buffer
    try:
        number = stream.fileno()
    except OSError:
        # A stand-in for the standard input, without a file behind it.
        yield functools.partial(stream.read, _CHUNK_BYTES), None
        return
    # Past the buffer: its lock, held by a waiting thread, would stop the interpreter's shutdown.
    yield functools.partial(os.read, number, _CHUNK_BYTES), None


def _read_all_of(read: Callable[[int], bytes | None]) -> bytes:
    return read(_CHUNK_BYTES) or b""


def _tell(front: Front, number: int, problem: str, count: int) -> None:
    """Name a line that was refused, on stderr; a long list is cut."""
    if front.as_json:
        return
    from agent_memory.cli.terminal import stored

    if count <= _REFUSED_SHOWN_MAX:
        front.notes.print(stored(f"line {number:,}: {problem}", "red"), soft_wrap=True)
    elif count == _REFUSED_SHOWN_MAX + 1:
        front.notes.print(f"… and more; --json lists the first {_REFUSED_KEPT_MAX:,}.", style="red")


@contextmanager
def _progress(front: Front, size: int | None) -> Iterator[Callable[[int, int], None]]:
    """A bar over the bytes and the rate of events, where someone is looking."""
    if front.as_json or not front.notes.is_terminal:
        yield lambda _bytes, _events: None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[rate]}"), TimeRemainingColumn())
    with Progress(*columns, console=front.notes, transient=True) as bar:
        task = bar.add_task("ingest", total=size, rate="")
        seen = 0

        def advance(bytes_: int, events: int) -> None:
            nonlocal seen
            seen += events
            elapsed = bar.tasks[0].elapsed or 0
            rate = f"{seen:,} events, {seen / elapsed:,.0f}/s" if elapsed > 0.5 else f"{seen:,} events"
            bar.update(task, advance=bytes_, rate=rate)

        yield advance
