"""Every request field that exists is honoured: setting it changes the call that the `Memory` gets."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.timestamp_pb2 import Timestamp

from agent_memory._pb.agent_memory.v1 import (
    admin_service_pb2,
    contents_service_pb2,
    event_service_pb2,
    grip_service_pb2,
    search_service_pb2,
    session_service_pb2,
)
from agent_memory.api.server import serve_memory
from agent_memory.events import Receipt, Recorded
from agent_memory.testing.scripted_memory import EVENT, ScriptedMemory

METHODS = [
    method
    for file in (
        event_service_pb2,
        session_service_pb2,
        contents_service_pb2,
        grip_service_pb2,
        search_service_pb2,
        admin_service_pb2,
    )
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
]

# A request that is served, where the empty one is not. Fields of it are varied one by one.
EVENT_FIELDS: dict[str, Any] = {"kind": 1, "session": "s", "text": "t"}
BASES: dict[str, dict[str, Any]] = {
    "AppendEventRequest": {"event": EVENT_FIELDS},
    "BatchAppendEventsRequest": {"events": [EVENT_FIELDS]},
    "StreamAppendEventsRequest": {"event": EVENT_FIELDS},
}
# What the server alone knows of an event. Either form of the text is set alone.
OUTPUT_ONLY = (
    "event.position",
    "events.position",
    "event.types",
    "events.types",
    "scaffolding.start",
    "scaffolding.end",
    "scaffolding.what",
)
INSTEAD_OF = {"text_wtf8": "text"}


def other_value(field: FieldDescriptor) -> Any:
    if field.enum_type:
        return 2
    if field.type == FieldDescriptor.TYPE_BOOL:
        return True
    if field.type == FieldDescriptor.TYPE_BYTES:
        return b"x\xed\xa0\x80"
    if field.type == FieldDescriptor.TYPE_STRING:
        return f"other {field.name}"
    return 7


def variants(message: Descriptor, path: str = "") -> Iterator[tuple[str, Any]]:
    """Each way to set one field: its path, and what to do to a message of this kind."""
    for field in message.fields:
        name = f"{path}{field.name}"
        nested = field.message_type
        if nested is not None and nested.GetOptions().map_entry:
            yield name, lambda m, f=field: getattr(m, f.name).update({"key": "value"})
        elif nested is not None and nested is Timestamp.DESCRIPTOR:
            yield name, lambda m, f=field: getattr(m, f.name).FromMilliseconds(1_768_469_400_000)
        elif nested is not None:
            for inner, change in variants(nested, f"{name}."):
                yield inner, lambda m, f=field, c=change: c(part(m, f))
        elif field.is_repeated:
            yield name, lambda m, f=field: getattr(m, f.name).append(other_value(f))
        else:
            yield name, lambda m, f=field: set_field(m, f)


def part(message: Message, field: FieldDescriptor) -> Any:
    value = getattr(message, field.name)
    if not field.is_repeated:
        return value
    return value[0] if value else value.add()


def set_field(message: Message, field: FieldDescriptor) -> None:
    if field.name in INSTEAD_OF:
        message.ClearField(INSTEAD_OF[field.name])
    setattr(message, field.name, other_value(field))


CASES = [
    pytest.param(method, change, f"{method.input_type.name}.{name}", id=f"{method.name}-{name}")
    for method in METHODS
    for name, change in variants(method.input_type)
]


class Door:
    def __init__(self, memory: ScriptedMemory, channel: grpc.aio.Channel) -> None:
        self.memory = memory
        self._channel = channel

    async def calls(self, method: Any, request: Message) -> list[Any]:
        """What the memory is asked when *method* is called with *request*."""
        self.memory.calls.clear()
        kind = {
            (False, False): self._channel.unary_unary,
            (False, True): self._channel.unary_stream,
            (True, True): self._channel.stream_stream,
        }[method.client_streaming, method.server_streaming]
        call = kind(
            f"/{method.containing_service.full_name}/{method.name}",
            type(request).SerializeToString,
            GetMessageClass(method.output_type).FromString,
        )
        if not method.server_streaming:
            await call(request, timeout=20)
        else:
            async for _ in call(iter([request]) if method.client_streaming else request, timeout=20):
                pass
        return [asked for asked in self.memory.calls if asked[0] != "status" or method.name == "GetStatus"]


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    receipt = Receipt(EVENT.id, 1, True)
    memory = ScriptedMemory(
        {
            "append": receipt,
            "append_batch": [receipt],
            "append_stream": receipt,
            "event": Recorded(1, EVENT),
            "get_events": [Recorded(1, EVENT)],
        }
    )
    async with (
        serve_memory(memory, address="127.0.0.1:0", health_poll_s=600) as server,
        grpc.aio.insecure_channel(server.address) as channel,
    ):
        yield Door(memory, channel)


@pytest.mark.parametrize(("method", "change", "field"), CASES)
async def test_a_request_field_changes_the_call(door: Door, method: Any, change: Any, field: str) -> None:
    request_type = GetMessageClass(method.input_type)
    plain = request_type(**BASES.get(method.input_type.name, {}))
    changed = request_type()
    changed.CopyFrom(plain)
    change(changed)
    before, after = await door.calls(method, plain), await door.calls(method, changed)

    assert len(before) == len(after) == 1
    ignored = before == after
    assert field.endswith(OUTPUT_ONLY) is ignored


def test_every_method_of_the_protos_is_called_here() -> None:
    assert METHODS
    without_fields = {"GetStatus", "VerifyStore"}

    assert {m.name for m in METHODS} - without_fields == {case.values[0].name for case in CASES}
