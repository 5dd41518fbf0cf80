"""The daemon reminds agents whose hooks may answer with memory: opt-in, and beside everything else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from agent_memory import telemetry
from agent_memory.capture.project import project_of
from agent_memory.config import Config
from agent_memory.errors import AgentMemoryError
from agent_memory.local import LocalMemory

if TYPE_CHECKING:
    from agent_memory.reminders.reminders import Reminders

LOOK_S = 1.0
"""How often it tries whether the socket can be had by now: another daemon may serve the same spool."""


@asynccontextmanager
async def reminding(config: Config, memory: LocalMemory) -> AsyncIterator[None]:
    """While the block runs, the agents that the settings name are reminded. What hinders that is logged."""
    if not config.inject_agents:
        yield
        return
    # Here, as the server below, and not above: most daemons remind nobody, and none of those waits for this.
    from agent_memory.reminders.reminders import Reminders

    reminders = Reminders(
        memory,
        tokens=memory.tokens,
        time_zone=(await memory.status()).time_zone,
        tokens_max=config.inject_tokens_max,
        project_of=project_of,
    )
    tried, ended = asyncio.Event(), asyncio.Event()
    serving = asyncio.ensure_future(_serve(config, reminders, tried=tried, ended=ended))
    await tried.wait()
    try:
        yield
    finally:
        ended.set()
        await serving


async def _serve(config: Config, reminders: Reminders, *, tried: asyncio.Event, ended: asyncio.Event) -> None:
    from agent_memory.reminders.server import serving_reminders

    said = ""
    while not ended.is_set():
        try:
            async with serving_reminders(config.spool, reminders, agents=config.inject_agents):
                tried.set()
                warming = asyncio.ensure_future(_warm(reminders))
                await ended.wait()
                warming.cancel()
                await asyncio.wait([warming])
        except OSError as error:
            if said != str(error):
                said = str(error)
                telemetry.LOG.warning("no agent is reminded", spool=str(config.spool), error=said)
        finally:
            tried.set()
        with suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), LOOK_S)


async def _warm(reminders: Reminders) -> None:
    with suppress(AgentMemoryError):
        await reminders.warm()
