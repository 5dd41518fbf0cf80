"""What is ignored or said during a pause is not captured: not by the hook, not by the daemon, not by an import."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import agent_memory
from agent_memory.capture.policy import MARKER_FILE
from agent_memory.sync import SyncMemory
from agent_memory.testing.daemon import DaemonProcess
from agent_memory.testing.waiting import eventually

pytestmark = pytest.mark.usefixtures("without_model")


class Scene:
    """A daemon with ignore lists, and hooks that agents run beside it."""

    def __init__(self, daemon: DaemonProcess, memory: SyncMemory, root: Path) -> None:
        self.daemon = daemon
        self.memory = memory
        self.root = root
        self.spool = daemon.store.parent / "spool"
        self._said = 0

    def folder(self, name: str) -> Path:
        folder = self.root / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def run(self, *command: str, text: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "AGENT_MEMORY_SPOOL": str(self.spool), **variables}
        return subprocess.run(
            [sys.executable, "-m", "agent_memory.cli", *command],
            input=text,
            capture_output=True,
            text=True,
            env=environment,
            cwd=self.root,
            timeout=60,
            check=False,
        )

    def say(self, prompt: str, folder: Path, *, agent: str = "claude", **variables: str) -> None:
        """An agent's hook tells of a prompt in the folder."""
        payload = {"hook_event_name": "UserPromptSubmit", "session_id": "s", "cwd": str(folder), "prompt": prompt}
        ended = self.run("hook", agent, text=json.dumps(payload), **variables)

        assert 0 == ended.returncode

    def spooled(self) -> str:
        """Everything that waits, whoever wrote it."""
        files = [file for file in self.spool.rglob("*") if file.is_file() and "waiting" in file.parts]
        return "".join(file.read_text("utf-8", "replace") for file in files)

    def heard(self, *expected: str) -> list[str]:
        """What is in the log, once it holds what is expected, and what is said last."""
        self._said += 1
        last = f"said last {self._said}"
        self.say(last, self.folder("public"))
        eventually(lambda: {last, *expected} <= set(self._texts()), timeout_s=60)
        return [text for text in self._texts() if not text.startswith("said last")]

    def _texts(self) -> list[str]:
        return [recorded.event.text for recorded in self.memory.events(limit=1000).items]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    root = tmp_path_factory.mktemp("scope")
    ignored = f"{root}/private/**,**/*-secret"
    flags = ("--capture-ignore-paths", ignored, "--capture-ignore-agents", "gemini")
    with DaemonProcess(root / "store", flags=flags) as daemon, agent_memory.connect(daemon.address) as memory:
        yield Scene(daemon, memory, root)


@pytest.mark.parametrize("name", ["private", "private/deep/down", "work/app-secret/src", "marked/src"])
def test_nothing_said_in_an_ignored_folder_is_captured(scene: Scene, name: str) -> None:
    """Not in the log, and at no time in the spool: the hook itself leaves it."""
    folder = scene.folder(name)
    if name.startswith("marked"):
        (folder.parent / MARKER_FILE).touch()
    scene.say(f"whispered in {name}", folder)
    spooled = scene.spooled()

    assert "whispered" not in spooled
    assert [] == [text for text in scene.heard() if "whispered" in text]


def test_what_waits_in_the_spool_from_before_the_settings_stays_out_of_the_log(scene: Scene) -> None:
    """A hook that had no policy yet spools; the daemon asks the settings again."""
    policy = scene.spool / "policy.json"
    kept = policy.read_bytes()
    policy.unlink()
    try:
        scene.say("whispered without a policy", scene.folder("private"))
    finally:
        policy.write_bytes(kept)

    assert [] == [text for text in scene.heard() if "whispered" in text]


def test_nothing_of_an_ignored_agent_is_captured(scene: Scene) -> None:
    payload = {"hook_event_name": "BeforeAgent", "session_id": "g", "cwd": str(scene.folder("public")), "prompt": "hm"}
    told = scene.run("hook", "gemini", text=json.dumps({**payload, "prompt": "whispered to gemini"}))

    assert (0, "{}\n") == (told.returncode, told.stdout)
    assert [] == [text for text in scene.heard() if "whispered" in text]


