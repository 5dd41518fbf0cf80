"""Real-looking settings of every agent: installing adds ours alone, uninstalling gives the bytes back."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import pytest

from agent_memory.capture.model import Agent
from agent_memory.installation.agents import AGENTS, places
from agent_memory.installation.jsonc import parse, plain
from tests.unit.installation.machines import ENTRY, Machine, put

# As people have them: foreign hooks, comments where the agent reads them, tabs, CRLF, a byte-order mark,
# no line end at the end, one line, nothing in it.
SETTINGS: dict[str, tuple[Agent, str, bytes]] = {
    "claude with hooks of others": (
        Agent.CLAUDE_CODE,
        ".claude/settings.json",
        b"""{
  "permissions": {
    "allow": ["Bash(git log:*)", "Read(~/.zshrc)"],
    "deny": []
  },
  "model": "opus",
  "hooks": {
    "PostToolUse": [
      {
        "matcher": "Edit|Write",
        "hooks": [
          { "type": "command", "command": "prettier --write \\"$FILE\\"" }
        ]
      }
    ],
    "Notification": [{"hooks": [{"type": "command", "command": "notify-send Claude"}]}]
  },
  "statusLine": {"type": "command", "command": "~/.claude/status.sh"}
}
""",
    ),
    "claude with nothing in it": (Agent.CLAUDE_CODE, ".claude/settings.json", b"{}"),
    "claude with an empty file": (Agent.CLAUDE_CODE, ".claude/settings.json", b""),
    "claude with empty hooks": (Agent.CLAUDE_CODE, ".claude/settings.json", b'{\n\t"hooks": { },\n\t"x": 1\n}'),
    "claude's own state": (
        Agent.CLAUDE_CODE,
        ".claude.json",
        b'{"numStartups":41,"projects":{"/home/me/kelpie":{"mcpServers":{}}},"mcpServers":'
        b'{"git":{"command":"uvx","args":["mcp-server-git"]}}}',
    ),
    "codex with hooks of others": (
        Agent.CODEX,
        ".codex/hooks.json",
        b'{\r\n    "description": "mine",\r\n    "hooks": {\r\n        "Stop": [\r\n            {"hooks": ['
        b'{"type": "command", "command": "say done"}]}\r\n        ]\r\n    }\r\n}\r\n',
    ),
    "codex's servers": (
        Agent.CODEX,
        ".codex/config.toml",
        b"""# my settings
model = "gpt-5-codex"   # fast enough
notify = ["notify-send"]

[mcp_servers.git]
command = "uvx"
args = ["mcp-server-git"]

