"""Memory types through the door: what is asked for by type is of that type, and there is some of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import grpc
import pytest

from agent_memory._pb.agent_memory.v1 import event_service_pb2 as pb
from agent_memory._pb.agent_memory.v1 import event_service_pb2_grpc as pb_grpc
from agent_memory._pb.agent_memory.v1 import filter_pb2
from agent_memory.annotation import MemoryType
from agent_memory.annotation.types import types_of
from agent_memory.api.client import GrpcMemory
from agent_memory.memory import Filter
from agent_memory.samples import paths
from agent_memory.testing.daemon import DaemonProcess

pytestmark = pytest.mark.usefixtures("without_model")

TYPES = sorted(type.value for type in MemoryType)


class Line:
    """`agent-memory` against one daemon."""

    def __init__(self, address: str, folder: Path) -> None:
        self._address = address
        self._environ = {**os.environ, "XDG_CONFIG_HOME": str(folder), "XDG_DATA_HOME": str(folder)}

    def __call__(self, *args: str) -> dict[str, Any]:
        command = [sys.executable, "-m", "agent_memory.cli", *args, "--json", "--address", self._address]
        done = subprocess.run(command, capture_output=True, env=self._environ, timeout=120)
        told: dict[str, Any] = json.loads(done.stdout)
        return {**told, "code": done.returncode}


@pytest.fixture(scope="module")
def cli(daemon: DaemonProcess, tmp_path_factory: pytest.TempPathFactory) -> Line:
    """The command line of a daemon that holds the sample conversations."""
    line = Line(daemon.address, tmp_path_factory.mktemp("home"))
    for path in paths():
        assert 0 == line("ingest", str(path), "--wait")["code"]
    return line


def test_search_by_type_finds_some_and_only_such(cli: Line) -> None:
    hits = cli("search", "the tests of the booking", "--type", "error", "--limit", "20")["data"]["hits"]

    assert hits
    assert [] == [hit["event"]["text"] for hit in hits if "error" not in hit["types"]]
    assert [] == [hit["event"]["text"] for hit in hits if hit["types"] != hit["event"]["types"]]


def test_search_without_a_type_finds_others_too(cli: Line) -> None:
    hits = cli("search", "the tests of the booking", "--limit", "20")["data"]["hits"]

    assert any("error" not in hit["types"] for hit in hits)


def test_events_by_type_are_all_that_there_are_of_it(cli: Line) -> None:
    everything = cli("events", "--limit", "0")["data"]["events"]
    decisions = cli("events", "--type", "decision", "--limit", "0")["data"]["events"]
    either = cli("events", "--type", "decision", "--type", "constraint", "--limit", "0")["data"]["events"]

    assert decisions
    assert [event["id"] for event in everything if "decision" in event["types"]] == [e["id"] for e in decisions]
    assert [event["id"] for event in everything if {"decision", "constraint"} & set(event["types"])] == (
        [event["id"] for event in either]
    )


def test_show_tells_the_types_of_an_event(cli: Line) -> None:
    listed = cli("events", "--type", "preference", "--limit", "1")["data"]["events"][0]
    shown = cli("show", listed["id"])["data"]["event"]

    assert listed["types"] == shown["types"]
    assert "preference" in shown["types"]


@pytest.mark.parametrize("command", [("search", "x"), ("events",), ("context", "x")])
def test_an_unknown_type_is_refused_with_those_there_are(cli: Line, command: tuple[str, ...]) -> None:
    told = cli(*command, "--type", "mistake")

    assert (2, "USAGE") == (told["code"], told["error"]["reason"])
    assert [] == [type for type in TYPES if f"'{type}'" not in told["error"]["message"]]


async def test_types_cross_the_wire_as_they_are_told_here(cli: Line, memory: GrpcMemory) -> None:
    page = await memory.events(where=Filter(types=(MemoryType.ERROR, MemoryType.QUESTION)), limit=1000)
    found = await memory.search("refund", where=Filter(types=(MemoryType.DECISION,)))

    assert page.items
    assert [] == [r.event.text for r in page.items if not types_of(r.event) & {MemoryType.ERROR, MemoryType.QUESTION}]
    assert found.hits
    assert [set(types_of(hit.recorded.event)) for hit in found.hits] == [set(hit.types) for hit in found.hits]


async def test_sessions_by_type_are_those_that_hold_one(cli: Line, memory: GrpcMemory) -> None:
    events = (await memory.events(where=Filter(types=(MemoryType.PREFERENCE,)), limit=1000)).items
    sessions = (await memory.sessions(where=Filter(types=(MemoryType.PREFERENCE,)), limit=1000)).items

    assert {recorded.event.session for recorded in events} == {session.id for session in sessions}
    assert len(sessions) < len((await memory.sessions(limit=1000)).items)


async def test_a_number_that_is_no_type_is_refused_with_those_there_are(cli: Line, channel: grpc.aio.Channel) -> None:
    stub: Any = pb_grpc.EventServiceStub(channel)
    request = pb.ListEventsRequest(filter=filter_pb2.Filter(types=[99]))  # type: ignore[list-item]
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stub.ListEvents(request)

    assert grpc.StatusCode.INVALID_ARGUMENT == refused.value.code()
    assert "MEMORY_TYPE_DECISION" in (refused.value.details() or "")


async def test_a_page_of_many_events_has_the_types_of_each(cli: Line, channel: grpc.aio.Channel) -> None:
    """Beyond a hundred, answers are made beside the event loop."""
    stub: Any = pb_grpc.EventServiceStub(channel)
    many = (await stub.ListEvents(pb.ListEventsRequest(page_size=300))).events
    few = [await stub.GetEvent(pb.GetEventRequest(id=event.id)) for event in many[:300:20]]

    assert 300 == len(many)
    assert few == many[:300:20]
    assert any(event.types for event in few)
