"""grpc.health.v1: overall, for each service, and for each view.

    ""                                 appends are durable, and status is answered in time
    agent_memory.v1.EventService       the same
    agent_memory.v1.ContentsService    view toc
    agent_memory.v1.SessionService     view catalog
    agent_memory.v1.SearchService      one of the views that can serve a search
    agent_memory.v1.GripService        status is answered in time
    agent_memory.v1.AdminService       the same
    agent_memory.v1.SummaryService     the same, and no wrong setting keeps the worker from wording
    agent_memory.view.toc, ...         that view; NOT_SERVING while it has failed, waits, or
                                       stands still with entries pending

A healthy face with a dead queue must be impossible, so nothing here is remembered from better
days: the states are worked out anew once a second and for every Check, a status that does not come
in time means NOT_SERVING for all, and a view that has work and does not move is down whatever it
says of itself.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from typing import TYPE_CHECKING, Any

import grpc

from agent_memory.api.servicers.answering import Context
from agent_memory.memory import VIEW_NAMES, Memory, Status, ViewState, ViewStatus
from agent_memory.summaries.reports import SummariesState
from agent_memory.telemetry import LOG

if TYPE_CHECKING:
    from grpc_health.v1 import health_pb2

SERVICE = "grpc.health.v1.Health"
VIEW_PREFIX = "agent_memory.view."
_PREFIX = "agent_memory.v1."
_SERVICES = (
    "EventService",
    "SessionService",
    "ContentsService",
    "GripService",
    "SearchService",
    "AdminService",
    "SummaryService",
)
NAMES = ("", *(_PREFIX + name for name in _SERVICES), *(VIEW_PREFIX + name for name in VIEW_NAMES))

POLL_S = 1.0
ANSWER_S = 5.0
STALL_S = 60.0
_FRESH_S = 0.05


class Progress:
    """Since when each view has stood where it stands."""

    def __init__(self, *, stall_s: float = STALL_S, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._stall_s = stall_s
        self._monotonic_s = monotonic_s
        self._stood: dict[str, tuple[int, int, float]] = {}

    def is_stalled(self, view: ViewStatus) -> bool:
        """Whether it has had work for long, and did none of it. To be asked at every poll."""
        now = self._monotonic_s()
        generation, position, since = self._stood.get(view.name, (view.generation, view.position, now))
        if view.lag == 0 or (generation, position) != (view.generation, view.position):
            since = now
        self._stood[view.name] = (view.generation, view.position, since)
        return now - since >= self._stall_s


def serving(status: Status | None, progress: Progress) -> dict[str, bool]:
    """For each name whether it serves; *status* is None where none came in time."""
    if status is None:
        return dict.fromkeys(NAMES, False)
    up = {view.name: view.state is ViewState.LIVE and not progress.is_stalled(view) for view in status.views}
    views = {name: up.get(name, False) for name in VIEW_NAMES}
    durable = not status.append_error
    services = {
        "EventService": durable,
        "SessionService": views["catalog"],
        "ContentsService": views["toc"],
        "GripService": True,
        "SearchService": views["lexical"] or views["vectors"] or views["toc"],
        "AdminService": True,
        "SummaryService": status.summaries.state is not SummariesState.STOPPED,
    }
    return {
        "": durable,
        **{_PREFIX + name: state for name, state in services.items()},
        **{VIEW_PREFIX + name: state for name, state in views.items()},
    }


class Health:
    """The health service of one `Memory`."""

    def __init__(
        self,
        memory: Memory,
        stopping: asyncio.Event,
        *,
        poll_s: float = POLL_S,
        answer_s: float = ANSWER_S,
        stall_s: float = STALL_S,
    ) -> None:
        self._memory = memory
        self._stopping = stopping
        self._poll_s = poll_s
        self._answer_s = answer_s
        self._progress = Progress(stall_s=stall_s)
        self._states: Mapping[str, bool] = dict.fromkeys(NAMES, False)
        self._changed = asyncio.Event()
        self._asked_s = float("-inf")
        self._asking: asyncio.Task[None] | None = None
        self._told = False

    # -- keeping up -----------------------------------------------------------------------------

    async def watch(self) -> None:
        """Work out the states anew, once per poll, until the daemon stops."""
        while not self._stopping.is_set():
            await self.refresh()
            try:
                async with asyncio.timeout(self._poll_s):
                    await self._stopping.wait()
            except TimeoutError:
                continue
        self._told = False  # the end of the daemon has a line of its own
        self._take(dict.fromkeys(NAMES, False))

    async def refresh(self) -> None:
        """Make the states those of now. Callers at the same time share one question."""
        if self._stopping.is_set() or time.monotonic() - self._asked_s < _FRESH_S:
            return
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
        await asyncio.shield(self._asking)

    async def _ask(self) -> None:
        status: Status | None = None
        try:
            async with asyncio.timeout(self._answer_s):
                status = await self._memory.status()
        except Exception as error:
            LOG.error("status does not answer", error=error)
        self._asked_s = time.monotonic()
        if not self._stopping.is_set():
            self._take(serving(status, self._progress))

    def _take(self, states: Mapping[str, bool]) -> None:
        if states != self._states:
            before, self._states = self._states, states
            changed, self._changed = self._changed, asyncio.Event()
            changed.set()
            if self._told:
                _log_changes(before, states)
        self._told = True

    # -- answering ------------------------------------------------------------------------------

    async def check(self, request: health_pb2.HealthCheckRequest, context: Context) -> Any:
        """grpc.health.v1.Health.Check"""
        if request.service not in self._states:
            await context.abort(grpc.StatusCode.NOT_FOUND, f"no service {request.service[:80]!r} here; see List")
        await self.refresh()
        return self._response(request.service)

    async def list_all(self, request: health_pb2.HealthListRequest, context: Context) -> Any:
        """grpc.health.v1.Health.List"""
        from grpc_health.v1 import health_pb2

        await self.refresh()
        return health_pb2.HealthListResponse(statuses={name: self._response(name) for name in NAMES})

    async def watch_one(self, request: health_pb2.HealthCheckRequest, context: Context) -> AsyncIterator[Any]:
        """grpc.health.v1.Health.Watch: the state, and every change of it until the daemon stops."""
        await self.refresh()
        told = None
        while True:
            changed = self._changed
            response = self._response(request.service)
            if response.status != told:
                told = response.status
                yield response
            if self._stopping.is_set() and not any(self._states.values()):
                return
            await changed.wait()

    def _response(self, name: str) -> health_pb2.HealthCheckResponse:
        from grpc_health.v1.health_pb2 import HealthCheckResponse

        state = self._states.get(name)
        if state is None:
            return HealthCheckResponse(status=HealthCheckResponse.SERVICE_UNKNOWN)
        return HealthCheckResponse(status=HealthCheckResponse.SERVING if state else HealthCheckResponse.NOT_SERVING)


def _log_changes(before: Mapping[str, bool], now: Mapping[str, bool]) -> None:
    for state, log in ((False, LOG.warning), (True, LOG.info)):
        names = [name or "overall" for name in NAMES if now[name] is state and before[name] is not state]
        if names:
            log("serving again" if state else "not serving", check=names)


def add_health(server: grpc.aio.Server, health: Health) -> None:
    """Let the server answer for its health."""
    from grpc_health.v1 import health_pb2 as pb

    handlers = {
        "Check": grpc.unary_unary_rpc_method_handler(
            health.check, pb.HealthCheckRequest.FromString, pb.HealthCheckResponse.SerializeToString
        ),
        "List": grpc.unary_unary_rpc_method_handler(
            health.list_all, pb.HealthListRequest.FromString, pb.HealthListResponse.SerializeToString
        ),
        "Watch": grpc.unary_stream_rpc_method_handler(
            health.watch_one, pb.HealthCheckRequest.FromString, pb.HealthCheckResponse.SerializeToString
        ),
    }
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(SERVICE, handlers)])
