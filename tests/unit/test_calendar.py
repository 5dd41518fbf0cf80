"""Local days, and the weeks, months and years that they nest in."""

from __future__ import annotations

import itertools
import zoneinfo
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agent_memory.errors import InvalidConfig
from agent_memory.toc import Calendar, Level

HOUR_MS = 3_600_000

ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "America/St_Johns",
    "America/Havana",
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Africa/Monrovia",
    "Africa/Cairo",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Kwajalein",
    "Antarctica/Troll",
]
CALENDARS = {zone: Calendar(zone) for zone in ZONES}
LEVELS = [Level.DAY, Level.WEEK, Level.MONTH, Level.YEAR]

zones = st.sampled_from(ZONES)
instants = st.integers(0, 4_102_444_800_000)


def wall_date(zone: str, time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).astimezone(zoneinfo.ZoneInfo(zone)).date().isoformat()


@given(zones, instants)
@example("Pacific/Apia", 1325239200000)
@example("Pacific/Apia", 1325239199999)
@example("America/St_Johns", 1257042600000)
@example("America/Sao_Paulo", 1541300399999)
def test_every_instant_is_in_one_period_of_each_level_and_each_nests_in_the_next(zone: str, time_ms: int) -> None:
    calendar = CALENDARS[zone]
    periods = [calendar.at(level, time_ms) for level in LEVELS]

    for period in periods:
        assert period.start_ms <= time_ms < period.end_ms
        assert period == calendar.period(period.id)
        # The neighbours begin where it ends, so no other one holds the instant.
        assert period.start_ms == calendar.at(period.level, period.start_ms - 1).end_ms
        assert period.end_ms == calendar.at(period.level, period.end_ms).start_ms
    for inner, outer in itertools.pairwise(periods):
        assert outer.id == inner.parent_id
        assert outer.start_ms <= inner.start_ms < inner.end_ms <= outer.end_ms
    assert "" == periods[-1].parent_id


@given(zones, instants)
def test_the_day_is_the_one_that_a_clock_on_the_wall_shows(zone: str, time_ms: int) -> None:
    shown = wall_date(zone, time_ms)
    day = CALENDARS[zone].local_date(time_ms)
    if day != shown:
        # Only where the clock was put back over midnight: the date is yesterday's again, later.
        assert zone == "America/St_Johns"
        assert any(wall_date(zone, time_ms + minutes * 60_000) < shown for minutes in range(120))
    else:
        assert day == shown


@given(zones, instants)
def test_weeks_are_iso_weeks_cut_at_their_month(zone: str, time_ms: int) -> None:
    day = CALENDARS[zone].day(time_ms)
    date = datetime.fromisoformat(day.id[4:])

    assert f"week/{date:%Y-%m}/W{date.isocalendar().week:02}" == day.parent_id


@pytest.mark.parametrize(
    ("zone", "date", "hours"),
    [
        ("Europe/Berlin", "2026-03-29", 23),
        ("Europe/Berlin", "2026-10-25", 25),
        ("Europe/Berlin", "2026-10-26", 24),
        ("America/Sao_Paulo", "2018-11-04", 23),
        ("America/Sao_Paulo", "2018-02-17", 25),
        ("Asia/Beirut", "2022-03-27", 23),
        ("America/Havana", "2022-11-06", 25),
        ("Australia/Lord_Howe", "2026-04-05", 24.5),
    ],
)
def test_a_day_has_the_hours_that_its_zone_gave_it(zone: str, date: str, hours: float) -> None:
    day = Calendar(zone).period(f"day/{date}")

    assert hours == (day.end_ms - day.start_ms) / HOUR_MS


def test_a_day_without_midnight_begins_with_its_first_minute() -> None:
    calendar = Calendar("America/Sao_Paulo")
    start_ms = calendar.period("day/2018-11-04").start_ms
    local = datetime.fromtimestamp(start_ms / 1000, zoneinfo.ZoneInfo("America/Sao_Paulo"))

    assert "2018-11-04T01:00:00" == local.replace(tzinfo=None).isoformat()


def test_a_date_that_a_zone_skipped_has_no_day() -> None:
    calendar = Calendar("Pacific/Apia")

    assert calendar.period("day/2011-12-29").end_ms == calendar.period("day/2011-12-31").start_ms
    with pytest.raises(ValueError, match="never was"):
        calendar.period("day/2011-12-30")


def test_a_week_over_two_months_is_two_nodes() -> None:
    calendar = Calendar("UTC")

    assert "Week 5, 26–31 January 2026" == calendar.period("week/2026-01/W05").label
    assert "Week 5, 1 February 2026" == calendar.period("week/2026-02/W05").label
    assert calendar.period("week/2026-01/W05").end_ms == calendar.period("week/2026-02/W05").start_ms


def test_a_week_over_two_years_keeps_its_number_in_both() -> None:
    calendar = Calendar("UTC")

    assert "week/2025-12/W01" == calendar.period("day/2025-12-31").parent_id
    assert "week/2026-01/W01" == calendar.period("day/2026-01-01").parent_id
    assert "week/2027-01/W53" == calendar.period("day/2027-01-03").parent_id


def test_labels_read_as_a_person_says_them() -> None:
    calendar = Calendar("UTC")
    ids = ["year/2026", "month/2026-01", "week/2026-01/W03", "day/2026-01-15"]

    assert ["2026", "January 2026", "Week 3, 12–18 January 2026", "Thursday, 15 January 2026"] == [
        calendar.period(id).label for id in ids
    ]


@pytest.mark.parametrize(
    "id",
    [
        "",
        "day",
        "day/2026-1-5",
        "day/20260105",
        "day/2026-02-29",
        "week/2026-01/W06",
        "week/2026-01/3",
        "month/2026-00",
        "year/26",
        "year/0000",
        "century/20",
        "segment/01KEGMY100000000000000000Z",
        "day/2026-01-05 ",
        "day/٢٠٢٦-01-05",
    ],
)
def test_an_id_that_names_no_period_is_refused(id: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Calendar("UTC").period(id)


def test_an_instant_after_the_last_year_is_refused() -> None:
    with pytest.raises(OverflowError):
        Calendar("UTC").day(1 << 50)


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../etc/passwd", "Europe"])
def test_a_name_that_is_no_zone_is_refused(zone: str) -> None:
    with pytest.raises(InvalidConfig, match="time_zone"):
        Calendar(zone)


@given(zones, st.lists(instants, min_size=1, max_size=30))
def test_what_was_asked_before_does_not_change_an_answer(zone: str, times: list[int]) -> None:
    fresh, used = Calendar(zone), CALENDARS[zone]

    assert [Calendar(zone).day(time_ms) for time_ms in times[:3]] == [used.day(time_ms) for time_ms in times[:3]]
    assert [fresh.day(time_ms) for time_ms in times] == [used.day(time_ms) for time_ms in times]
