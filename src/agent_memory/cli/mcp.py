"""`agent-memory mcp`: the memory as tools, for the agent that starts it."""

from __future__ import annotations

import os
import signal
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

import click

from agent_memory.cli.ending import OK
from agent_memory.cli.front import Front, front

if TYPE_CHECKING:
    from agent_memory.memory import Memory


@click.command("mcp", short_help="Serve the memory to an agent as MCP tools, over its pipes.")
@front()
def command(front: Front) -> int:
    """Speak the Model Context Protocol on standard input and output, until they are closed.

    An agent starts this; see docs/mcp.md. For agents that connect by HTTP the daemon serves the same
    at http://127.0.0.1:7434/mcp.
    """
    return front.run(_mcp(front))


async def _mcp(front: Front) -> int:
    from agent_memory.config import INTERNAL_VARIABLE
    from agent_memory.mcp.notes import NoteRules
    from agent_memory.mcp.stdio import serve_stdio

    def opener() -> AbstractAsyncContextManager[Memory]:
        return front.memory(create=True)

    # The thread that reads the pipe cannot be woken; there is nothing here that a signal could harm.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    await serve_stdio(opener, rules=NoteRules(front.config.spool, is_internal=bool(os.environ.get(INTERNAL_VARIABLE))))
    return OK
