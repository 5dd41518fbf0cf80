"""What a call of a tool is given and gives, and what becomes of its errors."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from agent_memory.errors import (
    AgentMemoryError,
    DaemonUnavailable,
    DeadlineExceeded,
    Invalid,
    UnknownEvent,
    UnknownGrip,
    UnknownNode,
    UnknownSession,
    ViewBehind,
)
from agent_memory.mcp.answers import Answer
from agent_memory.mcp.arguments import MISSING
from agent_memory.mcp.lines import Clock
from agent_memory.mcp.notes import NoteRules
from agent_memory.memory import Memory

CURSOR_HINT = "Pass next_cursor of the answer before, all else as it was; or leave it out to begin anew."


class Client(msgspec.Struct, frozen=True):
    """Who calls: the agent's own name for itself, and which of its conversations with this server it is."""

    name: str = ""
    conversation: str = ""


def new_conversation() -> str:
    """A name for a conversation that no other has."""
    return secrets.token_hex(16)


class Reply(msgspec.Struct, frozen=True):
    """An answer for programs, and the same for a model to read."""

    answer: Answer
    text: str


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """What a tool works with."""

    memory: Memory
    client: Client
    rules: NoteRules

    async def clock(self) -> Clock:
        """The store's local time."""
        return Clock((await self.memory.status()).time_zone)


Run = Callable[[Call, Any], Awaitable[Reply]]


# What an error advises, in words of these tools. By the words: an error with better ones of its own keeps them.
_HINTS = {
    UnknownEvent.hint: "Take ids from `search`, `timeline` or `browse`.",
    UnknownNode.hint: "Call `toc` without a node, and go down from there.",
    UnknownSession.hint: "Take session ids from `timeline` or `get`; or leave it out.",
    UnknownGrip.hint: "Take grip ids from the bullets of `toc` or the citations of `context`.",
    DaemonUnavailable.hint: "The user can run `agent-memory serve --daemonize`; until then, go on without memory.",
    DeadlineExceeded.hint: "Ask for less, or call again; if that does not help, go on without memory.",
    ViewBehind.hint: "Call again in a moment.",
    Invalid.hint: "Correct it and call again.",
}
_NAMES = {"page_token": "cursor", "page_size": "limit", "token_budget": "budget", "node_id": "node"}


def advice(error: AgentMemoryError) -> str:
    """What is wrong, where, and how to mend the call."""
    problem, hint = str(error), _HINTS.get(error.hint, error.hint)
    if isinstance(error, Invalid):
        # Fields of the interface behind these tools, by the names that they have here.
        field = error.field.removeprefix("filter.")
        name = _NAMES.get(field, field)
        found = "" if error.problem == MISSING else f" (found {error.found})"
        problem = f"{name}: {error.problem.replace('filter.', '')}{found}"
        hint = CURSOR_HINT if name == "cursor" else hint
    return f"{problem}. {hint}" if hint else problem
