"""What becomes of other programs' settings, told: a line for each file, a diff, JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from agent_memory.cli.ending import hint_of
from agent_memory.cli.front import Front
from agent_memory.installation.agents import TITLES
from agent_memory.installation.files import Change, Record
from agent_memory.installation.jsonc import InvalidSettings
from agent_memory.installation.plan import Step

if TYPE_CHECKING:
    from rich.text import Text


def show_steps(front: Front, steps: Sequence[Step], record: Record, *, dry_run: bool, install: bool) -> None:
    """A line for each file; with *dry_run* what would change in it."""
    from rich.text import Text

    if not steps:
        front.out.print("There is nothing of ours in any settings." if not install else "There is nothing to do.")
    for step in steps:
        line = Text(f"{TITLES[step.agent]}  ", "bold").append(str(step.path), "not bold")
        front.out.print(line.append("  ").append_text(_outcome(step, dry_run=dry_run, install=install)), soft_wrap=True)
        if step.problem is not None:
            front.notes.print(Text(f"  {hint_of(step.problem, 'install', own_store=False)}", "dim"), soft_wrap=True)
        for told in step.notes:
            front.out.print(note(told), soft_wrap=True)
        if dry_run and step.change is not None and step.problem is None and not step.is_done:
            front.out.print(_coloured(_diff(step.change)), soft_wrap=True)
        elif install and not dry_run and not step.is_done and (backup := record.backup_of(step.path)):
            front.out.print(Text(f"  as it was: {backup}", "dim"), soft_wrap=True)


def step_shape(step: Step, record: Record, *, dry_run: bool) -> dict[str, object]:
    """A step as JSON."""
    changed = step.change is not None and not step.change.is_none
    state = "failed" if step.problem else "unchanged" if not changed else "would change" if dry_run else "changed"
    backup = record.backup_of(step.path)
    return {
        "agent": step.agent.value,
        "path": str(step.path),
        "holds": list(step.holds),
        "state": state,
        "diff": _diff(step.change) if step.change is not None and step.problem is None else "",
        "backup": str(backup) if backup else "",
        "problem": str(step.problem) if step.problem else "",
        "notes": list(step.notes),
    }


def note(told: str) -> Text:
    """A remark to a file, or to all of them."""
    from rich.text import Text

    return Text(f"  {told}", "yellow")


def _diff(change: Change) -> str:
    """What changes. Settings hold keys of other programs: those beside our lines are not for a screen."""
    from agent_memory.capture.redaction import redact_text

    return redact_text(change.diff())[0]


def _problem(step: Step) -> str:
    """Why it failed, behind the path."""
    if isinstance(step.problem, InvalidSettings):
        return step.problem.problem
    return str(step.problem).removeprefix(f"{step.path} ")


def _outcome(step: Step, *, dry_run: bool, install: bool) -> Text:
    from rich.text import Text

    if step.problem is not None:
        return Text(_problem(step), "red")
    if step.is_done:
        return Text("is as it should be", "dim")
    what = " and ".join({"hooks": "hooks", "mcp": "MCP server"}[name] for name in step.holds)
    gone = step.change is not None and step.change.after is None
    verb = "added" if install else "taken out, and the file with it" if gone else "taken out"
    return Text(f"{what} would be {verb}" if dry_run else f"{what} {verb}", "yellow" if dry_run else "green")


def _coloured(diff: str) -> Text:
    from rich.text import Text

    from agent_memory.cli.safe import safe

    styles = {"+": "green", "-": "red", "@": "cyan"}
    shown = Text()
    for line in diff.splitlines():
        shown.append(safe(line) + "\n", styles.get(line[:1], ""))
    return shown
