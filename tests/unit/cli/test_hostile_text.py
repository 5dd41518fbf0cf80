"""Text of conversations is neither obeyed nor read as markup, and JSON keeps it verbatim."""

from __future__ import annotations

import json

import msgspec
import pytest

from agent_memory.events import Recorded
from agent_memory.memory import (
    Days,
    GripContext,
    Page,
    Root,
)
from agent_memory.retrieval.model import SearchResult, Tier
from agent_memory.testing.scripted_memory import (
    EVENT,
    GRIP,
    HIT,
    NODE,
    SESSION,
)
from tests.unit.cli.door import ESCAPE, Door, days


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


def test_json_keeps_every_text_verbatim(door: Door) -> None:
    text = "".join(map(chr, [*range(0x0, 0x100), 0x2028, 0x202E, 0xDFFF, 0xD800, 0xFFFD, 0x1F6F6])) + "\r\n"
    door.memory.script = {"event": Recorded(1, msgspec.structs.replace(EVENT, text=text))}

    assert text == door.run("show", EVENT.id, "--json").data["event"]["text"]


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
