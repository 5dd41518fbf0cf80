"""MCP over a pipe, for the one agent that started this process.

The server is there at once and asks for its memory when a tool needs it: where no daemon runs, each
tool says so and how to mend it, and finds the daemon that was started in the meantime.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any

from mcp.server.stdio import stdio_server

from agent_memory.mcp.calls import Client, new_conversation
from agent_memory.mcp.notes import NoteRules
from agent_memory.mcp.server import make_server, soon
from agent_memory.memory import Memory

Opener = Callable[[], AbstractAsyncContextManager[Memory]]


class Link:
    """A `Memory` that is opened when it is first asked for; what failed to open is tried again the next time."""

    def __init__(self, opener: Opener) -> None:
        self._opener = opener
        self._stack = AsyncExitStack()
        self._lock = asyncio.Lock()
        self._memory: Memory | None = None

    async def memory(self) -> Memory:
        """Errors: whatever opening it says, such as `DaemonUnavailable`."""
        async with self._lock:
            if self._memory is None:
                self._memory = await self._stack.enter_async_context(self._opener())
            return self._memory

    async def close(self) -> None:
        await self._stack.aclose()


async def serve_stdio(opener: Opener, *, rules: NoteRules) -> None:
    """Serve the agent at the other end of standard input and output until it closes them."""
    link = Link(opener)
    conversation = new_conversation()

    def client_of(request: Any) -> Client:
        params = request.session.client_params
        return Client(params.client_info.name if params is not None else "", conversation)

    server = make_server(link.memory, client_of=client_of, rules=rules)
    try:
        async with stdio_server() as (incoming, outgoing):
            warming = asyncio.create_task(soon(link.memory))
            try:
                await server.run(incoming, outgoing, server.create_initialization_options())
            finally:
                warming.cancel()
    finally:
        await link.close()
