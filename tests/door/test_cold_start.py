"""What a daemon loads in order to serve: nothing that most of them never need."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_memory.testing.daemon import DaemonProcess

# Each costs the start some hundredth of a second at least; rich alone, most of a tenth.
SPARED = {
    "agent_memory.capture.agents": "the spool holds nothing",
    "agent_memory.mcp.calls": "no agent has connected",
    "agent_memory.reminders": "no agent is to be reminded",
    "mcp": "no agent has connected",
    "onnxruntime": "nothing is embedded",
    "opentelemetry": "nobody collects",
    "pydantic": "no agent has connected",
    "rich": "nobody watches",
    "structlog": "nobody watches",
    "tokenizers": "nothing is embedded",
}


def test_a_daemon_that_starts_loads_nothing_that_it_may_never_need(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is put at the top of a module that the start passes through shows here."""
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")
    with DaemonProcess(tmp_path / "store", model=tmp_path / "none") as daemon:
        # The lines of `-X importtime` end with the module's name.
        loaded = {line.rpartition("|")[2].strip() for line in daemon.log.splitlines() if "import time:" in line}

    assert "agent_memory.api.server" in loaded
    assert [] == [name for name in SPARED if name in loaded]
