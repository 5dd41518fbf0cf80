"""How a command ends: exit codes, and errors for people and for programs.

0 ok | 1 failed | 2 usage or invalid input | 3 unavailable | 4 corrupt | 130 interrupted
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from agent_memory.errors import (
    AgentMemoryError,
    Closed,
    Conflict,
    Corrupt,
    DaemonUnavailable,
    DeadlineExceeded,
    Invalid,
    NotFound,
    ProjectionError,
    StorageUnavailable,
    StoreLocked,
    Unavailable,
    UnknownEvent,
    UnknownFormat,
    UnknownGrip,
    UnknownNode,
    UnknownSession,
    ViewBehind,
)

OK = 0
FAILED = 1
WRONG_USAGE = 2
UNAVAILABLE = 3
CORRUPT = 4
INTERRUPTED = 130
UNKNOWN_PROBLEM = FAILED

# By family, as the gRPC front has it.
_FAMILIES: tuple[tuple[type[AgentMemoryError], str, int], ...] = (
    (Invalid, "INVALID", WRONG_USAGE),
    (NotFound, "NOT_FOUND", FAILED),
    (Conflict, "CONFLICT", FAILED),
    (Unavailable, "UNAVAILABLE", UNAVAILABLE),
    (Closed, "CLOSED", FAILED),
    (ProjectionError, "PROJECTION", FAILED),
    (UnknownFormat, "UNKNOWN_FORMAT", FAILED),
    (Corrupt, "CORRUPT", CORRUPT),
)

# What an error advises in the words of the interface, in those of the command line. By the words:
# an error that has better ones of its own keeps them, whichever way it came.
_AT_A_COMMAND_LINE = {
    DaemonUnavailable.hint: "Run `agent-memory serve --daemonize`, or open a store in this process: `--store PATH`.",
    StoreLocked.hint: "Stop that process, or leave `--store` out to ask its daemon.",
    DeadlineExceeded.hint: "Ask for less, or try again; `agent-memory status` shows how the daemon is.",
    ViewBehind.hint: "Try again; `agent-memory status` shows what holds the view up.",
    UnknownEvent.hint: "`agent-memory show SESSION` and `agent-memory search … --json` tell ids of events.",
    UnknownSession.hint: "`agent-memory search` and `agent-memory browse --from DAY --until DAY` tell ids of sessions.",
    UnknownNode.hint: "`agent-memory toc --ids` shows the ids of nodes; they look like day/2026-01-15.",
    UnknownGrip.hint: "`agent-memory search` and `agent-memory toc --bullets` show ids of grips.",
}


def exit_code(error: BaseException) -> int:
    """The exit code that tells a script what it may do next."""
    return next((code for family, _, code in _FAMILIES if isinstance(error, family)), UNKNOWN_PROBLEM)


def exit_code_of(code: str) -> int:
    """The same, of an error that another process told, by the `code` of its envelope."""
    return next((number for _, name, number in _FAMILIES if name == code), UNKNOWN_PROBLEM)


def error_shape(error: BaseException, command: str, *, own_store: bool) -> dict[str, object]:
    """The error of the JSON envelope."""
    if isinstance(error, KeyboardInterrupt):
        return _shape("INTERRUPTED", "INTERRUPTED", "was interrupted", hint="What was answered before holds.")
    if not isinstance(error, AgentMemoryError):
        return _shape("INTERNAL", "INTERNAL", f"{type(error).__name__}: {error}", hint=_report_hint())
    code = next((name for family, name, _ in _FAMILIES if isinstance(error, family)), "INTERNAL")
    field = error.field if isinstance(error, Invalid) else ""
    hint = hint_of(error, command, own_store=own_store)
    return _shape(code, error.reason, str(error), field=field, hint=hint, details=error.details)


def hint_of(error: AgentMemoryError, command: str, *, own_store: bool) -> str:
    """The way out, as someone who typed *command* would take it.

    *own_store*: the command opens the store itself, so there is no daemon to ask.
    """
    if error.hint == Invalid.hint:
        return f"See `agent-memory {command} --help`."
    if own_store and error.hint == StorageUnavailable.hint:
        return "Check the path, who may write there, and the disk."
    if command == "serve" and error.hint == StoreLocked.hint:
        return "A daemon that serves it already needs no second one; `agent-memory stop` ends it."
    return _AT_A_COMMAND_LINE.get(error.hint, error.hint)


def print_error(error: BaseException, command: str, *, own_store: bool) -> None:
    """What went wrong and how to mend it, on stderr."""
    if isinstance(error, AgentMemoryError):
        print_problem(str(error), hint_of(error, command, own_store=own_store))
    else:
        print_problem(f"unexpected {type(error).__name__}: {error}", _report_hint())


def fail_usage(error: click.ClickException, arguments: Sequence[str]) -> int:
    """Tell of arguments that make no sense; the exit code."""
    context = getattr(error, "ctx", None)
    path = context.command_path.split()[1:] if context else []
    if "--json" in arguments:
        from agent_memory.cli.envelope import print_envelope

        field = getattr(getattr(error, "param", None), "name", "") or ""
        hint = _dash_hint(error) or (f"See `{context.command_path} --help`." if context else "")
        shape = _shape("INVALID", "USAGE", error.format_message(), field=field, hint=hint)
        print_envelope(" ".join(path), None, error=shape)
    else:
        error.show()
        if hint := _dash_hint(error):
            click.secho(f"  {hint}", dim=True, err=True)
    return WRONG_USAGE


def _dash_hint(error: click.ClickException) -> str:
    """How text that looks like an option is given as text."""
    context = getattr(error, "ctx", None)
    if not isinstance(error, click.NoSuchOption) or context is None:
        return ""
    argument = next((one for one in context.command.params if isinstance(one, click.Argument)), None)
    if argument is None:
        return ""
    return (
        f"Text that begins with a dash goes behind `--`: `{context.command_path} -- {argument.make_metavar(context)}`."
    )


def hush() -> None:
    """Let nothing that is still in a buffer complain about a closed pipe."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            os.dup2(nowhere, stream.fileno())


def _shape(
    code: str, reason: str, message: str, *, field: str = "", hint: str = "", details: dict[str, str] | None = None
) -> dict[str, object]:
    return {
        "code": code,
        "reason": reason,
        "field": field,
        "message": message,
        "hint": hint,
        "details": details or {},
    }


def print_problem(message: str, hint: str) -> None:
    """What went wrong and the way out, on stderr."""
    from agent_memory.cli.safe import safe

    coloured = sys.stderr.isatty() and "NO_COLOR" not in os.environ
    click.secho("error: ", fg="red", bold=True, nl=False, err=True, color=coloured)
    click.echo(safe(message), err=True)
    if hint:
        click.secho("  " + safe(hint), dim=True, err=True, color=coloured)


def _report_hint() -> str:
    return "This is a fault of agent-memory. Set AGENT_MEMORY_LOG_LEVEL=debug to see where, and report it."
