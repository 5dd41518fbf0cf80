"""`agent-memory context`: what an agent should know to answer, in as many tokens as it can spare."""

from __future__ import annotations

import click

from agent_memory.cli.asking import Asked, asking
from agent_memory.cli.ending import OK
from agent_memory.cli.front import Front, front


@click.command("context", short_help="Make a cited text of what was said about something.")
@click.argument("query")
@asking
@click.option("--budget", default=2_000, show_default=True, metavar="N", help="The most tokens, 50 to 32,000.")
@front()
def command(front: Front, query: str, asked: Asked, budget: int) -> int:
    """Print what was said about QUERY as a text for an agent: dated, cited, within the budget. Counts go to stderr."""
    return front.run(_context(front, query, asked, budget))


async def _context(front: Front, query: str, asked: Asked, budget: int) -> int:
    from agent_memory.cli.shapes import context_shape
    from agent_memory.cli.times import Zone
    from agent_memory.cli.unknown import tell_of_unknown

    async with front.memory("lexical", "toc", "catalog", "entities", "vectors") as memory:
        zone = Zone((await memory.status()).time_zone)
        options = asked.options(zone)
        block = await memory.build_context(query, token_budget=budget, where=asked.where, options=options)
        if not block.result.hits:
            await tell_of_unknown(front, memory, asked.where)
    if front.as_json:
        front.envelope(context_shape(query, options, block, zone))
        return OK
    from agent_memory.cli.hit_view import told_of
    from agent_memory.cli.safe import safe
    from agent_memory.cli.search import tier_told
    from agent_memory.cli.terminal import counted, stored

    if block.text:
        # As it is: a quotation may end with a space.
        click.echo(safe(block.text))
    if told := "; ".join(told_of(query, block.result.understood, zone)):
        front.notes.print(stored(f"understood: {told}", "dim"), soft_wrap=True)
    if not block.result.hits:
        front.notes.print("Nothing was found, so there is nothing to tell.", style="dim")
    elif block.result.weak:
        front.notes.print("Little was found; the text says so.", style="yellow")
    front.notes.print(
        f"{block.token_count:,} of {budget:,} tokens ({block.tokenizer}), "
        f"{counted(len(block.citations), 'citation')}, {block.left_out:,} left out, "
        f"{tier_told(options, block.result)}, times of {zone.name}",
        style="dim",
    )
    return OK
