"""`agent-memory service`: the daemon as a service of this user."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from agent_memory.cli.ending import FAILED, OK
from agent_memory.cli.front import Front, front
from agent_memory.errors import Unavailable

if TYPE_CHECKING:
    from agent_memory.installation.services import Manager


class NoManager(Unavailable):
    """Nothing on this machine starts programs for this user."""

    hint = "`agent-memory serve --daemonize` starts the daemon behind, until the next restart."

    def __init__(self) -> None:
        super().__init__("there is no manager of services: neither systemd for this user, nor launchd")


@click.group("service", short_help="Start the daemon at every login.")
def command() -> None:
    """Make the daemon a service that starts at every login: of systemd (user) on Linux, of launchd on macOS."""


@command.command("install")
@front(store=False)
def install(front: Front) -> int:
    """Write the service's file, enable it, and start it unless a daemon runs already."""
    from agent_memory.daemon.control import running
    from agent_memory.installation import services

    manager = _manager()
    is_running = running(front.config.store) is not None
    services.install(manager, start=manager.is_running() or not is_running)
    return _tell(front, manager)


@command.command("uninstall")
@front(store=False)
def uninstall(front: Front) -> int:
    """End the service and remove its file."""
    from agent_memory.installation import services

    manager = _manager()
    services.uninstall(manager)
    return _tell(front, manager)


@command.command("status")
@front(store=False)
def status(front: Front) -> int:
    """Tell whether the service is there, of this release, and running. Exit code 1 if it is not running."""
    return _tell(front, _manager(), of_status=True)


def _manager() -> Manager:
    import os

    from agent_memory.installation.command import program
    from agent_memory.installation.services import manager_of

    manager = manager_of(program(os.environ), home=Path.home(), environ=os.environ)
    if manager is None:
        raise NoManager
    return manager


def _tell(front: Front, manager: Manager, *, of_status: bool = False) -> int:
    import msgspec

    from agent_memory.installation import services

    found = services.status(manager)
    if front.as_json:
        front.envelope(msgspec.to_builtins(found))
    elif not found.is_installed:
        front.out.print(f"There is no service. {manager.name} would read it from {found.path}.", soft_wrap=True)
    else:
        state = "running" if found.is_running else "not running"
        age = "" if found.is_current else "; its file is of another release or other settings"
        front.out.print(f"{found.path}: {state}{age}.", soft_wrap=True)
    return FAILED if of_status and not found.is_running else OK
