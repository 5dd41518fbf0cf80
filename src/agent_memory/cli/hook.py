"""`agent-memory hook`: what `--help` tells of it. Run, it is `capture.hook`, which does not wait for click."""

from __future__ import annotations

import click


@click.command("hook", short_help="Capture what an agent tells of itself; for the agents' own settings.")
@click.argument("agent", required=False)
@click.argument("payload", required=False)
def command(agent: str | None, payload: str | None) -> None:
    """Keep the payload on standard input, or PAYLOAD, for the daemon. Agents call this; people need not.

    AGENT is claude, codex, gemini, copilot, opencode or cursor; without it, the payload tells. Prints
    what that agent expects and exits with 0, whatever happens, within 200 ms. `agent-memory-hook` is the
    same.
    """
    from agent_memory.capture.hook import main

    main([given for given in (agent, payload) if given is not None])
