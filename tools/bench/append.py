"""Rows of the append: durable, one by one over a gRPC stream, and a thousand at a time."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import rocksdict

from agent_memory._pb.agent_memory.v1 import event_service_pb2 as pb
from agent_memory._pb.agent_memory.v1 import event_service_pb2_grpc
from agent_memory.api.wire.events import draft_to_pb
from agent_memory.clock import SYSTEM_CLOCK, RandomIds
from agent_memory.events import Draft
from agent_memory.events.drafting import complete_all
from agent_memory.log import RowEventLog
from agent_memory.log.keys import log_entry, log_position
from agent_memory.storage import Family, open_store, scan_all
from agent_memory.testing.daemon import DaemonProcess
from tools.bench.rows import Row
from tools.bench.workshop import Workshop

STREAM_EVENTS_MAX = 20_000
BATCH_EVENTS = 1_000
_ROUNDS = 3
_READY_S = 30.0

StoredRow = tuple[Family, bytes, bytes]


def rows(shop: Workshop) -> Iterator[Row]:
    yield _stream(shop)
    yield _batch(shop)


# -- over gRPC ----------------------------------------------------------------------------------


def _stream(shop: Workshop) -> Row:
    requests = [pb.StreamAppendEventsRequest(event=draft_to_pb(d)) for d in shop.drafts[:STREAM_EVENTS_MAX]]
    ours: list[float] = []
    floor: list[float] = []
    views: list[float] = []
    with _empty_server() as address:
        for round_ in range(_ROUNDS):
            floor.append(_streamed(address, requests))
            store = shop.fresh_folder("stream") / "store"
            with DaemonProcess(store, model=shop.no_model) as daemon:
                started = time.perf_counter()
                ours.append(_streamed(daemon.address, requests))
                if round_ == _ROUNDS - 1:
                    shop.wait_for_views(daemon.address, len(requests))
                    views.append(len(requests) / (time.perf_counter() - started))
    return Row(
        name="durable streaming append over gRPC",
        what=f"{len(requests):,} events on one stream into the daemon, each acknowledged when durable, "
        f"views following; best of {_ROUNDS}",
        value=max(ours),
        unit="events/s",
        floor=max(floor),
        floor_what="the same stream into an empty handler in a process of its own",
        bound="at least",
        limit=0.5,
        also={"until the views contain them, events/s": max(views)},
    )


def _streamed(address: str, requests: Sequence[pb.StreamAppendEventsRequest]) -> float:
    return asyncio.run(_send(address, requests))


async def _send(address: str, requests: Sequence[pb.StreamAppendEventsRequest]) -> float:
    async with grpc.aio.insecure_channel(address) as channel:
        await asyncio.wait_for(channel.channel_ready(), _READY_S)
        call = event_service_pb2_grpc.EventServiceStub(channel).StreamAppendEvents()  # type: ignore[call-arg]  # written to below
        started = time.perf_counter()

        async def write() -> None:
            for request in requests:
                await call.write(request)
            await call.done_writing()

        writing = asyncio.create_task(write())
        acknowledged = 0
        async for response in call:
            for result in response.results:
                if result.WhichOneof("outcome") != "receipt":
                    raise RuntimeError(f"an event was refused: {result.error.message}")
            acknowledged += len(response.results)
        elapsed = time.perf_counter() - started
        await writing
    if acknowledged != len(requests):
        raise RuntimeError(f"{acknowledged} of {len(requests)} events were acknowledged")
    return acknowledged / elapsed


@contextmanager
def _empty_server() -> Iterator[str]:
    process = subprocess.Popen([sys.executable, "-m", "tools.bench.empty_server"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield f"127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.terminate()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


# -- a thousand at a time -----------------------------------------------------------------------


def _batch(shop: Workshop) -> Row:
    drafts = shop.drafts
    ours = floor = single = 0.0
    batches: list[list[StoredRow]] = []
    for _ in range(_ROUNDS):
        path = shop.fresh_folder("log") / "store"
        ours = max(ours, _logged(path, drafts))
        batches = batches or _stored(path)
        floor = max(floor, _raw(shop.fresh_folder("raw"), batches, one_family=False))
        single = max(single, _raw(shop.fresh_folder("single"), batches, one_family=True))
    daemon = _batches_over_grpc(shop, drafts[:STREAM_EVENTS_MAX])
    return Row(
        name="durable batch append (1,000 per call)",
        what=f"{len(drafts):,} events, checked, encoded, chained and recorded by the log, in process; "
        f"best of {_ROUNDS}",
        value=ours,
        unit="events/s",
        floor=floor,
        floor_what="raw rocksdict, the same keys and values in the same families, one batch and fsync per thousand",
        bound="at least",
        limit=0.4,
        also={
            "raw rocksdict, the event rows alone in one family, events/s": single,
            "ratio to that": ours / single,
            "over gRPC into the daemon, views following, events/s": daemon,
        },
    )


def _stored(path: Path) -> list[list[StoredRow]]:
    """The rows that the log wrote, in the batches in which it was given the events."""
    families = (Family.EVENTS, Family.LOG, Family.SESSIONS, Family.IDS)
    with open_store(path, read_only=True) as store:
        rows_of = {f: list(scan_all(store.rows, f, first=b"", end=b"\xff" * 64)) for f in families}
    # The event that each row belongs to is in its key or its value.
    events = dict(rows_of[Family.EVENTS])
    sessions = {key[-16:]: (key, value) for key, value in rows_of[Family.SESSIONS]}
    sources = {ulid: (key, ulid) for key, ulid in rows_of[Family.IDS]}
    batches: list[list[StoredRow]] = []
    for first in range(0, len(rows_of[Family.LOG]), BATCH_EVENTS):
        batch: list[StoredRow] = []
        for key, value in rows_of[Family.LOG][first : first + BATCH_EVENTS]:
            ulid = log_entry(log_position(key), value)[1]
            batch.append((Family.EVENTS, ulid, events[ulid]))
            batch.append((Family.LOG, key, value))
            batch.append((Family.SESSIONS, *sessions[ulid]))
            batch.append((Family.IDS, *sources[ulid]))
        batches.append(batch)
    return batches


def _raw(folder: Path, batches: list[list[StoredRow]], *, one_family: bool) -> float:
    options = rocksdict.Options(raw_mode=True)
    options.create_if_missing(True)
    options.create_missing_column_families(True)
    options.set_compression_type(rocksdict.DBCompressionType.zstd())
    families = [] if one_family else [Family.EVENTS, Family.LOG, Family.SESSIONS, Family.IDS]
    column_options = rocksdict.Options(raw_mode=True)
    column_options.set_compression_type(rocksdict.DBCompressionType.zstd())
    db = rocksdict.Rdict(str(folder / "rows"), options, {f.value: column_options for f in families})
    handles: dict[Family, Any] = {f: db.get_column_family_handle(f.value) for f in families}
    kept = [[row for row in rows_ if handles or row[0] is Family.EVENTS] for rows_ in batches]
    started = time.perf_counter()
    for rows_ in kept:
        batch = rocksdict.WriteBatch(raw_mode=True)
        put = batch.put
        if handles:
            for family, key, value in rows_:
                put(key, value, handles[family])
        else:
            for _, key, value in rows_:
                put(key, value)
        db.write(batch)
        db.flush_wal(True)
    elapsed = time.perf_counter() - started
    handles.clear()
    db.close()
    return sum(len(rows_) for rows_ in kept) / (1 if one_family else 4) / elapsed


def _logged(path: Path, drafts: Sequence[Draft]) -> float:
    with open_store(path, time_zone="UTC") as store:
        log = RowEventLog(store.rows)
        ids = RandomIds()
        started = time.perf_counter()
        for i in range(0, len(drafts), BATCH_EVENTS):
            log.append(complete_all(drafts[i : i + BATCH_EVENTS], clock=SYSTEM_CLOCK, ids=ids))
        elapsed = time.perf_counter() - started
        if log.head() != len(drafts):
            raise RuntimeError(f"{log.head()} of {len(drafts)} events were recorded")
        log.close()
    return len(drafts) / elapsed


def _batches_over_grpc(shop: Workshop, drafts: Sequence[Draft]) -> float:
    messages = [draft_to_pb(draft) for draft in drafts]
    requests = [
        pb.BatchAppendEventsRequest(events=messages[i : i + BATCH_EVENTS]) for i in range(0, len(drafts), BATCH_EVENTS)
    ]
    store = shop.fresh_folder("batches") / "store"
    with DaemonProcess(store, model=shop.no_model) as daemon, grpc.insecure_channel(daemon.address) as channel:
        grpc.channel_ready_future(channel).result(timeout=10)
        stub = event_service_pb2_grpc.EventServiceStub(channel)
        started = time.perf_counter()
        for request in requests:
            stub.BatchAppendEvents(request)
        return len(drafts) / (time.perf_counter() - started)
