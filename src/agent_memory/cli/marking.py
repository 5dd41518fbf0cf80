"""Where an agent runs a command that prints what was said, its text is marked as memory.

What an agent's commands print comes back as the result of a tool. Between our tags it is not indexed again.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

# What agents set for the commands that they run, by their public sources of 2026.
_NAMES = ("AI_AGENT", "CLAUDECODE", "CURSOR_AGENT", "GEMINI_CLI")
_PREFIXES = ("CODEX_", "OPENCODE", "COPILOT_CLI", "COPILOT_AGENT")
_SET_BY_PEOPLE = frozenset({"CODEX_HOME", "CODEX_API_KEY", "OPENCODE_CONFIG", "OPENCODE_DB"})


def is_run_by_agent(environ: Mapping[str, str]) -> bool:
    """Whether an agent runs this process, as far as agents tell."""
    return any(
        value and (name in _NAMES or (name.startswith(_PREFIXES) and name not in _SET_BY_PEOPLE))
        for name, value in environ.items()
    )


@contextmanager
def marking(command: str) -> Iterator[None]:
    """While the block runs, what an agent gets on standard output of what was said stands between our tags."""
    if sys.stdout.isatty() or not is_run_by_agent(os.environ):
        yield
        return
    # Here, not above: few commands come so far.
    from agent_memory.annotation.own_tools import COMMANDS
    from agent_memory.annotation.scaffolding import MEMORY_TAG

    # `context` marks what it prints itself.
    if command not in COMMANDS or command == "context":
        yield
        return
    sys.stdout.write(f"<{MEMORY_TAG}>\n")
    try:
        yield
    finally:
        sys.stdout.write(f"</{MEMORY_TAG}>\n")
