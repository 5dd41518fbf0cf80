"""ChatGPT's export: `conversations.json`, an array of conversations, each of them a tree.

    {"conversation_id", "title", "create_time", "current_node": node, "mapping": {node: {
        "id", "parent": node, "children": [node, …], "message": null | {
            "id", "create_time", "author": {"role": "system" | "user" | "assistant" | "tool", "name"},
            "recipient": "all" | tool, "content": {"content_type", "parts" | "text" | …}, "metadata": {…}}}}}

An answer that is given anew, or a prompt that is edited, begins another branch. The branch that ends in
`current_node` is what the conversation became; what was said in others was said, too, and is marked as `branch: left`.
Each message is known by its own id, so a later export of the same conversation adds what is new.
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

    def read(self, line: int, value: Any) -> Iterable[Told]:
        """What a conversation tells: that it began, and each of its nodes, numbered from *line*."""
        mapping = object_of(value).get("mapping")
        session = name_at(object_of(value), "conversation_id", "id")
        if not isinstance(mapping, Mapping) or not session:
            return [Told(line=line, outcome=Outcome.MALFORMED, reason="is no conversation")]
        return numbered(self._conversation(session, value, mapping), line)

    def end(self) -> Iterable[Told]:
        """Nothing is held back."""
        return []

    def _conversation(self, session: str, value: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterator[Untold]:
        known = {"model": value.get("default_model_slug"), "gizmo": value.get("gizmo_id")}
        began = time_ms(value.get("create_time")) or self._modified_ms
        frame = Frame(session=session, time_ms=began, metadata={})
        start = frame.captured(Kind.SESSION_START, known={"title": value.get("title"), **known}, key="start")
        yield Outcome.EVENT, "", (start,)
        branch = _branch(mapping, value.get("current_node"))
        times = _times(mapping, began)
        for name in sorted(times, key=times.__getitem__):
            at = msgspec.structs.replace(
                frame, time_ms=times[name], metadata={"branch": "" if name in branch else "left"}
            )
            yield self._node(object_of(mapping[name]).get("message"), at, _Calls(mapping, name))

    def _node(self, message: Any, frame: Frame, calls: _Calls) -> Untold:
        """What a node tells."""
        if not isinstance(message, Mapping):
            return Outcome.SKIPPED, "a node without a message", ()
        content, metadata = object_of(message.get("content")), object_of(message.get("metadata"))
        author = object_of(message.get("author"))
        role, recipient = author.get("role"), text_at(message, "recipient")
        if why := _UNTOLD.get(text_at(content, "content_type")):
            return Outcome.SKIPPED, why, ()
        if role == "system":
            return Outcome.SKIPPED, "the program's instructions to the model", ()
        if role in ("user", "assistant") and metadata.get("is_visually_hidden_from_conversation") is True:
            return Outcome.SKIPPED, "hidden from the conversation", ()
        name, text = name_at(message, "id"), _words(content)
        key = f"message/{name}" if name else ""
        known = {"model": metadata.get("model_slug"), "attachments": _attached(metadata)}
        told: list[Captured] = []
        if role == "user":
            told = said(frame, Kind.USER_MESSAGE, text, key=key, known=known)
        elif role == "assistant" and recipient in ("", "all"):
            told = said(frame, Kind.ASSISTANT_MESSAGE, text, key=key, known=known)
        elif role == "assistant":
            words = tool_call_text(recipient, text)
            told = said(frame, Kind.TOOL_CALL, words, key=key, tool_name=recipient, tool_call_id=name, known=known)
        elif role == "tool":
            tool = name_at(author, "name")
            call_id = calls.last_of(tool) or name
            told = [frame.captured(Kind.TOOL_RESULT, text, key=key, tool_name=tool, tool_call_id=call_id, known=known)]
        else:
            return Outcome.MALFORMED, "message of an unknown author", ()
        if told:
            return Outcome.EVENT, "", tuple(told)
        return Outcome.SKIPPED, "a message without words", ()


def _branch(mapping: Mapping[str, Any], leaf: Any) -> set[str]:
    """The nodes from the root to the leaf; to the latest leaf where it is not named."""
    if not isinstance(leaf, str) or leaf not in mapping:
        leaf = max(_leaves(mapping), default=(0.0, 0, ""))[2]
    branch: set[str] = set()
    while isinstance(leaf, str) and leaf in mapping and leaf not in branch:
        branch.add(leaf)
        leaf = object_of(mapping[leaf]).get("parent")
    return branch


def _times(mapping: Mapping[str, Any], began: int) -> dict[str, int]:
    """When each node was. Answers may be stamped before their questions, and tools' messages not at all."""
    below: dict[Any, list[str]] = {}
    for name, node in mapping.items():
        parent = object_of(node).get("parent")
        below.setdefault(parent if isinstance(parent, str) and parent in mapping else None, []).append(name)
    times: dict[str, int] = {}
    # A node that is its own ancestor is below no root.
    for root in (*below.get(None, ()), *mapping):
        waiting = [(root, began)]
        while waiting:
            name, latest = waiting.pop()
            if name in times:
                continue
            own = time_ms(object_of(object_of(mapping[name]).get("message")).get("create_time"))
            times[name] = max(own or 0, latest + 1)
            waiting += [(child, times[name]) for child in reversed(below.get(name, ()))]
    return times


class _Calls:
    """The calls of tools above a node."""

    def __init__(self, mapping: Mapping[str, Any], name: str) -> None:
        self._mapping = mapping
        self._name = name

    def last_of(self, tool: str) -> str:
        """The message that called the tool last; empty if none did."""
        at: Any = self._name
        passed: set[str] = set()
        while isinstance(at := object_of(self._mapping[at]).get("parent"), str) and at in self._mapping:
            if at in passed:
                break
            passed.add(at)
            message = object_of(object_of(self._mapping[at]).get("message"))
            recipient = text_at(message, "recipient")
            called = object_of(message.get("author")).get("role") == "assistant" and recipient not in ("", "all")
            if called and recipient.partition(".")[0] == tool.partition(".")[0]:
                return name_at(message, "id")
        return ""


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
