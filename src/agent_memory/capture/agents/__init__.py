"""The hooks of each agent: one file per agent, each a pure function from a payload to what it tells.

    parse(payload, received_ms, cwd) -> list[Captured]

*received_ms* is when the hook got the payload, *cwd* where it ran. What no event can be made of is
kept as one of kind `other`, its raw text and all: a parser never refuses and nothing is a user's
message but what a user said.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from agent_memory.capture.agents import claude_code, codex, copilot, cursor, gemini, opencode
from agent_memory.capture.agents.common import kept_as_other
from agent_memory.capture.model import Agent, Captured
from agent_memory.capture.payloads import RAW

__all__ = ["PARSERS", "Parser", "captured_of"]

Parser = Callable[[Mapping[str, Any], int, str], list[Captured]]

PARSERS: dict[Agent, Parser] = {
    Agent.CLAUDE_CODE: claude_code.parse,
    Agent.CODEX: codex.parse,
    Agent.GEMINI: gemini.parse,
    Agent.COPILOT: copilot.parse,
    Agent.OPENCODE: opencode.parse,
    Agent.CURSOR: cursor.parse,
}


def captured_of(agent: Agent, payload: Mapping[str, Any], *, received_ms: int, cwd: str = "") -> list[Captured]:
    """What the payload of an agent's hook tells, in order. Empty if it tells nothing that is worth an event.

    Never fails: what its parser cannot take is kept as `other`, with the reason in the metadata.
    """
    parse = PARSERS.get(agent)
    if parse is None or RAW in payload:
        return [kept_as_other(agent, payload, received_ms, cwd)]
    try:
        return parse(payload, received_ms, cwd)
    except Exception as error:  # Formats change under us, and a payload must not stop those behind it.
        problem = f"{type(error).__name__}: {error}"
        return [kept_as_other(agent, payload, received_ms, cwd, problem=problem)]
