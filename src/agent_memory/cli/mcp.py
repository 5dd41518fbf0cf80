"""`agent-memory mcp`: the memory as tools, for the agent that starts it."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from typing import TYPE_CHECKING

import click

from agent_memory.cli.ending import OK
from agent_memory.cli.front import Front, front

if TYPE_CHECKING:
    from agent_memory.memory import Memory

_OPENS_STORES = "agent_memory.daemon.wiring"


@click.command("mcp", short_help="Serve the memory to an agent as MCP tools, over its pipes.")
@front()
def command(front: Front) -> int:
    """Speak the Model Context Protocol on standard input and output, until they are closed.

    An agent starts this; see docs/mcp.md. For agents that connect by HTTP the daemon serves the same
    at http://127.0.0.1:7434/mcp.
    """
    return front.run(_mcp(front))


async def _mcp(front: Front) -> int:
    import asyncio

    from agent_memory.config import INTERNAL_VARIABLE
    from agent_memory.mcp.notes import NoteRules
    from agent_memory.mcp.stdio import serve_stdio

    @asynccontextmanager
    async def opener() -> AsyncIterator[Memory]:
        # What speaks gRPC, or opens a store, takes a while to load; meanwhile the agent is answered.
        await asyncio.to_thread(import_module, "agent_memory.api.client" if front.store is None else _OPENS_STORES)
        async with front.memory(create=True) as memory:
            yield memory

    # The thread that reads the pipe cannot be woken; there is nothing here that a signal could harm.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    await serve_stdio(opener, rules=NoteRules(front.config.spool, is_internal=bool(os.environ.get(INTERNAL_VARIABLE))))
    return OK
