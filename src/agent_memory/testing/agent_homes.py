"""A home folder in which every agent has left a conversation, and the exports that people download.

Each conversation has the same four parts, in the agent's own form: somebody asks for the mast to be varnished, the
agent looks into a file with a tool, is shown what is in it, and answers. `said_by` tells what each must give.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import zipfile
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from agent_memory.capture.model import Agent

FOLDER = "/work/sloop"
"""Where all of them worked."""

DAY_MS = 1_772_445_600_000
"""2026-03-02 10:00 UTC, when the conversations began."""

SUBAGENT_SAID = "The sub-agent counted eleven shackles."
SECRET = "ghp_" + "Zk3Vt9Qw7Lm2Xc8Rb5Ny1Hd6Jf4Gs0TaPe5u"
"""Stands in what Claude Code's tool printed."""


def said_by(agent: Agent) -> tuple[str, str, str, str]:
    """Prompt, part of the tool's call, part of what the tool printed, reply."""
    who = agent.value
    return (
        f"Please varnish the mast of the {who} sloop.",
        f"notes-of-{who}.txt",
        f"Two coats of {who} varnish are in the locker.",
        f"The {who} mast has its two coats now.",
    )


def iso(step: int) -> str:
    """The time of a step of each conversation, a minute after the one before."""
    return f"2026-03-02T10:{step:02}:00.000Z"


def make_home(home: Path) -> None:
    """Write all of it. Agents without a place of their own leave their export in `Downloads/`."""
    for agent, make in _MAKERS.items():
        make(home, *said_by(agent))


def _write_lines(path: Path, *values: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(value) + "\n" for value in values))


def _claude_code(home: Path, prompt: str, file: str, shown: str, reply: str) -> None:
    session = "5f0c1e7a-0000-4c0e-9d1f-2a6b7c8d9e01"
    folder = home / ".claude/projects/-work-sloop"

    def line(step: int, role: str, content: Any, **more: Any) -> dict[str, Any]:
        common = {"parentUuid": None, "isSidechain": False, "sessionId": session, "cwd": FOLDER, "version": "2.1.80"}
        message = {"role": role, "content": content, **({"model": "opus"} if role == "assistant" else {})}
        return {**common, "type": role, "uuid": f"u{step}", "timestamp": iso(step), "message": message, **more}

    call = {"type": "tool_use", "id": "toolu_1", "name": "Read", "input": {"file_path": f"{FOLDER}/{file}"}}
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": f"{shown}\nexport TOKEN={SECRET}"}
    _write_lines(
        folder / f"{session}.jsonl",
        {"type": "permission-mode", "permissionMode": "default", "sessionId": session},
        line(1, "user", prompt),
        line(2, "assistant", [call]),
        line(3, "user", [result]),
        line(4, "assistant", [{"type": "text", "text": reply}]),
    )
    side = {"isSidechain": True, "agentId": "a7c31f0e5"}
    _write_lines(
        folder / session / "subagents" / "agent-a7c31f0e5.jsonl",
        line(5, "user", "Count the shackles.", **side),
        line(6, "assistant", [{"type": "text", "text": SUBAGENT_SAID}], **side),
    )


def _codex(home: Path, prompt: str, file: str, shown: str, reply: str) -> None:
    session = "019cae31-0000-7d02-a1c4-0000000000aa"

    def item(step: int, kind: str, payload: dict[str, Any]) -> dict[str, Any]:
        return {"timestamp": iso(step), "type": kind, "payload": payload}

    def message(role: str, kind: str, text: str) -> dict[str, Any]:
        return {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}

    arguments = json.dumps({"command": ["cat", file]})
    _write_lines(
        home / f".codex/sessions/2026/03/02/rollout-2026-03-02T10-00-00-{session}.jsonl",
        item(0, "session_meta", {"id": session, "cwd": FOLDER, "timestamp": iso(0), "cli_version": "0.146.0"}),
        item(1, "response_item", message("user", "input_text", prompt)),
        item(1, "event_msg", {"type": "user_message", "message": prompt}),
        item(2, "response_item", {"type": "function_call", "name": "shell", "arguments": arguments, "call_id": "c1"}),
        item(3, "response_item", {"type": "function_call_output", "call_id": "c1", "output": shown}),
        item(4, "event_msg", {"type": "agent_message", "message": reply}),
        item(4, "response_item", message("assistant", "output_text", reply)),
        item(5, "event_msg", {"type": "token_count", "info": None}),
    )


