"""`timeline`, `context` and `grip`: what stands around a hit, and what proves it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from agent_memory.errors import (
    UnknownEvent,
    UnknownGrip,
    UnknownSession,
)
from agent_memory.events import Recorded, Role
from agent_memory.memory import (
    Filter,
    GripContext,
    Timeline,
)
from agent_memory.retrieval.model import DEFAULT_OPTIONS, SearchOptions
from agent_memory.testing.scripted_memory import (
    BLOCK,
    EVENT,
    GRIP,
    TIMELINE,
)
from tests.unit.cli.door import ESCAPE, EXPLAINED, QUERY, Door, unscripted


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


def test_a_context_tells_beside_it_what_was_understood_of_time(door: Door) -> None:
    door.memory.script = {"build_context": msgspec.structs.replace(BLOCK, result=EXPLAINED)}
    told = door.run("context", QUERY)

    assert f"{BLOCK.text}\n" == told.out
    assert told.notes.startswith("understood: “yesterday” is Wed 2026-01-14; ")
    assert "understood" not in Door.run(unscripted(door), "context", "x").notes


def test_a_context_of_nothing_says_so(door: Door) -> None:
    nothing = msgspec.structs.replace(EXPLAINED, hits=())
    empty = msgspec.structs.replace(BLOCK, text="", token_count=0, citations=(), result=nothing)
    door.memory.script = {"build_context": empty}
    told = door.run("context", "x")

    assert "" == told.out
    assert "Nothing was found" in told.notes


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


def test_what_a_context_quotes_keeps_the_spaces_at_its_ends(door: Door) -> None:
    door.memory.script = {"build_context": msgspec.structs.replace(BLOCK, text="[1] ten.  \n    eleven ")}

    assert "[1] ten.  \n    eleven \n" == door.run("context", "x").out
