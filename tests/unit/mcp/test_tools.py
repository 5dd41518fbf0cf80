"""The tools against a scripted memory: what they ask it for, and how little they cost a model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent_memory.annotation.own_tools import TOOL_NAMES
from agent_memory.capture import policy
from agent_memory.errors import DaemonUnavailable, InvalidQuery, UnknownEvent, UnknownNode, ViewBehind
from agent_memory.events import Kind, Recorded
from agent_memory.inference.tokens import SplintrTokenCounter
from agent_memory.mcp.agents import agents_of
from agent_memory.mcp.calls import Call, Client, Reply, advice
from agent_memory.mcp.lines import Clock as LocalClock
from agent_memory.mcp.lines import hit_line, line_text, opening_line, short_project, who
from agent_memory.mcp.notes import NoteRules, NotRemembered
from agent_memory.mcp.projects import projects_of
from agent_memory.mcp.toolbox import INSTRUCTIONS, TOOLS
from agent_memory.memory import Root
from agent_memory.retrieval.model import Hit
from agent_memory.testing.events import event
from agent_memory.testing.scripted_memory import EVENT, GRIP, NODE, ScriptedMemory
from agent_memory.toc.model import Bullet

tokens = SplintrTokenCounter()
UTC = LocalClock("UTC")


async def use(memory: ScriptedMemory, name: str, spool: Path = Path("/nowhere"), **given: Any) -> Reply:
    call = Call(memory=memory, client=Client("tester", "c1"), rules=NoteRules(spool))
    return await TOOLS[name](call, given)


def told(memory: ScriptedMemory, method: str) -> dict[str, Any]:
    """The arguments of the last call of the method."""
    return next(arguments for name, arguments in reversed(memory.calls) if name == method)


def test_there_are_at_most_ten_tools_and_capture_knows_them_all() -> None:
    assert list(TOOL_NAMES) == list(TOOLS)
    assert 10 >= len(TOOLS)


async def test_the_whole_list_of_tools_costs_less_than_3000_tokens() -> None:
    """As `tools/list` sends it, names, descriptions, annotations and both schemas; and the instructions beside it."""
    from mcp import Client as McpClient

    from agent_memory.mcp.server import make_server

    async def memory() -> ScriptedMemory:
        return ScriptedMemory()

    server = make_server(memory, client_of=lambda _: Client(), rules=NoteRules(Path("/nowhere")))
    async with McpClient(server) as client:
        listed = (await client.list_tools()).tools
    sent = [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in listed]
    count = tokens.count(json.dumps(sent, ensure_ascii=False, separators=(",", ":")))
    print(f"{len(listed)} tools, {count} tokens; instructions {tokens.count(INSTRUCTIONS)}")

    assert 3_000 > count + tokens.count(INSTRUCTIONS)
    assert [] == [tool.name for tool in listed if tool.annotations is None or tool.output_schema is None]
    assert ["remember"] == [tool.name for tool in listed if not tool.annotations.read_only_hint]  # type: ignore[union-attr]


PROSE = (
    "We keep money in integer cents, because floats have cost us a cent per receipt already. "
    "Rounding happens once, at the end, in favour of the customer; the tests in tests/test_money.py hold that. "
    "What the payment provider sends is checked against our own sum before anything is booked. "
)


def test_a_line_costs_about_sixty_tokens_however_long_the_event() -> None:
    """In prose and code; in a log, where each few digits are a token, half as much again."""
    texts = [PROSE * 50, "def pay(amount_cents: int) -> Receipt:\n    return book(amount_cents)\n" * 500]
    texts += ["2026-01-15 09:00:01 ERROR pool 7 ran dry after 30.0 s\n" * 1_000]
    counts = []
    for text in texts:
        recorded = Recorded(1, event(text, project="/src/kelpie-bookings"))
        hit = Hit(
            recorded=recorded,
            score=1.0,
            signals=(),
            excerpt=text[:300],
            grip_id="",
            date="2026-01-09",
            session_title="",
            node_id="",
        )
        line = hit_line("rounding of money", hit, UTC, with_project=True)
        counts += [tokens.count(line_text(line)), tokens.count(line_text(opening_line(recorded, UTC)))]
    print(counts)

    assert 65 >= max(counts[:4])
    assert 95 >= max(counts)


def test_a_line_shows_the_words_that_were_asked_for() -> None:
    recorded = Recorded(1, event(PROSE * 3))
    hit = Hit(
        recorded=recorded,
        score=1.0,
        signals=(),
        excerpt=PROSE,
        grip_id="",
        date="2026-01-09",
        session_title="",
        node_id="",
        repeat_count=2,
    )
    line = hit_line("payment provider", hit, UTC, with_project=False)

    assert "payment provider" in line.text
    assert "\n" not in line_text(line)
    assert ("+2 alike",) == line.notes


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "user"),
        ({"speaker": "Ann"}, "Ann"),
        ({"kind": Kind.TOOL_CALL, "tool_name": "Bash"}, "call Bash"),
        ({"kind": Kind.TOOL_RESULT, "tool_name": ""}, "result"),
        ({"kind": Kind.SESSION_END}, "session end"),
        ({"speaker": "a\nb\x1b[31m"}, "a b [31m"),
    ],
)
def test_who_it_was_is_told_on_one_line(fields: dict[str, Any], expected: str) -> None:
    assert expected == who(event("x", **fields))


async def test_search_asks_for_what_the_filters_say_and_one_hit_more_than_it_shows() -> None:
    memory = ScriptedMemory()
    await use(memory, "search", query="ship", kind="user_message", type="decision", agent="claude", limit=5)
    where = told(memory, "search")["where"]

    assert (Kind.USER_MESSAGE,) == where.kinds
    assert ("decision",) == tuple(type.value for type in where.types)
    assert ("claude-code",) == where.agents
    assert 6 == told(memory, "search")["limit"]


async def test_a_cursor_of_another_search_is_refused_by_its_name() -> None:
    memory = ScriptedMemory()
    hits = (await memory.search("x")).hits
    memory.script["search"] = lambda **_: _result(hits * 3)
    first = await use(memory, "search", query="ship", limit=1)
    cursor = first.answer.next_cursor  # type: ignore[attr-defined]
    with pytest.raises(InvalidQuery) as refused:
        await use(memory, "search", query="sail", limit=1, cursor=cursor)

    assert advice(refused.value).startswith("cursor: belongs to another listing")


def _result(hits: tuple[Hit, ...]) -> object:
    from agent_memory.retrieval.model import SearchResult, Tier

    return SearchResult(hits=hits, tier=Tier.HYBRID, timings_ms={})


@pytest.mark.parametrize(
    ("given", "expected"),
    [("", ()), ("claude-code", ("claude-code",)), ("Claude", ("claude-code",)), (" MyBot ", ("mybot",))],
)
async def test_an_agent_is_meant_by_its_name_or_what_people_call_it(given: str, expected: tuple[str, ...]) -> None:
    assert expected == await agents_of(_with_agents("claude-code", "mybot"), given)


@pytest.mark.parametrize(("known", "told"), [(("codex", "mybot"), "There are codex, mybot."), ((), "No event has")])
async def test_an_agent_that_nothing_is_known_of_is_refused_with_those_there_are(
    known: tuple[str, ...], told: str
) -> None:
    """An empty answer would say that nothing was said."""
    with pytest.raises(InvalidQuery) as refused:
        await agents_of(_with_agents(*known), "claude")

    assert told in advice(refused.value)


def _with_agents(*names: str) -> ScriptedMemory:
    year = msgspec.structs.replace(NODE, agents=names)
    return ScriptedMemory({"root": Root(years=(year,), event_count=1, time_zone="UTC")})


PROJECTS = ("/home/ann/shop", "/home/ann/shop/vendor/lib", "/srv/kelpie-bookings", "hivewatch")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("", ()),
        ("/home/ann/shop", ("/home/ann/shop",)),
        ("/home/ann/shop/src/money", ("/home/ann/shop",)),
        ("/home/ann/shop/vendor/lib/a", ("/home/ann/shop/vendor/lib",)),
        ("shop", ("/home/ann/shop",)),
        ("Kelpie-Bookings", ("/srv/kelpie-bookings",)),
        ("hivewatch", ("hivewatch",)),
    ],
)
async def test_a_project_is_meant_by_its_folder_its_name_or_a_folder_inside(given: str, expected: tuple[str]) -> None:
    assert expected == await projects_of(_with_projects(), given)


@pytest.mark.parametrize(
    ("given", "hint"),
    [("kelpie", "kelpie-bookings"), ("/home/ann/other", "/home/ann/shop"), ("/home/ann/shopping", "Or leave it out")],
)
async def test_an_unknown_project_is_refused_with_those_there_are(given: str, hint: str) -> None:
    with pytest.raises(InvalidQuery) as refused:
        await projects_of(_with_projects(), given)

    assert hint in advice(refused.value)


def _with_projects() -> ScriptedMemory:
    year = msgspec.structs.replace(NODE, projects=PROJECTS)
    return ScriptedMemory({"root": Root(years=(year,), event_count=1, time_zone="UTC")})


# -- notes ----------------------------------------------------------------------------------------


async def test_a_note_is_an_assistant_s_message_that_says_who_wrote_it_and_has_no_secrets(tmp_path: Path) -> None:
    memory = ScriptedMemory()
    secret = "ghp_" + "a1B2c3D4e5" * 3 + "f6G7h8"
    await use(memory, "remember", tmp_path, text=f"The token is {secret}, ask Ann.", project=f"/src/{secret}")
    draft = told(memory, "append")["draft"]

    assert secret not in repr(draft)
    assert "[redacted: " in draft.text
    assert (Kind.ASSISTANT_MESSAGE, "mcp", "mcp/c1", "tester") == (
        draft.kind,
        draft.agent,
        draft.session,
        draft.metadata["client"],
    )


async def test_nothing_is_remembered_while_recording_is_paused(tmp_path: Path) -> None:
    policy.pause(tmp_path, now_ms=0)
    with pytest.raises(NotRemembered, match="paused"):
        await use(ScriptedMemory(), "remember", tmp_path, text="tea")


async def test_nothing_is_remembered_of_an_ignored_folder(tmp_path: Path) -> None:
    policy.write_policy(tmp_path, ignore_paths=["/src/secret"], ignore_agents=[])
    with pytest.raises(NotRemembered, match="ignored"):
        await use(ScriptedMemory(), "remember", tmp_path, text="tea", project="/src/secret/inner")


def test_nothing_is_remembered_by_who_works_for_the_memory_itself(tmp_path: Path) -> None:
    with pytest.raises(NotRemembered, match="AGENT_MEMORY_INTERNAL"):
        NoteRules(tmp_path, is_internal=True).admitted("tea", "", now_ms=1)


# -- errors ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (UnknownEvent("x"), "`search`"),
        (UnknownNode("day/x"), "`toc`"),
        (InvalidQuery("filter.from", "soon", "is neither a date nor a time"), "from: is neither"),
        (InvalidQuery("page_size", 0, "must be 1 to 50"), "limit: must be"),
        (DaemonUnavailable("127.0.0.1:1", "refused"), "agent-memory serve"),
        (ViewBehind("toc", 1, 2), "again in a moment"),
    ],
)
def test_an_error_is_told_in_the_words_of_the_tools(error: Any, told: str) -> None:
    assert told in advice(error)


def test_a_project_s_short_name_is_the_last_part_of_it() -> None:
    assert ["shop", "shop", "shop", ""] == [short_project(p) for p in ("/a/shop/", "C:\\a\\shop", "shop", "")]


async def test_toc_tells_the_abstract_and_what_is_decided_and_open() -> None:
    memory = ScriptedMemory()
    bullets = (Bullet(text="Ships on Friday", grip_ids=(GRIP.id,), type="decision"), *NODE.bullets)
    memory.script["node"] = msgspec.structs.replace(NODE, abstract="Friday was settled on.", bullets=bullets)
    reply = await use(memory, "toc", node=NODE.id)
    answer: Any = reply.answer

    assert "Friday was settled on." == answer.abstract
    assert ["decision", ""] == [bullet.type for bullet in answer.bullets]
    assert f"- decision: Ships on Friday ({GRIP.id})\n- Ships on Friday ({GRIP.id})" in reply.text
    assert "\nFriday was settled on.\n" in reply.text


async def test_get_reads_on_until_all_of_a_long_text_was_given() -> None:
    memory = ScriptedMemory()
    text = "".join(f"{n:06}" for n in range(1_000))
    long = Recorded(1, msgspec.structs.replace(EVENT, text=text))
    memory.script["event"] = lambda **_: long
    read, cursor, rounds = "", "", 0
    while rounds == 0 or cursor:
        reply = await use(memory, "get", ids=[EVENT.id, EVENT.id], max_chars=700, cursor=cursor)
        answer: Any = reply.answer
        read += "".join(part.text for part in answer.events)
        cursor = answer.next_cursor
        rounds += 1

    assert text + text == read
    assert 20 > rounds
