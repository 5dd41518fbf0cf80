"""How the store is, as `status` and the health service tell it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agent_memory.clock import Clock
from agent_memory.daemon.spool_report import SpoolReport
from agent_memory.log import EventLog
from agent_memory.memory import Status, ViewState, ViewStatus
from agent_memory.projectors.runner import Standing, ViewRunner
from agent_memory.projectors.views import Views
from agent_memory.storage import Store
from agent_memory.summaries.reports import SummariesStatus

STALL_S = 60.0
"""How long a view may have entries to take in and take in none."""


class StatusReport:
    """Puts together what log, views and disk say of themselves."""

    def __init__(
        self,
        store: Store,
        log: EventLog,
        views: Views,
        spool: SpoolReport,
        summaries: Callable[[], SummariesStatus],
        *,
        model_id: str,
        clock: Clock,
    ) -> None:
        self._store = store
        self._log = log
        self._views = views
        self._spool = spool
        self._summaries = summaries
        self._model_id = model_id
        self._start_ms = clock.now_ms()

    def status(self) -> Status:
        """Each view with its lag, and whether appends are durable."""
        from agent_memory import __version__

        head = self._log.head()
        views = tuple(_view_status(runner, head) for runner in self._views)
        append_error = self._log.append_error()
        spool = self._spool.status()
        return Status(
            healthy=not append_error and not spool.error and all(view.state is not ViewState.FAILED for view in views),
            position=head,
            event_count=self._log.event_count(),
            views=views,
            store_path=str(self._store.path),
            time_zone=self._store.manifest.time_zone,
            model_id=self._model_id,
            store_format=self._store.manifest.format,
            version=__version__,
            start_ms=self._start_ms,
            disk_free_bytes=self._store.free_bytes(),
            append_error=append_error,
            spool=spool,
            summaries=self._summaries(),
        )


def _view_status(runner: ViewRunner[Any], head: int) -> ViewStatus:
    standing = runner.standing
    if standing is None and runner.still_s() >= STALL_S:
        # Whatever it says of itself: a view that has work and does none has failed.
        standing = Standing(False, f"has taken in nothing for {runner.still_s():.0f} s", runner.position + 1)
    state = ViewState.LIVE
    if standing is not None:
        state = ViewState.WAITING if standing.waiting else ViewState.FAILED
    return ViewStatus(
        name=runner.view.name,
        state=state,
        position=runner.position,
        lag=max(head - runner.position, 0),
        oldest_pending_s=runner.oldest_pending_s(),
        error=standing.error if standing else "",
        error_position=standing.position if standing else 0,
        generation=runner.view.generation,
    )
