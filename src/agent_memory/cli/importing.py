"""The work of `agent-memory import`: find, import on a thread of its own, tell."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import AsyncExitStack, contextmanager, suppress
from pathlib import Path

import msgspec

from agent_memory.bridge import Cancelled, Emit, reports
from agent_memory.capture.importing.accounts import Account, State, total
from agent_memory.capture.importing.detection import Unknown, histories_at
from agent_memory.capture.importing.discovery import Homes
from agent_memory.capture.importing.engine import Importer
from agent_memory.capture.importing.formats import History
from agent_memory.capture.importing.marks import FILE, Marks
from agent_memory.capture.importing.port import Log, Refused
from agent_memory.capture.importing.reading import size_of
from agent_memory.capture.importing.watching import Watch
from agent_memory.capture.model import Agent
from agent_memory.capture.own_patterns import redactor_of
from agent_memory.capture.scope import CaptureScope
from agent_memory.cli import import_view
from agent_memory.cli.ending import FAILED, OK
from agent_memory.cli.front import Front
from agent_memory.errors import Conflict, DaemonUnavailable, Invalid, NotFound, Unavailable
from agent_memory.events import Draft, Receipt
from agent_memory.memory import AppendRefused, Memory, Status

_TOLD_S = 0.1
_BACK_OFF_S = (1.0, 2.0, 5.0, 15.0, 30.0)


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be imported: everything of agents, and what is at paths."""

    agents: tuple[Agent, ...]
    paths: tuple[Path, ...]


class _Progress(msgspec.Struct, frozen=True):
    """So many more bytes and events."""

    size: int
    events: int


