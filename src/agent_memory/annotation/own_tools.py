"""The tools that this system gives to agents, by the names under which agents report their use.

What they answer is memory already, and what they are asked is a question about it: neither is indexed
again, or searching for a thing would soon find the searches for it. This is the one place that names them.

Each agent writes its MCP tools in a way of its own (mcp__agent-memory__search, agent-memory_search,
agent-memory-search, …); all of them end with the server's name and the tool's.
"""

from __future__ import annotations

import re
from functools import lru_cache

SERVER_NAME = "agent-memory"
TOOL_NAMES = ("search", "timeline", "get", "browse", "toc", "grip", "context", "remember", "status")

_NAME_CHARACTERS_MAX = 200
_BETWEEN = re.compile(r"[^a-z0-9]+")
_OWN = re.compile(rf"(?:^|_){SERVER_NAME.replace('-', '_')}_(?:{'|'.join(TOOL_NAMES)})$")


@lru_cache(maxsize=1024)
def is_own_tool(tool_name: str) -> bool:
    """Whether an event's tool is one of ours. One whose server is told apart is named ``server__tool`` first."""
    if not tool_name or len(tool_name) > _NAME_CHARACTERS_MAX:
        return False
    return _OWN.search(_BETWEEN.sub("_", tool_name.lower())) is not None
