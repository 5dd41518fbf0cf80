"""How commands end: exit codes, ways out, interrupts, wrong usage."""

from __future__ import annotations

import gc
import re
import subprocess
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

import agent_memory
from agent_memory.errors import (
    ChecksumMismatch,
    Closed,
    DaemonUnavailable,
    InvalidQuery,
    StorageUnavailable,
    UnknownGrip,
    UnknownNode,
    ViewBehind,
)
from tests.unit.cli.door import Door


@pytest.mark.parametrize(
    ("error", "code", "family"),
    [
        (UnknownGrip("x"), 1, "NOT_FOUND"),
        (InvalidQuery("from", "x", "is no date"), 2, "INVALID"),
        (DaemonUnavailable("127.0.0.1:7433", "refused"), 3, "UNAVAILABLE"),
        (ChecksumMismatch(7), 4, "CORRUPT"),
        (Closed("the store is closed"), 1, "CLOSED"),
        (RuntimeError("oops"), 1, "INTERNAL"),
    ],
)
def test_every_error_has_an_exit_code_and_a_way_out_and_no_traceback(
    door: Door, error: Exception, code: int, family: str
) -> None:
    door.memory.script = {"expand": error}
    told, as_json = door.run("grip", "x"), door.run("grip", "x", "--json")

    assert (code, code) == (told.code, as_json.code)
    assert "" == told.out
    assert told.notes.startswith("error: ")
    assert "Traceback" not in told.notes
    assert (family, None) == (as_json.error["code"], as_json.data)
    assert {"code", "reason", "field", "message", "hint", "details"} == set(as_json.error)


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (InvalidQuery("limit", 0, "must be 1 to 200"), "See `agent-memory grip --help`."),
        (InvalidQuery("limit", 0, "must be 1 to 200", hint="Ask for one."), "Ask for one."),
        (InvalidQuery("id", "x", "is no ULID", hint=UnknownGrip.hint), "`agent-memory toc --bullets`"),
        (UnknownNode("nope"), "`agent-memory toc --ids`"),
        (StorageUnavailable("the disk is gone"), "`agent-memory status`"),
        (ViewBehind("toc", 1, 2), "`agent-memory status`"),
    ],
)
def test_the_way_out_is_told_in_words_of_the_command_line(door: Door, error: Exception, advice: str) -> None:
    door.memory.script = {"expand": error}
    told = door.run("grip", "x")

    assert advice in told.notes
    assert advice in door.run("grip", "x", "--json").error["hint"]
    assert not re.search(r"\bcall\b again|children\b|deadline", told.notes)


def test_a_store_that_cannot_be_opened_sends_nobody_to_a_daemon(door: Door, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no store")
    told = door.run("serve", "--store", str(tmp_path / "file"))

    assert 3 == told.code
    assert "Check the path" in told.notes
    assert "status" not in told.notes
    # The start had them off.
    assert gc.isenabled()


def test_no_daemon_says_how_to_start_one_or_do_without(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    @asynccontextmanager
    async def refused(address: str) -> Any:
        raise DaemonUnavailable(address, "connection refused")
        yield

    monkeypatch.setattr(agent_memory, "connect", refused)
    told = door.run("status", "--address", "127.0.0.1:9")

    assert 3 == told.code
    assert "127.0.0.1:9" in told.notes
    assert "agent-memory serve" in told.notes
    assert "--store PATH" in told.notes


def test_the_address_comes_from_the_settings_or_the_flag(
    door: Door, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "c.toml"
    file.write_text('address = "127.0.0.1:3"\n')
    door.run("status")
    door.run("status", "--config", str(file))
    monkeypatch.setenv("AGENT_MEMORY_ADDRESS", "127.0.0.1:4")
    door.run("status", "--config", str(file))
    door.run("status", "--address", "127.0.0.1:5")

    assert ["127.0.0.1:7433", "127.0.0.1:3", "127.0.0.1:4", "127.0.0.1:5"] == door.addresses


@pytest.mark.parametrize("args", [("nonsense",), ("toc", "--nonsense"), ("search",), ("grip", "x", "--before", "y")])
def test_wrong_usage_is_exit_code_2_in_both_forms(door: Door, args: tuple[str, ...]) -> None:
    told, as_json = door.run(*args), door.run(*args, "--json")

    assert (2, 2) == (told.code, as_json.code)
    assert "Usage: agent-memory" in told.notes
    assert "USAGE" == as_json.error["reason"]


def test_a_bad_setting_is_told_by_name(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENT_MEMORY_ADRESS", "x")
    told = door.run("status", "--json")

    assert (2, "adress", "Did you mean address?") == (told.code, told.error["field"], told.error["hint"])


def test_an_interrupt_is_130_and_quiet(door: Door) -> None:
    door.memory.script = {"status": KeyboardInterrupt()}
    told = door.run("status")

    assert 130 == told.code
    assert "Traceback" not in told.notes


def test_a_reader_that_leaves_early_is_no_error(tmp_path: Path) -> None:
    shell = f"set -o pipefail; {sys.executable} -m agent_memory.cli config show --json | head -c 1"
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, timeout=60)

    assert (0, "{", "") == (done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("command", ["search", "context", "timeline"])
def test_text_that_looks_like_an_option_is_told_its_place(door: Door, command: str) -> None:
    told = door.run(command, "--no-verify flag")
    as_json = door.run(command, "--no-verify flag", "--json")

    assert (2, 2) == (told.code, as_json.code)
    assert f"goes behind `--`: `agent-memory {command} -- " in told.notes
    assert f"goes behind `--`: `agent-memory {command} -- " in as_json.error["hint"]


def test_behind_two_dashes_any_text_is_a_query(door: Door) -> None:
    assert 0 == door.run("search", "--", "--no-verify flag").code
    assert "--no-verify flag" == door.asked("search")["query"]