class ImportCommand:
    """One run of the command."""

    def __init__(
        self, front: Front, wanted: Wanted, *, since: str, dry_run: bool, watch: bool, again: bool, files: bool
    ) -> None:
        self._front = front
        self._wanted = wanted
        self._since = since
        self._dry_run = dry_run
        self._watch = watch
        self._again = again
        self._files = files
        self._homes = Homes(home=Path.home(), environ=os.environ)
        self._unknown: list[tuple[str, str]] = []
        self._stop = asyncio.Event()
        self._importer: Importer | None = None

    async def run(self) -> int:
        async with AsyncExitStack() as stack:
            memory, status = await self._connected(stack)
            marks = await self._marks(memory, status)
            stack.callback(marks.close)
            since_ms = self._since_ms(status)
            histories = self._found()
            if not histories and not self._watch:
                return self._told_nothing()
            log = None if self._dry_run or memory is None else _MemoryLog(memory, self._stop if self._watch else None)
            spool = self._spool(status)
            redactor = redactor_of(self._front.config)
            scope = CaptureScope(
                spool,
                ignore_paths=self._front.config.capture_ignore_paths,
                ignore_agents=self._front.config.capture_ignore_agents,
            )

            def importer(emit: Emit[_Progress | list[Account]], cancelled: Cancelled) -> Importer:
                self._importer = Importer(
                    log=log,
                    marks=marks,
                    redact=redactor.value,
                    scope=scope,
                    since_ms=since_ms,
                    again=self._again,
                    observe=_Throttled(emit),
                    stopped=cancelled,
                )
                return self._importer

            code = await (self._follow(importer) if self._watch else self._import(importer, histories))
            if marks.problem and not self._dry_run:
                self._front.notes.print(f"How far this came could not be noted: {marks.problem}.", style="yellow")
            return code

    # -- before ------------------------------------------------------------------------------

    async def _connected(self, stack: AsyncExitStack) -> tuple[Memory | None, Status | None]:
        try:
            memory = await stack.enter_async_context(self._front.memory(create=not self._dry_run))
            return memory, await memory.status()
        except (DaemonUnavailable, NotFound):
            if not self._dry_run:
                raise
            # What would come can be counted without knowing what is there.
            return None, None

    async def _marks(self, memory: Memory | None, status: Status | None) -> Marks:
        """The marks of this store, if they are of it as it is now."""
        folder = self._spool(status)
        # A daemon behind a tunnel has its folders elsewhere.
        if not folder.parent.is_dir() or (self._dry_run and not (folder / FILE).exists()):
            return Marks(None)
        marks = Marks(folder)
        if (anchor := marks.anchor) is not None and memory is not None:
            try:
                (event,) = await memory.get_events([anchor.event_id])
            except NotFound:
                event = None
            if event is None or event.position != anchor.position:
                if self._dry_run:
                    marks.close()
                    return Marks(None)
                marks.forget()
        return marks

    def _spool(self, status: Status | None) -> Path:
        """The folder of what is kept for the capture of this store."""
        return Path(status.spool.path) if status and status.spool.path else self._front.config.spool

    def _since_ms(self, status: Status | None) -> int | None:
        if not self._since:
            return None
        from agent_memory.retrieval.bounds import edge_ms
        from agent_memory.toc.calendar import calendar_of

        calendar = calendar_of(status.time_zone if status else self._front.config.time_zone or "UTC")
        return edge_ms(self._since, calendar=calendar, last=False, field="since")

    def _found(self) -> list[History]:
        """What is wanted; paths that hold nothing that is known are remembered."""
        self._unknown = []
        found = {history.name: history for history in self._homes.histories(self._wanted.agents)}
        for path in self._wanted.paths:
            try:
                found.update({history.name: history for history in histories_at(path)})
            except (Unknown, OSError) as error:
                problem = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
                self._unknown.append((str(path), problem))
        return list(found.values())

    # -- importing ---------------------------------------------------------------------------

    async def _import(self, make: Callable[..., Importer], histories: Sequence[History]) -> int:
        def produce(emit: Emit[_Progress | list[Account]], cancelled: Cancelled) -> None:
            make(emit, cancelled).run(histories)

        try:
            with _bar(self._front, sum(map(size_of, histories))) as advance:
                async for report in reports(produce, name="import"):
                    if isinstance(report, _Progress):
                        advance(report.size, report.events)
        except BaseException:
            # How far it came is part of the answer.
            self._tell_partly()
            raise
        return self._told(self._accounts, complete=True)

    async def _follow(self, make: Callable[..., Importer]) -> int:
        stop = self._stop
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            with suppress(NotImplementedError, ValueError):
                loop.add_signal_handler(number, stop.set)
        ended = threading.Event()

        def produce(emit: Emit[_Progress | list[Account]], cancelled: Cancelled) -> None:
            importer = make(emit, lambda: cancelled() or ended.is_set())
            Watch(importer, self._found, wait=ended.wait, tell=emit).run()

        async def follow() -> None:
            first = True
            async for report in reports(produce, name="import"):
                if isinstance(report, list):
                    self._tell_news(report, first=first)
                    first = False

        following = asyncio.ensure_future(follow())
        stopping = asyncio.ensure_future(stop.wait())
        await asyncio.wait([following, stopping], return_when=asyncio.FIRST_COMPLETED)
        ended.set()
        stopping.cancel()
        await following
        return OK

    @property
    def _accounts(self) -> list[Account]:
        return self._importer.accounts if self._importer else []

    # -- telling -----------------------------------------------------------------------------

    def _told_nothing(self) -> int:
        if self._front.as_json:
            self._front.envelope(import_view.shape_of([], self._unknown, complete=True, dry_run=self._dry_run))
        else:
            import_view.show_unknown(self._front, self._unknown)
            places = [str(folder) for agent in self._wanted.agents for folder in self._homes.folders(agent)]
            import_view.show_nothing(self._front, places)
        return FAILED if self._unknown else OK

    def _told(self, accounts: Sequence[Account], *, complete: bool) -> int:
        if self._front.as_json:
            shape = import_view.shape_of(accounts, self._unknown, complete=complete, dry_run=self._dry_run)
            self._front.envelope(shape)
        else:
            import_view.show_unknown(self._front, self._unknown)
            import_view.show(self._front, accounts, dry_run=self._dry_run, files=self._files)
        failed = any(account.state is State.FAILED for account in accounts)
        return FAILED if failed or self._unknown or total(accounts, "refused_count") else OK

    def _tell_partly(self) -> None:
        accounts = self._accounts
        self._front.partial = import_view.shape_of(accounts, self._unknown, complete=False, dry_run=self._dry_run)
        if accounts and not self._front.as_json:
            import_view.show_interrupted(self._front, accounts)

    def _tell_news(self, accounts: list[Account], *, first: bool) -> None:
        if not (first or any(map(import_view.has_news, accounts))):
            return
        if self._front.as_json:
            shape = import_view.shape_of(accounts, self._unknown, complete=True, dry_run=False)
            self._front.envelope(shape, compact=True)
        elif first:
            import_view.show(self._front, accounts, dry_run=False, files=self._files)
            self._front.notes.print("Following what grows; Ctrl-C ends it.", style="dim")
        else:
            import_view.show_news(self._front, accounts)


