"""Questions that ask for nothing but a time: what was done then, through a daemon without a model."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

import agent_memory
from agent_memory.events import Kind, Role
from agent_memory.memory import Filter
from agent_memory.retrieval.model import SearchOptions
from agent_memory.sync import SyncMemory
from agent_memory.testing.daemon import DaemonProcess
from agent_memory.testing.events import draft

pytestmark = pytest.mark.usefixtures("without_model")

DAY_MS = 86_400_000
MONDAY_MS = int(datetime(2026, 3, 2, 9, tzinfo=UTC).timestamp() * 1000)
ASKED = SearchOptions(now_ms=MONDAY_MS + 9 * DAY_MS)
"""On Wednesday of the week after."""

SAID = (
    (Kind.USER_MESSAGE, "Have a look at the pump of day {0}, which makes a noise, and at what we did about it before."),
    (Kind.ASSISTANT_MESSAGE, "The bearing of pump {0} is worn. We decided to order another one from the mill."),
    (Kind.TOOL_CALL, "cargo run --no-cache --pump-{0}"),
    (Kind.TOOL_RESULT, "error[E0{0}1]: the bearing is worn"),
    (Kind.ASSISTANT_MESSAGE, "It ran, and failed: what we did before did nothing, so what we do now is to wait."),
    (Kind.USER_MESSAGE, "Fine, thanks."),
)


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SyncMemory]:
    flags = ("--time-zone", "UTC")
    with (
        DaemonProcess(tmp_path_factory.mktemp("done") / "store", flags=flags) as daemon,
        agent_memory.connect(daemon.address) as memory,
    ):
        for day in range(9):
            receipts = memory.append_batch(
                [
                    draft(
                        text.format(day),
                        kind=kind,
                        session=f"day-{day}",
                        project="even" if day % 2 == 0 else "odd",
                        time_ms=MONDAY_MS + day * DAY_MS + 60_000 * minute,
                    )
                    for minute, (kind, text) in enumerate(SAID)
                ]
            )
        memory.wait_for(["lexical", "catalog", "entities", "toc"], receipts[-1].position)
        yield memory


@pytest.mark.parametrize(
    ("query", "day"),
    [
        ("what did we do yesterday", 8),
        ("What happened on 4 March 2026?", 2),
        ("which commands did we run on 2026-03-05", 3),
        ("what did we talk about on Friday", 4),
        ("what did we decide last Saturday", 5),
    ],
)
def test_whoever_asks_what_was_done_on_a_day_is_told_that_first(memory: SyncMemory, query: str, day: int) -> None:
    hits = memory.search(query, limit=len(SAID), options=ASKED).hits

    assert {f"day-{day}"} == {hit.recorded.event.session for hit in hits}
    assert len(SAID) == len(hits)


@pytest.mark.parametrize(
    ("query", "filter", "expected"),
    [
        ("what happened last", Filter(), SAID[5][1]),
        ("what was the last thing you said", Filter(), SAID[4][1]),
        ("what was the first thing we did", Filter(), SAID[0][1].format(0)),
        ("the last error", Filter(), SAID[3][1].format(8)),
        ("the last error", Filter(projects=("odd",)), SAID[3][1].format(7)),
        ("what did the user say last", Filter(projects=("odd",)), SAID[5][1]),
    ],
)
def test_the_first_or_the_last_of_all_is_found_by_its_time(
    memory: SyncMemory, query: str, filter: Filter, expected: str
) -> None:
    first, *_ = memory.search(query, where=filter, limit=3, options=ASKED).hits

    assert expected == first.recorded.event.text
    assert not memory.search(query, where=filter, limit=3, options=ASKED).weak


@pytest.mark.parametrize("query", ["what did we do in March 2024", "zzzz qqqq yesterday"])
def test_that_nothing_was_said_then_is_told(memory: SyncMemory, query: str) -> None:
    result = memory.search(query, limit=3, options=ASKED)

    assert result.weak or not result.hits


def test_that_nobody_said_what_the_last_is_asked_of_is_told(memory: SyncMemory) -> None:
    users = Filter(roles=(Role.USER,))

    assert memory.search("what was the last thing you said", where=users, limit=3, options=ASKED).weak
    assert not memory.search("what was the last thing I said", where=users, limit=3, options=ASKED).weak


def test_a_name_alone_finds_what_holds_it_and_not_what_holds_its_parts(memory: SyncMemory) -> None:
    for name in ("--pump-6", "--no-cache", "cargo run --pump-3"):
        first, *_ = memory.search(name, limit=3, options=ASKED).hits

        assert name.split()[-1] in first.recorded.event.text
