"""The nearest stretch of a text is the one with the fewest edits, as the table of all of them has it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent_memory.summaries.likeness import distance, nearest

few = st.text("abc ", max_size=12)


def table_distance(one: str, other: str) -> int:
    row = list(range(len(other) + 1))
    for i, c in enumerate(one, 1):
        above, row = row, [i]
        for j, d in enumerate(other, 1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (c != d)))
    return row[-1]


@given(few, few)
def test_the_distance_is_that_of_the_table(one: str, other: str) -> None:
    assert table_distance(one, other) == distance(one, other)


@given(few, few)
def test_no_stretch_is_nearer_than_the_nearest(pattern: str, text: str) -> None:
    best = min(table_distance(pattern, text[i:j]) for i in range(len(text) + 1) for j in range(i, len(text) + 1))
    found = nearest(pattern, text)

    if found is None:
        assert best >= len(pattern)
    else:
        edits, start, end = found
        assert (best, best) == (edits, table_distance(pattern, text[start:end]))


def test_a_typo_is_one_edit() -> None:
    assert (1, 4, 20) == nearest("decided on Sunndy", "We: decided on Sundy, again")
