"""`agent-memory install`: have the agents of this machine remembered."""

from __future__ import annotations

import click

from agent_memory.cli.front import Front, front


@click.command("install", short_help="Have the agents of this machine remembered.")
@click.argument("agents", nargs=-1, metavar="[AGENT]...")
@click.option("--user", "of_user", is_flag=True, help="This user's settings (the default).")
@click.option("--project", "of_project", is_flag=True, help="This repository's settings instead.")
@click.option("--dry-run", is_flag=True, help="Show what would change, as a diff; write nothing.")
@click.option("--no-mcp", is_flag=True, help="Leave out the MCP server, by which agents ask their memory.")
@click.option("--no-service", is_flag=True, help="Start no daemon and make no service of it.")
@click.option("--no-import", is_flag=True, help="Leave out what the agents have on disk from before.")
@front(store=False)
def command(
    front: Front,
    agents: tuple[str, ...],
    of_user: bool,
    of_project: bool,
    dry_run: bool,
    no_mcp: bool,
    no_service: bool,
    no_import: bool,
) -> int:
    """Put our hooks and our MCP server into the settings of agents, start the daemon, and import the past.

    AGENT is claude, codex, gemini, copilot, opencode or cursor; without any, those that are found on
    this machine. Settings keep everything else as it is, byte for byte, and a copy of what was there is
    kept; `agent-memory uninstall` gives it back. Run again, it changes nothing, or what an older
    release wrote.
    """
    from agent_memory.cli.installing import Install, agents_named, scope_of

    work = Install(
        front,
        scope=scope_of(of_user=of_user, of_project=of_project),
        dry_run=dry_run,
        mcp=not no_mcp,
        service=not no_service,
        past=not no_import,
    )
    return work.run(agents_named(agents))
