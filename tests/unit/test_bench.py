"""The measuring itself: metrics, evidence, generated conversations, verdicts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from agent_memory.clock import SYSTEM_CLOCK, RandomIds
from agent_memory.events import Kind
from agent_memory.events.drafting import complete_all
from tools.bench import machine
from tools.bench.ablation import alone, compared, each_off
from tools.bench.bootstrap import by_conversation, by_question, intervals
from tools.bench.contexts import BUDGETS, Held, by_budget
from tools.bench.corpus import Corpus, json_line
from tools.bench.locomo_data import read_conversations
from tools.bench.markdown import renewed, tables
from tools.bench.metrics import Answered, distinct, means, percentile, places, report, scores
from tools.bench.rows import Absent, Row, table
from tools.bench.turns import STOLEN_MAX, Turn, stolen_percent, that_count


def answered(evidence: str, turns: str, *, category: int = 1) -> Answered:
    wanted, found = evidence.split(), tuple(turns.split())
    return Answered(
        category=category,
        evidence_turns=frozenset(wanted),
        evidence_sessions=frozenset(turn.split(":")[0] for turn in wanted),
        turns=found,
        sessions=distinct(turn.split(":")[0] for turn in found),
    )


def test_recall_is_the_share_of_the_evidence_among_the_first() -> None:
    found = scores(answered("D1:1 D2:9", "D5:1 D1:1 D1:2 D1:3 D1:4 D2:9"))

    assert 0.5 == found["R@5"]
    assert 1.0 == found["R@10"]


def test_sessions_count_once_however_many_of_their_turns_were_found() -> None:
    found = scores(answered("D1:1 D2:9", "D5:1 D5:2 D5:3 D1:7"))

    assert 0.0 == found["any@1"]
    assert 1.0 == found["any@5"]
    assert 0.5 == found["frac@10"]


def test_a_report_has_a_row_for_every_category_that_occurs() -> None:
    rows = report([answered("D1:1", "D1:1"), answered("D1:1", "D2:1", category=4)], {1: "one", 2: "two", 4: "four"})

    assert ["overall", "one", "four"] == list(rows)
    assert [0.5, 1.0, 0.0] == [row["R@5"] for row in rows.values()]
    assert [2, 1, 1] == [row["questions"] for row in rows.values()]


def test_the_mean_of_nothing_claims_nothing() -> None:
    assert {"questions": 0} == means([])


def test_places_tell_how_deep_the_evidence_stands_and_whether_its_session_was_found() -> None:
    turns = ["D1:1", *(f"D7:{turn}" for turn in range(1, 11)), "D2:1"]

    found = places([answered("D1:1 D2:1 D7:99 D9:1", " ".join(turns))])

    assert {"turns": 4, "to 5": 1, "to 10": 0, "to 25": 1, "to 50": 0, "to 100": 0} == {
        name: found[name] for name in ("turns", "to 5", "to 10", "to 25", "to 50", "to 100")
    }
    assert (2, 1) == (found["later"], found["later, session found"])


# -- intervals, and what signals are worth --------------------------------------------------------

CONVERSATIONS = ["a"] * 30 + ["b"] * 70


def test_a_drawing_of_conversations_takes_all_questions_of_one_or_none() -> None:
    counts = by_conversation(CONVERSATIONS, drawings=200, seed=1)

    assert (200, 100) == counts.shape
    assert all(len(set(of_a)) == 1 for of_a in counts[:, :30].tolist())
    assert {2.0} == set((counts[:, 0] + counts[:, 30]).tolist())


def test_a_drawing_of_questions_leaves_each_conversation_its_share() -> None:
    counts = by_question(CONVERSATIONS, drawings=200, seed=1)

    assert {30.0} == set(counts[:, :30].sum(axis=1).tolist())
    assert {70.0} == set(counts[:, 30:].sum(axis=1).tolist())
    assert 1 < len(set(counts[0].tolist()))


def test_an_interval_holds_the_mean_and_is_as_wide_as_theory_says() -> None:
    random_ = np.random.default_rng(3)
    rows = [{"x": float(value), "one": 1.0} for value in random_.normal(5.0, 2.0, 400)]

    found = intervals(rows, by_question(["a"] * 400, drawings=4_000, seed=2))

    low, high = found["x"]
    assert low < sum(row["x"] for row in rows) / 400 < high
    assert 2 * 1.96 * 2.0 / 20 == pytest.approx(high - low, rel=0.1)
    assert (1.0, 1.0) == found["one"]


def test_equal_seeds_draw_alike_and_none_drawn_claims_nothing() -> None:
    once, again, other = (by_question(CONVERSATIONS, drawings=9, seed=seed) for seed in (1, 1, 2))

    assert np.array_equal(once, again)
    assert not np.array_equal(once, other)
    assert {} == intervals([{"x": 1.0}], by_question(["a"], drawings=0, seed=1))
    assert {} == intervals([], by_conversation(["a"], drawings=9, seed=1))


def test_a_difference_is_taken_question_by_question() -> None:
    full = [{"x": float(number)} for number in range(50)]
    without = [{"x": row["x"] - 1.0} for row in full]

    found = compared(without, full, by_question(["a"] * 50, drawings=100, seed=1))

    # The questions differ widely, what each of them lost does not.
    assert {"differences": {"x": -1.0}, "intervals": {"x": (-1.0, -1.0)}} == found


def test_a_signal_alone_is_all_others_left_out_and_without_a_model_there_are_no_vectors() -> None:
    assert {"vector"} == {*each_off("model")} - {*each_off("")}
    assert {*alone("lexical"), "lexical"} == {*each_off("model")}
    assert ("time",) == each_off("")["time"]


# -- figures into pages ---------------------------------------------------------------------------


def quality_report(**more: object) -> dict[str, Any]:
    found = report([answered("D1:1", "D1:1"), answered("D1:1", "D2:1")], {1: "one"})
    lost = {"differences": scores(answered("D1:1", "D1:1")), "intervals": {"R@5": (0.5, 1.0), "R@10": (-1.0, 1.0)}}
    return {
        "benchmark": "locomo",
        "time": "2026-01-02T03:04:05+00:00",
        "machine": {
            "processor": "p",
            "cores": 2,
            "memory_bytes": 1 << 30,
            "file_system": "ext4",
            "python": "3",
            "engines": {},
        },
        "events": 3,
        "limit": 100,
        "tiers": ["lexical"],
        "model": "",
        "metrics": found,
        "weights": {"time": 0.7},
        "ablation": {"time": {"metrics": found, **lost}},
        "search_ms": {"client_p50": 1.0, "client_p99": 2.0, "server_p50": 1.0, "server_p99": 2.0, "steps": {}},
        **more,
    }


def test_figures_replace_what_stands_at_their_place_and_nothing_else() -> None:
    page = "a\n<!-- figures: locomo metrics -->\nold | rows\n<!-- end of figures -->\nb\n"

    text, left = renewed(page, [quality_report()])
    again, _ = renewed(text, [quality_report()])

    assert [] == left
    assert "old | rows" not in text
    assert "| overall | 2 | 0.500 |" in text
    assert text.startswith("a\n<!-- figures: locomo metrics -->\n\n| questions of |")
    assert text.endswith("\n<!-- end of figures -->\nb\n")
    assert text == again


def test_a_place_that_no_report_has_figures_for_stays_and_is_named() -> None:
    page = (
        "<!-- figures: code metrics -->\nold\n<!-- end of figures -->\n"
        "<!-- figures: locomo baselines -->\n<!-- end of figures -->\n"
    )

    text, left = renewed(page, [quality_report()])

    assert page == text
    assert ["code metrics", "locomo baselines"] == left


def test_a_difference_that_may_be_chance_has_no_mark() -> None:
    _, _, _, found = tables(quality_report())["ablation"].splitlines()[:4]

    assert found.startswith("| `time` | 0.7 | +1.000† | +1.000 | ")


def test_contexts_are_told_by_budget_and_left_out_where_they_were_not_asked_for() -> None:
    questions = [{budget: Held(share=share, tokens=budget - 7) for budget in BUDGETS} for share in (1.0, 0.5)]

    assert "| 1,000 | 0.750 | 993 |" in tables(quality_report(contexts=by_budget(questions)))["contexts"]
    assert {} == by_budget([])
    assert "contexts" not in tables(quality_report(contexts={}))


def test_what_was_asked_cannot_break_the_table_it_stands_in() -> None:
    instead = [{"event": "e-1", "date": "", "excerpt": "a | b <b>"}]
    misses = [
        {"id": "q-1", "question": "why?", "evidence": ["e-2"], "rank": 0, "session_rank": 2, "instead": instead},
        {"id": "q-2", "question": "who?", "evidence": ["e-3"], "rank": 5, "session_rank": 1, "instead": []},
    ]

    found = tables(quality_report(misses=misses, misses_shown="all"))["misses"].splitlines()

    assert "Questions: all." == found[-1]
    assert ["| q-1 | why? | e-2 | e-1: a \\| b &lt;b> | – | 2 |"] == found[2:-2]


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50.0), (0.99, 99.0), (1.0, 100.0), (0.0, 1.0)])
def test_a_percentile_is_a_value_that_was_measured(share: float, expected: float) -> None:
    assert expected == percentile([float(n) for n in range(100, 0, -1)], share)


SAMPLE = {
    "sample_id": "conv-x",
    "conversation": {
        "speaker_a": "Ann",
        "speaker_b": "Ben",
        "session_2_date_time": "1:56 pm on 8 May, 2023",
        "session_2": [{"speaker": "Ben", "dia_id": "D2:1", "text": "Look", "blip_caption": "a red kite"}],
        "session_10_date_time": "12:05 am on 1 June, 2023",
        "session_10": [{"speaker": "Ann", "dia_id": "D10:1", "text": "Hi"}, {"speaker": "Ben", "dia_id": "D10:2"}],
        "session_11_date_time": "1:00 pm on 2 June, 2023",
    },
    "qa": [
        {"question": "both?", "evidence": ["D2:1; D10:02"], "category": 1},
        {"question": "one?", "evidence": ["D", "D10:1", "D99:1"], "category": 2},
        {"question": "none?", "evidence": ["D:1"], "category": 5},
        {"question": "nothing?", "category": 5},
    ],
}


def test_malformed_evidence_is_read_as_far_as_it_resolves(tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    path.write_text(json.dumps([SAMPLE]))

    (found,) = read_conversations(path)

    assert [{"D2:1", "D10:2"}, {"D10:1"}] == [set(question.turns) for question in found.questions]
    assert 2 == found.left_out
    assert {"D2", "D10"} == found.questions[0].sessions


def test_questions_are_asked_a_day_after_the_last_turn(tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    path.write_text(json.dumps([SAMPLE]))

    (found,) = read_conversations(path)

    assert (found.drafts[-1].time_ms or 0) + 86_400_000 == found.asked_ms


def test_turns_become_drafts_with_dates_speakers_and_captions(tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    path.write_text(json.dumps([SAMPLE]))

    first, second, third = read_conversations(path)[0].drafts

    assert "Look [shares a photo: a red kite]" == first.text
    assert ("Ben", Kind.ASSISTANT_MESSAGE, "session-02") == (first.speaker, first.kind, first.session)
    assert ("Ann", Kind.USER_MESSAGE, "session-10") == (second.speaker, second.kind, second.session)
    assert 1_683_554_160_000 == first.time_ms
    assert second.time_ms is not None
    assert third.time_ms is not None
    assert second.time_ms < third.time_ms


def test_a_corpus_is_the_same_for_the_same_seed_and_other_for_another() -> None:
    once, again, other = (list(Corpus(500, seed=seed)) for seed in (3, 3, 4))

    assert once == again
    assert {draft.text for draft in once}.isdisjoint({draft.text for draft in other if len(draft.text) > 60})


def test_a_corpus_is_legal_in_order_of_time_and_varied() -> None:
    drafts = list(Corpus(3_000))
    events = complete_all(drafts, clock=SYSTEM_CLOCK, ids=RandomIds())

    assert 3_000 == len({event.id for event in events})
    assert sorted(draft.time_ms or 0 for draft in drafts) == [draft.time_ms for draft in drafts]
    assert len({draft.text for draft in drafts}) > 2_900
    assert {Kind.USER_MESSAGE, Kind.ASSISTANT_MESSAGE, Kind.TOOL_CALL, Kind.TOOL_RESULT} == {d.kind for d in drafts}
    assert len({draft.session for draft in drafts}) > 30


def test_a_json_line_holds_the_whole_draft() -> None:
    draft = next(iter(Corpus(10)))

    line = json.loads(json_line(draft))

    assert draft.text == line["text"]
    assert {"kind", "time", "session", "agent", "project", "text", "source", "source_id"} == line.keys()


def row(**fields: object) -> Row:
    defaults = {"name": "n", "what": "w", "value": 5.0, "unit": "u", "bound": "at least", "limit": 0.5}
    return msgspec.convert({**defaults, **fields}, Row)


@pytest.mark.parametrize(
    ("measured", "ok"),
    [
        (row(floor=10.0), True),
        (row(floor=11.0), False),
        (row(floor=10.0, extra_ok=False), False),
        (row(floor=2.0, bound="at most", limit=2.5), True),
        (row(floor=2.0, bound="at most", limit=2.4), False),
        (row(limit=4.0), True),
        (row(limit=6.0), False),
    ],
)
def test_a_row_keeps_its_budget_or_does_not(measured: Row, ok: bool) -> None:
    assert ok == measured.ok
    assert measured.ok == measured.as_json()["ok"]


def test_the_table_names_what_was_not_measured() -> None:
    found = table([row(floor=10.0), Absent(name="hook", why="not in this release")], title="t")

    assert 2 == found.row_count


def test_what_the_host_took_is_told_as_a_share_of_all_time(monkeypatch: pytest.MonkeyPatch) -> None:
    told = iter([[100, 0, 50, 800, 0, 0, 0, 50], [140, 0, 60, 840, 0, 0, 0, 60]])
    monkeypatch.setattr(machine, "_ticks", lambda: next(told))

    assert 0.1 == machine.Stolen().share()


def test_where_the_system_does_not_tell_what_the_host_took_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_ticks", list)

    assert 0.0 == machine.Stolen().share()


def turn(stolen: float, ms: float, queries: int = 10) -> Turn:
    return Turn(ms=[ms] * queries, results=[], stolen=stolen)


def test_of_the_turns_the_quiet_ones_count_however_slow_they_were() -> None:
    turns = [turn(0.0, 90.0), turn(0.3, 1.0), turn(STOLEN_MAX, 8.0), turn(0.1, 2.0)]

    assert [turns[0], turns[2]] == that_count(turns, at_least=20)


def test_where_too_few_turns_are_quiet_the_least_disturbed_of_the_others_count_as_well() -> None:
    turns = [turn(0.3, 1.0), turn(0.0, 5.0), turn(0.2, 3.0), turn(0.1, 2.0)]

    assert turns[1:] == that_count(turns, at_least=25)
    assert turns == that_count(turns, at_least=1_000)
    assert [] == that_count([], at_least=10)


def test_what_the_host_took_is_weighed_by_how_long_the_turns_were() -> None:
    assert pytest.approx(2.5) == stolen_percent([turn(0.0, 30.0), turn(0.1, 10.0)])
    assert 0.0 == stolen_percent([])
