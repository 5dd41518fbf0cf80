"""The command line: one file per command. A command parses, asks a `Memory`, prints."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from agent_memory.cli.app import commands

__all__ = ["commands", "main"]

# As in `ending`, which is not loaded yet when an interrupt may come.
_INTERRUPTED = 130


def main() -> NoReturn:
    """The entry point `agent-memory`. An interrupt ends it without a traceback, while it is still loading, too."""
    try:
        from agent_memory.cli.app import commands

        commands.main()
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)


if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name != "commands":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from agent_memory.cli.app import commands

        return commands
