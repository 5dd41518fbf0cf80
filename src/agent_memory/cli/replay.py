"""`agent-memory replay`: views built again from the log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from agent_memory.cli.ending import FAILED, OK
from agent_memory.cli.front import Front, front

if TYPE_CHECKING:
    from agent_memory.memory import ReplayVerdict


@click.command("replay", short_help="Build views again from the log.")
@click.argument("views", nargs=-1, metavar="[VIEW]...")
@click.option("--restart", is_flag=True, help="Start anew instead of where an interrupted replay stopped.")
@front()
def command(front: Front, views: tuple[str, ...], restart: bool) -> int:
    """Build VIEWs (toc, lexical, vectors, catalog, entities; all by default) again from the log, and swap them in.

    Queries go on meanwhile. Exit code 1 if a live view held something else than the log gives.
    """
    return front.run(_replay(front, views, restart))


async def _replay(front: Front, views: tuple[str, ...], restart: bool) -> int:
    from agent_memory.cli.progress import bars
    from agent_memory.cli.shapes import verdict_shape
    from agent_memory.memory import ReplayProgress

    verdicts: list[ReplayVerdict] = []
    async with front.memory() as memory:
        with bars(front, "entries") as show:
            async for report in memory.replay(views, restart=restart):
                if isinstance(report, ReplayProgress):
                    show(report.view, report.position, report.target)
                else:
                    verdicts.append(report)
                    front.partial = {"verdicts": [verdict_shape(verdict) for verdict in verdicts]}
    if front.as_json:
        front.envelope({"verdicts": [verdict_shape(verdict) for verdict in verdicts]})
    else:
        for verdict in verdicts:
            _show(front, verdict)
    return OK if all(verdict.identical for verdict in verdicts) else FAILED


def _show(front: Front, verdict: ReplayVerdict) -> None:
    from rich.text import Text

    from agent_memory.cli.terminal import stored

    mark = Text("✓ ", "green") if verdict.identical else Text("✗ ", "bold red")
    line = Text.assemble(mark, (f"{verdict.view:8}", "bold"))
    line.append(f"  {verdict.position:,} entries in {verdict.duration_s:,.1f} s  ", "dim")
    if verdict.identical:
        line.append("the same as before")
    else:
        line.append_text(stored(f"differed: {verdict.first_difference}", "red"))
    front.out.print(line)
