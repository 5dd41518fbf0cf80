"""Rollouts of Codex: `~/.codex/sessions/YYYY/MM/DD/rollout-<time>-<session>.jsonl`.

    {"timestamp": …, "type": …, "payload": {…}}

    session_meta    whose it is: session, folder, and of a sub-agent its parent
    turn_context    model and folder of what follows
    response_item   what went to the model and came from it: messages, calls, results. This is read
    event_msg       the same as the terminal showed it, and what it alone has
    compacted       the conversation was replaced by a summary

What an event_msg tells waits until a response_item tells the same, or the turn ends: then it is told
by the event_msg alone. In the oldest rollouts response items stand without a payload around them.

A session that was forked, as it is when an earlier prompt is edited, begins with a copy of the other's items, written
anew without their times. What the other told is told of that one once more.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from agent_memory.capture.agents.codex import is_scaffolding, said_text, shell_output
from agent_memory.capture.agents.common import Frame, of_subagent
from agent_memory.capture.histories._codex_noise import ITEMS, LINES, MESSAGES
from agent_memory.capture.histories._codex_shown import Shown
from agent_memory.capture.histories.port import Place, words_of
from agent_memory.capture.model import Captured, Outcome, Told
from agent_memory.capture.payloads import as_name, decoded, name_at, text_at, time_ms
from agent_memory.capture.rendering import content_text, error_text, exit_code_of, tool_output_text, without
from agent_memory.events import Kind

__all__ = ["CodexHistory", "copied_from"]

Fields = Mapping[str, Any]

_ROOTS = ("sessions", "archived_sessions")
_FIRST_LINE_BYTES_MAX = 1 << 20
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")

_CALLS = frozenset({"function_call", "custom_tool_call", "local_shell_call", "tool_search_call", "mcp_call"})
_OUTPUTS = frozenset({"function_call_output", "custom_tool_call_output", "tool_search_output", "mcp_call_output"})
_PROVIDERS = frozenset({"web_search_call", "image_generation_call", "file_search_call", "code_interpreter_call"})


# Messages that were only shown come a little later in one rollout than in the other.
_LOOKED_AHEAD = 32


class CodexHistory:
    """Reads one rollout.

    It remembers whose it is, the model and folder of the turn, open calls, the latest messages, and what of another
    rollout is still to come.
    """

    def __init__(self, place: Place) -> None:
        named = _UUID.findall(place.path.stem)
        self._named = bool(named)
        self._session = named[-1] if named else as_name(place.path.stem) or "unnamed"
        self._parent = self._speaker = self._agent_id = self._folder = ""
        self._about: dict[str, Any] = {}
        self._time_ms: int | None = None
        self._known = False
        self._calls: dict[str, str] = {}
        self._done: set[str] = set()
        self._shown = Shown()
        self._earlier = deque(place.earlier)

    def read(self, line: int, value: Any) -> Iterable[Told]:
        """What a line tells, or that it waits; and those before it that waited for it."""
        if not isinstance(value, Mapping):
            return [Told(line=line, outcome=Outcome.MALFORMED, reason="is no object")]
        told = [self._event(held, captured) for held, captured in self._shown.late(line)]
        self._time_ms = time_ms(value.get("timestamp")) or self._time_ms
        told += self._told(line, value)
        return told

    def end(self) -> Iterable[Told]:
        """What no response item told."""
        return [self._event(held, captured) for held, captured in self._shown.late(None)]

    def _told(self, line: int, value: Fields) -> Iterator[Told]:
        kind, payload = text_at(value, "type", "record_type"), value.get("payload")
        if not isinstance(payload, Mapping):
            if kind in LINES:
                yield _skipped(line, LINES[kind])
                return
            # The form of 2025: no payload, and a first line that is all about the session.
            kind, payload = ("session_meta" if not kind and "id" in value else "response_item"), value
        if kind == "response_item":
            yield from self._item(line, payload)
        elif kind == "event_msg":
            yield from self._message(line, payload)
        elif kind == "compacted":
            yield self._event(line, *self._compacted(payload))
        else:
            if kind == "session_meta":
                self._begin(payload)
            elif kind == "turn_context":
                self._turn(payload)
            yield _skipped(line, LINES.get(kind) or f"type {as_name(kind)}")

    # -- whose it is -----------------------------------------------------------------------------

    def _begin(self, meta: Fields) -> None:
        """A rollout is its first session's; the beginning of another's may follow within a copy of it."""
        if self._known:
            return
        self._known = True
        thread = name_at(meta, "id") or self._session
        self._folder = text_at(meta, "cwd")
        git = meta.get("git")
        self._about = {
            "version": meta.get("cli_version"),
            "git_branch": text_at(git, "branch") if isinstance(git, Mapping) else "",
            "forked_from": meta.get("forked_from_id"),
        }
        root, source = name_at(meta, "session_id"), meta.get("source")
        spawned = source.get("subagent") if isinstance(source, Mapping) else None
        if spawned is None:
            self._session = root or thread
            return
        spawn = spawned.get("thread_spawn") if isinstance(spawned, Mapping) else None
        spawn = spawn if isinstance(spawn, Mapping) else {}
        parent = name_at(meta, "parent_thread_id") or name_at(spawn, "parent_thread_id")
        self._parent = root if root and root != thread else parent
        self._agent_id = thread
        self._session = of_subagent(self._parent, thread) if self._parent else thread
        self._speaker = (
            name_at(meta, "agent_role", "agent_nickname")
            or name_at(spawn, "agent_role", "agent_nickname")
            or (as_name(spawned) if isinstance(spawned, str) else "")
            or (name_at(spawned, "other") if isinstance(spawned, Mapping) else "")
        )

    def _turn(self, context: Fields) -> None:
        self._folder = text_at(context, "cwd") or self._folder
        for name in ("model", "turn_id"):
            if context.get(name) is not None:
                self._about[name] = context[name]

    def _frame(self) -> Frame:
        return Frame(
            session=self._session,
            time_ms=self._time_ms,
            folder=self._folder,
            speaker=self._speaker,
            metadata={**self._about, "agent_id": self._agent_id, "parent_session": self._parent},
        )

    # -- response items --------------------------------------------------------------------------

    def _item(self, line: int, item: Fields) -> Iterator[Told]:
        kind = text_at(item, "type")
        if kind == "message":
            yield from self._words(line, item)
        elif kind in _CALLS:
            yield self._event(line, self._call(item))
        elif kind in _OUTPUTS:
            yield self._event(line, self._output(item))
        elif kind in _PROVIDERS:
            yield self._event(line, *self._provider_call(item))
        elif kind == "agent_message":
            yield self._between_agents(line, item)
        else:
            yield _skipped(line, ITEMS.get(kind) or (f"item {as_name(kind)}" if kind else "line without a type"))

    def _words(self, line: int, item: Fields) -> Iterator[Told]:
        role, content = text_at(item, "role"), item.get("content")
        parts = [content_text([part]) for part in content] if isinstance(content, list) else [content_text(content)]
        if role not in ("user", "assistant"):
            yield _skipped(line, "instructions")
            return
        text = said_text(parts) if role == "user" else "\n".join(part for part in parts if part)
        if not text.strip():
            scaffolding = any(is_scaffolding(part) for part in parts)
            if scaffolding or not isinstance(content, list) or not content:
                yield _skipped(line, "environment and instructions" if scaffolding else "message without content")
                return
            text = tool_output_text([part for part in content if isinstance(part, Mapping)])
            if not text.strip():
                yield _skipped(line, "message without content")
                return
        kind = Kind.USER_MESSAGE if role == "user" else Kind.ASSISTANT_MESSAGE
        captured = self._frame().captured(kind, text, known={"phase": item.get("phase")})
        for held in self._shown.told(kind, text):
            yield _merged(held, "told by a response item")
        yield self._event(line, captured)

    def _call(self, item: Fields) -> Captured:
        name = name_at(item, "name") or {"tool_search_call": "tool_search", "local_shell_call": "shell"}.get(
            text_at(item, "type"), ""
        )
        call_id = name_at(item, "call_id", "id")
        if call_id:
            self._calls[call_id] = name
        value = next((item[key] for key in ("arguments", "input", "action") if item.get(key) is not None), None)
        return self._frame().call(name, call_id, value, known={"namespace": item.get("namespace")})

    def _output(self, item: Fields) -> Captured:
        call_id = name_at(item, "call_id", "id")
        output, code = shell_output(item.get("output", item.get("tools")))
        self._done.add(call_id)
        known = {"exit_code": exit_code_of(output) if code is None else code}
        return self._frame().result(self._calls.get(call_id, ""), call_id, output, known=known)

    def _provider_call(self, item: Fields) -> list[Captured]:
        """A call that ran where the model runs: only what was asked is told, and of images the wording."""
        name, call_id = text_at(item, "type").removesuffix("_call"), name_at(item, "call_id", "id")
        if call_id:
            self._calls[call_id] = name
        action = item.get("action")
        value = {"prompt": item["revised_prompt"]} if item.get("revised_prompt") else action
        if isinstance(action, Mapping):
            value = {key: part for key, part in action.items() if key != "type" and part is not None}
            if value.get("queries") == [value.get("query")]:
                del value["queries"]
        return [self._frame().call(name, call_id, value)]

    def _between_agents(self, line: int, item: Fields) -> Told:
        text = content_text(item.get("content"))
        if not text.strip():
            return _skipped(line, "message between agents, encrypted")
        known = {"event": "agent_message", "author": item.get("author"), "recipient": item.get("recipient")}
        return self._event(line, self._frame().captured(Kind.OTHER, text, known=known))

    def _compacted(self, payload: Fields) -> list[Captured]:
        frame, summary = self._frame(), text_at(payload, "message")
        told = [frame.captured(Kind.COMPACTION)]
        if summary.strip():
            told.append(frame.captured(Kind.COMPACTION, summary))
        return told

    # -- what the terminal showed ----------------------------------------------------------------

    def _message(self, line: int, message: Fields) -> Iterator[Told]:
        kind = text_at(message, "type")
        if kind == "item_completed" and isinstance(item := message.get("item"), Mapping):
            yield from self._completed(line, item)
        elif kind == "user_message":
            yield from self._shows(line, kind, Kind.USER_MESSAGE, said_text(content_text(message.get("message"))))
        elif kind == "agent_message":
            yield from self._shows(line, kind, Kind.ASSISTANT_MESSAGE, content_text(message.get("message")))
        elif kind in ("task_complete", "turn_complete"):
            yield from self._turn_ends(line, message)
        elif kind == "exited_review_mode":
            yield from self._review(line, message)
        elif kind == "error":
            text = error_text(message)
            yield self._other(line, kind, text) if text.strip() else _skipped(line, "error of the provider")
        elif kind == "context_compacted":
            yield _merged(line, "told by the line `compacted`")
        elif kind in MESSAGES:
            yield _skipped(line, MESSAGES[kind])
        elif call_id := name_at(message, "call_id", "callId"):
            yield self._ran(line, kind, call_id, message)
        else:
            yield _skipped(line, f"message {as_name(kind)}")

    def _completed(self, line: int, item: Fields) -> Iterator[Told]:
        kind, text = text_at(item, "type"), content_text(item.get("content")) or text_at(item, "text")
        if kind == "UserMessage":
            yield from self._shows(line, "item_completed", Kind.USER_MESSAGE, said_text(text))
        elif kind in ("AgentMessage", "Plan"):
            yield from self._shows(line, "item_completed", Kind.ASSISTANT_MESSAGE, text)
        elif kind == "Reasoning":
            yield _skipped(line, "thinking")
        elif kind == "ContextCompaction":
            yield _merged(line, "told by the line `compacted`")
        elif call_id := name_at(item, "id"):
            yield self._ran(line, kind, call_id, item)
        else:
            yield _skipped(line, f"item {as_name(kind)}")

    def _shows(self, line: int, shown_by: str, kind: Kind, text: str) -> Iterator[Told]:
        if not text.strip():
            yield _skipped(line, "message without content")
        elif reason := self._shown.shows(line, shown_by, self._frame().captured(kind, text), text):
            yield _merged(line, reason)

    def _turn_ends(self, line: int, message: Fields) -> Iterator[Told]:
        error = message.get("error")
        if error is not None and error_text(error).strip():
            yield self._other(line, "error", error_text(error))
        else:
            yield _skipped(line, "end of a turn")

    def _review(self, line: int, message: Fields) -> Iterator[Told]:
        output = message.get("review_output")
        if not isinstance(output, Mapping):
            yield _skipped(line, "end of a review")
            return
        found = [text_at(output, "overall_explanation")]
        findings = output.get("findings")
        for finding in findings if isinstance(findings, list) else []:
            if isinstance(finding, Mapping):
                found += [text_at(finding, "title"), text_at(finding, "body")]
        text = "\n".join(part for part in found if part)
        yield self._other(line, "review", text) if text.strip() else _skipped(line, "end of a review")

    def _ran(self, line: int, kind: str, call_id: str, message: Fields) -> Told:
        """A tool that ran. Response items tell of it, unless it was the user who ran it, or nobody's model."""
        if kind.endswith(("_begin", "_delta", "_approval_request", "_requested")):
            return _skipped(line, "progress of a tool")
        name = kind.removesuffix("_end").removesuffix("_request").removesuffix("_response")
        known = call_id in self._calls
        if known and (call_id in self._done or kind != "web_search_end"):
            return _merged(line, "told by a response item")
        invocation = message.get("invocation")
        value: Any = invocation.get("arguments") if isinstance(invocation, Mapping) else None
        if value is None:
            value = {key: part for key in _ASKED if (part := message.get(key)) not in (None, "", [], {})}
            if "query" in value:
                value.pop("action", None)
        if isinstance(invocation, Mapping):
            name = name_at(invocation, "tool") or name
        frame = self._frame()
        told = [] if known else [frame.call(name_at(message, "tool") or name, call_id, value)]
        self._calls[call_id] = name_at(message, "tool") or name
        answered = {key: part for key in _ANSWERED if (part := message.get(key)) not in (None, "", [], {})}
        if answered and kind != "dynamic_tool_call_request":
            self._done.add(call_id)
            seen = {"exit_code": exit_code_of(message), "status": message.get("status")}
            answered.pop("result", None) if kind.startswith("image_generation") else None
            told.append(frame.result(self._calls[call_id], call_id, _answer(answered), known=seen))
        return self._event(line, *told) if told else _merged(line, "told by a response item")

    # -- outcomes --------------------------------------------------------------------------------

    def _event(self, line: int, *captured: Captured) -> Told:
        told = tuple(map(self._first_told, captured)) if self._earlier else captured
        return Told(line=line, outcome=Outcome.EVENT, captured=told)

    def _first_told(self, captured: Captured) -> Captured:
        """The same as the rollout told it that this is a copy of; as it is, from where this one goes its own way."""
        words = words_of(captured.text)
        for at, earlier in enumerate(islice(self._earlier, _LOOKED_AHEAD)):
            if (earlier.kind, earlier.key, earlier.text) == (captured.kind, captured.key, words):
                del self._earlier[at]
                return msgspec.structs.replace(earlier, text=captured.text)
        self._earlier.clear()
        return captured

    def _other(self, line: int, event: str, text: str) -> Told:
        return self._event(line, self._frame().captured(Kind.OTHER, text, known={"event": event}))


