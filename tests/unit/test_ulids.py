"""ULIDs against the reference library, and against their own order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ulid import ULID

from agent_memory.events.ulids import (
    ULID_RANDOM_MAX,
    ULID_TIME_MAX_MS,
    derived_ulid,
    first_ulid_at,
    is_ulid,
    last_ulid_at,
    ulid_from_key,
    ulid_from_number,
    ulid_key,
    ulid_of,
    ulid_time_ms,
)

times_ms = st.integers(0, ULID_TIME_MAX_MS)
randoms = st.integers(0, ULID_RANDOM_MAX)


@given(times_ms, randoms)
def test_a_ulid_is_what_the_reference_library_makes_of_it(time_ms: int, random: int) -> None:
    key = time_ms.to_bytes(6, "big") + random.to_bytes(10, "big")
    text = ulid_of(time_ms, random)

    assert str(ULID(key)) == text
    assert ULID.from_str(text).bytes == ulid_key(text) == key
    assert ULID.from_str(text).milliseconds == ulid_time_ms(text) == time_ms
    assert text == ulid_from_key(key)
    assert text == ulid_from_number(int.from_bytes(key, "big"))
    assert is_ulid(text)


@given(times_ms, randoms, times_ms, randoms)
def test_text_and_key_sort_as_time_and_number_do(t1: int, r1: int, t2: int, r2: int) -> None:
    a, b = ulid_of(t1, r1), ulid_of(t2, r2)

    assert ((t1, r1) < (t2, r2)) == (a < b) == (ulid_key(a) < ulid_key(b))


@given(times_ms, randoms)
def test_a_millisecond_lies_between_its_first_and_last_ulid(time_ms: int, random: int) -> None:
    assert first_ulid_at(time_ms) <= ulid_of(time_ms, random) <= last_ulid_at(time_ms)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "01KEGMY1000000000000000000".lower(),
        "01KEGMY100000000000000000",
        "01KEGMY10000000000000000000",
        "81KEGMY1000000000000000000",
        "01KEGMY10000000000000000I0",
        "01KEGMY10000000000000000L0",
        "01KEGMY1000000000000000U00",
        "01KEGMY1000000000000000٣00",
        "01KEGMY1000000000000000000\n",
        "not a ulid",
    ],
)
def test_other_text_is_no_ulid(text: str) -> None:
    assert not is_ulid(text)


@given(times_ms, st.text(), st.text())
def test_a_derived_ulid_is_a_function_of_its_time_and_names(time_ms: int, source: str, source_id: str) -> None:
    ulid = derived_ulid(time_ms, source, source_id)

    assert derived_ulid(time_ms, source, source_id) == ulid
    assert time_ms == ulid_time_ms(ulid)


@given(times_ms, st.integers(0, 65_535), st.integers(0, 65_535))
def test_derived_ulids_of_one_millisecond_sort_by_their_order(time_ms: int, a: int, b: int) -> None:
    if a != b:
        assert (a < b) == (derived_ulid(time_ms, "x", order=a) < derived_ulid(time_ms, "y", order=b))
