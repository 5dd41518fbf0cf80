"""The command line: one file per command. A command parses, asks a `Memory`, prints."""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # As in `typing`, which is not imported here: `hook` is in a hurry.
if TYPE_CHECKING:
    from typing import NoReturn

    from agent_memory.cli.app import commands

__all__ = ["commands", "main"]

# As in `ending`, which is not loaded yet when an interrupt may come.
_INTERRUPTED = 130


def main() -> NoReturn:
    """The entry point `agent-memory`. An interrupt ends it without a traceback, while it is still loading, too."""
    if sys.argv[1:2] == ["hook"] and not {"--help", "-h"} & set(sys.argv[2:3]):
        # A process for every prompt and every tool call: it does not wait for the other commands.
        from agent_memory.capture.hook import main as run_hook

        run_hook(sys.argv[2:])
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
