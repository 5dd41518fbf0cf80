"""Drives a view along the log: catch-up, live, and after a failure, by one loop."""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Future
from typing import Generic, TypeVar

import msgspec

from agent_memory import telemetry
from agent_memory.clock import Clock
from agent_memory.errors import Closed, InferenceUnavailable, UnknownFormat
from agent_memory.events import START, Position
from agent_memory.log import Entry, EventLog
from agent_memory.projectors.live import LiveView
from agent_memory.projectors.port import Projector
from agent_memory.projectors.turns import Turns

P = TypeVar("P", bound=Projector)

_RETRY_FIRST_S = 0.5
_RETRY_MAX_S = 60.0

# While events keep coming, batches begin this far apart unless one is full or somebody waits. Each
# batch has costs of its own (a commit, summing up the tree to the year) that keep the interpreter
# from the appends; the first event after a pause is taken in at once.
_PACE_S = 0.5


class Standing(msgspec.Struct, frozen=True):
    """Why a view stands still: waiting for something outside, or failed before a position."""

    waiting: bool
    error: str
    position: Position


class ViewRunner(Generic[P]):
    """The one thread that projects into one view.

    A batch that fails is taken in one entry at a time, so that the view comes as far as it can
    and names the entry it stands before. It tries again with growing pauses, for ever: nothing
    is skipped, and no other view is touched. Runners with the same *turns* work one at a time,
    but for one that somebody waits for.
    """

    def __init__(self, view: LiveView[P], log: EventLog, *, clock: Clock, turns: Turns | None = None) -> None:
        self.view = view
        self._log = log
        self._clock = clock
        self._turns = turns or Turns(clock=clock)
        self._wake = threading.Condition()
        self._head: Position = START
        self._position: Position = START
        self._arrivals: deque[tuple[Position, float]] = deque()
        self._waiters: list[tuple[Position, Future[None]]] = []
        self._standing: Standing | None = None
        self._retry_s = _RETRY_FIRST_S
        self._stopping = False
        self._begun_s = -_PACE_S
        self._moved_s = 0.0
        self._full_batch = 1
        self._thread: threading.Thread | None = None

    # -- what others see ------------------------------------------------------------------------

    @property
    def position(self) -> Position:
        """The last position that the view contains."""
        return self._position

    @property
    def standing(self) -> Standing | None:
        """Why it stands still; None while it goes on."""
        return self._standing

    def oldest_pending_s(self) -> float:
        """How long the oldest entry that it lacks has waited, since this process saw it."""
        with self._wake:
            return self._clock.monotonic_s() - self._arrivals[0][1] if self._arrivals else 0.0

    def still_s(self) -> float:
        """How long it has had entries to take in and taken in none; 0 without any."""
        with self._wake:
            if not self._arrivals:
                return 0.0
            return self._clock.monotonic_s() - max(self._moved_s, self._arrivals[0][1])

    def reached(self, position: Position) -> Future[None]:
        """A future that is done once the view contains *position*. Errors: `Closed`."""
        future: Future[None] = Future()
        with self._wake:
            if self._position >= position:
                future.set_result(None)
            elif self._stopping:
                future.set_exception(Closed(f"the view {self.view.name} is closed"))
            else:
                # Whoever gave up waiting is forgotten here, for a view may stand still for long.
                self._waiters = [w for w in self._waiters if not w[1].cancelled()]
                self._waiters.append((position, future))
                self._wake.notify_all()
                self._turns.hurry()
        return future

    # -- the loop -------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin; the view is opened on the runner's own thread."""
        self._thread = threading.Thread(target=self._run, name=f"view-{self.view.name}", daemon=True)
        self._unwatch = self._log.watch(self._arrived)
        self._arrived(self._log.head())
        self._thread.start()

    def stop(self) -> None:
        """End the work after the batch at hand; returns at once."""
        with self._wake:
            self._stopping = True
            waiters, self._waiters = self._waiters, []
            self._wake.notify_all()
            self._turns.hurry()
        for _, future in waiters:
            if future.set_running_or_notify_cancel():
                future.set_exception(Closed(f"the view {self.view.name} is closed"))

    def close(self) -> None:
        """Wait for the thread to end, put the view on disk, close it. After `stop`."""
        if self._thread is not None:
            self._unwatch()
            self._thread.join()
            self._thread = None
        try:
            self.view.close()
        except Exception as error:
            # What is not on disk is projected again; the other views and the store are still to be closed.
            telemetry.LOG.error("view not put on disk", view=self.view.name, error=error)

    def nudge(self) -> None:
        """Try again now: what it waited for may be there."""
        with self._wake:
            self._retry_s = _RETRY_FIRST_S
            self._standing = None
            self._wake.notify_all()

    def _arrived(self, head: Position) -> None:
        with self._wake:
            if head <= self._head:
                return
            self._head = head
            # Bounded: behind a view that stands still, only the oldest mark matters.
            if len(self._arrivals) < 4096:
                self._arrivals.append((head, self._clock.monotonic_s()))
            self._wake.notify_all()

    def _run(self) -> None:
        idle_flushed = True
        while True:
            with self._wake:
                if self._standing is not None:
                    self._wake.wait_for(lambda: self._stopping or self._standing is None, timeout=self._retry_s)
                    self._retry_s = min(self._retry_s * 2, _RETRY_MAX_S)
                elif idle_flushed:
                    self._wake.wait_for(lambda: self._stopping or self._opening() or self._head > self._position)
                self._gather()
                if self._stopping:
                    return
            try:
                self.view.open()
                idle_flushed = not self._step() and self._settle()
                self._stand(None)
            except InferenceUnavailable as error:
                self._stand(Standing(True, str(error), self._position + 1))
            except BaseException as error:
                # An engine in Rust that panics raises no Exception; the view must not die of it in silence.
                if self._is_stopping():
                    return
                told = error.advice if isinstance(error, UnknownFormat) else f"{type(error).__name__}: {error}"
                if self._stand(Standing(False, told, self._position + 1)):
                    telemetry.LOG.error(
                        "view stands still", view=self.view.name, position=self._position + 1, error=error
                    )

    def _gather(self) -> None:
        """Let a batch fill for as long as its pace allows. The caller holds ``_wake``."""
        self._wake.wait_for(
            lambda: self._stopping or self._waiters or self._head - self._position >= self._full_batch,
            timeout=self._begun_s + _PACE_S - self._clock.monotonic_s(),
        )

    def _is_stopping(self) -> bool:
        return self._stopping

    def _is_hurried(self) -> bool:
        return self._stopping or bool(self._waiters)

    def _opening(self) -> bool:
        return self.view.generation == 0

    def _step(self) -> bool:
        """Take in one batch; False when there was none."""
        with self._turns.turn(self._is_hurried), self.view.projecting, self.view.lease() as projector:
            self._advance(projector.checkpoint())
            if self._stopping or self._position >= self._log.head():
                return False
            started = self._begun_s = self._clock.monotonic_s()
            self._full_batch = projector.batch_events_max
            before = self._position
            batch = self._log.read(after=before, limit=projector.batch_events_max)
            try:
                with telemetry.span("projection", view=self.view.name, events=len(batch)):
                    self._project(projector, batch)
            finally:
                self._advance(projector.checkpoint())
            telemetry.record_projection(self.view.name, self._position - before, self._clock.monotonic_s() - started)
        return bool(batch)

    def _project(self, projector: P, batch: list[Entry]) -> None:
        try:
            projector.project(batch)
        except (InferenceUnavailable, Closed):
            raise
        except BaseException:
            if len(batch) < 2:
                raise
            for entry in batch:
                if entry.position > projector.checkpoint():
                    projector.project([entry])

    def _settle(self) -> bool:
        with self.view.projecting, self.view.lease() as projector:
            projector.flush()
        self.view.caught_up()
        return True

    def _advance(self, position: Position) -> None:
        with self._wake:
            if position != self._position:
                self._retry_s = _RETRY_FIRST_S
                self._moved_s = self._clock.monotonic_s()
            self._position = position
            while self._arrivals and self._arrivals[0][0] <= position:
                self._arrivals.popleft()
            done = [f for p, f in self._waiters if p <= position]
            self._waiters = [(p, f) for p, f in self._waiters if p > position]
            if not self._arrivals and position < self._head:
                self._arrivals.append((self._head, self._clock.monotonic_s()))
        for future in done:
            if future.set_running_or_notify_cancel():
                future.set_result(None)

    def _stand(self, standing: Standing | None) -> bool:
        """Say how the view stands; True where this is news."""
        with self._wake:
            news = standing is not None and standing != self._standing
            self._standing = standing
        return news
