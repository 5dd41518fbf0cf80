"""`agent-memory summaries`: how the wording of the contents is, what was set aside, older wordings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from agent_memory.cli.ending import FAILED, OK
from agent_memory.cli.front import Front, front

if TYPE_CHECKING:
    from agent_memory.memory import Memory
    from agent_memory.summaries.reports import SetAsideNode

_PAGE = 1000


@click.group("summaries", short_help="Show how the wording of the contents is.")
def command() -> None:
    """Show how the wording of the contents by a language model is."""


@command.command("status")
@front()
def status(front: Front) -> int:
    """Show what the worker does, what waits, and what today's calls took. Exit code 1 if it is stopped."""
    return front.run(_status(front))


async def _status(front: Front) -> int:
    from agent_memory.cli import summaries_view as view
    from agent_memory.cli.shapes import summaries_status_shape
    from agent_memory.summaries.reports import SummariesState

    async with front.memory("toc") as memory:
        whole = await memory.status()
    if front.as_json:
        front.envelope(summaries_status_shape(whole.summaries))
    else:
        view.show_status(front, whole.summaries, whole.time_zone)
    return FAILED if whole.summaries.state is SummariesState.STOPPED else OK


@command.command("set-aside")
@click.option("--retry", is_flag=True, help="Ask about them again.")
@click.option("--yes", is_flag=True, help="Do not ask before anything is sent.")
@front()
def set_aside(front: Front, retry: bool, yes: bool) -> int:
    """List the nodes that wait for no wording, and why: refused, or cut off. They show what was extracted from them."""
    return front.run(_set_aside(front, retry, yes))


async def _set_aside(front: Front, retry: bool, yes: bool) -> int:
    from agent_memory.cli import summaries_view as view
    from agent_memory.cli.summarise import have_worded
    from agent_memory.summaries.reports import SummariesWanted

    async with front.memory("toc") as memory:
        if retry:
            return await have_worded(front, memory, SummariesWanted(set_aside=True), yes=yes)
        nodes = await _all(memory)
    if front.as_json:
        front.envelope({"nodes": [view.set_aside_shape(node) for node in nodes]})
    else:
        view.show_set_aside(front, nodes)
    return OK


async def _all(memory: Memory) -> list[SetAsideNode]:
    nodes: list[SetAsideNode] = []
    token = ""
    while True:
        page = await memory.set_aside(limit=_PAGE, token=token)
        nodes += page.items
        token = page.next_token
        if not token:
            return nodes


@command.command("versions")
@click.argument("node_id", metavar="NODE")
@front()
def versions(front: Front, node_id: str) -> int:
    """Show what the model answered about NODE, the latest first. What is shown in the contents has a mark."""
    return front.run(_versions(front, node_id))


async def _versions(front: Front, node_id: str) -> int:
    from agent_memory.cli import summaries_view as view

    async with front.memory("toc") as memory:
        found = await memory.summary_versions(node_id)
        zone = (await memory.status()).time_zone
    if front.as_json:
        front.envelope({"node": node_id, "versions": [view.version_shape(version) for version in found]})
    else:
        view.show_versions(front, found, zone)
    return OK
