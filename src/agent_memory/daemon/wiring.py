"""From a `Config` to a running `LocalMemory`, readable aloud."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

from agent_memory import telemetry
from agent_memory.clock import SYSTEM_CLOCK, Clock, IdSource, RandomIds
from agent_memory.config import Config
from agent_memory.daemon.report import StatusReport
from agent_memory.daemon.spool_report import SpoolReport
from agent_memory.daemon.summarising import open_control
from agent_memory.events import EventLimits
from agent_memory.inference.lazy_embedder import open_embedder
from agent_memory.inference.offloaded import OffloadedSummariser
from agent_memory.inference.patient_embedder import PatientEmbedder
from agent_memory.inference.port import Embedder, Summariser
from agent_memory.inference.tokens import SplintrTokenCounter
from agent_memory.local import LocalMemory
from agent_memory.log import EventLog, RowEventLog
from agent_memory.offloading import Offload, OffloadProcess
from agent_memory.projectors.catalog import CatalogView
from agent_memory.projectors.entities import EntitiesView
from agent_memory.projectors.lexical import LexicalView
from agent_memory.projectors.port import Projector
from agent_memory.projectors.toc import TocView
from agent_memory.projectors.vectors import VectorView
from agent_memory.projectors.views import Views
from agent_memory.reading import Reader
from agent_memory.replay.replays import Replays
from agent_memory.replay.verify import Verifier
from agent_memory.retrieval.context import ContextBuilder
from agent_memory.retrieval.search import Searcher
from agent_memory.storage import InMemoryRows, Rows, UnknownStore, open_store, read_manifest
from agent_memory.temporal import MENTIONS, mentions

READERS_MAX = 8

# A busy Python thread keeps the others waiting for this long at a time. 1 ms brought the p50
# wait of a query beside a projector from 5 ms to 1.3 ms, for a seventh of the projector's speed.
_SWITCH_INTERVAL_S = 0.001


class Kinds:
    """How each view of a store is opened, in the store or in a folder beside it."""

    def __init__(
        self,
        config: Config,
        log: EventLog,
        *,
        time_zone: str,
        summariser: Summariser,
        embedder: Embedder | None,
        embeddings: Rows,
        offload: Offload,
    ) -> None:
        self._config = config
        self._log = log
        self._time_zone = time_zone
        self._summariser = summariser
        self._embedder = embedder
        self._embeddings = embeddings
        self._offload = offload

    def toc(self, rows: Rows) -> TocView:
        """The contents, in *rows*."""
        return TocView(
            rows,
            self._log,
            self._summariser,
            zone=self._time_zone,
            gap_ms=self._config.segment_gap_min * 60_000,
            tokens_max=self._config.segment_tokens_max,
        )

    def catalog(self, rows: Rows) -> CatalogView:
        """Sessions and days, in *rows*."""
        return CatalogView(rows, zone=self._time_zone, offload=self._offload)

    def entities(self, rows: Rows) -> EntitiesView:
        """What events mention, in *rows*."""
        return EntitiesView(
            rows, zone=self._time_zone, reads_time=mentions, time_reader=MENTIONS, offload=self._offload
        )

    def lexical(self, folder: Path) -> LexicalView:
        """BM25, in *folder*."""
        return LexicalView(folder / "lexical", offload=self._offload)

    def vectors(self, folder: Path) -> VectorView:
        """Nearest neighbours, in *folder*; embeddings stay in the store."""
        return VectorView(folder / "vectors", self._embeddings, self._embedder, offload=self._offload)

    def scratch(self, name: str, folder: Path) -> Projector:
        """An empty projector for a view that leaves the store as it is."""
        if name == "toc":
            return self.toc(InMemoryRows()).open(1)
        if name == "catalog":
            return self.catalog(InMemoryRows()).open(1)
        if name == "entities":
            return self.entities(InMemoryRows()).open(1)
        return self.lexical(folder).open(1) if name == "lexical" else self.vectors(folder).open(1)


@asynccontextmanager
async def open_memory(
    config: Config,
    *,
    clock: Clock = SYSTEM_CLOCK,
    ids: IdSource | None = None,
    embedder: Embedder | None = None,
    create: bool = True,
    spool: SpoolReport | None = None,
    summarises: bool = False,
) -> AsyncIterator[LocalMemory]:
    """A store, its views running, until the block ends.

    *embedder* takes the place of the model that the configuration names; the caller closes it.
    *spool* is what status tells of the spool, for who drains it. With *summarises* a configured language model
    words what waits for it, unasked; else it is asked where somebody calls `summarise`.
    Without *create* nothing that is there is replaced: a view that was built with other settings
    stays as it is, and cannot be read with these.
    Errors: `StoreLocked`, `UnknownFormat`, `InvalidConfig`, `InvalidModel`; `UnknownStore` where
    there is no store and none is to be made.
    """
    if not create and await asyncio.to_thread(read_manifest, config.store) is None:
        raise UnknownStore(str(config.store))
    stack = ExitStack()
    opening = asyncio.ensure_future(
        asyncio.to_thread(
            _open,
            config,
            clock,
            ids or RandomIds(),
            embedder,
            create,
            spool or SpoolReport(config.spool),
            summarises,
            stack,
        )
    )
    try:
        memory = await asyncio.shield(opening)
    except asyncio.CancelledError:
        # The thread goes on; what it opens must not be left running.
        await asyncio.gather(opening, return_exceptions=True)
        await asyncio.to_thread(stack.close)
        raise
    try:
        yield memory
    finally:
        await asyncio.to_thread(stack.close)


def _open(
    config: Config,
    clock: Clock,
    ids: IdSource,
    given: Embedder | None,
    create: bool,
    spool: SpoolReport,
    summarises: bool,
    stack: ExitStack,
) -> LocalMemory:
    with ExitStack() as opening:
        if sys.getswitchinterval() > _SWITCH_INTERVAL_S:
            sys.setswitchinterval(_SWITCH_INTERVAL_S)
        store = opening.enter_context(
            open_store(
                config.store,
                time_zone=config.time_zone,
                disk_reserve_bytes=config.disk_reserve_bytes,
            )
        )
        log = RowEventLog(store.rows, before_answers=store.admit_answers)
        opening.callback(log.close)
        embedder = given or _configured_embedder(config, opening)
        offload = OffloadProcess(clock=clock)
        kinds = Kinds(
            config,
            log,
            time_zone=store.manifest.time_zone,
            summariser=OffloadedSummariser(offload),
            embedder=PatientEmbedder(embedder) if embedder else None,
            embeddings=store.rows,
            offload=offload,
        )
        views = Views(
            log,
            store.rows,
            toc=kinds.toc(store.rows),
            catalog=kinds.catalog(store.rows),
            entities=kinds.entities(store.rows),
            lexical=kinds.lexical(store.path / "views"),
            vectors=kinds.vectors(store.path / "views"),
            has_model=embedder is not None,
            may_begin_anew=create,
            clock=clock,
        )
        views.start()
        opening.callback(views.stop)
        # On closing before the views: what they asked for they then do themselves, and wait for no answer.
        opening.callback(offload.close)
        telemetry.watch_lags(lambda: {runner.view.name: max(0, log.head() - runner.position) for runner in views})
        opening.callback(telemetry.watch_lags, None)
        reader = Reader(
            log, contents=views.contents, catalog=views.sessions_and_days, time_zone=store.manifest.time_zone
        )
        searcher = Searcher(
            log,
            lexical=views.lexical_search,
            vectors=views.vector_search,
            entities=views.mentions,
            contents=views.contents,
            catalog=views.sessions_and_days,
            embedder=embedder,
            time_zone=store.manifest.time_zone,
        )
        opening.callback(searcher.close)
        executor = ThreadPoolExecutor(READERS_MAX, thread_name_prefix="reader")
        # On closing the first of all to go: the searches under way on it still ask the searcher's threads.
        opening.callback(executor.shutdown, wait=True, cancel_futures=True)
        replays = Replays(log, views, clock=clock)
        verifier = Verifier(log, views, scratch=kinds.scratch)
        tokens = SplintrTokenCounter()
        # Before the readers go, on closing: what is under way puts its answers into the log first.
        summaries = open_control(
            config, store, log, views, tokens=tokens, unasked=summarises, clock=clock, opening=opening
        )
        report = StatusReport(
            store,
            log,
            views,
            spool,
            summaries.status,
            model_id=embedder.model_id if embedder else "",
            clock=clock,
        )
        memory = LocalMemory(
            log=log,
            views=views,
            reader=reader,
            searcher=searcher,
            contexts=ContextBuilder(log, time_zone=store.manifest.time_zone, tokens=tokens),
            tokens=tokens,
            clock=clock,
            ids=ids,
            limits=EventLimits(text_bytes_max=config.text_bytes_max, metadata_bytes_max=config.metadata_bytes_max),
            executor=executor,
            status=report.status,
            replay=replays.run,
            verify=verifier.run,
            summaries=summaries,
            announce=store.announce,
            close=stack.close,
        )
        stack.push(opening.pop_all())
    return memory


def _configured_embedder(config: Config, opening: ExitStack) -> Embedder | None:
    embedder = open_embedder(config.model, threads=config.inference_threads)
    if embedder is not None:
        opening.callback(embedder.close)
    return embedder
