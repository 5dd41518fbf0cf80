"""The group of commands, and how each of them ends."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

import click

from agent_memory.cli.ending import INTERRUPTED, OK, UNKNOWN_PROBLEM, fail_usage, hush

COMMANDS = (
    "install",
    "uninstall",
    "doctor",
    "serve",
    "stop",
    "service",
    "hook",
    "mcp",
    "ingest",
    "import",
    "toc",
    "browse",
    "search",
    "events",
    "timeline",
    "show",
    "grip",
    "context",
    "status",
    "pause",
    "resume",
    "replay",
    "verify",
    "summarise",
    "summaries",
    "model",
    "redact",
    "config",
)
# Those that cannot have a module of their own name.
_MODULES = {"import": "import_"}


class Commands(click.Group):
    """Loads a command when it is asked for, and turns every end into an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"agent_memory.cli.{_MODULES.get(cmd_name, cmd_name)}").command
        return command

    def main(self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any) -> NoReturn:  # type: ignore[override]  # it always exits
        given = list(sys.argv[1:] if args is None else args)
        extra["standalone_mode"] = False
        try:
            code = super().main(given, prog_name or "agent-memory", **extra)
        except click.Abort:
            # Ctrl-C: click has ended the line.
            code = INTERRUPTED
        except click.ClickException as error:
            code = fail_usage(error, given)
        except BrokenPipeError:
            # Whoever read the output has seen enough.
            hush()
            code = OK
        sys.exit(code if isinstance(code, int) else OK if code is None else UNKNOWN_PROBLEM)


@click.group(
    "agent-memory", cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="agent-memory", prog_name="agent-memory")
def commands() -> None:
    """Everything your agents said, in order, with a table of contents.

    Start the daemon with `agent-memory serve`; the other commands talk to it. With `--store PATH`
    they open the store in their own process instead.
    """
