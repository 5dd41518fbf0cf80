"""Commands as somebody types them, run against a scripted memory."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

import agent_memory
from agent_memory.annotation import MemoryType
from agent_memory.cli import commands
from agent_memory.memory import (
    Day,
    Days,
)
from agent_memory.retrieval.model import SearchResult, Signal, Tier
from agent_memory.temporal import TimeOrder, TimeReading, TimeSpan
from agent_memory.testing.scripted_memory import (
    EVENT,
    GRIP,
    HIT,
    NODE,
    ScriptedMemory,
)
from agent_memory.toc.material import Level
from agent_memory.toc.model import Node

ESCAPE = "\x1b]0;owned\x07\x1b[2J"


class Told(msgspec.Struct):
    """What a command printed and how it ended."""

    code: int
    out: str
    notes: str

    @property
    def data(self) -> Any:
        envelope = json.loads(self.out)
        assert 1 == envelope["version"]
        return envelope["data"]

    @property
    def error(self) -> Any:
        return json.loads(self.out)["error"]

    @property
    def words(self) -> str:
        """The output without the places where lines were broken."""
        return " ".join(self.out.split())


class Door:
    """Runs commands against a scripted memory."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.memory = ScriptedMemory()
        self.addresses: list[str] = []
        self._patch = monkeypatch

        @asynccontextmanager
        async def connected(address: str, **_: Any) -> Any:
            self.addresses.append(address)
            yield self.memory

        monkeypatch.setattr(agent_memory, "connect", connected)

    def run(self, *args: str, stdin: bytes | None = None, width: int = 80) -> Told:
        self._patch.setenv("COLUMNS", str(width))
        result: Result = CliRunner().invoke(commands, list(args), input=stdin)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Told(result.exit_code, result.stdout, result.stderr)

    def asked(self, method: str) -> dict[str, Any]:
        """The arguments of the last call of a method."""
        return [arguments for name, arguments in self.memory.calls if name == method][-1]


def segment(**changes: Any) -> Node:
    values = {
        "id": GRIP.segment_id,
        "level": Level.SEGMENT,
        "parent_id": "day/2026-01-15",
        "session": "s1",
        "start_ms": EVENT.time_ms,
        "end_ms": EVENT.time_ms + 720_000,
        "first_event_id": EVENT.id,
        "last_event_id": EVENT.id,
        "child_count": 0,
    }
    return msgspec.structs.replace(NODE, **{**values, **changes})


def days(*counts: int) -> Days:
    return Days(
        days=tuple(
            Day(
                date=f"2026-01-{number:02}",
                event_count=count,
                session_count=min(count, 1),
                agents=("claude-code",) if count else (),
                projects=("/src/shop",) if count else (),
                node_id=f"day/2026-01-{number:02}" if count else "",
                title=f"Title {number}" if count else "",
            )
            for number, count in enumerate(counts, 1)
        ),
        time_zone="Europe/Oslo",
    )


EXPLAINED = SearchResult(
    hits=(
        msgspec.structs.replace(
            HIT,
            signals=(
                Signal(name="lexical", rank=1, score=12.3456, contribution=0.4),
                Signal(name="vector", rank=0, score=0.0, contribution=0.0),
                Signal(name="time", rank=3, score=-0.5, contribution=-0.1),
                Signal(name="substance", rank=0, score=0.25, contribution=0.02),
            ),
            types=(MemoryType.DECISION,),
            repeat_count=3,
        ),
    ),
    tier=Tier.HYBRID,
    timings_ms={"lexical": 1.25, "embed": 3.5, "total": 5.0},
    understood=TimeReading(
        spans=(
            TimeSpan(start=5, end=14, from_ms=1_768_345_200_000, until_ms=1_768_431_599_999),
            TimeSpan(start=18, end=29, from_ms=None, until_ms=1_768_469_400_000),
        ),
        order=TimeOrder.LATEST,
        anchor="the release",
        anchor_from_ms=-14 * 86_400_000,
        anchor_until_ms=0,
    ),
    now_ms=EVENT.time_ms,
)


QUERY = "ship yesterday or before 10:30"


def line(text: str = "Hello", **fields: Any) -> bytes:
    return json.dumps({"kind": "user_message", "session": "s", "text": text, **fields}).encode() + b"\n"


def unscripted(door: Door) -> Door:
    door.memory.script = {}
    return door
