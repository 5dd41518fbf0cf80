"""Commands parse, ask a `Memory`, print: for people, and as one envelope with --json."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result
from hypothesis import example, given
from hypothesis import strategies as st

import agent_memory
from agent_memory.annotation import MemoryType
from agent_memory.cli import commands
from agent_memory.cli.app import COMMANDS
from agent_memory.cli.line_view import LINE_CHARACTERS, cut
from agent_memory.cli.safe import safe
from agent_memory.cli.times import rfc3339
from agent_memory.errors import (
    ChecksumMismatch,
    Closed,
    DaemonUnavailable,
    DiskFull,
    InvalidQuery,
    StorageUnavailable,
    UnknownEvent,
    UnknownGrip,
    UnknownNode,
    UnknownSession,
    ViewBehind,
)
from agent_memory.events import Recorded, Role
from agent_memory.indexes.model import Session
from agent_memory.memory import (
    Day,
    Days,
    Filter,
    GripContext,
    Page,
    ReplayVerdict,
    Root,
    Timeline,
    VerifyVerdict,
    ViewState,
)
from agent_memory.retrieval.model import DEFAULT_OPTIONS, SearchOptions, SearchResult, Signal, Tier
from agent_memory.temporal import TimeOrder, TimeReading, TimeSpan
from agent_memory.testing.scripted_memory import (
    BLOCK,
    EVENT,
    GRIP,
    HIT,
    NODE,
    SESSION,
    TIMELINE,
    ScriptedMemory,
    status,
    view_status,
)
from agent_memory.toc.material import Level
from agent_memory.toc.model import Node

ESCAPE = "\x1b]0;owned\x07\x1b[2J"


class Told(msgspec.Struct):
    """What a command printed and how it ended."""

    code: int
    out: str
    notes: str

    @property
    def data(self) -> Any:
        envelope = json.loads(self.out)
        assert 1 == envelope["version"]
        return envelope["data"]

    @property
    def error(self) -> Any:
        return json.loads(self.out)["error"]

    @property
    def words(self) -> str:
        """The output without the places where lines were broken."""
        return " ".join(self.out.split())


class Door:
    """Runs commands against a scripted memory."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.memory = ScriptedMemory()
        self.addresses: list[str] = []
        self._patch = monkeypatch

        @asynccontextmanager
        async def connected(address: str, **_: Any) -> Any:
            self.addresses.append(address)
            yield self.memory

        monkeypatch.setattr(agent_memory, "connect", connected)

    def run(self, *args: str, stdin: bytes | None = None, width: int = 80) -> Told:
        self._patch.setenv("COLUMNS", str(width))
        result: Result = CliRunner().invoke(commands, list(args), input=stdin)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Told(result.exit_code, result.stdout, result.stderr)

    def asked(self, method: str) -> dict[str, Any]:
        """The arguments of the last call of a method."""
        return [arguments for name, arguments in self.memory.calls if name == method][-1]


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, own_log: None) -> Door:
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    return Door(monkeypatch)


def segment(**changes: Any) -> Node:
    values = {
        "id": GRIP.segment_id,
        "level": Level.SEGMENT,
        "parent_id": "day/2026-01-15",
        "session": "s1",
        "start_ms": EVENT.time_ms,
        "end_ms": EVENT.time_ms + 720_000,
        "first_event_id": EVENT.id,
        "last_event_id": EVENT.id,
        "child_count": 0,
    }
    return msgspec.structs.replace(NODE, **{**values, **changes})


def tree(**script: Any) -> dict[str, Any]:
    """A year with everything that leads to one segment."""
    levels = {
        "year/2026": msgspec.structs.replace(NODE, id="month/2026-01", level=Level.MONTH),
        "month/2026-01": msgspec.structs.replace(
            NODE, id="week/2026-01/W03", level=Level.WEEK, start_ms=1_768_172_400_000, end_ms=1_768_777_200_000
        ),
        "week/2026-01/W03": msgspec.structs.replace(NODE, id="day/2026-01-15", level=Level.DAY),
        "day/2026-01-15": segment(),
    }
    return {"children": lambda node_id, **_: Page(items=(levels[node_id],)), **script}


# -- the contents -------------------------------------------------------------------------------


def test_toc_is_a_tree_from_the_year_to_the_segment(door: Door) -> None:
    door.memory.script = tree()
    told = door.run("toc", "--depth", "segment")

    assert 0 == told.code
    assert "--depth" not in told.out
    for name in ("2026  1 event  Shipping on Friday", "January 2026", "W03 12-18 Jan", "Thu 15 Jan", "10:30-10:42"):
        assert name in told.out


def test_toc_goes_two_levels_down_and_says_how_to_go_on(door: Door) -> None:
    door.memory.script = tree()
    told = door.run("toc")

    assert "W03 12-18 Jan" in told.out
    assert "Thu 15 Jan" not in told.out
    hint = "Down to the weeks; on with --depth day, or agent-memory toc week/2026-01/W03"
    assert hint == told.out.splitlines()[-1]


def test_toc_of_a_node_goes_two_levels_down_as_well(door: Door) -> None:
    door.memory.script = tree(node=msgspec.structs.replace(NODE, id="month/2026-01", level=Level.MONTH))
    told = door.run("toc", "month/2026-01")

    assert "Thu 15 Jan" in told.out
    assert "10:30" not in told.out
    assert told.out.endswith("on with --depth segment, or agent-memory toc day/2026-01-15\n")


def test_toc_stops_at_the_depth_and_shows_bullets_with_their_grips(door: Door) -> None:
    door.memory.script = tree()
    told = door.run("toc", "--depth", "month", "--bullets", "--ids")

    assert "January 2026" in told.out
    assert "W03" not in told.out
    assert f"Ships on Friday {GRIP.id}" in told.words
    assert "month/2026-01" in told.out


def test_toc_as_json_is_nested(door: Door) -> None:
    door.memory.script = tree()
    data = door.run("toc", "--depth", "segment", "--json").data
    ids = []
    nodes = data["nodes"]
    while nodes:
        ids.append(nodes[0]["id"])
        nodes = nodes[0]["children"]

    assert ["year/2026", "month/2026-01", "week/2026-01/W03", "day/2026-01-15", GRIP.segment_id] == ids
    assert "Europe/Oslo" == data["time_zone"]


def test_toc_of_a_node_starts_there_and_reads_every_page(door: Door) -> None:
    pages = {"": Page(items=(segment(),), next_token="more"), "more": Page(items=(segment(title="Second"),))}
    door.memory.script = {
        "node": msgspec.structs.replace(NODE, id="day/2026-01-15", level=Level.DAY),
        "children": lambda token, **_: pages[token],
    }
    told = door.run("toc", "day/2026-01-15")

    assert "2026" not in told.out.splitlines()[0].replace("Thu 15 Jan", "")
    assert "Second" in told.out


def test_toc_of_an_empty_store_says_what_to_do(door: Door) -> None:
    door.memory.script = {"root": Root(years=(), event_count=0, time_zone="UTC")}

    assert "agent-memory ingest" in door.run("toc").out


def days(*counts: int) -> Days:
    return Days(
        days=tuple(
            Day(
                date=f"2026-01-{number:02}",
                event_count=count,
                session_count=min(count, 1),
                agents=("claude-code",) if count else (),
                projects=("/src/shop",) if count else (),
                node_id=f"day/2026-01-{number:02}" if count else "",
                title=f"Title {number}" if count else "",
            )
            for number, count in enumerate(counts, 1)
        ),
        time_zone="Europe/Oslo",
    )


