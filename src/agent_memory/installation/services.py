"""The daemon as a service of this user: simply there after every login, started again when it fails.

    systemd    ~/.config/systemd/user/agent-memory.service          Linux
    launchd    ~/Library/LaunchAgents/agent-memory.daemon.plist     macOS

Where neither runs (containers, other systems), nobody starts programs by itself, and the daemon is started
behind: `agent-memory serve --daemonize`.

Variables `AGENT_MEMORY_*` that are set at the time of installing are written into the service: it is to
serve the store that the installing shell speaks of. Source: systemd.service(5), systemd.exec(5), launchd.plist(5).
"""

from __future__ import annotations

import os
import plistlib
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import msgspec

from agent_memory.config import ENVIRONMENT_PREFIX, INTERNAL_VARIABLE
from agent_memory.errors import Unavailable
from agent_memory.installation.command import SYSTEM_PATH
from agent_memory.installation.files import Change, read, write

UNIT = "agent-memory.service"
LABEL = "agent-memory.daemon"
_CALL_TIMEOUT_S = 120.0
_NOT_OURS = (INTERNAL_VARIABLE, f"{ENVIRONMENT_PREFIX}TEST_")


class ServiceFailed(Unavailable):
    """The manager of services refused."""

    hint = "Its own words are above. `agent-memory serve --daemonize` starts the daemon without it."

    def __init__(self, command: str, told: str) -> None:
        super().__init__(f"`{command}` failed: {told}")
        self.command = command


class ServiceStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How the service is. ``manager`` is empty where nobody starts programs by itself."""

    manager: str
    path: str = ""
    is_installed: bool = False
    is_current: bool = False
    is_running: bool = False


class Manager(Protocol):
    """Who starts programs for this user."""

    name: str
    path: Path

    def text(self) -> bytes:
        """The file that describes our service."""
        ...

    def enable(self, *, start: bool) -> None:
        """Start the service at every login from now on, and now if *start*. Errors: `ServiceFailed`."""
        ...

    def disable(self) -> None:
        """End the service and start it no more. Errors: `ServiceFailed`."""
        ...

    def is_running(self) -> bool: ...


def manager_of(entry: str, *, home: Path, environ: Mapping[str, str]) -> Manager | None:
    """The manager of this machine and user, for the program *entry*; None where there is none."""
    if sys.platform == "darwin":
        return Launchd(entry, home=home, environ=environ) if shutil.which("launchctl") else None
    if shutil.which("systemctl") and _is_ok(["systemctl", "--user", "show-environment"]):
        return Systemd(entry, home=home, environ=environ)
    return None


def install(manager: Manager, *, start: bool) -> Change:
    """Write the service's file and enable it. Twice is once. Errors: `ServiceFailed`, those of `files.write`."""
    change = Change(path=manager.path, before=read(manager.path), after=manager.text())
    write(change)
    manager.enable(start=start)
    return change


def uninstall(manager: Manager) -> bool:
    """Disable the service and remove its file; whether there was one. Errors: as `install`."""
    before = read(manager.path)
    if before is None:
        return False
    manager.disable()
    write(Change(path=manager.path, before=before, after=None))
    return True


def status(manager: Manager | None) -> ServiceStatus:
    """How the service is. Changes nothing."""
    if manager is None:
        return ServiceStatus(manager="")
    found = read(manager.path)
    return ServiceStatus(
        manager=manager.name,
        path=str(manager.path),
        is_installed=found is not None,
        is_current=found == manager.text(),
        is_running=found is not None and manager.is_running(),
    )


