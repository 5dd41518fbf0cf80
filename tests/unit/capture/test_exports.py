"""The exports of ChatGPT and Claude.ai: each conversation, node and message accounted for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from agent_memory.capture.histories.chatgpt import ChatGptHistory
from agent_memory.capture.histories.claude_ai import ClaudeAiHistory
from agent_memory.capture.histories.port import Place
from agent_memory.capture.identity import CountedRepetitions, to_draft
from agent_memory.capture.model import Agent, Captured, Outcome, Told

PLACE = Place(path=Path("conversations.json"), modified_ms=1_790_000_000_000)
NOON_S = 1_772_625_600.0


def captured(told: Iterable[Told]) -> list[Captured]:
    return [one for line in told for one in line.captured]


def seen(told: Iterable[Told]) -> list[tuple[str, str]]:
    return [(one.kind.value, one.text) for one in captured(told)]


# -- ChatGPT -------------------------------------------------------------------------------------


def node(name: str, parent: str | None, message: Any, *children: str) -> dict[str, Any]:
    return {name: {"id": name, "parent": parent, "children": list(children), "message": message}}


def message(name: str, role: str, /, *parts: Any, at: float | None = None, **more: Any) -> dict[str, Any]:
    content = more.pop("content", {"content_type": "text", "parts": list(parts)})
    author = {"role": role, "name": more.pop("name", None)}
    return {"id": name, "author": author, "create_time": at, "content": content, "recipient": "all", **more}


def conversation(*nodes: dict[str, Any], current: str | None = "a2") -> dict[str, Any]:
    mapping = {name: value for one in nodes for name, value in one.items()}
    about = {"conversation_id": "conv-1", "title": "Tides", "create_time": NOON_S}
    return {**about, "current_node": current, "mapping": mapping}


TREE = conversation(
    node("root", None, None, "s"),
    node("s", "root", message("s", "system", ""), "u1"),
    node("u1", "s", message("u1", "user", "Why tides?", at=NOON_S + 1.5), "a1", "a2"),
    node("a1", "u1", message("a1", "assistant", "The wind.", at=NOON_S + 3), "u2"),
    node("u2", "a1", message("u2", "user", "Really?", at=NOON_S + 4)),
    node("a2", "u1", message("a2", "assistant", "The moon.", at=NOON_S + 9, metadata={"model_slug": "gpt-5"})),
)


def test_every_branch_is_told_and_the_ones_that_were_left_are_marked() -> None:
    """In the order in which it was said. An answer that was given anew was given, too."""
    told = list(ChatGptHistory(PLACE).read(1, TREE))

    assert [
        ("session_start", "", ""),
        ("user_message", "Why tides?", ""),
        ("assistant_message", "The wind.", "left"),
        ("user_message", "Really?", "left"),
        ("assistant_message", "The moon.", ""),
    ] == [(one.kind.value, one.text, one.metadata.get("branch", "")) for one in captured(told)]
    assert {
        "a node without a message": 1,
        "the program's instructions to the model": 1,
    } == Counter(one.reason for one in told if one.reason)
    assert 1 + len(TREE["mapping"]) == len(told)
    assert list(range(1, 8)) == [one.line for one in told]
    assert [0, 1_500, 3_000, 4_000, 9_000] == [(one.time_ms or 0) - 1_772_625_600_000 for one in captured(told)]


def test_a_conversation_that_names_no_node_follows_its_latest_leaf() -> None:
    """Or one that names a node it does not have."""
    for current in (None, "gone"):
        told = captured(ChatGptHistory(PLACE).read(1, {**TREE, "current_node": current}))

        assert ["The wind.", "Really?"] == [one.text for one in told if "branch" in one.metadata]


def test_a_tree_that_leads_in_a_circle_ends() -> None:
    """Each of its nodes is told."""
    ring = conversation(
        node("a2", "u1", message("a2", "assistant", "One")), node("u1", "a2", message("u1", "user", "Two"))
    )

    assert {("session_start", ""), ("user_message", "Two"), ("assistant_message", "One")} == set(
        seen(ChatGptHistory(PLACE).read(1, ring))
    )


def test_tools_thoughts_and_pictures_of_chatgpt() -> None:
    """A call and its result know each other; thoughts are no one's words; a picture is named."""
    code = {"content_type": "code", "language": "python", "text": "print(1)"}
    output = {"content_type": "execution_output", "text": "1"}
    thoughts = {"content_type": "thoughts", "thoughts": [{"content": "Hm."}]}
    picture = {"content_type": "image_asset_pointer", "asset_pointer": "file-service://x"}
    mixed = {"content_type": "multimodal_text", "parts": [picture, "What is this?"]}
    hidden = {"is_visually_hidden_from_conversation": True}
    told = list(
        ChatGptHistory(PLACE).read(
            1,
            conversation(
                node("u", None, message("u", "user", content=mixed, metadata={"attachments": [{"name": "moon.png"}]})),
                node("h", "u", message("h", "user", "About the user", metadata=hidden)),
                node("t", "h", message("t", "assistant", content=thoughts)),
                node("c", "t", message("c", "assistant", content=code) | {"recipient": "python"}),
                node("o", "c", message("o", "tool", content=output, name="python")),
                node("a2", "o", message("a2", "assistant", "It is one.")),
            ),
        )
    )
    found = captured(told)

    assert [
        ("session_start", ""),
        ("user_message", "[image]\nWhat is this?"),
        ("tool_call", "print(1)"),
        ("tool_result", "1"),
        ("assistant_message", "It is one."),
    ] == seen(told)
    assert [("python", "c"), ("python", "c")] == [(one.tool_name, one.tool_call_id) for one in found if one.tool_name]
    assert {"hidden from the conversation": 1, "reasoning": 1} == Counter(one.reason for one in told if one.reason)
    assert '["moon.png"]' == found[1].metadata["attachments"]


