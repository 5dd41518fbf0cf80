"""How summaries are measured: what a day's grips cite, beside as much text picked otherwise."""

from __future__ import annotations

import pytest

from agent_memory.events import Draft, Kind
from agent_memory.inference.extractive import ExtractiveSummariser
from agent_memory.testing.events import NOON_MS
from tools.bench.centrality import by_words
from tools.bench.sentences import Sentence, words_of
from tools.bench.summaries import BEST, FIRST, OURS, RANDOM, Asked, Plan, Question, measured

SAID = (
    "Hello there. How are you?",
    "We decided to keep RocksDB because its batches are atomic.",
    "Nice weather. It rained yesterday.",
    "The export failed with a timeout of the database.",
)


def asked_about(*places: int) -> Asked:
    drafts = tuple(
        Draft(kind=Kind.USER_MESSAGE, session="s", text=text, source="t", source_id=str(n), time_ms=NOON_MS + n * 1_000)
        for n, text in enumerate(SAID)
    )
    questions = (Question(evidence=frozenset(map(str, places)), words=words_of("why RocksDB")),)
    return Asked(name="talk", drafts=drafts, zone="UTC", questions=questions)


def coverage(asked: Asked) -> dict[str, dict[str, dict[str, float]]]:
    return measured(asked, ExtractiveSummariser(), Plan(drawings=3), embedder=None)["coverage"]  # type: ignore[return-value]


def test_what_the_bullets_cite_of_what_is_asked_about_is_the_coverage() -> None:
    found = coverage(asked_about(1))

    assert (1.0, 1.0, 1.0) == tuple(found[OURS]["bullets"][share] for share in ("turns", "asked", "words"))


def test_every_way_has_as_many_sentences_as_the_day_has_bullets() -> None:
    found = coverage(asked_about(1, 3))

    assert {found[OURS]["bullets"]["bullets"]} == {found[way]["bullets"]["bullets"] for way in (FIRST, RANDOM)}


def test_whoever_knows_the_questions_is_best() -> None:
    found = coverage(asked_about(1, 3))

    assert 1.0 == found[BEST]["bullets"]["turns"]
    assert max(row["bullets"]["turns"] for row in found.values()) == found[BEST]["bullets"]["turns"]


def test_days_that_nobody_asks_about_do_not_count() -> None:
    assert 0 == measured(asked_about(), ExtractiveSummariser(), Plan(drawings=1), embedder=None)["days"]


def test_equal_seeds_draw_alike() -> None:
    assert coverage(asked_about(1)) == coverage(asked_about(1))


@pytest.mark.parametrize("last", ["rain", "fog"])
def test_the_most_central_sentence_shares_its_words_with_the_others(last: str) -> None:
    texts = ["snow and hail", "snow and sleet", f"hail, sleet, snow and {last}", "a fixed price"]
    sentences = [Sentence(event=str(n), place=0, text=text, words=words_of(text)) for n, text in enumerate(texts)]

    assert texts[2] == by_words(sentences)[0].text
    assert texts[3] == by_words(sentences)[-1].text
