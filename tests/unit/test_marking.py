"""What an agent reads on a command line is marked; what a person reads is not."""

from __future__ import annotations

import pytest

from agent_memory.cli.marking import is_run_by_agent, marking


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"CLAUDECODE": "1"}, True),
        ({"CODEX_SANDBOX": "seatbelt"}, True),
        ({"GEMINI_CLI": "1"}, True),
        ({"OPENCODE": "1"}, True),
        ({"CURSOR_AGENT": "1"}, True),
        ({"AI_AGENT": "someone"}, True),
        ({"CLAUDECODE": ""}, False),
        ({"CODEX_HOME": "/home/me/.codex"}, False),
        ({"HOME": "/home/me", "EDITOR": "vim"}, False),
    ],
)
def test_agents_are_known_by_what_they_set_for_their_commands(environ: dict[str, str], expected: bool) -> None:
    assert expected == is_run_by_agent(environ)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("search", "<agent-memory>\nfound\n</agent-memory>\n"),
        ("context", "found\n"),
        ("status", "found\n"),
    ],
)
def test_what_was_said_is_marked_for_an_agent(
    command: str, expected: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CLAUDECODE", "1")
    with marking(command):
        print("found")

    assert expected == capsys.readouterr().out


def test_it_is_marked_to_its_end_where_the_command_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CLAUDECODE", "1")
    with pytest.raises(RuntimeError), marking("show"):
        raise RuntimeError

    assert "<agent-memory>\n</agent-memory>\n" == capsys.readouterr().out


def test_nothing_is_marked_for_a_person(capsys: pytest.CaptureFixture[str]) -> None:
    with marking("search"):
        print("found")

    assert "found\n" == capsys.readouterr().out
