"""`agent-memory resume`: capture again."""

from __future__ import annotations

import click

from agent_memory.cli.ending import OK
from agent_memory.cli.front import Front, front


@click.command("resume", short_help="Capture again after a pause.")
@front(store=False)
def command(front: Front) -> int:
    """Capture again. What was said during the pause stays out, also of a later import."""
    import time

    from agent_memory.capture.policy import resume
    from agent_memory.cli.pause import tell

    resume(front.config.spool, now_ms=time.time_ns() // 1_000_000)
    tell(front, paused=False)
    return OK
