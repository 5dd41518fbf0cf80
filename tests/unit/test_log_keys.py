"""Each key has an inverse, and sorts as what it stands for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_memory.errors import ChecksumMismatch, Corrupt
from agent_memory.events.ulids import ulid_from_key
from agent_memory.log.keys import (
    EntryKind,
    after,
    event_position,
    event_record,
    event_value,
    log_entry,
    log_key,
    log_position,
    log_value,
    session_hash,
    session_key,
    session_ulid,
    source_key,
)
from agent_memory.testing.strategies import names

positions = st.integers(0, (1 << 64) - 1)
ulids = st.binary(min_size=16, max_size=16)
digests = st.binary(min_size=32, max_size=32)


@given(positions, positions)
def test_log_keys_sort_as_positions_do(a: int, b: int) -> None:
    assert (a < b) == (log_key(a) < log_key(b))


@given(positions)
def test_a_log_key_gives_its_position_back(position: int) -> None:
    assert position == log_position(log_key(position))


@given(positions, st.integers(0, 255), ulids, digests)
def test_a_log_value_gives_its_entry_back(position: int, kind: int, ulid: bytes, digest: bytes) -> None:
    value = log_value(kind, ulid, digest)

    assert (kind, ulid, digest) == log_entry(position, value)
    assert 1 + 16 + 32 == len(value)


@given(positions, ulids, st.binary(max_size=50))
def test_an_event_value_gives_position_and_record_back(position: int, ulid: bytes, record: bytes) -> None:
    value = event_value(log_key(position), record)

    assert position == event_position(ulid, value)
    assert record == event_record(value)


@given(names(), ulids, ulids)
def test_session_keys_lie_together_and_sort_as_their_events_do(session: str, a: bytes, b: bytes) -> None:
    one, other = (session_key(session_hash(session), ulid) for ulid in (a, b))

    assert (a < b) == (one < other)
    assert a == session_ulid(one)
    assert one.startswith(session_hash(session))
    assert 32 == len(one)


@given(names(), names(), names(), names())
def test_two_sources_share_a_key_only_if_they_are_the_same(a: str, a_id: str, b: str, b_id: str) -> None:
    assert ((a, a_id) == (b, b_id)) == (source_key(a, a_id) == source_key(b, b_id))
    assert 16 == len(source_key(a, a_id))


@given(names(min_size=1), names(min_size=2))
def test_a_source_key_knows_where_the_source_ends(source: str, source_id: str) -> None:
    assert source_key(source, source_id) != source_key(source + source_id[0], source_id[1:])


@given(st.binary(max_size=20), st.binary(max_size=20))
def test_nothing_lies_between_a_key_and_the_one_after_it(key: bytes, other: bytes) -> None:
    assert key < after(key)
    assert not key < other < after(key)


def test_events_are_kind_one() -> None:
    """A number on disk: it stays."""
    assert 1 == EntryKind.EVENT


@given(ulids, st.binary(max_size=48))
def test_a_value_of_another_length_is_corrupt_and_says_where(ulid: bytes, value: bytes) -> None:
    with pytest.raises(ChecksumMismatch, match="position 5: "):
        log_entry(5, value)
    with pytest.raises(Corrupt, match=ulid_from_key(ulid)):
        event_position(ulid, value[:7])
    with pytest.raises(Corrupt, match="no position"):
        log_position(value[:7])