def _gemini(home: Path, prompt: str, file: str, shown: str, reply: str) -> None:
    call = {"id": "read_file-1", "name": "read_file", "args": {"file_path": file}, "timestamp": iso(3)}
    response = {"functionResponse": {"id": "read_file-1", "name": "read_file", "response": {"output": shown}}}
    answer = {"id": "m2", "timestamp": iso(2), "type": "gemini", "content": "", "model": "gemini-3"}
    _write_lines(
        home / ".gemini/tmp/sloop/chats/session-2026-03-02T10-00-6e0a11aa.jsonl",
        {"sessionId": "6e0a11aa-1", "projectHash": hashlib.sha256(FOLDER.encode()).hexdigest(), "startTime": iso(0),
         "lastUpdated": iso(0), "kind": "main", "directories": [FOLDER]},
        {"id": "m1", "timestamp": iso(1), "type": "user", "content": [{"text": prompt}]},
        {**answer, "toolCalls": [{**call, "status": "executing"}]},
        {**answer, "toolCalls": [{**call, "status": "success", "result": [response]}]},
        {"$set": {"lastUpdated": iso(3)}},
        {"id": "m3", "timestamp": iso(4), "type": "gemini", "content": reply, "model": "gemini-3"},
    )  # fmt: skip


def _copilot(home: Path, prompt: str, file: str, shown: str, reply: str) -> None:
    session = "c0b1107a-0000-4000-8000-000000000001"

    def event(step: int, kind: str, **data: Any) -> dict[str, Any]:
        return {"type": kind, "data": data, "id": f"e{step}-{kind}", "timestamp": iso(step), "parentId": None}

    context = {"cwd": FOLDER, "gitRoot": FOLDER, "branch": "main"}
    _write_lines(
        home / f".copilot/session-state/{session}/events.jsonl",
        event(0, "session.start", sessionId=session, version=1, copilotVersion="1.0.77", context=context),
        event(1, "user.message", content=prompt, transformedContent=prompt, attachments=[]),
        event(2, "tool.execution_start", toolCallId="t1", toolName="view", arguments={"path": file}),
        event(3, "tool.execution_complete", toolCallId="t1", success=True, result={"content": shown}),
        event(4, "assistant.message", messageId="m1", content=reply, toolRequests=[]),
    )


def _opencode(home: Path, prompt: str, file: str, shown: str, reply: str) -> None:
    folder = home / ".local/share/opencode"
    folder.mkdir(parents=True, exist_ok=True)
    state = {
        "status": "completed",
        "input": {"filePath": file},
        "output": shown,
        "time": {"start": DAY_MS + 120_000, "end": DAY_MS + 180_000},
    }
    parts = [
        ("p1", "m1", 1, {"type": "text", "text": prompt}),
        ("p2", "m2", 2, {"type": "tool", "tool": "read", "callID": "call_1", "state": state}),
        ("p3", "m2", 4, {"type": "text", "text": reply, "time": {"start": DAY_MS + 240_000, "end": DAY_MS + 240_001}}),
    ]
    with closing(sqlite3.connect(folder / "opencode.db")) as store, store:
        store.executescript(
            """
            CREATE TABLE session (id TEXT PRIMARY KEY, project_id TEXT, parent_id TEXT, directory TEXT, title TEXT,
                version TEXT, time_created INTEGER, time_updated INTEGER);
            CREATE TABLE message (id TEXT PRIMARY KEY, session_id TEXT, time_created INTEGER, data TEXT);
            CREATE TABLE part (id TEXT PRIMARY KEY, message_id TEXT, session_id TEXT, time_created INTEGER, data TEXT);
            """
        )
        times = (DAY_MS, DAY_MS + 300_000)
        store.execute("INSERT INTO session VALUES ('ses_1', 'p', NULL, ?, 'Varnish', '1.18.0', ?, ?)", (FOLDER, *times))
        for id, role, minute in (("m1", "user", 1), ("m2", "assistant", 2)):
            time = {"created": DAY_MS + minute * 60_000, "completed": DAY_MS + 300_000}
            data = json.dumps({"role": role, "time": time})
            store.execute("INSERT INTO message VALUES (?, 'ses_1', ?, ?)", (id, time["created"], data))
        for id, message, minute, part in parts:
            row = (id, message, DAY_MS + minute * 60_000, json.dumps(part))
            store.execute("INSERT INTO part VALUES (?, ?, 'ses_1', ?, ?)", row)


