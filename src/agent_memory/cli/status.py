"""`agent-memory status`: how the store and each of its views are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from agent_memory.cli.ending import FAILED, OK
from agent_memory.cli.front import Front, front

if TYPE_CHECKING:
    from agent_memory.memory import SpoolStatus, Status

_WIDE = 72
_STATE_STYLES = {"live": "green", "waiting": "yellow", "failed": "bold red"}


@click.command("status", short_help="Show how the store and its views are.")
@front()
def command(front: Front) -> int:
    """Show how far each view has come, and what holds it up. Exit code 1 if the store is not healthy."""
    return front.run(_status(front))


async def _status(front: Front) -> int:
    from agent_memory.cli.shapes import status_shape

    async with front.memory() as memory:
        status = await memory.status()
    if front.as_json:
        front.envelope(status_shape(status))
    else:
        _show(front, status)
    return OK if status.healthy else FAILED


def _show(front: Front, status: Status) -> None:
    from rich.table import Table
    from rich.text import Text

    from agent_memory.cli.event_view import field_table
    from agent_memory.cli.summaries_view import summary_line
    from agent_memory.cli.terminal import stored
    from agent_memory.cli.times import Zone, ago

    front.out.print(Text("● healthy", "bold green") if status.healthy else Text("● not healthy", "bold red"))
    if status.append_error:
        front.out.print(stored(f"appends fail: {status.append_error}", "red"))
    since = Zone(status.time_zone).full(status.start_ms)
    rows = [
        ("store", status.store_path),
        ("events", f"{status.event_count:,}, log at position {status.position:,}"),
        ("model", status.model_id or "none; search is by keyword (`agent-memory model install`)"),
        ("captured", _captured(status.spool)),
        ("summaries", summary_line(status.summaries)),
        ("zone", status.time_zone),
        ("disk", f"{status.disk_free_bytes / (1 << 30):,.1f} GiB free"),
        ("since", f"{since}, agent-memory {status.version}, format {status.store_format}"),
    ]
    front.out.print(field_table(rows))
    front.out.print()
    # Where there is no room for all, the names and how far each view is behind say most.
    wide = front.out.width >= _WIDE
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("view", "state"):
        table.add_column(name, no_wrap=True)
    for name in ("position", "behind", *(("oldest waiting", "generation") if wide else ())):
        table.add_column(name, justify="right", no_wrap=True)
    for view in status.views:
        late = view.lag > 0
        table.add_row(
            Text(view.name, "bold"),
            Text(view.state.value, _STATE_STYLES[view.state.value]),
            f"{view.position:,}",
            Text(f"{view.lag:,}" if late else "-", "yellow" if late else "dim"),
            *([Text(ago(view.oldest_pending_s) if late else "-", "yellow" if late else "dim")] if wide else []),
            *([f"{view.generation}"] if wide else []),
        )
    front.out.print(table)
    if status.summaries.reason:
        style = "red" if status.summaries.state.value == "stopped" else "yellow"
        front.out.print(stored(f"summaries: {status.summaries.reason}", style))
    if status.spool.error:
        front.out.print(stored(f"what hooks leave is not taken in: {status.spool.error}", "red"))
    for view in status.views:
        if view.error:
            where = f" at position {view.error_position:,}" if view.error_position else ""
            style = "red" if view.state.value == "failed" else "yellow"
            front.out.print(stored(f"{view.name}{where}: {view.error}", style))


def _captured(spool: SpoolStatus) -> str:
    """What hooks have brought: what is recorded first, then only what there is."""
    from agent_memory.cli.times import ago

    parts = [f"{spool.drained:,} from hooks"]
    if spool.waiting:
        parts.append(f"{spool.waiting:,} waiting, for {ago(spool.oldest_waiting_s)}")
    for count, what in ((spool.skipped, "not kept"), (spool.refused, "refused"), (spool.lost, "lost")):
        if count:
            parts.append(f"{count:,} {what}")
    if spool.redacted:
        secrets = ", ".join(f"{count:,} {kind}" for kind, count in sorted(spool.redacted.items()))
        parts.append(f"redacted: {secrets}")
    return "; ".join([f"paused until {_resumed(spool)}", *parts] if spool.paused else parts)


def _resumed(spool: SpoolStatus) -> str:
    import time

    from agent_memory.capture.policy import read_policy
    from agent_memory.cli.pause import ending

    # The daemon's spool is on this machine, as the daemon is.
    return ending(read_policy(spool.path).pause_end_ms(time.time_ns() // 1_000_000))
