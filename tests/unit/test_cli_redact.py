"""`agent-memory redact`: the text as capture would keep it, and what would be taken out of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agent_memory.cli import commands
from agent_memory.cli.redact import masked
from tests.data.secrets.corpus import Draw

TOKEN = "gh" + "p_" + Draw("cli").word(36)
TEXT = f"one\nexport T={TOKEN}\r\nnine ACME-123456 \udcff\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "text"
    path.write_bytes(TEXT.encode("utf-8", "surrogateescape"))
    return path


def run(*args: str, given: bytes = b"", **settings: str) -> Result:
    environ = {"AGENT_MEMORY_" + name.upper(): value for name, value in settings.items()}
    return CliRunner().invoke(commands, ["redact", *args], input=given, env=environ)


def test_a_file_is_printed_without_its_secrets_and_else_to_the_byte(file: Path) -> None:
    expected = TEXT.replace(TOKEN, "[redacted: github-token]").encode("utf-8", "surrogateescape")

    assert expected == run(str(file)).stdout_bytes


def test_the_standard_input_is_read_where_no_file_is_named(file: Path) -> None:
    assert (
        run(str(file)).stdout_bytes
        == run(given=file.read_bytes()).stdout_bytes
        == run("-", given=file.read_bytes()).stdout_bytes
    )


def test_a_test_tells_line_kind_and_no_more_than_the_beginning(file: Path) -> None:
    shown = run("--test", str(file)).output

    assert ["2", "github-token", "ghp_…", "40"] in [line.split() for line in shown.splitlines()]
    assert TOKEN[4:10] not in shown


def test_as_json_findings_have_their_places(file: Path) -> None:
    data = json.loads(run("--test", "--json", str(file)).stdout)["data"]
    finding = {"line": 2, "column": 10, "kind": "github-token", "characters": 40, "preview": "ghp_…"}

    assert {"findings": [finding], "setting": "on"} == data


def test_own_patterns_and_what_is_allowed_hold(file: Path) -> None:
    shown = run(str(file), redact_extra="acme=ACME-[0-9]+", redact_allow=TOKEN).output

    assert "ACME" not in shown
    assert "[redacted: acme]" in shown
    assert TOKEN in shown


def test_a_pattern_that_could_be_slow_is_refused_with_a_way_out(file: Path) -> None:
    result = run(str(file), redact_extra="(a+)+b")

    assert 2 == result.exit_code
    assert "redact_extra" in result.output
    assert "docs/redaction.md" in result.output


def test_the_setting_off_is_said_in_a_test_and_hides_nothing(file: Path) -> None:
    result = run("--test", str(file), redact="off")

    assert "github-token" in result.output
    assert "redact is off" in result.output


@pytest.mark.parametrize(
    ("secret", "shown"), [("hunter2", "h…"), ("abc", "…"), ("x" * 400, "xxxx…"), ("a\nbcdefghijk", "a…")]
)
def test_little_of_a_secret_is_shown(secret: str, shown: str) -> None:
    assert shown == masked(secret)
