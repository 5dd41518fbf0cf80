"""What the daemon and an import ask before anything reaches the log."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_memory.capture.policy import MARKER_FILE, pause, resume
from agent_memory.capture.scope import CaptureScope
from agent_memory.summaries.providers.command import FOLDER_BEGINS


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def scope(tmp_path: Path, seconds: Seconds) -> CaptureScope:
    return CaptureScope(
        tmp_path / "spool",
        ignore_paths=[f"{tmp_path}/private"],
        ignore_agents=["cursor"],
        home=tmp_path / "home",
        monotonic_s=seconds,
    )


def test_the_settings_alone_say_what_is_ignored(scope: CaptureScope, tmp_path: Path) -> None:
    assert "the agent is ignored" == scope.ignored("cursor", "/srv", 0)
    assert "the folder is ignored" == scope.ignored("codex", f"{tmp_path}/private/x", 0)
    assert "" == scope.ignored("codex", f"{tmp_path}/public", 0)


def test_what_an_agent_keeps_of_being_asked_for_a_summary_is_no_conversation(scope: CaptureScope) -> None:
    """Its hooks are silent by the guard variable; its history would be imported."""
    assert "it was asked for a summary" == scope.ignored("claude-code", f"/tmp/{FOLDER_BEGINS}x1/deeper", 0)
    assert "" == scope.ignored("claude-code", f"/tmp/of-{FOLDER_BEGINS}x1", 0)


def test_what_was_said_during_a_pause_is_not_taken_later(scope: CaptureScope, seconds: Seconds, tmp_path: Path) -> None:
    """A history holds what was said while nobody was to listen."""
    pause(tmp_path / "spool", now_ms=1_000)
    resume(tmp_path / "spool", now_ms=2_000)
    seconds.now = 1.0

    assert ["", "capture was paused", ""] == [scope.ignored("codex", "/srv", ms) for ms in (999, 1_500, 2_000)]


def test_a_marker_and_a_repository_that_appear_are_seen_soon(
    scope: CaptureScope, seconds: Seconds, tmp_path: Path
) -> None:
    folder = tmp_path / "repo" / "src"
    folder.mkdir(parents=True)
    before = (scope.ignored("codex", str(folder), 0), scope.project(str(folder)))
    (tmp_path / "repo" / MARKER_FILE).touch()
    (tmp_path / "repo" / ".git").mkdir()
    (tmp_path / "repo" / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    seconds.now = 1.0
    after = (scope.ignored("codex", str(folder), 0), scope.project(str(folder)))

    assert ("", str(folder)) == before
    assert (f"the folder has a {MARKER_FILE}", str(tmp_path / "repo")) == after
