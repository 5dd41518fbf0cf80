"""`agent-memory summarise`: have the contents worded now, or see what that would take and send."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from agent_memory.cli.ending import FAILED, OK
from agent_memory.cli.front import Front, front

if TYPE_CHECKING:
    from agent_memory.memory import Memory
    from agent_memory.summaries.reports import SummariesWanted


@click.command("summarise", short_help="Have the contents worded by the language model now.")
@click.option("--node", "node_id", default="", metavar="ID", help="This node, with all that is under it.")
@click.option("--since", default="", metavar="WHEN", help="Only from this local date or RFC 3339 time on.")
@click.option("--resummarise", is_flag=True, help="Also what another model or prompt has worded; of --node, all.")
@click.option("--dry-run", is_flag=True, help="Tell what it would take, and send nothing.")
@click.option("--preview", is_flag=True, help="Print what would be sent for --node, word for word, and send nothing.")
@click.option("--yes", is_flag=True, help="Do not ask before anything is sent.")
@front()
def command(front: Front, node_id: str, since: str, resummarise: bool, dry_run: bool, preview: bool, yes: bool) -> int:
    """Have the language model of the settings word what waits for it, however lately something happened there.

    Tells first what it would take, and asks on a terminal. A daemon words by itself what is quiet; this is for what
    is not, for a store without a daemon, and for another model. Where the provider asks to be left alone for a while,
    it waits as well, and tells until when. Exit code 1 if something is left.
    """
    from agent_memory.summaries.reports import SummariesWanted

    if preview:
        if not node_id:
            raise click.UsageError("--preview is of one node: name it with --node.")
        return front.run(_preview(front, node_id))
    wanted = SummariesWanted(node_id=node_id, since=since, again=resummarise)
    return front.run(_summarise(front, wanted, dry_run=dry_run, yes=yes))


async def _summarise(front: Front, wanted: SummariesWanted, *, dry_run: bool, yes: bool) -> int:
    async with front.memory("toc") as memory:
        return await have_worded(front, memory, wanted, dry_run=dry_run, yes=yes)


async def have_worded(
    front: Front, memory: Memory, wanted: SummariesWanted, *, dry_run: bool = False, yes: bool = False
) -> int:
    """Tell what it would take, ask, have it done, and tell what became of it; the exit code."""
    from agent_memory.cli import summaries_view as view
    from agent_memory.summaries.reports import SummariesVerdict

    estimate = await memory.estimate_summaries(wanted)
    shape = {"estimate": view.estimate_shape(estimate)}
    if not front.as_json:
        view.show_estimate(front, estimate)
    if dry_run or not estimate.nodes:
        if front.as_json:
            front.envelope({**shape, "verdict": None})
        return OK
    asks = not (yes or front.as_json) and front.notes.is_terminal
    if asks and not click.confirm("Send it?", err=True):
        return OK
    verdict: SummariesVerdict | None = None
    time_zone = ""
    front.partial = {**shape, "verdict": None}
    with view.progress(front) as show:
        async for report in memory.summarise(wanted):
            if isinstance(report, SummariesVerdict):
                verdict = report
                continue
            if report.until_ms and not time_zone:
                time_zone = (await memory.status()).time_zone
            show(report, time_zone)
    if front.as_json:
        front.envelope({**shape, "verdict": view.verdict_shape(verdict) if verdict else None})
    elif verdict is not None:
        view.show_verdict(front, verdict)
    return OK if verdict is not None and not verdict.left else FAILED


async def _preview(front: Front, node_id: str) -> int:
    from agent_memory.cli import summaries_view as view

    async with front.memory("toc") as memory:
        preview = await memory.preview_summary(node_id)
    if front.as_json:
        front.envelope(view.preview_shape(preview))
    else:
        view.show_preview(front, preview)
    return OK
