"""What a developer would ask weeks later, of sample conversations, coding transcripts and long dialogues."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agent_memory.retrieval import SIGNALS
from tools.bench.code_memory import Asked, ask_all, in_words, miss
from tools.bench.code_memory_data import read_questions
from tools.bench.event_metrics import report

ROOT = Path(__file__).parents[2]
MODEL = os.environ.get("AGENT_MEMORY_TEST_MODEL")

pytestmark = pytest.mark.slow

ANY_1 = 0.85
ANY_5 = 0.97


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> list[Asked]:
    if not MODEL:
        pytest.skip("AGENT_MEMORY_TEST_MODEL names no model; `make slow` sets it")
    run = ask_all(model=Path(MODEL), folder=tmp_path_factory.mktemp("code"))

    assert run.model_id
    assert {"hybrid"} == {one.took.tier for one in run.asked}
    return run.asked


def test_a_session_that_answers_comes_first(asked: list[Asked]) -> None:
    assert reached(asked, depth=1) >= ANY_1, told(asked, depth=1)


def test_a_session_that_answers_is_among_the_first_five(asked: list[Asked]) -> None:
    assert reached(asked, depth=5) >= ANY_5, told(asked, depth=5)


def reached(asked: list[Asked], *, depth: int) -> float:
    return report([one.ranked for one in asked])["overall"][f"any@{depth}"]


def told(asked: list[Asked], *, depth: int) -> str:
    """The figure, and every miss with what came instead."""
    missed = [miss(one) for one in asked if not 0 < one.ranked.session_rank <= depth]
    found = reached(asked, depth=depth)
    return f"any@{depth} is {found:.3f}, {len(missed)} of {len(asked)} missed:\n{in_words(missed)}"


def test_the_benchmark_tells_figures_by_group_and_keeps_held_out_misses_to_itself(tmp_path: Path) -> None:
    target = tmp_path / "code.json"
    done = subprocess.run(
        [sys.executable, "-m", "tools.bench", "code", "--ablate", "--json", str(target)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == done.returncode, done.stderr
    kept: dict[str, Any] = json.loads(target.read_text())

    assert {"overall", "dev", "held_out", "error", "paraphrase"} <= kept["metrics"].keys()
    assert kept["metrics"]["overall"]["questions"] == len(read_questions())
    assert {"dev"} == {one["split"] for one in kept["misses"]}
    assert ["lexical"] == kept["tiers"]
    assert kept["metrics"]["overall"].keys() >= {"any@1", "any@5", "hit@1", "hit@5", "R@5"}
    assert set(SIGNALS) - {"vector"} == kept["ablation"].keys()
    assert 0 > kept["ablation"]["lexical"]["by_group"]["overall"]["differences"]["R@10"]
    assert 0 < kept["search_ms"]["steps"]["lexical"]["p50"]
