"""What every method shares: errors become statuses, and a wait ends before its caller's deadline."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Any, NoReturn, TypeAlias, TypeVar, cast

import grpc

from agent_memory.api.status import abort, code_of, internal_error
from agent_memory.errors import AgentMemoryError, Invalid, ViewBehind
from agent_memory.memory import Memory
from agent_memory.telemetry import LOG

T = TypeVar("T")
Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
Method = TypeVar("Method", bound=Callable[..., Any])

PAGE_SIZE_DEFAULT = 100
_LOGGED = (grpc.StatusCode.INTERNAL, grpc.StatusCode.DATA_LOSS)
_ANSWER_S = 0.2
"""How long before the caller's deadline a wait gives up, so that its caller learns what it waited for."""


def answered(method: Method) -> Method:
    """A unary method whose errors reach the caller with their details."""

    @functools.wraps(method)
    async def guarded(self: object, request: object, context: Context) -> object:
        try:
            if isinstance(request, Invalid):
                raise request
            return await method(self, request, context)
        except Exception as error:
            await fail(context, error, method.__name__)

    return cast("Method", guarded)


def streamed(method: Method) -> Method:
    """The same for a method that answers with a stream; leaving it early closes the stream."""

    @functools.wraps(method)
    async def guarded(self: object, request: object, context: Context) -> AsyncIterator[object]:
        try:
            if isinstance(request, Invalid):
                raise request
            async with aclosing(method(self, request, context)) as answers:
                async for answer in answers:
                    yield answer
        except Exception as error:
            await fail(context, error, method.__name__)

    return cast("Method", guarded)


async def fail(context: Context, error: Exception, method: str) -> NoReturn:
    """End the call with *error*; what is not the caller's doing is logged."""
    if isinstance(error, grpc.aio.AbortError):
        raise error
    ours = error if isinstance(error, AgentMemoryError) else internal_error(error)
    if code_of(ours) in _LOGGED:
        LOG.error("call failed", method=method, error=error)
    await abort(context, ours)


async def once_reached(
    context: Context,
    memory: Memory,
    read: Callable[[], Awaitable[T]],
    *,
    min_position: int,
    views: Sequence[str],
) -> T:
    """What *read* gives; where it waits for a position, for as long as the call's deadline allows.

    Without a deadline it waits as long as `Memory` does by itself. Errors: `ViewBehind`.
    """
    if not min_position:
        return await read()
    left_s: float | None = context.time_remaining()
    if left_s is None:
        return await read()
    try:
        async with asyncio.timeout(max(left_s - _ANSWER_S, left_s / 2)):
            while True:
                try:
                    return await read()
                except ViewBehind:
                    # A `Memory` waits for seconds; one that does not must not spin here.
                    await asyncio.sleep(0.01)
    except TimeoutError:
        raise await _laggard(memory, views, min_position) from None


async def _laggard(memory: Memory, views: Sequence[str], target: int) -> ViewBehind:
    status = await memory.status()
    asked = [view for view in status.views if view.name in views]
    last = min(asked, key=lambda view: view.position, default=None)
    if last is None or status.position < target:
        return ViewBehind("log", status.position, target)
    return ViewBehind(last.name, last.position, target)
