from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from agent_memory.clock import SYSTEM_CLOCK
from agent_memory.log import RowEventLog
from agent_memory.projectors import turns as turns_module
from agent_memory.projectors.live import LiveView
from agent_memory.projectors.runner import ViewRunner
from agent_memory.projectors.turns import Turns
from agent_memory.storage import InMemoryRows
from agent_memory.testing.events import event, events
from agent_memory.testing.views import TextsProjector, TextsView
from agent_memory.testing.waiting import eventually


@contextmanager
def running(
    kind: TextsView, rows: InMemoryRows, log: RowEventLog, turns: Turns | None = None
) -> Iterator[ViewRunner[TextsProjector]]:
    runner = ViewRunner(LiveView(kind, rows), log, clock=SYSTEM_CLOCK, turns=turns)
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


def test_views_take_in_one_batch_at_a_time_and_all_of_them_get_there() -> None:
    rows = InMemoryRows()
    log = RowEventLog(rows)
    log.append(events(100))
    turns = Turns(clock=SYSTEM_CLOCK)
    kinds = [TextsView(rows, name=name) for name in ("one", "other")]
    counting = threading.Lock()
    at_work, most = set[str](), 0

    def beginning(name: str) -> Callable[[], None]:
        def begin() -> None:
            nonlocal most
            with counting:
                at_work.add(name)
                most = max(most, len(at_work))
            # Time for another one to begin, if it may.
            threading.Event().wait(0.001)
            at_work.discard(name)

        return begin

    for kind in kinds:
        kind.at_work = beginning(kind.name)
    with running(kinds[0], rows, log, turns) as one, running(kinds[1], rows, log, turns) as other:
        eventually(lambda: one.position == other.position == 100)

    assert 1 == most
    log.close()


def test_a_view_that_somebody_waits_for_does_not_wait_for_another() -> None:
    rows = InMemoryRows()
    log = RowEventLog(rows)
    turns = Turns(clock=SYSTEM_CLOCK)
    slow, wanted = TextsView(rows, name="slow"), TextsView(rows, name="wanted")
    begun, let_go = threading.Event(), threading.Event()

    def hang() -> None:
        begun.set()
        let_go.wait(30)

    slow.at_work = hang
    with running(slow, rows, log, turns) as one, running(wanted, rows, log, turns) as other:
        log.append([event("a")])
        assert begun.wait(30)
        other.reached(1).result(timeout=30)
        reached_while_the_other_hung = one.position == 0
        let_go.set()
        one.reached(1).result(timeout=30)

    assert reached_while_the_other_hung
    log.close()


def test_a_view_that_hangs_holds_up_no_other_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns_module, "_TURN_S", 0.02)
    rows = InMemoryRows()
    log = RowEventLog(rows)
    turns = Turns(clock=SYSTEM_CLOCK)
    hanging, sound = TextsView(rows, name="hanging"), TextsView(rows, name="sound")
    begun, let_go = threading.Event(), threading.Event()

    def hang() -> None:
        begun.set()
        let_go.wait(30)

    hanging.at_work = hang
    with running(hanging, rows, log, turns) as one, running(sound, rows, log, turns) as other:
        log.append([event("a")])
        assert begun.wait(30)
        eventually(lambda: other.position == 1)
        log.append([event("b")])
        eventually(lambda: other.position == 2)
        positions = (one.position, other.position)
        let_go.set()
        eventually(lambda: one.position == 2)

    assert (0, 2) == positions
    log.close()