def test_of_several_payloads_at_once_the_others_are_captured(scene: Scene) -> None:
    public, private = scene.folder("public"), scene.folder("private")
    payloads = [
        {"hook_event_name": "UserPromptSubmit", "session_id": "m", "cwd": str(folder), "prompt": prompt}
        for folder, prompt in ((private, "whispered first"), (public, "said aloud"), (private, "whispered again"))
    ]
    scene.run("hook", "claude", text="".join(map(json.dumps, payloads)))
    heard = scene.heard("said aloud")

    assert ["said aloud"] == [text for text in heard if "whispered" in text or "aloud" in text]


def test_a_pause_captures_nothing_and_says_so_until_it_is_ended(scene: Scene) -> None:
    folder = scene.folder("public")
    paused = scene.run("pause", "--json")
    status = scene.run("status", "--address", scene.daemon.address)
    scene.say("whispered during the pause", folder)
    during = scene.spooled()
    resumed = scene.run("resume", "--json")
    scene.say("said after the pause", folder)
    heard = scene.heard("said after the pause")

    assert json.loads(paused.stdout)["data"]["paused"]
    assert "paused until `agent-memory resume`" in " ".join(status.stdout.split())
    assert "whispered" not in during
    assert not json.loads(resumed.stdout)["data"]["paused"]
    assert ["said after the pause"] == [text for text in heard if "the pause" in text]


def test_what_is_said_under_the_guard_is_not_captured(scene: Scene) -> None:
    """What works for this system must not feed it; and its variable is no setting that could be misspelt."""
    scene.say("whispered by our own summariser", scene.folder("public"), AGENT_MEMORY_INTERNAL="1")
    settings = scene.run("config", "show", "--json", AGENT_MEMORY_INTERNAL="1")

    assert 0 == settings.returncode
    assert [] == [text for text in scene.heard() if "whispered" in text]


def test_what_is_captured_has_the_project_of_its_repository(scene: Scene) -> None:
    folder = scene.folder("repository/deep")
    (scene.root / "repository" / ".git").mkdir()
    (scene.root / "repository" / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    scene.say("said in a repository", folder)
    scene.heard("said in a repository")
    found = [r.event for r in scene.memory.events(limit=1000).items if r.event.text == "said in a repository"]

    assert [str(scene.root / "repository")] == [event.project for event in found]


def test_an_import_leaves_out_what_hooks_would_have(scene: Scene, tmp_path: Path) -> None:
    """Ignored folders, and what was said while capture was paused."""
    transcript = tmp_path / "projects" / "-srv" / "11111111-2222-3333-4444-555555555555.jsonl"
    transcript.parent.mkdir(parents=True)
    public, private = str(scene.folder("public")), str(scene.folder("private"))
    scene.run("pause")
    scene.run("resume")
    (start_ms, end_ms), *_ = reversed(json.loads((scene.spool / "pauses.json").read_bytes())["spans"])
    lines = [
        line("imported aloud", public, end_ms + 1),
        line("whispered in a private folder", private, end_ms + 2),
        line("whispered during a pause", public, (start_ms + end_ms) // 2),
    ]
    transcript.write_text("".join(lines))
    ignored = ("--config", str(write_settings(tmp_path, scene.root)))
    told = scene.run(
        "import", "claude-code", *ignored, "--address", scene.daemon.address, CLAUDE_CONFIG_DIR=str(tmp_path)
    )
    heard = scene.heard()

    assert 0 == told.returncode, told.stdout + told.stderr
    assert ["imported aloud"] == [text for text in heard if "imported" in text or "whispered" in text]


def write_settings(folder: Path, root: Path) -> Path:
    file = folder / "settings.toml"
    file.write_text(f'capture_ignore_paths = ["{root}/private/**"]\n')
    return file


def line(text: str, folder: str, time_ms: int) -> str:
    from datetime import UTC, datetime

    told: dict[str, Any] = {
        "type": "user",
        "uuid": f"00000000-0000-0000-0000-{time_ms:012d}"[-36:],
        "parentUuid": None,
        "sessionId": "11111111-2222-3333-4444-555555555555",
        "timestamp": datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(timespec="milliseconds"),
        "cwd": folder,
        "version": "2.1.0",
        "isSidechain": False,
        "message": {"role": "user", "content": text},
    }
    return json.dumps(told) + "\n"
