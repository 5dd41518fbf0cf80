"""What the hook does with a payload: read it, leave out what is not to be kept, redact it, spool it.

The process behind the hook runs this; nobody waits for it longer than the one in front does. The
standard library only, and little of it.
"""

from __future__ import annotations

import os
import select
import time

from agent_memory.capture import lean_json, spool
from agent_memory.capture.policy import Policy, folder_of, read_policy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent_memory.capture.reminding import Question

# How long a pipe that nobody closes is listened to: until what came is whole, or nothing more comes, and
# never for longer than that: whoever trickles for ever is not to have a process of ours for each hook.
_PAUSE_S = 0.02
_SILENCE_S = 2.0
_LISTENED_S = 30.0
_PIECE_BYTES = 1 << 20


def keep(agent: str, inline: str | None, received_ns: int) -> tuple[str, str]:
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
        envelope = spool.Envelope(
            id=spool.new_id(received_ns), agent=agent, received_ms=received_ms, cwd=cwd, payload=text
        )
        _redact(envelope, policy)
        spool.put(folder, envelope)
    except BaseException as error:
        reasons = ((spool.SpoolFull, spool.Loss.FULL), (OSError, spool.Loss.REFUSED_BY_DISK))
        spool.lose(folder, next((letter for kind, letter in reasons if isinstance(error, kind)), spool.Loss.FAILED))
        return f"not kept: {type(error).__name__}: {error}", ""
    spool.nudge(folder)
    return "", question.answer() if question else ""


def _captured(text: str, agent: str, cwd: str, policy: Policy) -> tuple[str, dict[str, Any]]:
    """What of the text is to be kept, and its payload where it is a single one; empty where nothing is."""
    payloads = _payloads(text)
    kept = [payload for payload in payloads if not _ignored(payload, agent, cwd, policy)]
    if len(kept) < len(payloads):
        text = "\n".join(payload.get("agent_memory_raw") or lean_json.dumps(payload) for payload in kept)
    return text, kept[0] if len(kept) == 1 else {}


def _ignored(payload: dict[str, Any], agent: str, cwd: str, policy: Policy) -> bool:
    if not agent:
        from agent_memory.capture.payloads import agent_of

        agent = agent_of(payload)
    return bool(policy.ignored(agent, folder_of(payload) or cwd))


def _payloads(text: str) -> list[dict[str, Any]]:
    try:
        found = lean_json.loads(text)
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


def _redact(envelope: spool.Envelope, policy: Policy) -> None:
    """Take the secrets out; the envelope knows afterwards how many there were of each kind, and by which rules."""
    from agent_memory.capture.redaction import Redactor

    redactor = Redactor.from_policy(policy.redaction)
    envelope.payload, envelope.redacted = redactor.payload(envelope.payload)
    envelope.cwd = redactor.clean(envelope.cwd)
    envelope.rules = policy.rules


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
    until = time.monotonic() + _LISTENED_S
    while silent_s < _SILENCE_S and time.monotonic() < until:
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
        lean_json.loads(b"".join(pieces))
    except ValueError:
        return False
    return True
