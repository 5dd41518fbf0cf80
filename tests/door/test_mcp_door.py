"""Agents at the door: the SDK's own client, over pipes and over HTTP, against a running daemon."""

from __future__ import annotations

import json
import os
import socket
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters
from mcp.shared.exceptions import MCPError

from agent_memory.annotation.own_tools import TOOL_NAMES
from agent_memory.annotation.scaffolding import MEMORY_TAG
from agent_memory.api.client import GrpcMemory, connect_memory
from agent_memory.capture.jsonl import JsonLines, Line
from agent_memory.events import Draft, Kind
from agent_memory.samples import paths
from agent_memory.testing.daemon import DaemonProcess

Scenario = Callable[[Client, GrpcMemory], Awaitable[None]]


@pytest.fixture(scope="module")
def filled(daemon: DaemonProcess) -> DaemonProcess:
    """The daemon with the invented conversations, seen by all views that can."""
    import asyncio

    drafts = [line.draft for path in paths() for line in JsonLines().feed(path.read_bytes()) if isinstance(line, Line)]

    async def fill() -> None:
        async with connect_memory(daemon.address) as memory:
            receipts = await memory.append_batch(drafts)
            views = ["toc", "lexical", "catalog", "entities"]
            # While vectors come in, a ranking changes from one call to the next.
            views += ["vectors"] if (await memory.status()).model_id else []
            await memory.wait_for(views, max(one.position for one in receipts), timeout_s=120)

    asyncio.run(fill())
    return daemon


def over_http(daemon: DaemonProcess, **settings: Any) -> Client:
    """A client of the SDK, connected as an agent connects."""
    return Client(daemon.mcp_url, read_timeout_seconds=60, **settings)


def command(*flags: str, **environment: str) -> StdioServerParameters:
    """What an agent is configured with, and the variables of this process."""
    arguments = ["-m", "agent_memory.cli", "mcp", *flags]
    return StdioServerParameters(command=sys.executable, args=arguments, env={**os.environ, **environment})


async def use(client: Client, tool: str, **given: Any) -> dict[str, Any]:
    """The answer of a tool for programs; the text for a model says something, too. It must not be an error."""
    result: Any = await client.call_tool(tool, given)
    assert not result.is_error, result.content[0].text
    assert result.content[0].text.strip()
    found: dict[str, Any] = result.structured_content
    return found


async def text_of(client: Client, tool: str, **given: Any) -> str:
    result: Any = await client.call_tool(tool, given)
    assert not result.is_error, result.content[0].text
    text: str = result.content[0].text
    return text


async def refusal(client: Client, tool: str, **given: Any) -> str:
    result: Any = await client.call_tool(tool, given)
    assert result.is_error, result.content[0].text
    text: str = result.content[0].text
    return text


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


def _named(name: str) -> Any:
    from mcp_types import Implementation

    return Implementation(name=name, version="1")


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
    ("search", {"query": "x", "cursor": "abc"}, ("cursor", "next_cursor")),
    ("timeline", {"id": UNKNOWN}, (UNKNOWN, "`search`")),
    ("timeline", {"id": "first"}, ("id", "no ULID")),
    ("get", {"ids": [UNKNOWN]}, (UNKNOWN, "`search`")),
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
        hit = (await use(client, "search", query="kayak", limit=1))["hits"][0]
        got = await use(client, "get", ids=[UNKNOWN, hit["id"]])

    assert [UNKNOWN] == got["unknown"]
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
    async with over_http(filled, mode="legacy", client_info=_named("test-agent")) as client:
        await scenario(client, memory)


async def test_over_pipes_all_of_it_is_the_same(filled: DaemonProcess, memory: GrpcMemory) -> None:
    """One agent, one process."""
    async with Client(
        command("--address", filled.address), read_timeout_seconds=60, client_info=_named("test-agent")
    ) as client:
        for scenario in SCENARIOS:
            await scenario(client, memory)


async def test_over_http_without_a_session(filled: DaemonProcess, memory: GrpcMemory) -> None:
    """As the protocol has it since July 2026: each request tells who asks."""
    async with over_http(filled, client_info=_named("test-agent")) as client:
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


# -- pipes ----------------------------------------------------------------------------------------