@pytest.mark.parametrize("width", [80, 120])
def test_browse_shows_each_day_and_says_that_a_day_is_empty(door: Door, width: int) -> None:
    door.memory.script = {"days": days(3, 0, 12)}
    told = door.run("browse", "--from", "2026-01-01", "--until", "2026-01-03", width=width)
    lines = told.out.splitlines()

    assert ["Thu 2026-01-01", "Fri 2026-01-02", "Sat 2026-01-03"] == [line[:14] for line in lines[1:4]]
    assert "nothing recorded" in lines[2]
    assert "15 events" in lines[-1]
    assert width >= max(map(len, lines))


def test_browse_folds_a_long_run_of_empty_days(door: Door) -> None:
    door.memory.script = {"days": days(1, 0, 0, 0, 0, 1)}
    told = door.run("browse")

    assert "… 4 days" in told.out
    assert "2026-01-03" not in told.out
    assert 6 == len(door.run("browse", "--json").data["days"])


def test_browse_passes_its_filters_on(door: Door) -> None:
    door.run("browse", "--from", "2026-01", "--until", "2026-02", "--agent", "a", "--agent", "b", "--project", "p")

    assert ("days", {"from_": "2026-01", "until": "2026-02", "agents": ("a", "b"), "projects": ("p",)}) == (
        door.memory.calls[0][0],
        {k: v for k, v in door.memory.calls[0][1].items() if k != "min_position"},
    )


def test_browse_of_one_day_shows_its_segments(door: Door) -> None:
    door.memory.script = {"children": Page(items=(segment(),))}
    told = door.run("browse", "--from", "2026-01-15", "--until", "2026-01-15")

    assert "Thu 2026-01-15  Europe/Oslo  1 event in 1 session" in told.out
    assert "10:30-10:42" in told.out
    assert GRIP.segment_id in told.words


def test_browse_of_one_empty_day_says_so(door: Door) -> None:
    door.memory.script = {"days": days(0)}

    assert "nothing recorded" in door.run("browse").out


# -- search and evidence ------------------------------------------------------------------------


@pytest.mark.parametrize("width", [80, 120])
def test_search_shows_rank_date_who_words_signals_title_and_grip(door: Door, width: int) -> None:
    told = door.run("search", "shipping", width=width)

    assert 0 == told.code
    for part in ("1", "2026-01-15", "10:30", "user", "ship on Friday", "lexical #1", "We ship on Friday.", GRIP.id):
        assert part in told.out
    assert "1 hit, lexical search" in told.out


def test_search_sets_off_the_words_of_the_query(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    told = door.run("search", "It ships")

    assert "\x1b[1;33mship\x1b[0m on Friday" in told.out


def test_colours_are_left_out_where_they_are_not_wanted(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    assert "\x1b" not in door.run("search", "shipping").out
    assert "\x1b" not in door.run("status").out


def test_search_passes_its_filters_on(door: Door) -> None:
    flags = "--from 2026-01-01 --until 2026-01-31 --agent a --project p --session s --role user --kind tool_call"
    types = "--type decision --type error"
    door.run("search", "x", *flags.split(), *types.split(), "--limit", "3")
    arguments = door.asked("search")
    where = arguments["where"]

    assert 3 == arguments["limit"]
    assert (MemoryType.DECISION, MemoryType.ERROR) == where.types
    assert ("2026-01-01", "2026-01-31", ("a",), ("p",), ("s",)) == (
        where.from_,
        where.until,
        where.agents,
        where.projects,
        where.sessions,
    )
    assert ["user", "tool_call"] == [where.roles[0].value, where.kinds[0].value]


def test_search_as_json_carries_everything(door: Door) -> None:
    data = door.run("search", "ship", "--json").data
    (hit,) = data["hits"]

    assert ("ship", "lexical", "Europe/Oslo") == (data["query"], data["tier"], data["time_zone"])
    assert (1, "2026-01-15", "2026-01-15T09:30:00.000Z", GRIP.id) == (
        hit["rank"],
        hit["date"],
        hit["time"],
        hit["grip_id"],
    )
    assert {"name": "lexical", "rank": 1, "score": 7.25, "contribution": 0.5} == hit["signals"][0]
    assert EVENT.text == hit["event"]["text"]


def test_search_without_a_hit_says_so_and_succeeds(door: Door) -> None:
    door.memory.script = {"search": SearchResult(hits=(), tier=Tier.HYBRID, timings_ms={})}
    told = door.run("search", "nothing")

    assert 0 == told.code
    assert "Nothing found" in told.out


@pytest.mark.parametrize("query", ["", "--", 'a AND "b', "[bold]x[/bold]", ":smile:", "\x1b[31m", "東京"])
def test_any_text_is_a_query(door: Door, query: str) -> None:
    assert 0 == door.run("search", "--json", "--", query).code
    assert query == door.asked("search")["query"]


def test_search_passes_on_how_to_rank(door: Door) -> None:
    flags = "--without time --without entity --recency .25 --salience 0.5 --diversity 1 --by-session --repeats"
    door.run("search", "x", *flags.split(), "--now", "2026-01-15T09:30:00+01:00")
    expected = SearchOptions(
        now_ms=EVENT.time_ms - 3_600_000,
        without=("time", "entity"),
        recency=0.25,
        salience=0.5,
        diversity=1.0,
        group_by_session=True,
        repeats=True,
    )

    assert expected == door.asked("search")["options"]
    door.run("search", "x")
    assert DEFAULT_OPTIONS == door.asked("search")["options"]


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        # Of the store's zone, Europe/Oslo: the last millisecond of what is named.
        ("2026-01-15", "2026-01-15T22:59:59.999Z"),
        ("2026-07", "2026-07-31T21:59:59.999Z"),
        ("2026-01-15T09:30:00Z", "2026-01-15T09:30:00.000Z"),
    ],
)
def test_now_is_written_like_an_edge_in_time(door: Door, now: str, expected: str) -> None:
    door.run("search", "x", "--now", now)

    assert expected == rfc3339(door.asked("search")["options"].now_ms)


@pytest.mark.parametrize("now", ["yesterday", "2026-02-30", "2026-01-15T09:30:00", "12:00"])
@pytest.mark.parametrize("command", ["search", "context"])
def test_a_now_that_is_no_time_is_refused(door: Door, command: str, now: str) -> None:
    told = door.run(command, "x", "--now", now, "--json")

    assert (2, "INVALID_QUERY", "now") == (told.code, told.error["reason"], told.error["field"])
    assert "2026-01-15" in told.error["hint"]


EXPLAINED = SearchResult(
    hits=(
        msgspec.structs.replace(
            HIT,
            signals=(
                Signal(name="lexical", rank=1, score=12.3456, contribution=0.4),
                Signal(name="vector", rank=0, score=0.0, contribution=0.0),
                Signal(name="time", rank=3, score=-0.5, contribution=-0.1),
                Signal(name="substance", rank=0, score=0.25, contribution=0.02),
            ),
            types=(MemoryType.DECISION,),
            repeat_count=3,
        ),
    ),
    tier=Tier.HYBRID,
    timings_ms={"lexical": 1.25, "embed": 3.5, "total": 5.0},
    understood=TimeReading(
        spans=(
            TimeSpan(start=5, end=14, from_ms=1_768_345_200_000, until_ms=1_768_431_599_999),
            TimeSpan(start=18, end=29, from_ms=None, until_ms=1_768_469_400_000),
        ),
        order=TimeOrder.LATEST,
        anchor="the release",
        anchor_from_ms=-14 * 86_400_000,
        anchor_until_ms=0,
    ),
    now_ms=EVENT.time_ms,
)
QUERY = "ship yesterday or before 10:30"


