"""`config`, `model` and `--help`."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from agent_memory.cli.app import COMMANDS
from tests.unit.cli.door import Door


def test_config_show_tells_where_each_value_came_from(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENT_MEMORY_DRAIN_S", "7")
    data = door.run("config", "show", "--json").data
    origins = {setting["name"]: (setting["value"], setting["origin"]) for setting in data["settings"]}

    assert (7.0, "AGENT_MEMORY_DRAIN_S") == origins["drain_s"]
    assert ("127.0.0.1:7433", "default") == origins["address"]
    told = door.run("config", "show", width=120)
    assert re.search(r"drain_s\s+7.0\s+AGENT_MEMORY_DRAIN_S", told.out)
    assert re.search(r"time_zone\s+the machine's, or the store's own\s+default", told.out)
    assert "Seconds that work under way" in door.run("config", "show", "--help-texts").words


def test_model_show_of_a_folder_without_a_model_says_how_to_get_one(door: Door, tmp_path: Path) -> None:
    told = door.run("model", "show", str(tmp_path / "none"))

    assert 2 == told.code
    assert "agent-memory model install" in told.notes


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_help(door: Door, name: str) -> None:
    told = door.run(name, "--help")

    assert 0 == told.code
    assert f"Usage: agent-memory {name}" in told.out


def test_the_help_needs_none_of_the_engines() -> None:
    code = """
import sys
from agent_memory.cli import main
try:
    sys.argv = ["agent-memory", "--help"]
    main()
finally:
    heavy = "asyncio rich grpc msgspec numpy onnxruntime rocksdict tantivy hnswlib structlog"
    print("loaded", sorted(set(heavy.split()) & set(sys.modules)), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)

    assert "loaded []" == done.stderr.strip()
