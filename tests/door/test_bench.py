"""The benchmarks end to end: real daemons, small data."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agent_memory.retrieval import SIGNALS

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
    assert 2 == report["search_ms"]["steps"]["lexical"]["searches"]
    assert 0 < report["page_ms"]["server_p50"] <= report["page_ms"]["client_p99"]
    assert overall == report["by_conversation"]["conv-x"]["overall"]
    assert [1.0, 1.0] == report["intervals"]["by question"]["R@5"]
    assert {"ablation", "baselines"}.isdisjoint(report)


def test_locomo_asks_again_with_less_and_shows_what_that_costs(tmp_path: Path) -> None:
    data = tmp_path / "data.json"
    # So many turns that what is found at random or by date is not found at the top.
    session = [{"speaker": "Ann", "dia_id": f"D3:{n}", "text": f"Day {n}: nothing new."} for n in range(1, 80)]
    talk = {
        **CONVERSATION["conversation"],  # type: ignore[dict-item]  # a dict, as written above
        "session_3_date_time": "9:00 am on 2 July, 2023",
        "session_3": session,
    }
    data.write_text(json.dumps([{**CONVERSATION, "conversation": talk}]))

    report = bench("locomo", "--data", str(data), "--ablate", "--baselines", "--contexts", target=tmp_path / "out.json")

    baselines = {name: found["overall"]["R@5"] for name, found in report["baselines"].items()}
    assert 1.0 == report["metrics"]["overall"]["R@5"]
    assert {"BM25 only", "recency", "random"} == baselines.keys()
    assert (1.0, 0.0) == (baselines["BM25 only"], baselines["recency"])
    assert set(SIGNALS) - {"vector"} == report["ablation"].keys()
    assert ["500", "1000", "2000"] == list(report["contexts"])
    assert all(1.0 == held["evidence"] for held in report["contexts"].values())
    assert all(0 < held["tokens"] <= int(budget) for budget, held in report["contexts"].items())
    # Without a model the contents are walked instead, which find no more than words do.
    assert 0 >= report["ablation"]["lexical"]["differences"]["R@5"]
    assert 0 == report["ablation"]["phrase"]["differences"]["R@5"]


def test_kept_figures_go_into_a_page(tmp_path: Path) -> None:
    data, kept, page = tmp_path / "data.json", tmp_path / "out.json", tmp_path / "page.md"
    data.write_text(json.dumps([CONVERSATION]))
    page.write_text("# Page\n\n<!-- figures: locomo metrics -->\n<!-- end of figures -->\n")
    bench("locomo", "--data", str(data), "--bootstrap", "0", target=kept)

    command = [sys.executable, "-m", "tools.bench", "markdown", str(kept), "--into", str(page)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert (0, "") == (done.returncode, done.stderr)
    assert "| overall | 2 | 1.000 |" in page.read_text()


def test_the_docs_mark_places_that_reports_have_figures_for() -> None:
    quality = {"metrics", "intervals", "ablation", "contexts", "latency", "machine"}
    kinds = {
        "locomo": quality | {"conversations", "places", "baselines"},
        "code": quality | {"misses"},
        "perf": {"rows", "beside", "machine"},
    }
    for name in ("retrieval.md", "benchmarks.md", "context.md"):
        page = (ROOT / "docs" / name).read_text()
        places = re.findall(r"<!-- figures: (\w+) (\w+) -->", page)

        assert places, name
        assert [] == [place for place in places if place[1] not in kinds.get(place[0], set())], name
        assert len(places) == page.count("<!-- end of figures -->"), name


@pytest.mark.slow
def test_perf_measures_every_row_that_needs_no_model(tmp_path: Path) -> None:
    report = bench("perf", "--events", "1000", target=tmp_path / "out.json")

    rows = {row["name"]: row for row in report["rows"]}
    assert 13 == len(rows)
    assert all(row["value"] > 0 for row in rows.values())
    assert "yes" == rows["lexical replay"]["also"]["identical to the live view"]
    assert "yes" == rows["contents replay"]["also"]["identical to the live view"]
    assert ["memory with vectors and model"] == [absent["name"] for absent in report["not_measured"]]


def test_an_unknown_row_is_refused_by_name(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tools.bench", "perf", "--rows", "append,speed", "--json", str(tmp_path / "x")]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert 0 != done.returncode
    assert "speed" in done.stderr
