"""What bad input gets: code, reason, field and a way out; and nothing else is affected."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import error_details_pb2, status_pb2

from agent_memory._pb.agent_memory.v1 import (
    admin_service_pb2,
    contents_service_pb2,
    event_service_pb2,
    grip_service_pb2,
    search_service_pb2,
    session_service_pb2,
)
from agent_memory.api.client import GrpcMemory, connect_memory
from agent_memory.clock import RandomIds, SystemClock
from agent_memory.errors import EventConflict, InvalidEvent
from agent_memory.events import Draft, Kind, Receipt
from agent_memory.memory import AppendRefused
from agent_memory.testing.daemon import DaemonProcess

pytestmark = pytest.mark.usefixtures("without_model")

METHODS = {
    method.name: method
    for file in (
        admin_service_pb2,
        contents_service_pb2,
        event_service_pb2,
        grip_service_pb2,
        search_service_pb2,
        session_service_pb2,
    )
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
}
NOBODYS_ID = "01KF0FV2E00000000000000009"
GOOD: dict[str, Any] = {"kind": 1, "session": "bad-input", "text": "t"}
NOW_MS = SystemClock().now_ms()
DAY_MS = 86_400_000


def time(ms: int) -> Timestamp:
    return Timestamp(seconds=ms // 1000, nanos=ms % 1000 * 1_000_000)


def event(**fields: Any) -> dict[str, Any]:
    return {"event": {**GOOD, **fields}}


INVALID = "INVALID_ARGUMENT"
CASES: dict[str, tuple[str, dict[str, Any], str, str, str]] = {
    # what is wrong: method, request, code, reason, field
    "no event": ("AppendEvent", {}, INVALID, "INVALID_EVENT", "event"),
    "no kind": ("AppendEvent", event(kind=0), INVALID, "INVALID_EVENT", "kind"),
    "an unknown kind": ("AppendEvent", event(kind=99), INVALID, "INVALID_EVENT", "kind"),
    "an unknown role": ("AppendEvent", event(role=99), INVALID, "INVALID_EVENT", "role"),
    "no session": ("AppendEvent", event(session=""), INVALID, "INVALID_EVENT", "session"),
    "an id that is no ULID": ("AppendEvent", event(id="42"), INVALID, "INVALID_EVENT", "id"),
    "id and time that disagree": (
        "AppendEvent",
        event(id=NOBODYS_ID, time=time(NOW_MS)),
        INVALID,
        "INVALID_EVENT",
        "time",
    ),
    "a time before 1970": ("AppendEvent", event(time=Timestamp(seconds=-1)), INVALID, "INVALID_EVENT", "time"),
    "a time two days ahead": ("AppendEvent", event(time=time(NOW_MS + 2 * DAY_MS)), INVALID, "INVALID_EVENT", "time"),
    "an empty text": ("AppendEvent", event(text=""), INVALID, "INVALID_EVENT", "text"),
    "a text of more than 1 MiB": ("AppendEvent", event(text="й" * (1 << 20)), INVALID, "INVALID_EVENT", "text"),
    "both forms of a text": ("AppendEvent", event(text_wtf8=b"x"), INVALID, "INVALID_EVENT", "text_wtf8"),
    "bytes that are no text": (
        "AppendEvent",
        {"event": {"kind": 1, "session": "bad-input", "text_wtf8": b"\xff"}},
        INVALID,
        "INVALID_EVENT",
        "text_wtf8",
    ),
    "too much metadata": ("AppendEvent", event(metadata={"k": "v" * (1 << 17)}), INVALID, "INVALID_EVENT", "metadata"),
    "a name that is too long": ("AppendEvent", event(agent="a" * 2000), INVALID, "INVALID_EVENT", "agent"),
    "a source without its id": ("AppendEvent", event(source="hook"), INVALID, "INVALID_EVENT", "source_id"),
    "an id without its source": ("AppendEvent", event(source_id="7"), INVALID, "INVALID_EVENT", "source"),
    "an empty batch": ("BatchAppendEvents", {}, INVALID, "INVALID_EVENT", "events"),
    "too large a batch": ("BatchAppendEvents", {"events": [GOOD] * 10_001}, INVALID, "INVALID_EVENT", "events"),
    "a bad event in a batch": (
        "BatchAppendEvents",
        {"events": [GOOD, {**GOOD, "text": ""}]},
        INVALID,
        "INVALID_EVENT",
        "events[1].text",
    ),
    "an event id that is no ULID": ("GetEvent", {"id": "x"}, INVALID, "INVALID_QUERY", "id"),
    "an unknown event": ("GetEvent", {"id": NOBODYS_ID}, "NOT_FOUND", "UNKNOWN_EVENT", ""),
    "an unknown session": ("GetSession", {"id": "nobody"}, "NOT_FOUND", "UNKNOWN_SESSION", ""),
    "an unknown node": ("GetNode", {"id": "day/1999-01-01"}, "NOT_FOUND", "UNKNOWN_NODE", ""),
    "children of an unknown node": ("ListChildren", {"id": "nothing"}, "NOT_FOUND", "UNKNOWN_NODE", ""),
    "versions of an unknown node": ("ListNodeVersions", {"id": "day/1999-01-01"}, "NOT_FOUND", "UNKNOWN_NODE", ""),
    "a version before the first": (
        "GetNode",
        {"id": "day/2025-01-01", "version": -1},
        INVALID,
        "INVALID_QUERY",
        "version",
    ),
    "a grip id that is no ULID": ("GetGrip", {"id": "x"}, INVALID, "INVALID_QUERY", "id"),
    "an unknown grip": ("GetGrip", {"id": NOBODYS_ID}, "NOT_FOUND", "UNKNOWN_GRIP", ""),
    "an unknown grip to expand": ("ExpandGrip", {"id": NOBODYS_ID}, "NOT_FOUND", "UNKNOWN_GRIP", ""),
    "too many neighbours": ("ExpandGrip", {"id": NOBODYS_ID, "before": 101}, INVALID, "INVALID_QUERY", "before"),
    "a negative count": ("ExpandGrip", {"id": NOBODYS_ID, "after": -1}, INVALID, "INVALID_QUERY", "after"),
    "a page that is too large": ("ListEvents", {"page_size": 1001}, INVALID, "INVALID_QUERY", "page_size"),
    "a negative page": ("ListSessions", {"page_size": -1}, INVALID, "INVALID_QUERY", "page_size"),
    "a page of children that is too large": (
        "ListChildren",
        {"id": "year/2025", "page_size": 1001},
        INVALID,
        "INVALID_QUERY",
        "page_size",
    ),
    "a made-up token": ("ListEvents", {"page_token": "abc"}, INVALID, "INVALID_QUERY", "page_token"),
    "a made-up token of sessions": ("ListSessions", {"page_token": "%%%"}, INVALID, "INVALID_QUERY", "page_token"),
    "an order without meaning": ("ListEvents", {"order": 7}, INVALID, "INVALID_QUERY", "order"),
    "an inverted range": (
        "ListEvents",
        {"filter": {"from": "2025-02-01", "until": "2025-01-01"}},
        INVALID,
        "INVALID_QUERY",
        "filter.from",
    ),
    "a range of days that is inverted": (
        "BrowseDays",
        {"from": "2025-02-01", "until": "2025-01-01"},
        INVALID,
        "INVALID_QUERY",
        "until",
    ),
    "a range of too many days": (
        "BrowseDays",
        {"from": "1990-01-01", "until": "2025-01-01"},
        INVALID,
        "INVALID_QUERY",
        "until",
    ),
    "an edge that is no time": ("Search", {"filter": {"from": "yesterday"}}, INVALID, "INVALID_QUERY", "filter.from"),
    "a day that is no date": ("BrowseDays", {"from": "2025-02-30"}, INVALID, "INVALID_QUERY", "from"),
    "a time without its offset": (
        "Search",
        {"filter": {"until": "2025-02-01T10:00:00"}},
        INVALID,
        "INVALID_QUERY",
        "filter.until",
    ),
    "a role without meaning": ("Search", {"filter": {"roles": [9]}}, INVALID, "INVALID_QUERY", "filter.roles[0]"),
    "a kind without meaning": ("Search", {"filter": {"kinds": [0]}}, INVALID, "INVALID_QUERY", "filter.kinds[0]"),
    "too many hits": ("Search", {"limit": 201}, INVALID, "INVALID_QUERY", "limit"),
    "fewer than no hits": ("Search", {"limit": -1}, INVALID, "INVALID_QUERY", "limit"),
    "a signal that there is not": (
        "Search",
        {"options": {"without": ["time", "keywords"]}},
        INVALID,
        "INVALID_QUERY",
        "options.without[1]",
    ),
    "a share beyond one": ("Search", {"options": {"recency": 1.5}}, INVALID, "INVALID_QUERY", "options.recency"),
    "a share below zero": ("Search", {"options": {"salience": -0.1}}, INVALID, "INVALID_QUERY", "options.salience"),
    "a share that is no number": (
        "Search",
        {"options": {"diversity": float("nan")}},
        INVALID,
        "INVALID_QUERY",
        "options.diversity",
    ),
    "a now before 1970": (
        "Search",
        {"options": {"now": Timestamp(seconds=-1)}},
        INVALID,
        "INVALID_QUERY",
        "options.now",
    ),
    "a now beyond all calendars": (
        "BuildContext",
        {"options": {"now": Timestamp(seconds=1 << 40)}},
        INVALID,
        "INVALID_QUERY",
        "options.now",
    ),
    "a now that is no time": (
        "Search",
        {"options": {"now": Timestamp(seconds=5, nanos=-1)}},
        INVALID,
        "INVALID_QUERY",
        "options.now",
    ),
    "a context that is too small": (
        "BuildContext",
        {"token_budget": 49},
        INVALID,
        "INVALID_QUERY",
        "token_budget",
    ),
    "a context that is too large": ("BuildContext", {"token_budget": 32_001}, INVALID, "INVALID_QUERY", "token_budget"),
    "an edge of a context that is no time": (
        "BuildContext",
        {"filter": {"from": "yesterday"}},
        INVALID,
        "INVALID_QUERY",
        "filter.from",
    ),
    "no ids": ("BatchGetEvents", {}, INVALID, "INVALID_QUERY", "ids"),
    "too many ids": ("BatchGetEvents", {"ids": [NOBODYS_ID] * 1001}, INVALID, "INVALID_QUERY", "ids"),
    "an id among several that is no ULID": (
        "BatchGetEvents",
        {"ids": [NOBODYS_ID, "x"]},
        INVALID,
        "INVALID_QUERY",
        "ids[1]",
    ),
    "an unknown event among several": ("BatchGetEvents", {"ids": [NOBODYS_ID]}, "NOT_FOUND", "UNKNOWN_EVENT", ""),
    "a timeline of what is no event": ("GetTimeline", {"id": "x"}, INVALID, "INVALID_QUERY", "id"),
    "a timeline of an unknown event": ("GetTimeline", {"id": NOBODYS_ID}, "NOT_FOUND", "UNKNOWN_EVENT", ""),
    "a timeline that is too long": (
        "GetTimeline",
        {"id": NOBODYS_ID, "before": 101},
        INVALID,
        "INVALID_QUERY",
        "before",
    ),
    "a timeline of fewer than none": (
        "GetTimeline",
        {"id": NOBODYS_ID, "after": -1},
        INVALID,
        "INVALID_QUERY",
        "after",
    ),
    "a negative position": ("GetRoot", {"min_position": -1}, INVALID, "INVALID_QUERY", "min_position"),
    "an unknown view": ("ReplayViews", {"views": ["nothing"]}, "NOT_FOUND", "UNKNOWN_VIEW", ""),
}


async def call(channel: grpc.aio.Channel, name: str, fields: dict[str, Any], *, timeout_s: float = 30) -> Any:
    method = METHODS[name]
    request = GetMessageClass(method.input_type)(**fields)
    kind = channel.unary_stream if method.server_streaming else channel.unary_unary
    stub = kind(
        f"/{method.containing_service.full_name}/{name}",
        type(request).SerializeToString,
        GetMessageClass(method.output_type).FromString,
    )
    answer: Any = stub(request, timeout=timeout_s)
    return [a async for a in answer] if method.server_streaming else await answer


def details_of(failure: grpc.aio.AioRpcError) -> dict[str, Any]:
    trailing: Any = failure.trailing_metadata()
    parts: dict[str, Any] = {}
    for detail in status_pb2.Status.FromString(dict(trailing)["grpc-status-details-bin"]).details:
        name = detail.TypeName().rsplit(".", 1)[-1]
        parts[name] = getattr(error_details_pb2, name)()
        detail.Unpack(parts[name])
    return parts


@pytest.mark.parametrize("wrong", CASES)
async def test_bad_input_gets_a_code_a_reason_a_field_and_a_way_out(channel: grpc.aio.Channel, wrong: str) -> None:
    name, request, code, reason, field = CASES[wrong]
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await call(channel, name, request)
    details = details_of(failed.value)
    info = details["ErrorInfo"]

    assert (code, reason) == (failed.value.code().name, info.reason)
    assert field == (details["BadRequest"].field_violations[0].field if "BadRequest" in details else "")
    assert "agent-memory" == info.domain
    assert info.metadata["hint"] in str(failed.value.details())


async def test_nothing_of_a_refused_batch_is_recorded(memory: GrpcMemory) -> None:
    before = (await memory.status()).position
    good = Draft(kind=Kind.OTHER, session="bad-input", text="good")
    with pytest.raises(InvalidEvent):
        await memory.append_batch([good, Draft(kind=Kind.OTHER, session="bad-input", text=""), good])

    assert before == (await memory.status()).position


async def test_an_id_with_other_content_is_a_conflict_and_the_event_stays(
    memory: GrpcMemory, channel: grpc.aio.Channel
) -> None:
    event_id = RandomIds().new_id(NOW_MS)
    receipt = await memory.append(Draft(kind=Kind.OTHER, session="bad-input", text="first", id=event_id))
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await call(channel, "AppendEvent", event(id=event_id, text="second"))
    with pytest.raises(EventConflict) as conflict:
        await memory.append(Draft(kind=Kind.OTHER, session="bad-input", text="second", id=event_id))

    assert ("ALREADY_EXISTS", "EVENT_CONFLICT") == (
        failed.value.code().name,
        details_of(failed.value)["ErrorInfo"].reason,
    )
    assert (event_id, receipt.position) == (conflict.value.event_id, conflict.value.position)
    assert "first" == (await memory.event(event_id)).event.text


async def test_one_id_for_two_events_of_a_batch_is_refused_whole_and_in_a_stream_alone(memory: GrpcMemory) -> None:
    before = (await memory.status()).position
    event_id = RandomIds().new_id(NOW_MS)
    drafts = [Draft(kind=Kind.OTHER, session="bad-input", text=text, id=event_id) for text in ("one", "two", "one")]
    with pytest.raises(InvalidEvent) as refused:
        await memory.append_batch(drafts)
    untouched = (await memory.status()).position
    one, two, again = [outcome async for outcome in memory.append_stream(drafts)]

    assert "events[1].id" == refused.value.field
    assert "events[0]" in str(refused.value)
    assert before == untouched
    assert isinstance(two, AppendRefused)
    assert "EVENT_CONFLICT" == two.reason
    assert (Receipt(event_id, before + 1, True), Receipt(event_id, before + 1, False)) == (one, again)


async def test_a_position_that_never_comes_is_a_view_that_is_behind(channel: grpc.aio.Channel) -> None:
    """The answer comes within the caller's deadline, and says what was waited for."""
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await call(channel, "GetRoot", {"min_position": 1 << 40}, timeout_s=1.0)
    details = details_of(failed.value)

    assert ("UNAVAILABLE", "VIEW_BEHIND") == (failed.value.code().name, details["ErrorInfo"].reason)
    assert str(1 << 40) == details["ErrorInfo"].metadata["target"]
    assert "RetryInfo" in details


