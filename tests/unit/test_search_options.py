"""How a search can be told to rank, and what is refused with the field and what is allowed."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_memory.errors import InvalidQuery
from agent_memory.retrieval.model import DEFAULT_OPTIONS, SIGNALS, SearchOptions
from agent_memory.retrieval.options import NOW_MAX_MS, check_options, check_token_budget

shares = st.floats(0, 1)


@given(
    st.builds(
        SearchOptions,
        now_ms=st.none() | st.integers(0, NOW_MAX_MS),
        without=st.lists(st.sampled_from(SIGNALS)).map(tuple),
        recency=shares,
        salience=shares,
        diversity=shares,
    )
)
def test_what_makes_sense_is_given_back(options: SearchOptions) -> None:
    assert options == check_options(options)


def test_the_defaults_make_sense() -> None:
    assert DEFAULT_OPTIONS == check_options(DEFAULT_OPTIONS)


@pytest.mark.parametrize(
    ("changes", "field", "allowed"),
    [
        ({"now_ms": -1}, "options.now", "1970 to 9998"),
        ({"now_ms": NOW_MAX_MS + 1}, "options.now", "1970 to 9998"),
        ({"now_ms": 1.5}, "options.now", "1970 to 9998"),
        ({"now_ms": "2026-01-15"}, "options.now", "1970 to 9998"),
        ({"without": ("lexical", "keywords")}, "options.without[1]", f" and {SIGNALS[-1]}."),
        ({"without": ("",)}, "options.without[0]", ", ".join(SIGNALS[:-1])),
        ({"without": (7,)}, "options.without[0]", "is no signal"),
        ({"recency": 1.01}, "options.recency", "from 0 (off) to 1"),
        ({"recency": -0.01}, "options.recency", "from 0 (off) to 1"),
        ({"salience": math.nan}, "options.salience", "from 0 (off) to 1"),
        ({"salience": "high"}, "options.salience", "from 0 (off) to 1"),
        ({"diversity": math.inf}, "options.diversity", "from 0 (off) to 1"),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_is_allowed(changes: Any, field: str, allowed: str) -> None:
    with pytest.raises(InvalidQuery) as refused:
        check_options(SearchOptions(**changes))

    assert field == refused.value.field
    assert allowed in refused.value.advice


@pytest.mark.parametrize("token_budget", [50, 32_000])
def test_a_budget_includes_its_edges(token_budget: int) -> None:
    assert token_budget == check_token_budget(token_budget)


@pytest.mark.parametrize("token_budget", [-1, 0, 49, 32_001])
def test_a_budget_beyond_its_edges_is_refused_with_them(token_budget: int) -> None:
    with pytest.raises(InvalidQuery, match="token_budget: must be 50 to 32,000"):
        check_token_budget(token_budget)
