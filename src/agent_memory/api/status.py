"""Errors across the wire: one table from error family to gRPC code, and the way back.

What a failed call carries (`grpc-status-details-bin`, a google.rpc.Status):

    code, message        what is wrong, where, and the way out, in one or two sentences
    ErrorInfo            exactly one: reason `UNKNOWN_NODE`, domain `agent-memory`, and the error's
                         own numbers as metadata; `hint` is its way out
    BadRequest           for `Invalid`: the field and what is wrong with it
    RetryInfo            for `Unavailable`: when to try again

The client builds the same exception from that, so a caller of `connect` catches what a caller of
`open` does. Source: https://google.aip.dev/193.
"""

from __future__ import annotations

import functools
import re
import traceback
import typing
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

import grpc

from agent_memory.api.wire.text import shown
from agent_memory.errors import (
    AgentMemoryError,
    Closed,
    Conflict,
    Corrupt,
    DaemonUnavailable,
    DeadlineExceeded,
    DiskFull,
    EventConflict,
    InternalError,
    Invalid,
    NotFound,
    Unavailable,
    UnknownFormat,
)

DOMAIN = "agent-memory"

CODES: tuple[tuple[type[AgentMemoryError], grpc.StatusCode], ...] = (
    (DiskFull, grpc.StatusCode.RESOURCE_EXHAUSTED),
    (EventConflict, grpc.StatusCode.ALREADY_EXISTS),
    (Invalid, grpc.StatusCode.INVALID_ARGUMENT),
    (NotFound, grpc.StatusCode.NOT_FOUND),
    (Conflict, grpc.StatusCode.ABORTED),
    (Unavailable, grpc.StatusCode.UNAVAILABLE),
    (Closed, grpc.StatusCode.FAILED_PRECONDITION),
    (UnknownFormat, grpc.StatusCode.FAILED_PRECONDITION),
    (Corrupt, grpc.StatusCode.DATA_LOSS),
)
"""By family, the narrower first; every other error is INTERNAL."""

_DETAILS_KEY = "grpc-status-details-bin"
_RETRY_DELAY_S = 1
# Trailing metadata travels in headers, 8 KiB in all by default, where text is percent-encoded
# (up to three bytes for one) and binary in base 64.
_MESSAGE_BYTES_MAX = 1024
_DETAIL_BYTES_MAX = 512


def code_of(error: type[AgentMemoryError] | AgentMemoryError) -> grpc.StatusCode:
    """The gRPC code of an error or of its class."""
    kind = error if isinstance(error, type) else type(error)
    return next((code for family, code in CODES if issubclass(kind, family)), grpc.StatusCode.INTERNAL)


def code_of_reason(reason: str) -> int:
    """The number of the gRPC code that goes with an ErrorInfo reason."""
    kind = _errors_by_reason().get(reason)
    return _number(code_of(kind) if kind else grpc.StatusCode.INTERNAL)


