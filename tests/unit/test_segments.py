"""Where one segment ends and the next begins."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from agent_memory.events import Kind, Role
from agent_memory.events.ulids import ulid_of
from agent_memory.toc import Passage, SegmentRule, Turn, segments, token_count
from agent_memory.toc.segments import Splitter, mark_of

MINUTE_MS = 60_000
RULE = SegmentRule(gap_ms=30 * MINUTE_MS, tokens_max=100)


def turn(time_ms: int, tokens: int = 10) -> Turn:
    event_id = ulid_of(time_ms, 0)
    passage = Passage(
        event_id=event_id, kind=Kind.USER_MESSAGE, role=Role.USER, speaker="", tool_name="", text="x" * tokens
    )
    return Turn(event_id, time_ms, tokens, passage, "", "")


turn_lists = st.lists(
    st.tuples(st.integers(0, 45), st.integers(1, 150)), min_size=1, max_size=40, unique_by=lambda pair: pair[0]
).map(lambda pairs: [turn(minute * 10 * MINUTE_MS, tokens) for minute, tokens in sorted(pairs)])


def test_a_pause_of_half_an_hour_starts_a_new_segment_and_a_shorter_one_does_not() -> None:
    turns = [turn(0), turn(30 * MINUTE_MS - 1), turn(60 * MINUTE_MS - 1)]

    assert [2, 1] == [len(segment) for segment in segments(turns, RULE)]


def test_an_event_that_would_make_it_too_long_starts_a_new_segment() -> None:
    turns = [turn(0, 60), turn(1, 40), turn(2, 1), turn(3, 500), turn(4, 1)]

    assert [2, 1, 1, 1] == [len(segment) for segment in segments(turns, RULE)]


def test_nothing_has_no_segments() -> None:
    assert [] == segments([], RULE)


@given(turn_lists)
def test_each_turn_is_in_one_segment_and_the_order_stays(turns: list[Turn]) -> None:
    found = segments(turns, RULE)

    assert turns == [t for segment in found for t in segment]
    assert all(found)
    for segment in found:
        assert len(segment) == 1 or sum(t.tokens for t in segment) <= RULE.tokens_max
        assert all(b.time_ms - a.time_ms < RULE.gap_ms for a, b in itertools.pairwise(segment))


@given(turn_lists, st.data())
def test_a_new_event_changes_nothing_before_the_segment_that_it_lands_in(
    turns: list[Turn], data: st.DataObject
) -> None:
    late = data.draw(st.sampled_from(turns))
    before = segments([t for t in turns if t != late], RULE)
    after = segments(turns, RULE)
    earlier = [segment for segment in before if segment[-1].event_id < late.event_id][:-1]

    assert earlier == after[: len(earlier)]


@given(turn_lists)
def test_passing_over_a_segment_unread_gives_what_reading_it_gives(turns: list[Turn]) -> None:
    found = segments(turns, RULE)
    for kept in range(len(found)):
        split = Splitter(RULE)
        for i, segment in enumerate(found):
            assert split.parts_before(segment[0].time_ms, segment[0].tokens)
            if i == kept:
                split.keep(mark_of(segment), segment[-1].time_ms)
            else:
                for t in segment:
                    split.add(t)

        assert [segment for i, segment in enumerate(found) if i != kept] == split.finish()


def test_tokens_are_a_quarter_of_the_bytes_and_a_frame() -> None:
    assert [4, 5, 29, 7, 4 + 3] == [token_count(text) for text in ("", "four", "x" * 100, "日本語の", "\ud800" * 4)]
