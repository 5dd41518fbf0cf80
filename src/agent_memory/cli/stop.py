"""`agent-memory stop`: end the daemon of a store."""

from __future__ import annotations

from pathlib import Path

import click

from agent_memory.cli.ending import OK
from agent_memory.cli.front import Front, front

# Beyond what it gives the work under way: closing a large store syncs what is left.
_CLOSING_S = 60.0


@click.command("stop", short_help="End the daemon.")
@click.option("--store", "path", type=click.Path(path_type=Path), metavar="PATH", help="The daemon of this store.")
@front(store=False)
def command(front: Front, path: Path | None) -> int:
    """End the daemon that has the store open, as Ctrl-C would, and wait for its end.

    That none runs is no error. Hooks go on: what they leave is taken in when a daemon is started again.
    """
    from agent_memory.daemon.control import stop

    store = path.absolute() if path else front.config.store
    holder = stop(store, timeout_s=front.config.drain_s + _CLOSING_S)
    if front.as_json:
        front.envelope({"store": str(store), "stopped": holder is not None, "pid": holder.pid if holder else None})
    elif holder is None:
        front.out.print(f"No daemon has {store} open.", soft_wrap=True)
    else:
        front.out.print(f"Ended process {holder.pid}, which had {store} open.", soft_wrap=True)
    return OK