def test_search_explains_each_signal_the_time_the_tier_and_the_milliseconds(door: Door) -> None:
    door.memory.script = {"search": EXPLAINED}
    told = door.run("search", QUERY, "--explain", "--without", "entity", "--recency", "0.3", width=80)
    rows = [line.split() for line in told.out.splitlines()]

    for row in (
        ["signal", "rank", "score", "contribution"],
        ["lexical", "#1", "12.346", "+0.4000"],
        ["substance", "-", "0.250", "+0.0200"],
        ["silent:", "vector"],
        ["time", "#3", "-0.500", "-0.1000"],
        ["all", "0.5000"],
        ["without", "entity"],
        ["ranking", "recency", "0.3"],
        ["tier", "hybrid"],
        ["now", "Thu", "2026-01-15", "10:30:00", "Europe/Oslo"],
    ):
        assert row in rows
    assert "ms (lexical 1.2 · embed 3.5, some of them at the same time) · total 5.0" in told.words
    assert "“yesterday” is Wed 2026-01-14;" in told.words
    assert "up to Thu 2026-01-15 10:30:00" in told.words
    assert "within 2 weeks before “the release”; the latest of what fits gains" in told.words
    assert 80 >= max(map(len, told.out.splitlines()))


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/Los_Angeles", "UTC"])
def test_times_beyond_all_calendars_are_shown_as_the_nearest_there_are(door: Door, zone: str) -> None:
    reading = TimeReading(spans=(TimeSpan(start=0, end=1, from_ms=-(1 << 60), until_ms=253_402_300_799_999),))
    door.memory.script = {
        "search": msgspec.structs.replace(EXPLAINED, understood=reading),
        "status": status(time_zone=zone),
    }

    assert "“s” is" in door.run("search", QUERY, "--explain").words
    (span,) = door.run("search", QUERY, "--json").data["understood"]["spans"]
    assert ("0001-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z") == (span["from"], span["until"])


def test_an_event_that_names_a_time_is_told_once_with_the_time_it_had(door: Door) -> None:
    reading = TimeReading(
        spans=(TimeSpan(start=7, end=14, from_ms=None, until_ms=EVENT.time_ms),),
        anchor="release",
        anchor_until_ms=0,
        anchor_event_id=EVENT.id,
        anchor_sentence="We release\n tomorrow.",
    )
    door.memory.script = {"search": msgspec.structs.replace(EXPLAINED, understood=reading)}

    told = (
        "understood: before “release” is up to Thu 2026-01-15 10:30:00"
        f" (said 2026-01-15 in {EVENT.id}: “We release tomorrow.”)"
    )

    assert told in door.run("search", "before release").words


def test_columns_of_an_explanation_stand_below_each_other(door: Door) -> None:
    door.memory.script = {"search": EXPLAINED}
    lines = door.run("search", QUERY, "--explain").out.splitlines()
    ends = {len(line.rstrip()) for line in lines if re.search(r"contribution|[+-]0\.\d{4}", line)}

    assert 1 == len(ends)


def test_search_says_what_it_understood_what_a_hit_is_and_what_it_left_out(door: Door) -> None:
    door.memory.script = {"search": EXPLAINED}
    told = door.run("search", QUERY)

    assert "understood: “yesterday” is Wed 2026-01-14" in told.words
    assert "decision" in told.out
    assert "3 other events said almost the same" in told.words
    assert "contribution" not in told.out
    assert "understood" not in door.run("search", "x", "--explain").out


def test_search_as_json_tells_what_was_understood_and_how_it_was_ranked(door: Door) -> None:
    door.memory.script = {"search": EXPLAINED}
    data = door.run("search", QUERY, "--json", "--diversity", "0.5", "--brief").data

    assert {
        "spans": [
            {
                "text": "yesterday",
                "start": 5,
                "end": 14,
                "from": "2026-01-13T23:00:00.000Z",
                "until": "2026-01-14T22:59:59.999Z",
            },
            {"text": "before 10:3", "start": 18, "end": 29, "from": "", "until": "2026-01-15T09:30:00.000Z"},
        ],
        "order": "latest",
        "anchor": "the release",
        "anchor_from_ms": -14 * 86_400_000,
        "anchor_until_ms": 0,
        "anchor_event_id": "",
        "anchor_sentence": "",
        "cues": [],
    } == data["understood"]
    assert (0.5, False) == (data["options"]["diversity"], data["options"]["group_by_session"])
    assert "2026-01-15T09:30:00.000Z" == data["now"]
    assert (["decision"], 3) == (data["hits"][0]["types"], data["hits"][0]["repeat_count"])


def test_search_by_session_shows_each_title_once_above_its_hits(door: Door) -> None:
    other = msgspec.structs.replace(
        HIT, recorded=Recorded(2, msgspec.structs.replace(EVENT, session="s2")), session_title="Other matters"
    )
    door.memory.script = {"search": SearchResult(hits=(HIT, HIT, other), tier=Tier.HYBRID, timings_ms={})}
    told = door.run("search", "x", "--by-session")
    places = [told.out.index(part) for part in ("session s1", "\n1 ", "\n2 ", "session s2", "\n3 ")]

    assert sorted(places) == places
    assert 1 == told.out.count("session s1") == told.out.count("Other matters")


def test_brief_search_is_one_line_a_hit_however_narrow_the_terminal(door: Door) -> None:
    told = door.run("search", "Friday", "--brief", width=40)

    assert [f"{EVENT.id} 2026-01-15 10:30 user: ship on Friday"] == told.out.splitlines()
    assert "1 hit, lexical search" in told.notes


def test_a_brief_line_shows_the_words_around_the_match(door: Door) -> None:
    excerpt = "filler " * 100 + "the zebra\nshipped " + "more " * 100
    door.memory.script = {
        "search": SearchResult(
            hits=(msgspec.structs.replace(HIT, excerpt=excerpt, types=(MemoryType.ERROR,)),),
            tier=Tier.HYBRID,
            timings_ms={},
        )
    }
    (line,) = door.run("search", "zebra", "--brief").out.splitlines()

    assert "user [error]: …filler" in line
    assert "the zebra shipped more" in line
    assert line.endswith("…")
    assert 200 > len(line)


def test_brief_and_explain_exclude_each_other(door: Door) -> None:
    assert (2, "USAGE") == (
        (told := door.run("search", "x", "--brief", "--explain", "--json")).code,
        told.error["reason"],
    )


@given(st.text(max_size=600), st.integers(0, 600))
@example("x" * 600, 300)
@example("a\x1b[31m b\n" * 60, 7)
def test_a_cut_is_one_short_harmless_line(text: str, around: int) -> None:
    line = cut(text, around=min(around, max(0, len(text) - 1)))

    assert LINE_CHARACTERS + 2 >= len(line)
    assert line == safe(line, one_line=True)


def test_a_short_text_is_not_cut() -> None:
    assert "We ship on Friday." == cut("We  ship\non Friday.", around=9)


def test_timeline_shows_a_line_for_each_event_and_marks_its_own(door: Door) -> None:
    answer = msgspec.structs.replace(EVENT, id=GRIP.id, text="Good.", role=Role.ASSISTANT, tool_name="Bash")
    door.memory.script = {
        "timeline": Timeline(
            event_id=EVENT.id, events=(Recorded(1, EVENT), Recorded(2, answer)), more_before=True, more_after=False
        )
    }
    told = door.run("timeline", EVENT.id, "--before", "2", "--after", "3", width=60)

    assert [
        "# We ship on Friday. (session s1)",
        f"> {EVENT.id} 2026-01-15 10:30 user: We ship on Friday.",
        f"  {GRIP.id} 2026-01-15 10:30 assistant Bash: Good.",
    ] == told.out.splitlines()
    assert "there are more before" in told.notes
    assert "after" not in told.notes
    assert {"event_id": EVENT.id, "before": 2, "after": 3, "across_sessions": False} == door.asked("timeline")


