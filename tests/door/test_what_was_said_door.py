"""Through the door, transcripts of many agents: no title is a tag, and no line of the contents was injected."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agent_memory.annotation.scaffolding import said_text, scaffolding_of
from agent_memory.api.client import GrpcMemory
from agent_memory.clock import SYSTEM_CLOCK, RandomIds
from agent_memory.events.drafting import complete_all
from agent_memory.testing.daemon import DaemonProcess
from agent_memory.toc import Node
from tools.bench.code_memory_data import FOLDER, read_drafts

pytestmark = pytest.mark.usefixtures("without_model")

FILES = sorted(path for path in FOLDER.glob("*.jsonl") if path.name != "questions.jsonl")


class Line:
    """`agent-memory` against one daemon."""

    def __init__(self, address: str, folder: Path) -> None:
        self._address = address
        self._environ = {**os.environ, "XDG_CONFIG_HOME": str(folder), "XDG_DATA_HOME": str(folder)}

    def __call__(self, *args: str) -> str:
        command = [sys.executable, "-m", "agent_memory.cli", *args, "--address", self._address]
        done = subprocess.run(command, capture_output=True, env=self._environ, timeout=120, text=True)
        assert 0 == done.returncode, done.stderr
        return done.stdout

    def data(self, *args: str) -> dict[str, Any]:
        data: dict[str, Any] = json.loads(self(*args, "--json"))["data"]
        return data


@pytest.fixture(scope="module")
def cli(daemon: DaemonProcess, tmp_path_factory: pytest.TempPathFactory) -> Line:
    """The command line of a daemon that holds the transcripts."""
    line = Line(daemon.address, tmp_path_factory.mktemp("home"))
    line("ingest", *map(str, FILES), "--wait")
    return line


def injected_lines() -> set[str]:
    """What nobody said, by line: an injected memory repeats much of what somebody did."""
    events = complete_all(read_drafts(), clock=SYSTEM_CLOCK, ids=RandomIds())
    said = words(" ".join(map(said_text, events)))
    lines = {
        line.strip(" -#")
        for event in events
        for span in scaffolding_of(event)
        for line in event.text[span.start : span.end].splitlines()
    }
    return {line for line in lines if len(line) > 25 and words(line) not in said}


def words(text: str) -> str:
    """Without marks, which a bullet and a memory may have left out."""
    return " ".join(re.findall(r"\w+", text))


async def test_no_title_of_a_session_is_a_tag(cli: Line, memory: GrpcMemory) -> None:
    page = await memory.sessions(limit=100)

    assert len(FILES) == len(page.items)
    assert [] == [one.title for one in page.items if not one.title or one.title.startswith("<")]


def test_hits_and_contexts_name_their_sessions_by_what_was_said(cli: Line) -> None:
    hits = cli.data("search", "what did the nightly run, the doors and the state lock die of", "--limit", "50")["hits"]
    block = cli("context", "what did the nightly run, the doors and the state lock die of")

    assert len({hit["event"]["session"] for hit in hits}) > 3
    assert [] == [hit["session_title"] for hit in hits if hit["session_title"].startswith("<")]
    assert [] == [tag for tag in ("<environment_context>", "<user_info>", "<session_context>") if tag in block]


async def test_no_line_of_the_contents_was_injected(cli: Line, memory: GrpcMemory) -> None:
    injected = injected_lines()
    assert len(injected) > 10
    nodes = await nodes_of(memory)
    told = [line for node in nodes for line in (node.title, *(bullet.text for bullet in node.bullets))]
    events = {id: await memory.event(id) for id in {grip.event_id for grip in await grips_of(memory, nodes)}}
    overlaps = [
        grip.excerpt
        for grip in await grips_of(memory, nodes)
        for span in scaffolding_of(events[grip.event_id].event)
        if span.start < grip.end and grip.start < span.end
    ]

    assert len(told) > 100
    assert [] == [line for line in told if any(words(part) in words(line) for part in injected)]
    assert [] == overlaps


def test_the_tree_with_bullets_begins_with_what_was_asked(cli: Line) -> None:
    """The day on which a file of instructions stood before the first request."""
    shown = " ".join(cli("toc", "day/2026-02-17", "--bullets").replace("│", " ").split())

    assert "The nightly run died again" in shown
    assert "Run pytest before every commit" not in shown
    assert "AGENTS.md instructions" not in shown


async def nodes_of(memory: GrpcMemory) -> list[Node]:
    found: list[Node] = list((await memory.root()).years)
    for node in found:
        if node.child_count:
            found += (await memory.children(node.id, limit=500)).items
    return found


async def grips_of(memory: GrpcMemory, nodes: list[Node]) -> list[Any]:
    return [await memory.grip(id) for id in {id for node in nodes for b in node.bullets for id in b.grip_ids}]
