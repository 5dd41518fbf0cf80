"""What stands around the events of a session, however long the session is, and what is kept of it."""

from __future__ import annotations

import gc
import itertools
import random
import tracemalloc
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_memory.errors import Corrupt
from agent_memory.events import Event, Recorded
from agent_memory.events.ulids import is_ulid, ulid_key, ulid_of
from agent_memory.indexes import turns
from agent_memory.indexes.catalog import CatalogIndex, catalog_prefix
from agent_memory.indexes.event_ids import EventKeys, event_keys_of, ids_of_keys, times_of
from agent_memory.indexes.model import Match, session_key
from agent_memory.indexes.turns import KEPT_BYTES_MAX, REACH, TurnRows, Turns, turns_of
from agent_memory.projectors.catalog import CatalogProjector
from agent_memory.retrieval import judges
from agent_memory.retrieval.fusion import WEIGHTS
from agent_memory.retrieval.pool import Found, Pool
from agent_memory.storage import Family, InMemoryRows, RocksRows, Rows
from agent_memory.testing.events import NOON_MS, event
from agent_memory.testing.faults import Faults, FaultyRows, InjectedFault

S = session_key("s")


def talk(count: int, *, session: str = "s", first: int = 0) -> list[Event]:
    """A question now and then, each a second after the one before."""
    return [
        event(f"turn {n}{'?' * (n % 3 == 0)}", time_ms=NOON_MS + n * 1000, session=session)
        for n in range(first, first + count)
    ]


def recorded(events: Sequence[Event], after: int = 0) -> list[Recorded]:
    return [Recorded(position, one) for position, one in enumerate(events, start=after + 1)]


def catalog(events: Sequence[Event], rows: Rows | None = None) -> CatalogIndex:
    projector = CatalogProjector(CatalogIndex(rows or InMemoryRows(), generation=1, zone="UTC"))
    projector.project(recorded(events))
    return projector.index


def in_keys(asked: Mapping[int, Sequence[str]]) -> dict[int, EventKeys]:
    return {session: event_keys_of(event_ids) for session, event_ids in asked.items()}


def ids(found: Turns) -> list[str]:
    return ids_of_keys(found.keys)


@given(st.lists(st.tuples(st.integers(0, 2**48 - 1), st.integers(0, 2**80 - 1)), max_size=20))
def test_ids_are_keys_and_back(given_: list[tuple[int, int]]) -> None:
    these = [ulid_of(time_ms, low) for time_ms, low in given_]
    keys = event_keys_of(these)

    assert all(is_ulid(one) for one in these)
    assert b"".join(map(ulid_key, these)) == keys.tobytes()
    assert these == ids_of_keys(keys)
    assert [time_ms for time_ms, _ in given_] == times_of(event_keys_of(these)).tolist()
    assert sorted(these) == ids_of_keys(np.sort(keys))


def test_a_session_that_is_not_long_is_given_whole_and_an_unknown_one_empty() -> None:
    events = talk(40)
    found = catalog(events[::-1]).turns(in_keys({S: [events[7].id], session_key("other"): [events[7].id]}))

    assert [one.id for one in events] == ids(found[S])
    assert [] == ids(found[session_key("other")])


