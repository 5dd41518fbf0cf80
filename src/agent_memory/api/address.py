"""Addresses: what a daemon may listen at, and what a client may call."""

from __future__ import annotations

import errno
import ipaddress
import os
import re
import socket
import stat
from pathlib import Path

import msgspec

from agent_memory.errors import InvalidConfig

_HOST_AND_PORT = re.compile(r"(?P<host>\[[0-9A-Fa-f:.%]+\]|[^\[\]:/]+):(?P<port>\d{1,5})", re.ASCII)
_FORMS = "Write HOST:PORT with a host of this machine (127.0.0.1, [::1], localhost), or unix:PATH."
_PROBE_S = 0.5


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """A host and port, or the path of a Unix socket; ``target`` is gRPC's form of it."""

    host: str = ""
    port: int = 0
    path: str = ""

    @property
    def target(self) -> str:
        if self.path:
            return f"unix:{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def at_port(self, port: int) -> Address:
        """The same host with the port that was given out for port 0."""
        return self if self.path else Address(host=self.host, port=port)


def parse_address(text: str) -> Address:
    """Read ``HOST:PORT`` or ``unix:PATH``. Errors: `InvalidConfig`, naming ``address``."""
    if text.startswith("unix:"):
        path = text.removeprefix("unix:").removeprefix("//")
        if not path:
            raise InvalidConfig("address", text, "names no socket", hint=_FORMS)
        return Address(path=path)
    form = _HOST_AND_PORT.fullmatch(text)
    if form is None:
        raise InvalidConfig("address", text, "is no address", hint=_FORMS)
    port = int(form["port"])
    if port > 65_535:
        raise InvalidConfig("address", text, "has a port above 65,535", hint=_FORMS)
    return Address(host=form["host"].strip("[]"), port=port)


def parse_listen_address(text: str) -> Address:
    """The same for a daemon, which may listen on this machine only. Errors: `InvalidConfig`."""
    address = parse_address(text)
    if not address.path and not _is_loopback(address.host):
        raise InvalidConfig(
            "address",
            text,
            "can be reached from other machines, and the daemon does not ask who calls",
            hint=_FORMS,
        )
    return address


def problem_of_listening(address: Address) -> str:
    """Why nothing can listen there now; empty where it looks free."""
    if address.path:
        return _problem_of_socket(Path(address.path))
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As gRPC binds: an address that an ended daemon left in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address.host, address.port))
            probe.listen(1)
        except OSError as error:
            return os.strerror(error.errno) if error.errno else str(error)
    return ""


def _problem_of_socket(path: Path) -> str:
    if not path.parent.is_dir():
        return "the folder of the socket does not exist"
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return ""
    if not stat.S_ISSOCK(mode):
        return "there is a file of that name, which is no socket"
    # gRPC would replace the socket of a daemon that lives.
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(_PROBE_S)
        try:
            probe.connect(os.fspath(path))
        except OSError:
            return ""
    return os.strerror(errno.EADDRINUSE)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
