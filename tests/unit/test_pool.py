"""What was found, as one table, and what the judges say of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from agent_memory.annotation import MemoryType
from agent_memory.annotation.traits import traits_of
from agent_memory.events import Event, Kind, Role
from agent_memory.events.ulids import ulid_of
from agent_memory.indexes.event_ids import ids_of_keys
from agent_memory.indexes.model import Match, session_key
from agent_memory.indexes.turns import Turns, turns_of
from agent_memory.retrieval import judges
from agent_memory.retrieval.asked import Asked
from agent_memory.retrieval.fusion import WEIGHTS, Ranking
from agent_memory.retrieval.model import DEFAULT_OPTIONS, SearchOptions
from agent_memory.retrieval.pool import NEIGHBOURS_AWAY, Found, Pool
from agent_memory.temporal import TIMELESS, TimeOrder, TimeReading, TimeSpan

NOON = 1_768_474_800_000
MINUTE = 60_000
DAY = 86_400_000


def turn(place: int, text: str = "Plain words about something.", *, session: str = "s", **fields: Any) -> Event:
    given = {"kind": Kind.USER_MESSAGE, "role": Role.USER, **fields}
    return Event(id=ulid_of(NOON + place * MINUTE, place), session=session, text=text, **given)


def match(event: Event, score: float) -> Match:
    return Match(event.id, 0, len(event.text), score, session_key(event.session))


def pool_over(
    events: Sequence[Event],
    scores: Mapping[int, float],
    *,
    types: Mapping[int, Sequence[MemoryType]] | None = None,
    timed: Sequence[int] = (),
) -> Pool:
    """A pool where words found the events at the places in *scores*, of a store that holds all of them."""
    by_session: dict[int, list[tuple[str, int]]] = {}
    for place, event in enumerate(events):
        traits = traits_of(event, types=(types or {}).get(place, ()), names_time=place in timed)
        by_session.setdefault(session_key(event.session), []).append((event.id, traits))

    def turns(sessions: Mapping[int, Any]) -> Mapping[int, Turns]:
        return {session: turns_of(by_session.get(session, [])) for session in sessions}

    best_first = sorted(scores.items(), key=lambda pair: -pair[1])
    found = Found([match(events[place], score) for place, score in best_first], floor=0.0)
    return Pool({"lexical": found}, WEIGHTS, turns=turns)


def by_place(pool: Pool, events: Sequence[Event], column: Any) -> dict[int, float]:
    places = {event.id: place for place, event in enumerate(events)}
    return {places[event_id]: float(column[row]) for row, event_id in enumerate(pool.ids)}


def asked(**fields: Any) -> Asked:
    given: dict[str, Any] = {
        "text": "q",
        "words": "q",
        "time": TIMELESS,
        "asks_when": False,
        "types": frozenset(),
        "entities": (),
        "speakers": frozenset(),
        "role": None,
        "asks_what_was_said": True,
        "phrases": (),
    }
    return Asked(**{**given, **fields})


def ranking(pool: Pool, judged: Mapping[str, Any], options: SearchOptions = DEFAULT_OPTIONS) -> Ranking:
    return Ranking(pool, judged, options, now_ms=NOON)


def test_neighbours_of_what_was_found_are_weighed_though_nobody_found_them() -> None:
    events = [turn(place) for place in range(9)]

    pool = pool_over(events, {4: 2.0})

    assert {events[place].id for place in range(4 - NEIGHBOURS_AWAY, 5 + NEIGHBOURS_AWAY)} == set(pool.ids)
    assert [1.0] == [value for value in pool.evidence if value > 0]


def test_the_edge_of_a_session_has_no_neighbours_in_another() -> None:
    events = [turn(0, session="a"), turn(1, session="b"), turn(2, session="c")]

    pool = pool_over(events, {1: 1.0})

    assert [events[1].id] == pool.ids


def test_what_follows_a_question_inherits_more_than_what_follows_a_statement() -> None:
    events = [
        turn(0, "Which port does it listen on?", session="a"),
        turn(1, "On 8443.", session="a"),
        turn(2, "The port it listens on.", session="b"),
        turn(3, "On 8443.", session="b"),
    ]
    pool = pool_over(events, {0: 1.0, 2: 1.0})

    inherited = by_place(pool, events, judges.context(pool))

    assert math.isclose(judges.ANSWERS / judges.CONTEXT_WHOLE, inherited[1] - inherited[3])
    assert inherited[1] > inherited[3] > 0


def test_evidence_fades_along_the_session_and_ends_with_it() -> None:
    events = [turn(place, session="a" if place < 8 else "b") for place in range(10)]
    pool = pool_over(events, {place: 1.0 if place == 0 else 0.01 for place in range(10)})

    inherited = by_place(pool, events, judges.context(pool))

    far = [inherited[place] for place in range(3, 8)]
    assert sorted(far, reverse=True) == far
    expected = (judges.AROUND + judges.TOPIC) * judges.FADING**6 / judges.CONTEXT_WHOLE
    assert math.isclose(expected, inherited[6], abs_tol=0.02)
    assert inherited[8] < 0.05


@pytest.mark.parametrize(
    ("more", "less"),
    [
        ("We settled on port 8443 because the proxy forwards nothing else.", "Thanks, bye!"),
        ("The invoice went out in March.", "Did the invoice ever go out in March?"),
    ],
)
def test_what_says_something_by_itself_has_more_substance(more: str, less: str) -> None:
    events = [turn(0, more), turn(1, less)]
    pool = pool_over(events, {0: 1.0, 1: 1.0})

    said = by_place(pool, events, judges.substance(pool))

    assert said[0] > said[1]


def test_whom_the_query_names_is_heard_before_whom_it_does_not() -> None:
    from agent_memory.annotation.traits import speaker_hash

    events = [turn(0, speaker="Ada Lovelace"), turn(1, speaker="Charles")]
    pool = pool_over(events, {0: 1.0, 1: 1.0})

    heard = judges.speaker(pool, asked(speakers=frozenset({speaker_hash("ada"), speaker_hash("said")})))

    assert {0: 1.0, 1: 0.0} == by_place(pool, events, heard)


def test_i_is_the_user_and_you_the_assistant() -> None:
    events = [turn(0), turn(1, kind=Kind.ASSISTANT_MESSAGE, role=Role.ASSISTANT)]
    pool = pool_over(events, {0: 1.0, 1: 1.0})

    assert {0: 0.0, 1: 1.0} == by_place(pool, events, judges.speaker(pool, asked(role=Role.ASSISTANT)))


def test_a_query_after_a_decision_prefers_decisions() -> None:
    events = [turn(0), turn(1)]
    pool = pool_over(events, {0: 1.0, 1: 1.0}, types={1: [MemoryType.DECISION]})

    stated = judges.types(pool, asked(types=frozenset({MemoryType.DECISION})))

    assert {0: 0.0, 1: 1.0} == by_place(pool, events, stated)


def test_a_named_time_is_a_soft_boost() -> None:
    events = [turn(place * 24 * 60) for place in range(4)]
    pool = pool_over(events, {0: 1.0, 1: 1.0, 2: 1.0, 3: 1.0})
    span = TimeSpan(start=0, end=1, from_ms=NOON + DAY - MINUTE, until_ms=NOON + 2 * DAY - MINUTE)

    near = by_place(pool, events, judges.time(pool, asked(), TimeReading(spans=(span,)), frozenset()))

    assert 1.0 == near[1]
    assert 0.5 > near[0] > 0
    assert near[2] > near[3] > 0


def test_what_names_the_time_counts_as_what_was_said_then() -> None:
    events = [turn(0), turn(1)]
    pool = pool_over(events, {0: 1.0, 1: 1.0})
    span = TimeSpan(start=0, end=1, from_ms=NOON - 90 * DAY, until_ms=NOON - 89 * DAY)

    near = judges.time(pool, asked(), TimeReading(spans=(span,)), frozenset({events[1].id}))

    assert 1.0 == by_place(pool, events, near)[1]
    assert 0.01 > by_place(pool, events, near)[0]


@pytest.mark.parametrize(("order", "expected"), [(TimeOrder.EARLIEST, 0), (TimeOrder.LATEST, 2)])
def test_first_and_last_are_told_among_what_fits(order: TimeOrder, expected: int) -> None:
    events = [turn(place) for place in range(4)]
    pool = pool_over(events, {0: 1.0, 1: 1.0, 2: 0.9, 3: 0.1})

    score = by_place(pool, events, judges.time(pool, asked(), TimeReading(order=order), frozenset()))

    assert expected == max(score, key=score.__getitem__)
    assert 0.0 == score[3]


def test_a_hit_says_what_each_signal_gave_and_its_score_is_their_sum() -> None:
    events = [turn(0), turn(1, "Other words."), turn(2)]
    pool = pool_over(events, {0: 4.0, 1: 1.0})

    ranked = ranking(pool, {"context": judges.context(pool)})
    (best,) = ranked.told([int(ranked.order[0])])

    assert ["lexical", "context"] == [signal.name for signal in best.signals]
    assert (1, 4.0) == (best.signals[0].rank, best.signals[0].score)
    assert best.score == sum(signal.contribution for signal in best.signals)
    assert 0 == ranked.told([pool.ids.index(events[2].id)])[0].signals[0].rank


def test_ties_stand_in_order_of_event_id() -> None:
    events = [turn(place, session=str(place)) for place in range(5)]
    pool = pool_over(events, {3: 1.0, 1: 1.0, 4: 1.0, 0: 1.0, 2: 1.0})

    ranked = ranking(pool, {})

    assert [event.id for event in events] == [pool.ids[row] for row in ranked.order.tolist()]


def test_recency_moves_a_score_by_half_at_most() -> None:
    events = [turn(0), turn(-400 * 24 * 60)]
    pool = pool_over(events, {0: 1.0, 1: 1.0})

    ranked = ranking(pool, {}, SearchOptions(recency=1.0))

    factors = by_place(pool, events, ranked.factors)
    assert {0: 1.5, 1: 0.5} == {place: round(factor, 3) for place, factor in factors.items()}


def test_salience_prefers_what_settles_something() -> None:
    events = [turn(0, session="a"), turn(1, session="b")]
    pool = pool_over(events, {0: 1.0, 1: 1.0}, types={1: [MemoryType.DECISION]})

    ranked = ranking(pool, {}, SearchOptions(salience=1.0))

    assert events[1].id == pool.ids[int(ranked.order[0])]
    assert np.all((ranked.factors >= 0.5) & (ranked.factors <= 1.5))


def test_what_a_score_is_worth_does_not_depend_on_a_filter() -> None:
    best, second, third = (turn(place) for place in range(3))
    everywhere = [match(best, 9.0), match(second, 3.0)]

    whole = Found(everywhere, floor=0.0)
    narrowed = Found(everywhere, [match(second, 3.0), match(third, 1.0)], floor=0.0)

    assert whole.worth(np.array([9.0, 3.0])).tolist() == narrowed.worth(np.array([9.0, 3.0])).tolist()
    assert [second.id, third.id] == ids_of_keys(narrowed.matches.keys[narrowed.admitted])


def test_no_event_is_a_row_twice_though_who_found_it_knows_no_session() -> None:
    """What is found by what it mentions alone may stand beside what is found by its words."""
    events = [turn(place) for place in range(4)]
    turns = turns_of([(event.id, traits_of(event, types=(), names_time=False)) for event in events])
    words = Found([match(events[1], 2.0)], floor=0.0)
    mentions = Found([Match(events[2].id, 0, 0, 3.0)], floor=0.0)

    pool = Pool(
        {"lexical": words, "entity": mentions}, WEIGHTS, turns=lambda found: {key: turns for key in found if key}
    )

    assert sorted(event.id for event in events) == sorted(pool.ids)
    assert all(place >= 0 for place in pool.place)


def test_events_whose_ids_begin_alike_keep_their_places() -> None:
    """Ids of one millisecond may have their upper half in common."""
    events = [turn(0), turn(1), turn(2)]
    twins = [
        Event(id=ulid_of(NOON + MINUTE, low), session="s", kind=Kind.USER_MESSAGE, role=Role.USER) for low in (9, 7)
    ]
    turns = turns_of([(event.id, place) for place, event in enumerate([*events, *twins])])
    words = Found([match(twins[0], 2.0), match(events[1], 1.0)], floor=0.0)
    meaning = Found([match(twins[1], 0.9), match(twins[0], 0.8)], floor=0.0)

    pool = Pool({"lexical": words, "vector": meaning}, WEIGHTS, turns=lambda found: dict.fromkeys(found, turns))

    assert sorted(event.id for event in [*events, *twins]) == sorted(pool.ids)
    assert sorted(pool.ids) == [pool.ids[row] for row in np.argsort(pool.place)]
    assert {0, 1, 2, 3, 4} == {pool.traits_at(row) for row in range(5)}
    assert {1, 3, 4} == {at for at, value in by_place(pool, [*events, *twins], pool.evidence).items() if value > 0}


def test_what_its_session_does_not_have_yet_inherits_nothing_and_says_nothing() -> None:
    """Its place is the end of the line, which is as empty as it is far from everything."""
    events = [turn(place) for place in range(3)]
    late = turn(3)
    turns = turns_of([(event.id, traits_of(event, types=(), names_time=True)) for event in events])
    found = Found([match(late, 9.0), *[match(event, 8.0) for event in events]], floor=0.0)

    pool = Pool({"lexical": found}, WEIGHTS, turns=lambda found: dict.fromkeys(found, turns))

    (row,) = [row for row, event_id in enumerate(pool.ids) if event_id == late.id]
    assert pool.traits_at(row) is None
    judged = [judges.context(pool), judges.substance(pool), judges.speaker(pool, asked(role=Role.USER))]
    assert [0.0, 0.0, 0.0] == [column[row] for column in judged]
    assert all(column[:row].min() > 0 for column in judged)


def test_only_the_first_of_a_retriever_give_evidence_to_their_neighbours_whatever_else_it_is_asked_for() -> None:
    events = [turn(place) for place in range(4)]
    everywhere = [match(event, 9.0 - place) for place, event in enumerate(events[:3])]

    alone = Found(everywhere, depth=2)
    narrowed = Found(everywhere, [match(events[3], 1.0)], depth=2)

    assert [True, True, False] == alone.gives.tolist()
    assert [True, True, False, False] == narrowed.gives.tolist()
    assert [False, False, False, True] == narrowed.admitted.tolist()


def test_under_a_filter_the_sessions_of_what_passes_are_looked_into_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent_memory.retrieval.pool.SESSIONS_MAX", 1)
    outside, inside = turn(0, session="a"), turn(1, session="b")
    found = Found([match(outside, 9.0), match(inside, 1.0)], [match(inside, 1.0)], floor=0.0)
    looked_into: list[list[int]] = []

    def turns(sessions: Mapping[int, Any]) -> Mapping[int, Turns]:
        looked_into.append([*sessions])
        return {}

    for filtered in (False, True):
        Pool({"lexical": found}, WEIGHTS, turns=turns, filtered=filtered)

    assert [[session_key("a")], [session_key("b")]] == looked_into


def test_under_a_filter_neighbours_of_what_passes_are_weighed_and_of_what_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("agent_memory.retrieval.pool.NEIGHBOURS_OF", 1)
    events = [turn(place) for place in range(20)]
    turns = turns_of([(event.id, 0) for event in events])
    found = Found([match(events[2], 9.0), match(events[15], 1.0)], [match(events[15], 1.0)], floor=0.0)

    def ids(*, filtered: bool) -> set[str]:
        pool = Pool({"lexical": found}, WEIGHTS, turns=lambda s: dict.fromkeys(s, turns), filtered=filtered)
        return set(pool.ids)

    assert {events[place].id for place in (0, 1, 2, 3, 4, 15)} == ids(filtered=False)
    assert {events[place].id for place in (0, 1, 2, 3, 4, 13, 14, 15, 16, 17)} == ids(filtered=True)
