"""`status`, `replay` and `verify`: how a store is."""

from __future__ import annotations

import pytest

from agent_memory.memory import (
    ReplayVerdict,
    VerifyVerdict,
    ViewState,
)
from agent_memory.testing.scripted_memory import (
    status,
    view_status,
)
from tests.unit.cli.door import Door


def test_status_of_a_healthy_store(door: Door) -> None:
    told = door.run("status")

    assert 0 == told.code
    for part in ("healthy", "/var/lib/agent-memory", "Europe/Oslo", "toc", "lexical", "vectors", "catalog", "live"):
        assert part in told.out
    assert [] == [line for line in told.out.splitlines() if len(line) > 80]


@pytest.mark.parametrize("width", [40, 60, 80])
def test_status_keeps_the_names_of_views_whole(door: Door, width: int) -> None:
    door.memory.script = {"status": status(views=(view_status("catalog", position=1_234_567, lag=2_345),))}
    told = door.run("status", width=width)
    (row,) = (line for line in told.out.splitlines() if line.startswith("catalog "))

    assert ["catalog", "live", "1,234,567", "2,345"] == row.split()[:4]
    assert [] == [line for line in told.out.splitlines() if len(line) > width]


def test_status_of_a_store_that_is_not_well_says_what_and_fails(door: Door) -> None:
    broken = view_status(
        "vectors",
        state=ViewState.FAILED,
        lag=1234,
        oldest_pending_s=7300.0,
        error="DIMENSION: 3 instead of 384",
        error_position=17,
    )
    door.memory.script = {"status": status(healthy=False, views=(broken,), append_error="the disk is full")}
    told = door.run("status")

    assert 1 == told.code
    for part in ("not healthy", "the disk is full", "failed", "1,234", "2 h", "vectors at position 17: DIMENSION"):
        assert part in told.out
    as_json = door.run("status", "--json")
    assert (1, False, 1234) == (as_json.code, as_json.data["healthy"], as_json.data["views"][0]["lag"])


def test_replay_tells_each_verdict(door: Door) -> None:
    told = door.run("replay", "toc", "--restart")

    assert 0 == told.code
    assert "✓ toc" in told.out
    assert ("replay", {"views": ("toc",), "restart": True}) == door.memory.calls[0]
    assert door.run("replay", "--json").data["verdicts"][0]["identical"]


def test_replay_that_found_a_difference_says_it_and_fails(door: Door) -> None:
    verdict = ReplayVerdict(
        view="toc", identical=False, first_difference="node day/2026-01-15", position=2, duration_s=1.0
    )
    door.memory.script = {"replay": [verdict]}
    told = door.run("replay")

    assert 1 == told.code
    assert "differed: node day/2026-01-15" in told.out


def test_verify_lists_what_does_not_hold_and_exits_as_corrupt(door: Door) -> None:
    told = door.run("verify")

    assert 4 == told.code
    assert "✗ chain" in told.out
    assert "the digest at position 2 does not match" in told.out
    assert not door.run("verify", "--json").data["sound"]


def test_verify_of_a_sound_store_succeeds(door: Door) -> None:
    door.memory.script = {"verify": [VerifyVerdict(sound=True, checks=("chain", "views"), finding_count=0)]}
    told = door.run("verify")

    assert 0 == told.code
    assert "Sound: 2 checks." in told.out
    assert [] == door.run("verify", "--json").data["behind"]


def test_verify_says_how_far_a_view_is_checked_that_waits(door: Door) -> None:
    waiting = view_status("vectors", state=ViewState.WAITING, position=0, lag=470)
    door.memory.script = {
        "verify": [VerifyVerdict(sound=True, checks=("log", "vectors"), finding_count=0)],
        "status": status(views=(view_status("toc", lag=3), waiting)),
    }
    told = door.run("verify")

    assert 0 == told.code
    assert "✓ vectors  up to position 0 of 470" in told.out
    assert ["✓ log"] == [line for line in told.out.splitlines() if line.startswith("✓ log")]
    assert "vectors has not come further; `agent-memory status`" in told.out
    behind = [{"check": "vectors", "position": 0, "lag": 470}]
    assert behind == door.run("verify", "--json").data["behind"]
