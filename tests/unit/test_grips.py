"""Grip ids are addresses, and excerpts are cut where a reader would."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from agent_memory.events.ulids import is_ulid, ulid_time_ms
from agent_memory.testing.strategies import texts, ulids
from agent_memory.toc.grips import PLACE_MAX, grip_address, grip_id, has_lone_surrogate, matches, settle

places = st.tuples(st.integers(0, PLACE_MAX), st.integers(1, PLACE_MAX)).map(lambda p: (p[0], p[0] + p[1]))


@given(ulids(), places)
def test_an_id_leads_back_to_what_it_was_made_of(event_id: str, place: tuple[int, int]) -> None:
    id = grip_id(event_id, *place)
    address = grip_address(id)

    assert is_ulid(id)
    assert place == (address.start, address.end)
    assert ulid_time_ms(event_id) == address.time_ms == ulid_time_ms(id)
    assert matches(address, event_id)


@given(ulids(), ulids(), places)
def test_an_id_matches_no_other_event(one: str, other: str, place: tuple[int, int]) -> None:
    assume(one != other)

    assert not matches(grip_address(grip_id(one, *place)), other)


@given(ulids(), st.lists(places, unique=True, min_size=2, max_size=5))
def test_excerpts_of_one_event_have_ids_of_their_own(event_id: str, many: list[tuple[int, int]]) -> None:
    assert len(many) == len({grip_id(event_id, *place) for place in many})


@pytest.mark.parametrize("place", [(0, 0), (5, 4), (-1, 3), (PLACE_MAX + 1, PLACE_MAX + 2), (0, PLACE_MAX + 1)])
def test_an_excerpt_that_no_id_can_address_is_refused(place: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="no grip can address"):
        grip_id("01KEGMY100000000000000000Z", *place)


@pytest.mark.parametrize(
    "id", ["", "01KEGMY100000000000000000", "01KEGMY100000000000000000z", "01KEGMY1000000000000000000"]
)
def test_what_is_no_grip_id_is_refused(id: str) -> None:
    with pytest.raises(ValueError, match=r"is no ULID|addresses no text"):
        grip_address(id)


@given(texts(), st.integers(0, 40), st.integers(0, 40))
def test_a_settled_excerpt_is_inside_and_fit_to_be_shown(text: str, start: int, length: int) -> None:
    first, last = settle(text, min(start, len(text)), start + length)

    assert min(start, len(text)) <= first <= last <= min(len(text), start + length) or first == last
    shown = text[first:last]
    assert not has_lone_surrogate(text, first, last)
    assert shown == shown.strip()
    shown.encode()


FAMILY = "👨‍👩‍👧"


@pytest.mark.parametrize(
    ("text", "start", "end", "expected"),
    [
        ("e\u0301te\u0301", 0, 3, "e\u0301t"),
        ("e\u0301te\u0301", 0, 4, "e\u0301t"),
        ("e\u0301te\u0301", 1, 5, "te\u0301"),
        (f"a {FAMILY} b", 0, 4, "a"),
        (f"a {FAMILY} b", 0, 7, f"a {FAMILY}"),
        ("🇪🇺🇩🇪", 0, 3, "🇪🇺"),
        ("👍🏽 good", 0, 1, "👍"),
        ("hi \ud83d there", 0, 10, "hi"),
        ("\ud83d there", 0, 7, "there"),
        ("  spaced  ", 0, 10, "spaced"),
        ("plain", 1, 3, "la"),
        ("\u0301\u0301\u0301", 0, 2, "\u0301\u0301"),
    ],
)
def test_edges_move_to_where_a_reader_would_cut(text: str, start: int, end: int, expected: str) -> None:
    first, last = settle(text, start, end)

    assert expected == text[first:last]


@given(st.text(alphabet="aé\u0301\u0308\u200d👩👧 ", max_size=12), st.integers(0, 12), st.integers(0, 12))
@example("a\u200d👧\u0301", 0, 3)
def test_an_accent_stays_with_its_letter_where_there_is_one(text: str, start: int, length: int) -> None:
    first, last = settle(text, min(start, len(text)), start + length)
    if 0 < first < last:
        assert "M" != unicodedata.category(text[first])[0]
    if first < last < len(text) and unicodedata.category(text[last])[0] == "M":
        # Only where all of the excerpt hangs together: accents, and what joiners join.
        assert all(
            unicodedata.category(text[at])[0] == "M" or "\u200d" in text[at - 1 : at + 1]
            for at in range(first + 1, last)
        )
