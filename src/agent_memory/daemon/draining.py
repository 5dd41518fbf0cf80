"""The daemon takes in its spool: a thread that drains, is woken by hooks, and looks by itself once a second."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import select
import sqlite3
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from agent_memory import telemetry
from agent_memory.capture import spool
from agent_memory.capture.drain import Drain, Refusal
from agent_memory.capture.ledger import Ledger, set_aside
from agent_memory.capture.own_patterns import redactor_of
from agent_memory.capture.policy import save_policy
from agent_memory.capture.scope import CaptureScope
from agent_memory.config import Config, default_file
from agent_memory.daemon.spool_report import SpoolReport
from agent_memory.errors import Closed, Unavailable
from agent_memory.events import Draft, Receipt
from agent_memory.local import LocalMemory
from agent_memory.memory import AppendRefused

LOOK_S = 1.0
"""How often it looks whether a hook's nudge was missed, or a folder can be locked by now."""

_BACK_OFF_S = (0.5, 1.0, 2.0, 5.0, 10.0)
_LOCK = "drain.lock"


@asynccontextmanager
async def draining(config: Config, memory: LocalMemory, report: SpoolReport) -> AsyncIterator[None]:
    """While the block runs, what hooks leave in the spool is recorded. What cannot be is told in *report*."""
    # At once, for hooks that run from now on; the worker tries again, and says what is the matter.
    with suppress(OSError):
        await asyncio.to_thread(_save_policy_if_free, config)
    worker = _Worker(config, memory, report, asyncio.get_running_loop())
    worker.start()
    try:
        yield
    finally:
        worker.stop()
        # A batch under way is finished: the thread needs this loop to append.
        await asyncio.to_thread(worker.join)


class _Worker(threading.Thread):
    def __init__(
        self, config: Config, memory: LocalMemory, report: SpoolReport, loop: asyncio.AbstractEventLoop
    ) -> None:
        super().__init__(name="drain", daemon=True)
        self._config = config
        self._folder = config.spool
        self._memory = memory
        self._report = report
        self._loop = loop
        self._stopping = threading.Event()

    def run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            try:
                self._hold_and_drain()
                failures = 0
            except Closed:
                return
            except Exception as error:  # A disk that fails, a ledger that is damaged: said, and tried again.
                said = _told(error, self._folder)
                if self._report.error != said:
                    telemetry.LOG.warning("the spool is not drained", spool=str(self._folder), error=said)
                self._report.error = said
                if type(error) is sqlite3.DatabaseError:  # Not those below it: locked or full is not damaged.
                    set_aside(self._folder)
                self._stopping.wait(_BACK_OFF_S[min(failures, len(_BACK_OFF_S) - 1)])
                failures += 1

    def stop(self) -> None:
        """Finish the batch under way, then end."""
        self._stopping.set()
        spool.nudge(str(self._folder))

    def _hold_and_drain(self) -> None:
        """Drain for as long as nothing fails, alone in the folder."""
        spool.make(str(self._folder))
        leave_a_pointer(self._config)
        with open(self._folder / _LOCK, "w", opener=_private) as lock:
            while not _locked(lock.fileno()):
                self._report.error = "another process drains it"
                if self._stopping.wait(LOOK_S):
                    return
            # Whoever drains a spool says what its hooks leave out.
            save_policy(self._config)
            redactor = redactor_of(self._config)
            ledger = Ledger(self._folder)
            pipe = _open_pipe(self._folder / spool.NUDGE)
            scope = CaptureScope(
                self._folder,
                ignore_paths=self._config.capture_ignore_paths,
                ignore_agents=self._config.capture_ignore_agents,
            )
            try:
                appender = _Appender(self._memory, self._loop)
                drain = Drain(self._folder, ledger, appender, scope, redact=redactor.value, redactor=redactor)
                drain.tidy()
                self._report.error = ""
                self._drain(drain, pipe)
            finally:
                os.close(pipe)
                ledger.close()

    def _drain(self, drain: Drain, pipe: int) -> None:
        nudged = select.poll()
        nudged.register(pipe, select.POLLIN)
        failures = 0
        while not self._stopping.is_set():
            try:
                taken = drain.drain()
            except Unavailable as error:
                # A full disk and the like: what waits goes on waiting.
                self._report.error = error.advice
                self._stopping.wait(_BACK_OFF_S[min(failures, len(_BACK_OFF_S) - 1)])
                failures += 1
                continue
            failures = 0
            self._report.error = ""
            if not taken and nudged.poll(LOOK_S * 1000):
                _empty(pipe)


class _Appender:
    """`capture.drain.Appender` over the memory, from a thread beside its event loop."""

    def __init__(self, memory: LocalMemory, loop: asyncio.AbstractEventLoop) -> None:
        self._memory = memory
        self._loop = loop

    def append(self, drafts: Sequence[Draft]) -> list[Receipt | Refusal]:
        outcomes = asyncio.run_coroutine_threadsafe(self._memory.submit_drafts(drafts), self._loop).result()
        return [Refusal(one.message) if isinstance(one, AppendRefused) else one for one in outcomes]


def _told(error: Exception, folder: Path) -> str:
    if getattr(error, "errno", 0) == errno.ENOSPC or getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_FULL:
        return f"the disk that {folder} is on is full; make some room there, and what waits is taken in"
    return f"{type(error).__name__}: {error}"


def _save_policy_if_free(config: Config) -> None:
    """Unless another daemon drains the spool: its settings hold there."""
    spool.make(str(config.spool))
    with open(config.spool / _LOCK, "w", opener=_private) as lock:
        if _locked(lock.fileno()):
            save_policy(config)


def leave_a_pointer(config: Config) -> None:
    """Tell hooks that the settings' file names another spool: they read no settings.

    Only where it is this user's own file that does: a daemon that was started on another store for
    a while, by a flag, a variable or a file that was named, diverts nobody's hooks.
    """
    default = Config().spool
    origins = [config.origins.get(name, "default") for name in ("store", "spool")]
    if any(origin not in ("default", str(default_file())) for origin in origins):
        return
    pointer = default / spool.ELSEWHERE
    if config.spool == default:
        pointer.unlink(missing_ok=True)
        return
    spool.make(str(default))
    aside = pointer.with_suffix(".new")
    aside.write_text(f"{config.spool}\n", encoding="utf-8")
    aside.replace(pointer)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _open_pipe(path: Path) -> int:
    if not path.is_fifo():
        path.unlink(missing_ok=True)
        os.mkfifo(path, 0o600)
    # Open for writing, too: else it would read as closed whenever no hook is writing.
    return os.open(path, os.O_RDWR | os.O_NONBLOCK)


def _empty(pipe: int) -> None:
    try:
        while os.read(pipe, 1 << 16):
            pass
    except BlockingIOError:
        pass
