"""The daemon's second door: MCP over HTTP, where the settings want it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from agent_memory import telemetry
from agent_memory.config import Config
from agent_memory.errors import AddressInUse
from agent_memory.local import LocalMemory
from agent_memory.mcp.http import PATH, serve_http
from agent_memory.mcp.notes import NoteRules


@asynccontextmanager
async def mcp_door(config: Config, memory: LocalMemory) -> AsyncIterator[str]:
    """While the block runs, agents are served by HTTP; the URL, or an empty text where they are not.

    Where another daemon of this machine has the default address, this one does without, and says so.
    Errors: `AddressInUse` for an address that was chosen.
    """
    async with AsyncExitStack() as stack:
        url = ""
        if config.mcp_address:
            serving = serve_http(
                memory, address=config.mcp_address, drain_s=config.drain_s, rules=NoteRules(config.spool)
            )
            try:
                door = await stack.enter_async_context(serving)
                url = f"http://{door.address}{PATH}"
                telemetry.LOG.info("serving mcp over http", address=door.address)
            except AddressInUse as error:
                if config.origins.get("mcp_address", "default") != "default":
                    raise
                telemetry.LOG.warning("no mcp over http", address=config.mcp_address, error=error)
        yield url
