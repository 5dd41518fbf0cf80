"""From the hooks and the histories of Claude Code and Codex to what search finds, through a daemon."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import agent_memory
from agent_memory import Event, Kind
from agent_memory.capture.agents import captured_of
from agent_memory.capture.model import Agent
from agent_memory.capture.payloads import decoded
from agent_memory.sync import SyncMemory
from agent_memory.testing.daemon import DaemonProcess
from agent_memory.testing.waiting import eventually

pytestmark = pytest.mark.usefixtures("without_model")

DATA = Path(__file__).parents[1] / "data"
SAID = {Kind.USER_MESSAGE, Kind.ASSISTANT_MESSAGE, Kind.TOOL_CALL, Kind.TOOL_RESULT, Kind.COMPACTION}
HOOKS = {"claude": ["claude-code", "claude-code-rare", "claude-code-old"], "codex": ["codex", "codex-notify"]}
AGENTS = {"claude": Agent.CLAUDE_CODE, "codex": Agent.CODEX}
CLAUDE, CODEX = "5f0c1e7a-3b52-4c0e-9d1f-2a6b7c8d9e01", "019cae31-7b10-7d02-a1c4-0000000000aa"

Said = dict[str, tuple[Kind, str, str]]


class Scene:
    """A daemon that heard the hooks, and the histories that the agents left of the same minutes."""

    def __init__(self, daemon: DaemonProcess, memory: SyncMemory, root: Path) -> None:
        self.daemon = daemon
        self.memory = memory
        self.root = root
        _lay_out(DATA / "histories" / "claude-code", root / ".claude")
        _lay_out(DATA / "histories" / "codex", root / ".codex")

    def run(self, *command: str, text: bytes = b"") -> bytes:
        spool = str(self.daemon.store.parent / "spool")
        environment = {**os.environ, "AGENT_MEMORY_SPOOL": spool, "HOME": str(self.root)}
        for name in ("CLAUDE_CONFIG_DIR", "CODEX_HOME", "XDG_CONFIG_HOME"):
            environment.pop(name, None)
        ended = subprocess.run(
            [sys.executable, "-m", "agent_memory.cli", *command],
            input=text,
            capture_output=True,
            env=environment,
            timeout=120,
            check=True,
        )
        return ended.stdout

    def tell(self) -> None:
        """All payloads of the fixtures, of each agent and file in one delivery of many lines."""
        for agent, names in HOOKS.items():
            for name in names:
                self.run("hook", agent, text=(DATA / "hooks" / f"{name}.jsonl").read_bytes())

    def import_(self, *where: str) -> None:
        self.run("import", "claude-code", "codex", "--json", *where)

    def events(self) -> list[Event]:
        return [recorded.event for recorded in self.memory.events(limit=1_000, newest_first=False).items]


def _lay_out(source: Path, target: Path) -> None:
    """The histories, as if they had been written while the hooks were told: now."""
    now = datetime.now(UTC)
    for file in source.rglob("*.jsonl"):
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        for number, line in enumerate(lines):
            if "timestamp" in line:
                line["timestamp"] = (now + timedelta(milliseconds=number)).isoformat()
        copy = target / file.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text("".join(json.dumps(line) + "\n" for line in lines))


def _said(events: list[Event]) -> Said:
    return {e.source_id: (e.kind, e.session, e.tool_call_id) for e in events if e.kind in SAID}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    root = tmp_path_factory.mktemp("agents")
    with DaemonProcess(root / "store") as daemon, agent_memory.connect(daemon.address) as memory:
        scene = Scene(daemon, memory, root)
        scene.tell()
        told = {
            captured.text
            for agent, names in HOOKS.items()
            for name in names
            for payload in decoded((DATA / "hooks" / f"{name}.jsonl").read_bytes())
            for captured in captured_of(AGENTS[agent], payload, received_ms=1)
            if captured.text
        }
        eventually(lambda: told <= {event.text for event in scene.events()}, timeout_s=60)
        yield scene


@pytest.mark.parametrize(
    ("agent", "query", "kind", "text"),
    [
        ("claude-code", "why does the booking test fail on Mondays", Kind.USER_MESSAGE, "on Mondays only?"),
        (
            "claude-code",
            "moved the bound and the test passes",
            Kind.ASSISTANT_MESSAGE,
            "so on Mondays the window is empty",
        ),
        ("claude-code", "1 failed, 5 passed", Kind.TOOL_RESULT, "1 failed, 5 passed in 0.42s"),
        ("claude-code", "No rule to make target lint", Kind.TOOL_RESULT, "Exit code 2"),
        ("codex", "only report.py calls it", Kind.ASSISTANT_MESSAGE, "Only report.py calls it."),
        ("codex", "report cope with an empty window", Kind.USER_MESSAGE, "Make the report cope"),
        ("codex", "falls back to the day itself", Kind.ASSISTANT_MESSAGE, "one test covers it"),
        ("codex", "Updated the following files", Kind.TOOL_RESULT, "M src/report.py"),
    ],
)
def test_search_finds_what_a_hook_told(scene: Scene, agent: str, query: str, kind: Kind, text: str) -> None:
    """Prompt, reply and the output of tools."""
    head = max(recorded.position for recorded in scene.memory.events(limit=1_000).items)
    found = [hit.recorded.event for hit in scene.memory.search(query, limit=10, min_position=head).hits]

    assert (agent, kind) in [(event.agent, event.kind) for event in found if text in event.text]


def test_a_call_and_its_result_are_linked(scene: Scene) -> None:
    """Two events with the same tool call id, the call before the result."""
    for call_id in ("toolu_01Pytest", "call_Patch2"):
        assert [Kind.TOOL_CALL, Kind.TOOL_RESULT] == [e.kind for e in scene.events() if e.tool_call_id == call_id]


def test_sub_agents_are_attributed(scene: Scene) -> None:
    """To a session under their parent's, in the voice of their type."""
    spoken = {(e.agent, e.session.split("/")[0], e.speaker) for e in scene.events() if "parent_session" in e.metadata}

    assert {("claude-code", CLAUDE, "Explore"), ("codex", CODEX, "explorer")} == spoken


def test_an_event_that_nobody_knows_is_kept_and_is_no_users_message(scene: Scene) -> None:
    """Whole, as it came."""
    (found,) = [event for event in scene.events() if '"SomethingNew"' in event.text]

    assert (Kind.OTHER, "SomethingNew") == (found.kind, found.metadata["event"])


def test_importing_what_the_hooks_told_adds_only_what_they_did_not(scene: Scene, tmp_path: Path) -> None:
    """In the end the log holds what both told, each once; importing again adds nothing."""
    heard = _said(scene.events())
    scene.import_("--store", str(tmp_path / "store"))
    with agent_memory.open(tmp_path / "store") as alone:
        read = _said([recorded.event for recorded in alone.events(limit=1_000).items])
    scene.import_("--address", scene.daemon.address)
    both = _said(scene.events())
    scene.import_("--address", scene.daemon.address, "--again")

    assert heard | read == both
    assert len(heard) > 40
    assert both == _said(scene.events())
