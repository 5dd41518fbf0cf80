"""agent-memory: an append-only log of conversations with a time-ordered table of contents.

    import agent_memory
    from agent_memory import Draft, Kind

    with agent_memory.open("~/memory") as memory:
        memory.append(Draft(kind=Kind.USER_MESSAGE, session="s1", text="We ship on Friday."))

`open` owns a store in this process, `connect` speaks to a daemon; both give the same `Memory`:
``async with`` for coroutines, ``with`` for plain calls.
"""

from __future__ import annotations

TYPE_CHECKING = False  # As in `typing`, which takes half as long to import as Python takes to start.
if TYPE_CHECKING:
    from os import PathLike

    from agent_memory.errors import AgentMemoryError
    from agent_memory.events import Draft, Event, Kind, Receipt, Recorded, Role
    from agent_memory.memory import Filter, Memory
    from agent_memory.retrieval.model import SearchOptions
    from agent_memory.sync import Opening, SyncMemory

__version__ = "0.1.0"

__all__ = [
    "AgentMemoryError",
    "Draft",
    "Event",
    "Filter",
    "Kind",
    "Memory",
    "Opening",
    "Receipt",
    "Recorded",
    "Role",
    "SearchOptions",
    "SyncMemory",
    "connect",
    "open",
]

if not TYPE_CHECKING:
    # Where each name is found when it is first asked for: importing the package does no work, which
    # is most of the time that a short command takes.
    _ROOMS = {
        "AgentMemoryError": "errors",
        "Draft": "events",
        "Event": "events",
        "Filter": "memory",
        "Kind": "events",
        "Memory": "memory",
        "Opening": "sync",
        "Receipt": "events",
        "Recorded": "events",
        "Role": "events",
        "SearchOptions": "retrieval.model",
        "SyncMemory": "sync",
    }

    def __getattr__(name: str) -> object:
        if name not in _ROOMS:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        value: object = getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})


def open(path: str | PathLike[str] | None = None, **settings: object) -> Opening:
    """A store in this process; created where there is none.

    *path* defaults to the setting ``store``; further *settings* are those of
    `agent-memory config show`, by name. Errors, on entering: `StoreLocked`, `InvalidConfig`,
    `UnknownFormat`.
    """
    from agent_memory.config import load_config
    from agent_memory.daemon.wiring import open_memory
    from agent_memory.sync import Opening

    flags = dict(settings) if path is None else {"store": path, **settings}
    return Opening(open_memory(load_config(flags=flags)))


def connect(address: str | None = None, *, timeout_s: float = 30.0, retry_s: float = 5.0) -> Opening:
    """The store of the daemon at *address*, by default the setting ``address``.

    *timeout_s* is the deadline of each call; one that fails on the way, as when the daemon starts
    anew, is repeated for up to *retry_s*. Errors, on entering: `DaemonUnavailable`.
    """
    from agent_memory.api.client import connect_memory
    from agent_memory.config import load_config
    from agent_memory.sync import Opening

    return Opening(connect_memory(address or load_config().address, timeout_s=timeout_s, retry_s=retry_s))
