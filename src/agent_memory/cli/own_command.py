"""Other commands of ours, each in a process of its own."""

from __future__ import annotations

import subprocess
import sys

from agent_memory.cli.front import Front


def run_own(front: Front, *words: str, capture: bool = False) -> subprocess.CompletedProcess[str]:
    """Run a command of ours with the settings of this one; with *capture* what it prints is in the answer."""
    file = front.config_file
    given = [*words, *(["--config", str(file)] if file else [])]
    return subprocess.run(
        [sys.executable, "-m", "agent_memory.cli", *given],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if capture else None,
        stderr=subprocess.PIPE if capture else None,
        encoding="utf-8",
    )