def internal_error(error: BaseException) -> InternalError:
    """What a caller learns of a bug: which error, and where; never what it was working on."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{PurePath(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "an unknown place"
    return InternalError(f"{type(error).__name__} at {place}")


# -- out ---------------------------------------------------------------------------------------


async def abort(context: grpc.aio.ServicerContext[Any, Any], error: AgentMemoryError) -> typing.NoReturn:
    """End the call with the error and its details."""
    code = code_of(error)
    message = message_of(error)
    await context.abort(code, message, ((_DETAILS_KEY, status_bytes(error)),))


def message_of(error: AgentMemoryError) -> str:
    """What is wrong, where, and the way out."""
    return _cut(error.advice, _MESSAGE_BYTES_MAX)


def status_bytes(error: AgentMemoryError) -> bytes:
    """The google.rpc.Status of an error."""
    # These are needed when something fails, which a daemon that starts need not wait for.
    from google.protobuf.any_pb2 import Any as AnyMessage
    from google.rpc import error_details_pb2, status_pb2

    details = {name: _cut(value, _DETAIL_BYTES_MAX) for name, value in error.details.items()}
    if error.hint:
        details["hint"] = _cut(error.hint, _DETAIL_BYTES_MAX)
    parts: list[Any] = [error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=details)]
    if isinstance(error, Invalid):
        violation = error_details_pb2.BadRequest.FieldViolation(
            field=details["field"],
            description=details["problem"],
            reason=error.reason,
        )
        parts.append(error_details_pb2.BadRequest(field_violations=[violation]))
    if isinstance(error, Unavailable):
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.seconds = _RETRY_DELAY_S
        parts.append(retry)
    status = status_pb2.Status(code=_number(code_of(error)), message=message_of(error))
    for part in parts:
        packed = AnyMessage()
        packed.Pack(part)
        status.details.append(packed)
    return bytes(status.SerializeToString())


def _cut(text: str, bytes_max: int) -> str:
    text = shown(text)
    if len(text.encode()) <= bytes_max:
        return text
    return text.encode()[: bytes_max - 3].decode(errors="ignore") + "…"


def _number(code: grpc.StatusCode) -> int:
    return int(code.value[0])


# What gRPC says where nobody listens: every address that it tried, at length, and why at its end.
_NOT_REACHED = re.compile(r"failed to connect to all addresses; last error: .*: ([^:]+)$")

# -- back --------------------------------------------------------------------------------------


def error_from_rpc(failure: grpc.aio.AioRpcError, address: str) -> AgentMemoryError:
    """The exception that the same call would have raised in process."""
    error = error_from_status(failure)
    if error is not None:
        return error
    code = failure.code()
    said = failure.details() or code.name
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return DeadlineExceeded(address)
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED and "larger than max" in said:
        return Invalid("message", said, "is larger than one message may be", hint="Send fewer events in one call.")
    if code is grpc.StatusCode.INVALID_ARGUMENT:
        return Invalid("request", said, "is not understood by the daemon")
    if code is grpc.StatusCode.UNIMPLEMENTED:
        return DaemonUnavailable(address, f"what answers there is no agent-memory of this release ({said})")
    if code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED):
        reason = _NOT_REACHED.search(said)
        return DaemonUnavailable(address, reason[1].lower() if reason else said)
    return InternalError(f"{code.name}: {said}")


def error_from_status(failure: grpc.aio.AioRpcError) -> AgentMemoryError | None:
    """The error that a failed call describes; None where its details hold none of ours."""
    trailing: Any = failure.trailing_metadata() or ()
    raw = next((value for key, value in trailing if key == _DETAILS_KEY), None)
    if not isinstance(raw, bytes):
        return None
    from google.rpc import error_details_pb2, status_pb2

    status = status_pb2.Status.FromString(raw)
    info = error_details_pb2.ErrorInfo()
    if not any(detail.Unpack(info) for detail in status.details) or info.domain != DOMAIN:
        return None
    return rebuilt(info.reason, status.message, dict(info.metadata))


def rebuilt(reason: str, message: str, details: dict[str, str]) -> AgentMemoryError:
    """The exception with that reason, message and numbers; of its family's base if it is a newer one."""
    kind = _errors_by_reason().get(reason, InternalError)
    hint = details.pop("hint", "")
    text = message.removesuffix(f". {hint}") if hint else message
    error = kind.__new__(kind)
    error.args = (text,)
    types = _attribute_types(kind)
    for name, value in details.items():
        setattr(error, name, int(value) if types.get(name) is int and _is_number(value) else value)
    if hint != kind.hint:
        error.hint = hint
    return error


@functools.cache
def _errors_by_reason() -> dict[str, type[AgentMemoryError]]:
    def families(kind: type[AgentMemoryError]) -> Iterator[type[AgentMemoryError]]:
        yield kind
        for narrower in kind.__subclasses__():
            yield from families(narrower)

    return {kind.__new__(kind).reason: kind for kind in families(AgentMemoryError)}


def _attribute_types(kind: type[AgentMemoryError]) -> dict[str, Any]:
    """What the constructor takes, which is what the attributes are."""
    constructor = kind.__init__
    return {} if constructor is Exception.__init__ else typing.get_type_hints(constructor)


def _is_number(text: str) -> bool:
    return text.removeprefix("-").isdecimal()
