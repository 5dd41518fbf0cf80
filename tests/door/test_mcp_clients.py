"""Agents come and go, call at once, give up and lose their daemon: none of it is in another's way."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from contextlib import suppress
from pathlib import Path

import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp_types import PromptReference

from agent_memory.annotation.own_tools import TOOL_NAMES
from agent_memory.testing.daemon import DaemonProcess
from tests.door.mcp_client import INITIALIZE, command, over_http, post, refusal, use

pytestmark = pytest.mark.usefixtures("without_model")

# -- pipes ----------------------------------------------------------------------------------------


async def test_without_a_daemon_the_tools_are_there_and_say_so_and_find_the_one_that_is_started(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    started = time.monotonic()
    async with Client(command("--address", address), read_timeout_seconds=60) as client:
        tools = (await client.list_tools()).tools
        took_s = time.monotonic() - started
        told = await refusal(client, "search", query="kayak")
        with pytest.raises(MCPError, match="agent-memory serve"):
            await client.list_resources()
        with DaemonProcess(tmp_path / "store", flags=("--address", address)):
            standing = await use(client, "status")
    print(f"started in {took_s:.2f} s")

    assert len(TOOL_NAMES) == len(tools)
    assert told.startswith(f"no daemon answers at {address}: connection refused. ")
    assert "agent-memory serve" in told
    assert 0 == standing["events"]


async def test_a_call_that_is_given_up_and_a_daemon_that_dies_end_no_more_than_that_call(tmp_path: Path) -> None:
    """The daemon hangs, one call is cancelled and another one asks on; then it is killed, and later is there again."""
    store = tmp_path / "store"
    with DaemonProcess(store) as daemon:
        async with Client(command("--address", daemon.address), read_timeout_seconds=60) as client:
            await use(client, "status")
            os.kill(daemon.pid, signal.SIGSTOP)
            given_up = asyncio.create_task(client.call_tool("search", {"query": "kayak"}))
            # Messages are read in their order: what is answered came after the call.
            await client.list_prompts()
            given_up.cancel()
            with suppress(asyncio.CancelledError):
                await given_up
            prompts = (await client.list_resource_templates()).resource_templates
            asking = asyncio.create_task(refusal(client, "search", query="kayak"))
            await client.complete(PromptReference(name="recall"), {"name": "topic", "value": ""})
            daemon.kill()
            told = await asking
            with DaemonProcess(store, flags=("--address", daemon.address)):
                standing = await use(client, "status")

    assert 2 == len(prompts)
    assert f"no daemon answers at {daemon.address}" in told
    assert "go on without memory" in told
    assert standing["healthy"]


async def test_several_agents_ask_at_once(daemon: DaemonProcess) -> None:
    """Over pipes and over HTTP, with a session and without; each is answered with what it asked for."""
    clients = [Client(command("--address", daemon.address), read_timeout_seconds=60)]
    clients += [over_http(daemon, mode=mode) for mode in ("legacy", "auto") for _ in range(3)]

    async def work(number: int, client: Client) -> list[str]:
        async with client:
            kept = await use(client, "remember", text=f"Buoy {number} is painted yellow.")
            asked = [use(client, "get", ids=[kept["id"]]) for _ in range(5)]
            return [one["text"] for answer in await asyncio.gather(*asked) for one in answer["events"]]

    told = await asyncio.gather(*(work(number, client) for number, client in enumerate(clients)))

    assert [[f"Buoy {number} is painted yellow."] * 5 for number in range(len(clients))] == told


async def test_who_works_for_the_memory_itself_is_offered_no_way_to_write(daemon: DaemonProcess) -> None:
    async with Client(command("--address", daemon.address, AGENT_MEMORY_INTERNAL="1")) as client:
        tools = [tool.name for tool in (await client.list_tools()).tools]
        told = await refusal(client, "remember", text="tea")
        standing = await use(client, "status")

    assert "remember" not in tools
    assert "AGENT_MEMORY_INTERNAL" in told
    assert standing["healthy"]


async def test_a_store_is_served_without_a_daemon(tmp_path: Path) -> None:
    async with Client(command("--store", str(tmp_path / "store")), read_timeout_seconds=60) as client:
        kept = await use(client, "remember", text="The kettle is blue.")
        got = await use(client, "get", ids=[kept["id"]])

    assert "The kettle is blue." == got["events"][0]["text"]


# -- http -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, 200),
        ({"Origin": "http://localhost:3000"}, 200),
        ({"Host": "evil.example"}, 421),
        ({"Origin": "https://evil.example"}, 403),
        ({"Content-Type": "text/plain"}, 400),
    ],
)
def test_only_this_machine_is_let_in(daemon: DaemonProcess, headers: dict[str, str], expected: int) -> None:
    assert expected == post(daemon.mcp_url, INITIALIZE, headers)[0]


def test_a_client_goes_on_with_the_daemon_that_took_the_place_of_another(daemon: DaemonProcess, tmp_path: Path) -> None:
    """Its session was opened at the first one; it is not asked to begin anew, and its name is known."""
    _, headers, _ = post(daemon.mcp_url, INITIALIZE, {})
    session = {name.lower(): value for name, value in headers.items()}["mcp-session-id"]
    with DaemonProcess(tmp_path / "store") as other:
        url = other.mcp_url
        headers = {"Mcp-Session-Id": session, "MCP-Protocol-Version": "2025-11-25"}
        call = {"jsonrpc": "2.0", "id": 2, "method": "tools/call"}
        status, _, kept = post(url, {**call, "params": {"name": "remember", "arguments": {"text": "tea"}}}, headers)
        arguments = {"ids": [kept["result"]["structuredContent"]["id"]]}
        _, _, got = post(url, {**call, "params": {"name": "get", "arguments": arguments}}, headers)

    assert 200 == status
    assert session.partition(".")[2]
    assert f"mcp/{session.partition('.')[0]}" == got["result"]["structuredContent"]["events"][0]["session"]


def test_a_chosen_address_that_is_taken_stops_the_daemon_and_the_default_one_does_not(
    daemon: DaemonProcess, tmp_path: Path
) -> None:
    taken = daemon.mcp_url.removeprefix("http://").removesuffix("/mcp")
    with (
        pytest.raises(RuntimeError, match="ADDRESS_IN_USE"),
        DaemonProcess(tmp_path / "store", flags=("--mcp-address", taken)),
    ):
        pass
    with DaemonProcess(tmp_path / "store", flags=("--mcp-address", "")) as other:
        assert "" == other.mcp_url