async def test_a_token_of_another_listing_is_refused(memory: GrpcMemory, channel: grpc.aio.Channel) -> None:
    await memory.append_batch([Draft(kind=Kind.OTHER, session="tokens", text=str(n)) for n in range(3)])
    token = (await memory.events(limit=1)).next_token
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await call(channel, "ListEvents", {"page_token": token, "order": 2})

    assert "page_token" == details_of(failed.value)["BadRequest"].field_violations[0].field


async def test_a_message_beyond_the_limit_is_refused_cleanly(memory: GrpcMemory, channel: grpc.aio.Channel) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await call(channel, "BatchAppendEvents", {"events": [{**GOOD, "text": "x" * (1 << 20)}] * 65})

    assert "RESOURCE_EXHAUSTED" == failed.value.code().name
    assert (await memory.status()).healthy


@pytest.mark.parametrize("name", ["AppendEvent", "StreamAppendEvents", "ReplayViews"])
async def test_bytes_that_are_no_message_are_refused_like_other_bad_input(channel: grpc.aio.Channel, name: str) -> None:
    method = METHODS[name]
    path = f"/{method.containing_service.full_name}/{name}"
    garbage = b"\xff\xff\xff\xff"
    call: Any
    if method.client_streaming:
        call = channel.stream_stream(path, None, None)(iter([garbage])).read()
    elif method.server_streaming:
        call = channel.unary_stream(path, None, None)(garbage).read()
    else:
        call = channel.unary_unary(path, None, None)(garbage)
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await call
    details = details_of(failed.value)

    assert ("INVALID_ARGUMENT", "request") == (
        failed.value.code().name,
        details["BadRequest"].field_violations[0].field,
    )


