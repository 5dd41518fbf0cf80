"""`toc` and `browse`: what there is, without a question."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from agent_memory.memory import (
    Page,
    Root,
)
from agent_memory.testing.scripted_memory import (
    GRIP,
    NODE,
)
from agent_memory.toc.material import Level
from agent_memory.toc.model import Bullet, Node, Wording
from tests.unit.cli.door import Door, days, segment


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


def worded() -> Node:
    return msgspec.structs.replace(
        NODE,
        abstract="Friday was settled on.",
        bullets=(Bullet(text="Ships on Friday", grip_ids=(GRIP.id,), type="decision"),),
        wording=Wording(
            summariser="openai", model="gpt-9", prompt_version="3", answered_ms=1_768_172_400_000, digest="ab" * 32
        ),
    )


def test_toc_with_bullets_tells_what_a_model_wrote_and_which_did(door: Door) -> None:
    door.memory.script = {"root": Root(years=(worded(),), event_count=1, time_zone="UTC")}
    plain = door.run("toc", "--depth", "year")
    told = door.run("toc", "--depth", "year", "--bullets")

    assert "Friday was settled on." not in plain.out
    assert "Friday was settled on. openai gpt-9" in told.words
    assert f"Ships on Friday [decision] {GRIP.id}" in told.words


def test_a_node_is_shown_with_its_abstract_and_who_worded_it(door: Door) -> None:
    refused = Wording(summariser="extractive/9", refusal="openai gpt-9: blocked by a filter")
    door.memory.script = {"node": worded()}
    told = door.run("show", "year/2026")
    shape = door.run("show", "year/2026", "--json").data["node"]
    door.memory.script = {"node": msgspec.structs.replace(NODE, wording=refused)}
    aside = door.run("show", "year/2026")

    assert "Friday was settled on." in told.words
    assert "worded by openai gpt-9" in told.words
    assert ("Friday was settled on.", "decision") == (shape["abstract"], shape["bullets"][0]["type"])
    assert {
        "summariser": "openai",
        "model": "gpt-9",
        "prompt_version": "3",
        "answered": "2026-01-11T23:00:00.000Z",
        "digest": "ab" * 32,
        "refusal": "",
    } == shape["wording"]
    assert "set aside openai gpt-9: blocked by a filter" in aside.words
    assert "worded by" not in aside.words


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
