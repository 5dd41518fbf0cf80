"""`summarise` and `summaries`: what it would take, what becomes of it, how it is."""

from __future__ import annotations

import msgspec
import pytest

from agent_memory.errors import InvalidConfig, SummariesRunning
from agent_memory.summaries.reports import (
    SummariesProgress,
    SummariesState,
    SummariesStatus,
    SummariesVerdict,
    SummariesWanted,
)
from agent_memory.testing.scripted_memory import ESTIMATE, NODE, PREVIEW, SUMMARY_VERSION, TIME_MS, status
from tests.unit.cli.door import ESCAPE, Door

WAITING = SummariesStatus(
    state=SummariesState.WAITING,
    provider="openai",
    model="small",
    reason="1,999,000 of the day's 2,000,000 tokens are spent",
    until_ms=TIME_MS,
    waiting=12,
    worded=3_456,
    set_aside=7,
    left_out=2,
    calls_today=321,
    tokens_today=1_999_000,
    tokens_per_day_max=2_000_000,
    interrupted_today=1,
    last_error="segment/01: openai: 500",
    last_error_ms=TIME_MS,
)


def calls(door: Door, name: str) -> list[object]:
    return [call for call in door.memory.calls if call[0] == name]


def test_it_tells_what_it_would_take_and_what_became_of_it(door: Door) -> None:
    told = door.run("summarise", "--node", "week/2026-01/W03", "--since", "2026-01-12", "--resummarise")
    wanted = SummariesWanted(node_id="week/2026-01/W03", since="2026-01-12", again=True)

    assert 0 == told.code
    assert (
        "3 nodes to word by openai small: about 4 calls, 5,000 tokens in, up to 2,000 out, up to 0.25 USD" in told.notes
    )
    assert "1 node of projects that are left out" in told.notes
    assert "2 nodes worded, 3,600 tokens, 0.03 USD." in told.out
    assert "1 set aside" in told.out
    assert [("summarise", {"wanted": wanted})] == calls(door, "summarise")


@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_it_tells_once_until_when_it_waits(door: Door, flags: tuple[str, ...]) -> None:
    """Nothing happens till then, and somebody sits before it."""
    waits = SummariesProgress(done=1, total=3, tokens=9, usd=0.0, waiting="it asks for a pause", until_ms=TIME_MS)
    later = msgspec.structs.replace(waits, until_ms=TIME_MS + 1)
    verdict = SummariesVerdict(worded=3, set_aside=0, left=0, tokens=9, usd=0.0, reason="")
    door.memory.script = {"summarise": (waits, later, verdict)}
    told = door.run("summarise", "--yes", *flags)

    assert 0 == told.code
    assert 1 == told.notes.count("Waiting: it asks for a pause; goes on at Thu 2026-01-15 10:30:00.")


def test_a_dry_run_sends_nothing(door: Door) -> None:
    told = door.run("summarise", "--dry-run", "--json")

    assert (0, 4, None) == (told.code, told.data["estimate"]["calls"], told.data["verdict"])
    assert [] == calls(door, "summarise")


def test_where_nothing_waits_nothing_is_done(door: Door) -> None:
    door.memory.script = {"estimate_summaries": msgspec.structs.replace(ESTIMATE, nodes=0)}
    told = door.run("summarise")

    assert 0 == told.code
    assert [] == calls(door, "summarise")


def test_a_price_that_nobody_knows_is_not_made_up(door: Door) -> None:
    door.memory.script = {"estimate_summaries": msgspec.structs.replace(ESTIMATE, usd_max=None)}
    told = door.run("summarise", "--dry-run")

    assert "the price is not known" in told.notes


def test_what_is_left_is_told_with_its_reason(door: Door) -> None:
    verdict = SummariesVerdict(worded=1, set_aside=0, left=4, tokens=9, usd=0.0, reason="the day's tokens are spent")
    door.memory.script = {"summarise": (verdict,)}
    told = door.run("summarise", "--yes")

    assert 1 == told.code
    assert "4 left: the day's tokens are spent" in told.out


