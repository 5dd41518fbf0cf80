"""What a reader may write as an edge in time, and which instants it means."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_memory.errors import InvalidQuery
from agent_memory.events import Kind, Role
from agent_memory.indexes.model import EVERYWHERE, Where
from agent_memory.retrieval.bounds import edge_ms, parse_date, resolve
from agent_memory.toc.calendar import calendar_of

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "America/Sao_Paulo",
    "America/Havana",
    "America/St_Johns",
    "Asia/Beirut",
)
BERLIN = calendar_of("Europe/Berlin")
days = st.dates(date(1990, 1, 1), date(2037, 12, 31))


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def test_no_fields_let_everything_through() -> None:
    assert EVERYWHERE == resolve(time_zone="Europe/Berlin")


def test_a_date_is_its_whole_local_day_at_both_edges() -> None:
    found = resolve(time_zone="Europe/Berlin", from_="2026-01-15", until="2026-01-15")

    assert Where(from_ms=ms("2026-01-15T00:00:00+01:00"), until_ms=ms("2026-01-16T00:00:00+01:00") - 1) == found


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-29", 23), ("2026-03-30", 24), ("2026-10-25", 25)], ids=["spring", "usual", "autumn"]
)
def test_a_day_on_which_clocks_are_set_is_whole(day: str, hours: int) -> None:
    found = resolve(time_zone="Europe/Berlin", from_=day, until=day)

    assert found.from_ms is not None
    assert found.until_ms is not None
    assert hours * 3_600_000 == found.until_ms - found.from_ms + 1


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026-02", "2026-02-01", "2026-02-28"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2026-12", "2026-12-01", "2026-12-31"),
        ("2026", "2026-01-01", "2026-12-31"),
    ],
)
def test_a_month_or_a_year_is_all_its_days(text: str, first: str, last: str) -> None:
    assert resolve(time_zone="Europe/Berlin", from_=first, until=last) == resolve(
        time_zone="Europe/Berlin", from_=text, until=text
    )


@pytest.mark.parametrize(
    "text",
    ["2026-01-15T09:30:00+01:00", "2026-01-15T08:30:00Z", "2026-01-15t08:30:00z", "2026-01-15 14:15:00.000+05:45"],
)
def test_a_time_with_an_offset_is_that_instant_in_any_zone(text: str) -> None:
    found = resolve(time_zone="America/New_York", from_=text, until=text)

    assert Where(from_ms=ms("2026-01-15T08:30:00+00:00"), until_ms=ms("2026-01-15T08:30:00+00:00")) == found


def test_digits_finer_than_a_millisecond_are_rounded_into_the_range() -> None:
    at = ms("2026-01-15T08:30:00+00:00") + 123

    assert Where(from_ms=at + 1, until_ms=at + 7) == resolve(
        time_zone="UTC", from_="2026-01-15T08:30:00.1230001Z", until="2026-01-15T08:30:00.1309Z"
    )


def test_a_day_that_a_zone_skipped_is_empty_and_no_error() -> None:
    """Samoa crossed the date line at the end of 29 December 2011."""
    found = resolve(time_zone="Pacific/Apia", from_="2011-12-30", until="2011-12-30")

    assert found.from_ms is not None
    assert found.until_ms is not None
    assert found.until_ms < found.from_ms
    assert "2011-12-31" == calendar_of("Pacific/Apia").local_date(found.from_ms)
    assert "2011-12-29" == calendar_of("Pacific/Apia").local_date(found.until_ms)


def test_the_other_fields_pass_as_sets() -> None:
    found = resolve(
        time_zone="UTC",
        agents=["codex", "codex"],
        projects=("p",),
        sessions=["s"],
        roles=[Role.USER],
        kinds=[Kind.TOOL_CALL],
    )

    assert (
        Where(
            agents=frozenset({"codex"}),
            projects=frozenset({"p"}),
            sessions=frozenset({"s"}),
            roles=frozenset({Role.USER}),
            kinds=frozenset({Kind.TOOL_CALL}),
        )
        == found
    )


@pytest.mark.parametrize(
    ("text", "way_out"),
    [
        ("yesterday", "local date"),
        ("2026-1-5", "local date"),
        ("2026-02-30", "local date"),
        ("2026-13", "local date"),
        ("0000-01-01", "local date"),
        ("2026-01-15T09:30:00", "Add the offset"),
        ("2026-01-15 09:30", "Add the offset"),
        ("2026-01-15T25:00:00Z", "local date"),
        ("2026-01-15T09:30:00+99:00", "local date"),
        (" 2026-01-15", "local date"),
        ("２０２６-01-15", "local date"),
    ],
)
@pytest.mark.parametrize("edge", ["from", "until"])
def test_what_is_no_edge_is_refused_by_name_with_a_way_out(text: str, way_out: str, edge: str) -> None:
    with pytest.raises(InvalidQuery) as caught:
        resolve(time_zone="UTC", from_=text if edge == "from" else "", until=text if edge == "until" else "")

    assert f"filter.{edge}" == caught.value.field
    assert way_out in caught.value.hint


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("2026-01-16", "2026-01-15"),
        ("2026-02", "2026-01"),
        ("2027", "2026-12-31"),
        ("2026-01-15T09:30:00Z", "2026-01-15T10:00:00+01:00"),
        ("2026-01-16", "2026-01-15T23:59:59Z"),
        ("2026-01-15T08:30:00.001Z", "2026-01-15T08:30:00Z"),
    ],
)
def test_edges_in_the_wrong_order_are_refused(first: str, last: str) -> None:
    with pytest.raises(InvalidQuery) as caught:
        resolve(time_zone="UTC", from_=first, until=last)

    assert "filter.from" == caught.value.field
    assert last in str(caught.value)


def test_a_range_that_begins_before_all_events_begins_with_them() -> None:
    assert Where(from_ms=0) == resolve(time_zone="UTC", from_="1848-03-18")


@pytest.mark.parametrize("text", ["1969-12-31", "0001-01-01", "0001-01-01T00:00:00+23:00"])
def test_a_range_that_ends_before_all_events_is_refused(text: str) -> None:
    with pytest.raises(InvalidQuery, match="1970"):
        resolve(time_zone="Europe/Berlin", until=text)


@pytest.mark.parametrize("text", ["9999-12-31", "9999-12", "9999", "9999-12-31T23:59:59Z"])
def test_the_end_of_the_calendar_is_an_edge_that_leaves_everything_in(text: str) -> None:
    found = resolve(time_zone="Europe/Berlin", until=text)

    assert found.until_ms is not None
    assert ms("9999-12-30T00:00:00+00:00") < found.until_ms


def test_the_place_leads_the_field() -> None:
    with pytest.raises(InvalidQuery) as caught:
        resolve(time_zone="UTC", from_="no", place="")

    assert "from" == caught.value.field


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026-01-15", date(2026, 1, 15), date(2026, 1, 15)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2026", date(2026, 1, 1), date(2026, 12, 31)),
        ("9999", date(9999, 1, 1), date(9999, 12, 31)),
    ],
)
def test_where_days_are_asked_for_a_period_is_its_first_or_last_day(text: str, first: date, last: date) -> None:
    assert first == parse_date(text, field="from")
    assert last == parse_date(text, field="until", last=True)


@pytest.mark.parametrize("text", ["", "2026-02-30", "2026-01-15T09:30:00Z", "today"])
def test_where_days_are_asked_for_a_time_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidQuery) as caught:
        parse_date(text, field="until")

    assert "until" == caught.value.field


@given(days, st.sampled_from(ZONES))
def test_days_meet_without_gap_or_overlap(day: date, time_zone: str) -> None:
    calendar = calendar_of(time_zone)
    end = edge_ms(day.isoformat(), calendar=calendar, last=True, field="until")
    following = edge_ms((day + timedelta(days=1)).isoformat(), calendar=calendar, last=False, field="from")

    assert following == end + 1


@given(st.integers(0, 4_000_000_000_000), st.sampled_from(ZONES))
def test_every_instant_lies_in_the_range_of_its_local_day(time_ms: int, time_zone: str) -> None:
    day = calendar_of(time_zone).local_date(time_ms)
    found = resolve(time_zone=time_zone, from_=day, until=day)

    assert found.from_ms is not None
    assert found.until_ms is not None
    assert found.from_ms <= time_ms <= found.until_ms


@given(st.text(max_size=40))
def test_any_text_is_an_edge_or_refused(text: str) -> None:
    try:
        found = edge_ms(text, calendar=BERLIN, last=False, field="filter.from")
    except InvalidQuery:
        return

    assert 0 <= found
