"""ChatGPT's export: `conversations.json`, an array of conversations, each of them a tree.

    {"conversation_id", "title", "create_time", "current_node": node, "mapping": {node: {
        "id", "parent": node, "children": [node, …], "message": null | {
            "id", "create_time", "author": {"role": "system" | "user" | "assistant" | "tool", "name"},
            "recipient": "all" | tool, "content": {"content_type", "parts" | "text" | …}, "metadata": {…}}}}}

An answer that is given anew, or a prompt that is edited, begins another branch. The branch that ends in
`current_node` is what the conversation became, and what is told; nodes of others are accounted for and left
out. Each message is known by its own id, so a later export of the same conversation adds what is new.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from agent_memory.capture.agents.by_words import object_of, said
from agent_memory.capture.agents.common import Frame
from agent_memory.capture.histories.port import Place
from agent_memory.capture.model import Captured, Outcome, Told
from agent_memory.capture.payloads import name_at, text_at, time_ms
from agent_memory.capture.rendering import tool_call_text, tool_output_text
from agent_memory.events import Kind

# Contents that are no one's words, and why.
_UNTOLD = {
    "thoughts": "reasoning",
    "reasoning_recap": "reasoning",
    "user_editable_context": "the user's standing instructions",
    "model_editable_context": "the program's instructions to the model",
}


class ChatGptHistory:
    """A `HistoryReader` of ChatGPT's export."""

    def __init__(self, place: Place) -> None:
        self._modified_ms = place.modified_ms
        self._number = 0

    def read(self, line: int, value: Any) -> Iterable[Told]:
        """What a conversation tells: that it began, and each of its nodes."""
        mapping = object_of(value).get("mapping")
        session = name_at(object_of(value), "conversation_id", "id")
        if not isinstance(mapping, Mapping) or not session:
            return [self._told(Outcome.MALFORMED, "is no conversation")]
        return list(self._conversation(session, value, mapping))

    def end(self) -> Iterable[Told]:
        """Nothing is held back."""
        return []

    def _told(self, outcome: Outcome, reason: str = "", captured: tuple[Captured, ...] = ()) -> Told:
        self._number += 1
        return Told(line=self._number, outcome=outcome, captured=captured, reason=reason)

    def _conversation(self, session: str, value: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterator[Told]:
        known = {"model": value.get("default_model_slug"), "gizmo": value.get("gizmo_id")}
        began = time_ms(value.get("create_time")) or self._modified_ms
        frame = Frame(session=session, time_ms=began, metadata={})
        start = frame.captured(Kind.SESSION_START, known={"title": value.get("title"), **known}, key="start")
        yield self._told(Outcome.EVENT, captured=(start,))
        branch = _branch(mapping, value.get("current_node"))
        calls: dict[str, str] = {}
        latest = began
        for name in branch:
            message = object_of(mapping[name]).get("message")
            at = time_ms(object_of(message).get("create_time"))
            # Answers may be stamped before their questions, and tools' messages not at all.
            latest = max(at or 0, latest + 1)
            yield self._node(message, msgspec.structs.replace(frame, time_ms=latest), calls)
        for _ in range(len(mapping) - len(branch)):
            yield self._told(Outcome.SKIPPED, "another branch of the conversation")

    def _node(self, message: Any, frame: Frame, calls: dict[str, str]) -> Told:
        """What a node of the branch tells. *calls* is the last call of each tool, by the tool's name."""
        if not isinstance(message, Mapping):
            return self._told(Outcome.SKIPPED, "a node without a message")
        content, metadata = object_of(message.get("content")), object_of(message.get("metadata"))
        author = object_of(message.get("author"))
        role, recipient = author.get("role"), text_at(message, "recipient")
        if why := _UNTOLD.get(text_at(content, "content_type")):
            return self._told(Outcome.SKIPPED, why)
        if role == "system":
            return self._told(Outcome.SKIPPED, "the program's instructions to the model")
        if role in ("user", "assistant") and metadata.get("is_visually_hidden_from_conversation") is True:
            return self._told(Outcome.SKIPPED, "hidden from the conversation")
        name, text = name_at(message, "id"), _words(content)
        key = f"message/{name}" if name else ""
        known = {"model": metadata.get("model_slug"), "attachments": _attached(metadata)}
        told: list[Captured] = []
        if role == "user":
            told = said(frame, Kind.USER_MESSAGE, text, key=key, known=known)
        elif role == "assistant" and recipient in ("", "all"):
            told = said(frame, Kind.ASSISTANT_MESSAGE, text, key=key, known=known)
        elif role == "assistant":
            calls[recipient.partition(".")[0]] = name
            words = tool_call_text(recipient, text)
            told = said(frame, Kind.TOOL_CALL, words, key=key, tool_name=recipient, tool_call_id=name, known=known)
        elif role == "tool":
            tool = name_at(author, "name")
            call_id = calls.get(tool.partition(".")[0], name)
            told = [frame.captured(Kind.TOOL_RESULT, text, key=key, tool_name=tool, tool_call_id=call_id, known=known)]
        else:
            return self._told(Outcome.MALFORMED, "message of an unknown author")
        if told:
            return self._told(Outcome.EVENT, captured=tuple(told))
        return self._told(Outcome.SKIPPED, "a message without words")


def _branch(mapping: Mapping[str, Any], leaf: Any) -> list[str]:
    """The nodes from the root to the leaf; to the latest leaf where it is not named."""
    if not isinstance(leaf, str) or leaf not in mapping:
        leaf = max(_leaves(mapping), default=(0.0, 0, ""))[2]
    branch: list[str] = []
    seen: set[str] = set()
    while isinstance(leaf, str) and leaf in mapping and leaf not in seen:
        branch.append(leaf)
        seen.add(leaf)
        leaf = object_of(mapping[leaf]).get("parent")
    return branch[::-1]


def _leaves(mapping: Mapping[str, Any]) -> Iterator[tuple[float, int, str]]:
    for number, (name, node) in enumerate(mapping.items()):
        if not object_of(node).get("children"):
            at = object_of(object_of(node).get("message")).get("create_time")
            yield float(at) if isinstance(at, int | float) else 0.0, number, name


def _words(content: Mapping[str, Any]) -> str:
    parts = content.get("parts")
    if isinstance(parts, list):
        return "\n".join(text for part in parts if (text := _part(part)).strip())
    text = text_at(content, "text", "result", "summary")
    quoted = [text_at(content, name) for name in ("title", "url") if text_at(content, name)]
    return "\n".join([*quoted, text]) if quoted else text


def _part(part: Any) -> str:
    if isinstance(part, str):
        return part
    fields = object_of(part)
    kind = text_at(fields, "content_type")
    if kind in ("image_asset_pointer", "audio_asset_pointer", "video_container_asset_pointer"):
        return f"[{kind.partition('_')[0]}]"
    return text_at(fields, "text") or (tool_output_text(fields) if not kind else f"[{kind}]")


def _attached(metadata: Mapping[str, Any]) -> list[str]:
    found = metadata.get("attachments")
    return [text_at(object_of(item), "name") for item in found] if isinstance(found, list) else []
