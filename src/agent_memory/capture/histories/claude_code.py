"""Transcripts of Claude Code: `~/.claude/projects/<folder>/<session>.jsonl`, one object a line.

    user        what was typed; results of tools; what the program says in the user's name
    assistant   words, thoughts, calls of tools: each part of a message on a line of its own
    system      compact_boundary, local_command …
    attachment  what the program puts beside a prompt; a prompt that was queued
    the rest    titles, modes, snapshots: about the conversation and not of it

Sub-agents have files of their own, `<session>/subagents/agent-<id>.jsonl`; in old transcripts they
stand among the lines (`isSidechain`), and are told apart by the line that their chain begins with.

A line is read by itself, so a transcript that grows, or is cut anywhere, gives the same events: what
one message says on several lines are several. A line that stands there twice (its uuid tells) is one. What a
fork copied from another session tells of that one once more (`_claude_copies`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from agent_memory.capture.agents.claude_code import command_text, is_typed
from agent_memory.capture.agents.common import Frame, of_subagent
from agent_memory.capture.agents.shapes import compaction_summary
from agent_memory.capture.histories._claude_copies import line_digest, origins_in
from agent_memory.capture.histories.port import Place
from agent_memory.capture.model import Captured, Outcome, Told
from agent_memory.capture.payloads import as_name, name_at, text_at, time_ms
from agent_memory.capture.rendering import content_text, error_text, exit_code_of, tool_output_text
from agent_memory.events import Kind

__all__ = ["ClaudeCodeHistory", "origins_in"]

Fields = Mapping[str, Any]

_CALLS = frozenset({"tool_use", "server_tool_use", "mcp_tool_use"})
_RESULTS = frozenset({"tool_result", "mcp_tool_result"})
_THOUGHTS = frozenset({"thinking", "redacted_thinking"})
_IMAGES = frozenset({"image", "document"})
_PLACEHOLDERS = frozenset({"No response requested.", "(no content)"})
_WARM_UP = "Warmup"

# Lines about the conversation, and why they are none of it.
_ABOUT = {
    "custom-title": "title",
    "ai-title": "title",
    "agent-name": "title",
    "agent-color": "title",
    "tag": "title",
    "last-prompt": "restates a prompt",
    "permission-mode": "permission mode",
    "mode": "mode",
    "progress": "progress",
    "queue-operation": "queue of prompts",
    "file-history-snapshot": "snapshot of files",
    "started": "start of a workflow's agent",
    "relocated": "folder of the session",
    "worktree-state": "folder of the session",
    "bridge-session": "state of the program",
    "atis-latch": "state of the program",
}

_SYSTEM = {
    "session_start": "start of the program",
    "stop_hook_summary": "what hooks did",
    "turn_duration": "duration of a turn",
    "api_error": "error of the provider",
    "error": "error of the provider",
    "api_refusal": "refusal of the provider",
    "model_refusal_fallback": "change of the model",
    "microcompact_boundary": "tool results left out of the context",
}


class ClaudeCodeHistory:
    """Reads one transcript.

    It remembers its lines by their ids, the names of open calls, the chains of old sub-agents, and for lines
    that name none the last session, folder and time.
    """

    def __init__(self, place: Place) -> None:
        self._session, self._agent_id = _named_by(place)
        self._time_ms: int | None = None
        self._folder = ""
        self._tool_names: dict[str, str] = {}
        self._roots: dict[str, str] = {}
        self._warm_ups: set[str] = set()
        self._origins = place.origins
        # Digests of ids, and of ids with what was told by them.
        self._lines: set[bytes] = set()
        self._told_by: set[bytes] = set()

    def __deepcopy__(self, memo: dict[int, Any]) -> ClaudeCodeHistory:
        # What is known of lines are plain values, and many.
        copied = object.__new__(ClaudeCodeHistory)
        copied.__dict__.update({k: v.copy() if isinstance(v, dict | set) else v for k, v in self.__dict__.items()})
        return copied

    def read(self, line: int, value: Any) -> Iterable[Told]:
        """What a line tells: always one thing."""
        if not isinstance(value, Mapping):
            return [Told(line=line, outcome=Outcome.MALFORMED, reason="is no object")]
        told = self._told(value)
        if isinstance(told, str):
            return [Told(line=line, outcome=Outcome.SKIPPED, reason=told)]
        if self._is_told(value, told):
            return [Told(line=line, outcome=Outcome.MERGED, reason="a line that stands above already")]
        return [Told(line=line, outcome=Outcome.EVENT, captured=tuple(told))]

    def end(self) -> Iterable[Told]:
        """Nothing: no line waits for another."""
        return ()

    def _is_told(self, line: Fields, told: list[Captured]) -> bool:
        """Whether a line of this id has told the same before: it is written again where sessions meet."""
        uuid = text_at(line, "uuid")
        if not uuid:
            return False
        digest = line_digest("\0".join([uuid, *(one.text for one in told)]))
        known = digest in self._told_by
        self._told_by.add(digest)
        return known

    def _told(self, line: Fields) -> list[Captured] | str:
        """The events of a line, or why it has none."""
        if uuid := text_at(line, "uuid"):
            self._lines.add(line_digest(uuid))
        if not self._agent_id:
            self._session = name_at(line, "sessionId", "session_id") or self._session
        self._time_ms = time_ms(line.get("timestamp")) or self._time_ms
        self._folder = text_at(line, "cwd") or self._folder
        kind = text_at(line, "type")
        if kind in ("user", "assistant"):
            message = line.get("message")
            if not isinstance(message, Mapping):
                return "message without content"
            root = self._root(line)
            if self._is_warm_up(line, message):
                return "warm-up of an agent"
            frame = self._frame(line, message, root)
            return self._user(frame, line, message) if kind == "user" else self._assistant(frame, line, message)
        if kind == "system":
            return self._system(line)
        if kind == "attachment":
            return self._attachment(line)
        if kind == "summary":
            return self._summary(line)
        if kind in ("pr-link", "frame-link"):
            return self._link(line, kind)
        if kind == "result":
            return self._workflow_result(line)
        if reason := _ABOUT.get(kind):
            return reason
        return f"type {as_name(kind)}" if kind else "line without a type"

    # -- where a line belongs --------------------------------------------------------------------

    def _frame(self, line: Fields, message: Fields, root: str = "") -> Frame:
        forked = line.get("forkedFrom")
        session = name_at(forked, "sessionId") if isinstance(forked, Mapping) else ""
        session = session or self._origins.get(line_digest(text_at(line, "uuid")), "")
        session = session or name_at(line, "sessionId", "session_id") or self._session
        agent_id = name_at(line, "agentId") or self._agent_id or root
        return Frame(
            session=of_subagent(session, agent_id) if agent_id else session,
            time_ms=self._time_ms,
            folder=self._folder,
            speaker=name_at(line, "attributionAgent", "agentType") if agent_id else "",
            metadata={
                "agent_id": agent_id,
                "parent_session": session if agent_id else "",
                "prompt_id": line.get("promptId"),
                "model": message.get("model"),
                "git_branch": line.get("gitBranch"),
                "version": line.get("version"),
                "uuid": line.get("uuid"),
            },
        )

    def _root(self, line: Fields) -> str:
        """The line that the chain of an old sub-agent begins with; empty for all that is none or has a name."""
        if line.get("isSidechain") is not True or self._agent_id or line.get("agentId"):
            return ""
        uuid, parent = name_at(line, "uuid"), name_at(line, "parentUuid")
        root = self._roots.get(parent, parent) or uuid
        if uuid:
            self._roots[uuid] = root
        return root

    def _is_warm_up(self, line: Fields, message: Fields) -> bool:
        """Whether the program only makes an agent's prompt known to the provider, before anybody asked for it."""
        if line.get("isSidechain") is not True:
            return False
        begins = line.get("parentUuid") is None and content_text(message.get("content")).strip() == _WARM_UP
        follows = text_at(line, "parentUuid") in self._warm_ups
        if begins or follows:
            self._warm_ups.add(text_at(line, "uuid"))
        return begins or follows

    # -- messages --------------------------------------------------------------------------------

    def _user(self, frame: Frame, line: Fields, message: Fields) -> list[Captured] | str:
        content = message.get("content")
        text = content_text(content)
        if line.get("isCompactSummary") is True:
            return [frame.captured(Kind.COMPACTION, compaction_summary(text))]
        parts = [part for part in content if isinstance(part, Mapping)] if isinstance(content, list) else []
        results = [part for part in parts if part.get("type") in _RESULTS or _is_server_result(part)]
        told = [self._result(frame, line, part, alone=len(results) == 1) for part in results]
        if not text.strip():
            images = [part for part in parts if part.get("type") in _IMAGES]
            text = tool_output_text(images) if images and not results else ""
        if text.strip():
            if line.get("isMeta") is True:
                return told or "meta: put there by the program"
            told.append(self._words(frame, line, command_text(text)))
        return told or "message without content"

    def _words(self, frame: Frame, line: Fields, text: str) -> Captured:
        origin = line.get("origin")
        sources = [text_at(line, "promptSource"), text_at(origin, "kind") if isinstance(origin, Mapping) else ""]
        typed = all(is_typed(text, source) for source in sources)
        return frame.captured(Kind.USER_MESSAGE if typed else Kind.OTHER, text)

    def _result(self, frame: Frame, line: Fields, part: Fields, *, alone: bool) -> Captured:
        call_id = name_at(part, "tool_use_id") or name_at(line, "sourceToolUseID")
        failed = part.get("is_error") is True
        structured = line.get("toolUseResult")
        # What its hooks are given, if it is this part's: of an error they get what the model is told.
        whole = alone and not failed and isinstance(structured, Mapping | list) and bool(structured)
        output = structured if whole else part.get("content")
        known = {"error": failed or None, "exit_code": exit_code_of(structured)}
        value = _without_tag(error_text(output)) if failed else output
        return frame.result(self._tool_names.pop(call_id, ""), call_id, value, known=known)

    def _assistant(self, frame: Frame, line: Fields, message: Fields) -> list[Captured] | str:
        content = message.get("content")
        if isinstance(content, str):
            content = [{"type": "text", "text": content}]
        parts = [part for part in content if isinstance(part, Mapping)] if isinstance(content, list) else []
        harness = line.get("isApiErrorMessage") is True or message.get("model") == "<synthetic>"
        told: list[Captured] = []
        words: list[Any] = []
        reason = "message without content"
        for part in [*parts, {}]:
            kind = part.get("type")
            if kind == "text":
                words.append(part)
                continue
            # Parts of text that follow each other are what a hook gets as one.
            text = content_text(words)
            words = []
            if text.strip() in _PLACEHOLDERS:
                reason = "placeholder of the program"
            elif text.strip():
                told.append(frame.captured(Kind.OTHER if harness else Kind.ASSISTANT_MESSAGE, text))
            if kind in _CALLS:
                told.append(self._call(frame, part))
            elif _is_server_result(part):
                told.append(self._result(frame, {}, part, alone=False))
            elif kind in _THOUGHTS:
                reason = "thinking"
            elif kind == "fallback":
                reason = "change of the model"
        return told or reason

    def _call(self, frame: Frame, part: Fields) -> Captured:
        name, call_id = name_at(part, "name"), name_at(part, "id")
        if call_id:
            self._tool_names[call_id] = name
        return frame.call(name, call_id, part.get("input"))

    # -- the rest --------------------------------------------------------------------------------

    def _system(self, line: Fields) -> list[Captured] | str:
        subtype = text_at(line, "subtype")
        if subtype == "compact_boundary":
            compacted = line.get("compactMetadata")
            known = {"trigger": text_at(compacted, "trigger")} if isinstance(compacted, Mapping) else {}
            return [self._frame(line, {}).captured(Kind.COMPACTION, known=known)]
        text = text_at(line, "content")
        if subtype in _SYSTEM or not text.strip() or line.get("isMeta") is True:
            return _SYSTEM.get(subtype, f"system {as_name(subtype)}")
        return [self._words(self._frame(line, {}), {"promptSource": "system"}, command_text(text))]

    def _attachment(self, line: Fields) -> list[Captured] | str:
        attachment = line.get("attachment")
        if not isinstance(attachment, Mapping):
            return "attachment without content"
        kind = text_at(attachment, "type")
        prompt = content_text(attachment.get("prompt"))
        typed = text_at(attachment, "commandMode") in ("", "prompt") and attachment.get("isMeta") is not True
        if kind == "queued_command" and prompt.strip() and typed:
            return [self._words(self._frame(line, {}), attachment, command_text(prompt))]
        return f"attachment {as_name(kind)}"

    def _summary(self, line: Fields) -> list[Captured] | str:
        """What the program calls a conversation; at the beginning of a file stand those of others."""
        text, leaf = text_at(line, "summary"), name_at(line, "leafUuid")
        if not text.strip() or line_digest(leaf) not in self._lines:
            return "title of another conversation"
        known = {"event": "summary"}
        return [self._frame(line, {}).captured(Kind.OTHER, text, key=f"summary/{leaf}", known=known)]

    def _link(self, line: Fields, kind: str) -> list[Captured] | str:
        """A pull request or a page that the conversation made."""
        url = text_at(line, "prUrl", "frameUrl")
        if not url:
            return f"{kind} without its address"
        number = f"#{line['prNumber']}" if line.get("prNumber") is not None else ""
        name = text_at(line, "prRepository", "title") + number
        text = f"{name} {url}".strip()
        return [self._frame(line, {}).captured(Kind.OTHER, text, key=f"{kind}/{as_name(url)}", known={"event": kind})]

    def _workflow_result(self, line: Fields) -> list[Captured] | str:
        text = tool_output_text(line.get("result"))
        if not text.strip():
            return "result of a workflow's agent, empty"
        key = name_at(line, "key")
        known = {"event": "result", "workflow": key}
        return [self._frame(line, {}).captured(Kind.OTHER, text, key=f"workflow/{key}" if key else "", known=known)]


def _is_server_result(part: Fields) -> bool:
    """The result of a tool that ran at the provider: of a web search, a code execution …"""
    kind = part.get("type")
    return isinstance(kind, str) and kind.endswith("_tool_result") and "tool_use_id" in part


def _without_tag(text: str) -> str:
    return text.removeprefix("<tool_use_error>").removesuffix("</tool_use_error>")


def _named_by(place: Place) -> tuple[str, str]:
    """Session and sub-agent by the file's path."""
    parts = place.path.parts
    stem = as_name(place.path.stem) or "unnamed"
    if "subagents" in parts[1:]:
        at = len(parts) - 1 - parts[::-1].index("subagents")
        session = as_name(parts[at - 1])
        return (session, stem.removeprefix("agent-")) if session else (stem, "")
    return (stem, stem.removeprefix("agent-")) if stem.startswith("agent-") else (stem, "")
