"""What is let in over HTTP, before the SDK sees it; and who it is."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agent_memory.errors import AddressInUse
from agent_memory.mcp.http import (
    _again,
    _client_of,
    _is_here,
    _opening_client,
    _read,
    _refused,
    _with_session,
    serve_http,
)
from agent_memory.mcp.notes import NoteRules
from agent_memory.testing.scripted_memory import ScriptedMemory

HERE = ["127.0.0.1:7434", "localhost:7434", "LOCALHOST", "[::1]:7434", "[::1]", "127.0.0.1"]
ELSEWHERE = ["", "evil.example", "evil.example:7434", "127.0.0.1.evil.example:80", "localhost:80:90", "127.0.0.1:x"]
ELSEWHERE += ["[::1", "[::2]:80", "localhost.evil:1", "127.0.0.1:", " 127.0.0.1:1"]


@pytest.mark.parametrize("host", HERE)
def test_this_machine_s_names_are_let_in(host: str) -> None:
    assert _is_here(host)


@pytest.mark.parametrize("host", ELSEWHERE)
def test_any_other_host_is_refused(host: str) -> None:
    """A page whose name was made to lead here still sends its own name."""
    assert not _is_here(host)
    assert 421 == _refused("POST", "/mcp", {b"host": host.encode()})[0]  # type: ignore[index]


@pytest.mark.parametrize(
    ("method", "path", "headers", "expected"),
    [
        ("POST", "/mcp", {}, None),
        ("POST", "/mcp/", {b"origin": b"http://localhost:3000"}, None),
        ("POST", "/mcp", {b"origin": b"https://evil.example"}, 403),
        ("POST", "/mcp", {b"origin": b"null"}, 403),
        ("POST", "/mcp", {b"origin": b"file://localhost"}, 403),
        ("POST", "/", {}, 404),
        ("GET", "/mcp", {}, 405),
        ("DELETE", "/mcp", {}, 405),
        ("OPTIONS", "/mcp", {b"origin": b"http://evil.example"}, 403),
    ],
)
def test_what_is_not_a_call_is_refused(
    method: str, path: str, headers: dict[bytes, bytes], expected: int | None
) -> None:
    refused = _refused(method, path, {b"host": b"127.0.0.1:7434", **headers})

    assert expected == (None if refused is None else refused[0])


@pytest.mark.parametrize("name", ["claude-code", "", "Зелёный чай", "x" * 500, "\udc00"])
async def test_a_session_id_tells_who_it_was_given_to(name: str) -> None:
    """Nothing is kept here between two requests: the client brings it back."""
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    await _with_session(send, name)({"type": "http.response.start", "status": 200, "headers": []})
    value = dict(sent[0]["headers"])[b"mcp-session-id"].decode()
    client = _client_of(_Asked({"mcp-session-id": value}))

    assert name[:60].encode("utf-8", "replace").decode() == client.name
    assert 32 == len(client.conversation)
    assert value.isascii()
    assert " " not in value


@pytest.mark.parametrize("value", ["", "x", "." * 40, "é" * 32, "a" * 32 + ".***", "a" * 31 + "."])
def test_any_session_id_is_taken(value: str) -> None:
    """One of another server, or of none, opens no error: it only tells nobody."""
    client = _client_of(_Asked({"mcp-session-id": value}))

    assert "" == client.name


async def test_a_session_is_opened_by_initialize_alone() -> None:
    opening = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"clientInfo": {"name": "tester"}}}
    other = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"arguments": {"query": "initialize"}}}
    names = []
    for body in (opening, other, [], "initialize"):
        raw = json.dumps(body).encode()
        begun = await _read(_Receiving([raw[:9], raw[9:]]))
        names.append(_opening_client(begun))

    assert ["tester", None, None, None] == names


async def test_what_was_read_of_a_request_is_read_again() -> None:
    parts = [b"x" * 40_000, b"y" * 40_000, b"z" * 10]
    receiving = _Receiving(parts)
    receive = _again(await _read(receiving), receiving)
    read = [(await receive())["body"] for _ in parts]

    assert parts == read


async def test_a_port_that_is_taken_is_an_error_with_the_address() -> None:
    rules = NoteRules(Path("/nowhere"))
    async with serve_http(ScriptedMemory(), address="127.0.0.1:0", drain_s=1, rules=rules) as door:
        with pytest.raises(AddressInUse) as refused:
            async with serve_http(ScriptedMemory(), address=door.address, drain_s=1, rules=rules):
                pass

    assert door.address == refused.value.address


async def test_who_connects_while_it_is_being_loaded_is_no_reason_to_hang() -> None:
    """Closing waits for the loading, and for nothing else."""
    async with asyncio.timeout(30):
        async with serve_http(ScriptedMemory(), address="127.0.0.1:0", drain_s=1, rules=NoteRules(Path("/x"))) as door:
            host, _, port = door.address.rpartition(":")
            _, writer = await asyncio.open_connection(host, int(port))
        writer.close()


LAZY = """
import sys
{}
print([name for name in ("mcp", "mcp_types", "uvicorn", "starlette", "pydantic") if name in sys.modules])
"""


@pytest.mark.parametrize(
    "loading",
    [
        "import agent_memory.daemon, agent_memory.api.server, agent_memory.cli.serve",
        "import agent_memory.cli.app as app\nfor name in app.COMMANDS: app.commands.get_command(None, name)",
    ],
)
def test_neither_a_daemon_s_start_nor_any_command_loads_the_sdk(loading: str) -> None:
    told = subprocess.run([sys.executable, "-c", LAZY.format(loading)], capture_output=True, text=True, check=True)

    assert "[]" == told.stdout.strip()


class _Asked:
    """A request with these headers, of a client that told nothing else."""

    def __init__(self, headers: dict[str, str]) -> None:
        self.request = self
        self.headers = headers
        self.session = self
        self.client_params = None


class _Receiving:
    """A body in parts."""

    def __init__(self, parts: list[bytes]) -> None:
        self._parts = list(parts)

    async def __call__(self) -> dict[str, Any]:
        body = self._parts.pop(0) if self._parts else b""
        return {"type": "http.request", "body": body, "more_body": bool(self._parts)}
