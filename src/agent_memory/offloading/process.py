"""A process that does background work, while there is enough of it."""

from __future__ import annotations

import pickle
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar, cast

from agent_memory import __version__, courtesy, telemetry
from agent_memory.clock import SYSTEM_CLOCK, Clock
from agent_memory.offloading.child import FAILED, PROTOCOL
from agent_memory.offloading.port import takes_part

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

A = TypeVar("A")
P = ParamSpec("P")
T = TypeVar("T")

WORTH_S = 1.0
"""So much work within `WITHIN_S` seconds is worth a process, which takes half a second to start, and 60 MB."""

WITHIN_S = 10.0
IDLE_S = 60.0
"""A process that nobody asked for so long ends."""

ANSWER_S = 300.0
"""A process that does not answer for so long is ended."""

PAUSE_S = 60.0
PAUSE_MAX_S = 3600.0
"""After one was lost, the next is started no sooner; where none comes to life, pauses double up to the greatest."""

_START_S = 30.0
_PROGRAM = "import sys; sys.path[:] = sys.argv[3:]; from agent_memory.offloading.child import main; main()"
# What this interpreter was told to leave alone is no business of the other's either.
_FLAGS = {"isolated": "-I", "ignore_environment": "-E", "no_user_site": "-s", "no_site": "-S"}
# Sent to all processes of a terminal or a service: it is for this one, whose end ends the other.
_NOT_FOR_IT = (signal.SIGINT, signal.SIGTERM)
_TIMEVAL = struct.Struct("@ll")


class _Lost(Exception):
    """The process is not there any more, or could not do it."""