def test_timeline_shows_what_was_said_and_not_what_a_harness_put_before_it(door: Door) -> None:
    reminder = "<system-reminder>\nYour todo list is empty.\n</system-reminder>"
    said = msgspec.structs.replace(EVENT, text=f"{reminder}\nShip it on Friday.")
    silent = msgspec.structs.replace(EVENT, text=reminder)
    door.memory.script = {
        "timeline": msgspec.structs.replace(TIMELINE, events=(Recorded(1, said), Recorded(2, silent)))
    }
    _, first, second = door.run("timeline", EVENT.id).out.splitlines()

    assert first.endswith("user: Ship it on Friday.")
    assert second.endswith("user: (reminder)")


def test_timeline_across_sessions_names_the_session_of_each(door: Door) -> None:
    told = door.run("timeline", EVENT.id, "--across-sessions")

    assert "user [s1]: We ship" in told.out
    assert door.asked("timeline")["across_sessions"]


def test_timeline_as_json_has_whole_events(door: Door) -> None:
    data = door.run("timeline", EVENT.id, "--json").data

    assert (EVENT.id, [EVENT.text], True, False) == (
        data["event_id"],
        [event["text"] for event in data["events"]],
        data["more_before"],
        data["more_after"],
    )


def test_timeline_of_a_grip_is_that_of_its_event(door: Door) -> None:
    def only_events(event_id: str, **_: Any) -> Timeline:
        if event_id == GRIP.id:
            raise UnknownEvent(event_id)
        return TIMELINE

    door.memory.script = {"timeline": only_events}

    assert 0 == door.run("timeline", GRIP.id).code
    assert EVENT.id == door.asked("timeline")["event_id"]
    door.memory.script["grip"] = UnknownGrip(GRIP.id)
    assert "UNKNOWN_EVENT" == door.run("timeline", GRIP.id, "--json").error["reason"]


def test_context_prints_the_text_alone_and_the_counts_beside_it(door: Door) -> None:
    told = door.run("context", "when do we ship", "--budget", "500", width=40)

    assert BLOCK.text == told.out.rstrip("\n")
    assert "33 of 500 tokens (o200k_base), 1 citation, 2 left out, lexical search" in " ".join(told.notes.split())
    arguments = door.asked("build_context")
    assert ("when do we ship", 500, DEFAULT_OPTIONS) == (
        arguments["query"],
        arguments["token_budget"],
        arguments["options"],
    )


def test_context_passes_on_where_to_look_and_how_to_rank(door: Door) -> None:
    door.run("context", "x", "--from", "2026-01", "--role", "user", "--without", "vector", "--repeats")
    arguments = door.asked("build_context")

    assert Filter(from_="2026-01", roles=(Role.USER,)) == arguments["where"]
    assert SearchOptions(without=("vector",), repeats=True) == arguments["options"]


def test_context_as_json_has_the_exact_text_its_citations_and_its_search(door: Door) -> None:
    door.memory.script = {"build_context": msgspec.structs.replace(BLOCK, text=f"{ESCAPE}\ud800")}
    data = door.run("context", "x", "--json").data

    assert (f"{ESCAPE}\ud800", 33, "o200k_base", 2) == (
        data["text"],
        data["token_count"],
        data["tokenizer"],
        data["left_out"],
    )
    assert [("[1]", EVENT.id, GRIP.id)] == [(c["label"], c["event_id"], c["grip_id"]) for c in data["citations"]]
    assert GRIP.id == data["search"]["hits"][0]["grip_id"]


def test_context_of_nothing_prints_nothing_and_says_so(door: Door) -> None:
    door.memory.script = {"build_context": msgspec.structs.replace(BLOCK, text="", token_count=0, citations=())}
    told = door.run("context", "x")

    assert (0, "") == (told.code, told.out)
    assert "0 of 2,000 tokens" in told.notes


