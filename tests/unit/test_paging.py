from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_memory.errors import InvalidQuery
from agent_memory.paging import check_page_size, count_that_fits, decode_token, encode_token


@given(st.text(), st.text())
def test_a_token_gives_its_cursor_back_to_the_listing_it_came_from(listing: str, cursor: str) -> None:
    token = encode_token(("events", listing), cursor)

    assert cursor == decode_token(token, ("events", listing), str)


def test_a_token_of_another_listing_is_refused() -> None:
    token = encode_token(("events", "a"), "x")
    with pytest.raises(InvalidQuery, match="another listing"):
        decode_token(token, ("events", "b"), str)


@given(st.text(min_size=1))
def test_any_other_text_is_refused_as_a_token(text: str) -> None:
    with pytest.raises(InvalidQuery):
        decode_token(text, ("events",), str)


def test_a_cursor_of_another_type_is_refused() -> None:
    with pytest.raises(InvalidQuery):
        decode_token(encode_token(("events",), 3), ("events",), str)


def test_an_empty_token_is_the_first_page() -> None:
    assert decode_token("", ("events",), str) is None


@pytest.mark.parametrize("size", [0, -1, 1001])
def test_a_page_size_out_of_range_is_refused_by_name(size: int) -> None:
    with pytest.raises(InvalidQuery) as caught:
        check_page_size(size)

    assert "page_size" == caught.value.field


@pytest.mark.parametrize(
    ("lengths", "most", "count"), [([], 10, 0), ([99], 10, 1), ([4, 4, 4], 10, 2), ([4, 4, 2], 10, 3), ([99, 1], 10, 1)]
)
def test_an_answer_is_cut_where_texts_are_long_but_never_to_nothing(lengths: list[int], most: int, count: int) -> None:
    assert count == count_that_fits(lengths, most=most)
