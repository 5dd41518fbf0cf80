"""What is read out of events in another process is what is read out of them here."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from agent_memory.events import Event, Kind, Role
from agent_memory.inference.extractive import extract
from agent_memory.offloading import OffloadProcess
from agent_memory.projectors import catalog, entities, lexical, vectors
from agent_memory.temporal import mentions
from agent_memory.testing.waiting import eventually
from agent_memory.toc.material import Level, Material, Passage

ZONE = "Europe/Oslo"

# Every kind and role, and what has no UTF-8.
EVENTS = [
    Event(
        id=f"01JZ{number:022d}",
        kind=kind,
        role=role,
        session="half \ud800",
        project="agent-memory",
        speaker="Ann",
        tool_name="Bash",
        text="On Tuesday Ann decided to keep src/queue/retry.py \ud800; parseConfig failed with E4012. " * 20,
    )
    for number, (kind, role) in enumerate((kind, role) for kind in Kind for role in Role)
]

SEGMENT = Material(
    level=Level.SEGMENT,
    label="Thursday, 15 January 2026",
    passages=tuple(
        Passage(event_id=one.id, kind=one.kind, role=one.role, speaker=one.speaker, tool_name="", text=one.text)
        for one in EVENTS
    ),
)


def where_and_what(function: Callable[..., Any], *arguments: Any) -> tuple[int, Any]:
    return os.getpid(), function(*arguments)


@pytest.fixture(scope="module")
def aside() -> Iterator[OffloadProcess]:
    process = OffloadProcess(worth_s=0)
    process.call(os.getpid)
    eventually(lambda: process.pid is not None)
    yield process
    process.close()


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (lexical.documents_in, (EVENTS,)),
        (catalog.read_in, (EVENTS, ZONE)),
        (entities.mentioned_in, (EVENTS, ZONE, mentions)),
        (vectors.read_in, (EVENTS,)),
        (extract, (SEGMENT,)),
    ],
)
def test_it_comes_back_as_it_was_sent(
    aside: OffloadProcess, function: Callable[..., Any], arguments: tuple[Any, ...]
) -> None:
    assert (aside.pid, function(*arguments)) == aside.call(where_and_what, function, *arguments)