_ASKED = ("command", "query", "path", "changes", "arguments", "prompt", "revised_prompt", "action", "input")
_ANSWERED = (
    "aggregated_output",
    "stdout",
    "stderr",
    "content_items",
    "results",
    "result",
    "saved_path",
    "error",
    "status",
)


def _answer(answered: dict[str, Any]) -> Any:
    """What a tool gave back, without the streams that its whole output repeats."""
    if "aggregated_output" in answered:
        return answered["aggregated_output"]
    if len(answered) > 1:
        answered = without(answered, ("status",))
    return next(iter(answered.values())) if len(answered) == 1 else answered


def copied_from(rollout: Path) -> Path | None:
    """The rollout that this one begins with a copy of, as its first line has it, if that is still there."""
    with rollout.open("rb") as file:
        begins = decoded(file.readline(_FIRST_LINE_BYTES_MAX))
    meta = begins[0].get("payload") if begins else None
    named = _UUID.fullmatch(text_at(meta, "forked_from_id")) if isinstance(meta, Mapping) else None
    if named is None:
        return None
    root = next((folder for folder in rollout.parents if folder.name in _ROOTS), rollout.parent)
    roots = [root.parent / name for name in _ROOTS] if root.name in _ROOTS else [root]
    found = (path for folder in roots for path in folder.glob(f"**/rollout-*-{named[0]}.jsonl"))
    return next((path for path in found if path != rollout), None)


def _skipped(line: int, reason: str) -> Told:
    return Told(line=line, outcome=Outcome.SKIPPED, reason=reason)


def _merged(line: int, reason: str) -> Told:
    return Told(line=line, outcome=Outcome.MERGED, reason=reason)
