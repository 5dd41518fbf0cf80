"""Hooks and then an import, or an import and then hooks: the log comes to hold the same."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import agent_memory
from agent_memory import Event, Kind, SyncMemory
from agent_memory.testing.daemon import DaemonProcess
from agent_memory.testing.waiting import eventually

pytestmark = pytest.mark.usefixtures("without_model")

DATA = Path(__file__).parents[1] / "data"
HOOKS = {
    "claude-code": ["claude-code.jsonl"],
    "codex": ["codex.jsonl"],
    "gemini": ["gemini.jsonl"],
    "copilot": ["copilot.jsonl"],
    "opencode": ["opencode.jsonl"],
    "cursor": ["cursor.jsonl"],
}
PLACES = {
    "claude-code": ".claude",
    "codex": ".codex",
    "gemini": ".gemini/tmp",
    "copilot": ".copilot",
    "opencode": ".local/share/opencode",
    "cursor": ".cursor",
}
SAID = {Kind.USER_MESSAGE, Kind.ASSISTANT_MESSAGE, Kind.TOOL_CALL, Kind.TOOL_RESULT}

_ISO = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
_MS_MIN, _MS_MAX = 1_500_000_000_000, 2_000_000_000_000

Content = dict[str, tuple[str, str, str]]


class Times:
    """What was recorded long ago, as if all of it happened just now, in the same order."""

    def __init__(self, agent: str) -> None:
        found: list[int] = []

        def note(ms: int) -> int:
            found.append(ms)
            return ms

        for value in _recorded(agent):
            _mapped(value, note)
        now_ms = time.time_ns() // 1_000_000
        self._now = {ms: now_ms + rank for rank, ms in enumerate(sorted(set(found)))}

    def __call__(self, value: Any) -> Any:
        return _mapped(value, self._now.__getitem__)


def _recorded(agent: str) -> Iterator[Any]:
    for name in HOOKS[agent]:
        yield from map(json.loads, (DATA / "hooks" / name).read_text().splitlines())
    for path in _files(agent):
        yield from _values(path)


def _files(agent: str) -> list[Path]:
    return sorted(path for path in (DATA / "histories" / agent).rglob("*.json*"))


def _values(path: Path) -> list[Any]:
    text = path.read_text()
    return list(map(json.loads, text.splitlines())) if path.suffix == ".jsonl" else [json.loads(text)]


def _mapped(value: Any, moved: Callable[[int], int]) -> Any:
    if isinstance(value, dict):
        return {name: _mapped(one, moved) for name, one in value.items()}
    if isinstance(value, list):
        return [_mapped(one, moved) for one in value]
    if isinstance(value, int) and not isinstance(value, bool) and _MS_MIN < value < _MS_MAX:
        return moved(value)
    if isinstance(value, str) and _ISO.fullmatch(value):
        return _iso(moved(_ms(value)))
    return value


def _ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def _iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Scene:
    """A daemon with a store and a spool, and one user with one agent."""

    def __init__(self, root: Path, agent: str, memory: SyncMemory, daemon: DaemonProcess, times: Times) -> None:
        self._agent = agent
        self._memory = memory
        self._daemon = daemon
        self._times = times
        self._home = root / "home"
        self._environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "AGENT_MEMORY_"))},
            "HOME": str(self._home),
            "AGENT_MEMORY_SPOOL": str(daemon.store.parent / "spool"),
        }
        for path in _files(agent):
            copy = self._home / PLACES[agent] / path.relative_to(DATA / "histories" / agent)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text("".join(json.dumps(times(value)) + "\n" for value in _values(path)))

    def hook(self) -> None:
        """Every payload, and what it tells is in the log."""
        status = self._memory.status().spool
        before = status.drained + status.skipped + status.refused
        lines = [line for name in HOOKS[self._agent] for line in (DATA / "hooks" / name).read_text().splitlines()]
        text = "".join(json.dumps(self._times(json.loads(line))) + "\n" for line in lines)
        moved = text.replace("/home/ada/.copilot", str(self._home / ".copilot"))
        self._run("hook", self._agent, text=moved)
        eventually(lambda: self._taken() > before, timeout_s=60)

    def import_(self) -> None:
        self._run("import", self._agent, "--address", self._daemon.address, "--json")

    def content(self) -> Content:
        events = [recorded.event for recorded in self._memory.events(limit=1000).items]
        return {event.source_id: _said(event) for event in events if event.kind in SAID}

    def _taken(self) -> int:
        status = self._memory.status().spool
        return status.drained + status.skipped + status.refused

    def _run(self, *command: str, text: str = "") -> None:
        argv = [sys.executable, "-m", "agent_memory.cli", *command]
        subprocess.run(argv, input=text.encode(), capture_output=True, env=self._environ, timeout=120, check=True)


def _said(event: Event) -> tuple[str, str, str]:
    return event.kind.value, event.session, event.tool_call_id


@pytest.fixture(scope="module")
def contents(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], list[Content]]:
    """By agent and order: what the log held after the first way, and after both."""
    found: dict[tuple[str, str], list[Content]] = {}
    for order in ("hook, import", "import, hook"):
        root = tmp_path_factory.mktemp("order")
        with DaemonProcess(root / "store") as daemon, agent_memory.connect(daemon.address, timeout_s=60) as memory:
            for agent in HOOKS:
                scene = Scene(root, agent, memory, daemon, Times(agent))
                before = scene.content()
                after = []
                for way in order.split(", "):
                    scene.hook() if way == "hook" else scene.import_()
                    after.append({id: said for id, said in scene.content().items() if id not in before})
                found[agent, order] = after
        shutil.rmtree(root)
    return found


@pytest.mark.parametrize("agent", HOOKS)
def test_the_order_of_hooks_and_imports_makes_no_difference(
    contents: dict[tuple[str, str], list[Content]], agent: str
) -> None:
    """And both ways have something to tell, much of it the same."""
    hooked, both = contents[agent, "hook, import"]
    imported, both_too = contents[agent, "import, hook"]

    assert both == both_too
    assert both == hooked | imported
    assert len(hooked.keys() & imported.keys()) >= 2