def _cursor(home: Path, prompt: str, file: str, shown: str, reply: str) -> None:
    session = "7b1d0c3a-0000-4000-8000-00000000c0de"
    folder = home / ".cursor/chats" / hashlib.md5(FOLDER.encode(), usedforsecurity=False).hexdigest() / session
    folder.mkdir(parents=True, exist_ok=True)
    call = {"type": "tool-call", "toolCallId": "call_1", "toolName": "Read", "args": {"path": file}}
    result = {"type": "tool-result", "toolCallId": "call_1", "toolName": "Read", "result": shown}
    messages = [
        {"role": "user", "content": [{"type": "text", "text": f"<user_query>\n{prompt}\n</user_query>"}]},
        {"role": "assistant", "content": [call]},
        {"role": "tool", "content": [result]},
        {"role": "assistant", "content": [{"type": "text", "text": reply}]},
    ]
    with closing(sqlite3.connect(folder / "store.db")) as store, store:
        store.executescript(
            "CREATE TABLE blobs (id TEXT PRIMARY KEY, data BLOB); CREATE TABLE meta (key TEXT, value TEXT)"
        )
        ids = []
        for message in messages:
            data = json.dumps(message).encode()
            ids.append(hashlib.sha256(data).digest())
            store.execute("INSERT INTO blobs VALUES (?, ?)", (ids[-1].hex(), data))
        root = b"".join(b"\x0a\x20" + id for id in ids)
        root_id = hashlib.sha256(root).hexdigest()
        store.execute("INSERT INTO blobs VALUES (?, ?)", (root_id, root))
        meta = {"agentId": session, "latestRootBlobId": root_id, "name": "Varnish", "createdAt": DAY_MS}
        store.execute("INSERT INTO meta VALUES ('0', ?)", (json.dumps(meta).encode().hex(),))


def _chatgpt(home: Path, prompt: str, file: str, shown: str, reply: str) -> None:
    del file, shown  # It has no tools here.
    nodes: dict[str, Any] = {"root": {"id": "root", "parent": None, "children": ["a"], "message": None}}
    for id, parent, role, text, minute in (("a", "root", "user", prompt, 1), ("b", "a", "assistant", reply, 4)):
        nodes[id] = {
            "id": id,
            "parent": parent,
            "children": ["b"] if id == "a" else [],
            "message": {
                "id": f"msg-{id}",
                "create_time": DAY_MS / 1000 + minute * 60,
                "author": {"role": role},
                "recipient": "all",
                "content": {"content_type": "text", "parts": [text]},
                "metadata": {},
            },
        }
    conversation = {"conversation_id": "conv-1", "title": "Varnish", "create_time": DAY_MS / 1000, "current_node": "b"}
    _write_export(home / "Downloads/chatgpt.zip", "conversations.json", [{**conversation, "mapping": nodes}])


def _claude_ai(home: Path, prompt: str, file: str, shown: str, reply: str) -> None:
    del file, shown
    messages = [
        {
            "uuid": f"cm{n}",
            "sender": sender,
            "created_at": iso(n),
            "text": text,
            "content": [{"type": "text", "text": text}],
        }
        for n, sender, text in ((1, "human", prompt), (4, "assistant", reply))
    ]
    conversation = {"uuid": "conv-2", "name": "Varnish", "created_at": iso(0), "chat_messages": messages}
    _write_export(home / "Downloads/claude.zip", "conversations.json", [conversation])


def _write_export(path: Path, member: str, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, json.dumps(value))
        archive.writestr("user.json", "{}")


_MAKERS: dict[Agent, Callable[[Path, str, str, str, str], None]] = {
    Agent.CLAUDE_CODE: _claude_code,
    Agent.CODEX: _codex,
    Agent.GEMINI: _gemini,
    Agent.COPILOT: _copilot,
    Agent.OPENCODE: _opencode,
    Agent.CURSOR: _cursor,
    Agent.CHATGPT: _chatgpt,
    Agent.CLAUDE_AI: _claude_ai,
}
