"""A daemon with events in it and its views up to date, and what asking it costs."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

import agent_memory
from agent_memory.events import Draft, Event
from agent_memory.retrieval.model import SearchOptions, SearchResult
from agent_memory.sync import SyncMemory
from agent_memory.testing.daemon import DaemonProcess
from tools.bench.metrics import percentile

_BATCH_EVENTS = 500
_PAGE_EVENTS = 1_000
_VIEWS_WAIT_S = 600.0


class Took(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds of one search, as its client saw them and as the server tells them by step."""

    client_ms: float
    steps_ms: dict[str, float]
    tier: str


@contextmanager
def serving(
    drafts: Sequence[Draft], *, store: Path, model: Path | None, time_zone: str
) -> Iterator[tuple[SyncMemory, str]]:
    """A memory behind gRPC whose views contain all of *drafts*, and the id of its model."""
    flags = ("--time-zone", time_zone)
    with (
        DaemonProcess(store, model=model or store.parent / "no-model", flags=flags) as daemon,
        agent_memory.connect(daemon.address, timeout_s=120) as memory,
    ):
        position = 0
        for first in range(0, len(drafts), _BATCH_EVENTS):
            position = memory.append_batch(drafts[first : first + _BATCH_EVENTS])[-1].position
        status = memory.status()
        views = [view.name for view in status.views if status.model_id or view.name != "vectors"]
        memory.wait_for(views, position, timeout_s=_VIEWS_WAIT_S)
        # The first search loads the model.
        memory.search("warm up", limit=1)
        yield memory, status.model_id


def all_events(memory: SyncMemory, *, newest_first: bool = False) -> Iterator[Event]:
    """Of the whole log, in its order or from its end."""
    token = ""
    while True:
        page = memory.events(newest_first=newest_first, limit=_PAGE_EVENTS, token=token)
        yield from (recorded.event for recorded in page.items)
        token = page.next_token
        if not token:
            return


def timed_search(memory: SyncMemory, query: str, *, limit: int, options: SearchOptions) -> tuple[SearchResult, Took]:
    started = time.perf_counter()
    result = memory.search(query, limit=limit, options=options)
    client_ms = (time.perf_counter() - started) * 1000
    return result, Took(client_ms=client_ms, steps_ms=result.timings_ms, tier=result.tier.value)


def search_ms(took: Sequence[Took]) -> dict[str, object]:
    """p50 and p99, seen by the client, told by the server, and of each step where it was taken."""
    names = dict.fromkeys(name for one in took for name in one.steps_ms if name != "total")
    client = [one.client_ms for one in took]
    server = [one.steps_ms["total"] for one in took]
    return {
        "client_p50": percentile(client, 0.5),
        "client_p99": percentile(client, 0.99),
        "server_p50": percentile(server, 0.5),
        "server_p99": percentile(server, 0.99),
        "steps": {name: _step([one.steps_ms[name] for one in took if name in one.steps_ms]) for name in names},
    }


def _step(found: Sequence[float]) -> dict[str, float]:
    return {"searches": len(found), "p50": percentile(found, 0.5), "p99": percentile(found, 0.99)}
