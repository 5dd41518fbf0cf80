from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest

from agent_memory.clock import SYSTEM_CLOCK
from agent_memory.errors import ProjectionError
from agent_memory.log import Entry, RowEventLog
from agent_memory.memory import ReplayProgress
from agent_memory.offloading import takes_part
from agent_memory.projectors.live import LiveView
from agent_memory.replay import Cancelled, compare_with_rebuild, first_difference, rebuild
from agent_memory.storage import Family, InMemoryRows
from agent_memory.testing.events import event
from agent_memory.testing.views import TextsProjector, TextsView, projected


def store(count: int = 10) -> tuple[InMemoryRows, RowEventLog, TextsView, LiveView[TextsProjector]]:
    rows = InMemoryRows()
    log = RowEventLog(rows)
    log.append([event(str(n)) for n in range(count)])
    kind = TextsView(rows)
    return rows, log, kind, projected(LiveView(kind, rows), log)


def replay(view: LiveView[TextsProjector], log: RowEventLog, **named: object) -> tuple[object, list[ReplayProgress]]:
    seen: list[ReplayProgress] = []
    return rebuild(view, log, clock=SYSTEM_CLOCK, progress=seen.append, **named), seen  # type: ignore[arg-type]


def test_a_sound_view_is_identical_to_its_rebuild_which_takes_its_place() -> None:
    _, log, _, view = store()
    before = view.generation
    verdict, seen = replay(view, log)

    assert verdict.identical  # type: ignore[attr-defined]
    assert before != view.generation
    assert [0, 10] == [seen[0].position, seen[-1].position]
    with view.lease() as projector:
        assert [str(n) for n in range(10)] == projector.index.texts()


def test_a_damaged_view_is_named_by_its_first_difference_and_mended() -> None:
    rows, log, kind, view = store()
    batch = rows.batch()
    batch.put(Family.VIEWS, kind.prefix(1) + b"t" + (4).to_bytes(8, "big"), b"forged")
    rows.write(batch)
    verdict, _ = replay(view, log)

    assert not verdict.identical  # type: ignore[attr-defined]
    assert "00000000000000000004" in verdict.first_difference  # type: ignore[attr-defined]
    with view.lease() as projector:
        assert [str(n) for n in range(10)] == projector.index.texts()


def test_whoever_replays_or_verifies_takes_part_in_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[bool] = []
    project = TextsProjector.project

    def noted(projector: TextsProjector, batch: Sequence[Entry]) -> None:
        told.append(takes_part())
        project(projector, batch)

    _, log, kind, view = store(5000)
    monkeypatch.setattr(TextsProjector, "project", noted)
    replay(view, log)
    replayed = [told.pop(0) for _ in range(len(told))]
    compare_with_rebuild(view, kind.open(99), log, progress=lambda _: None)

    # The last events are taken in while the live view stands still, and are few.
    assert [True, True] == [replayed[0], told[0]]


def test_an_interrupted_replay_goes_on_where_it_stopped() -> None:
    _, log, _, view = store(5000)
    calls = itertools.count()
    with pytest.raises(Cancelled):
        replay(view, log, cancelled=lambda: next(calls) >= 4)
    _, seen = replay(view, log)

    assert 12 == seen[0].position


def test_a_replay_that_is_restarted_begins_at_the_first_position() -> None:
    _, log, _, view = store(5000)
    calls = itertools.count()
    with pytest.raises(Cancelled):
        replay(view, log, cancelled=lambda: next(calls) >= 4)
    _, seen = replay(view, log, restart=True)

    assert 0 == seen[0].position


def test_an_entry_that_cannot_be_taken_in_fails_the_replay_and_keeps_the_live_view() -> None:
    _, log, kind, view = store()
    before = view.generation
    kind.poison = {"7"}
    with pytest.raises(ProjectionError, match="before position"):
        replay(view, log)

    assert before == view.generation
    with view.lease() as projector:
        assert 10 == projector.checkpoint()


@pytest.mark.parametrize(
    ("live", "rebuilt", "difference"),
    [
        ([], [], ""),
        ([("a", b"1")], [("a", b"1")], ""),
        ([("a", b"1")], [("a", b"2")], "a: the live view and its rebuild hold different values"),
        ([("a", b"1")], [], "a: only the live view has it"),
        ([("a", b"1")], [("a", b"1"), ("b", b"2")], "b: only the rebuild has it"),
        ([("b", b"2")], [("a", b"1"), ("b", b"2")], "a: only the rebuild has it"),
    ],
)
def test_the_first_difference_is_found_in_one_pass(
    live: list[tuple[str, bytes]], rebuilt: list[tuple[str, bytes]], difference: str
) -> None:
    assert difference == first_difference(live, rebuilt)
