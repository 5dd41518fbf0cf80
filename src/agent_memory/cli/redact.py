"""`agent-memory redact`: a text without its secrets, or what redaction would take out of it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent_memory.cli.ending import OK
from agent_memory.cli.front import Front, front
from agent_memory.errors import Invalid

if TYPE_CHECKING:
    from agent_memory.capture.redaction import Finding

# Of a secret so much is shown, and never more than a quarter of it.
_SHOWN_MAX = 4


@click.command("redact", short_help="Take the secrets out of a text, or show which there are.")
@click.argument("file", default="-", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--test", is_flag=True, help="Tell what would be taken out: line, kind, the beginning of it.")
@front(store=False)
def command(front: Front, file: str, test: bool) -> int:
    """Print FILE without its secrets, as capture would keep it; - or nothing is the standard input.

    The settings redact_extra and redact_allow hold; what `redact` says does not: whoever asks wants to know.
    """
    from agent_memory.capture.own_patterns import checked_redactor

    config = front.config
    redactor = checked_redactor(on=True, extra=config.redact_extra, allow=config.redact_allow)
    raw = _read(file)
    text = raw.decode("utf-8", "surrogateescape")
    if not test:
        clean, counts = redactor.text(text)
        if front.as_json:
            front.envelope({"text": clean, "redacted": dict(counts)})
        else:
            sys.stdout.flush()
            sys.stdout.buffer.write(clean.encode("utf-8", "surrogateescape"))
            sys.stdout.buffer.flush()
        return OK
    findings = redactor.find(text)
    shapes = _shapes(text, findings)
    if front.as_json:
        front.envelope({"findings": shapes, "setting": config.redact})
        return OK
    _print(front, shapes)
    if config.redact == "off":
        front.notes.print("The setting redact is off: nothing is taken out of what is captured.", style="yellow")
    return OK


def _read(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise Invalid("file", file, f"cannot be read: {error.strerror}", hint="Name a file that can be read.") from None


def _shapes(text: str, findings: list[Finding]) -> list[dict[str, Any]]:
    shapes: list[dict[str, Any]] = []
    line, at = 1, 0
    for finding in findings:
        line += text.count("\n", at, finding.start)
        at = finding.start
        secret = text[finding.start : finding.end]
        column = finding.start - text.rfind("\n", 0, finding.start)
        shapes.append(
            {
                "line": line,
                "column": column,
                "kind": finding.kind,
                "characters": len(secret),
                "preview": masked(secret),
            }
        )
    return shapes


def masked(secret: str) -> str:
    """As much of a secret as may be shown: its first characters, at most a quarter of it and of one line."""
    shown = secret[: min(_SHOWN_MAX, len(secret) // 4)].split("\n", 1)[0]
    return f"{shown}…"


def _print(front: Front, shapes: list[dict[str, Any]]) -> None:
    from rich.table import Table

    from agent_memory.cli.terminal import stored

    if not shapes:
        front.notes.print("Nothing would be taken out.")
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("line", justify="right")
    table.add_column("kind")
    table.add_column("begins")
    table.add_column("characters", justify="right")
    for shape in shapes:
        table.add_row(f"{shape['line']:,}", stored(shape["kind"]), stored(shape["preview"]), f"{shape['characters']:,}")
    front.out.print(table)
    kinds = len({shape["kind"] for shape in shapes})
    many = "secrets" if len(shapes) > 1 else "secret"
    front.notes.print(f"{len(shapes):,} {many} of {kinds} kind{'s' if kinds > 1 else ''} would be taken out.")