class _MemoryLog(Log):
    """`importing.port.Log` over a memory, from a thread beside its event loop."""

    def __init__(self, memory: Memory, stop: asyncio.Event | None) -> None:
        """With *stop*, a store that cannot be reached or has no room is waited for until then."""
        self._memory = memory
        self._stop = stop
        self._loop = asyncio.get_running_loop()

    def append(self, drafts: Sequence[Draft]) -> Future[list[Receipt | Refused]]:
        return asyncio.run_coroutine_threadsafe(self._append(drafts), self._loop)

    async def _append(self, drafts: Sequence[Draft]) -> list[Receipt | Refused]:
        attempt = 0
        while True:
            try:
                return await self._append_once(drafts)
            except Unavailable:
                if self._stop is None or self._stop.is_set():
                    raise
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), _BACK_OFF_S[min(attempt, len(_BACK_OFF_S) - 1)])
            attempt += 1

    async def _append_once(self, drafts: Sequence[Draft]) -> list[Receipt | Refused]:
        try:
            return list(await self._memory.append_batch(drafts))
        except (Invalid, Conflict):
            # All or none; so each for itself.
            outcomes = [outcome async for outcome in self._memory.append_stream(drafts)]
            return [Refused(one.message) if isinstance(one, AppendRefused) else one for one in outcomes]


class _Throttled:
    """`importing.port.Observer` that does not speak all the time."""

    def __init__(self, emit: Emit[_Progress | list[Account]]) -> None:
        self._emit = emit
        self._size = 0
        self._events = 0
        self._told_s = 0.0

    def __call__(self, *, size: int, events: int) -> None:
        self._size += size
        self._events += events
        now_s = time.monotonic()
        if now_s - self._told_s >= _TOLD_S:
            self._emit(_Progress(self._size, self._events))
            self._size, self._events, self._told_s = 0, 0, now_s


@contextmanager
def _bar(front: Front, size: int) -> Iterator[Callable[[int, int], None]]:
    """A bar over the bytes, the rate of events and the time left, where someone is looking."""
    if front.as_json or not front.notes.is_terminal:
        yield lambda _size, _events: None
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    rate = TextColumn("{task.fields[rate]}")
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), rate, TimeRemainingColumn())
    with Progress(*columns, console=front.notes, transient=True) as bar:
        task = bar.add_task("import", total=size, rate="")
        seen = 0

        def advance(size: int, events: int) -> None:
            nonlocal seen
            seen += events
            elapsed = bar.tasks[0].elapsed or 0
            told = f"{seen:,} events, {seen / elapsed:,.0f}/s" if elapsed > 0.5 else f"{seen:,} events"
            bar.update(task, advance=size, rate=told)

        yield advance
