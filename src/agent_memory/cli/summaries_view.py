"""The wording of the contents, told: for people, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from agent_memory.cli.front import Front
from agent_memory.summaries.reports import (
    SetAsideNode,
    SummariesEstimate,
    SummariesProgress,
    SummariesState,
    SummariesStatus,
    SummariesVerdict,
    SummaryPreview,
    SummaryVersion,
)

if TYPE_CHECKING:
    from rich.progress import Task
    from rich.text import Text

Shape = dict[str, Any]

_STATES = {
    SummariesState.OFF: ("off: no provider is configured, and nothing is sent anywhere", "dim"),
    SummariesState.IDLE: ("idle", "green"),
    SummariesState.WORKING: ("working", "green"),
    SummariesState.WAITING: ("waiting", "yellow"),
    SummariesState.STOPPED: ("stopped until settings change", "bold red"),
}


# -- as JSON --------------------------------------------------------------------------------------


def estimate_shape(estimate: SummariesEstimate) -> Shape:
    """What it would take."""
    return {
        "provider": estimate.provider,
        "model": estimate.model,
        "nodes": estimate.nodes,
        "calls": estimate.calls,
        "tokens_in": estimate.tokens_in,
        "tokens_out_max": estimate.tokens_out_max,
        "usd_max": estimate.usd_max,
        "left_out": estimate.left_out,
    }


def verdict_shape(verdict: SummariesVerdict) -> Shape:
    """What became of it."""
    return {
        "worded": verdict.worded,
        "set_aside": verdict.set_aside,
        "left": verdict.left,
        "tokens": verdict.tokens,
        "usd": verdict.usd,
        "reason": verdict.reason,
    }


def preview_shape(preview: SummaryPreview) -> Shape:
    """What would be sent."""
    return {
        "node": preview.node_id,
        "provider": preview.provider,
        "model": preview.model,
        "left_out": preview.left_out,
        "calls": [
            {
                "system": call.system,
                "user": call.user,
                "schema": json.loads(call.schema),
                "tokens_in": call.tokens_in,
                "answer_tokens_max": call.answer_tokens_max,
            }
            for call in preview.calls
        ],
        "later": preview.later,
    }


def set_aside_shape(node: SetAsideNode) -> Shape:
    """A node that was set aside."""
    return {"node": node.node_id, "level": node.level.value, "refusal": node.refusal}


def version_shape(version: SummaryVersion) -> Shape:
    """One answer about a node."""
    from agent_memory.cli.times import rfc3339

    return {
        "provider": version.provider,
        "model": version.model,
        "prompt_version": version.prompt_version,
        "answered": rfc3339(version.answered_ms),
        "digest": version.digest,
        "is_shown": version.is_shown,
        "title": version.title,
        "abstract": version.abstract,
        "bullets": list(version.bullets),
        "refusal": version.refusal,
        "tokens": version.tokens,
        "usd": version.usd,
        "dropped": version.dropped,
        "anchored": version.anchored,
    }


# -- for people -----------------------------------------------------------------------------------


def show_estimate(front: Front, estimate: SummariesEstimate) -> None:
    """What it would take, on stderr: the answer is what becomes of it."""
    from agent_memory.cli.terminal import counted, stored

    told = f"{counted(estimate.nodes, 'node')} to word by {_model(estimate.provider, estimate.model)}"
    if estimate.nodes:
        told += (
            f": about {counted(estimate.calls, 'call')}, {estimate.tokens_in:,} tokens in, "
            f"up to {estimate.tokens_out_max:,} out"
        )
        told += f", up to {estimate.usd_max:.2f} USD" if estimate.usd_max is not None else "; the price is not known"
    front.notes.print(stored(f"{told}."), soft_wrap=True)
    if estimate.left_out:
        front.notes.print(
            f"{counted(estimate.left_out, 'node')} of projects that are left out: nothing of them is sent.", style="dim"
        )


def show_verdict(front: Front, verdict: SummariesVerdict) -> None:
    """What became of it."""
    from agent_memory.cli.terminal import counted, stored

    cost = f", {verdict.usd:.2f} USD" if verdict.usd else ""
    front.out.print(f"{counted(verdict.worded, 'node')} worded, {verdict.tokens:,} tokens{cost}.")
    if verdict.set_aside:
        front.out.print(
            f"{verdict.set_aside:,} set aside: `agent-memory summaries set-aside` tells why.", style="yellow"
        )
    if verdict.left:
        why = f": {verdict.reason}" if verdict.reason else ""
        front.out.print(stored(f"{verdict.left:,} left{why}", "yellow"), soft_wrap=True)


def show_preview(front: Front, preview: SummaryPreview) -> None:
    """What would be sent, word for word; what would disturb a terminal stands as escapes."""
    from agent_memory.cli.terminal import counted, stored

    if preview.left_out:
        front.out.print("Nothing: it holds something of a project that is left out.")
        return
    if not preview.calls:
        front.out.print("Nothing: nobody said anything in it.")
        return
    for number, call in enumerate(preview.calls, 1):
        head = f"call {number} of {len(preview.calls)}  {_model(preview.provider, preview.model)}"
        size = f"about {call.tokens_in:,} tokens, answer up to {call.answer_tokens_max:,}"
        front.out.print(stored(f"{head}  {size}", "bold"), soft_wrap=True)
        for name, text in (("system", call.system), ("user", call.user), ("schema", call.schema)):
            front.out.print(stored(f"-- {name}", "dim"))
            front.out.print(stored(text, one_line=False), soft_wrap=True)
    if preview.later:
        front.out.print(stored(f"{counted(preview.later, 'call')} would follow, over the answers to these.", "dim"))


def show_set_aside(front: Front, nodes: Sequence[SetAsideNode]) -> None:
    """The nodes with their reasons."""
    from agent_memory.cli.event_view import field_table

    if not nodes:
        front.out.print("Nothing is set aside.")
        return
    front.out.print(field_table([(node.node_id, node.refusal) for node in nodes]))
    front.out.print("`agent-memory summaries set-aside --retry` asks about them again.", style="dim")


def show_versions(front: Front, versions: Sequence[SummaryVersion], time_zone: str) -> None:
    """What was answered about a node."""
    from rich.text import Text

    from agent_memory.cli.terminal import stored
    from agent_memory.cli.times import Zone

    if not versions:
        front.out.print("No model has answered about it yet: it reads as it was extracted.")
    zone = Zone(time_zone)
    for version in versions:
        head = f"{zone.full(version.answered_ms)}  {_model(version.provider, version.model)}  {version.tokens:,} tokens"
        front.out.print(Text.assemble("● " if version.is_shown else "○ ", stored(head, "dim")), soft_wrap=True)
        if version.refusal:
            front.out.print(stored(f"  set aside: {version.refusal}", "yellow"), soft_wrap=True)
        else:
            front.out.print(stored(f"  {version.title}", "bold"), soft_wrap=True)
        for line in filter(None, (version.abstract, *(f"- {bullet}" for bullet in version.bullets))):
            front.out.print(Text("  ").append_text(stored(line)), soft_wrap=True)


def show_status(front: Front, status: SummariesStatus, time_zone: str) -> None:
    """What the worker does, and what the day took."""
    from rich.text import Text

    from agent_memory.cli.event_view import field_table
    from agent_memory.cli.times import Zone

    told, style = _STATES[status.state]
    front.out.print(Text(f"● {told}", style))
    if status.state is SummariesState.OFF:
        return
    zone = Zone(time_zone)
    until = f"; goes on at {zone.full(status.until_ms)}" if status.until_ms else ""
    error = f"{status.last_error} ({zone.full(status.last_error_ms)})" if status.last_error else ""
    rows = [
        ("model", _model(status.provider, status.model) if status.provider else ""),
        ("why", f"{status.reason}{until}" if status.reason else ""),
        ("nodes", _nodes(status)),
        ("under way", ", ".join(status.under_way)),
        ("today", _today(status)),
        ("last error", error),
    ]
    front.out.print(field_table(rows))


def summary_line(status: SummariesStatus) -> str:
    """All of it in a line, for the status of the store; empty where it is off."""
    if status.state is SummariesState.OFF:
        return ""
    return f"{status.state.value}, {_nodes(status)}" if status.provider else status.state.value


def _nodes(status: SummariesStatus) -> str:
    parts = [f"{status.worded:,} worded", f"{status.waiting:,} waiting"]
    parts += [f"{status.set_aside:,} set aside"] if status.set_aside else []
    parts += [f"{status.left_out:,} left out"] if status.left_out else []
    return ", ".join(parts)


def _today(status: SummariesStatus) -> str:
    tokens = f"{status.tokens_today:,}" + (f" of {status.tokens_per_day_max:,}" if status.tokens_per_day_max else "")
    parts = [f"{status.calls_today:,} calls", f"{tokens} tokens"]
    if status.usd_today or status.usd_per_day_max:
        most = f" of {status.usd_per_day_max:.2f}" if status.usd_per_day_max else ""
        parts.append(f"{status.usd_today:.2f}{most} USD")
    counts = (
        (status.unpriced_today, "of unknown price"),
        (status.refused_today, "refused"),
        (status.failed_today, "failed"),
        (status.interrupted_today, "cut off"),
    )
    parts += [f"{count:,} {what}" for count, what in counts if count]
    return ", ".join(parts)


def _awaited(report: SummariesProgress, time_zone: str) -> str:
    """What is waited for, and until when as far as that is known."""
    from agent_memory.cli.times import Zone

    if not report.until_ms or not time_zone:
        return report.waiting
    return f"{report.waiting}; goes on at {Zone(time_zone).full(report.until_ms)}"


def _model(provider: str, model: str) -> str:
    return f"{provider} {model}".strip()


@contextmanager
def progress(front: Front) -> Iterator[Callable[[SummariesProgress, str], None]]:
    """What is given draws a bar, with nodes a minute and the time left, where someone is looking.

    Elsewhere it tells on stderr what is waited for, once, where it is known until when: nothing happens till then.
    With a report comes the time zone of the store.
    """
    if front.as_json or not front.notes.is_terminal:
        from agent_memory.cli.terminal import stored

        told = ""

        def tell(report: SummariesProgress, time_zone: str) -> None:
            nonlocal told
            if report.until_ms and report.waiting != told:
                front.notes.print(stored(f"Waiting: {_awaited(report, time_zone)}."), soft_wrap=True)
            told = report.waiting

        yield tell
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Rate(ProgressColumn):
        """Nodes a minute."""

        def render(self, task: Task) -> Text:
            return Text(f"{task.speed * 60:,.0f}/min" if task.speed else "", "dim")

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("nodes"), Rate(), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.fields[took]}"), console=front.notes, transient=True) as bar:
        task = bar.add_task("", total=None, took="")

        def show(report: SummariesProgress, time_zone: str) -> None:
            took = f"{report.tokens:,} tokens" + (f", {report.usd:.2f} USD" if report.usd else "")
            waits = f"  waiting: {_awaited(report, time_zone)}" if report.waiting else ""
            bar.update(task, completed=report.done, total=report.total, took=took + waits)

        yield show
