"""Search as agents use it, through the door: how to rank, three cheap steps, and a context of a given size."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import agent_memory
from agent_memory.api.client import GrpcMemory
from agent_memory.errors import InvalidQuery, UnknownEvent
from agent_memory.events import Draft, Kind, Receipt
from agent_memory.memory import VIEW_NAMES, Filter
from agent_memory.retrieval.model import SIGNALS, SearchOptions, SearchResult
from agent_memory.testing.daemon import DaemonProcess

NOBODYS_ID = "01KF0FV2E00000000000000009"
WEDNESDAY_MS = int(datetime(2024, 5, 15, 12, tzinfo=UTC).timestamp() * 1000)
DAY_MS = 86_400_000

SAID = (
    (Kind.USER_MESSAGE, "Where does the ferry booking lose its discount code?"),
    (Kind.ASSISTANT_MESSAGE, "The basket forgets the discount code when the postal code changes; see basket.py."),
    (Kind.TOOL_CALL, "pytest tests/test_basket.py"),
    (Kind.TOOL_RESULT, "14 passed"),
    (Kind.USER_MESSAGE, "Good. We decided to release the ferry booking on Friday, after the load test."),
    (Kind.ASSISTANT_MESSAGE, "Noted: the ferry booking is released on Friday after the load test."),
)
QUERY = "ferry booking discount code"


class Told:
    """A few conversations about one thing, and where their events are."""

    def __init__(self, name: str, receipts: list[Receipt]) -> None:
        self.where = Filter(projects=(name,))
        self.first = f"{name}-1"
        self.ids = [receipt.event_id for receipt in receipts]
        self.position = receipts[-1].position


def drafts(session: str, project: str, start_ms: int) -> list[Draft]:
    return [
        Draft(kind=kind, session=session, text=text, time_ms=start_ms + 20_000 * n, agent="a", project=project)
        for n, (kind, text) in enumerate(SAID)
    ]


@pytest.fixture
async def told(memory: GrpcMemory) -> Told:
    """The same talk on two days, under a name that no other test has."""
    name = f"project-{uuid.uuid4()}"
    receipts = await memory.append_batch(
        drafts(f"{name}-1", name, WEDNESDAY_MS) + drafts(f"{name}-2", name, WEDNESDAY_MS + 30 * DAY_MS)
    )
    told = Told(name, receipts)
    # Without a model, vectors wait for one. With one, a daemon that has just started first loads it.
    named = [view for view in VIEW_NAMES if view != "vectors" or (await memory.status()).model_id]
    await memory.wait_for(named, told.position, timeout_s=60)
    return told


async def ask(memory: GrpcMemory, told: Told, query: str = QUERY, **options: Any) -> SearchResult:
    return await memory.search(
        query, where=told.where, limit=12, options=SearchOptions(**options), min_position=told.position
    )


# -- how to rank ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SIGNALS)
async def test_a_signal_that_is_left_out_says_nothing_of_any_hit(memory: GrpcMemory, told: Told, name: str) -> None:
    result = await ask(memory, told, f"{SAID[0][1]} on 15 May 2024", without=(name,))

    assert 0 == sum(s.contribution for hit in result.hits for s in hit.signals if s.name == name)


async def test_what_one_signal_does_not_find_another_does(memory: GrpcMemory, told: Told) -> None:
    others = [name for name in SIGNALS if name not in ("lexical", "vector")]
    left_out = [("vector",), ("vector", *others), tuple(others)]
    if (await memory.status()).model_id:
        left_out.append(("lexical",))
    found = [
        {hit.recorded.event.text for hit in (await ask(memory, told, SAID[0][1], without=without)).hits}
        for without in left_out
    ]

    assert [True] * len(found) == [SAID[0][1] in texts for texts in found]


async def test_now_is_what_the_search_went_by(memory: GrpcMemory, told: Told) -> None:
    now_ms = WEDNESDAY_MS + DAY_MS
    result = await ask(memory, told, "what about the ferry booking yesterday", now_ms=now_ms)
    (span,) = result.understood.spans

    assert now_ms == result.now_ms
    assert "yesterday" == "what about the ferry booking yesterday"[span.start : span.end]
    # The local day of the store's zone, Europe/Oslo: two hours ahead in May.
    midnight_ms = WEDNESDAY_MS - 14 * 3_600_000
    assert (midnight_ms, midnight_ms + DAY_MS - 1) == (span.from_ms, span.until_ms)


async def test_without_a_now_a_search_goes_by_the_present_time(memory: GrpcMemory, told: Told) -> None:
    before_ms = int(datetime.now(UTC).timestamp() * 1000)
    result = await ask(memory, told)

    assert before_ms <= result.now_ms <= before_ms + 600_000
    assert result.understood.is_timeless


async def test_what_is_understood_of_time_leaves_nothing_out(memory: GrpcMemory, told: Told) -> None:
    timeless = await ask(memory, told, repeats=True)
    now_ms = WEDNESDAY_MS + 200 * DAY_MS
    timely = await ask(memory, told, f"{QUERY} in June 2024", now_ms=now_ms, repeats=True)

    assert {hit.recorded.event.id for hit in timeless.hits} <= {hit.recorded.event.id for hit in timely.hits}


async def test_recency_lets_the_newer_of_two_equal_texts_gain(memory: GrpcMemory, told: Told) -> None:
    def lead(result: SearchResult) -> float:
        """By how much the newer is ahead."""
        score = {hit.recorded.event.id: hit.score for hit in result.hits}
        return score[told.ids[6]] - score[told.ids[0]]

    plain = await ask(memory, told, SAID[0][1], repeats=True)
    new = await ask(memory, told, SAID[0][1], repeats=True, recency=1.0, now_ms=WEDNESDAY_MS + 31 * DAY_MS)

    assert lead(plain) < lead(new)


@pytest.mark.parametrize("name", ["recency", "salience", "diversity"])
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
async def test_every_share_gives_hits_of_the_filter(memory: GrpcMemory, told: Told, name: str, share: float) -> None:
    options: Any = {name: share}
    result = await ask(memory, told, **options)

    assert result.hits
    assert {hit.recorded.event.id for hit in result.hits} <= {*told.ids}


async def test_diversity_puts_something_else_below_the_first_hit(memory: GrpcMemory, told: Told) -> None:
    async def first_two(**options: Any) -> list[str]:
        result = await ask(memory, told, SAID[1][1], repeats=True, **options)
        return [hit.recorded.event.text for hit in result.hits[:2]]

    assert [SAID[1][1]] * 2 == await first_two()
    first, second = await first_two(diversity=0.9)
    assert SAID[1][1] == first != second


async def test_hits_grouped_by_session_stand_together(memory: GrpcMemory, told: Told) -> None:
    result = await ask(memory, told, group_by_session=True, repeats=True)
    sessions = [hit.recorded.event.session for hit in result.hits]
    changes = sum(a != b for a, b in itertools.pairwise(sessions))

    assert (2, 1) == (len({*sessions}), changes)
    plain = await ask(memory, told, repeats=True)
    assert plain.hits[0].recorded.event.session == sessions[0]


async def test_repeats_are_counted_or_shown(memory: GrpcMemory, told: Told) -> None:
    folded = await ask(memory, told, SAID[1][1])
    shown = await ask(memory, told, SAID[1][1], repeats=True)
    texts = [hit.recorded.event.text for hit in shown.hits]

    assert 2 == texts.count(SAID[1][1])
    assert 0 == sum(hit.repeat_count for hit in shown.hits)
    assert 1 == [hit.recorded.event.text for hit in folded.hits].count(SAID[1][1])
    assert 1 <= next(hit.repeat_count for hit in folded.hits if hit.recorded.event.text == SAID[1][1])


async def test_options_that_make_no_sense_are_refused_before_they_are_sent(memory: GrpcMemory) -> None:
    for options, field in (
        (SearchOptions(recency=2.0), "options.recency"),
        (SearchOptions(without=("keywords",)), "options.without[0]"),
        (SearchOptions(now_ms=-1), "options.now"),
    ):
        with pytest.raises(InvalidQuery) as refused:
            await memory.search("x", options=options)

        assert field == refused.value.field


# -- three cheap steps ------------------------------------------------------------------------------


async def test_from_a_hit_to_what_stands_around_it_to_full_texts(memory: GrpcMemory, told: Told) -> None:
    where = Filter(sessions=(told.first,))
    result = await memory.search("postal code", where=where, limit=1, min_position=told.position)
    event_id = result.hits[0].recorded.event.id
    timeline = await memory.timeline(event_id, before=1, after=2)
    around = [recorded.event.id for recorded in timeline.events]
    texts = [recorded.event.text for recorded in await memory.get_events(around[::-1])]

    assert told.ids[1] == event_id == timeline.event_id
    assert told.ids[:4] == around
    assert [text for _, text in SAID[3::-1]] == texts
    assert (False, True) == (timeline.more_before, timeline.more_after)


async def test_a_timeline_keeps_to_its_session_unless_told_otherwise(memory: GrpcMemory, told: Told) -> None:
    other = await memory.append(
        Draft(kind=Kind.OTHER, session="elsewhere", text="meanwhile", time_ms=WEDNESDAY_MS + 30_000)
    )
    own = await memory.timeline(told.ids[1], before=0, after=1)
    every = await memory.timeline(told.ids[1], before=0, after=1, across_sessions=True)

    assert [told.ids[1], told.ids[2]] == [recorded.event.id for recorded in own.events]
    assert told.ids[1] == every.events[0].event.id
    assert WEDNESDAY_MS + 20_000 <= every.events[1].event.time_ms <= WEDNESDAY_MS + 30_000
    assert other.event_id


async def test_several_events_are_given_all_or_none(memory: GrpcMemory, told: Told) -> None:
    with pytest.raises(UnknownEvent, match=NOBODYS_ID):
        await memory.get_events([told.ids[0], NOBODYS_ID])
    with pytest.raises(InvalidQuery) as refused:
        await memory.get_events([told.ids[0], "x"])

    assert "ids[1]" == refused.value.field
    assert 1000 == len(await memory.get_events(told.ids[:1] * 1000))


# -- a context ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("token_budget", [50, 200, 2_000, 32_000])
async def test_a_context_quotes_what_was_said_within_its_budget(
    memory: GrpcMemory, told: Told, token_budget: int
) -> None:
    block = await memory.build_context(
        "why is the discount code lost", token_budget=token_budget, where=told.where, min_position=told.position
    )
    cited = [citation.event_id for citation in block.citations]

    assert token_budget >= block.token_count
    assert bool(block.text) == bool(block.token_count) == bool(cited)
    assert {*cited} <= {*told.ids}
    assert all(citation.label in block.text for citation in block.citations)
    assert block.result.hits
    if token_budget >= 2_000:
        assert "postal code" in block.text
        assert sorted(cited) == cited
        assert all(citation.grip_id for citation in block.citations)


async def test_the_tokens_of_a_context_are_counted_exactly(memory: GrpcMemory, told: Told) -> None:
    from agent_memory.inference.tokens import SplintrTokenCounter

    block = await memory.build_context("load test", where=told.where, min_position=told.position)
    counter = SplintrTokenCounter(block.tokenizer)

    assert counter.count(block.text) == block.token_count


async def test_a_context_of_nothing_is_empty(memory: GrpcMemory) -> None:
    block = await memory.build_context("anything", where=Filter(projects=("none at all",)))

    assert ("", 0, ()) == (block.text, block.token_count, block.citations)


async def test_of_what_nobody_spoke_of_search_and_context_say_that_little_was_found(
    memory: GrpcMemory, told: Told
) -> None:
    found = await memory.search(QUERY, where=told.where, min_position=told.position)
    little = await memory.search("zzzz qqqq", where=told.where)
    block = await memory.build_context("zzzz qqqq", where=told.where)

    assert not found.weak
    assert little.weak == bool(little.hits)
    assert block.result.weak == block.text.startswith("<agent-memory>\nLittle was found; ") == bool(block.citations)
    assert len(block.citations) <= 3


async def test_the_factor_of_recency_is_told_with_each_hit(memory: GrpcMemory, told: Told) -> None:
    plain = await ask(memory, told)
    new = await ask(memory, told, recency=1.0, now_ms=WEDNESDAY_MS + 30 * DAY_MS, repeats=True)
    factors = {hit.recorded.event.id: hit.factor for hit in new.hits}

    assert {1.0} == {hit.factor for hit in plain.hits}
    assert pytest.approx(1.5, abs=0.01) == factors[told.ids[6]]
    assert pytest.approx(1.0, abs=0.01) == factors[told.ids[0]]


@pytest.mark.parametrize("token_budget", [49, 32_001, -5])
async def test_a_budget_that_makes_no_sense_is_refused(memory: GrpcMemory, token_budget: int) -> None:
    with pytest.raises(InvalidQuery, match="50 to 32,000"):
        await memory.build_context("x", token_budget=token_budget)


def test_both_forms_of_a_memory_build_the_same_context(tmp_path: Path) -> None:
    """In process and through a daemon, on one store, one after the other."""
    store = tmp_path / "store"
    model = tmp_path / "none"
    with agent_memory.open(store, time_zone="UTC", model=model) as local:
        receipts = local.append_batch(drafts("s", "p", WEDNESDAY_MS))
        position = receipts[-1].position
        options = SearchOptions(now_ms=WEDNESDAY_MS)
        expected = local.build_context("load test", options=options, min_position=position)
        timeline = local.timeline(receipts[2].event_id, before=1, after=1)
        events = local.get_events([receipts[0].event_id])
    with DaemonProcess(store, model=model) as daemon, agent_memory.connect(daemon.address) as remote:
        block = remote.build_context("load test", options=options, min_position=position)

        assert (expected.text, expected.citations) == (block.text, block.citations)
        assert timeline == remote.timeline(receipts[2].event_id, before=1, after=1)
        assert events == remote.get_events([receipts[0].event_id])


# -- the command line -------------------------------------------------------------------------------


def run(daemon: DaemonProcess, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "agent_memory.cli", *args, "--address", daemon.address],
        env=os.environ | {"COLUMNS": "80"},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )


async def test_the_command_line_explains_and_reads_on(daemon: DaemonProcess, memory: GrpcMemory, told: Told) -> None:
    await ask(memory, told)
    project = ("--project", told.where.projects[0])
    explained = run(daemon, "search", "discount code last week", *project, "--explain", "--now", "2024-05-22")
    brief = run(daemon, "search", "discount code", *project, "--brief")
    event_id = brief.stdout.split()[0]
    timeline = run(daemon, "timeline", event_id)
    quoted = run(daemon, "search", '"discount code when"', *project, "--brief")
    whole = run(daemon, "show", *told.ids[:2])
    context = run(daemon, "context", "discount code", *project, "--budget", "300")

    assert [0] * 5 == [done.returncode for done in (explained, brief, timeline, whole, context)]
    for part in ("signal", "contribution", "lexical", "“last week” is", "tier", "ms"):
        assert part in explained.stdout
    assert 80 >= max(map(len, explained.stdout.splitlines()))
    assert event_id in told.ids
    assert f"> {event_id}" in timeline.stdout
    assert timeline.stdout.startswith(f"# {SAID[0][1]} (session {told.first[:-1]}")
    assert "The basket forgets the discount code when the postal code changes" in quoted.stdout
    assert [] == [line for line in explained.stdout.splitlines() if line.endswith(" ")]
    assert "postal code" in " ".join(whole.stdout.split())
    assert "discount code" in context.stdout
    assert "of 300 tokens" in " ".join(context.stderr.split())


@pytest.mark.parametrize(
    ("args", "field"),
    [
        (("search", "x", "--recency", "1.5"), "options.recency"),
        (("search", "x", "--without", "keywords"), "options.without[0]"),
        (("search", "x", "--now", "yesterday"), "now"),
        (("context", "x", "--budget", "49"), "token_budget"),
        (("timeline", "x"), "id"),
        (("timeline", NOBODYS_ID, "--before", "101"), "before"),
        (("show", NOBODYS_ID, "x"), "ids[1]"),
    ],
)
def test_what_makes_no_sense_is_refused_at_the_command_line(
    daemon: DaemonProcess, args: tuple[str, ...], field: str
) -> None:
    done = run(daemon, *args, "--json")
    error = json.loads(done.stdout)["error"]

    assert (2, field) == (done.returncode, error["field"])
    assert error["hint"]


async def test_a_filter_that_names_what_there_is_not_is_told_what_looks_alike(
    daemon: DaemonProcess, memory: GrpcMemory, told: Told
) -> None:
    await ask(memory, told)
    project = told.where.projects[0]
    for command in ("search", "context"):
        wrong = run(daemon, command, "discount", "--session", f"{told.first}x", "--project", project.upper())
        notes = " ".join(wrong.stderr.split())

        assert 0 == wrong.returncode
        assert f"There is no session '{told.first}x'. Perhaps {told.first}" in notes
        assert f"There is no project '{project.upper()}'. Perhaps {project}" in notes


def test_text_that_begins_with_a_dash_is_told_where_it_goes(daemon: DaemonProcess) -> None:
    refused = run(daemon, "search", "--no-verify flag")
    asked = subprocess.run(
        [sys.executable, "-m", "agent_memory.cli", "search", "--address", daemon.address, "--", "--no-verify flag"],
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )

    assert (2, 0) == (refused.returncode, asked.returncode)
    assert "`agent-memory search -- QUERY`" in refused.stderr
