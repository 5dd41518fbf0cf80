"""`agent-memory hook AGENT`: keep what an agent says of itself, and never be in its way.

Two processes, for there is nothing that one could not be held up by: a disk, a pipe that stays open,
an expression over 20 MiB of text.

    in front   waits for the other, 150 ms at most, prints what the agent expects, if it reads that, exits 0
    behind     `keeping`: reads the payload, redacts it, puts it into the spool, durable, nudges the daemon

As a rule the one behind is through in some 15 ms, and what it kept is durable before the agent goes
on. Where it is not, the one in front says so on standard error and leaves; the other goes on.

Nothing but the standard library, and little of that: a hook is a process for every prompt and every
tool call.
"""

from __future__ import annotations

import gc
import os
import select
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

DEADLINE_S = 0.15
"""Of the 200 ms that a hook may take in all; Python's own start and end need the rest."""

_GUARD_VARIABLE = "AGENT_MEMORY_INTERNAL"
_AGENTS = {"claude": "claude-code"}
_ANSWERS = {"claude-code": "", "codex": "", "opencode": "", "cursor": '{"continue": true}'}
_ANSWER = "{}"


def main(argv: list[str] | None = None) -> NoReturn:
    """The entry point `agent-memory-hook`, and `agent-memory hook`: exits 0, whatever it meets."""
    gc.disable()  # It would walk all that was imported, and be done when the process is.
    until = time.monotonic() + DEADLINE_S
    agent, answer, problem = "", _ANSWER, ""
    try:
        given = sys.argv[1:] if argv is None else argv
        named = given[0] if given and not _is_payload(given[0]) else ""
        agent = _AGENTS.get(named.lower(), named.lower())
        inline = given[-1] if given and _is_payload(given[-1]) else None
        answer = _ANSWERS.get(agent, _ANSWER)
        if not os.environ.get(_GUARD_VARIABLE):
            problem, answer = _in_front(agent, inline, answer, until)
    except BaseException as error:
        problem = _told(error)
    try:
        if answer:
            _hand_over(1, answer + "\n", until)
        if problem:
            _hand_over(2, f"agent-memory: {problem}\n", until)
    finally:
        os._exit(0)


def _is_payload(text: str) -> bool:
    return text.lstrip("\ufeff \t\r\n")[:1] in ("{", "[")


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".replace("\n", " ")[:400]


# -- in front --------------------------------------------------------------------------------------


def _in_front(agent: str, inline: str | None, answer: str, until: float) -> tuple[str, str]:
    """The problem, if there was one, and the answer, once the process behind is through or its time is up."""
    received_ns = time.time_ns()
    _have_standard_files()
    report, reporting = os.pipe()
    try:
        behind = os.fork()
    except OSError as error:
        _lose()
        return f"not kept: {_told(error)}", answer
    if not behind:
        os.close(report)
        _behind(agent, inline, received_ns, reporting)
    os.close(reporting)
    told = b""
    ready = select.poll()
    ready.register(report, select.POLLIN)
    while ready.poll(max(0.0, until - time.monotonic()) * 1000):
        piece = os.read(report, 1 << 16)
        told += piece
        if not piece:
            return _ended(behind, told.decode("utf-8", "replace"), answer)
    return f"is still at it after {DEADLINE_S * 1000:.0f} ms and goes on behind", answer


def _ended(behind: int, told: str, answer: str) -> tuple[str, str]:
    """What the process behind reported. Whoever kills it kills the hook, which must not end well then."""
    _, status = os.waitpid(behind, 0)
    if not told and os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number == 9:
            os.kill(os.getpid(), number)
        _lose()
        return f"not kept: the process behind ended by signal {number}", answer
    problem, _, found = told.partition("\n")
    return problem, found or answer


def _lose() -> None:
    from agent_memory.capture import spool

    spool.lose(spool.spool_of(os.environ), spool.Loss.FAILED)


def _hand_over(number: int, text: str, until: float) -> None:
    """Write it as far as somebody reads: a pipe that is full is waited for no longer than that."""
    rest = text.encode("utf-8", "backslashreplace")
    ready = select.poll()
    ready.register(number, select.POLLOUT)
    while rest and ready.poll(max(0.0, until - time.monotonic()) * 1000):
        rest = rest[os.write(number, rest[: select.PIPE_BUF]) :]


def _have_standard_files() -> None:
    """Where an agent closed one of them, no pipe of ours may take its number."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


# -- behind ----------------------------------------------------------------------------------------


def _behind(agent: str, inline: str | None, received_ns: int, report: int) -> NoReturn:
    problem, answer = "", ""
    try:
        _leave_the_agent()
        # Here, where it delays nobody for long, and breaks nobody where it fails.
        from agent_memory.capture.keeping import keep

        problem, answer = keep(agent, inline, received_ns)
    except BaseException as error:
        problem = _told(error)
    try:
        told = problem.replace("\n", " ")[:400] + "\n" + answer
        os.write(report, told.encode("utf-8", "replace"))
    finally:
        os._exit(0)


def _leave_the_agent() -> None:
    """Hold nothing that the agent waits for, and do not end with its terminal."""
    os.setsid()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
