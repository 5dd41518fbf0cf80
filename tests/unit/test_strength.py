"""When a search says that what it found is little."""

from __future__ import annotations

import pytest

from agent_memory.events.ulids import ulid_of
from agent_memory.indexes.model import Match
from agent_memory.retrieval.pool import Found
from agent_memory.retrieval.strength import MEANING_WEAK, WORDS_ALONE_WEAK, WORDS_WEAK, is_weak


def matches(*scores: float) -> list[Match]:
    return [Match(ulid_of(0, place), 0, 9, score, 1) for place, score in enumerate(scores)]


def words(*scores: float, whole: float = 10.0) -> Found:
    return Found(matches(*scores), floor=0.0, top=whole)


def meaning(*scores: float) -> Found:
    return Found(matches(*scores))


FAINT = meaning(0.3, 0.2, 0.1)
NEAR = meaning(0.6, 0.2, 0.1)


@pytest.mark.parametrize("share", [0.0, 0.1, WORDS_WEAK - 0.01, WORDS_WEAK + 0.01, 1.0])
def test_words_speak_for_an_event_that_has_half_of_what_they_can_be_worth(share: float) -> None:
    assert (share < WORDS_WEAK) == is_weak({"lexical": words(10 * share), "vector": FAINT}, filtered=False)


@pytest.mark.parametrize("share", [0.0, WORDS_ALONE_WEAK - 0.01, WORDS_ALONE_WEAK + 0.01])
def test_where_meaning_is_not_asked_fewer_words_do(share: float) -> None:
    assert (share < WORDS_ALONE_WEAK) == is_weak({"lexical": words(10 * share)}, filtered=False)


@pytest.mark.parametrize("crowd", [0.0, 0.1, 0.75])
@pytest.mark.parametrize("by", [-0.01, 0.01])
def test_meaning_speaks_for_what_stands_out_from_the_crowd_whatever_the_scale_of_a_model(
    crowd: float, by: float
) -> None:
    nearest = crowd + (MEANING_WEAK + by) * (1 - crowd)
    found = {"lexical": words(), "vector": meaning(nearest, crowd)}

    assert (by < 0) == is_weak(found, filtered=False)


def test_under_a_filter_only_what_passes_it_speaks() -> None:
    (best, _) = everywhere = matches(9.0, 1.0)
    passing = {"lexical": Found(everywhere, [best], floor=0.0, top=10.0), "vector": FAINT}
    kept_out = {"lexical": Found(everywhere, everywhere[1:], floor=0.0, top=10.0), "vector": FAINT}

    assert (False, True) == (is_weak(passing, filtered=True), is_weak(kept_out, filtered=True))
    assert not is_weak(kept_out, filtered=False)


def test_words_that_stand_as_they_were_quoted_are_enough() -> None:
    assert not is_weak({"lexical": words(1.0), "vector": FAINT, "phrase": words(1.0)}, filtered=False)


def test_nothing_at_all_is_little_and_what_the_contents_lack_is_not() -> None:
    assert is_weak({"lexical": words(), "vector": meaning()}, filtered=False)
    assert not is_weak({"contents": words(0.1)}, filtered=False)
    assert not is_weak({"lexical": words(), "vector": NEAR}, filtered=False)
