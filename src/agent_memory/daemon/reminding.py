"""The daemon reminds agents whose hooks may answer with memory: opt-in, and beside everything else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from agent_memory import telemetry
from agent_memory.capture.project import project_of
from agent_memory.config import Config
from agent_memory.errors import AgentMemoryError
from agent_memory.local import LocalMemory
from agent_memory.reminders.reminders import Reminders
from agent_memory.reminders.server import serving_reminders


@asynccontextmanager
async def reminding(config: Config, memory: LocalMemory) -> AsyncIterator[None]:
    """While the block runs, the agents that the settings name are reminded. What hinders that is logged."""
    if not config.inject_agents:
        yield
        return
    reminders = Reminders(
        memory,
        tokens=memory.tokens,
        time_zone=(await memory.status()).time_zone,
        tokens_max=config.inject_tokens_max,
        project_of=project_of,
    )
    async with AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(serving_reminders(config.spool, reminders, agents=config.inject_agents))
        except OSError as error:
            telemetry.LOG.warning("no agent is reminded", spool=str(config.spool), error=str(error))
        else:
            warming = asyncio.ensure_future(_warm(reminders))
            stack.push_async_callback(_ended, warming)
        yield


async def _ended(task: asyncio.Future[None]) -> None:
    task.cancel()
    await asyncio.wait([task])


async def _warm(reminders: Reminders) -> None:
    with suppress(AgentMemoryError):
        await reminders.warm()
