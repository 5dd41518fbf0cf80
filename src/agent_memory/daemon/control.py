"""A daemon from outside: whether one runs on a store, starting it behind, ending it, telling its manager."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

from agent_memory.errors import Unavailable
from agent_memory.storage.lock import Holder as Holder
from agent_memory.storage.lock import lock_holder

LOG_NAME = "daemon.log"
_LOOK_S = 0.02


class StillRunning(Unavailable):
    """The process was told to end and has not."""

    hint = "It may be finishing what it has begun. Look again, or end it with `kill -9`: nothing acknowledged is lost."

    def __init__(self, pid: int, waited_s: float) -> None:
        super().__init__(f"process {pid} has not ended within {waited_s:.0f} s")
        self.pid = pid


class NotServing(Unavailable):
    """A daemon was started, and does not serve."""

    hint = "Its log tells why: `journalctl --user -u agent-memory`; `agent-memory serve` shows it at once."

    def __init__(self, store: str, waited_s: float) -> None:
        super().__init__(f"no daemon serves {store} after {waited_s:.0f} s")


def running(store: Path) -> Holder | None:
    """The process that has the store open, with its address if it is a daemon; None where nobody has."""
    return lock_holder(store)


def log_path(store: Path) -> Path:
    """Where a daemon that nobody watches writes its log."""
    return store / LOG_NAME


def wait_until_serving(store: Path, *, timeout_s: float) -> Holder:
    """The daemon that somebody else is starting, once it serves. Errors: `NotServing`."""
    deadline = time.monotonic() + timeout_s
    while True:
        holder = lock_holder(store)
        if holder is not None and holder.address:
            return holder
        if time.monotonic() > deadline:
            raise NotServing(str(store), timeout_s)
        time.sleep(_LOOK_S)


def stop(store: Path, *, timeout_s: float) -> Holder | None:
    """End the process that has the store open, and wait for its end; None if there was none. Errors: `StillRunning`."""
    holder = lock_holder(store)
    if holder is None:
        return None
    with contextlib.suppress(ProcessLookupError):
        os.kill(holder.pid, signal.SIGTERM)
    deadline = time.monotonic() + timeout_s
    while (now := lock_holder(store)) is not None and now.pid == holder.pid:
        if time.monotonic() > deadline:
            raise StillRunning(holder.pid, timeout_s)
        time.sleep(_LOOK_S)
    return holder


def detach(work: Callable[[], None]) -> str:
    """Do *work* in a process of its own, which no terminal or parent reaches, and return what it says first.

    Its standard output is heard until its first line that ends an object, or its end; standard input is
    empty. *work* has to lead standard error somewhere else. Call it before any thread is started.
    """
    hearing, saying = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.close(hearing)
            # A session of its own, which no terminal can become its terminal again: so forked twice.
            os.setsid()
            if os.fork():
                os._exit(0)
            os.chdir("/")
            nothing = os.open(os.devnull, os.O_RDWR)
            os.dup2(nothing, 0)
            os.dup2(saying, 1)
            os.dup2(nothing, 2)
            os.close(nothing)
            os.close(saying)
            work()
        finally:
            os._exit(1)
    os.close(saying)
    os.waitpid(child, 0)
    with os.fdopen(hearing, encoding="utf-8") as said:
        first = said.readline()
        # One line is the answer of a daemon that serves; an error is told on several, until its end.
        return first if first.endswith("}\n") else first + said.read()


def tell_manager(state: str, *, environ: dict[str, str] | None = None) -> None:
    """Tell the manager of services that started this process how it is: `READY=1`, `STOPPING=1`.

    Source: sd_notify(3). Without a manager, and whatever fails, nothing happens.
    """
    address = (os.environ if environ is None else environ).get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
        line.connect(address.replace("@", "\0", 1) if address.startswith("@") else address)
        line.sendall(state.encode())
