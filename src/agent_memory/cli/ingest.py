"""`agent-memory ingest`: JSON lines into the store."""

from __future__ import annotations

import functools
import os
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agent_memory.cli.ending import FAILED, OK
from agent_memory.cli.front import Front, front
from agent_memory.errors import Invalid

if TYPE_CHECKING:
    from rich.text import Text

    from agent_memory.cli.ingestion import Ingestion

VIEWS = ("toc", "catalog", "lexical", "entities", "vectors")

_CHUNK_BYTES = 1 << 20
_REFUSED_SHOWN_MAX = 20
_AGAIN = "Ingest it again; what was recorded is not recorded twice."


@click.command("ingest", short_help="Record events from JSON lines.")
@click.argument("file", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--wait", is_flag=True, help="Return once every view contains the events.")
@front()
def command(front: Front, file: tuple[str, ...], wait: bool) -> int:
    """Record the events of each FILE, one JSON object a line; - is the standard input.

    Fields: kind and session; text, role, time, id, agent, project, speaker, source, source_id,
    tool_name, tool_call_id, metadata. Reading a file twice records nothing twice, if its lines
    have times or ids. Secrets are left out. A line that is no event is reported by its number; the
    rest goes in. Files are read in the order given, each after the one before.
    """
    if file.count("-") > 1:
        raise click.BadParameter("- can be read only once.", param_hint="FILE")
    return front.run(_ingest(front, file, wait))


async def _ingest(front: Front, files: Sequence[str], wait: bool) -> int:
    from agent_memory.capture import JsonLines
    from agent_memory.capture.own_patterns import redactor_of
    from agent_memory.cli.ingestion import Ingestion, refused_in_all, shape_of

    redact = redactor_of(front.config)
    done: list[Ingestion] = []
    complete = False
    try:
        async with front.memory(create=True) as memory:
            with _progress(front, files) as progress:
                for file in files:
                    tell = functools.partial(_tell, front, done, file if len(files) > 1 else "")
                    done.append(Ingestion(memory, file, tell=tell, progress=progress))
                    with _opened(file) as read:
                        lines = JsonLines(line_bytes_max=front.config.message_bytes_max, redact=redact)
                        await done[-1].run(read, lines)
                    if not front.as_json and len(files) > 1:
                        front.out.print(_summary(done[-1:], file), soft_wrap=True)
            complete = True
            if wait or front.store is not None:
                await front.catch_up(memory, VIEWS, timeout_s=3600.0)
    except BaseException:
        # How far it came is part of the answer.
        if done:
            front.partial = shape_of(done, complete=complete)
            if not front.as_json:
                front.notes.print(_summary(done, _name(files)), soft_wrap=True)
        raise
    if front.as_json:
        front.envelope(shape_of(done, complete=True))
    else:
        front.out.print(_summary(done, _name(files)), soft_wrap=True)
    return FAILED if refused_in_all(done) else OK


def _name(files: Sequence[str]) -> str:
    return "in all" if len(files) > 1 else ""


def _summary(done: Sequence[Ingestion], name: str) -> Text:
    from rich.text import Text

    from agent_memory.cli.safe import safe

    refused = sum(one.refused_count for one in done)
    redacted = sum(one.redacted.total() for one in done)
    summary = Text(f"{safe(name, one_line=True)}: " if name else "")
    summary.append(f"{sum(one.created for one in done):,}", "bold green")
    summary.append(f" recorded, {sum(one.known for one in done):,} already there, ")
    summary.append(f"{refused:,} refused", "bold red" if refused else "")
    return summary.append(f", {redacted:,} secret{'s' if redacted > 1 else ''} left out") if redacted else summary


@contextmanager
def _opened(file: str) -> Iterator[Callable[[], bytes]]:
    """How to read the next bytes. Errors: `Invalid` for a file that has gone since it was looked for."""
    if file != "-":
        try:
            raw = Path(file).open("rb", buffering=0)  # noqa: SIM115 - closed below; only opening is told so
        except OSError as error:
            raise Invalid("file", file, f"cannot be opened: {error.strerror}", hint=_AGAIN) from None
        with raw:
            yield lambda: raw.read(_CHUNK_BYTES) or b""
        return
    stream = sys.stdin.buffer
    try:
        number = stream.fileno()
    except OSError:
        # A stand-in for the standard input, without a file behind it.
        yield functools.partial(stream.read, _CHUNK_BYTES)
        return
    # Past the buffer: its lock, held by a waiting thread, would stop the interpreter's shutdown.
    yield functools.partial(os.read, number, _CHUNK_BYTES)


def _size_of(files: Sequence[str]) -> int | None:
    """The bytes of all *files*; None where one of them does not tell."""
    sizes = 0
    for file in files:
        about = None if file == "-" else Path(file).stat()
        if about is None or not stat.S_ISREG(about.st_mode):
            return None
        sizes += about.st_size
    return sizes


def _tell(front: Front, done: Sequence[Ingestion], file: str, number: int, problem: str) -> None:
    """Name a line that was refused, on stderr; a long list is cut."""
    if front.as_json:
        return
    from agent_memory.cli.ingestion import REFUSED_KEPT_MAX, refused_in_all
    from agent_memory.cli.terminal import stored

    count = refused_in_all(done)
    if count <= _REFUSED_SHOWN_MAX:
        place = f"{file}, line {number:,}" if file else f"line {number:,}"
        front.notes.print(stored(f"{place}: {problem}", "red"), soft_wrap=True)
    elif count == _REFUSED_SHOWN_MAX + 1:
        front.notes.print(f"… and more; --json lists the first {REFUSED_KEPT_MAX:,}.", style="red")


@contextmanager
def _progress(front: Front, files: Sequence[str]) -> Iterator[Callable[[int, int], None]]:
    """A bar over the bytes and the rate of events, where someone is looking."""
    if front.as_json or not front.notes.is_terminal:
        yield lambda _bytes, _events: None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[rate]}"), TimeRemainingColumn())
    with Progress(*columns, console=front.notes, transient=True) as bar:
        task = bar.add_task("ingest", total=_size_of(files), rate="")
        seen = 0

        def advance(bytes_: int, events: int) -> None:
            nonlocal seen
            seen += events
            elapsed = bar.tasks[0].elapsed or 0
            rate = f"{seen:,} events, {seen / elapsed:,.0f}/s" if elapsed > 0.5 else f"{seen:,} events"
            bar.update(task, advance=bytes_, rate=rate)

        yield advance
