"""Having a daemon: one that runs already, a service, or one that is started behind; and whether it is the right one."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from agent_memory.cli.ending import hint_of
from agent_memory.cli.front import Front
from agent_memory.cli.own_command import run_own
from agent_memory.errors import AgentMemoryError
from agent_memory.installation import services
from agent_memory.installation.agents import Scope
from agent_memory.memory import Status

if TYPE_CHECKING:
    from agent_memory.daemon.control import Holder

_START_S = 60.0
_STATUS_S = 10.0
_NO_MANAGER = (
    "Nothing on this machine starts programs at login (no systemd for this user, no launchd): after a restart, run "
    "`agent-memory serve --daemonize`."
)


class DaemonState(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the daemon."""

    state: Literal["running", "started", "service", "absent", "stopped", "failed"]
    told: str
    address: str = ""

    @property
    def takes_in(self) -> bool:
        """Whether it takes in what it is told, where the settings say."""
        return self.state in ("running", "started", "service")


def status_where_set(front: Front) -> Status:
    """What the daemon at the address of the settings says. Errors: `DaemonUnavailable`, `TimeoutError`."""

    async def ask() -> Status:
        async with asyncio.timeout(_STATUS_S), front.memory() as memory:
            return await memory.status()

    return asyncio.run(ask())


def other_version(status: Status) -> str:
    """The release of a daemon that is not this program's; empty where they are the same."""
    from agent_memory import __version__

    return "" if status.version == __version__ else status.version


class DaemonStart:
    """Has a daemon for the settings of one command, which calls the program *entry*."""

    def __init__(self, front: Front, scope: Scope, entry: str) -> None:
        self._front = front
        self._scope = scope
        self._entry = entry

    def as_it_is(self) -> DaemonState:
        """Start none; tell whether one runs."""
        holder = self._holder()
        if holder is not None:
            return self._checked(DaemonState(state="running", told="The daemon runs already.", address=holder.address))
        told = "No daemon runs. `agent-memory serve --daemonize` starts it; until then, what hooks are told is kept."
        return DaemonState(state="absent", told=told)

    def have(self) -> DaemonState:
        """Have one, now and after the next login."""
        holder = self._holder()
        manager = services.manager_of(self._entry, home=self._scope.home, environ=self._scope.environ)
        try:
            if manager is not None:
                return self._checked(self._as_service(manager, holder))
            if holder is not None:
                told = f"The daemon runs already (process {holder.pid}). {_NO_MANAGER}"
                return self._checked(DaemonState(state="running", told=told, address=holder.address))
            return self._behind(_NO_MANAGER)
        except AgentMemoryError as error:
            told = f"The daemon could not be started: {error}. {hint_of(error, 'install', own_store=False)}"
            return DaemonState(state="failed", told=told)

    def _holder(self) -> Holder | None:
        from agent_memory.daemon.control import running

        return running(self._front.config.store)

    def _as_service(self, manager: services.Manager, holder: Holder | None) -> DaemonState:
        from agent_memory.daemon.control import NotServing, wait_until_serving

        # One that was started by hand has the store open, and keeps it until it is stopped.
        by_hand = holder is not None and not manager.is_running()
        try:
            again = not by_hand and (not services.status(manager).is_current or self._is_other_version())
            change = services.install(manager, start=holder is None or again)
            if not by_hand:
                wait_until_serving(self._front.config.store, timeout_s=_START_S)
        except (services.ServiceFailed, NotServing) as error:
            why = f"As a service it did not start: {error}."
            if holder is not None:
                told = f"The daemon runs already. {why}"
                return DaemonState(state="running", told=told, address=holder.address)
            return self._behind(why)
        how = "is a service already" if change.is_none else "is a service now"
        told = f"The daemon {how} ({manager.name}: {manager.path}) and starts at every login."
        if by_hand:
            told += " The one that runs was started by hand; the service takes over at the next login."
        return DaemonState(state="service", told=told)

    def _is_other_version(self) -> bool:
        try:
            return bool(other_version(status_where_set(self._front)))
        except (AgentMemoryError, TimeoutError):
            return False

    def _behind(self, why: str) -> DaemonState:
        done = run_own(self._front, "serve", "--daemonize", "--json", capture=True)
        try:
            answer = json.loads(done.stdout)
        except ValueError:
            return DaemonState(state="failed", told=f"The daemon could not be started: {done.stderr.strip()}")
        if answer["error"] is not None:
            told = f"The daemon could not be started: {answer['error']['message']}. {answer['error']['hint']}"
            return DaemonState(state="failed", told=told)
        address = answer["data"]["address"]
        told = f"The daemon was started behind, at {address}; its log is {answer['data']['log']}. {why}"
        return DaemonState(state="started", told=told, address=address)

    def _checked(self, found: DaemonState) -> DaemonState:
        """The same, if agents find the daemon where the settings say, and it is of this release."""
        config = self._front.config
        at = f" at {found.address}" if found.address else ""
        try:
            status = status_where_set(self._front)
        except (AgentMemoryError, TimeoutError):
            told = (
                f"The daemon runs{at} and does not answer at {config.address}, where agents and commands ask. "
                "Set `address` to where it is, or run `agent-memory stop` and this command again."
            )
            return msgspec.structs.replace(found, state="failed", told=told)
        if Path(status.store_path) != config.store:
            told = (
                f"The daemon of {config.store} runs{at}, and at {config.address}, where agents and commands ask, that "
                f"of {status.store_path}. Give the two addresses of their own."
            )
            return msgspec.structs.replace(found, state="failed", told=told)
        if version := other_version(status):
            told = (
                f"{found.told} It is still of release {version}: "
                "`agent-memory stop` and `agent-memory serve --daemonize` start this one."
            )
            return msgspec.structs.replace(found, told=told)
        return found
