"""`agent-memory pause`: capture nothing for a while."""

from __future__ import annotations

import click

from agent_memory.cli.ending import OK
from agent_memory.cli.front import Front, front


@click.command("pause", short_help="Capture nothing for a while.")
@click.option("--for", "duration", metavar="TIME", help="End by itself after this long: 30m, 2h, 1d, 1h30m.")
@front(store=False)
def command(front: Front, duration: str | None) -> int:
    """Capture nothing from now on, until `agent-memory resume` or the end of the time given.

    Hooks that agents run in the meantime leave nothing behind, and a later import leaves out what was
    said meanwhile. A daemon need not be running. Given again, the pause gets a new end.
    """
    import time

    from agent_memory.capture.policy import pause
    from agent_memory.cli.durations import seconds

    now_ms = time.time_ns() // 1_000_000
    until_ms = None if duration is None else now_ms + seconds(duration) * 1000
    pause(front.config.spool, now_ms=now_ms, until_ms=until_ms)
    tell(front, paused=True, until_ms=until_ms)
    return OK


def tell(front: Front, *, paused: bool, until_ms: int | None = None) -> None:
    """Print what holds now."""
    from agent_memory.cli.times import rfc3339

    if front.as_json:
        until = "" if until_ms is None else rfc3339(until_ms)
        front.envelope({"paused": paused, "until": until, "spool": str(front.config.spool)})
    elif not paused:
        front.out.print("Capturing.")
    else:
        front.out.print(f"Capturing nothing until {ending(until_ms)}.", soft_wrap=True)


def ending(until_ms: int | None) -> str:
    """When a pause ends, in this machine's time."""
    if until_ms is None:
        return "`agent-memory resume`"
    from datetime import datetime

    return datetime.fromtimestamp(until_ms / 1000).astimezone().strftime("%Y-%m-%d %H:%M:%S")
