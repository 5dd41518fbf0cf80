"""An error crosses the wire as google.rpc details and comes out as the exception that it was."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

import agent_memory.errors as errors
from agent_memory.api import status as api_status
from agent_memory.api.client import connect_memory
from agent_memory.api.server import serve_memory
from agent_memory.errors import AgentMemoryError, EventConflict, InternalError, Invalid, InvalidEvent, UnknownNode
from agent_memory.events import Draft, Kind
from agent_memory.testing.scripted_memory import ScriptedMemory

DRAFT = Draft(kind=Kind.OTHER, session="s", text="t")

EXPECTED_CODES = {
    "InvalidEvent": "INVALID_ARGUMENT",
    "InvalidQuery": "INVALID_ARGUMENT",
    "InvalidConfig": "INVALID_ARGUMENT",
    "UnknownEvent": "NOT_FOUND",
    "UnknownView": "NOT_FOUND",
    "EventConflict": "ALREADY_EXISTS",
    "ReplayRunning": "ABORTED",
    "DiskFull": "RESOURCE_EXHAUSTED",
    "ViewBehind": "UNAVAILABLE",
    "StoreLocked": "UNAVAILABLE",
    "StorageUnavailable": "UNAVAILABLE",
    "InferenceUnavailable": "UNAVAILABLE",
    "Closed": "FAILED_PRECONDITION",
    "ProjectionError": "INTERNAL",
    "InternalError": "INTERNAL",
    "ChecksumMismatch": "DATA_LOSS",
    "UnknownFormat": "FAILED_PRECONDITION",
    "UnknownKind": "FAILED_PRECONDITION",
}


def every_class(kind: type[AgentMemoryError] = AgentMemoryError) -> Iterator[type[AgentMemoryError]]:
    yield kind
    for narrower in kind.__subclasses__():
        yield from every_class(narrower)


def sample(kind: type[AgentMemoryError]) -> AgentMemoryError:
    """An error of the class, its arguments made up by their types."""
    if kind.__init__ is Exception.__init__:
        return kind("something is wrong")
    arguments: dict[str, Any] = {}
    for name, hint in typing.get_type_hints(kind.__init__).items():
        if name not in ("return", "hint"):
            arguments[name] = 1_234 if hint is int else f"some {name}"
    return kind(**arguments)


ALL = [pytest.param(sample(kind), id=kind.__name__) for kind in every_class() if kind.__module__ == errors.__name__]


@pytest.mark.parametrize("error", ALL)
async def test_the_caller_catches_what_was_raised(error: AgentMemoryError) -> None:
    """Class, message, numbers and hint: all as in process."""
    async with (
        serve_memory(ScriptedMemory({"append": error}), address="127.0.0.1:0") as server,
        connect_memory(server.address) as memory,
    ):
        with pytest.raises(AgentMemoryError) as caught:
            await memory.append(DRAFT)

    assert type(error) is type(caught.value)
    assert str(error) == str(caught.value)
    assert vars(error) == vars(caught.value)
    assert error.hint == caught.value.hint


async def raw_failure(error: Exception) -> grpc.aio.AioRpcError:
    from agent_memory._pb.agent_memory.v1 import event_service_pb2, event_service_pb2_grpc

    async with (
        serve_memory(ScriptedMemory({"event": error}), address="127.0.0.1:0") as server,
        grpc.aio.insecure_channel(server.address) as channel,
    ):
        stub = event_service_pb2_grpc.EventServiceStub(channel)
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await stub.GetEvent(event_service_pb2.GetEventRequest(id="x"), timeout=20)
    return failed.value


def details_of(failure: grpc.aio.AioRpcError) -> tuple[status_pb2.Status, dict[str, Any]]:
    trailing: Any = failure.trailing_metadata()
    status = status_pb2.Status.FromString(dict(trailing)["grpc-status-details-bin"])
    parts: dict[str, Any] = {}
    for detail in status.details:
        name = detail.TypeName().rsplit(".", 1)[-1]
        assert name not in parts, "one of each"
        parts[name] = getattr(error_details_pb2, name)()
        detail.Unpack(parts[name])
    return status, parts


@pytest.mark.parametrize("error", ALL)
async def test_each_error_has_its_code_and_exactly_one_error_info(error: AgentMemoryError) -> None:
    failure = await raw_failure(error)
    status, parts = details_of(failure)

    assert EXPECTED_CODES.get(type(error).__name__, failure.code().name) == failure.code().name
    assert failure.code().value[0] == status.code
    assert (error.reason, "agent-memory") == (parts["ErrorInfo"].reason, parts["ErrorInfo"].domain)
    assert error.advice == status.message == failure.details()
    assert isinstance(error, Invalid) == ("BadRequest" in parts)
    assert isinstance(error, errors.Unavailable) == ("RetryInfo" in parts)


async def test_bad_input_is_named_by_its_field() -> None:
    _, parts = details_of(await raw_failure(InvalidEvent("events[3].text", "", "is empty")))
    (violation,) = parts["BadRequest"].field_violations

    assert ("events[3].text", "is empty", "INVALID_EVENT") == (
        violation.field,
        violation.description,
        violation.reason,
    )


@pytest.mark.parametrize("character", ["x", "й", "語", "😀", "\ud800", "%", "\0"])
async def test_an_id_of_a_megabyte_gets_an_ordinary_answer(character: str) -> None:
    """Details travel in headers, which are small."""
    failure = await raw_failure(UnknownNode(character * (1 << 20)))
    _, parts = details_of(failure)

    assert "NOT_FOUND" == failure.code().name
    assert "UNKNOWN_NODE" == parts["ErrorInfo"].reason


async def test_a_bug_says_where_it_is_and_nothing_of_the_conversation() -> None:
    failure = await raw_failure(KeyError("the secret that somebody said"))
    _, parts = details_of(failure)

    assert "INTERNAL" == failure.code().name
    assert "INTERNAL_ERROR" == parts["ErrorInfo"].reason
    assert "KeyError at scripted_memory.py:" in str(failure.details())
    assert "secret" not in f"{failure.details()}{parts}"


async def test_a_bug_is_logged_with_its_place_and_without_words(caplog: pytest.LogCaptureFixture) -> None:
    await raw_failure(KeyError("the secret that somebody said"))
    entries = [record.getMessage() for record in caplog.records if "call failed" in record.getMessage()]

    assert 1 == len(entries)
    assert "KeyError" in entries[0]
    assert "scripted_memory.py" in entries[0]
    assert "secret" not in entries[0]


async def test_what_a_caller_does_wrong_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    await raw_failure(UnknownNode("day/2026-01-15"))

    assert [] == [record for record in caplog.records if "call failed" in record.getMessage()]


def test_an_error_of_a_newer_daemon_keeps_its_message() -> None:
    error = api_status.rebuilt("TOO_NEW", "It is too new. Wait.", {"hint": "Wait.", "since": "2"})

    assert (InternalError, "It is too new", "Wait.", "2") == (type(error), str(error), error.hint, vars(error)["since"])


def test_a_conflict_in_a_batch_keeps_its_place() -> None:
    error = EventConflict("01KF0FV2E00000000000000001", 7).within("events[2]")
    status = status_pb2.Status.FromString(api_status.status_bytes(error))
    info = error_details_pb2.ErrorInfo()
    status.details[0].Unpack(info)
    back = api_status.rebuilt(info.reason, status.message, dict(info.metadata))

    assert str(error) == str(back)
    assert vars(error) == vars(back)


@pytest.mark.parametrize(
    ("reason", "code"), [("INVALID_EVENT", 3), ("EVENT_CONFLICT", 6), ("DISK_FULL", 8), ("NO_SUCH_REASON", 13)]
)
def test_a_refusal_in_a_stream_has_the_code_of_its_reason(reason: str, code: int) -> None:
    assert code == api_status.code_of_reason(reason)
