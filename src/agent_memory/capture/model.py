"""What capture reads: things that agents said and did, and lines that hold none."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from agent_memory.events import Kind


class Agent(StrEnum):
    """A program that holds conversations, by the name that its events carry."""

    CLAUDE_CODE = "claude-code"
    CODEX = "codex"
    GEMINI = "gemini"
    COPILOT = "copilot"
    OPENCODE = "opencode"
    CURSOR = "cursor"
    CHATGPT = "chatgpt"
    CLAUDE_AI = "claude-ai"


class Captured(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One thing that an agent's hook or history tells; `identity.to_draft` makes an event of it.

    ``key`` is its identity within the session where the source names one that its hooks and its
    history share (a tool call's id). Words have none: they are told apart by themselves and by which
    of their repetitions they are. ``delivery`` tells two deliveries of one thing from two things
    with the same words (a prompt id, a turn id); hooks alone need it.

    A sub-agent's events are of a session of their own, ``<session>/<agent id>``, with the sub-agent's
    type for a speaker and ``parent_session`` in the metadata. ``folder`` is where the agent worked;
    what project that is, scope decides.
    """

    kind: Kind
    session: str
    text: str = ""
    time_ms: int | None = None
    folder: str = ""
    speaker: str = ""
    tool_name: str = ""
    tool_call_id: str = ""
    key: str = ""
    delivery: str = ""
    metadata: dict[str, str] = msgspec.field(default_factory=dict)


class Outcome(StrEnum):
    """What became of a line (or row, or part) of an agent's history: each has exactly one."""

    EVENT = "event"
    MERGED = "merged"
    SKIPPED = "skipped"
    MALFORMED = "malformed"


class Told(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A line of a history, accounted for.

    ``line`` counts from 1 (rows and parts of stores that have no lines do too). ``captured`` is what
    it holds, in order; empty unless ``outcome`` is `EVENT`. ``reason`` says in a few words why a line
    was merged into another's event, skipped or not understood.
    """

    line: int
    outcome: Outcome
    captured: tuple[Captured, ...] = ()
    reason: str = ""
