"""The same loop that projects live, from position 1, into a generation of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import TypeVar

from agent_memory.clock import Clock
from agent_memory.errors import Corrupt, ProjectionError, Unavailable, UnknownFormat
from agent_memory.events import Position
from agent_memory.log import Entry, EventLog
from agent_memory.memory import ReplayProgress, ReplayVerdict
from agent_memory.offloading import taking_part
from agent_memory.projectors.live import Generation, LiveView
from agent_memory.projectors.port import Projector
from agent_memory.replay.compare import first_difference

P = TypeVar("P", bound=Projector)
T = TypeVar("T")

_TAIL_EVENTS_MAX = 2000


class Cancelled(Exception):
    """The caller wants no more; what was built so far is kept for the next call."""


def rebuild(
    view: LiveView[P],
    log: EventLog,
    *,
    clock: Clock,
    restart: bool = False,
    progress: Callable[[ReplayProgress], None],
    cancelled: Callable[[], bool] = lambda: False,
) -> ReplayVerdict:
    """Build the view again beside the live one, compare the two, swap the new one in.

    Queries and projection go on meanwhile; only for the comparison and the swap does the live
    view take in nothing new. An unfinished generation is gone on with unless *restart*.
    Errors: `ProjectionError` for an entry that cannot be taken in (the live view stays);
    `Cancelled`; `InferenceUnavailable`.
    """
    started = clock.monotonic_s()
    generation = view.open_building(restart=restart)
    swapped = False
    try:
        projector, slack = generation.projector, _TAIL_EVENTS_MAX
        with taking_part():
            _catch_up(view.name, projector, log, slack=slack, progress=progress, cancelled=cancelled)
        with view.projecting:
            # No progress from here on: whoever reads it slowly must not hold up the live view.
            _catch_up(view.name, projector, log, slack=0, cancelled=cancelled)
            difference = _difference(view, generation, log, cancelled)
            view.swap(generation)
            swapped = True
        progress(ReplayProgress(view=view.name, position=generation.projector.checkpoint(), target=log.head()))
    finally:
        if not swapped:
            generation.projector.flush()
            generation.projector.close()
    return ReplayVerdict(
        view=view.name,
        identical=not difference,
        first_difference=difference,
        position=generation.projector.checkpoint(),
        duration_s=clock.monotonic_s() - started,
    )


def compare_with_rebuild(
    view: LiveView[P],
    scratch: P,
    log: EventLog,
    *,
    progress: Callable[[ReplayProgress], None],
    cancelled: Callable[[], bool] = lambda: False,
) -> str:
    """Where the live view differs from what *scratch*, an empty projector, makes of the log.

    Both come as far as the first entry that only a newer release knows, if there is one.
    """
    with suppress(UnknownFormat), taking_part():
        _catch_up(view.name, scratch, log, slack=_TAIL_EVENTS_MAX, progress=progress, cancelled=cancelled)
    with view.projecting:
        with suppress(UnknownFormat):
            _catch_up(view.name, scratch, log, slack=0, cancelled=cancelled)
        difference = _difference(view, Generation(0, scratch), log, cancelled)
    progress(ReplayProgress(view=view.name, position=scratch.checkpoint(), target=log.head()))
    return difference


def _difference(view: LiveView[P], generation: Generation[P], log: EventLog, cancelled: Callable[[], bool]) -> str:
    try:
        with view.lease() as live:
            try:
                _catch_up(view.name, live, log, slack=0, until=generation.projector.checkpoint(), cancelled=cancelled)
            except Cancelled:
                raise
            except Corrupt as error:
                raise _Damaged(str(error)) from error
            except Exception as error:
                return f"position {live.checkpoint() + 1}: the live view stands still ({error})"
            return first_difference(
                _until(cancelled, view.name, _live(live.rows())),
                _until(cancelled, view.name, generation.projector.rows()),
            )
    except Unavailable as error:
        return f"position 1: {error}"
    except _Damaged as error:
        return f"the live view cannot be read: {error}"


class _Damaged(Exception):
    """The live view is; the one that is being built is not."""


def _live(rows: Iterable[T]) -> Iterator[T]:
    try:
        yield from rows
    except Corrupt as error:
        raise _Damaged(str(error)) from error


def _catch_up(
    name: str,
    projector: Projector,
    log: EventLog,
    *,
    slack: int,
    until: Position | None = None,
    progress: Callable[[ReplayProgress], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> None:
    """Project until fewer than *slack* entries are missing (*until*: exactly up to there)."""
    while True:
        at = projector.checkpoint()
        target = log.head() if until is None else until
        progress(ReplayProgress(view=name, position=at, target=target))
        if at >= target - slack:
            return
        if cancelled():
            raise Cancelled(name)
        batch = log.read(after=at, limit=min(projector.batch_events_max, target - at))
        _project(name, projector, batch)


def _project(name: str, projector: Projector, batch: list[Entry]) -> None:
    try:
        projector.project(batch)
    except Unavailable:
        raise
    except Exception as error:
        at = projector.checkpoint() + 1
        raise ProjectionError(name, at, f"{type(error).__name__}: {error}") from error


def _until(cancelled: Callable[[], bool], name: str, rows: Iterator[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    for count, row in enumerate(rows):
        if count % 1000 == 0 and cancelled():
            raise Cancelled(name)
        yield row