def test_a_later_export_of_the_same_conversation_has_the_same_ids() -> None:
    """Also where the same words were said twice, and whatever came first."""

    def ids(value: dict[str, Any]) -> list[str]:
        repetitions = CountedRepetitions()
        found = captured(ChatGptHistory(PLACE).read(1, value))
        return [to_draft(one, Agent.CHATGPT, repetitions).source_id for one in found]

    again = conversation(
        node("u0", None, message("u0", "user", "Why tides?")),
        node("u1", "u0", message("u1", "user", "Why tides?")),
        node("a2", "u1", message("a2", "assistant", "The moon.")),
    )

    assert {"conv-1/start", "conv-1/message/u1", "conv-1/message/a2"} == set(ids(TREE)) & set(ids(again))
    assert 4 == len(set(ids(again)))


# -- Claude.ai -----------------------------------------------------------------------------------

CHAT = {
    "uuid": "chat-1",
    "name": "Ports",
    "created_at": "2026-03-04T12:00:00.000000Z",
    "chat_messages": [
        {
            "uuid": "m1",
            "sender": "human",
            "created_at": "2026-03-04T12:00:01.250000Z",
            "text": "Which ports are listed?",
            "content": [{"type": "text", "text": "Which ports are listed?"}],
            "attachments": [{"file_name": "ports.txt", "extracted_content": "Deal\nDover"}],
            "files": [{"file_name": "map.png"}],
        },
        {
            "uuid": "m2",
            "sender": "assistant",
            "created_at": "2026-03-04T12:00:01.250000Z",
            "text": "This block is not supported on your current device yet.",
            "content": [
                {"type": "thinking", "thinking": "I search."},
                {"type": "tool_use", "id": None, "name": "web_search", "input": {"query": "ports of Kent"}},
                {
                    "type": "tool_result",
                    "tool_use_id": None,
                    "name": "web_search",
                    "content": [{"type": "text", "text": "Deal"}],
                },
                {"type": "text", "text": "Deal and Dover."},
            ],
            "attachments": [],
            "files": [],
        },
        {"uuid": "m3", "sender": "human", "created_at": "2026-03-04T12:01:00Z", "text": "", "content": []},
        {"uuid": "m4", "sender": "nobody", "text": "?"},
        7,
    ],
}


def test_claude_ais_messages_with_what_was_attached_and_called() -> None:
    """Each message once; a result is its tool's last call's where the export has no ids."""
    told = list(ClaudeAiHistory(PLACE).read(1, CHAT))
    found = captured(told)

    assert [
        ("session_start", ""),
        ("user_message", "Which ports are listed?"),
        ("other", "Deal\nDover"),
        ("assistant_message", "Deal and Dover."),
        ("tool_call", "ports of Kent"),
        ("tool_result", "Deal"),
    ] == seen(told)
    assert ["event", "event", "event", "skipped", "malformed", "malformed"] == [one.outcome.value for one in told]
    assert 1 == len({one.tool_call_id for one in found if one.tool_name})
    assert sorted({one.time_ms or 0 for one in found}) == [one.time_ms for one in found]
    assert len(found) == len({one.key for one in found})


def test_a_message_that_is_nothing_but_a_picture_names_it() -> None:
    message = {"uuid": "m1", "sender": "human", "text": "", "content": [], "files": [{"file_name": "map.png"}]}
    told = list(ClaudeAiHistory(PLACE).read(1, {"uuid": "c1", "chat_messages": [message]}))

    assert [("session_start", ""), ("user_message", "[map.png]")] == seen(told)


def test_an_older_export_has_its_words_beside_the_message() -> None:
    """Without a content."""
    old = {"uuid": "c", "chat_messages": [{"uuid": "m", "sender": "human", "text": "Hello"}]}

    assert [("session_start", ""), ("user_message", "Hello")] == seen(ClaudeAiHistory(PLACE).read(1, old))


@pytest.mark.parametrize("make", [ChatGptHistory, ClaudeAiHistory])
@pytest.mark.parametrize("value", [7, None, [], {}, {"mapping": {}}, {"chat_messages": []}, {"mapping": [], "id": "x"}])
def test_what_is_no_conversation_is_malformed(make: type[ChatGptHistory | ClaudeAiHistory], value: Any) -> None:
    """Whatever it is; and the next is read."""
    reader = make(PLACE)

    assert [Outcome.MALFORMED] == [one.outcome for one in reader.read(1, value)]
    assert [] == list(reader.end())


def test_a_broken_field_costs_no_other_message() -> None:
    """Each field of a node's message in turn is something else: as many nodes are told of, the question among them."""
    for field in TREE["mapping"]["a2"]["message"]:
        for other in (7, None, ["x", {}], {"y": [1]}, ""):
            broken = {**TREE["mapping"]["a2"]["message"], field: other}
            mapping = {**TREE["mapping"], "a2": {**TREE["mapping"]["a2"], "message": broken}}
            told = list(ChatGptHistory(PLACE).read(1, {**TREE, "mapping": mapping}))

            assert 1 + len(mapping) == len(told), (field, other)
            assert [("session_start", ""), ("user_message", "Why tides?")] == seen(told)[:2], (field, other)
