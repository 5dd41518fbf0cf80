"""The life of a daemon: open, serve, drain, close."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from agent_memory.config import Config
from agent_memory.daemon.draining import draining
from agent_memory.daemon.mcp_door import mcp_door
from agent_memory.daemon.reminding import reminding
from agent_memory.daemon.spool_report import SpoolReport
from agent_memory.daemon.wiring import open_memory
from agent_memory.local import LocalMemory

if TYPE_CHECKING:
    from agent_memory.api.server import GrpcServer


async def run_daemon(config: Config, *, on_ready: Callable[[str, str], None]) -> None:
    """Serve the store until SIGTERM or SIGINT, then drain and close it.

    *on_ready* is given the bound address once calls are answered, and the URL of MCP over HTTP.
    Errors: those of `open_memory`, `serve_memory` and `mcp_door`.
    """
    stop = asyncio.Event()
    spool = SpoolReport(config.spool)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    # A timer comes behind what is ready: the thread that opens the store has begun by then.
    loop.call_later(0, _load_server)
    try:
        async with (
            open_memory(config, spool=spool, summarises=True) as memory,
            draining(config, memory, spool),
            reminding(config, memory),
            _grpc_door(config, memory) as server,
            mcp_door(config, memory) as mcp_url,
        ):
            spare_what_stays()
            memory.announce(server.address)
            on_ready(server.address, mcp_url)
            await stop.wait()
            memory.wind_down()
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


def _load_server() -> None:
    """Import what serves, while another thread opens the store: of that, much is not the interpreter's work."""
    import agent_memory.api.server  # noqa: F401 - to be at hand


def _grpc_door(config: Config, memory: LocalMemory) -> AbstractAsyncContextManager[GrpcServer]:
    # Here, as above, and not at the top: it is loaded while the store is opened.
    from agent_memory.api.server import serve_memory

    return serve_memory(
        memory,
        address=config.address,
        message_bytes_max=config.message_bytes_max,
        drain_s=config.drain_s,
    )


def spare_what_stays() -> None:
    """Leave what was loaded until now out of every collection: it stays as long as the daemon does.

    To walk all of it takes tenths of a second, in which no thread runs. Whoever had none while loading has
    them from here on.
    """
    gc.freeze()
    gc.set_threshold(_YOUNG_MAX, *gc.get_threshold()[1:])
    gc.enable()


_YOUNG_MAX = 10_000
"""Objects that are made, beyond those let go, before the young ones are walked: a batch of events makes as many."""