def test_a_second_daemon_on_the_store_is_told_who_holds_it(daemon: DaemonProcess) -> None:
    command = [sys.executable, "-m", "agent_memory.cli", "serve", "--store", str(daemon.store)]
    done = subprocess.run(
        [*command, "--address", "127.0.0.1:0", "--json"], capture_output=True, encoding="utf-8", timeout=60
    )
    error = json.loads(done.stdout)["error"]

    assert "STORE_LOCKED" == error["reason"]
    assert str(daemon.pid) in error["message"]
    assert done.returncode


def test_a_second_daemon_at_the_address_is_told_so(daemon: DaemonProcess, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "agent_memory.cli", "serve", "--store", str(tmp_path / "other")]
    done = subprocess.run(
        [*command, "--address", daemon.address, "--json"], capture_output=True, encoding="utf-8", timeout=60
    )
    error = json.loads(done.stdout)["error"]

    assert "ADDRESS_IN_USE" == error["reason"]
    assert daemon.address in error["message"]


def test_an_address_for_all_the_world_is_refused(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "agent_memory.cli", "serve", "--store", str(tmp_path / "other")]
    done = subprocess.run(
        [*command, "--address", "0.0.0.0:0", "--json"], capture_output=True, encoding="utf-8", timeout=60
    )
    error = json.loads(done.stdout)["error"]

    assert ("INVALID_CONFIG", "address") == (error["reason"], error["field"])


async def test_bad_input_left_no_trace(daemon: DaemonProcess) -> None:
    """After all of the above: healthy, every view complete, nothing logged as an error."""
    async with connect_memory(daemon.address) as memory:
        status = await memory.status()
        await memory.wait_for(["toc", "lexical", "catalog"], status.position)

    assert status.healthy
    assert [] == [line for line in daemon.log.splitlines() if '"level": "error"' in line]
