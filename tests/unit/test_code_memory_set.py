"""The code memory set keeps the rules that it was written by, and is scored as it says."""

from __future__ import annotations

import re
from collections import Counter

import pytest
import tantivy

from agent_memory.events import Draft, Kind
from tools.bench.code_memory_data import SPLITS, read_drafts, read_questions
from tools.bench.event_metrics import Ranked, report, scores
from tools.bench.metrics import distinct

CATEGORIES = {
    "path",
    "error",
    "command",
    "decision",
    "where",
    "paraphrase",
    "time",
    "preference",
    "version",
    "dialogue",
    "multi-event",
}

AGENTS = {"claude-code", "codex", "gemini-cli", "opencode", "cursor", "chat"}

# Words without content: sharing them makes nothing easier to find.
_FUNCTION_WORDS = """
a about all an and any are as at be been both but by can could did do does for from had has have he her his
how i if in into is it its me must my no not of off on one or our out over really she should so some than that
the their them then there they this through to too under up us was we were what when where which who why will
with would you your
"""


@pytest.fixture(scope="module")
def drafts() -> dict[str, Draft]:
    found = read_drafts()
    by_id = {draft.source_id: draft for draft in found}

    assert len(found) == len(by_id)
    return by_id


def test_there_are_enough_sessions_of_several_agents_and_projects(drafts: dict[str, Draft]) -> None:
    transcripts = [draft for draft in drafts.values() if draft.source == "transcript"]
    events = Counter(draft.session for draft in transcripts)
    coding = {draft.session for draft in transcripts if draft.project}

    assert {"claude-code", "codex", "gemini-cli", "opencode", "cursor", "chat"} == {
        draft.agent for draft in transcripts
    }
    assert 3 <= len({draft.project for draft in transcripts if draft.project})
    assert 5 <= len(coding)
    assert all(60 <= events[session] <= 120 for session in coding)
    assert all(40 <= events[session] <= 60 for session in events.keys() - coding)


def test_there_are_long_answers_and_long_outputs(drafts: dict[str, Draft]) -> None:
    answers = [draft.text for draft in drafts.values() if draft.kind is Kind.ASSISTANT_MESSAGE]
    outputs = [draft.text for draft in drafts.values() if draft.kind is Kind.TOOL_RESULT]

    assert 10 <= sum(len(answer.split()) >= 300 for answer in answers)
    assert 3 <= sum(output.count("\n") >= 200 for output in outputs)


def test_every_session_is_in_the_order_of_time(drafts: dict[str, Draft]) -> None:
    times: dict[str, list[int]] = {}
    for draft in drafts.values():
        assert draft.time_ms is not None
        times.setdefault(draft.session, []).append(draft.time_ms)

    assert [] == [session for session, found in times.items() if found != sorted(found)]


def test_every_question_names_events_that_are_there_and_say_something(drafts: dict[str, Draft]) -> None:
    questions = read_questions()

    assert len(questions) == len({question.id for question in questions})
    assert len(questions) == len({question.question for question in questions})
    for question in questions:
        assert question.evidence, question.id
        assert [] == [id for id in question.evidence if not drafts[id].text], question.id


def test_the_splits_hold_every_category() -> None:
    counts = Counter((question.split, question.category) for question in read_questions())
    totals = Counter(question.split for question in read_questions())

    assert {(split, category) for split in SPLITS for category in CATEGORIES} == counts.keys()
    assert 60 <= totals["held_out"]
    assert 40 <= totals["dev"]


def test_a_question_about_a_time_is_asked_after_what_it_asks_for(drafts: dict[str, Draft]) -> None:
    for question in read_questions():
        if question.category == "time":
            assert question.now_ms is not None, question.id
            assert question.now_ms > max(drafts[id].time_ms or 0 for id in question.evidence), question.id


def test_a_paraphrase_shares_no_content_word_with_what_answers_it(drafts: dict[str, Draft]) -> None:
    shared = {
        question.id: found
        for question in read_questions()
        if question.category == "paraphrase"
        for id in question.evidence
        if (found := stems(question.question) & stems(drafts[id].text))
    }

    assert {} == shared


def ranked(evidence: str, events: str, *, category: str = "path", split: str = "dev") -> Ranked:
    """Events are named by a letter for their session and a number."""
    wanted, came = evidence.split(), tuple(events.split())
    return Ranked(
        category=category,
        split=split,
        evidence=frozenset(wanted),
        evidence_sessions=frozenset(event[0] for event in wanted),
        events=came,
        sessions=distinct(event[0] for event in came),
    )


def test_scores_tell_where_the_first_answer_stands_and_how_many_came() -> None:
    one = ranked("b2 z1", "a1 b2 c1")
    found = scores(one)

    assert 2 == one.rank
    assert {"hit@1": 0.0, "hit@3": 1.0, "hit@5": 1.0, "hit@10": 1.0, "MRR": 0.5} == {
        name: found[name] for name in ("hit@1", "hit@3", "hit@5", "hit@10", "MRR")
    }
    assert 0.5 == found["R@5"]


def test_a_session_is_found_by_any_of_its_events_and_counts_once() -> None:
    one = ranked("b9", "a1 a2 a3 a4 a5 a6 b1")
    found = scores(one)

    assert 0 == one.rank
    assert 2 == one.session_rank
    assert (0.0, 1.0) == (found["any@1"], found["any@5"])
    assert 0.0 == found["hit@10"]


def test_an_answer_that_did_not_come_scores_nothing() -> None:
    one = ranked("z1", "a1 b1 c1")

    assert (0, 0) == (one.rank, one.session_rank)
    assert {0.0} == set(scores(one).values())


def test_a_report_has_a_row_for_all_and_for_each_group() -> None:
    found = report([ranked("a1", "a1"), ranked("a1", "b1", category="time", split="held_out")])

    assert ["overall", "dev", "held_out", "path", "time"] == list(found)
    assert 0.5 == found["overall"]["hit@1"]
    assert 1.0 == found["dev"]["any@1"]
    assert 1 == found["held_out"]["questions"]


def stems(text: str) -> set[str]:
    """Of all words with content, by the English stemmer."""
    without = _FUNCTION_WORDS.split()
    words = [word for word in re.findall(r"[^\W_]+", text.lower()) if word not in without and len(word) > 1]
    return set(_stemmer().analyze(" ".join(words)))


def _stemmer() -> tantivy.TextAnalyzer:
    return tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple()).filter(tantivy.Filter.stemmer("English")).build()