def test_grip_shows_the_excerpt_among_its_neighbours(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    told = door.run("grip", GRIP.id, "--before", "1", "--after", "2")

    assert "\x1b[1;30;43mship on Friday\x1b[0m" in told.out
    assert {"grip_id": GRIP.id, "before": 1, "after": 2} == door.memory.calls[0][1]


def test_grip_as_json_has_the_grip_and_the_events(door: Door) -> None:
    data = door.run("grip", GRIP.id, "--json").data

    assert (GRIP.excerpt, 3, 17) == (data["grip"]["excerpt"], data["grip"]["start"], data["grip"]["end"])
    assert EVENT.text[3:17] == data["grip"]["excerpt"]
    assert [EVENT.id] == [event["id"] for event in data["events"]]


def test_a_long_event_is_cut_around_the_excerpt(door: Door) -> None:
    text = "\n".join(f"line {n}" for n in range(1000))
    start = text.index("line 500\n")
    grip = msgspec.structs.replace(GRIP, excerpt="line 500", start=start, end=start + 8)
    event = msgspec.structs.replace(EVENT, text=text)
    door.memory.script = {"expand": lambda **_: GripContext(grip=grip, events=(Recorded(1, event),))}
    told = door.run("grip", GRIP.id)

    assert "line 500" in told.out
    assert "line 3 " not in told.out
    assert "lines before" in told.out
    assert "lines more" in told.out
    assert "line 999" in door.run("grip", GRIP.id, "--full").out


# -- events -------------------------------------------------------------------------------------


def test_events_lists_one_line_each_with_what_it_states(door: Door) -> None:
    decided = msgspec.structs.replace(EVENT, text="We decided to ship on Friday.\nNo later.")
    door.memory.script = {"events": Page(items=(Recorded(1, decided),))}
    told = door.run("events", "--type", "decision", "--newest-first", width=40)

    assert [f"{EVENT.id} 2026-01-15 10:30 user [decision]: We decided to ship on Friday. No later."] == (
        told.out.splitlines()
    )
    assert "1 event, times of Europe/Oslo" in told.notes
    assert ((MemoryType.DECISION,), True) == (door.asked("events")["where"].types, door.asked("events")["newest_first"])


def test_events_reads_pages_up_to_the_limit_and_says_whether_there_are_more(door: Door) -> None:
    """A page may be empty and still name a next one."""
    pages = {
        "": Page(items=(), next_token="a"),
        "a": Page(items=(Recorded(1, EVENT), Recorded(2, EVENT)), next_token="b"),
        "b": Page(items=(Recorded(3, EVENT),)),
    }
    door.memory.script = {"events": lambda token, **_: pages[token]}

    def listed(limit: int) -> tuple[list[int], bool]:
        data = door.run("events", "--limit", str(limit), "--json").data
        return [event["position"] for event in data["events"]], data["more"]

    assert [([1], True), ([1, 2], True), ([1, 2, 3], False), ([1, 2, 3], False)] == [listed(n) for n in (1, 2, 3, 0)]


@pytest.mark.parametrize("command", ["search", "events", "context"])
def test_an_unknown_type_is_refused_with_those_there_are(door: Door, command: str) -> None:
    told = door.run(command, *(["x"] if command != "events" else []), "--type", "mistake", "--json")

    assert (2, "USAGE", []) == (told.code, told.error["reason"], door.memory.calls)
    assert [] == [type.value for type in MemoryType if f"'{type.value}'" not in told.error["message"]]


def test_show_tells_what_an_event_states(door: Door) -> None:
    text = "We decided to keep it. Which port?"
    door.memory.script = {"event": Recorded(1, msgspec.structs.replace(EVENT, text=text))}

    assert "types decision, question" in door.run("show", EVENT.id).words
    assert ["decision", "question"] == door.run("show", EVENT.id, "--json").data["event"]["types"]


# -- show ---------------------------------------------------------------------------------------


def test_show_knows_an_event_by_its_shape(door: Door) -> None:
    door.memory.script = {"event": Recorded(1, EVENT)}
    told = door.run("show", EVENT.id)

    for part in ("We ship on Friday.", EVENT.id, "Thu 2026-01-15 10:30:00 Europe/Oslo", "/src/shop", "branch"):
        assert part in told.out
    assert "event" == door.run("show", EVENT.id, "--json").data["type"]


def test_show_names_what_nobody_said(door: Door) -> None:
    """It is kept and shown, after a word for what it is; JSON has where it stands."""
    text = "fix it\n\n<system-reminder>\nbe brief\n</system-reminder>\nplease"
    door.memory.script = {"event": Recorded(1, msgspec.structs.replace(EVENT, text=text))}

    assert "‹reminder› <system-reminder>" in door.run("show", EVENT.id).out
    scaffolding = door.run("show", EVENT.id, "--json").data["event"]["scaffolding"]
    assert [{"start": 8, "end": 53, "what": "reminder"}] == scaffolding


def test_show_knows_a_node_by_its_shape(door: Door) -> None:
    told = door.run("show", "year/2026", "--version", "7")

    assert "Ships on Friday" in told.out
    assert GRIP.id in told.words
    assert 7 == next(arguments for name, arguments in door.memory.calls if name == "node")["version"]


def test_show_children_lists_those_of_a_node_and_the_events_of_a_segment(door: Door) -> None:
    door.memory.script = {"node": segment(), "events": Page(items=(Recorded(1, EVENT),))}
    data = door.run("show", GRIP.segment_id, "--children", "--json").data
    where = next(arguments for name, arguments in door.memory.calls if name == "events")["where"]

    assert ([], [EVENT.id]) == (data["children"], [event["id"] for event in data["events"]])
    assert (("s1",), "2026-01-15T09:30:00.000Z", "2026-01-15T09:42:00.000Z") == (
        where.sessions,
        where.from_,
        where.until,
    )
    door.memory.script = {}
    assert "year/2026" == door.run("show", "year/2026", "--children", "--json").data["children"][0]["id"]


def test_show_takes_anything_else_for_a_session(door: Door) -> None:
    door.memory.script = {"events": Page(items=(Recorded(1, EVENT),))}
    told = door.run("show", "s1")

    assert "We ship on Friday." in told.out
    assert SESSION.id in told.out
    data = door.run("show", "s1", "--json").data
    assert ("session", False, 1) == (data["type"], data["more"], len(data["events"]))


def test_show_reads_pages_up_to_the_limit(door: Door) -> None:
    door.memory.script = {"events": lambda limit, token, **_: Page(items=(Recorded(1, EVENT),) * limit, next_token="x")}
    data = door.run("show", "s1", "--json", "--limit", "2500").data

    assert (2500, True) == (len(data["events"]), data["more"])


def test_show_finds_a_session_whose_id_looks_like_something_else(door: Door) -> None:
    door.memory.script = {"event": UnknownEvent(EVENT.id), "node": UnknownNode("day/one")}

    assert "session" == door.run("show", EVENT.id, "--json").data["type"]
    assert "session" == door.run("show", "day/one", "--json").data["type"]


def test_show_knows_a_grip_where_no_event_has_the_id(door: Door) -> None:
    door.memory.script = {"event": UnknownEvent(GRIP.id), "session": UnknownSession(GRIP.id)}

    assert f"grip {GRIP.id}" in door.run("show", GRIP.id).words
    data = door.run("show", GRIP.id, "--json").data
    assert ("grip", GRIP.id, [EVENT.id]) == (
        data["type"],
        data["grip"]["id"],
        [event["id"] for event in data["events"]],
    )


def test_show_counts_the_parts_of_a_node(door: Door) -> None:
    door.memory.script = {"node": lambda **_: msgspec.structs.replace(NODE, event_count=318, child_count=1)}

    assert "318 events in 1 part " in door.run("show", "year/2026").words


@pytest.mark.parametrize(
    ("id", "reason"),
    [(EVENT.id, "UNKNOWN_EVENT"), ("day/2026-01-15", "UNKNOWN_NODE"), ("whatever", "UNKNOWN_SESSION")],
)
def test_show_tells_what_is_not_there(door: Door, id: str, reason: str) -> None:
    door.memory.script = {
        "event": UnknownEvent(id),
        "node": UnknownNode(id),
        "session": UnknownSession(id),
        "expand": UnknownGrip(id),
    }
    told = door.run("show", id, "--json")

    assert (1, reason, "NOT_FOUND") == (told.code, told.error["reason"], told.error["code"])


def test_show_of_several_ids_asks_for_their_events_at_once(door: Door) -> None:
    other = msgspec.structs.replace(EVENT, id=GRIP.id, text="Another.")
    door.memory.script = {"get_events": [Recorded(2, other), Recorded(1, EVENT)]}
    told = door.run("show", GRIP.id, EVENT.id)

    assert {"ids": (GRIP.id, EVENT.id)} == door.asked("get_events")
    assert told.out.index("Another.") < told.out.index("We ship on Friday.")
    data = door.run("show", GRIP.id, EVENT.id, "--json").data
    assert ("events", ["Another.", EVENT.text]) == (data["type"], [event["text"] for event in data["events"]])


def test_show_of_several_ids_fails_if_one_is_not_there(door: Door) -> None:
    told = door.run("show", EVENT.id, GRIP.id, "--json")

    assert (1, "UNKNOWN_EVENT") == (told.code, told.error["reason"])
    assert "children" == door.run("show", "a", "b", "--children", "--json").error["field"]


def test_show_refuses_options_that_are_for_nodes(door: Door) -> None:
    told = door.run("show", "s1", "--children", "--json")

    assert (2, "children") == (told.code, told.error["field"])


# -- the store ----------------------------------------------------------------------------------


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


# -- ingest -------------------------------------------------------------------------------------


def line(text: str = "Hello", **fields: Any) -> bytes:
    return json.dumps({"kind": "user_message", "session": "s", "text": text, **fields}).encode() + b"\n"


TIME = "2026-01-15T09:00:00Z"


def test_ingest_records_what_a_file_holds(door: Door, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_bytes(line("one", time=TIME) + line("two", time=TIME))
    told = door.run("ingest", str(file))

    assert 0 == told.code
    assert "2 recorded, 0 already there, 0 refused" in told.out
    assert ["one", "two"] == [r.event.text for r in sorted(door.memory.recorded.values(), key=lambda r: r.event.id)]


def test_ingesting_a_file_twice_adds_nothing(door: Door) -> None:
    data = line("one", time=TIME) + line("one", time=TIME) + line("three", time=TIME)
    first = door.run("ingest", "-", "--json", stdin=data).data
    second = door.run("ingest", "-", "--json", stdin=data).data

    assert (3, 0) == (first["created"], first["already_there"])
    assert (0, 3) == (second["created"], second["already_there"])


def test_a_bad_line_is_reported_by_number_and_the_rest_goes_in(door: Door) -> None:
    data = line("one", time=TIME) + b"{oops\n" + line("", time=TIME) + line("four", time=TIME)
    told = door.run("ingest", "-", stdin=data)

    assert 1 == told.code
    assert "line 2: is not JSON" in told.notes
    assert "line 3: text: is empty" in told.notes
    assert "2 recorded, 0 already there, 2 refused" in told.out
    as_json = door.run("ingest", "-", "--json", stdin=data)
    assert 1 == as_json.code
    assert [2, 3] == [refused["line"] for refused in as_json.data["refused"]]


def test_a_conflict_concerns_its_line_alone(door: Door) -> None:
    id = "01KEZZZZZZ0000000000000000"
    data = line("one", id=id) + line("other", id=id) + line("three", time=TIME)
    told = door.run("ingest", "-", "--json", stdin=data)

    assert (2, [2]) == (told.data["created"], [refused["line"] for refused in told.data["refused"]])


def test_many_lines_go_in_batches(door: Door) -> None:
    data = b"".join(line(f"{n}", time=1_768_474_800_000 + n) for n in range(3001))
    told = door.run("ingest", "-", "--json", stdin=data)
    sizes = [len(arguments["drafts"]) for name, arguments in door.memory.calls if name == "append_batch"]

    assert 3001 == told.data["created"] == sum(sizes)
    assert 500 == max(sizes)


def test_a_store_that_stops_taking_events_ends_the_ingest_and_tells_how_far_it_came(door: Door) -> None:
    door.memory.script = {"append_batch": DiskFull("/store", 1, 2)}
    told = door.run("ingest", "-", "--json", stdin=line(time=TIME))

    assert (3, "DISK_FULL", False, 0) == (
        told.code,
        told.error["reason"],
        told.data["complete"],
        told.data["created"],
    )


def test_many_bad_lines_are_not_all_printed(door: Door) -> None:
    told = door.run("ingest", "-", stdin=b"oops\n" * 100)

    assert "100 refused" in told.out
    assert 21 == len(told.notes.splitlines())


def test_a_file_that_is_not_there_is_wrong_usage(door: Door) -> None:
    told = door.run("ingest", "/nowhere.jsonl", "--json")

    assert (2, "USAGE", "file") == (told.code, told.error["reason"], told.error["field"])


def test_several_files_go_in_one_after_the_other_and_each_is_reported(door: Door, tmp_path: Path) -> None:
    first, last = tmp_path / "first.jsonl", tmp_path / "last.jsonl"
    first.write_bytes(line("one", time=TIME) + b"oops\n")
    last.write_bytes(line("one", time=TIME) + line("three", time=TIME))
    files = (str(first), "-", str(last))
    told = door.run("ingest", *files, stdin=line("two", time=TIME))

    assert 1 == told.code
    assert ["one", "two", "three"] == [r.event.text for r in door.memory.recorded.values()]
    assert [
        f"{first}: 1 recorded, 0 already there, 1 refused",
        "-: 1 recorded, 0 already there, 0 refused",
        f"{last}: 1 recorded, 1 already there, 0 refused",
        "in all: 3 recorded, 1 already there, 1 refused",
    ] == told.out.splitlines()
    assert f"{first}, line 2: is not JSON" in told.notes


def test_several_files_are_told_one_by_one_to_a_program(door: Door, tmp_path: Path) -> None:
    first, last = tmp_path / "first.jsonl", tmp_path / "last.jsonl"
    first.write_bytes(line("one", time=TIME))
    last.write_bytes(b"oops\n" + line("two", time=TIME))
    told = door.run("ingest", str(first), str(last), "--json").data

    assert (True, 2, 1, 2) == (told["complete"], told["created"], told["refused_count"], told["position"])
    assert [(str(last), 1)] == [(refused["file"], refused["line"]) for refused in told["refused"]]
    assert [(str(first), True, 1, 0), (str(last), True, 1, 1)] == [
        (each["file"], each["complete"], each["created"], each["refused_count"]) for each in told["files"]
    ]


def test_lines_are_known_by_their_own_file_whatever_is_read_with_it(door: Door, tmp_path: Path) -> None:
    """So that a file gives the same events alone and among others."""
    files = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    for file in files:
        file.write_bytes(line("same", time=TIME) * 2)
    together = door.run("ingest", *map(str, files), "--json").data
    alone = door.run("ingest", str(files[1]), "--json").data

    assert (2, 2) == (together["created"], together["already_there"])
    assert (0, 2) == (alone["created"], alone["already_there"])


def test_what_fails_half_way_through_the_files_tells_how_far_it_came(door: Door, tmp_path: Path) -> None:
    files = [tmp_path / "first.jsonl", tmp_path / "gone.jsonl"]
    for number, file in enumerate(files):
        file.write_bytes(line(str(number), time=TIME))
    record = door.memory.append_batch

    async def record_and_lose_a_file(drafts: Any) -> Any:
        files[1].unlink()
        return await record(drafts)

    door.memory.append_batch = record_and_lose_a_file  # type: ignore[method-assign]
    told = door.run("ingest", *map(str, files), "--json")

    assert (2, "file") == (told.code, told.error["field"])
    # A long value is told by its beginning.
    assert str(files[1])[:50] in told.error["message"]
    assert (False, 1) == (told.data["complete"], told.data["created"])
    assert [True, False] == [each["complete"] for each in told.data["files"]]


def test_the_standard_input_is_read_once(door: Door) -> None:
    told = door.run("ingest", "-", "-", "--json", stdin=line(time=TIME))

    assert (2, "USAGE") == (told.code, told.error["reason"])
    assert {} == door.memory.recorded


def test_ingest_needs_a_file(door: Door) -> None:
    assert 2 == door.run("ingest").code


def test_ingest_can_wait_for_the_views(door: Door) -> None:
    door.memory.script = {"status": lambda: status(views=(view_status("toc", lag=3),)), "wait_for": None}
    door.run("ingest", "-", "--wait", stdin=line(time=TIME))

    assert ["toc"] == [arguments["views"][0] for name, arguments in door.memory.calls if name == "wait_for"]


# -- ends ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "code", "family"),
    [
        (UnknownGrip("x"), 1, "NOT_FOUND"),
        (InvalidQuery("from", "x", "is no date"), 2, "INVALID"),
        (DaemonUnavailable("127.0.0.1:7433", "refused"), 3, "UNAVAILABLE"),
        (ChecksumMismatch(7), 4, "CORRUPT"),
        (Closed("the store is closed"), 1, "CLOSED"),
        (RuntimeError("oops"), 1, "INTERNAL"),
    ],
)
def test_every_error_has_an_exit_code_and_a_way_out_and_no_traceback(
    door: Door, error: Exception, code: int, family: str
) -> None:
    door.memory.script = {"expand": error}
    told, as_json = door.run("grip", "x"), door.run("grip", "x", "--json")

    assert (code, code) == (told.code, as_json.code)
    assert "" == told.out
    assert told.notes.startswith("error: ")
    assert "Traceback" not in told.notes
    assert (family, None) == (as_json.error["code"], as_json.data)
    assert {"code", "reason", "field", "message", "hint", "details"} == set(as_json.error)


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (InvalidQuery("limit", 0, "must be 1 to 200"), "See `agent-memory grip --help`."),
        (InvalidQuery("limit", 0, "must be 1 to 200", hint="Ask for one."), "Ask for one."),
        (InvalidQuery("id", "x", "is no ULID", hint=UnknownGrip.hint), "`agent-memory toc --bullets`"),
        (UnknownNode("nope"), "`agent-memory toc --ids`"),
        (StorageUnavailable("the disk is gone"), "`agent-memory status`"),
        (ViewBehind("toc", 1, 2), "`agent-memory status`"),
    ],
)
def test_the_way_out_is_told_in_words_of_the_command_line(door: Door, error: Exception, advice: str) -> None:
    door.memory.script = {"expand": error}
    told = door.run("grip", "x")

    assert advice in told.notes
    assert advice in door.run("grip", "x", "--json").error["hint"]
    assert not re.search(r"\bcall\b again|children\b|deadline", told.notes)