@pytest.mark.parametrize("read_max", [100_000, 10])
def test_of_a_long_session_stretches_are_given(read_max: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Around each event that is asked about, whoever knows its session; what is near each other is one stretch."""
    monkeypatch.setattr(turns, "WHOLE_MAX", 10)
    monkeypatch.setattr(turns, "READ_MAX", read_max)
    events = talk(400)
    elsewhere = event("another", time_ms=NOON_MS + 5_500, session="t")
    index = catalog([*events, elsewhere])
    asked = {S: [events[n].id for n in (200, 3, 210, 399)], 0: [events[300].id, elsewhere.id]}
    for _ in range(2):
        found = index.turns(in_keys(asked))[S]

        expected = [*range(3 + REACH + 1), *range(200 - REACH, 210 + REACH + 1)]
        expected += [*range(300 - REACH, 300 + REACH + 1), *range(399 - REACH, 400)]
        assert [events[n].id for n in expected] == ids(found)
        assert [n for n in range(1, len(expected)) if expected[n] != expected[n - 1] + 1] == found.cuts.tolist()
        assert {S} == index.turns(in_keys(asked)).keys()


@pytest.mark.parametrize("seed", range(8))
def test_what_events_inherit_does_not_depend_on_how_long_their_session_is(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)
    events = [*talk(500), *talk(30, session="t", first=100)]
    index = catalog(events)
    best = chance.sample(events, 60)
    matches = [Match(one.id, 0, 5, 60.0 - n, session_key(one.session)) for n, one in enumerate(best[:50])]
    found = {
        "lexical": Found(matches, floor=0.0),
        "entity": Found([Match(one.id, 0, 0, 3.0) for one in best[45:]], floor=0.0),
    }

    def inherited(whole_max: int, read_max: int) -> dict[str, tuple[float, float]]:
        monkeypatch.setattr(turns, "WHOLE_MAX", whole_max)
        monkeypatch.setattr(turns, "READ_MAX", read_max)
        again = CatalogIndex(index._rows, generation=1, zone="UTC")
        pool = Pool(found, WEIGHTS, turns=again.turns)
        columns = zip(judges.context(pool).tolist(), judges.substance(pool).tolist(), strict=True)
        return dict(zip(pool.ids, columns, strict=True))

    whole = inherited(10_000, 100_000)
    assert len(whole) > 100
    for limits in ((10, 100_000), (10, 10)):
        other = inherited(*limits)

        assert whole.keys() == other.keys()
        assert all(whole[one] == pytest.approx(other[one]) for one in whole), f"seed {seed}"


def test_what_comes_is_seen_in_a_kept_session_late_or_not() -> None:
    events = talk(60)
    chance = random.Random(3)
    order = chance.sample(events, len(events))
    rows = InMemoryRows()
    projector = CatalogProjector(CatalogIndex(rows, generation=1, zone="UTC"))
    for first in range(0, 60, 7):
        projector.project(recorded(order[first : first + 7], after=first))
        kept = projector.index.turns(in_keys({S: []}))[S]
        read = CatalogIndex(rows, generation=1, zone="UTC").turns(in_keys({S: []}))[S]

        assert sorted(one.id for one in order[: first + 7]) == ids(kept)
        assert (ids(read), read.traits.tolist()) == (ids(kept), kept.traits.tolist())


def test_a_write_that_fails_leaves_nothing_stale() -> None:
    """A batch may have taken effect though its write failed; then it is not given again."""
    events = talk(30)
    for at in itertools.count(1):
        rows = InMemoryRows()
        faults = Faults(at)
        projector = CatalogProjector(CatalogIndex(FaultyRows(rows, faults), generation=1, zone="UTC"))
        for first in range(0, 30, 10):
            for _ in range(2):
                with suppress(InjectedFault):
                    projector.project(recorded(events[first : first + 10], after=first))
                projector.index.turns(in_keys({S: []}))

        assert [one.id for one in events] == ids(projector.index.turns(in_keys({S: []}))[S])
        if not faults.fired:
            break


def test_what_is_read_between_a_failed_write_and_the_next_is_not_kept() -> None:
    """Rows that a failed write left behind can come up when the engine is opened anew."""
    events = talk(3)
    rows = InMemoryRows()
    prefix = catalog_prefix(1)
    kept = TurnRows(rows, prefix)

    def written(*some: Event) -> Mapping[int, Sequence[tuple[str, int]]]:
        given_ = {S: [(one.id, 1) for one in some]}
        batch = rows.batch()
        kept.put(batch, given_)
        rows.write(batch)
        return given_

    kept.grow(written(events[0]))
    kept.forget()
    before = ids(kept.around({S: []})[S])
    written(events[1])
    after = ids(kept.around({S: []})[S])
    kept.grow(written(events[2]))

    assert [events[0].id] == before
    assert [events[0].id, events[1].id] == after
    assert [one.id for one in events] == ids(kept.around({S: []})[S])


def test_what_is_kept_is_bounded_and_empty_sessions_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "KEPT_BYTES_MAX", 10_000)
    sessions = [f"s{n}" for n in range(100)]
    index = catalog([event("hello", session=session, time_ms=NOON_MS) for session in sessions])
    kept = index._turns
    for session in sessions:
        index.turns(in_keys({session_key(f"unknown {session}"): []}))
    nothing = kept.kept_bytes()
    for session in sessions:
        index.turns(in_keys({session_key(session): []}))

        assert kept.kept_bytes() <= 10_000
    assert 0 == nothing < kept.kept_bytes()


@pytest.mark.parametrize(("count", "size"), [(2_000, 1), (400, 20), (4, 5_000)])
def test_what_is_counted_is_what_is_taken(count: int, size: int) -> None:
    rows = InMemoryRows()
    kept = TurnRows(rows, catalog_prefix(1))
    chance = random.Random(1)
    batch = rows.batch()
    kept.put(
        batch,
        {n: [(ulid_of(NOON_MS + m, chance.getrandbits(80)), 7) for m in range(size)] for n in range(1, count + 1)},
    )
    rows.write(batch)
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for n in range(1, count + 1):
        kept.around({n: []})
    gc.collect()
    taken = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()

    assert taken / 1.1 <= kept.kept_bytes() <= 1.6 * taken
    assert kept.kept_bytes() < KEPT_BYTES_MAX


def test_a_session_that_became_too_long_is_read_in_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "WHOLE_MAX", 10)
    monkeypatch.setattr(turns, "READ_MAX", 50)
    events = talk(80)
    projector = CatalogProjector(CatalogIndex(InMemoryRows(), generation=1, zone="UTC"))
    projector.project(recorded(events[:45]))
    before = projector.index.turns(in_keys({S: [events[40].id]}))[S]
    projector.project(recorded(events[45:], after=45))
    after = projector.index.turns(in_keys({S: [events[40].id]}))[S]

    assert [one.id for one in events[40 - REACH : 45]] == ids(before)
    assert [one.id for one in events[40 - REACH : 40 + REACH + 1]] == ids(after)
    assert 0 == projector.index._turns.kept_bytes()


@pytest.mark.parametrize("read_max", [100_000, 0])
def test_a_damaged_turn_is_corrupt_and_named(read_max: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "READ_MAX", read_max)
    rows = InMemoryRows()
    events = talk(5)
    index = catalog(events, rows)
    key = catalog_prefix(1) + b"e" + S.to_bytes(8, "big") + ulid_key(events[2].id)
    batch = rows.batch()
    batch.put(Family.VIEWS, key, b"short")
    rows.write(batch)
    with pytest.raises(Corrupt, match=f"views {key.hex()}"):
        index.turns(in_keys({S: [events[1].id]}))


def test_turns_are_the_same_over_a_real_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "WHOLE_MAX", 10)
    events = talk(300)
    asked = {S: [events[n].id for n in (0, 90, 120, 299)]}
    engine = RocksRows(tmp_path)
    try:
        for read_max in (100_000, 10):
            monkeypatch.setattr(turns, "READ_MAX", read_max)
            in_memory = catalog(events).turns(in_keys(asked))[S]
            index = catalog(events, engine)
            in_rocks = index.turns(in_keys(asked))[S]

            assert ids(in_memory) == ids(in_rocks)
            assert in_memory.cuts.tolist() == in_rocks.cuts.tolist()
            assert in_memory.traits.tolist() == in_rocks.traits.tolist()
    finally:
        engine.close()


def test_a_pool_without_any_turns_has_no_context() -> None:
    (one,) = talk(1)
    pool = Pool({"lexical": Found([Match(one.id, 0, 4, 1.0, S)], floor=0.0)}, WEIGHTS, turns=lambda found: {})

    assert [0.0] == judges.context(pool).tolist()
    assert [one.id] == ids(turns_of([(one.id, 3)]))
