"""What is told at one time stays in the order in which it was told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_memory.capture.moments import Moments


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([5, 5, 5], [5, 6, 7]),
        ([5, 9, 20], [5, 9, 20]),
        ([5, 5, 6, 7, 20], [5, 6, 7, 8, 20]),
        ([20, 5, 5, 20, 20], [20, 5, 6, 21, 22]),
        ([20, 20, 12, 20], [20, 21, 12, 22]),
        ([0, 0], [0, 1]),
    ],
)
def test_a_time_that_is_taken_gives_the_next_one(times: list[int], expected: list[int]) -> None:
    """One that goes back stays where it is: histories hold several conversations, which go on where they were."""
    moments = Moments()

    assert expected == [moments.next(time_ms) for time_ms in times]


@given(st.lists(st.integers(min_value=0, max_value=50)))
def test_times_that_do_not_go_back_become_times_that_rise(times: list[int]) -> None:
    """By no more than one for each that came before."""
    moments = Moments()
    found = [moments.next(time_ms) for time_ms in sorted(times)]

    assert sorted(set(found)) == found
    assert all(
        given_ms <= ms <= given_ms + at for at, (given_ms, ms) in enumerate(zip(sorted(times), found, strict=True))
    )
