"""`make demo` does what it shows, leaves nothing behind, and says what went wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def demo(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"TMPDIR": str(folder), "COLUMNS": "100", "AGENT_MEMORY_TIME_ZONE": "Asia/Tokyo"}
    return subprocess.run(
        [sys.executable, "-m", "tools.demo", *words],
        cwd=ROOT,
        env=env,
        capture_output=True,
        encoding="utf-8",
        timeout=400,
    )


@pytest.fixture(scope="module")
def model() -> Path:
    name = os.environ.get("AGENT_MEMORY_TEST_MODEL")
    if not name:
        pytest.skip("AGENT_MEMORY_TEST_MODEL names no model; `make test` sets it")
    return Path(name)


def test_it_goes_from_conversations_to_a_cited_answer(model: Path, tmp_path: Path) -> None:
    """Settings of the caller's environment, here a time zone, do not change what it shows."""
    done = demo("--model", str(model), folder=tmp_path)

    assert (0, "") == (done.returncode, done.stderr)
    assert "458 events of 27 sessions are on disk" in done.stdout
    # One screen: some sixty lines of a hundred characters. How a title breaks is not the demo's to say.
    lines = done.stdout.splitlines()
    assert 64 >= len(lines)
    assert 100 >= max(map(len, lines))
    assert "December 2025" in done.stdout
    assert "we use a PostgreSQL exclusion constraint" in done.stdout
    assert "hybrid search" in done.stdout
    assert "times of Europe/Vienna" in done.stdout
    assert "agent_memory.v1.SearchService/Search" in done.stdout
    assert [] == list(tmp_path.glob("agent-memory-demo-*"))


@pytest.mark.slow
def test_the_store_is_kept_on_request(model: Path, tmp_path: Path) -> None:
    done = demo("--model", str(model), "--keep", folder=tmp_path)
    kept = list(tmp_path.glob("agent-memory-demo-*/store/store.json"))

    assert 0 == done.returncode
    assert [f"The store was kept: agent-memory serve --store {kept[0].parent}"] == done.stdout.splitlines()[-1:]


def test_without_a_model_it_says_so_and_shows_the_daemons_log(tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    done = demo("--model", str(tmp_path / "nothing"), folder=tmp_path)

    assert 1 == done.returncode
    assert "The demo failed: " in done.stderr
    assert "model install" in done.stderr
    assert [] == list(tmp_path.glob("agent-memory-demo-*"))
