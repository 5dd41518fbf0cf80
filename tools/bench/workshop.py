"""What the rows share: the events, and the store that was made of them once."""

from __future__ import annotations

import functools
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

import agent_memory
from agent_memory.config import Config
from agent_memory.events import Draft
from agent_memory.testing.daemon import DaemonProcess
from tools.bench import vectors
from tools.bench.corpus import Corpus

BATCH_EVENTS = 1_000
VIEWS_WITHOUT_MODEL = ("toc", "catalog", "lexical", "entities")
_VIEWS_WAIT_S = 7200.0


class Workshop:
    """Makes each thing when it is first asked for; all of it goes when the block ends."""

    def __init__(
        self, *, events: int, seed: int, model: Path | None, synthetic: bool, console: Console, folder: Path | None
    ) -> None:
        self.events = events
        self.corpus = Corpus(events, seed=seed)
        self.model = model
        self.synthetic = synthetic
        self.console = console
        self.ingest_events_s = 0.0
        self._given = folder
        self._count = 0

    def __enter__(self) -> Workshop:
        self.folder = Path(tempfile.mkdtemp(prefix="agent-memory-bench-", dir=self._given))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def no_model(self) -> Path:
        """A folder that does not exist."""
        return self.folder / "no-model"

    @functools.cached_property
    def drafts(self) -> list[Draft]:
        """The events that are measured with, in order of time."""
        with self.step(f"generating {self.events:,} events"):
            return list(self.corpus)

    @functools.cached_property
    def more_drafts(self) -> list[Draft]:
        """Others in the same words, for what is ingested while searches are measured."""
        return list(Corpus(min(40_000, self.events), seed=self.corpus.seed + 100, prefix="more-"))

    @functools.cached_property
    def late_drafts(self) -> list[Draft]:
        """Others again, for what a daemon takes in while its memory is measured."""
        return list(Corpus(min(5_000, self.events // 4), seed=self.corpus.seed + 200, prefix="late-"))

    def fresh_folder(self, name: str) -> Path:
        """An empty folder that nobody else uses."""
        self._count += 1
        folder = self.folder / f"{self._count:03}-{name}"
        folder.mkdir()
        return folder

    def config(self, store: Path, *, with_model: bool) -> Config:
        """The settings of a store of ours, all else at its default."""
        model = self.model if with_model and self.model is not None else self.no_model
        return Config(store=store, model=model, time_zone="Europe/Berlin", address="127.0.0.1:0")

    @functools.cached_property
    def store(self) -> Path:
        """A store of all events, ingested through a daemon without a model, and closed."""
        path = self.fresh_folder("store") / "store"
        drafts = self.drafts
        flags = ("--time-zone", "Europe/Berlin")
        with DaemonProcess(path, model=self.no_model, flags=flags) as daemon:
            started = time.perf_counter()
            with (
                agent_memory.connect(daemon.address, timeout_s=120) as memory,
                self.bar("ingesting", len(drafts)) as to,
            ):
                for i in range(0, len(drafts), BATCH_EVENTS):
                    memory.append_batch(drafts[i : i + BATCH_EVENTS])
                    to(i + BATCH_EVENTS)
            self.wait_for_views(daemon.address, len(drafts))
            self.ingest_events_s = len(drafts) / (time.perf_counter() - started)
        return path

    @functools.cached_property
    def store_with_vectors(self) -> Path:
        """The same store once its vectors are there; `store` is no more without them."""
        if self.model is None:
            raise RuntimeError("this needs a model")
        path = self.store
        if self.synthetic:
            with self.step("writing synthetic vectors"):
                vectors.write(
                    path, self.model, [*self.drafts, *self.more_drafts, *self.late_drafts], seed=self.corpus.seed
                )
        with DaemonProcess(path, model=self.model) as daemon:
            self.wait_for_views(daemon.address, self.events, views=("vectors",))
        return path

    def wait_for_views(self, address: str, position: int, *, views: Sequence[str] = VIEWS_WITHOUT_MODEL) -> None:
        """Return once the daemon's views contain the position; shows how far they are."""
        with (
            agent_memory.connect(address, timeout_s=120) as memory,
            self.bar("views: " + ", ".join(views), position) as to,
        ):
            deadline = time.monotonic() + _VIEWS_WAIT_S
            pause_s = 0.02
            while True:
                found = {view.name: view for view in memory.status().views}
                for name in views:
                    if found[name].error:
                        raise RuntimeError(f"the view {name} stands still: {found[name].error}")
                least = min(found[name].position for name in views)
                to(least)
                if least >= position:
                    return
                if time.monotonic() > deadline:
                    raise RuntimeError(f"the views are at {least} of {position} after {_VIEWS_WAIT_S:,.0f} s")
                time.sleep(pause_s)
                # Asking costs the daemon time, which is being measured.
                pause_s = min(0.25, pause_s * 1.5)

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        started = time.perf_counter()
        self.console.print(f"[dim]{what} …[/]", highlight=False)
        yield
        self.console.print(f"[dim]{what}: {time.perf_counter() - started:.1f} s[/]", highlight=False)

    @contextmanager
    def bar(self, what: str, total: int) -> Iterator[Callable[[int], None]]:
        """A progress bar; calling what is given moves it."""
        columns = (TextColumn("[dim]{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=self.console, transient=True) as progress:
            task = progress.add_task(what, total=total)
            yield lambda done: progress.update(task, completed=min(done, total))
