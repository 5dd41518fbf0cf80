"""The code memory set keeps the rules that it was written by, and is scored as it says."""

from __future__ import annotations

import re
from collections import Counter

import pytest
import tantivy

from agent_memory.events import Draft, Kind
from tools.bench.code_memory_data import SPLITS, read_drafts, read_questions
from tools.bench.event_metrics import Ranked, means, report, scores

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


def test_scores_tell_where_the_first_answer_stands_and_how_many_came() -> None:
    ranked = Ranked(category="path", split="dev", evidence=frozenset("bz"), events=("a", "b", "c"))
    found = scores(ranked)

    assert 2 == ranked.rank
    assert {"any@1": 0.0, "any@5": 1.0, "any@10": 1.0, "MRR": 0.5} == {
        name: found[name] for name in ("any@1", "any@5", "any@10", "MRR")
    }
    assert 0.5 == found["R@5"]


def test_an_answer_that_did_not_come_scores_nothing() -> None:
    ranked = Ranked(category="path", split="dev", evidence=frozenset("z"), events=("a", "b", "c"))

    assert 0 == ranked.rank
    assert {0.0} == set(scores(ranked).values())


def test_a_report_has_a_row_for_all_and_for_each_group() -> None:
    found = report(
        [
            Ranked(category="path", split="dev", evidence=frozenset("a"), events=("a",)),
            Ranked(category="time", split="held_out", evidence=frozenset("a"), events=("b",)),
        ]
    )

    assert ["overall", "dev", "held_out", "path", "time"] == list(found)
    assert 0.5 == found["overall"]["any@1"]
    assert 1.0 == found["dev"]["any@1"]
    assert {"questions": 0} == means([])


def stems(text: str) -> set[str]:
    """Of all words with content, by the English stemmer."""
    without = _FUNCTION_WORDS.split()
    words = [word for word in re.findall(r"[^\W_]+", text.lower()) if word not in without and len(word) > 1]
    return set(_stemmer().analyze(" ".join(words)))


def _stemmer() -> tantivy.TextAnalyzer:
    return tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple()).filter(tantivy.Filter.stemmer("English")).build()
