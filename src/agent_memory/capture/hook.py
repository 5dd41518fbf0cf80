"""`agent-memory hook AGENT`: keep what an agent says of itself, and never be in its way.

Two processes, for there is nothing that one could not be held up by: a disk, a pipe that stays open,
an expression over 20 MiB of text.

    in front   waits for the other, 150 ms at most, prints what the agent expects, exits 0
    behind     reads the payload, redacts it, puts it into the spool, durable, and nudges the daemon

As a rule the one behind is through in some 15 ms, and what it kept is durable before the agent goes
on. Where it is not, the one in front says so on standard error and leaves; the other goes on.

Nothing but the standard library, and little of that: a hook is a process for every prompt and every
tool call.
"""

from __future__ import annotations

import json
import os
import select
import sys
import time

from agent_memory.capture import spool
from agent_memory.capture.policy import GUARD_VARIABLE, Policy, folder_of, read_policy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from agent_memory.capture.reminding import Question

DEADLINE_S = 0.15
"""Of the 200 ms that a hook may take in all; Python's own start and end need the rest."""

# How long a pipe that nobody closes is listened to: until what came is whole, or nothing more comes.
_PAUSE_S = 0.02
_SILENCE_S = 2.0
_PIECE_BYTES = 1 << 20

_AGENTS = {"claude": "claude-code"}
_ANSWERS = {"claude-code": "", "codex": "", "opencode": "", "cursor": '{"continue": true}'}
_ANSWER = "{}"


def main(argv: list[str] | None = None) -> NoReturn:
    """The entry point `agent-memory-hook`, and `agent-memory hook`: exits 0, whatever it meets."""
    agent, answer, problem = "", _ANSWER, ""
    try:
        given = sys.argv[1:] if argv is None else argv
        named = given[0] if given and not _is_payload(given[0]) else ""
        agent = _AGENTS.get(named.lower(), named.lower())
        inline = given[-1] if given and _is_payload(given[-1]) else None
        answer = _ANSWERS.get(agent, _ANSWER)
        if not os.environ.get(GUARD_VARIABLE):
            problem, answer = _in_front(agent, inline, answer)
    except BaseException as error:
        problem = _told(error)
    try:
        if answer:
            os.write(1, answer.encode() + b"\n")
        if problem:
            os.write(2, f"agent-memory: {problem}\n".encode("utf-8", "backslashreplace"))
    finally:
        os._exit(0)


def _is_payload(text: str) -> bool:
    return text.lstrip("\ufeff \t\r\n")[:1] in ("{", "[")


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".replace("\n", " ")[:400]


# -- in front --------------------------------------------------------------------------------------


def _in_front(agent: str, inline: str | None, answer: str) -> tuple[str, str]:
    """The problem, if there was one, and the answer, once the process behind is through or its time is up."""
    until = time.monotonic() + DEADLINE_S
    received_ns = time.time_ns()
    _have_standard_files()
    report, reporting = os.pipe()
    behind = os.fork()
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
        spool.lose(spool.spool_of(os.environ), spool.Loss.FAILED)
        return f"not kept: the process behind ended by signal {number}", answer
    problem, _, found = told.partition("\n")
    return problem, found or answer


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
        problem, answer = _keep(agent, inline, received_ns)
    except BaseException as error:
        problem = _told(error)
    try:
        os.write(report, f"{problem}\n{answer}".encode("utf-8", "replace"))
    finally:
        os._exit(0)


def _leave_the_agent() -> None:
    """Hold nothing that the agent waits for, and do not end with its terminal."""
    os.setsid()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)


