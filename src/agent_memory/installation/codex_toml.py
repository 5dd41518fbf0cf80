"""Codex keeps its MCP servers in TOML: our table there, as text. Pure functions.

    [mcp_servers.agent-memory]
    command = "/home/me/.local/bin/agent-memory"
    args = ["mcp"]

The table goes to the end, where any document takes one, and nothing else is touched. That each edit
changes our table alone is checked by reading the result.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from typing import Any

from agent_memory.installation.command import is_own_program
from agent_memory.installation.jsonc import InvalidSettings

SERVERS = "mcp_servers"
NAME = "agent-memory"

_OURS = re.compile(r"^[ \t]*\[[ \t]*mcp_servers[ \t]*\.[ \t]*[\"']?agent-memory[\"']?[ \t]*\]", re.MULTILINE)
_HEADER = re.compile(r"^[ \t]*\[", re.MULTILINE)


def merged(text: str, server: Mapping[str, Any], *, name: str) -> str:
    """*text* with our table as it should be. Errors: `InvalidSettings`, the file called by *name*."""
    found = _server(_read(text, name))
    if found == dict(server) or (found is not None and not _is_own(found)):
        return text
    base = without_ours(text, name=name)
    line_end = "\r\n" if "\r\n" in base else "\n"
    lines = [f"[{SERVERS}.{NAME}]", *(f"{key} = {_value(value)}" for key, value in server.items()), ""]
    gap = "" if not base.strip() else line_end if base.endswith("\n") else line_end * 2
    return _verified(base + gap + line_end.join(lines), {**_servers(_read(base, name)), NAME: dict(server)}, base, name)


def without_ours(text: str, *, name: str) -> str:
    """*text* without our table, and without the blank line that was put before it. Errors: `InvalidSettings`."""
    data = _read(text, name)
    found = _server(data)
    if found is None or not _is_own(found):
        return text
    others = {key: value for key, value in _servers(data).items() if key != NAME}
    for header in _OURS.finditer(text):
        following = _HEADER.search(text, header.end())
        end = following.start() if following else len(text)
        for begin in (_before_blank_line(text, header.start()), header.start()):
            shorter = text[:begin] + text[end:]
            try:
                return _verified(shorter, others, text, name)
            except InvalidSettings:
                continue
    problem = f"the table {SERVERS}.{NAME} is written in a way that cannot be taken out; take it out by hand"
    raise InvalidSettings(name, NAME, problem)


def foreign_server(text: str) -> bool:
    """Whether another program's MCP server has our name."""
    try:
        found = _server(tomllib.loads(text))
    except tomllib.TOMLDecodeError:
        return False
    return found is not None and not _is_own(found)


def _read(text: str, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidSettings(name, text[:40], f"it is not TOML: {error}") from None


def _servers(data: Mapping[str, Any]) -> dict[str, Any]:
    servers = data.get(SERVERS, {})
    return servers if isinstance(servers, dict) else {}


def _server(data: Mapping[str, Any]) -> Any:
    return _servers(data).get(NAME)


def _is_own(server: Any) -> bool:
    return isinstance(server, dict) and is_own_program(server.get("command")) and "mcp" in server.get("args", ())


def _verified(text: str, servers: Mapping[str, Any], before: str, name: str) -> str:
    """*text*, if it says what was said before but for the servers. Errors: `InvalidSettings`."""
    expected = {key: value for key, value in _read(before, name).items() if key != SERVERS}
    found = _read(text, name)
    rest = {key: value for key, value in found.items() if key != SERVERS}
    if rest != expected or _servers(found) != dict(servers):
        raise InvalidSettings(name, NAME, f"{SERVERS} is written in a way that our table cannot be added to")
    return text


def _value(value: Any) -> str:
    # Of texts and lists of texts, JSON is TOML, but for characters beyond ASCII that it would escape in pairs.
    return json.dumps(value, ensure_ascii=False)


def _before_blank_line(text: str, at: int) -> int:
    for blank in ("\r\n", "\n"):
        if text[:at].endswith(blank * 2):
            return at - len(blank)
    return at
