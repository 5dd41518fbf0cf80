from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from agent_memory.clock import SYSTEM_CLOCK
from agent_memory.log import RowEventLog
from agent_memory.projectors.live import LiveView
from agent_memory.projectors.runner import ViewRunner
from agent_memory.storage import InMemoryRows
from agent_memory.testing.events import event
from agent_memory.testing.views import TextsProjector, TextsView
from agent_memory.testing.waiting import eventually


@contextmanager
def running(kind: TextsView, rows: InMemoryRows, log: RowEventLog) -> Iterator[ViewRunner[TextsProjector]]:
    runner = ViewRunner(LiveView(kind, rows), log, clock=SYSTEM_CLOCK)
    runner.start()
    try:
        yield runner
    finally:
        runner.stop()
        runner.close()


def texts(runner: ViewRunner[TextsProjector]) -> list[str]:
    with runner.view.lease() as projector:
        return projector.index.texts()


def test_a_view_catches_up_and_then_follows() -> None:
    rows = InMemoryRows()
    log = RowEventLog(rows)
    log.append([event(str(n)) for n in range(8)])
    with running(TextsView(rows), rows, log) as runner:
        runner.reached(8).result(timeout=10)
        log.append([event("later")])
        runner.reached(9).result(timeout=10)

        assert [*map(str, range(8)), "later"] == texts(runner)
    log.close()


def test_a_poison_event_stops_its_view_right_before_it_and_nothing_else() -> None:
    rows = InMemoryRows()
    log = RowEventLog(rows)
    failing, sound = TextsView(rows, name="failing"), TextsView(rows, name="sound")
    failing.poison = {"bad"}
    with running(failing, rows, log) as one, running(sound, rows, log) as other:
        log.append([event(text) for text in ("a", "b", "bad", "c")])
        other.reached(4).result(timeout=10)
        eventually(lambda: one.standing is not None and one.position == 2)

        standing = one.standing
        assert standing is not None
        assert not standing.waiting
        assert 3 == standing.position
        assert "cannot take in 'bad'" in standing.error
        assert ["a", "b"] == texts(one)

        failing.poison = set()
        one.nudge()
        one.reached(4).result(timeout=10)
        eventually(lambda: one.standing is None)

        assert ["a", "b", "bad", "c"] == texts(one)
    log.close()


def test_a_provider_that_is_down_is_a_wait_and_not_a_failure() -> None:
    rows = InMemoryRows()
    log = RowEventLog(rows)
    kind = TextsView(rows)
    kind.offline = True
    with running(kind, rows, log) as runner:
        log.append([event("a")])
        eventually(lambda: runner.standing is not None)

        assert runner.standing is not None
        assert runner.standing.waiting
        assert runner.oldest_pending_s() > 0
        kind.offline = False
        runner.nudge()
        runner.reached(1).result(timeout=10)

        assert 0.0 == runner.oldest_pending_s()
    log.close()


def test_a_quiet_view_is_put_on_disk() -> None:
    rows = InMemoryRows()
    log = RowEventLog(rows)
    kind = TextsView(rows)
    with running(kind, rows, log) as runner:
        log.append([event("a")])
        runner.reached(1).result(timeout=10)
        eventually(lambda: kind.opened[0].flushes > 0)
    log.close()


def test_whoever_waits_for_a_stopping_view_is_told() -> None:
    rows = InMemoryRows()
    log = RowEventLog(rows)
    with running(TextsView(rows), rows, log) as runner:
        never = runner.reached(99)

    assert "closed" in str(never.exception(timeout=10))
    log.close()


def test_a_panic_of_an_engine_is_a_failure_that_is_told_and_got_over() -> None:
    rows = InMemoryRows()
    log = RowEventLog(rows)
    kind = TextsView(rows)
    kind.panics = True
    with running(kind, rows, log) as runner:
        log.append([event("a")])
        eventually(lambda: runner.standing is not None)

        assert runner.standing is not None
        assert "Panic" in runner.standing.error
        kind.panics = False
        runner.nudge()
        runner.reached(1).result(timeout=10)

        assert ["a"] == texts(runner)
    log.close()


def test_events_that_keep_coming_are_taken_in_together() -> None:
    """The first at once; those that follow it share batches."""
    rows = InMemoryRows()
    log = RowEventLog(rows)
    kind = TextsView(rows, batch_events_max=1000)
    with running(kind, rows, log) as runner:
        log.append([event("first")])
        runner.reached(1).result(timeout=10)
        for n in range(50):
            log.append([event(str(n))])
        eventually(lambda: runner.position == 51)

    assert kind.opened[0].batches <= 5
    log.close()
