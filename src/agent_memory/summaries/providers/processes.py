"""Programs that are run to their end: within a time, with so much output, and with all that they started."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

OUTPUT_BYTES_MAX = 8 << 20
_ERRORS_KEPT_BYTES = 16 << 10
_PIECE_BYTES = 64 << 10
# With these, who stops a service, ends a session or closes a terminal ends all that runs in it.
_ASKED_TO_END = {code for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP) for code in (-number, 128 + number)}
# How long a program may be dead before it is noticed where something it left behind holds its output open.
_LOOK_S = 0.05


class TimedOut(Exception):
    """The program did not end in time, and was killed."""


class Killed(Exception):
    """The program was ended from outside: by `Processes.close`, or by who asked it to end."""


class TooLong(Exception):
    """The program wrote more than it may, and was killed."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"more than {limit:,} bytes")
        self.limit = limit


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """How a program ended. ``code`` is negative where a signal ended it; ``errors`` is the end of what it said."""

    code: int
    output: str
    errors: str


class Processes:
    """Runs programs, each the head of a group of its own. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._is_closed = False

    def run(
        self, arguments: Sequence[str], *, folder: Path, environ: Mapping[str, str], given: bytes, timeout_s: float
    ) -> Ended:
        """Run it, hand it *given*, and return once it ended.

        No process of its group is left behind.
        Errors: `TimedOut`, `TooLong`, `Killed`; `OSError` where it cannot be started.
        """
        process = subprocess.Popen(
            arguments,
            cwd=folder,
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        with self._lock:
            self._running.add(process)
            if self._is_closed:
                _kill(process)
        try:
            ended = _run_to_end(process, given, time.monotonic() + timeout_s)
            if ended.code in _ASKED_TO_END or (self._is_closed and ended.code):
                raise Killed
            return ended
        finally:
            with self._lock:
                self._running.discard(process)
            _kill(process)
            process.wait()
            for pipe in (process.stdin, process.stdout, process.stderr):
                if pipe is not None:
                    # What was not taken in yet cannot be handed over any more.
                    with contextlib.suppress(OSError):
                        pipe.close()

    def close(self) -> None:
        """Kill what runs."""
        with self._lock:
            self._is_closed = True
            for process in self._running:
                _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill the whole group. Its number stays taken while one of it lives, also when its head is gone."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _run_to_end(process: subprocess.Popen[bytes], given: bytes, until_s: float) -> Ended:
    assert process.stdin is not None
    output, errors, left = bytearray(), bytearray(), memoryview(given)
    with selectors.DefaultSelector() as selector:
        for pipe in filter(None, (process.stdin, process.stdout, process.stderr)):
            os.set_blocking(pipe.fileno(), False)
            selector.register(pipe, selectors.EVENT_WRITE if pipe is process.stdin else selectors.EVENT_READ)
        while process.stdout in _open(selector) or process.stderr in _open(selector):
            if time.monotonic() >= until_s:
                raise TimedOut
            is_dead = process.poll() is not None
            ready = selector.select(0.0 if is_dead else _LOOK_S)
            for key, _ in ready:
                if key.fileobj is process.stdin:
                    left = _handed_over(process.stdin.fileno(), left)
                    if not left:
                        selector.unregister(key.fileobj)
                        with contextlib.suppress(OSError):
                            process.stdin.close()
                    continue
                piece = os.read(key.fd, _PIECE_BYTES)
                if not piece:
                    selector.unregister(key.fileobj)
                elif key.fileobj is process.stdout:
                    output += piece
                    if len(output) > OUTPUT_BYTES_MAX:
                        raise TooLong(OUTPUT_BYTES_MAX)
                else:
                    errors = (errors + piece)[-_ERRORS_KEPT_BYTES:]
            if is_dead and not any(key.fileobj is not process.stdin for key, _ in ready):
                break
    while process.poll() is None:
        if time.monotonic() >= until_s:
            raise TimedOut
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(min(_LOOK_S, max(0.0, until_s - time.monotonic())))
    return Ended(
        code=process.returncode, output=output.decode("utf-8", "replace"), errors=errors.decode("utf-8", "replace")
    )


def _open(selector: selectors.BaseSelector) -> set[object]:
    return {key.fileobj for key in selector.get_map().values()}


def _handed_over(descriptor: int, left: memoryview) -> memoryview:
    """What is left to hand over; nothing where the program reads no more."""
    try:
        return left[os.write(descriptor, left[:_PIECE_BYTES]) :]
    except BlockingIOError:
        return left
    except BrokenPipeError:
        return left[:0]
