"""A daemon listens on this machine only, and never where another one does."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from agent_memory.api.address import parse_address, parse_listen_address
from agent_memory.api.client import connect_memory
from agent_memory.api.server import serve_memory
from agent_memory.errors import AddressInUse, DaemonUnavailable, InvalidConfig
from agent_memory.testing.scripted_memory import ScriptedMemory


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("127.0.0.1:7433", "127.0.0.1:7433"),
        ("127.8.9.1:1", "127.8.9.1:1"),
        ("localhost:0", "localhost:0"),
        ("[::1]:7433", "[::1]:7433"),
        ("unix:/run/memory.sock", "unix:/run/memory.sock"),
        ("unix:///run/memory.sock", "unix:/run/memory.sock"),
    ],
)
def test_an_address_of_this_machine_is_taken(text: str, target: str) -> None:
    assert target == parse_listen_address(text).target


@pytest.mark.parametrize("text", ["0.0.0.0:7433", "[::]:7433", "192.168.1.7:7433", "example.org:7433", "126.0.0.1:1"])
def test_an_address_that_others_can_reach_is_refused(text: str) -> None:
    with pytest.raises(InvalidConfig, match="reached from other machines") as refused:
        parse_listen_address(text)

    assert "address" == refused.value.field


@pytest.mark.parametrize(
    "text", ["", "7433", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:70000", "::1:7433", "unix:", "a:b:1"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(InvalidConfig) as refused:
        parse_address(text)

    assert "address" == refused.value.field
    assert "HOST:PORT" in refused.value.hint


async def test_two_daemons_never_share_a_port() -> None:
    async with serve_memory(ScriptedMemory(), address="127.0.0.1:0") as first:
        with pytest.raises(AddressInUse, match=first.address):
            async with serve_memory(ScriptedMemory(), address=first.address):
                pass


async def test_a_port_of_another_program_is_named() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        address = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(AddressInUse, match="already in use") as refused:
            async with serve_memory(ScriptedMemory(), address=address):
                pass

    assert address == refused.value.address


async def test_a_port_is_free_again_once_its_daemon_has_ended() -> None:
    async with serve_memory(ScriptedMemory(), address="127.0.0.1:0") as first, connect_memory(first.address):
        pass
    async with serve_memory(ScriptedMemory(), address=first.address) as second:
        assert first.address == second.address


async def test_a_unix_socket_serves_its_owner_and_nobody_takes_it_over(tmp_path: Path) -> None:
    address = f"unix:{tmp_path / 'memory.sock'}"
    async with serve_memory(ScriptedMemory(), address=address), connect_memory(address) as memory:
        healthy = (await memory.status()).healthy
        mode = (tmp_path / "memory.sock").stat().st_mode & 0o777
        with pytest.raises(AddressInUse):
            async with serve_memory(ScriptedMemory(), address=address):
                pass

    assert (True, 0o600) == (healthy, mode)


async def test_nobody_at_an_address_is_told_at_once() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, and nobody listens
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(DaemonUnavailable) as refused:
            async with connect_memory(address):
                pass

    assert address == refused.value.address
    assert "agent-memory serve" in refused.value.hint
