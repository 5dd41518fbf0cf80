"""Cursor's histories: transcripts of JSON lines, and the records of its stores (`cursor_stores`).

    agent-transcripts/<session>.jsonl, or <session>/<session>.jsonl, or <session>/subagents/<sub-agent>.jsonl
        {"role": "user" | "assistant", "message": {"content": [{"type": "text" | "tool_use" | "tool_result", …}]}}
        {"type": "turn_ended", "status"}

A prompt in them is what the model got: the user's words stand in `<user_query>`. Only the editor's store
has times, and not for all; of the others, whoever reads the history says when it was last written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from agent_memory.capture.agents import by_words
from agent_memory.capture.agents.by_words import object_of, said
from agent_memory.capture.agents.common import Frame, of_subagent
from agent_memory.capture.agents.cursor import called, query_in
from agent_memory.capture.histories.cursor_stores import records
from agent_memory.capture.histories.port import Place
from agent_memory.capture.model import Captured, Outcome, Told
from agent_memory.capture.payloads import as_name, first, name_at, text_at, time_ms
from agent_memory.capture.rendering import content_text, error_text
from agent_memory.events import Kind

__all__ = ["CursorHistory", "records"]

_FOLDER = re.compile(r"^Workspace Path:[ \t]{0,9}(\S[^\n]{0,1000})$", re.MULTILINE)
_ENDED = frozenset({"completed", "error", "cancelled"})


class CursorHistory:
    """A `HistoryReader` of one of Cursor's transcripts or stores."""

    def __init__(self, place: Place) -> None:
        self._modified_ms = place.modified_ms
        path = place.path
        named = path.parent.name if path.name == "store.db" else path.stem
        self._frame = Frame(session=as_name(named) or "unnamed", time_ms=place.modified_ms)
        if path.parent.name == "subagents":
            parent = path.parent.parent.name
            known = {"agent_id": named, "parent_session": parent}
            self._frame = Frame(session=of_subagent(parent, named), time_ms=place.modified_ms, metadata=known)
        self._calls: dict[str, tuple[str, Any]] = {}
        self._composer = ""

    def read(self, line: int, value: Any) -> Iterable[Told]:
        """What a line or row tells."""
        if not isinstance(value, Mapping):
            return [_told(line, Outcome.MALFORMED, "is no object")]
        match value.get("table"):
            case "meta":
                return [self._began(line, object_of(value.get("data")))]
            case "blob":
                return [self._message(line, object_of(value.get("data")))]
            case "composer":
                return [self._composed(line, name_at(value, "session"), object_of(value.get("data")))]
            case "bubble":
                return [self._bubble(line, name_at(value, "session"), object_of(value.get("data")))]
            case "links":
                return [_told(line, Outcome.SKIPPED, "links between messages")]
            case "other":
                return [_told(line, Outcome.SKIPPED, "the program's own state")]
        if "role" in value:
            message = object_of(value.get("message")) or value
            return [self._message(line, {**message, "role": value["role"]})]
        if value.get("type") == "turn_ended":
            return [_told(line, Outcome.SKIPPED, "bookkeeping of a turn")]
        if "type" in value:
            return [_told(line, Outcome.SKIPPED, f"a line of an unknown type ({as_name(str(value['type']))[:40]})")]
        return [_told(line, Outcome.MALFORMED, "is no message")]

    def end(self) -> Iterable[Told]:
        """Nothing is held back."""
        return []

    # -- messages of transcripts and of the command line's store

    def _began(self, line: int, meta: Mapping[str, Any]) -> Told:
        session = name_at(meta, "agentId") or self._frame.session
        self._frame = msgspec.structs.replace(
            self._frame, session=session, metadata={**self._frame.metadata, "model": meta.get("lastUsedModel")}
        )
        known = {"title": meta.get("name"), "mode": meta.get("mode")}
        start = self._frame.captured(Kind.SESSION_START, time_ms=time_ms(meta.get("createdAt")), known=known)
        return _told(line, Outcome.EVENT, captured=(start,))

    def _message(self, line: int, message: Mapping[str, Any]) -> Told:
        content = message.get("content")
        frame = msgspec.structs.replace(self._frame, time_ms=None)
        told: list[Captured] = []
        match message.get("role"):
            case "system":
                return _told(line, Outcome.SKIPPED, "the program's instructions to the model")
            case "user":
                text = content_text(content)
                if found := _FOLDER.search(text):
                    self._frame = msgspec.structs.replace(self._frame, folder=found[1].strip())
                    frame = msgspec.structs.replace(frame, folder=self._frame.folder)
                told = said(frame, *_prompt(text))
            case "assistant":
                told = said(frame, Kind.ASSISTANT_MESSAGE, content_text(content))
            case "tool":
                pass
            case _:
                return _told(line, Outcome.MALFORMED, "is no message")
        for part in content if isinstance(content, list) else []:
            told += self._tool(object_of(part), frame)
        if told:
            return _told(line, Outcome.EVENT, captured=tuple(told))
        return _told(line, Outcome.SKIPPED, "a message without words")

    def _tool(self, part: Mapping[str, Any], frame: Frame) -> list[Captured]:
        call_id = name_at(part, "toolCallId", "tool_use_id", "id")
        match part.get("type"):
            case "tool-call" | "tool_use":
                call = name_at(part, "toolName", "name"), first(part, ("args", "input"))
                self._calls[call_id] = call
                return [by_words.call(frame, *call, known={"call_id": call_id})]
            case "tool-result" | "tool_result":
                name, given = self._calls.get(call_id, (name_at(part, "toolName", "name"), None))
                failed = part.get("isError") is True or part.get("is_error") is True
                known = {"call_id": call_id, "error": failed or None}
                output = first(part, ("result", "content", "experimental_content"))
                return [called(frame, name, given, output, call_id=call_id, known=known)]
        return []

    # -- bubbles of the editor's stores

    def _composed(self, line: int, session: str, data: Mapping[str, Any]) -> Told:
        above = object_of(data.get("subagentInfo"))
        parent = name_at(above, "parentComposerId")
        place = object_of(object_of(data.get("workspaceIdentifier")).get("uri"))
        self._composer = session
        self._frame = Frame(
            session=of_subagent(parent, session) if parent else session or "unnamed",
            time_ms=time_ms(data.get("createdAt")) or self._modified_ms,
            folder=text_at(place, "fsPath", "path"),
            speaker=name_at(above, "subagentTypeName") if parent else "",
            metadata={
                "model": object_of(data.get("modelConfig")).get("modelName"),
                "agent_id": session if parent else "",
                "parent_session": parent,
            },
        )
        kind = Kind.SUBAGENT_START if parent else Kind.SESSION_START
        return _told(line, Outcome.EVENT, captured=(self._frame.captured(kind, known={"title": data.get("name")}),))

    def _bubble(self, line: int, session: str, data: Mapping[str, Any]) -> Told:
        if session != self._composer:
            self._composed(line, session, {})
        own = time_ms(data.get("createdAt")) or time_ms(object_of(data.get("timingInfo")).get("clientStartTime"))
        # Later than what stands before it, whether or not it has a time of its own.
        latest = max(own or 0, (self._frame.time_ms or 0) + 1)
        self._frame = frame = msgspec.structs.replace(self._frame, time_ms=latest)
        text = text_at(data, "text", "rawText")
        match data.get("type"):
            case 1 | "user":
                told = said(frame, *_prompt(text))
            case 2 | "ai" | "assistant":
                told = said(frame, Kind.ASSISTANT_MESSAGE, text)
                told += self._former(object_of(data.get("toolFormerData")))
            case _:
                return _told(line, Outcome.MALFORMED, "bubble of neither the user nor the assistant")
        if told:
            return _told(line, Outcome.EVENT, captured=tuple(told))
        return _told(line, Outcome.SKIPPED, "a message without words")

    def _former(self, data: Mapping[str, Any]) -> list[Captured]:
        name, call_id = name_at(data, "name"), name_at(data, "toolCallId")
        if not name:
            return []
        given = first(data, ("rawArgs", "params"))
        told = [by_words.call(self._a_moment_later(), name, given, known={"call_id": call_id})]
        if data.get("status") in _ENDED:
            output, error = data.get("result"), data.get("error")
            failed = data.get("status") == "error"
            known = {"call_id": call_id, "status": data.get("status"), "error": failed or None}
            output = error_text(error) if output in (None, "") and error is not None else output
            told.append(called(self._a_moment_later(), name, given, output, call_id=call_id, known=known))
        return told

    def _a_moment_later(self) -> Frame:
        self._frame = msgspec.structs.replace(self._frame, time_ms=(self._frame.time_ms or 0) + 1)
        return self._frame


def _prompt(text: str) -> tuple[Kind, str]:
    """What stands in the user's place: the user's words, or only the surroundings of some to come."""
    query = query_in(text)
    begins = text[:200].lstrip()
    if query == text and begins.startswith(("<user_info>", "<system_reminder>", "<timestamp>")):
        return Kind.OTHER, text
    return Kind.USER_MESSAGE, query


def _told(line: int, outcome: Outcome, reason: str = "", captured: tuple[Captured, ...] = ()) -> Told:
    return Told(line=line, outcome=outcome, captured=captured, reason=reason)