def _keep(agent: str, inline: str | None, received_ns: int) -> tuple[str, str]:
    """The problem, if there was one, and the answer, if it is another than the plain one."""
    folder = spool.spool_of(os.environ)
    policy = read_policy(folder)
    raw = inline.encode("utf-8", "surrogateescape") if inline is not None else _read_input()
    if not raw.strip(b"\0 \t\r\n\xef\xbb\xbf"):
        return "there was no payload on standard input", ""
    received_ms = received_ns // 1_000_000
    cwd = _folder()
    if policy.paused(received_ms):
        return "", ""
    try:
        text, payload = _captured(_text(raw[: spool.PAYLOAD_BYTES_MAX]), agent, cwd, policy)
        if not text:
            return "", ""
        question = _question(folder, agent, payload, cwd, received_ms, policy)
        text, redacted = _redacted(text, policy)
        spool.put(
            folder,
            spool.Envelope(
                id=spool.new_id(received_ns),
                agent=agent,
                received_ms=received_ms,
                cwd=cwd,
                payload=text,
                redacted=redacted,
            ),
        )
    except BaseException as error:
        reasons = ((spool.SpoolFull, spool.Loss.FULL), (OSError, spool.Loss.REFUSED_BY_DISK))
        spool.lose(folder, next((letter for kind, letter in reasons if isinstance(error, kind)), spool.Loss.FAILED))
        return f"not kept: {_told(error)}", ""
    spool.nudge(folder)
    return "", question.answer() if question else ""


def _captured(text: str, agent: str, cwd: str, policy: Policy) -> tuple[str, dict[str, Any]]:
    """What of the text is to be kept, and its payload where it is a single one; empty where nothing is."""
    payloads = _payloads(text)
    kept = [payload for payload in payloads if not _ignored(payload, agent, cwd, policy)]
    if len(kept) < len(payloads):
        text = "\n".join(payload.get("agent_memory_raw") or json.dumps(payload) for payload in kept)
    return text, kept[0] if len(kept) == 1 else {}


def _ignored(payload: dict[str, Any], agent: str, cwd: str, policy: Policy) -> bool:
    if not agent:
        from agent_memory.capture.payloads import agent_of

        agent = agent_of(payload)
    return bool(policy.ignored(agent, folder_of(payload) or cwd))


def _payloads(text: str) -> list[dict[str, Any]]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict):
        return [found]
    # Several, broken off, or not what was expected: what can be made out of it takes longer to say.
    from agent_memory.capture.payloads import decoded

    return decoded(text.encode("utf-8", "surrogatepass"))


def _question(
    folder: str, agent: str, payload: dict[str, Any], cwd: str, received_ms: int, policy: Policy
) -> Question | None:
    """What memory is asked for this agent, if it is to be reminded; asked early, for the answer takes its time."""
    if agent not in policy.inject_agents:
        return None
    from agent_memory.capture.reminding import ask

    return ask(folder, agent, payload, folder=folder_of(payload) or cwd, received_ms=received_ms)


def _redacted(text: str, policy: Policy) -> tuple[str, dict[str, int]]:
    """The text without its secrets, and how many there were of each kind."""
    from agent_memory.capture.redaction import Redactor

    return Redactor.from_policy(policy.redaction).payload(text)


def _folder() -> str:
    try:
        return os.getcwd()
    except OSError:
        return ""


def _text(raw: bytes) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", "replace")
    return raw.decode("utf-8", "replace")


def _read_input() -> bytes:
    """All of standard input. Where nobody closes it, what came until it was whole or nothing more came."""
    if os.isatty(0):
        return b""
    ready = select.poll()
    ready.register(0, select.POLLIN)
    pieces: list[bytes] = []
    size, silent_s = 0, 0.0
    while silent_s < _SILENCE_S:
        if not ready.poll(_PAUSE_S * 1000):
            silent_s += _PAUSE_S
            if pieces and silent_s == _PAUSE_S and _is_whole(pieces):
                break
            continue
        silent_s = 0.0
        try:
            piece = os.read(0, _PIECE_BYTES)
        except OSError:
            piece = b""
        if not piece:
            break
        # The rest of a payload that is too long is read and let go: its writer is not to fail.
        if size <= spool.PAYLOAD_BYTES_MAX:
            pieces.append(piece)
        size += len(piece)
    return b"".join(pieces)


def _is_whole(pieces: list[bytes]) -> bool:
    if pieces[-1].rstrip()[-1:] not in (b"}", b"]"):
        return False
    try:
        json.loads(b"".join(pieces))
    except ValueError:
        return False
    return True
