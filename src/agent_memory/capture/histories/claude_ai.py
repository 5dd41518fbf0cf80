"""Claude.ai's export: `conversations.json`, an array of conversations.

    {"uuid", "name", "created_at", "chat_messages": [{
        "uuid", "sender": "human" | "assistant", "created_at", "text", "parent_message_uuid"?,
        "content": [{"type": "text" | "thinking" | "tool_use" | "tool_result", …}],
        "attachments": [{"file_name", "extracted_content"}], "files": [{"file_name"}]}]}

Each message is known by its own id, so a later export of the same conversation adds what is new. The ids of
tools' calls are missing in many exports: a result is that of the last call of its tool.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from agent_memory.capture.agents.by_words import object_of, said
from agent_memory.capture.agents.common import Frame
from agent_memory.capture.histories.port import Place, Untold, numbered
from agent_memory.capture.model import Captured, Outcome, Told
from agent_memory.capture.payloads import name_at, text_at, time_ms
from agent_memory.capture.rendering import content_text, tool_call_text, tool_output_text
from agent_memory.events import Kind

_KINDS = {"human": Kind.USER_MESSAGE, "user": Kind.USER_MESSAGE, "assistant": Kind.ASSISTANT_MESSAGE}


class ClaudeAiHistory:
    """A `HistoryReader` of Claude.ai's export."""

    def __init__(self, place: Place) -> None:
        self._modified_ms = place.modified_ms

    def read(self, line: int, value: Any) -> Iterable[Told]:
        """What a conversation tells: that it began, and each of its messages, numbered from *line*."""
        messages = object_of(value).get("chat_messages")
        session = name_at(object_of(value), "uuid", "id")
        if not isinstance(messages, list) or not session:
            return [Told(line=line, outcome=Outcome.MALFORMED, reason="is no conversation")]
        return numbered(self._conversation(session, value, messages), line)

    def end(self) -> Iterable[Told]:
        """Nothing is held back."""
        return []

    def _conversation(self, session: str, value: Mapping[str, Any], messages: list[Any]) -> Iterator[Untold]:
        latest = time_ms(value.get("created_at")) or self._modified_ms
        frame = Frame(session=session, time_ms=latest)
        start = frame.captured(Kind.SESSION_START, known={"title": value.get("name")}, key="start")
        yield Outcome.EVENT, "", (start,)
        calls: dict[str, str] = {}
        for message in messages:
            kind = _KINDS.get(text_at(object_of(message), "sender"))
            if kind is None:
                yield Outcome.MALFORMED, "is no message of a person or the assistant", ()
                continue
            latest = max(time_ms(message.get("created_at")) or 0, latest + 1)
            captured = self._message(kind, message, msgspec.structs.replace(frame, time_ms=latest), calls)
            latest += max(0, len(captured) - 1)
            if captured:
                yield Outcome.EVENT, "", tuple(captured)
            else:
                yield Outcome.SKIPPED, "a message without words", ()

    def _message(self, kind: Kind, message: Mapping[str, Any], frame: Frame, calls: dict[str, str]) -> list[Captured]:
        """What a message says, then what was attached to it or called by it, in order."""
        name = name_at(message, "uuid")
        content = message.get("content")
        parts = [object_of(part) for part in content] if isinstance(content, list) else []
        files = [file for item in _listed(message, "files") if (file := text_at(object_of(item), "file_name"))]
        text = content_text(parts) or text_at(message, "text")
        if not text.strip() and kind is Kind.USER_MESSAGE:
            text = "\n".join(f"[{file}]" for file in files)  # Nothing but a picture was sent.
        told = said(frame, kind, text, key=_key("message", name), known={"files": files})
        for number, attached in enumerate(_listed(message, "attachments")):
            known = {"file": object_of(attached).get("file_name")}
            words = text_at(object_of(attached), "extracted_content")
            told += said(_later(frame, told), Kind.OTHER, words, key=_key("attached", name, number), known=known)
        for number, part in enumerate(parts):
            tool = name_at(part, "name")
            if part.get("type") == "tool_use":
                call_id = name_at(part, "id") or f"{name}/{number}"
                calls[tool] = call_id
                words = tool_call_text(tool, part.get("input"))
                more = {"tool_name": tool, "tool_call_id": call_id}
                told += said(_later(frame, told), Kind.TOOL_CALL, words, key=_key("call", name, number), **more)
            elif part.get("type") == "tool_result":
                told.append(
                    _later(frame, told).captured(
                        Kind.TOOL_RESULT,
                        tool_output_text(part.get("content")),
                        key=_key("result", name, number),
                        tool_name=tool,
                        tool_call_id=name_at(part, "tool_use_id") or calls.get(tool, f"{name}/{number}"),
                        known={"error": part.get("is_error") or None},
                    )
                )
        return told


def _key(what: str, name: str, number: int | None = None) -> str:
    if not name:
        return ""
    return f"{what}/{name}" if number is None else f"{what}/{name}/{number}"


def _later(frame: Frame, told: list[Captured]) -> Frame:
    return msgspec.structs.replace(frame, time_ms=(frame.time_ms or 0) + len(told))


def _listed(message: Mapping[str, Any], name: str) -> list[Any]:
    found = message.get(name)
    return found if isinstance(found, list) else []
