"""What is told of the wording comes back as it was."""

from __future__ import annotations

import msgspec
import pytest

from agent_memory.api.wire import summaries as wire
from agent_memory.summaries.reports import SummariesState, SummariesStatus, SummariesWanted
from agent_memory.testing.scripted_memory import (
    ESTIMATE,
    PREVIEW,
    SET_ASIDE,
    SUMMARIES_REPORTS,
    SUMMARY_VERSION,
    TIME_MS,
)

STATUS = SummariesStatus(
    state=SummariesState.WAITING,
    provider="openai",
    model="small",
    reason="the day's tokens are spent",
    until_ms=TIME_MS,
    waiting=1,
    worded=2,
    set_aside=3,
    left_out=4,
    under_way=("day/2026-01-15",),
    calls_today=5,
    tokens_today=6,
    tokens_per_day_max=7,
    usd_today=0.5,
    usd_per_day_max=1.5,
    unpriced_today=8,
    refused_today=9,
    failed_today=10,
    interrupted_today=11,
    last_error="openai: 500",
    last_error_ms=TIME_MS + 1,
)


@pytest.mark.parametrize("state", SummariesState)
def test_status_survives_the_wire(state: SummariesState) -> None:
    status = msgspec.structs.replace(STATUS, state=state)

    assert status == wire.summaries_status_from_pb(wire.summaries_status_to_pb(status))


def test_every_field_of_the_status_is_on_the_wire() -> None:
    default = SummariesStatus()
    same = [name for name in default.__struct_fields__ if getattr(default, name) == getattr(STATUS, name)]

    assert [] == same


def test_a_status_that_says_little_survives_as_well() -> None:
    assert SummariesStatus() == wire.summaries_status_from_pb(wire.summaries_status_to_pb(SummariesStatus()))


@pytest.mark.parametrize("usd_max", [0.0, 0.25, None])
def test_an_estimate_survives_with_its_price_or_without(usd_max: float | None) -> None:
    estimate = msgspec.structs.replace(ESTIMATE, usd_max=usd_max)

    assert estimate == wire.estimate_from_pb(wire.estimate_to_pb(estimate))


@pytest.mark.parametrize("usd", [0.0, 0.01, None])
def test_a_version_survives_with_its_price_or_without(usd: float | None) -> None:
    version = msgspec.structs.replace(SUMMARY_VERSION, usd=usd)

    assert version == wire.version_from_pb(wire.version_to_pb(version))


def test_the_rest_survives() -> None:
    wanted = SummariesWanted(node_id="day/2026-01-15", since="2026-01-01", again=True, set_aside=True)

    assert wanted == wire.wanted_from_pb(wire.wanted_to_pb(wanted))
    assert PREVIEW == wire.preview_from_pb(wire.preview_to_pb(PREVIEW))
    assert SET_ASIDE == wire.set_aside_from_pb(wire.set_aside_to_pb(SET_ASIDE))
    assert SUMMARIES_REPORTS == tuple(
        wire.summaries_report_from_pb(wire.summaries_report_to_pb(report)) for report in SUMMARIES_REPORTS
    )
