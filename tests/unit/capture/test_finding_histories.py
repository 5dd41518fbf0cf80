"""Where histories are found, and what a file is that somebody named."""

from __future__ import annotations

import io
import json
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from agent_memory.capture.importing.decoding import Lines, document_records
from agent_memory.capture.importing.detection import Unknown, histories_at
from agent_memory.capture.importing.discovery import DISCOVERED, Homes
from agent_memory.capture.importing.formats import Form
from agent_memory.capture.model import Agent

CLAUDE = {
    "type": "user",
    "uuid": "u",
    "parentUuid": None,
    "sessionId": "s",
    "message": {"role": "user", "content": "a"},
}
CODEX = {"timestamp": "2026-01-01T00:00:00Z", "type": "session_meta", "payload": {"id": "s"}}
GEMINI = {"sessionId": "s", "projectHash": "h", "startTime": "2026-01-01T00:00:00Z", "kind": "main"}
COPILOT = {"type": "session.start", "data": {"sessionId": "s"}, "id": "e1", "timestamp": "2026-01-01T00:00:00Z"}
CURSOR = {"role": "user", "message": {"content": [{"type": "text", "text": "a"}]}}
CHATGPT = {"title": "t", "create_time": 1.0, "mapping": {"a": {"id": "a", "message": None}}}
CLAUDE_AI = {"uuid": "u", "name": "n", "chat_messages": []}
OPENCODE = {"info": {"id": "ses_1"}, "messages": []}


def lines(*values: Any) -> bytes:
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


def archive(**members: Any) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name, value in members.items():
            made.writestr(name.replace("__", "/") + ".json", json.dumps(value))
    return out.getvalue()


def store(path: Path, *tables: str) -> None:
    with closing(sqlite3.connect(path)) as made:
        for table in tables:
            made.execute(f"CREATE TABLE {table} (id TEXT, data BLOB)")


@pytest.mark.parametrize(
    ("content", "agent", "form"),
    [
        (lines(CLAUDE), Agent.CLAUDE_CODE, Form.LINES),
        (lines({"type": "summary", "summary": "s", "leafUuid": "u"}, CLAUDE), Agent.CLAUDE_CODE, Form.LINES),
        (lines({"type": "mode", "mode": "normal", "sessionId": "s"}), Agent.CLAUDE_CODE, Form.LINES),
        (b'{"type": "us' + b"\n" + lines(CLAUDE), Agent.CLAUDE_CODE, Form.LINES),
        (b"\xef\xbb\xbf" + lines(CLAUDE, CLAUDE), Agent.CLAUDE_CODE, Form.LINES),
        (lines(CODEX), Agent.CODEX, Form.LINES),
        (lines({"id": "s", "timestamp": "2025-01-01T00:00:00Z", "instructions": None}), Agent.CODEX, Form.LINES),
        (lines(GEMINI, {"id": "1", "type": "user", "content": "a"}), Agent.GEMINI, Form.LINES),
        (json.dumps({**GEMINI, "messages": []}, indent=2).encode(), Agent.GEMINI, Form.DOCUMENT),
        (json.dumps({**GEMINI, "messages": []}).encode(), Agent.GEMINI, Form.DOCUMENT),
        (lines(COPILOT), Agent.COPILOT, Form.LINES),
        (lines(CURSOR), Agent.CURSOR, Form.LINES),
        (json.dumps([CHATGPT]).encode(), Agent.CHATGPT, Form.DOCUMENT),
        (json.dumps([CHATGPT], indent=1).encode(), Agent.CHATGPT, Form.DOCUMENT),
        (json.dumps([CLAUDE_AI]).encode(), Agent.CLAUDE_AI, Form.DOCUMENT),
        (json.dumps(OPENCODE, indent=2).encode(), Agent.OPENCODE, Form.DOCUMENT),
        (archive(conversations=[CHATGPT], user={}), Agent.CHATGPT, Form.DOCUMENT),
        (archive(data__conversations=[CLAUDE_AI], users=[]), Agent.CLAUDE_AI, Form.DOCUMENT),
    ],
)
def test_a_file_is_known_by_its_content(tmp_path: Path, content: bytes, agent: Agent, form: Form) -> None:
    """Its name says nothing."""
    path = tmp_path / "download"
    path.write_bytes(content)
    (found,) = histories_at(path)

    assert (agent, form) == (found.agent, found.form)


