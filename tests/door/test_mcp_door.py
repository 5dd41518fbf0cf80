"""Every tool, resource and mistake, by the SDK's own client over pipes and over HTTP, against a running daemon."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError

from agent_memory.annotation.own_tools import TOOL_NAMES
from agent_memory.annotation.scaffolding import MEMORY_TAG
from agent_memory.api.client import GrpcMemory, connect_memory
from agent_memory.capture.jsonl import JsonLines, Line
from agent_memory.events import Draft, Kind
from agent_memory.samples import paths
from agent_memory.testing.daemon import DaemonProcess
from tests.door.mcp_client import command, named, over_http, refusal, text_of, use

Scenario = Callable[[Client, GrpcMemory], Awaitable[None]]


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    """Without a model: what tools say does not depend on it, and rankings stay as they are from the first call on."""
    store = tmp_path_factory.mktemp("mcp") / "store"
    with DaemonProcess(store, flags=("--time-zone", "Europe/Oslo"), model=store.parent / "none") as process:
        yield process


@pytest.fixture(scope="module")
def filled(daemon: DaemonProcess) -> DaemonProcess:
    """The daemon with the invented conversations, seen by all views."""
    import asyncio

    drafts = [line.draft for path in paths() for line in JsonLines().feed(path.read_bytes()) if isinstance(line, Line)]

    async def fill() -> None:
        async with connect_memory(daemon.address) as memory:
            receipts = await memory.append_batch(drafts)
            views = ["toc", "lexical", "catalog", "entities"]
            await memory.wait_for(views, max(one.position for one in receipts), timeout_s=120)

    asyncio.run(fill())
    return daemon


# -- every tool -----------------------------------------------------------------------------------


async def an_agent_finds_looks_around_and_reads(client: Client, memory: GrpcMemory) -> None:
    """The three layers: a line of a hit, the lines around it, the whole text."""
    found = await use(client, "search", query="why is money kept in integer cents")
    hit = next(one for one in found["hits"] if "integer cents" in one["text"])
    around = await use(client, "timeline", id=hit["id"], before=2, after=2)
    whole = await use(client, "get", ids=[hit["id"], around["events"][0]["id"]])

    assert hit["id"] in [one["id"] for one in around["events"]]
    assert 5 == len(around["events"])
    assert "floats" in whole["events"][0]["text"]
    assert [around["session"]] * 2 == [one["session"] for one in whole["events"]]


async def an_agent_goes_down_from_the_days_to_the_words(client: Client, memory: GrpcMemory) -> None:
    """Without a question: day, contents, bullet, evidence."""
    days = await use(client, "browse", project="kelpie-bookings", limit=2)
    day = days["days"][0]["node"]
    one = await use(client, "browse", **{"from": day[4:], "until": day[4:]})
    contents = await use(client, "toc", node=day)
    bullet = contents["bullets"][0]
    proof = await use(client, "grip", id=bullet["grips"][0])
    years = await use(client, "toc")
    by_date = await use(client, "toc", node=day[4:])

    assert contents == by_date
    assert contents["children"] == one["segments"]
    assert ["year/2025", "year/2026"] == [entry["node"] for entry in years["children"]]
    assert proof["event"] in [line["id"] for line in proof["events"]]
    assert proof["excerpt"].split()[0] in bullet["text"]


async def an_agent_gets_a_cited_text_within_its_budget(client: Client, memory: GrpcMemory) -> None:
    told = await use(client, "context", query="rounding of refunds", budget=300)
    proof = await use(client, "grip", id=told["citations"][0]["grip"])

    assert 300 >= told["tokens"] > 50
    assert told["text"].startswith(f"<{MEMORY_TAG}>")
    assert proof["excerpt"][:20] in told["text"]


async def a_note_is_remembered_once_and_found(client: Client, memory: GrpcMemory) -> None:
    """As what an assistant said, with the name of its client; in the project that was named."""
    word = f"noctiluca{uuid.uuid4().hex[:8]}"
    note = f"{word} blooms in the harbour on new moons."
    first = await use(client, "remember", text=note, project="kelpie-bookings")
    again = await use(client, "remember", text=note, project="kelpie-bookings")
    kept = await memory.event(first["id"])
    await memory.wait_for(["lexical"], kept.position)
    found = await use(client, "search", query=word, project="kelpie-bookings")

    assert (True, False) == (first["created"], again["created"])
    assert first["id"] == again["id"] == found["hits"][0]["id"]
    assert (Kind.ASSISTANT_MESSAGE, "mcp", "kelpie-bookings", "test-agent") == (
        kept.event.kind,
        kept.event.agent,
        kept.event.project,
        kept.event.metadata["client"],
    )


async def status_and_the_list_say_what_there_is(client: Client, memory: GrpcMemory) -> None:
    tools = (await client.list_tools()).tools
    standing = await use(client, "status")

    assert list(TOOL_NAMES) == [tool.name for tool in tools]
    assert standing["healthy"]
    assert {"toc", "lexical", "vectors", "catalog", "entities"} == {view["name"] for view in standing["views"]}


# -- pages ----------------------------------------------------------------------------------------


async def test_pages_of_hits_are_those_of_one_longer_answer(filled: DaemonProcess) -> None:
    async with over_http(filled) as client:
        whole = (await use(client, "search", query="kayak", limit=9))["hits"]
        pages, cursor = [], ""
        for _ in range(3):
            page = await use(client, "search", query="kayak", limit=3, cursor=cursor)
            pages += page["hits"]
            cursor = page.get("next_cursor", "")

    assert whole == pages
    assert 9 == len(pages)


async def test_pages_of_days_and_children_reach_all_of_them(filled: DaemonProcess) -> None:
    async with over_http(filled) as client:
        days = [day for page in await _pages(client, "browse", limit=7) for day in page["days"]]
        year = await _pages(client, "toc", node="month/2025-12", limit=2)
        status = await use(client, "status")
    weeks = [entry["node"] for page in year for entry in page["children"]]

    assert sorted({day["node"] for day in days}, reverse=True) == [day["node"] for day in days]
    assert status["events"] == sum(day["events"] for day in days)
    assert [f"week/2025-12/W{number}" for number in ("49", "50", "51", "52")] == weeks[:4]


async def _pages(client: Client, tool: str, **given: Any) -> list[dict[str, Any]]:
    pages = [await use(client, tool, **given)]
    while cursor := pages[-1].get("next_cursor"):
        pages.append(await use(client, tool, **given, cursor=cursor))
    assert len(pages) > 1
    return pages


# -- mistakes -------------------------------------------------------------------------------------

UNKNOWN = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
MISTAKES: list[tuple[str, dict[str, Any], tuple[str, ...]]] = [
    ("search", {}, ("query", "Give query")),
    ("search", {"query": "x", "from": "soonish"}, ("from", "2026-01-15")),
    ("search", {"query": "x", "from": "2026-02", "until": "2026-01"}, ("from", "until", "Exchange")),
    ("search", {"query": "x", "project": "keplie-bookings"}, ("project", "kelpie-bookings")),
    ("search", {"query": "x", "agent": "clod"}, ("agent", "claude-code", "Or leave it out")),
    ("browse", {"agent": "clod"}, ("agent", "claude-code")),
    ("search", {"query": "kayak", "session": "nobody's"}, ("nobody's", "`timeline`")),
    ("search", {"query": "x", "cursor": "abc"}, ("cursor", "next_cursor")),
    ("timeline", {"id": UNKNOWN}, (UNKNOWN, "`search`")),
    ("timeline", {"id": "first"}, ("id", "no ULID")),
    ("get", {"ids": [UNKNOWN]}, (UNKNOWN, "`search`")),
    ("get", {"ids": ["first"]}, ("no ULID", "`search`")),
    ("browse", {"from": "yesterday"}, ("from", "2026-01-15")),
    ("toc", {"node": "day/2001-01-01"}, ("day/2001-01-01", "`toc`")),
    ("toc", {"node": "week/2026"}, ("week/2026",)),
    ("grip", {"id": "nothing"}, ("nothing",)),
    ("context", {"query": "x", "budget": 10}, ("budget", "50 to 32,000")),
    ("remember", {"text": ""}, ("text",)),
    ("remember", {"text": " "}, ("text", "blank")),
    ("status", {"loud": True}, ("loud",)),
]


async def every_mistake_is_answered_with_where_it_is_and_how_to_mend_it(client: Client, memory: GrpcMemory) -> None:
    """As a result that the model reads, and not as an error of the protocol."""
    told = [await refusal(client, tool, **given) for tool, given, _ in MISTAKES]
    with pytest.raises(MCPError, match="There is no tool 'delete'"):
        await client.call_tool("delete", {})
    silent = [
        (tool, given, words, text)
        for (tool, given, expected), text in zip(MISTAKES, told, strict=True)
        for words in expected
        if words not in text
    ]

    assert [] == silent


async def test_ids_that_are_unknown_do_not_keep_the_others_from_being_read(filled: DaemonProcess) -> None:
    async with over_http(filled) as client:
        hit = (await use(client, "search", query="kayak", agent="claude", limit=1))["hits"][0]
        got = await use(client, "get", ids=[UNKNOWN, "first", hit["id"]])
        told = await refusal(client, "grip", id=hit["id"])

    assert [UNKNOWN, "first"] == got["unknown"]
    assert "`get` reads it" in told
    assert [hit["id"]] == [one["id"] for one in got["events"]]


# -- resources and prompts ------------------------------------------------------------------------


async def nodes_and_events_are_resources(client: Client, memory: GrpcMemory) -> None:
    """Those that are listed can be read, as can any other by its address."""
    listed = (await client.list_resources()).resources
    templates = (await client.list_resource_templates()).resource_templates
    texts = [_text(await client.read_resource(one.uri)) for one in listed]
    hit = (await use(client, "search", query="integer cents", limit=1))["hits"][0]
    event = _text(await client.read_resource(f"agent-memory://event/{hit['id']}"))
    day = _text(await client.read_resource("agent-memory://node/day%2F2026-01-16"))

    assert ["agent-memory://node/{+id}", "agent-memory://event/{id}"] == [one.uri_template for one in templates]
    assert "agent-memory://contents" == listed[0].uri
    assert len(listed) >= 10
    assert all(text.startswith(f"<{MEMORY_TAG}>") for text in [*texts, event, day])
    assert "integer cents" in event
    assert "segment/" in day


def _text(read: Any) -> str:
    text: str = read.contents[0].text
    return text


async def a_resource_that_is_not_there_is_an_error_that_names_it(client: Client, memory: GrpcMemory) -> None:
    for name in (f"event/{UNKNOWN}", "event/x", "node/day/2001-01-01", "node/x", "other"):
        uri = f"agent-memory://{name}"
        with pytest.raises(MCPError) as refused:
            await client.read_resource(uri)

        assert (-32602, {"uri": uri}) == (refused.value.code, refused.value.data)


SCENARIOS: tuple[Scenario, ...] = (
    an_agent_finds_looks_around_and_reads,
    an_agent_goes_down_from_the_days_to_the_words,
    an_agent_gets_a_cited_text_within_its_budget,
    a_note_is_remembered_once_and_found,
    status_and_the_list_say_what_there_is,
    every_mistake_is_answered_with_where_it_is_and_how_to_mend_it,
    nodes_and_events_are_resources,
    a_resource_that_is_not_there_is_an_error_that_names_it,
)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
async def test_over_http(filled: DaemonProcess, memory: GrpcMemory, scenario: Scenario) -> None:
    """As agents do that open a session."""
    async with over_http(filled, mode="legacy", client_info=named("test-agent")) as client:
        await scenario(client, memory)


async def test_over_pipes_all_of_it_is_the_same(filled: DaemonProcess, memory: GrpcMemory) -> None:
    """One agent, one process."""
    async with Client(
        command("--address", filled.address), read_timeout_seconds=60, client_info=named("test-agent")
    ) as client:
        for scenario in SCENARIOS:
            await scenario(client, memory)


async def test_over_http_without_a_session(filled: DaemonProcess, memory: GrpcMemory) -> None:
    """As the protocol has it since July 2026: each request tells who asks."""
    async with over_http(filled, client_info=named("test-agent")) as client:
        for scenario in SCENARIOS:
            await scenario(client, memory)


async def test_the_prompt_brings_what_is_known_of_a_topic(filled: DaemonProcess) -> None:
    async with over_http(filled) as client:
        prompt = (await client.list_prompts()).prompts[0]
        got: Any = await client.get_prompt(prompt.name, {"topic": "rounding of refunds"})
        with pytest.raises(MCPError, match="topic is missing"):
            await client.get_prompt(prompt.name, {})
        completed = await client.complete(_prompt_reference(prompt.name), {"name": "project", "value": "kel"})

    assert f"<{MEMORY_TAG}>" in got.messages[0].content.text
    assert ["kelpie-bookings"] == completed.completion.values


def _prompt_reference(name: str) -> Any:
    from mcp_types import PromptReference

    return PromptReference(name=name)


# -- no feedback ----------------------------------------------------------------------------------


async def test_what_an_agent_was_told_is_not_found_as_something_that_was_said(
    filled: DaemonProcess, memory: GrpcMemory
) -> None:
    """An agent's hooks capture what our tools answered, by the tool's name or with our tags; no index takes it in."""
    async with over_http(filled) as client:
        answered = await text_of(client, "search", query="integer cents")
        drafts = [
            _captured(Kind.TOOL_CALL, '{"query": "zeppelin moorings"}', tool_name="mcp__agent-memory__search"),
            _captured(Kind.TOOL_RESULT, '{"hits": ["zeppelin"]}', tool_name="agent-memory_search"),
            _captured(Kind.TOOL_RESULT, answered.replace("integer", "zeppelin"), tool_name="some_other_name"),
            _captured(Kind.USER_MESSAGE, "A dirigible is no airship.", tool_name=""),
        ]
        receipts = await memory.append_batch(drafts)
        await memory.wait_for(["lexical"], receipts[-1].position)
        zeppelins = await use(client, "search", query="zeppelin", kind="tool_result")
        dirigible = await use(client, "search", query="dirigible")

    assert [] == [one for one in zeppelins["hits"] if one["id"] in {receipt.event_id for receipt in receipts}]
    assert receipts[-1].event_id == dirigible["hits"][0]["id"]


def _captured(kind: Kind, text: str, *, tool_name: str) -> Draft:
    return Draft(kind=kind, session="looped", text=text, agent="claude-code", tool_name=tool_name)
