"""`agent-memory uninstall`: give the agents their settings back."""

from __future__ import annotations

import click

from agent_memory.cli.front import Front, front


@click.command("uninstall", short_help="Take our hooks out of the agents' settings.")
@click.argument("agents", nargs=-1, metavar="[AGENT]...")
@click.option("--user", "of_user", is_flag=True, help="Everywhere (the default).")
@click.option("--project", "of_project", is_flag=True, help="In this repository only.")
@click.option("--dry-run", is_flag=True, help="Show what would change, as a diff; write nothing.")
@front(store=False)
def command(front: Front, agents: tuple[str, ...], of_user: bool, of_project: bool, dry_run: bool) -> int:
    """Take our hooks and our MCP server out of the settings of agents, and end the daemon and its service.

    Settings that nobody changed since become what they were, byte for byte; of others ours alone is
    taken out. With AGENT only theirs, and the daemon stays. What was recorded stays in any case.
    """
    from agent_memory.cli.installing import agents_named, scope_of
    from agent_memory.cli.uninstalling import Uninstall

    return Uninstall(front, scope=scope_of(of_user=of_user, of_project=of_project), dry_run=dry_run).run(
        agents_named(agents)
    )