class OffloadProcess:
    """An `Offload` in a process of its own, of low priority, that comes and goes with the work.

    Little work is done on the caller's thread. Where the process cannot be started, is lost, or fails at
    something, that is done there, too: nothing depends on the process. Its owner closes it.
    """

    def __init__(
        self,
        *,
        worth_s: float = WORTH_S,
        idle_s: float = IDLE_S,
        answer_s: float = ANSWER_S,
        pause_s: float = PAUSE_S,
        python: str | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._worth_s = worth_s
        self._idle_s = idle_s
        self._answer_s = answer_s
        self._pause_s = pause_s
        self._python = _interpreter() if python is None else python
        self._clock = clock
        self._lock = threading.Lock()
        # Held by whoever waits for an answer: the process does one thing at a time.
        self._asking = threading.Lock()
        self._connection: Connection | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._keeper: threading.Thread | None = None
        self._closed = False
        self._since_s = clock.monotonic_s()
        self._done_s = 0.0
        self._not_before_s = 0.0
        self._next_pause_s = pause_s
        self._told = ""

    @property
    def pid(self) -> int | None:
        """The process that answers now, if there is one."""
        process = self._process
        return process.pid if process is not None and self._connection is not None else None

    def call(self, function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        if takes_part():
            return function(*arguments, **named)
        if self._connection is not None:
            # Lost, or not to be sent, or not to be read when it comes: all the same, it is done here.
            with suppress(Exception):
                return self._done_there(function, *arguments, **named)
        # What failed there fails here, too, and in the caller's own terms.
        return self._done_here(function, *arguments, **named)

    def each(self, function: Callable[[A], T], parts: Iterable[A]) -> Iterator[T]:
        if self._connection is None:
            yield from (self._done_here(function, part) for part in parts)
            return
        if takes_part():
            yield from self._shared(function, list(parts))
            return
        ahead = ThreadPoolExecutor(1, thread_name_prefix="offload-ahead")
        try:
            asked: Future[T] | None = None
            for part in parts:
                following = ahead.submit(self.call, function, part)
                if asked is not None:
                    yield asked.result()
                asked = following
            if asked is not None:
                yield asked.result()
        finally:
            # Nobody waits here: what is given up may be collected on any thread, whatever that holds.
            ahead.shutdown(wait=False, cancel_futures=True)

    def _shared(self, function: Callable[[A], T], parts: Sequence[A]) -> Iterator[T]:
        """The parts from the first on are done here, and from the last on there, until they meet."""
        left = deque(range(len(parts)))
        there: dict[int, T] = {}
        beside = _started(self._from_the_last, function, parts, left, there) if len(parts) > 1 else None
        done = 0
        try:
            for place in _taken(left.popleft):
                yield function(parts[place])
                done = place + 1
        finally:
            # Of what is given up nobody does more, and nobody waits for the part that is being done.
            left.clear()
        if beside is not None:
            beside.join()
        for place in range(done, len(parts)):
            # What was not done there is, for it failed or was lost, and fails in the caller's own terms.
            yield there.pop(place) if place in there else function(parts[place])

    def _from_the_last(
        self, function: Callable[[A], T], parts: Sequence[A], left: deque[int], answers: dict[int, T]
    ) -> None:
        # One at a time: whoever else asks the process waits no longer than for that.
        with suppress(Exception):
            for place in _taken(left.pop):
                answers[place] = self._done_there(function, parts[place])

    def _done_there(self, function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Errors: `_Lost`, and whatever else, where it could not be done there, or raised."""
        connection = self._connection
        if connection is None:
            raise _Lost
        answer = self._asked(connection, pickle.dumps((function, arguments, named), PROTOCOL))
        if answer == FAILED:
            raise _Lost
        return cast(T, pickle.loads(answer))

    def _done_here(self, function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        started_s = time.thread_time()
        try:
            return function(*arguments, **named)
        finally:
            self._did(time.thread_time() - started_s)

    def close(self) -> None:
        """End the process. What is asked for from now on is done on the caller's thread."""
        with self._lock:
            self._closed = True
            keeper, process = self._keeper, self._process
        if process is not None:
            process.kill()
        if keeper is not None:
            keeper.join()

    def _asked(self, connection: Connection, request: bytes) -> bytes:
        """The answer. Errors: `_Lost`, `EOFError`, `OSError` where there is none; its keeper says why."""
        with self._asking:
            if self._connection is not connection:
                raise _Lost
            try:
                connection.send_bytes(request)
                if connection.poll(self._answer_s):
                    return connection.recv_bytes()
                telemetry.LOG.warning("the process that works aside does not answer", seconds=self._answer_s)
                raise _Lost
            except BaseException:
                # Whatever it is: what was not read would be the answer to whoever asks next.
                self._connection = None
                if self._process is not None:
                    self._process.kill()
                raise

    def _did(self, seconds: float) -> None:
        """So much was done on a caller's thread: if that becomes too much, a process is to do it."""
        with self._lock:
            now_s = self._clock.monotonic_s()
            if now_s - self._since_s > WITHIN_S:
                self._since_s, self._done_s = now_s, 0.0
            self._done_s += seconds
            if self._done_s < self._worth_s or self._keeper is not None or self._closed or not self._python:
                return
            if now_s < self._not_before_s:
                return
            keeper = threading.Thread(target=self._keep, name="offload", daemon=True)
            try:
                keeper.start()
            except RuntimeError:
                # There are no more threads to be had; the work is done all the same.
                self._not_before_s = now_s + self._pause_s
            else:
                self._keeper = keeper

    def _keep(self) -> None:
        """The life of one process, from its start to its end."""
        problem = ""
        try:
            problem = self._lived()
        except Exception as error:
            problem = str(error) or type(error).__name__
        with self._asking, self._lock:
            self._connection = self._process = self._keeper = None
            if self._closed:
                return
            is_news, self._told = problem not in ("", self._told), problem
            if problem:
                self._not_before_s = self._clock.monotonic_s() + self._next_pause_s
                self._next_pause_s = min(self._next_pause_s * 2, PAUSE_MAX_S)
        if is_news:
            telemetry.LOG.warning("no process to work aside; its work is done in this one", reason=problem)

    def _lived(self) -> str:
        """Start a process, let it be asked, wait for its end; what was wrong with it."""
        # Not above: whoever never has so much to do need not load it.
        from multiprocessing.connection import Connection

        # On this thread, and so from the first instant in the process that it starts.
        signal.pthread_sigmask(signal.SIG_BLOCK, _NOT_FOR_IT)
        descriptor = _descriptor()
        ours, theirs = socket.socketpair()
        with ours, theirs:
            # For one that is there and does not read, or stops in the middle of its answer.
            for waiting in (socket.SO_SNDTIMEO, socket.SO_RCVTIMEO):
                ours.setsockopt(socket.SOL_SOCKET, waiting, _timeval(self._answer_s))
            with self._lock:
                if self._closed:
                    return ""
                self._process = process = subprocess.Popen(
                    [self._python, *_flags(), "-c", _PROGRAM, str(self._idle_s), str(descriptor), *sys.path],
                    # Where none of this process's files is open, nor in the way; what it prints is for nobody.
                    stdin=theirs.fileno(),
                    pass_fds=() if descriptor < 0 else (descriptor,),
                    stdout=subprocess.DEVNULL,
                )
            connection = Connection(ours.detach())
        try:
            with connection:
                if not connection.poll(_START_S):
                    return f"it did not start within {_START_S:.0f} s"
                release = connection.recv_bytes().decode()
                if release != __version__:
                    return f"it is of release {release}, and this of {__version__}: restart to use what is installed"
                self._connection, self._next_pause_s = connection, self._pause_s
                status = process.wait()
                with self._asking:
                    self._connection = None
            return "" if status == 0 else f"it ended with status {status}"
        except EOFError:
            return f"it ended with status {process.wait()} at its start"
        finally:
            process.kill()
            process.wait()


def _interpreter() -> str:
    """What runs Python; empty where that is a program of its own, which would be started once more."""
    program = Path(sys.executable or "").name.lower()
    return sys.executable if program.startswith(("python", "pypy")) and not getattr(sys, "frozen", False) else ""


def _descriptor() -> int:
    """What tells the process when to give way; -1 where there is no descriptor to be had."""
    try:
        return courtesy.descriptor()
    except OSError:
        return -1


def _flags() -> list[str]:
    return [flag for name, flag in _FLAGS.items() if getattr(sys.flags, name)]


def _timeval(seconds: float) -> bytes:
    return _TIMEVAL.pack(int(seconds), int(seconds % 1 * 1_000_000))


def _started(target: Callable[..., None], *arguments: object) -> threading.Thread | None:
    """A thread of its own for the call; None where there is no thread to be had."""
    thread = threading.Thread(target=target, args=arguments, name="offload-beside", daemon=True)
    try:
        thread.start()
    except RuntimeError:
        return None
    return thread


def _taken(take: Callable[[], int]) -> Iterator[int]:
    """One place after the other, until none is left."""
    with suppress(IndexError):
        while True:
            yield take()
