"""What was read out of an event is remembered, for that event alone and within bounds."""

from __future__ import annotations

import pytest

from agent_memory.annotation import memo
from agent_memory.annotation.memo import remembered
from agent_memory.annotation.newest import CHARACTERS_KEPT_MAX, KEPT_MIN, Newest
from agent_memory.events import Event, Kind
from agent_memory.events.ulids import ulid_of
from agent_memory.testing.events import event


class Read:
    """Counts how often it is asked."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, given: Event) -> tuple[str, ...]:
        self.count += 1
        return (given.kind.value, given.text[:9], given.agent)


def numbered(place: int, text: str) -> Event:
    return event(text, id=ulid_of(1_768_478_400_000 + place, place))


@pytest.mark.parametrize("size", [10, 100_000])
def test_an_event_is_read_once_and_another_of_its_id_is_read_itself(size: int) -> None:
    """Long texts are known by a digest; kind and agent decide as well as the words."""
    read = Read()
    answer = remembered(read)
    given = numbered(1, "a" * size)
    others = [numbered(1, "b" * size), event("a" * size, id=given.id, kind=Kind.TOOL_RESULT)]

    assert answer(given) == answer(numbered(1, "a" * size)) == Read()(given)
    assert 1 == read.count
    assert [Read()(other) for other in others] == [answer(other) for other in others]
    assert 3 == read.count


@pytest.mark.parametrize("size", [1, 200, 8_000, 15_000, 40_000])
def test_what_is_kept_of_a_whole_log_is_little(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """Whatever the events' size, a memo holds so many of them and so much text."""
    kept: list[Newest[str, tuple[tuple[object, ...], object]]] = []

    class Watched(Newest[str, tuple[tuple[object, ...], object]]):
        def __init__(self) -> None:
            super().__init__()
            kept.append(self)

    monkeypatch.setattr(memo, "Newest", Watched)
    answer = remembered(Read())
    for place in range(3 * KEPT_MIN if size < 9_000 else 500):
        answer(numbered(place, chr(97 + place % 26) * size))
    held = [one for half in (kept[0]._younger, kept[0]._older) for one, _ in half.values()]

    assert len(held) <= 2 * KEPT_MIN
    assert sum(len(one[0]) for one in held if isinstance(one[0], str)) <= 2 * CHARACTERS_KEPT_MAX + 40_000
    assert size < 20_000 or not any(isinstance(one[0], str) for one in held)


def test_the_newest_are_still_known_when_the_oldest_are_gone() -> None:
    read = Read()
    answer = remembered(read)
    events = [numbered(place, "x") for place in range(3 * KEPT_MIN)]
    for one in events:
        answer(one)
    before = read.count
    for one in events[-KEPT_MIN:]:
        answer(one)

    assert len(events) == before == read.count


def test_a_long_text_of_which_much_is_found_is_not_kept() -> None:
    """What is found counts too: a thousand spans of each of a thousand texts are no little."""
    calls = 0

    def much(given: Event) -> tuple[int, ...]:
        nonlocal calls
        calls += 1
        return tuple(range(5_000))

    answer = remembered(much)
    answer(numbered(1, "x" * 100_000))
    answer(numbered(1, "x" * 100_000))

    assert 2 == calls
