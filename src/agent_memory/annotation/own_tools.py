"""The tools that this system gives to agents, by the names under which agents report their use.

What they answer is memory already, and what they are asked is a question about it: neither is indexed
again, or searching for a thing would soon find the searches for it. This is the one place that names them.

Each agent writes its MCP tools in a way of its own (mcp__agent-memory__search, agent-memory_search,
agent-memory-search, …); they end with the server's name and the tool's. Those that tell the server apart, by
its name or by the command that starts it, have it in an event's metadata as `mcp_server`.

An agent can run our command line, too. What that prints as text is marked by itself where an agent runs it
(`cli.marking`); its envelopes of JSON are known by how they begin, and the call by the command's name.
"""

from __future__ import annotations

import re
from functools import lru_cache

SERVER_NAME = "agent-memory"
SERVER_FIELD = "mcp_server"
TOOL_NAMES = ("search", "timeline", "get", "browse", "toc", "grip", "context", "remember", "status")

COMMANDS = (
    "toc",
    "browse",
    "search",
    "events",
    "timeline",
    "show",
    "grip",
    "context",
    "summarise",
    "summaries versions",
)
"""The commands that print what was said."""

_NAME_CHARACTERS_MAX = 200
_BETWEEN = re.compile(r"[^a-z0-9]+")
_SERVER = SERVER_NAME.replace("-", "_")
_OWN = re.compile(rf"(?:^|_){_SERVER}_(?:{'|'.join(TOOL_NAMES)})$")


@lru_cache(maxsize=1024)
def is_own_tool(tool_name: str, server: str = "") -> bool:
    """Whether an event's tool is one of ours; *server* is what its agent tells of where the tool is from."""
    if not tool_name or len(tool_name) > _NAME_CHARACTERS_MAX:
        return False
    name = _BETWEEN.sub("_", tool_name.lower())
    if server and _SERVER in _BETWEEN.sub("_", server[:_NAME_CHARACTERS_MAX].lower()):
        name = f"{_SERVER}_{name}"
    return _OWN.search(name) is not None


_COMMAND = re.compile(
    rf"^(?:[^\n]{{0,200}}?[\s;&|(/])?{SERVER_NAME} (?:{'|'.join(COMMANDS)})(?![\w.-])[^\n]*", re.MULTILINE
)
_ENVELOPE = re.compile(rf'^\{{\n  "version": \d+,\n  "command": "(?:{"|".join(COMMANDS)})",\n', re.MULTILINE)
_ENVELOPE_END = re.compile(r"^\}$", re.MULTILINE)


def own_commands(text: str) -> list[tuple[int, int]]:
    """The lines of a tool's call that run a command of ours which prints what was said."""
    if SERVER_NAME not in text:
        return []
    return [found.span() for found in _COMMAND.finditer(text)]


def own_envelopes(text: str) -> list[tuple[int, int]]:
    """What such commands have printed as JSON, in what a tool gave back; one that is cut off goes on to the end."""
    spans: list[tuple[int, int]] = []
    at = 0
    while found := _ENVELOPE.search(text, at):
        ended = _ENVELOPE_END.search(text, found.end())
        at = ended.end() if ended else len(text)
        spans.append((found.start(), at))
    return spans