def test_a_preview_prints_every_word_and_obeys_none(door: Door) -> None:
    hostile = msgspec.structs.replace(PREVIEW.calls[0], user=f"[1] user:\n    {ESCAPE}[red]")
    door.memory.script = {"preview_summary": msgspec.structs.replace(PREVIEW, calls=(hostile,), later=2)}
    told = door.run("summarise", "--preview", "--node", NODE.id)
    as_json = door.run("summarise", "--preview", "--node", NODE.id, "--json")

    assert "Write minutes." in told.out
    assert "[red]" in told.out
    assert "\x1b" not in told.out
    assert "2 calls would follow" in told.out
    assert hostile.user == as_json.data["calls"][0]["user"]


def test_a_preview_of_what_is_left_out_says_so(door: Door) -> None:
    door.memory.script = {"preview_summary": msgspec.structs.replace(PREVIEW, calls=(), left_out=True)}
    told = door.run("summarise", "--preview", "--node", NODE.id)

    assert "Nothing: it holds something of a project that is left out." in told.out


def test_a_preview_is_of_one_node(door: Door) -> None:
    told = door.run("summarise", "--preview")

    assert 2 == told.code
    assert "--node" in told.notes


def test_two_at_once_are_refused(door: Door) -> None:
    door.memory.script = {"summarise": SummariesRunning()}
    told = door.run("summarise", "--json")

    assert (1, "SUMMARIES_RUNNING") == (told.code, told.error["reason"])


def test_without_a_provider_the_way_to_one_is_told(door: Door) -> None:
    error = InvalidConfig("summaries_provider", "", "none is configured", hint="Set summaries_provider.")
    door.memory.script = {"estimate_summaries": error}
    told = door.run("summarise")

    assert 2 == told.code
    assert "Set summaries_provider." in told.notes


def test_status_says_what_it_waits_for_and_what_the_day_took(door: Door) -> None:
    door.memory.script = {"status": msgspec.structs.replace(status(), summaries=WAITING)}
    told = door.run("summaries", "status", width=120)
    whole = door.run("status", width=120)
    as_json = door.run("summaries", "status", "--json")

    assert 0 == told.code
    for part in (
        "waiting",
        "openai small",
        "3,456 worded, 12 waiting, 7 set aside, 2 left out",
        "1 cut off",
        "goes on at",
    ):
        assert part in told.words
    assert "321 calls, 1,999,000 of 2,000,000 tokens" in told.words
    assert "segment/01: openai: 500" in told.words
    assert WAITING.reason in whole.words
    assert (12, 1) == (as_json.data["waiting"], as_json.data["today"]["interrupted"])


def test_a_worker_that_stopped_fails_the_status_of_summaries_alone(door: Door) -> None:
    stopped = SummariesStatus(state=SummariesState.STOPPED, reason="summaries_model: there is no such model")
    door.memory.script = {"status": msgspec.structs.replace(status(), summaries=stopped)}

    assert 1 == door.run("summaries", "status").code
    assert 0 == door.run("status").code
    assert "there is no such model" in door.run("status").words


def test_where_it_is_off_the_status_says_that_nothing_is_sent(door: Door) -> None:
    assert "nothing is sent anywhere" in door.run("summaries", "status").words


def test_what_was_set_aside_is_listed_and_asked_about_again(door: Door) -> None:
    listed = door.run("summaries", "set-aside")
    retried = door.run("summaries", "set-aside", "--retry", "--yes")

    assert NODE.id in listed.out
    assert "blocked, 3 times" in listed.out
    assert 0 == retried.code
    assert [("summarise", {"wanted": SummariesWanted(set_aside=True)})] == calls(door, "summarise")


def test_older_answers_are_readable(door: Door) -> None:
    older = msgspec.structs.replace(SUMMARY_VERSION, is_shown=False, model="older", title="Weeks of shipping")
    refused = msgspec.structs.replace(older, title="", bullets=(), refusal="blocked")
    door.memory.script = {"summary_versions": [SUMMARY_VERSION, older, refused]}
    told = door.run("summaries", "versions", NODE.id)
    as_json = door.run("summaries", "versions", NODE.id, "--json")

    assert ["●", "○", "○"] == [line[0] for line in told.out.splitlines() if line[:1] in "●○"]
    assert "Weeks of shipping" in told.out
    assert "set aside: blocked" in told.out
    assert [True, False, False] == [version["is_shown"] for version in as_json.data["versions"]]