[projects."/home/me/kelpie"]
trust_level = "trusted"
""",
    ),
    "codex without a line end": (Agent.CODEX, ".codex/config.toml", b'model = "gpt-5-codex"'),
    "gemini with comments": (
        Agent.GEMINI,
        ".gemini/settings.json",
        b"""{
    // what I see
    "ui": { "theme": "GitHub", /* for now */ "hideBanner": true },
    "mcpServers": {
        "git": { "command": "uvx", "args": ["mcp-server-git"] } // local
    },
    "hooks": {
        "BeforeTool": [
            { "matcher": "*", "hooks": [{ "name": "guard", "type": "command", "command": "./guard.sh" }] },
        ],
    }, // end of hooks
}
""",
    ),
    "copilot's servers": (
        Agent.COPILOT,
        ".copilot/mcp-config.json",
        b'\xef\xbb\xbf{\n  "mcpServers": {\n    "web": {"type": "local", "command": "npx", "tools": ["*"]}\n  }\n}',
    ),
    "opencode with comments": (
        Agent.OPENCODE,
        ".config/opencode/opencode.jsonc",
        b"""{
  "$schema": "https://opencode.ai/config.json",
  // the big one
  "model": "anthropic/claude-sonnet-4-5",
  "mcp": {
    "git": { "type": "local", "command": ["uvx", "mcp-server-git"], "enabled": true },
  },
}
""",
    ),
    "cursor with hooks of others": (
        Agent.CURSOR,
        ".cursor/hooks.json",
        b'{\n\t"version": 1,\n\t"hooks": {\n\t\t"stop": [\n\t\t\t{ "command": "./audit.sh" }\n\t\t],\n'
        b'\t\t"beforeShellExecution": [{ "command": "./guard.sh", "failClosed": true }]\n\t}\n}\n',
    ),
    "cursor's servers": (Agent.CURSOR, ".cursor/mcp.json", b'{"mcpServers": {}}\n'),
}


def value_of(content: bytes, name: str) -> Any:
    text = content.decode("utf-8-sig")
    return tomllib.loads(text) if name.endswith(".toml") else plain(parse(text or "{}").root)


def without_ours(value: Any) -> Any:
    """The value without any mapping or list item that names our program, and what is empty then."""
    if isinstance(value, dict):
        rest = {key: without_ours(inner) for key, inner in value.items() if key != "agent-memory"}
        return {key: inner for key, inner in rest.items() if inner not in ({}, [], None)}
    if isinstance(value, list):
        return [without_ours(inner) for inner in value if "agent-memory" not in json.dumps(inner)]
    return value


@pytest.mark.parametrize("case", SETTINGS)
def test_install_and_uninstall_give_every_byte_back(case: str, machine: Machine) -> None:
    agent, name, content = SETTINGS[case]
    path = put(machine, name, content)
    before = machine.files(), machine.folders()
    machine.install(agent)
    written = path.read_bytes()
    machine.uninstall(agent)

    assert written != content
    assert before == (machine.files(), machine.folders())


@pytest.mark.parametrize("case", SETTINGS)
def test_installing_adds_ours_and_leaves_the_rest_as_it_was(case: str, machine: Machine) -> None:
    agent, name, content = SETTINGS[case]
    path = put(machine, name, content)
    machine.install(agent)
    now, before = value_of(path.read_bytes(), name), value_of(content, name)

    assert ENTRY in path.read_text("utf-8")
    if agent is not Agent.CURSOR:
        assert without_ours(before) == without_ours(now)
    assert list(before) == list(now)[: len(before)]
    # An edit is an insertion: every character of theirs is there, in order.
    kept = iter(path.read_bytes())
    assert all(byte in kept for byte in content if byte not in b" \t\r\n")


@pytest.mark.parametrize("case", SETTINGS)
def test_installing_twice_changes_nothing_the_second_time(case: str, machine: Machine) -> None:
    agent, name, content = SETTINGS[case]
    put(machine, name, content)
    machine.install(agent)
    before = machine.files()
    steps = machine.install(agent)

    assert before == machine.files()
    assert all(step.is_done for step in steps)


@pytest.mark.parametrize("case", SETTINGS)
def test_without_the_record_ours_is_found_by_its_text(case: str, machine: Machine) -> None:
    """What remains says what was said before; where nothing was empty, it is the same bytes."""
    agent, name, content = SETTINGS[case]
    path = put(machine, name, content)
    machine.install(agent)
    (machine.home / "data" / "installation" / "record.json").unlink()
    machine.uninstall(agent)

    assert without_ours(value_of(content, name)) == without_ours(value_of(path.read_bytes(), name))
    assert b"agent-memory" not in path.read_bytes()
    if "of others" in case or "comments" in case or ("servers" in case and b"{}" not in content):
        assert content == path.read_bytes()


@pytest.mark.parametrize("agent", AGENTS)
def test_what_was_not_there_is_not_there_afterwards(agent: Agent, machine: Machine) -> None:
    machine.install(agent)
    made = machine.files()
    machine.uninstall(agent)

    assert set(map(str, filter(None, [places(agent, machine.scope).hooks, places(agent, machine.scope).server]))) == {
        str(machine.home / name) for name in made
    }
    assert ({}, set()) == (machine.files(), machine.folders())


def test_an_edit_made_in_between_stays(machine: Machine) -> None:
    agent, name, content = SETTINGS["claude with hooks of others"]
    path = put(machine, name, content)
    machine.install(agent)
    path.write_bytes(path.read_bytes().replace(b'"model": "opus"', b'"model": "haiku"'))
    machine.uninstall(agent)

    assert content.replace(b"opus", b"haiku") == path.read_bytes()


def test_empty_hooks_of_the_user_stay_though_the_file_was_edited_in_between(machine: Machine) -> None:
    path = put(machine, ".claude/settings.json", b'{\n  "hooks": {"Stop": []},\n  "model": "opus"\n}\n')
    machine.install(Agent.CLAUDE_CODE)
    path.write_bytes(path.read_bytes().replace(b"opus", b"haiku"))
    machine.uninstall(Agent.CLAUDE_CODE)

    assert {"hooks": {"Stop": []}, "model": "haiku"} == json.loads(path.read_bytes())


@pytest.mark.parametrize("agent", AGENTS)
def test_an_upgrade_replaces_what_an_older_release_wrote(agent: Agent, machine: Machine) -> None:
    """The new command stands where the old one stood, once."""
    machine.install(agent, entry="/home/me/.old/bin/agent-memory")
    machine.install(agent)
    upgraded = machine.files()
    machine.uninstall(agent)
    machine.install(agent)

    assert upgraded == machine.files()
    assert not any(b".old" in content for content in upgraded.values())


def test_an_upgrade_moves_no_hook_of_others(machine: Machine) -> None:
    """Codex remembers whom it trusts by place, among others."""
    path = put(machine, ".codex/hooks.json", b"{}")
    machine.install(Agent.CODEX, entry="/old/agent-memory")
    found = json.loads(path.read_bytes())
    found["hooks"]["Stop"].append({"hooks": [{"type": "command", "command": "say done"}]})
    path.write_bytes(json.dumps(found, indent=2).encode())
    machine.install(Agent.CODEX)
    now = json.loads(path.read_bytes())["hooks"]["Stop"]

    assert ["/opt/tools/bin/agent-memory hook codex", "say done"] == [e["hooks"][0]["command"] for e in now]


def test_an_event_that_an_older_release_asked_for_is_let_go(machine: Machine) -> None:
    old = {"hooks": {"PreToolUse": [{"hooks": [{"type": "command", "command": "agent-memory-hook claude"}]}]}, "x": 1}
    path = put(machine, ".claude/settings.json", json.dumps(old, indent=2).encode())
    machine.install(Agent.CLAUDE_CODE)

    assert "PreToolUse" not in json.loads(path.read_bytes())["hooks"]


def test_ours_in_one_group_with_a_hook_of_others_is_taken_out_of_it(machine: Machine) -> None:
    ours = {"type": "command", "command": f"{ENTRY} hook claude"}
    theirs = {"type": "command", "command": "agent-memory-wrapper hook claude"}
    path = put(machine, ".claude/settings.json", json.dumps({"hooks": {"Stop": [{"hooks": [theirs, ours]}]}}).encode())
    machine.uninstall(Agent.CLAUDE_CODE)

    assert {"hooks": {"Stop": [{"hooks": [theirs]}]}} == json.loads(path.read_bytes())
