"""The benchmarks end to end: real daemons, small data."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]

CONVERSATION = {
    "sample_id": "conv-x",
    "conversation": {
        "speaker_a": "Ann",
        "speaker_b": "Ben",
        "session_1_date_time": "1:56 pm on 8 May, 2023",
        "session_1": [
            {"speaker": "Ann", "dia_id": "D1:1", "text": "I planted tomatoes on the balcony."},
            {"speaker": "Ben", "dia_id": "D1:2", "text": "Lovely. I bought a kayak.", "blip_caption": "a green kayak"},
        ],
        "session_2_date_time": "10:00 am on 1 June, 2023",
        "session_2": [
            {"speaker": "Ben", "dia_id": "D2:1", "text": "We paddled down the river in the rain."},
            {"speaker": "Ann", "dia_id": "D2:2", "text": "The tomatoes are ripe."},
        ],
    },
    "qa": [
        {"question": "What did Ann plant?", "evidence": ["D1:1"], "category": 4},
        {"question": "What colour is the kayak?", "evidence": ["D1:2; D2:9"], "category": 1},
        {"question": "Nothing known?", "evidence": ["D"], "category": 5},
    ],
}


def bench(*arguments: str, target: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "tools.bench", *arguments, "--json", str(target)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stderr
    report: dict[str, Any] = json.loads(target.read_text())
    return report


def test_locomo_asks_a_daemon_and_scores_what_it_finds(tmp_path: Path) -> None:
    data = tmp_path / "data.json"
    data.write_text(json.dumps([CONVERSATION]))

    report = bench("locomo", "--data", str(data), target=tmp_path / "out.json")

    overall = report["metrics"]["overall"]
    assert 2 == overall["questions"]
    assert 1 == report["questions_left_out"]
    assert 1.0 == overall["R@5"]
    assert 1.0 == overall["any@1"]
    assert {"overall", "multi-hop", "single-hop"} == report["metrics"].keys()
    assert 0 < report["search_ms"]["server_p50"] <= report["search_ms"]["client_p99"]


@pytest.mark.slow
def test_perf_measures_every_row_that_needs_no_model(tmp_path: Path) -> None:
    report = bench("perf", "--events", "1000", target=tmp_path / "out.json")

    rows = {row["name"]: row for row in report["rows"]}
    assert 8 == len(rows)
    assert all(row["value"] > 0 for row in rows.values())
    assert "yes" == rows["lexical replay"]["also"]["identical to the live view"]
    assert "yes" == rows["contents replay"]["also"]["identical to the live view"]
    assert {"memory with vectors and model", "hook command, wall time"} == {
        absent["name"] for absent in report["not_measured"]
    }


def test_an_unknown_row_is_refused_by_name(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tools.bench", "perf", "--rows", "append,speed", "--json", str(tmp_path / "x")]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert 0 != done.returncode
    assert "speed" in done.stderr