def test_an_archive_may_hold_several_exports(tmp_path: Path) -> None:
    path = tmp_path / "export.zip"
    path.write_bytes(archive(**{"conversations-000": [CHATGPT], "conversations-001": [CHATGPT], "shared": []}))

    assert ["conversations-000.json", "conversations-001.json"] == [found.member for found in histories_at(path)]


@pytest.mark.parametrize(
    ("tables", "agent"), [(("session", "message", "part"), Agent.OPENCODE), (("blobs", "meta"), Agent.CURSOR)]
)
def test_a_store_is_known_by_its_tables(tmp_path: Path, tables: tuple[str, ...], agent: Agent) -> None:
    store(tmp_path / "any.thing", *tables)
    (found,) = histories_at(tmp_path / "any.thing")

    assert (agent, Form.DATABASE) == (found.agent, found.form)
    assert ["any.thing"] == [path.name for path in tmp_path.iterdir()]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"   \n",
        b"plain words",
        b"\x89PNG\r\n\x1a\n\0\0\0",
        b"PK\x03\x04 damaged",
        archive(other=[1]),
        b"[1, 2, 3]",
        b"{}",
        b"[]",
        lines({"kind": "user_message", "session": "s", "text": "for ingest"}),
        b"[" * 100_000,
        b'{"a":' * 100_000,
    ],
)
def test_what_is_no_history_is_refused_with_why(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(Unknown) as refused:
        histories_at(tmp_path / "file")

    assert str(refused.value)


def test_a_store_with_other_tables_is_refused(tmp_path: Path) -> None:
    store(tmp_path / "bookmarks.db", "moz_places")
    with pytest.raises(Unknown):
        histories_at(tmp_path / "bookmarks.db")


# -- discovery ---------------------------------------------------------------------------------

TREE = {
    Agent.CLAUDE_CODE: [
        ".claude/projects/-work/5f0c.jsonl",
        ".claude/projects/-work/5f0c/subagents/agent-a1.jsonl",
        ".config/claude/projects/-work/77aa.jsonl",
    ],
    Agent.CODEX: [
        ".codex/sessions/2026/03/02/rollout-2026-03-02T10-00-00-a.jsonl",
        ".codex/archived_sessions/rollout-2025-03-02T10-00-00-b.jsonl",
    ],
    Agent.GEMINI: [
        ".gemini/tmp/kelpie/chats/session-2026-03-02T10-00-a.jsonl",
        ".gemini/tmp/kelpie/chats/a/b.jsonl",
        ".gemini/tmp/0b7d/chats/session-2025-03-02T10-00-c.json",
    ],
    Agent.COPILOT: [
        ".copilot/session-state/a/events.jsonl",
        ".copilot/session-state/b.jsonl",
        ".copilot/history-session-state/c.jsonl",
    ],
    Agent.OPENCODE: [
        ".local/share/opencode/opencode.db",
        ".local/share/opencode/opencode-dev.db",
        ".local/share/opencode/storage/session/global/ses_1.json",
    ],
    Agent.CURSOR: [
        ".cursor/chats/0a1b/5f0c/store.db",
        ".cursor/projects/work-kelpie/agent-transcripts/5f0c/5f0c.jsonl",
        ".cursor/projects/work-kelpie/agent-transcripts/5f0c/subagents/77aa.jsonl",
        ".config/Cursor/User/globalStorage/state.vscdb",
    ],
}
OTHERS = [
    ".claude/settings.json",
    ".claude/history.jsonl",
    ".codex/history.jsonl",
    ".codex/state_5.sqlite",
    ".gemini/settings.json",
    ".gemini/tmp/kelpie/logs.json",
    ".copilot/config.json",
    ".copilot/session-state/a/workspace.yaml",
    ".local/share/opencode/auth.json",
    ".local/share/opencode/storage/message/ses_1/msg_1.json",
    ".cursor/hooks.json",
]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name in [*OTHERS, *(name for names in TREE.values() for name in names)]:
        path = tmp_path / "home" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")
    return tmp_path / "home"


@pytest.mark.parametrize("agent", DISCOVERED)
def test_each_agents_history_is_found_where_it_keeps_it(home: Path, agent: Agent) -> None:
    """Sub-agents and what older releases left included, and nothing else that lies there."""
    found = Homes(home=home, environ={}).histories([agent])

    assert sorted(TREE[agent]) == sorted(str(history.path.relative_to(home)) for history in found)
    assert {agent} == {history.agent for history in found}


@pytest.mark.parametrize(
    ("agent", "variable", "value", "below"),
    [
        (Agent.CLAUDE_CODE, "CLAUDE_CONFIG_DIR", ".claude", "projects/-work/5f0c.jsonl"),
        (Agent.CODEX, "CODEX_HOME", ".codex", "archived_sessions/rollout-2025-03-02T10-00-00-b.jsonl"),
        (Agent.GEMINI, "GEMINI_CLI_HOME", "", ".gemini/tmp/kelpie/chats/a/b.jsonl"),
        (Agent.COPILOT, "COPILOT_HOME", ".copilot", "session-state/b.jsonl"),
        (Agent.OPENCODE, "XDG_DATA_HOME", ".local/share", "opencode/opencode.db"),
        (Agent.OPENCODE, "OPENCODE_DB", ".local/share/opencode/opencode-dev.db", ""),
        (Agent.CURSOR, "CURSOR_CONFIG_DIR", ".cursor", "chats/0a1b/5f0c/store.db"),
        (Agent.CURSOR, "XDG_CONFIG_HOME", ".config", "Cursor/User/globalStorage/state.vscdb"),
    ],
)
def test_each_agents_own_variables_lead_elsewhere(
    home: Path, tmp_path: Path, agent: Agent, variable: str, value: str, below: str
) -> None:
    """With them, the home folder of the user is not what it would be without."""
    elsewhere = Homes(home=tmp_path / "nobody", environ={variable: str(home / value)})

    assert home / value / below in [history.path for history in elsewhere.histories([agent])]
    assert [] == Homes(home=tmp_path / "nobody", environ={}).histories([agent])


@pytest.mark.parametrize(
    ("named", "expected"), [(":memory:", []), ("opencode-dev.db", ["opencode-dev.db"]), ("gone.db", [])]
)
def test_opencode_may_name_its_store(home: Path, named: str, expected: list[str]) -> None:
    """Relative to its folder, absolute, or none on disk."""
    found = Homes(home=home, environ={"OPENCODE_DB": named}).histories([Agent.OPENCODE])

    assert expected == [history.path.name for history in found if history.form is Form.DATABASE]


# -- decoding ----------------------------------------------------------------------------------


@pytest.mark.parametrize("pieces", [1, 7, 1 << 20])
def test_elements_of_a_document_are_taken_one_at_a_time(pieces: int) -> None:
    """In whatever pieces it is read; a long one among short ones."""
    values: list[Any] = [{"n": 1}, {"text": "ü" * 3_000_000}, {"nested": [[["]"]], "\\"]}, {"n": 4}]

    class Slow(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(max(pieces, 1 << 16))

    records = list(document_records(Slow(json.dumps(values, ensure_ascii=False).encode())))

    assert values == [record.value for record in records]
    assert [1, 2, 3, 4] == [record.line for record in records]


@pytest.mark.parametrize(
    ("content", "good", "problem"),
    [
        (b'[{"a": 1}, {"b": 2', 1, "cannot be read, nor what follows it"),
        (b'[{"a": 1}, 5, {"b": 2}]', 2, "is no JSON object but a number"),
        (b'[{"a": 1}', 1, "cannot be read"),
        (b"", 0, "is empty"),
        (b"\xff\xfe[\0]\0", 0, "is no UTF-8 text"),
        (b"[" + b"[" * 200_000, 0, "nested too deeply"),
    ],
)
def test_a_broken_document_gives_what_stands_before_the_break(content: bytes, good: int, problem: str) -> None:
    records = list(document_records(io.BytesIO(content)))
    problems = [record.problem for record in records if record.problem]

    assert good == len(records) - len(problems)
    assert 1 == len(problems)
    assert problem in problems[0]


def test_an_element_that_is_too_long_is_given_up(tmp_path: Path) -> None:
    records = list(document_records(io.BytesIO(b'[{"a": "' + b"x" * 5_000_000), characters_max=2_000_000))

    assert "is longer than 2,000,000 characters" == records[-1].problem


def test_a_line_that_is_too_long_is_left_out_and_the_next_is_read() -> None:
    reading = Lines(line_bytes_max=100)
    records = list(reading.read(io.BytesIO(b'{"a": "' + b"x" * 5000 + b'"}\n{"b": 1}\n{"c": "' + b"y" * 500)))

    assert [(1, "is longer than 100 bytes"), (2, "")] == [(r.line, r.problem) for r in records if hasattr(r, "problem")]
    assert (2, 5019) == (reading.line, reading.consumed)
