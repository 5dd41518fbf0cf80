"""Answers the hooks that ask for a reminder, on a socket beside the spool. `capture.reminding` has the protocol."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import tempfile
from collections.abc import AsyncIterator, Callable, Collection, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from agent_memory import telemetry
from agent_memory.capture.reminding import PROMPT, SOCKET, START
from agent_memory.reminders.reminders import Asked, Reminders

CONNECTION_S = 30.0
"""How long a connection may last. A hook hangs up long before; who does not is not waited for."""

UNDER_WAY_MAX = 2
"""Questions that are worked on at once: a search that nobody waits for any more cannot be ended half way."""

_QUESTION_BYTES_MAX = 64 << 10
_BACKLOG = 128


class _Question(msgspec.Struct, kw_only=True):
    what: str
    agent: str
    session: str = ""
    folder: str = ""
    prompt: str = ""
    received_ms: int = 0


_decoder = msgspec.json.Decoder(_Question)


@asynccontextmanager
async def serving_reminders(spool: Path, reminders: Reminders, *, agents: Collection[str]) -> AsyncIterator[None]:
    """While the block runs, hooks of these agents get their reminders. Errors: `OSError`, of the socket."""
    listening = await asyncio.to_thread(_listen, spool)
    answers = _Answers(reminders, frozenset(agents))
    server = await asyncio.start_unix_server(answers.answer, sock=listening, limit=_QUESTION_BYTES_MAX)
    try:
        yield
    finally:
        # While it is still answered at it is ours; closed, it may be another's in the next moment.
        with suppress(OSError):
            (spool / SOCKET).unlink()
        server.close()
        await answers.end()


class _Answers:
    def __init__(self, reminders: Reminders, agents: Collection[str]) -> None:
        self._agents = agents
        self._under_way: set[asyncio.Task[str]] = set()
        self._ways: dict[str, Callable[[Asked], Coroutine[Any, Any, str]]] = {
            START: reminders.of_start,
            PROMPT: reminders.of_prompt,
        }

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the one question of a connection, unless whoever asks has gone."""
        waits = True
        try:
            async with asyncio.timeout(CONNECTION_S):
                answering = self._answering(await reader.readline(), lambda: waits)
                if answering is not None:
                    gone = asyncio.ensure_future(reader.read(1))
                    try:
                        await asyncio.wait((gone, answering), return_when=asyncio.FIRST_COMPLETED)
                    finally:
                        gone.cancel()
                if answering is None or answering.done():
                    text = answering.result() if answering is not None else ""
                    writer.write(msgspec.json.encode({"text": text}) + b"\n")
                    await writer.drain()
        except (TimeoutError, OSError, ValueError):
            # Late, gone, or a line without an end: the hook does without.
            pass
        finally:
            waits = False
            writer.close()

    async def end(self) -> None:
        """Return once nothing is worked on any more."""
        if self._under_way:
            await asyncio.wait(self._under_way)

    def _answering(self, line: bytes, is_waiting: Callable[[], bool]) -> asyncio.Task[str] | None:
        """The work on a question, begun; None where there is nothing to answer, or no room to work.

        It is not cancelled when nobody waits any more: a search on a thread could not be, and would count for
        nothing while it runs. It takes no step after the one under way.
        """
        try:
            question = _decoder.decode(line)
        except msgspec.DecodeError:
            return None
        way = self._ways.get(question.what)
        if way is None or question.agent not in self._agents or len(self._under_way) >= UNDER_WAY_MAX:
            return None
        asked = Asked(
            agent=question.agent,
            session=question.session,
            folder=question.folder,
            prompt=question.prompt,
            received_ms=question.received_ms,
            is_waiting=is_waiting,
        )
        work = asyncio.ensure_future(_told(way(asked)))
        self._under_way.add(work)
        work.add_done_callback(self._under_way.discard)
        return work


async def _told(way: Coroutine[Any, Any, str]) -> str:
    try:
        return await way
    except Exception as error:
        telemetry.LOG.warning("no reminder", error=f"{type(error).__name__}: {error}")
        return ""


def _listen(spool: Path) -> socket.socket:
    """A socket in the spool's folder, for its owner alone; in the place of one that nobody answers at."""
    path = spool / SOCKET
    spool.mkdir(parents=True, mode=0o700, exist_ok=True)
    # By a short way to the folder: a socket's path has some hundred bytes at most.
    with tempfile.TemporaryDirectory() as short:
        way = Path(short) / "s"
        way.symlink_to(spool.absolute(), target_is_directory=True)
        if _is_answered(way / SOCKET):
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE), str(path))
        path.unlink(missing_ok=True)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            listening.bind(str(way / SOCKET))
            path.chmod(0o600)
            listening.listen(_BACKLOG)
            listening.setblocking(False)
        except BaseException:
            listening.close()
            raise
    return listening


def _is_answered(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as other:
        other.setblocking(False)
        try:
            other.connect(str(path))
        except BlockingIOError:
            return True
        except OSError:
            return False
        return True
