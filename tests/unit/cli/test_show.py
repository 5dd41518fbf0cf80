"""`show` and `events`: whatever an id stands for."""

from __future__ import annotations

import msgspec
import pytest

from agent_memory.annotation import MemoryType
from agent_memory.errors import (
    UnknownEvent,
    UnknownGrip,
    UnknownNode,
    UnknownSession,
)
from agent_memory.events import Recorded
from agent_memory.memory import (
    Page,
)
from agent_memory.testing.scripted_memory import (
    EVENT,
    GRIP,
    NODE,
    SESSION,
)
from tests.unit.cli.door import Door, segment


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
