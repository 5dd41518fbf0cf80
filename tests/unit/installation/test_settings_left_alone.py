"""What cannot be edited, is another's, or was changed meanwhile is left as it is and told of; agents are found."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_memory.capture.importing.discovery import Homes
from agent_memory.capture.model import Agent
from agent_memory.installation.agents import AGENTS, Scope, found_agents, places
from agent_memory.installation.jsonc import InvalidSettings
from agent_memory.installation.plan import carry_out, installing
from tests.unit.installation.machines import ENTRY, Machine, put


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'{\n  "hooks": {\n    "Stop": [}\n', "line 3, column 14"),
        (b'{"hooks": []}', "hooks is expected to be an object"),
        (b'{"hooks": {"Stop": {}}}', "hooks.Stop is expected to be a list"),
        (b"[]", "an object is expected"),
        (b'{"a": 1} x', "behind the end"),
        (b"\xff\xfe{\x00}\x00", "not UTF-8"),
        (b'{"a": "x', "no end"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a": 1 /* no end', "comment has no end"),
        (b'{"a": ' + b"9" * 5000 + b"}", "too long"),
    ],
)
def test_settings_that_cannot_be_read_are_left_alone_and_named(content: bytes, told: str, machine: Machine) -> None:
    path = put(machine, ".claude/settings.json", content)
    step = machine.install(Agent.CLAUDE_CODE)[0]

    assert content == path.read_bytes()
    assert isinstance(step.problem, InvalidSettings)
    assert told in str(step.problem)
    assert str(path) in str(step.problem)


def test_broken_settings_of_one_agent_keep_no_other_from_being_installed(machine: Machine) -> None:
    put(machine, ".claude/settings.json", b"{")
    steps = machine.install(Agent.CLAUDE_CODE, Agent.CURSOR)

    assert [True, False, False, False] == [step.problem is not None for step in steps]


def test_another_server_of_our_name_is_left_alone(machine: Machine) -> None:
    content = b'{"mcpServers": {"agent-memory": {"command": "npx", "args": ["other-memory"]}}}'
    path = put(machine, ".cursor/mcp.json", content)
    toml = put(machine, ".codex/config.toml", b'[mcp_servers.agent-memory]\ncommand = "npx"\n')
    steps = machine.install(Agent.CURSOR, Agent.CODEX)
    machine.uninstall(Agent.CURSOR, Agent.CODEX)

    assert content == path.read_bytes()
    assert b'[mcp_servers.agent-memory]\ncommand = "npx"\n' == toml.read_bytes()
    assert 2 == sum("Another program's MCP server" in note for step in steps for note in step.notes)


def test_servers_written_in_one_line_of_toml_are_refused(machine: Machine) -> None:
    content = b'mcp_servers = { git = { command = "uvx" } }\n'
    path = put(machine, ".codex/config.toml", content)
    problems = [step.problem for step in machine.install(Agent.CODEX)]

    assert content == path.read_bytes()
    assert isinstance(problems[1], InvalidSettings)


def test_a_table_that_stands_in_a_text_of_toml_is_no_table(machine: Machine) -> None:
    content = b'note = """\n[mcp_servers.agent-memory]\n"""\n'
    path = put(machine, ".codex/config.toml", content)
    machine.install(Agent.CODEX)
    (machine.home / "data" / "installation" / "record.json").unlink()
    machine.uninstall(Agent.CODEX)

    assert content == path.read_bytes()


def test_a_link_stays_a_link_and_permissions_stay(machine: Machine) -> None:
    """As dotfiles are kept."""
    kept = put(machine, "dotfiles/claude.json", b"{}")
    kept.chmod(0o640)
    link = machine.home / ".claude" / "settings.json"
    link.parent.mkdir()
    link.symlink_to(kept)
    machine.install(Agent.CLAUDE_CODE)

    assert link.is_symlink()
    assert ENTRY in kept.read_text()
    assert 0o640 == kept.stat().st_mode & 0o777


def test_a_file_that_its_owner_has_write_protected_stays_as_it_is(machine: Machine) -> None:
    """Replaced, it would be changed all the same, as dotfile managers that make their files so would find out."""
    path = put(machine, ".cursor/hooks.json", b"{}")
    path.chmod(0o444)
    hooks, server = machine.install(Agent.CURSOR)

    assert (b"{}", 0o444) == (path.read_bytes(), path.stat().st_mode & 0o777)
    assert f"{path} is write-protected" == str(hooks.problem)
    assert hooks.problem is not None
    assert "chmod u+w" in hooks.problem.hint
    assert server.problem is None


def test_broken_settings_without_anything_of_ours_are_nobody_s_business_when_ours_is_taken_out(
    machine: Machine,
) -> None:
    put(machine, ".codex/hooks.json", b'{"hooks": ')
    put(machine, ".config/opencode/opencode.json", "{}".encode("utf-16"))

    assert [] == machine.uninstall(*AGENTS)


def test_what_another_program_wrote_meanwhile_is_not_overwritten(machine: Machine) -> None:
    path = put(machine, ".claude/settings.json", b"{}")
    steps = installing([Agent.CLAUDE_CODE], machine.scope, machine.record, entry=ENTRY, with_server=False)
    path.write_bytes(b'{"model": "opus"}')
    with machine.record.held() as record:
        done = [carry_out(step, record, install=True) for step in steps]

    assert b'{"model": "opus"}' == path.read_bytes()
    assert ["CHANGED_MEANWHILE"] == [step.problem.reason for step in done if step.problem]
    assert [] == list(path.parent.glob("*.tmp"))


def test_a_backup_holds_the_bytes_from_before_for_its_owner_alone(machine: Machine) -> None:
    content = b'{"model": "opus"}'
    path = put(machine, ".claude/settings.json", content)
    machine.install(Agent.CLAUDE_CODE)
    backup = machine.record.backup_of(path)

    assert backup is not None
    assert content == backup.read_bytes()
    assert 0o600 == backup.stat().st_mode & 0o777


def test_agents_are_found_by_their_folder_or_their_program(tmp_path: Path) -> None:
    (tmp_path / "home" / ".cursor").mkdir(parents=True)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "codex").write_text("#!/bin/sh\n")
    (tmp_path / "bin" / "codex").chmod(0o755)
    scope = Scope(
        home=tmp_path / "home",
        environ={
            "PATH": str(tmp_path / "bin"),
            "XDG_CONFIG_HOME": str(tmp_path / "xdg"),
            "CLAUDE_CONFIG_DIR": str(tmp_path),
        },
    )

    assert (Agent.CLAUDE_CODE, Agent.CODEX, Agent.CURSOR) == found_agents(scope)


MOVED = [
    (Agent.CLAUDE_CODE, {"CLAUDE_CONFIG_DIR": "/moved"}, "/moved/settings.json", "/moved/projects"),
    (Agent.CODEX, {"CODEX_HOME": "/moved"}, "/moved/hooks.json", "/moved/sessions"),
    (Agent.GEMINI, {"GEMINI_CLI_HOME": "/moved"}, "/moved/.gemini/settings.json", "/moved/.gemini/tmp"),
    (Agent.COPILOT, {"COPILOT_HOME": "~/moved"}, "/home/moved/hooks/agent-memory.json", "/home/moved/session-state"),
    (Agent.COPILOT, {"COPILOT_HOME": ""}, "/home/.copilot/hooks/agent-memory.json", "/home/.copilot/session-state"),
    (Agent.CODEX, {"CODEX_HOME": "not/absolute"}, "/home/.codex/hooks.json", "/home/.codex/sessions"),
]


@pytest.mark.parametrize(("agent", "environ", "hooks", "history"), MOVED)
def test_an_agent_s_settings_are_moved_by_the_variable_that_moves_its_history(
    agent: Agent, environ: dict[str, str], hooks: str, history: str
) -> None:
    home = Path("/home")

    assert Path(hooks) == places(agent, Scope(home=home, environ=environ)).hooks
    assert Path(history) == Homes(home=home, environ=environ).folders(agent)[0]


def test_hooks_that_are_switched_off_are_told_of(machine: Machine) -> None:
    put(machine, ".claude/settings.json", b'{"disableAllHooks": true}')
    steps = machine.install(Agent.CLAUDE_CODE)

    assert ("The settings switch all hooks off: disableAllHooks is true.",) == steps[0].notes
