"""The line that agents run: found from any PATH, the same after an upgrade, told from others' lines."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from agent_memory.installation import command
from agent_memory.installation.command import hook_command, is_hook_command, program


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Our program in an environment of its own, and nothing on the system's PATH."""
    own = tmp_path / "venv" / "bin" / "agent-memory"
    own.parent.mkdir(parents=True)
    own.write_text("#!/bin/sh\necho $@\n")
    own.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(own.parent / "python"))
    monkeypatch.setattr(command, "SYSTEM_PATH", str(tmp_path / "system"))
    return own


def test_the_path_is_whole_where_the_systems_path_does_not_find_the_program(own: Path) -> None:
    assert str(own) == program({"PATH": f"{own.parent}:/usr/bin"})
    assert str(own) == program({"PATH": ""})


def test_the_link_that_outlives_an_upgrade_is_taken(own: Path, tmp_path: Path) -> None:
    """As `pipx` and `uv tool` make it."""
    link = tmp_path / "local" / "agent-memory"
    link.parent.mkdir()
    link.symlink_to(own)

    assert str(link) == program({"PATH": f"relative:{link.parent}:{own.parent}"})


def test_the_bare_name_is_taken_where_the_system_finds_this_very_program_by_it(own: Path, tmp_path: Path) -> None:
    system = tmp_path / "system" / "agent-memory"
    system.parent.mkdir()
    system.symlink_to(own)
    by_name = program({"PATH": ""})
    system.unlink()
    system.write_text("#!/bin/sh\n")
    system.chmod(0o755)

    assert ("agent-memory", str(own)) == (by_name, program({"PATH": ""}))


def test_a_line_runs_whatever_the_path_holds(tmp_path: Path) -> None:
    script = tmp_path / "it's $HOME; a `path`" / "agent-memory"
    script.parent.mkdir()
    script.write_text('#!/bin/sh\necho "$@"\n')
    script.chmod(0o755)
    line = hook_command("gemini", entry=str(script))

    assert "hook gemini\n" == subprocess.run(["sh", "-c", line], capture_output=True, encoding="utf-8").stdout
    assert is_hook_command(line)


@pytest.mark.parametrize(
    ("line", "is_ours"),
    [
        ("agent-memory hook claude-code", True),
        ("/home/me/.local/bin/agent-memory hook codex", True),
        ("agent-memory-hook claude", True),
        ("'/my tools/agent-memory' hook cursor", True),
        ("agent-memory status", False),
        ("agent-memory hook claude | tee log", False),
        ("my-agent-memory hook claude", False),
        ("echo agent-memory hook", False),
        ("agent-memory hook 'claude", False),
        (7, False),
    ],
)
def test_a_line_of_ours_is_told_from_one_of_others(line: object, is_ours: bool) -> None:
    assert is_ours == is_hook_command(line)
