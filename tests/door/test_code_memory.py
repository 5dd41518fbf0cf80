"""What a developer would ask weeks later, of sample conversations, coding transcripts and long dialogues."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tools.bench.code_memory import Asked, ask_all, in_words, miss
from tools.bench.code_memory_data import read_questions
from tools.bench.event_metrics import means

ROOT = Path(__file__).parents[2]
MODEL = os.environ.get("AGENT_MEMORY_TEST_MODEL")

pytestmark = pytest.mark.slow

ANY_1 = 0.85
ANY_5 = 0.97


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> list[Asked]:
    if not MODEL:
        pytest.skip("AGENT_MEMORY_TEST_MODEL names no model; `make slow` sets it")
    found, _, model_id = ask_all(model=Path(MODEL), folder=tmp_path_factory.mktemp("code"))

    assert model_id
    assert {"hybrid"} == {one.tier for one in found}
    return found


@pytest.mark.xfail(strict=False, reason="search is being improved; the first version reached .40 and .79")
def test_an_event_that_answers_comes_first(asked: list[Asked]) -> None:
    missed = [miss(one) for one in asked if not one.best_first]
    found = means(one.ranked for one in asked)["any@1"]

    assert found >= ANY_1, f"any@1 is {found:.3f}, {len(missed)} of {len(asked)} missed:\n{in_words(missed)}"


@pytest.mark.xfail(strict=False, reason="search is being improved; the first version reached .40 and .79")
def test_an_event_that_answers_is_among_the_first_five(asked: list[Asked]) -> None:
    missed = [miss(one) for one in asked if one.missed]
    found = means(one.ranked for one in asked)["any@5"]

    assert found >= ANY_5, f"any@5 is {found:.3f}, {len(missed)} of {len(asked)} missed:\n{in_words(missed)}"


def test_the_benchmark_tells_figures_by_group_and_keeps_held_out_misses_to_itself(tmp_path: Path) -> None:
    target = tmp_path / "code.json"
    done = subprocess.run(
        [sys.executable, "-m", "tools.bench", "code", "--json", str(target)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == done.returncode, done.stderr
    told: dict[str, Any] = json.loads(target.read_text())

    assert {"overall", "dev", "held_out", "error", "paraphrase"} <= told["metrics"].keys()
    assert told["metrics"]["overall"]["questions"] == len(read_questions())
    assert {"dev"} == {one["split"] for one in told["misses"]}
    assert ["lexical"] == told["tiers"]
