"""The measuring itself: metrics, evidence, generated conversations, verdicts."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from agent_memory.clock import SYSTEM_CLOCK, RandomIds
from agent_memory.events import Kind
from agent_memory.events.drafting import complete_all
from tools.bench.corpus import Corpus, json_line
from tools.bench.locomo_data import read_conversations
from tools.bench.metrics import Answered, distinct, means, percentile, report, scores
from tools.bench.rows import Absent, Row, table


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