class Systemd:
    """The user's own instance of systemd."""

    name = "systemd"

    def __init__(self, entry: str, *, home: Path, environ: Mapping[str, str]) -> None:
        configured = environ.get("XDG_CONFIG_HOME", "")
        base = Path(configured) if Path(configured).is_absolute() else home / ".config"
        self.path = base / "systemd" / "user" / UNIT
        self._entry = _absolute(entry, environ)
        self._variables = own_variables(environ)

    def text(self) -> bytes:
        lines = [
            "[Unit]",
            "Description=agent-memory: what your agents said, kept and found again",
            "",
            "[Service]",
            "Type=notify",
            f"ExecStart={_quoted(self._entry, in_command=True)} serve",
            *(f"Environment={_quoted(f'{name}={value}')}" for name, value in self._variables.items()),
            "Restart=on-failure",
            "RestartSec=2",
            # A store that was not closed is read to its end first.
            "TimeoutStartSec=300",
            "TimeoutStopSec=90",
            # Not the programs that word the contents at once: the daemon has time for them to end.
            "KillMode=mixed",
            "",
            "[Install]",
            "WantedBy=default.target",
            "",
        ]
        return "\n".join(lines).encode()

    def enable(self, *, start: bool) -> None:
        _call(["systemctl", "--user", "daemon-reload"])
        _call(["systemctl", "--user", "enable", UNIT])
        if start:
            _call(["systemctl", "--user", "restart", UNIT])

    def disable(self) -> None:
        _call(["systemctl", "--user", "disable", "--now", UNIT])

    def is_running(self) -> bool:
        return _is_ok(["systemctl", "--user", "--quiet", "is-active", UNIT])


class Launchd:
    """The user's agents of launchd."""

    name = "launchd"

    def __init__(self, entry: str, *, home: Path, environ: Mapping[str, str]) -> None:
        self.path = home / "Library" / "LaunchAgents" / f"{LABEL}.plist"
        self._entry = _absolute(entry, environ)
        self._variables = own_variables(environ)
        self._log = home / "Library" / "Logs" / "agent-memory.log"
        self._domain = f"gui/{os.getuid()}"

    def text(self) -> bytes:
        about: dict[str, object] = {
            "Label": LABEL,
            "ProgramArguments": [self._entry, "serve"],
            "RunAtLoad": True,
            # Again after a failure, but not after `agent-memory stop`.
            "KeepAlive": {"SuccessfulExit": False},
            "ProcessType": "Background",
            "StandardErrorPath": str(self._log),
            "EnvironmentVariables": {"PATH": SYSTEM_PATH, **self._variables},
        }
        return plistlib.dumps(about, sort_keys=False)

    def enable(self, *, start: bool) -> None:
        # It knows a changed file only when it is told of it anew. Without *start* the next login loads it.
        if start:
            _is_ok(["launchctl", "bootout", f"{self._domain}/{LABEL}"])
            _call(["launchctl", "bootstrap", self._domain, str(self.path)])

    def disable(self) -> None:
        _is_ok(["launchctl", "bootout", f"{self._domain}/{LABEL}"])

    def is_running(self) -> bool:
        return _is_ok(["launchctl", "print", f"{self._domain}/{LABEL}"])


def own_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that are settings of ours, in order of their names."""
    return {
        name: environ[name]
        for name in sorted(environ)
        if name.startswith(ENVIRONMENT_PREFIX) and not name.startswith(_NOT_OURS) and _is_plain(environ[name])
    }


def _is_plain(value: str) -> bool:
    return not any(ord(sign) < 0x20 or 0xD800 <= ord(sign) < 0xE000 for sign in value)


def _absolute(entry: str, environ: Mapping[str, str]) -> str:
    """The path of a bare name: managers look programs up in places of their own."""
    return shutil.which(entry, path=SYSTEM_PATH) or shutil.which(entry, path=environ.get("PATH", "")) or entry


def _quoted(text: str, *, in_command: bool = False) -> str:
    """As a unit file has it: `%` starts a specifier, and in a command `$` a variable."""
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{text.replace("$", "$$")}"' if in_command else f'"{text}"'


def _call(command: list[str]) -> None:
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", timeout=_CALL_TIMEOUT_S
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ServiceFailed(" ".join(command), str(error)) from error
    if done.returncode:
        told = (done.stderr or done.stdout).strip() or f"exit code {done.returncode}"
        raise ServiceFailed(" ".join(command), told)


def _is_ok(command: list[str]) -> bool:
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