async def test_without_a_daemon_the_tools_are_there_and_say_so_and_find_the_one_that_is_started(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    started = time.monotonic()
    async with Client(command("--address", address), read_timeout_seconds=60) as client:
        tools = (await client.list_tools()).tools
        took_s = time.monotonic() - started
        told = await refusal(client, "search", query="kayak")
        with pytest.raises(MCPError, match="agent-memory serve"):
            await client.list_resources()
        with DaemonProcess(tmp_path / "store", flags=("--address", address)):
            standing = await use(client, "status")
        gone = await refusal(client, "status")
    print(f"started in {took_s:.2f} s")

    assert len(TOOL_NAMES) == len(tools)
    assert f"no daemon answers at {address}" in told
    assert "agent-memory serve" in told
    assert 0 == standing["events"]
    assert "no daemon answers" in gone


async def test_who_works_for_the_memory_itself_is_offered_no_way_to_write(filled: DaemonProcess) -> None:
    async with Client(command("--address", filled.address, AGENT_MEMORY_INTERNAL="1")) as client:
        tools = [tool.name for tool in (await client.list_tools()).tools]
        told = await refusal(client, "remember", text="tea")
        found = await use(client, "search", query="kayak", limit=1)

    assert "remember" not in tools
    assert "AGENT_MEMORY_INTERNAL" in told
    assert 1 == len(found["hits"])


async def test_a_store_is_served_without_a_daemon(tmp_path: Path) -> None:
    async with Client(command("--store", str(tmp_path / "store")), read_timeout_seconds=60) as client:
        kept = await use(client, "remember", text="The kettle is blue.")
        got = await use(client, "get", ids=[kept["id"]])

    assert "The kettle is blue." == got["events"][0]["text"]


# -- http -----------------------------------------------------------------------------------------


def post(url: str, body: object, headers: dict[str, str]) -> tuple[int, dict[str, str], Any]:
    """Status, headers and answer of a bare request."""
    raw = json.dumps(body).encode()
    told = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream", **headers}
    request = urllib.request.Request(url, data=raw, headers=told, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            text = response.read()
            return response.status, dict(response.headers), json.loads(text) if text else None
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read()


INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "bare", "version": "1"},
    },
}


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, 200),
        ({"Origin": "http://localhost:3000"}, 200),
        ({"Host": "evil.example"}, 421),
        ({"Origin": "https://evil.example"}, 403),
        ({"Content-Type": "text/plain"}, 400),
    ],
)
def test_only_this_machine_is_let_in(filled: DaemonProcess, headers: dict[str, str], expected: int) -> None:
    assert expected == post(filled.mcp_url, INITIALIZE, headers)[0]


def test_a_client_goes_on_with_the_daemon_that_took_the_place_of_another(filled: DaemonProcess, tmp_path: Path) -> None:
    """Its session was opened at the first one; it is not asked to begin anew, and its name is known."""
    _, headers, _ = post(filled.mcp_url, INITIALIZE, {})
    session = {name.lower(): value for name, value in headers.items()}["mcp-session-id"]
    with DaemonProcess(tmp_path / "store") as daemon:
        url = daemon.mcp_url
        headers = {"Mcp-Session-Id": session, "MCP-Protocol-Version": "2025-11-25"}
        call = {"jsonrpc": "2.0", "id": 2, "method": "tools/call"}
        status, _, kept = post(url, {**call, "params": {"name": "remember", "arguments": {"text": "tea"}}}, headers)
        arguments = {"ids": [kept["result"]["structuredContent"]["id"]]}
        _, _, got = post(url, {**call, "params": {"name": "get", "arguments": arguments}}, headers)

    assert 200 == status
    assert session.partition(".")[2]
    assert f"mcp/{session.partition('.')[0]}" == got["result"]["structuredContent"]["events"][0]["session"]


def test_a_chosen_address_that_is_taken_stops_the_daemon_and_the_default_one_does_not(
    filled: DaemonProcess, tmp_path: Path
) -> None:
    taken = filled.mcp_url.removeprefix("http://").removesuffix("/mcp")
    with (
        pytest.raises(RuntimeError, match="ADDRESS_IN_USE"),
        DaemonProcess(tmp_path / "store", flags=("--mcp-address", taken)),
    ):
        pass
    with DaemonProcess(tmp_path / "store", flags=("--mcp-address", "")) as daemon:
        assert "" == daemon.mcp_url
