"""Agents that work through conversations drawn from a seed: what they hand to hooks, and write into histories.

Step          one thing that happened in a conversation
ClaudeCode …  how one agent tells of it, both ways
World         a spool, histories and a log, and everything that can happen between them
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from agent_memory.capture import spool
from agent_memory.capture.drain import Drain, Refusal
from agent_memory.capture.importing.engine import Importer
from agent_memory.capture.importing.formats import Form, History
from agent_memory.capture.importing.marks import Marks
from agent_memory.capture.importing.port import Refused
from agent_memory.capture.ledger import Ledger
from agent_memory.capture.model import Agent
from agent_memory.capture.rendering import tool_call_text
from agent_memory.events import Draft, Kind, Receipt
from agent_memory.testing.import_log import InMemoryLog, OpenScope, unredacted

Payload = dict[str, Any]
Said = Counter[tuple[str, str, str]]

SAID = frozenset({Kind.USER_MESSAGE, Kind.ASSISTANT_MESSAGE, Kind.TOOL_CALL, Kind.TOOL_RESULT})

# Few of everything, so that the same is said again and again.
_PROMPTS = ("ok", "go on", "yes", "Mend the pump.", "why?")
_WORDS = ("Done.", "Tests pass.", "Because of the valve.")
_TOOLS = (
    ("Bash", {"command": "ls"}, "a.txt"),
    ("Bash", {"command": "ls"}, "a.txt\nb.txt"),
    ("Bash", {"command": "pytest"}, "1 passed"),
    ("Read", {"file_path": "/work/sloop/a.py"}, "x = 1"),
)
_PAUSES_MS = (1_000, 7_000, 60_000, 200_000, 900_000)


class Step(msgspec.Struct, frozen=True):
    """A prompt, a call, its result, words in between, or the reply that ends a turn."""

    time_ms: int
    what: str
    turn: str
    text: str = ""
    call_id: str = ""
    tool: str = ""
    given: dict[str, Any] = {}
    took_ms: int = 0

    @property
    def truth(self) -> tuple[str, str]:
        """Kind and text of the one event that it is."""
        kinds = {"prompt": Kind.USER_MESSAGE, "call": Kind.TOOL_CALL, "result": Kind.TOOL_RESULT}
        kind = kinds.get(self.what, Kind.ASSISTANT_MESSAGE)
        return kind.value, tool_call_text(self.tool, self.given) if self.what == "call" else self.text


def conversation(random: Random, session: str, *, begin_ms: int) -> list[Step]:
    """A few turns with words, tools and pauses."""
    steps: list[Step] = []
    at = begin_ms
    for number in range(random.randrange(1, 6)):
        turn = f"{session}-t{number}"
        at += random.choice(_PAUSES_MS)
        steps.append(Step(at, "prompt", turn, random.choice(_PROMPTS)))
        for _ in range(random.randrange(4)):
            at += random.choice((200, 3_000, 40_000))
            if random.random() < 0.25:
                steps.append(Step(at, "words", turn, random.choice(_WORDS)))
                at += 500
            tool, given, output = random.choice(_TOOLS)
            took_ms, call_id = random.choice((50, 2_000, 30_000)), f"{session}-c{len(steps)}"
            steps.append(Step(at, "call", turn, "", call_id, tool, dict(given)))
            at += took_ms
            steps.append(Step(at, "result", turn, output, call_id, tool, dict(given), took_ms))
        at += random.choice((700, 8_000))
        steps.append(Step(at, "reply", turn, random.choice(_WORDS)))
    return steps


class AgentAtWork:
    """One session of one agent. `told` comes before `hooked`, as its history is written before its hook is called."""

    agent: Agent
    place: str

    def __init__(self, session: str, root: Path) -> None:
        self.session = session
        self.path = root / self.place.format(session=session, short=session[:8])
        self._count = 0

    def told(self, step: Step) -> list[Payload]:
        """The lines that its history has of the step."""
        raise NotImplementedError

    def hooked(self, step: Step) -> list[Payload]:
        """The payloads that its hooks are handed."""
        raise NotImplementedError

    def _next(self) -> str:
        self._count += 1
        return f"{self.session}-{self._count}"


class ClaudeCode(AgentAtWork):
    agent = Agent.CLAUDE_CODE
    place = "projects/-work-sloop/{session}.jsonl"

    def told(self, step: Step) -> list[Payload]:
        parent = f"{self.session}-{self._count}" if self._count else None
        line: Payload = {"uuid": self._next(), "parentUuid": parent, "sessionId": self.session, "isSidechain": False}
        line |= {"timestamp": iso(step.time_ms), "cwd": "/work/sloop", "promptId": step.turn}
        match step.what:
            case "prompt":
                return [line | {"type": "user", "message": {"role": "user", "content": step.text}}]
            case "call":
                part = {"type": "tool_use", "id": step.call_id, "name": step.tool, "input": step.given}
                return [line | {"type": "assistant", "message": {"role": "assistant", "content": [part]}}]
            case "result":
                part = {"type": "tool_result", "tool_use_id": step.call_id, "content": step.text}
                whole = {"stdout": step.text, "stderr": ""}
                message = {"role": "user", "content": [part]}
                return [line | {"type": "user", "toolUseResult": whole, "message": message}]
        part = {"type": "text", "text": step.text}
        return [line | {"type": "assistant", "message": {"role": "assistant", "content": [part]}}]

    def hooked(self, step: Step) -> list[Payload]:
        base: Payload = {"session_id": self.session, "cwd": "/work/sloop", "prompt_id": step.turn}
        tool = {"tool_name": step.tool, "tool_input": step.given, "tool_use_id": step.call_id}
        match step.what:
            case "prompt":
                return [base | {"hook_event_name": "UserPromptSubmit", "prompt": step.text}]
            case "call":
                return [base | tool | {"hook_event_name": "PreToolUse"}]
            case "result":
                whole = {"stdout": step.text, "stderr": ""}
                more = {"tool_response": whole, "duration_ms": step.took_ms}
                return [base | tool | more | {"hook_event_name": "PostToolUse"}]
            case "reply":
                return [base | {"hook_event_name": "Stop", "last_assistant_message": step.text}]
        return []


class Codex(AgentAtWork):
    agent = Agent.CODEX
    place = "sessions/2026/03/02/rollout-2026-03-02T12-00-00-{session}.jsonl"

    def told(self, step: Step) -> list[Payload]:
        at = {"timestamp": iso(step.time_ms)}
        begin = [] if self._count else [at | {"type": "session_meta", "payload": {"id": self.session, "cwd": "/w"}}]
        self._next()

        def item(payload: Payload) -> Payload:
            return at | {"type": "response_item", "payload": payload}

        def shown(kind: str) -> Payload:
            return at | {"type": "event_msg", "payload": {"type": kind, "message": step.text}}

        match step.what:
            case "prompt":
                content = [{"type": "input_text", "text": step.text}]
                message = item({"type": "message", "role": "user", "content": content})
                return [*begin, message, shown("user_message")]
            case "call":
                call = {"name": step.tool, "arguments": json.dumps(step.given), "call_id": step.call_id}
                return [*begin, item({"type": "function_call", **call})]
            case "result":
                result = {"call_id": step.call_id, "output": step.text}
                return [*begin, item({"type": "function_call_output", **result})]
        content = [{"type": "output_text", "text": step.text}]
        return [*begin, shown("agent_message"), item({"type": "message", "role": "assistant", "content": content})]

    def hooked(self, step: Step) -> list[Payload]:
        base: Payload = {"session_id": self.session, "cwd": "/w", "turn_id": step.turn, "model": "m"}
        tool = {"tool_name": step.tool, "tool_input": step.given, "tool_use_id": step.call_id}
        match step.what:
            case "prompt":
                return [base | {"hook_event_name": "UserPromptSubmit", "prompt": step.text}]
            case "call":
                return [base | tool | {"hook_event_name": "PreToolUse"}]
            case "result":
                return [base | tool | {"hook_event_name": "PostToolUse", "tool_response": step.text}]
            case "reply":
                return [base | {"hook_event_name": "Stop", "last_assistant_message": step.text}]
        return []


class Gemini(AgentAtWork):
    agent = Agent.GEMINI
    place = "tmp/sloop/chats/session-2026-03-02T12-00-{short}.jsonl"

    def __init__(self, session: str, root: Path) -> None:
        super().__init__(session, root)
        self._prompt, self._replies = "", list[str]()
        self._calling: Payload = {}

    def told(self, step: Step) -> list[Payload]:
        about = {"sessionId": self.session, "projectHash": "0", "startTime": iso(step.time_ms), "kind": "main"}
        begin: list[Payload] = [] if self._count else [about]
        line: Payload = {"id": self._next(), "timestamp": iso(step.time_ms), "type": "gemini", "content": step.text}
        if step.what == "prompt":
            self._prompt, self._replies = step.text, []
            return [*begin, line | {"type": "user", "content": [{"text": step.text}]}]
        call = {"id": step.call_id, "name": step.tool, "args": step.given, "timestamp": iso(step.time_ms)}
        if step.what == "call":
            self._calling = line | {"toolCalls": [call | {"status": "executing"}]}
            return [*begin, self._calling]
        if step.what == "result":
            response = {"functionResponse": {"id": step.call_id, "response": {"output": step.text}}}
            return [self._calling | {"toolCalls": [call | {"status": "success", "result": [response]}]}]
        self._replies.append(step.text)
        return [*begin, line]

    def hooked(self, step: Step) -> list[Payload]:
        base: Payload = {"session_id": self.session, "cwd": "/w", "timestamp": iso(step.time_ms)}
        base["transcript_path"] = str(self.path)
        match step.what:
            case "prompt":
                return [base | {"hook_event_name": "BeforeAgent", "prompt": step.text}]
            case "result":
                tool = {"tool_name": step.tool, "tool_input": step.given, "tool_response": {"llmContent": step.text}}
                return [base | tool | {"hook_event_name": "AfterTool"}]
            case "reply":
                turn = {"prompt": self._prompt, "prompt_response": "".join(self._replies)}
                return [base | turn | {"hook_event_name": "AfterAgent"}]
        return []


class Copilot(AgentAtWork):
    agent = Agent.COPILOT
    place = "session-state/{session}/events.jsonl"

    def told(self, step: Step) -> list[Payload]:
        begin = [] if self._count else [self._event(step, "session.start", sessionId=self.session)]
        call = {"toolCallId": step.call_id, "toolName": step.tool}
        match step.what:
            case "prompt":
                return [*begin, self._event(step, "user.message", content=step.text)]
            case "call":
                request = {"toolCallId": step.call_id, "name": step.tool, "arguments": step.given}
                asks = self._event(step, "assistant.message", content="", toolRequests=[request])
                return [*begin, asks, self._event(step, "tool.execution_start", **call, arguments=step.given)]
            case "result":
                result = {"content": step.text}
                return [self._event(step, "tool.execution_complete", **call, success=True, result=result)]
        return [*begin, self._event(step, "assistant.message", content=step.text, messageId=self._next())]

    def hooked(self, step: Step) -> list[Payload]:
        base: Payload = {"sessionId": self.session, "cwd": "/w", "timestamp": step.time_ms}
        tool = {"toolName": step.tool, "toolArgs": json.dumps(step.given)}
        match step.what:
            case "prompt":
                return [base | {"prompt": step.text}]
            case "call":
                return [base | tool]
            case "result":
                return [base | tool | {"toolResult": {"resultType": "success", "textResultForLlm": step.text}}]
            case "reply":
                return [base | {"transcriptPath": str(self.path), "stopReason": "end_turn"}]
        return []

    def _event(self, step: Step, kind: str, **data: Any) -> Payload:
        return {"id": self._next(), "timestamp": iso(step.time_ms), "parentId": None, "type": kind, "data": data}


class Cursor(AgentAtWork):
    agent = Agent.CURSOR
    place = "projects/work-sloop/agent-transcripts/{session}/{session}.jsonl"

    def told(self, step: Step) -> list[Payload]:
        part: Payload
        match step.what:
            case "prompt":
                part = {"type": "text", "text": f"<user_query>\n{step.text}\n</user_query>"}
            case "call":
                part = {"type": "tool_use", "id": step.call_id, "name": step.tool, "input": step.given}
            case "result":
                part = {"type": "tool_result", "tool_use_id": step.call_id, "content": step.text}
            case _:
                part = {"type": "text", "text": step.text}
        role = "user" if step.what in ("prompt", "result") else "assistant"
        return [{"role": role, "message": {"content": [part]}}]

    def hooked(self, step: Step) -> list[Payload]:
        base: Payload = {"conversation_id": self.session, "generation_id": step.turn, "cursor_version": "2.1"}
        base["workspace_roots"] = ["/w"]
        match step.what:
            case "prompt":
                return [base | {"hook_event_name": "beforeSubmitPrompt", "prompt": step.text}]
            case "result":
                tool = {"tool_name": step.tool, "tool_input": step.given, "tool_use_id": step.call_id}
                more = {"tool_output": step.text, "duration": step.took_ms}
                return [base | tool | more | {"hook_event_name": "postToolUse"}]
            case "words" | "reply":
                return [base | {"hook_event_name": "afterAgentResponse", "text": step.text}]
        return []


AGENTS: tuple[type[AgentAtWork], ...] = (ClaudeCode, Codex, Gemini, Copilot, Cursor)


class World:
    """One user's spool, histories and log."""

    def __init__(self, root: Path, agent: Agent) -> None:
        self.log = InMemoryLog()
        self._agent = agent
        self._folder = root / "spool"
        spool.make(str(self._folder))
        self._ledger = Ledger(self._folder)
        self._drain = Drain(self._folder, self._ledger, _Appender(self.log), OpenScope(), redact=unredacted)
        self._drain.tidy()
        self._marks = Marks(None)
        self._follower = self._importer()
        self._count = 0

    def hook(self, payload: Payload, *, received_ms: int) -> None:
        """A hook leaves the payload in the spool."""
        self._count += 1
        received_ns = received_ms * 1_000_000 + self._count
        envelope = spool.Envelope(
            id=spool.new_id(received_ns),
            agent=self._agent.value,
            received_ms=received_ms,
            cwd="/w",
            payload=json.dumps(payload),
        )
        spool.put(str(self._folder), envelope)

    def write(self, path: Path, lines: Sequence[Payload], *, time_ms: int) -> None:
        """An agent adds to its history."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as file:
            file.writelines(json.dumps(line) + "\n" for line in lines)
        os.utime(path, (time_ms / 1000, time_ms / 1000))

    def drain(self) -> None:
        while self._drain.drain():
            pass

    def import_(self, paths: Sequence[Path], *, following: bool = False, again: bool = False) -> None:
        """As `agent-memory import` would, or as one that follows and goes on where it was."""
        histories = [History(agent=self._agent, form=Form.LINES, path=path) for path in paths if path.exists()]
        importer = self._follower if following else self._importer(again=again)
        importer.run(histories, keep=following)

    def said(self) -> Said:
        """What the log holds, by session, kind and text."""
        events = [event for _, event in self.log.events.values() if event.kind in SAID]
        return Counter((event.session, event.kind.value, event.text) for event in events)

    def close(self) -> None:
        self._ledger.close()
        self._marks.close()

    def _importer(self, *, again: bool = False) -> Importer:
        return Importer(log=self.log, marks=self._marks, redact=unredacted, scope=OpenScope(), again=again)


class _Appender:
    """`drain.Appender` over the log of a world."""

    def __init__(self, log: InMemoryLog) -> None:
        self._log = log

    def append(self, drafts: Sequence[Draft]) -> list[Receipt | Refusal]:
        outcomes = self._log.append(drafts).result()
        return [Refusal(one.problem) if isinstance(one, Refused) else one for one in outcomes]


def sessions_of(random: Random) -> Iterator[str]:
    """Ids of sessions, in the form that agents give them."""
    while True:
        yield "-".join(f"{random.getrandbits(size * 4):0{size}x}" for size in (8, 4, 4, 4, 12))


def truth_of(worked: Sequence[tuple[AgentAtWork, Sequence[Step]]]) -> Said:
    """What a log should hold of these sessions."""
    return Counter((agent.session, *step.truth) for agent, steps in worked for step in steps)


def iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
