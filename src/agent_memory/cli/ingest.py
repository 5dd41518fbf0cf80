"""`agent-memory ingest`: JSON lines into the store."""

from __future__ import annotations

import functools
import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agent_memory.cli.ending import FAILED, OK
from agent_memory.cli.front import Front, front

if TYPE_CHECKING:
    from rich.console import Console

    from agent_memory.cli.ingestion import Ingestion

VIEWS = ("toc", "catalog", "lexical", "entities", "vectors")

_CHUNK_BYTES = 1 << 20
_REFUSED_SHOWN_MAX = 20


@click.command("ingest", short_help="Record events from JSON lines.")
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
    from agent_memory.cli.ingestion import Ingestion

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
    from agent_memory.cli.ingestion import REFUSED_KEPT_MAX
    from agent_memory.cli.terminal import stored

    if count <= _REFUSED_SHOWN_MAX:
        front.notes.print(stored(f"line {number:,}: {problem}", "red"), soft_wrap=True)
    elif count == _REFUSED_SHOWN_MAX + 1:
        front.notes.print(f"… and more; --json lists the first {REFUSED_KEPT_MAX:,}.", style="red")


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
