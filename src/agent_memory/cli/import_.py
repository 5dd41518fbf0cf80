"""`agent-memory import`: what agents have left on disk, into the store."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agent_memory.cli.front import Front, front

if TYPE_CHECKING:
    from agent_memory.cli.importing import Wanted


@click.command("import", short_help="Record what agents have left on disk.")
@click.argument("targets", nargs=-1, metavar="[AGENT|PATH]...")
@click.option("--since", metavar="DATE", help="Only what was said on that day or later; a time with its offset, too.")
@click.option("--dry-run", is_flag=True, help="Count what would come; record nothing.")
@click.option("--watch", is_flag=True, help="Then follow histories that grow, until Ctrl-C.")
@click.option("--again", is_flag=True, help="Read unchanged histories, too, and offer the store everything.")
@click.option("--files", is_flag=True, help="Give the account of each history, not only of each agent.")
@front()
def command(
    front: Front, targets: tuple[str, ...], since: str | None, dry_run: bool, watch: bool, again: bool, files: bool
) -> int:
    """Record the conversations that agents have left on this machine, secrets taken out.

    AGENT is claude-code, codex, gemini, copilot, opencode or cursor; without any, all of them. PATH is a
    history, a folder of them, or an export of ChatGPT or Claude.ai as it was downloaded (.zip or
    conversations.json); what it is, its content tells. Importing twice, or what hooks have told
    already, records nothing twice. Every line is accounted for.
    """
    if watch and dry_run:
        raise click.UsageError("--watch records what it finds; leave out --dry-run, or --watch.")
    wanted = _wanted(targets)
    from agent_memory.cli.importing import ImportCommand

    work = ImportCommand(front, wanted, since=since or "", dry_run=dry_run, watch=watch, again=again, files=files)
    return front.run(work.run())


def _wanted(targets: Sequence[str]) -> Wanted:
    """What the arguments name. Errors: `click.BadParameter`."""
    from agent_memory.capture.importing.discovery import DISCOVERED
    from agent_memory.capture.model import Agent
    from agent_memory.capture.payloads import agent_named
    from agent_memory.cli.importing import Wanted

    agents: list[Agent] = []
    paths: list[Path] = []
    for target in targets:
        path, name = Path(target).expanduser(), agent_named(target)
        if path.exists():
            paths.append(path.absolute())
        elif not name:
            known = ", ".join(agent.value for agent in DISCOVERED)
            raise click.BadParameter(f"{target!r} is no file or folder, nor one of {known}.", param_hint="AGENT|PATH")
        elif Agent(name) not in DISCOVERED:
            raise click.BadParameter(
                f"{name} keeps nothing on this machine: download its export, and name that file.",
                param_hint="AGENT|PATH",
            )
        else:
            agents.append(Agent(name))
    if not targets:
        agents = list(DISCOVERED)
    return Wanted(agents=tuple(dict.fromkeys(agents)), paths=tuple(dict.fromkeys(paths)))
