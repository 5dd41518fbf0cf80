"""`agent-memory install`, `uninstall` and `service` as somebody types them, in a home of their own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agent_memory.cli import commands


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without agents, and without anybody who starts programs."""
    shadow = tmp_path / "shadow"
    shadow.mkdir()
    for name in ("systemctl", "launchctl"):
        (shadow / name).write_text("#!/bin/sh\nexit 1\n")
        (shadow / name).chmod(0o755)
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "CLAUDE_CONFIG_DIR", "CODEX_HOME", "COPILOT_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(shadow))
    monkeypatch.setenv("AGENT_MEMORY_STORE", str(tmp_path / "data" / "store"))
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(commands, list(words))


def test_without_an_agent_on_the_machine_one_has_to_be_named(home: Path) -> None:
    found = run("install")

    assert 1 == found.exit_code
    assert "none of Claude Code, Codex, Gemini CLI, Copilot CLI, OpenCode and Cursor was found" in found.stderr
    assert "Name the ones that you are going to use" in found.stderr
    assert [home / "shadow"] == list(home.iterdir())


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("install", "emacs"), "'emacs' is none of claude-code, codex, gemini, copilot, opencode, cursor"),
        (("install", "chatgpt"), "'chatgpt' is none of"),
        (("uninstall", "claude", "--user", "--project"), "one of them, or none"),
    ],
)
def test_what_makes_no_sense_changes_nothing(words: tuple[str, ...], told: str, home: Path) -> None:
    found = run(*words)

    assert (2, True) == (found.exit_code, told in found.stderr)
    assert [home / "shadow"] == list(home.iterdir())


def test_a_dry_run_shows_a_diff_and_writes_nothing(home: Path) -> None:
    settings = home / ".claude" / "settings.json"
    settings.parent.mkdir()
    settings.write_text('{\n  "model": "opus"\n}\n')
    found = run("install", "--dry-run", "--no-mcp")

    assert 0 == found.exit_code
    assert f"--- {settings}\n+++ {settings}\n" in found.stdout
    assert '-  "model": "opus"\n+  "model": "opus",\n' in found.stdout
    assert '{\n  "model": "opus"\n}\n' == settings.read_text()
    assert {"shadow", ".claude"} == {path.name for path in home.iterdir()}


def test_without_a_service_nothing_is_started_and_the_past_waits(home: Path) -> None:
    found = run("install", "cursor", "--no-service")

    assert 0 == found.exit_code
    assert "No daemon runs." in found.stdout
    assert "The past was not imported" in found.stdout
    assert not (home / "data" / "store").exists()


def test_broken_settings_give_the_exit_code_of_invalid_input(home: Path) -> None:
    (home / ".cursor").mkdir()
    (home / ".cursor" / "hooks.json").write_text("{")
    found = run("install", "cursor", "--no-service", "--json")
    files = json.loads(found.stdout)["data"]["files"]

    assert 2 == found.exit_code
    assert ["failed", "changed"] == [file["state"] for file in files]
    assert "line 1, column 2" in files[0]["problem"]


def test_who_is_heard_from_now_on_and_who_is_not_is_told_last(home: Path) -> None:
    """Not of an agent whose settings were left alone; and of no memory where no daemon runs."""
    (home / ".codex").mkdir()
    (home / ".codex" / "hooks.json").write_text("{")
    found = run("install", "codex", "cursor", "--no-service")
    said = found.stdout.splitlines()

    assert f"Codex  {home}/.codex/hooks.json  line 1, column 2: a key in double quotes is expected" in said
    assert "From its next start on, what Cursor tells is kept, for the daemon that will run." in said
    assert "Not Codex, for the reason above." in said


def test_uninstalling_where_nothing_is_installed_says_so(home: Path) -> None:
    found = run("uninstall")

    assert 0 == found.exit_code
    assert "There is nothing of ours in any settings." in found.stdout
    assert "No daemon was running." in found.stdout
    assert "What was recorded stays" not in found.stdout


@pytest.mark.parametrize("word", ["install", "uninstall", "status"])
def test_without_a_manager_there_is_no_service(word: str, home: Path) -> None:
    found = run("service", word)

    assert (3, True) == (found.exit_code, "serve --daemonize" in found.stderr)


def test_where_somebody_starts_programs_the_daemon_becomes_a_service(home: Path) -> None:
    """The variables that are set are those of the service, too."""
    systemctl = home / "shadow" / "systemctl"
    systemctl.write_text(f'#!/bin/sh\necho "$@" >> {home}/told\n')
    found = run("service", "install")
    unit = home / ".config" / "systemd" / "user" / "agent-memory.service"

    assert 0 == found.exit_code
    assert f'Environment="AGENT_MEMORY_STORE={home}/data/store"' in unit.read_text()
    assert "--user enable agent-memory.service" in (home / "told").read_text().splitlines()
    assert 0 == run("service", "uninstall").exit_code
    assert not unit.exists()
