"""Gemini CLI's chat files: a log of JSON lines, or one document in the form before.

    chats/session-<time>-<id>.jsonl           chats/<session>/<sub-agent>.jsonl
        {"sessionId", "projectHash", "startTime", "lastUpdated", "kind": "main" | "subagent", "directories"?}
        {"id", "timestamp", "type": "user" | "gemini" | "info" | "error" | "warning", "content", "toolCalls"?, …}
        {"$set": {…}}                          changes of the first line; `messages` restates them all
        {"$rewindTo": id}                      the conversation goes on before that message
    chats/session-<time>-<id>.json            {"sessionId", …, "messages": […]}

Which folder a chat was held in, its file does not say: `tmp/<project>/.project_root` does, beside `chats`, or
`projects.json`, {"projects": {folder: project}}; in older releases <project> is the SHA-256 of the folder.

A message is written again, whole, whenever it changes: its last line holds, so lines are held back until
the end. Two things are kept as they first were, because they happened: a tool's result, which is later cut
or masked to save room in the model's context, and what was said before a rewind.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from agent_memory.capture.agents import by_words
from agent_memory.capture.agents.by_words import before, object_of, said
from agent_memory.capture.agents.common import Frame, of_subagent
from agent_memory.capture.agents.gemini import parts_text
from agent_memory.capture.histories.port import Place
from agent_memory.capture.model import Captured, Outcome, Told
from agent_memory.capture.payloads import as_name, name_at, text_at, time_ms
from agent_memory.events import Kind

_ENDED = frozenset({"success", "error", "cancelled"})
_NOTICES = frozenset({"info", "warning", "error"})


class _Held(msgspec.Struct, gc=False):
    """A message and the line that holds, or for now holds, it."""

    line: int
    message: Mapping[str, Any]


class GeminiHistory:
    """A `HistoryReader` of one chat file of Gemini CLI."""

    def __init__(self, place: Place) -> None:
        self._modified_ms = place.modified_ms
        self._folder = place.folder
        self._session = as_name(place.path.stem)
        folder = place.path.parent.name
        self._parent = "" if folder == "chats" or not place.path.stem else folder
        self._about: dict[str, Any] = {}
        self._began: int | None = None
        self._held: dict[str, _Held] = {}
        self._results: dict[str, Mapping[str, Any]] = {}
        self._restated: set[str] = set()

    def __deepcopy__(self, memo: dict[int, Any]) -> GeminiHistory:
        # What is held is never changed, only replaced.
        copied = object.__new__(GeminiHistory)
        copied.__dict__.update({k: v.copy() if isinstance(v, dict | set) else v for k, v in self.__dict__.items()})
        return copied

    def read(self, line: int, value: Any) -> Iterable[Told]:
        """What a line tells by itself; messages are held back. A document tells all that it has."""
        if not isinstance(value, Mapping):
            return [_told(line, Outcome.MALFORMED, "is no object")]
        if "$rewindTo" in value:
            return [_told(line, Outcome.SKIPPED, "a rewind; what was said before it stays")]
        if isinstance(changes := value.get("$set"), Mapping):
            return self._set(line, changes)
        if "sessionId" in value and "id" not in value:
            return self._began_at(line, value)
        if "id" in value and "type" in value:
            return self._hold(line, value)
        return [_told(line, Outcome.MALFORMED, "is neither a message nor about the session")]

    def end(self) -> Iterable[Told]:
        """All messages, each where its last line stands."""
        frame = self._frame()
        if self._began is not None:
            yield _told(self._began, Outcome.EVENT, captured=(self._start(frame),))
        for held in self._held.values():
            yield self._told_by(held.line, held.message, frame)

    def _began_at(self, line: int, value: Mapping[str, Any]) -> Iterator[Told]:
        messages = value.get("messages")
        self._learn(value)
        if self._began is None:
            self._began = line
        else:
            yield _told(line, Outcome.MERGED, "says again what the session is")
        for number, message in enumerate(messages if isinstance(messages, list) else [], line + 1):
            if isinstance(message, Mapping):
                yield from self._hold(number, message)
            else:
                yield _told(number, Outcome.MALFORMED, "is no message")

    def _set(self, line: int, changes: Mapping[str, Any]) -> Iterator[Told]:
        self._learn(changes)
        messages = changes.get("messages")
        added = [object_of(item) for item in messages] if isinstance(messages, list) else []
        # Those that are known are in a line of their own, before they were cut.
        new = [message for message in added if not self._is_known(name_at(message, "id"))]
        captured: list[Captured] = []
        for message in new:
            self._note_results(message)
            self._restated.add(name_at(message, "id"))
            captured += self._captured(message, self._frame())
        if captured:
            yield _told(line, Outcome.EVENT, captured=tuple(captured))
        else:
            yield _told(line, Outcome.SKIPPED, "bookkeeping of the session")

    def _hold(self, line: int, message: Mapping[str, Any]) -> Iterator[Told]:
        name = name_at(message, "id") or f"#{line}"
        if name in self._restated:
            yield _told(line, Outcome.MERGED, "a message that an earlier line has")
            return
        self._note_results(message)
        held = self._held.pop(name, None)
        self._held[name] = _Held(line, message)
        if held is not None:
            yield _told(held.line, Outcome.MERGED, "a message that a later line has whole")

    def _is_known(self, name: str) -> bool:
        return name in self._held or name in self._restated

    def _learn(self, about: Mapping[str, Any]) -> None:
        self._about.update((name, value) for name, value in about.items() if name != "messages")
        self._session = name_at(self._about, "sessionId") or self._session

    def _note_results(self, message: Mapping[str, Any]) -> None:
        for tool in _tools(message):
            if tool.get("status") in _ENDED and tool.get("result") is not None:
                self._results.setdefault(text_at(tool, "id"), tool)

    def _frame(self) -> Frame:
        directories = self._about.get("directories")
        named = directories[0] if isinstance(directories, list) and directories else ""
        frame = Frame(
            session=self._session,
            time_ms=time_ms(self._about.get("startTime")) or self._modified_ms,
            folder=self._folder or (named if isinstance(named, str) else ""),
        )
        if self._about.get("kind") != "subagent" or not self._parent:
            return frame
        return msgspec.structs.replace(
            frame,
            session=of_subagent(self._parent, self._session),
            metadata={"agent_id": self._session, "parent_session": self._parent},
        )

    def _start(self, frame: Frame) -> Captured:
        kind = Kind.SUBAGENT_START if frame.metadata else Kind.SESSION_START
        return frame.captured(kind, known={name: self._about.get(name) for name in ("projectHash", "summary")})

    def _told_by(self, line: int, message: Mapping[str, Any], frame: Frame) -> Told:
        captured = self._captured(message, frame)
        if captured:
            return _told(line, Outcome.EVENT, captured=tuple(captured))
        match message.get("type"):
            case "user" if _responds(message):
                return _told(line, Outcome.MERGED, "a tool's result, told with its call")
            case "user" | "gemini":
                return _told(line, Outcome.SKIPPED, "a step without words")
            case str(kind) if kind in _NOTICES:
                return _told(line, Outcome.SKIPPED, "a notice of the program")
        return _told(line, Outcome.SKIPPED, "a message of an unknown type")

    def _captured(self, message: Mapping[str, Any], frame: Frame) -> list[Captured]:
        text = parts_text(message.get("content"))
        at = time_ms(message.get("timestamp"))
        frame = frame if at is None else msgspec.structs.replace(frame, time_ms=at)
        match message.get("type"):
            case "user":
                return said(frame, _kind_of_prompt(text), text)
            case "gemini":
                known = {"model": message.get("model")}
                replies = said(frame, Kind.ASSISTANT_MESSAGE, text, known=known)
                return replies + [one for tool in _tools(message) for one in self._called(tool, frame)]
        return []

    def _called(self, tool: Mapping[str, Any], frame: Frame) -> list[Captured]:
        name, given, call_id = name_at(tool, "name"), tool.get("args"), text_at(tool, "id")
        ended = time_ms(tool.get("timestamp")) or frame.time_ms
        known: dict[str, Any] = {"call_id": call_id}
        told = [by_words.call(frame, name, given, time_ms=before(ended), known=known)]
        first = self._results.get(call_id, tool)
        if first.get("status") in _ENDED:
            output, failed = _output(first), first.get("status") == "error"
            known = {**known, "status": first.get("status"), "error": failed or None}
            told.append(by_words.result(frame, name, given, output, time_ms=ended, known=known))
        return told


def folder_of(chat: Path) -> str:
    """The folder that a chat was held in; empty where it is not known any more."""
    project = next((folder.parent for folder in chat.parents if folder.name == "chats"), None)
    if project is None:
        return ""
    try:
        if root := (project / ".project_root").read_text("utf-8", "replace").strip():
            return root
    except OSError:
        pass
    try:
        registry = json.loads((project.parent.parent / "projects.json").read_text("utf-8", "replace"))
    except (OSError, ValueError, RecursionError):
        return ""
    folders = object_of(object_of(registry).get("projects"))
    digests = {hashlib.sha256(folder.encode("utf-8", "surrogatepass")).hexdigest(): folder for folder in folders}
    return digests.get(project.name) or next((at for at, name in folders.items() if name == project.name), "")


def _told(line: int, outcome: Outcome, reason: str = "", captured: tuple[Captured, ...] = ()) -> Told:
    return Told(line=line, outcome=outcome, captured=captured, reason=reason)


def _tools(message: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    tools = message.get("toolCalls")
    return [tool for tool in tools if isinstance(tool, Mapping)] if isinstance(tools, list) else []


def _output(tool: Mapping[str, Any]) -> Any:
    """What the model was given of a result, which is what a hook was given of it."""
    found = tool.get("result")
    parts = found if isinstance(found, list) else [found]
    outputs: list[Any] = []
    for part in parts:
        response = object_of(object_of(part).get("functionResponse")).get("response")
        if response is None:
            outputs.append(part)
        elif (error := object_of(response).get("error")) is not None:
            outputs.append(error)
        else:
            outputs.append(object_of(response).get("output", response))
    return outputs[0] if len(outputs) == 1 else outputs


def _responds(message: Mapping[str, Any]) -> bool:
    content = message.get("content")
    return isinstance(content, list) and any("functionResponse" in object_of(part) for part in content)


def _kind_of_prompt(text: str) -> Kind:
    """What stands in the user's place without being the user's."""
    begins = text[:200].lstrip()
    if begins.startswith("<state_snapshot>"):
        return Kind.COMPACTION
    return Kind.OTHER if begins.startswith("<session_context>") else Kind.USER_MESSAGE
