"""`search`: hits, filters, brief lines, and what is said where little or nothing is found."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agent_memory.annotation import MemoryType
from agent_memory.cli.line_view import LINE_CHARACTERS, cut
from agent_memory.cli.safe import safe
from agent_memory.cli.times import rfc3339
from agent_memory.errors import (
    UnknownSession,
)
from agent_memory.events import Recorded
from agent_memory.indexes.model import Session
from agent_memory.memory import (
    Filter,
    Page,
    Root,
)
from agent_memory.retrieval.model import DEFAULT_OPTIONS, SearchOptions, SearchResult, Tier
from agent_memory.testing.scripted_memory import (
    BLOCK,
    EVENT,
    GRIP,
    HIT,
    NODE,
    SESSION,
)
from tests.unit.cli.door import EXPLAINED, QUERY, Door, unscripted


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


def test_brief_lines_begin_with_what_was_understood_and_count_repeats(door: Door) -> None:
    door.memory.script = {"search": EXPLAINED}
    told, line = door.run("search", QUERY, "--brief", width=40).out.splitlines()

    assert told.startswith("# understood: “yesterday” is Wed 2026-01-14; ")
    assert "[decision, +3 alike]: " in line


def test_where_little_was_found_every_layer_says_so(door: Door) -> None:
    weak = msgspec.structs.replace(EXPLAINED, weak=True)
    door.memory.script = {"search": weak, "build_context": msgspec.structs.replace(BLOCK, result=weak)}

    assert "Little was found: these come nearest" in door.run("search", "x").words
    assert "# Little was found: " in door.run("search", "x", "--brief").out
    assert "Little was found" in door.run("context", "x").notes
    assert door.run("search", "x", "--json").data["weak"]
    assert "Little" not in Door.run(unscripted(door), "search", "x").out


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