def test_a_store_that_cannot_be_opened_sends_nobody_to_a_daemon(door: Door, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no store")
    told = door.run("serve", "--store", str(tmp_path / "file"))

    assert 3 == told.code
    assert "Check the path" in told.notes
    assert "status" not in told.notes


def test_no_daemon_says_how_to_start_one_or_do_without(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    @asynccontextmanager
    async def refused(address: str) -> Any:
        raise DaemonUnavailable(address, "connection refused")
        yield

    monkeypatch.setattr(agent_memory, "connect", refused)
    told = door.run("status", "--address", "127.0.0.1:9")

    assert 3 == told.code
    assert "127.0.0.1:9" in told.notes
    assert "agent-memory serve" in told.notes
    assert "--store PATH" in told.notes


def test_the_address_comes_from_the_settings_or_the_flag(
    door: Door, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "c.toml"
    file.write_text('address = "127.0.0.1:3"\n')
    door.run("status")
    door.run("status", "--config", str(file))
    monkeypatch.setenv("AGENT_MEMORY_ADDRESS", "127.0.0.1:4")
    door.run("status", "--config", str(file))
    door.run("status", "--address", "127.0.0.1:5")

    assert ["127.0.0.1:7433", "127.0.0.1:3", "127.0.0.1:4", "127.0.0.1:5"] == door.addresses


@pytest.mark.parametrize("args", [("nonsense",), ("toc", "--nonsense"), ("search",), ("grip", "x", "--before", "y")])
def test_wrong_usage_is_exit_code_2_in_both_forms(door: Door, args: tuple[str, ...]) -> None:
    told, as_json = door.run(*args), door.run(*args, "--json")

    assert (2, 2) == (told.code, as_json.code)
    assert "Usage: agent-memory" in told.notes
    assert "USAGE" == as_json.error["reason"]


def test_a_bad_setting_is_told_by_name(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENT_MEMORY_ADRESS", "x")
    told = door.run("status", "--json")

    assert (2, "adress", "Did you mean address?") == (told.code, told.error["field"], told.error["hint"])


def test_an_interrupt_is_130_and_quiet(door: Door) -> None:
    door.memory.script = {"status": KeyboardInterrupt()}
    told = door.run("status")

    assert 130 == told.code
    assert "Traceback" not in told.notes


# -- hostile text -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "args", [("toc", "--bullets"), ("browse",), ("search", "x"), ("grip", "x"), ("show", "s1"), ("show", "year/2026")]
)
def test_stored_text_is_neither_obeyed_by_the_terminal_nor_read_as_markup(door: Door, args: tuple[str, ...]) -> None:
    hostile = f"[bold red]x[/] :smile: {ESCAPE}\x9b31m\u202eevil\ud800"
    event = msgspec.structs.replace(EVENT, text=hostile, speaker=hostile, session=hostile)
    node = msgspec.structs.replace(
        NODE, title=hostile, bullets=(msgspec.structs.replace(NODE.bullets[0], text=hostile),), projects=(hostile,)
    )
    session = msgspec.structs.replace(SESSION, id=hostile, title=hostile)
    hit = msgspec.structs.replace(HIT, recorded=Recorded(1, event), excerpt=hostile, session_title=hostile)
    day = msgspec.structs.replace(days(1).days[0], title=hostile, projects=(hostile,))
    context = GripContext(
        grip=msgspec.structs.replace(GRIP, excerpt=hostile[2:9], start=2, end=9, session=hostile),
        events=(Recorded(1, event),),
    )
    door.memory.script = {
        "root": Root(years=(node,), event_count=1, time_zone="UTC"),
        "children": Page(items=()),
        "days": Days(days=(day, day), time_zone="UTC"),
        "search": SearchResult(hits=(hit,), tier=Tier.HYBRID, timings_ms={}),
        "expand": context,
        "session": session,
        "events": Page(items=(Recorded(1, event),)),
        "node": node,
    }
    told = door.run(*args)

    assert 0 == told.code
    assert "[bold red]" in told.words
    assert ":smile:" in told.out
    assert not set(told.out) & {"\x1b", "\x07", "\x9b", "\u202e", "\ud800"}
    raw = door.run(*args, "--json").out
    assert not set(raw) & {"\x1b", "\x07", "\x9b", "\u202e"}
    assert ESCAPE in json.dumps(json.loads(raw), ensure_ascii=False).replace("\\u001b", "\x1b").replace(
        "\\u0007", "\x07"
    )


def texts_of(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for item in inner for text in texts_of(item)]


def test_json_keeps_every_text_verbatim(door: Door) -> None:
    text = "".join(map(chr, [*range(0x0, 0x100), 0x2028, 0x202E, 0xDFFF, 0xD800, 0xFFFD, 0x1F6F6])) + "\r\n"
    door.memory.script = {"event": Recorded(1, msgspec.structs.replace(EVENT, text=text))}

    assert text == door.run("show", EVENT.id, "--json").data["event"]["text"]


# -- settings and the whole ---------------------------------------------------------------------


def test_config_show_tells_where_each_value_came_from(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENT_MEMORY_DRAIN_S", "7")
    data = door.run("config", "show", "--json").data
    origins = {setting["name"]: (setting["value"], setting["origin"]) for setting in data["settings"]}

    assert (7.0, "AGENT_MEMORY_DRAIN_S") == origins["drain_s"]
    assert ("127.0.0.1:7433", "default") == origins["address"]
    told = door.run("config", "show")
    assert re.search(r"drain_s\s+7.0\s+AGENT_MEMORY_DRAIN_S", told.out)
    assert re.search(r"time_zone\s+the machine's, or the store's own\s+default", told.out)
    assert "Seconds that work under way" in door.run("config", "show", "--help-texts").words


def test_model_show_of_a_folder_without_a_model_says_how_to_get_one(door: Door, tmp_path: Path) -> None:
    told = door.run("model", "show", str(tmp_path / "none"))

    assert 2 == told.code
    assert "agent-memory model install" in told.notes


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_help(door: Door, name: str) -> None:
    told = door.run(name, "--help")

    assert 0 == told.code
    assert f"Usage: agent-memory {name}" in told.out


def test_the_help_needs_none_of_the_engines() -> None:
    code = """
import sys
from agent_memory.cli import main
try:
    sys.argv = ["agent-memory", "--help"]
    main()
finally:
    heavy = "asyncio rich grpc msgspec numpy onnxruntime rocksdict tantivy hnswlib structlog"
    print("loaded", sorted(set(heavy.split()) & set(sys.modules)), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)

    assert "loaded []" == done.stderr.strip()


def test_a_reader_that_leaves_early_is_no_error(tmp_path: Path) -> None:
    shell = f"set -o pipefail; {sys.executable} -m agent_memory.cli config show --json | head -c 1"
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, timeout=60)

    assert (0, "{", "") == (done.returncode, done.stdout, done.stderr)


# -- what a reader is told beside the hits --------------------------------------------------------


def test_brief_lines_begin_with_what_was_understood_and_count_repeats(door: Door) -> None:
    door.memory.script = {"search": EXPLAINED}
    told, line = door.run("search", QUERY, "--brief", width=40).out.splitlines()

    assert told.startswith("# understood: “yesterday” is Wed 2026-01-14; ")
    assert "[decision, +3 alike]: " in line


def test_a_context_tells_beside_it_what_was_understood_of_time(door: Door) -> None:
    door.memory.script = {"build_context": msgspec.structs.replace(BLOCK, result=EXPLAINED)}
    told = door.run("context", QUERY)

    assert f"{BLOCK.text}\n" == told.out
    assert told.notes.startswith("understood: “yesterday” is Wed 2026-01-14; ")
    assert "understood" not in Door.run(unscripted(door), "context", "x").notes


def unscripted(door: Door) -> Door:
    door.memory.script = {}
    return door


def test_where_little_was_found_every_layer_says_so(door: Door) -> None:
    weak = msgspec.structs.replace(EXPLAINED, weak=True)
    door.memory.script = {"search": weak, "build_context": msgspec.structs.replace(BLOCK, result=weak)}

    assert "Little was found: these come nearest" in door.run("search", "x").words
    assert "# Little was found: " in door.run("search", "x", "--brief").out
    assert "Little was found" in door.run("context", "x").notes
    assert door.run("search", "x", "--json").data["weak"]
    assert "Little" not in Door.run(unscripted(door), "search", "x").out


def test_a_context_of_nothing_says_so(door: Door) -> None:
    nothing = msgspec.structs.replace(EXPLAINED, hits=())
    empty = msgspec.structs.replace(BLOCK, text="", token_count=0, citations=(), result=nothing)
    door.memory.script = {"build_context": empty}
    told = door.run("context", "x")

    assert "" == told.out
    assert "Nothing was found" in told.notes


def test_steps_are_told_in_the_order_in_which_they_run(door: Door) -> None:
    steps = ("total", "weigh", "vector", "resolve", "novel", "read", "embed", "lexical")
    result = msgspec.structs.replace(EXPLAINED, timings_ms=dict.fromkeys(steps, 1.0))
    for timings in (result.timings_ms, dict(reversed(result.timings_ms.items()))):
        door.memory.script = {"search": msgspec.structs.replace(result, timings_ms=timings)}

        expected = (
            "ms read 1.0 · (lexical 1.0 · embed 1.0 · vector 1.0, some of them at the same time)"
            " · weigh 1.0 · resolve 1.0 · novel 1.0 · total 1.0"
        )
        assert expected in door.run("search", "x", "--explain").words


def test_the_factor_of_recency_and_salience_is_told_where_there_is_one(door: Door) -> None:
    hit = msgspec.structs.replace(HIT, factor=1.25)
    door.memory.script = {"search": msgspec.structs.replace(EXPLAINED, hits=(hit,))}

    assert "recency and salience: × 1.2500, in each contribution" in door.run("search", "x", "--explain").words
    assert 1.25 == door.run("search", "x", "--json").data["hits"][0]["factor"]
    assert "×" not in Door.run(unscripted(door), "search", "x", "--explain").out


def test_the_score_of_a_hit_has_its_name(door: Door) -> None:
    assert "lexical #1 score 0.50" in door.run("search", "x").words


@pytest.mark.parametrize("command", ["search", "context", "timeline"])
def test_text_that_looks_like_an_option_is_told_its_place(door: Door, command: str) -> None:
    told = door.run(command, "--no-verify flag")
    as_json = door.run(command, "--no-verify flag", "--json")

    assert (2, 2) == (told.code, as_json.code)
    assert f"goes behind `--`: `agent-memory {command} -- " in told.notes
    assert f"goes behind `--`: `agent-memory {command} -- " in as_json.error["hint"]


def test_behind_two_dashes_any_text_is_a_query(door: Door) -> None:
    assert 0 == door.run("search", "--", "--no-verify flag").code
    assert "--no-verify flag" == door.asked("search")["query"]


def test_without_words_and_meaning_nobody_is_said_to_have_searched_the_contents(door: Door) -> None:
    door.memory.script = {"search": msgspec.structs.replace(EXPLAINED, tier=Tier.CONTENTS)}

    told = door.run("search", "x", "--without", "lexical", "--without", "vector").words
    assert "search by neither words nor meaning" in told
    assert "contents search" not in told
    assert "contents search" in door.run("search", "x").words


@pytest.mark.parametrize("query", ["", " ", "\n"])
def test_an_empty_query_is_told_what_to_do_instead(door: Door, query: str) -> None:
    door.memory.script = {"search": msgspec.structs.replace(EXPLAINED, hits=())}
    told = door.run("search", query)

    assert "An empty query finds nothing; `agent-memory events` lists what there is." in told.words
    assert "range" not in told.out


def test_each_of_several_events_is_told_with_its_session_and_project(door: Door) -> None:
    door.memory.script = {"get_events": [Recorded(1, EVENT), Recorded(1, EVENT)]}
    rows = [line.split() for line in door.run("show", EVENT.id, EVENT.id).out.splitlines()]

    assert 2 == rows.count(["session", "s1"]) == rows.count(["project", "/src/shop"])


def test_a_timeline_of_a_session_that_the_catalog_lacks_is_headed_by_its_id(door: Door) -> None:
    door.memory.script = {"session": UnknownSession("s1")}

    assert "# session s1" == door.run("timeline", EVENT.id).out.splitlines()[0]


def test_a_timeline_across_sessions_names_each_in_its_line(door: Door) -> None:
    told = door.run("timeline", EVENT.id, "--across-sessions").out

    assert "#" not in told
    assert "[s1]" in told


@pytest.mark.parametrize("command", ["search", "context", "events"])
@pytest.mark.parametrize("more", [(), ("--json",)])
def test_names_that_the_store_does_not_know_are_told_with_those_that_look_alike(
    door: Door, command: str, more: tuple[str, ...]
) -> None:
    nothing = msgspec.structs.replace(EXPLAINED, hits=())
    known = {("claude-code",): [SESSION], ("/src/shop",): [SESSION]}

    def sessions(where: Filter, **_: Any) -> Page[Session]:
        names = where.agents or where.projects
        return Page(items=known.get(names, []) if names else [SESSION], next_token="")

    def session(session_id: str, **_: Any) -> Session:
        raise UnknownSession(session_id)

    door.memory.script = {
        "search": nothing,
        "build_context": msgspec.structs.replace(BLOCK, text="", citations=(), result=nothing),
        "events": Page(items=[], next_token=""),
        "sessions": sessions,
        "session": session,
        "root": Root(years=(NODE,), event_count=1, time_zone="Europe/Oslo"),
    }
    query = () if command == "events" else ("x",)
    filters = ("--agent", "claud-code", "--agent", "claude-code", "--project", "shop", "--session", "S1")
    notes = door.run(command, *query, *filters, *more).notes.splitlines()

    assert [
        "There is no agent 'claud-code'. Perhaps claude-code?",
        "There is no project 'shop'. Perhaps /src/shop?",
        "There is no session 'S1'. Perhaps s1?",
    ] == [line for line in notes if line.startswith("There is no")]


def test_names_that_look_like_none_are_answered_with_a_few_that_there_are(door: Door) -> None:
    door.memory.script = {
        "search": msgspec.structs.replace(EXPLAINED, hits=()),
        "sessions": Page(items=[], next_token=""),
        "root": Root(years=(NODE,), event_count=1, time_zone="Europe/Oslo"),
    }

    notes = door.run("search", "x", "--agent", "\x1b[31mzzz").notes
    assert "There are, for example, claude-code." in notes
    assert "\x1b" not in notes


def test_where_something_is_found_nobody_asks_for_names(door: Door) -> None:
    door.run("search", "x", "--agent", "claude-code")

    assert "sessions" not in [name for name, _ in door.memory.calls]


@pytest.mark.parametrize(
    "args",
    [
        ("search", "x"),
        ("search", "x", "--explain"),
        ("search", "x", "--by-session"),
        ("search", "x", "--brief"),
        ("events",),
        ("timeline", EVENT.id),
        ("show", EVENT.id),
        ("show", "s1"),
        ("show", "year/2026"),
        ("grip", GRIP.id),
        ("toc", "--bullets", "--depth", "year"),
        ("browse",),
        ("status",),
        ("config", "show"),
    ],
)
def test_no_line_that_is_piped_ends_with_spaces(door: Door, args: tuple[str, ...]) -> None:
    told = door.run(*args)

    assert 0 == told.code
    assert [] == [line for line in (told.out + told.notes).splitlines() if line != line.rstrip()]


def test_what_a_context_quotes_keeps_the_spaces_at_its_ends(door: Door) -> None:
    door.memory.script = {"build_context": msgspec.structs.replace(BLOCK, text="[1] ten.  \n    eleven ")}

    assert "[1] ten.  \n    eleven \n" == door.run("context", "x").out
