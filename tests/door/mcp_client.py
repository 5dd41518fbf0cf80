"""How the tests of MCP ask: the SDK's own client, over pipes and over HTTP, and bare requests."""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request
from typing import Any

from mcp import Client, StdioServerParameters
from mcp_types import Implementation

from agent_memory.testing.daemon import DaemonProcess

INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "bare", "version": "1"},
    },
}


def over_http(daemon: DaemonProcess, **settings: Any) -> Client:
    """A client of the SDK, connected as an agent connects."""
    return Client(daemon.mcp_url, read_timeout_seconds=60, **settings)


def command(*flags: str, **environment: str) -> StdioServerParameters:
    """What an agent is configured with, and the variables of this process."""
    arguments = ["-m", "agent_memory.cli", "mcp", *flags]
    return StdioServerParameters(command=sys.executable, args=arguments, env={**os.environ, **environment})


def named(name: str) -> Implementation:
    """What a client calls itself."""
    return Implementation(name=name, version="1")


async def use(client: Client, tool: str, **given: Any) -> dict[str, Any]:
    """The answer of a tool for programs; the text for a model says something, too. It must not be an error.

    The client checks it against the tool's schema.
    """
    result: Any = await client.call_tool(tool, given)
    assert not result.is_error, result.content[0].text
    assert result.content[0].text.strip()
    found: dict[str, Any] = result.structured_content
    return found


async def text_of(client: Client, tool: str, **given: Any) -> str:
    """The answer of a tool as a model reads it."""
    result: Any = await client.call_tool(tool, given)
    assert not result.is_error, result.content[0].text
    text: str = result.content[0].text
    return text


async def refusal(client: Client, tool: str, **given: Any) -> str:
    """What a tool says of a call that is wrong."""
    result: Any = await client.call_tool(tool, given)
    assert result.is_error, result.content[0].text
    text: str = result.content[0].text
    return text


def post(url: str, body: object, headers: dict[str, str]) -> tuple[int, dict[str, str], Any]:
    """Status, headers and answer of a bare request."""
    raw = json.dumps(body).encode()
    told = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream", **headers}
    request = urllib.request.Request(url, data=raw, headers=told, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            text = response.read()
            return response.status, dict(response.headers), json.loads(text) if text else None
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read()
