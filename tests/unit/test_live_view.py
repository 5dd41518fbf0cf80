from __future__ import annotations

import pytest

from agent_memory.errors import Closed, OtherForm
from agent_memory.projectors.live import LiveView
from agent_memory.storage import Family, InMemoryRows
from agent_memory.testing.views import TextsProjector, TextsView


def open_view(rows: InMemoryRows, **form: str) -> tuple[LiveView[TextsProjector], TextsView]:
    kind = TextsView(rows, **form)  # type: ignore[arg-type]
    view = LiveView(kind, rows, open_timeout_s=0.05)
    view.open()
    return view, kind


def test_the_live_generation_is_remembered() -> None:
    rows = InMemoryRows()
    first, _ = open_view(rows)
    number = first.generation
    first.close()

    assert number == open_view(rows)[0].generation


def test_a_generation_of_another_form_is_erased_once_its_successor_has_caught_up() -> None:
    rows = InMemoryRows()
    old, kind = open_view(rows, fingerprint="1")
    write_row(rows, kind.prefix(old.generation) + b"t")
    old.close()

    new, _ = open_view(rows, fingerprint="2")

    assert new.generation != old.generation
    assert row(rows, kind, 1) is not None
    new.caught_up()
    assert row(rows, kind, 1) is None


def test_settings_that_were_mistyped_and_put_right_cost_nothing() -> None:
    rows = InMemoryRows()
    first, kind = open_view(rows, fingerprint="right")
    number = first.generation
    write_row(rows, kind.prefix(number) + b"t")
    first.close()
    open_view(rows, fingerprint="wrong")[0].close()

    again, _ = open_view(rows, fingerprint="right")

    assert number == again.generation
    assert row(rows, kind, number) is not None


def test_whoever_only_reads_leaves_a_generation_of_another_form_alone() -> None:
    rows = InMemoryRows()
    old, kind = open_view(rows, fingerprint="1")
    write_row(rows, kind.prefix(old.generation) + b"t")
    old.close()
    before = rows.scan(Family.VIEWS, first=b"", end=b"\xff", limit=100)
    reader = LiveView(TextsView(rows, fingerprint="2"), rows, may_begin_anew=False, open_timeout_s=0.05)
    with pytest.raises(OtherForm, match="was built as 1"):
        reader.open()

    assert before == rows.scan(Family.VIEWS, first=b"", end=b"\xff", limit=100)


def test_a_view_without_a_form_of_its_own_takes_what_there_is() -> None:
    rows = InMemoryRows()
    old, _ = open_view(rows, fingerprint="a model")
    number = old.generation
    old.close()

    assert number == open_view(rows, fingerprint="")[0].generation


def test_an_old_generation_that_cannot_be_closed_or_erased_does_not_hurt_the_new_one() -> None:
    rows = InMemoryRows()
    view, kind = open_view(rows)
    write_row(rows, kind.prefix(1) + b"t")
    building = view.open_building(restart=False)
    kind.sticks = True
    view.swap(building)

    with view.lease() as live:
        assert live is building.projector
        assert not live.closed
    kind.sticks = False
    view.close()
    assert row(rows, kind, 1) is not None
    open_view(rows)
    assert row(rows, kind, 1) is None


def row(rows: InMemoryRows, kind: TextsView, generation: int) -> bytes | None:
    return rows.get(Family.VIEWS, kind.prefix(generation) + b"t")


def test_a_swap_moves_new_readers_and_leaves_running_ones_where_they_are() -> None:
    rows = InMemoryRows()
    view, _ = open_view(rows)
    with view.lease() as old:
        building = view.open_building(restart=False)
        view.swap(building)
        with view.lease() as new:
            assert new is building.projector
        assert not old.closed

    assert old.closed


def test_a_swap_survives_a_restart() -> None:
    rows = InMemoryRows()
    view, _ = open_view(rows)
    building = view.open_building(restart=False)
    view.swap(building)
    view.close()

    assert building.number == open_view(rows)[0].generation


def test_an_unfinished_generation_is_gone_on_with_unless_a_restart_is_wanted() -> None:
    rows = InMemoryRows()
    view, kind = open_view(rows)
    unfinished = view.open_building(restart=False).number
    write_row(rows, kind.prefix(unfinished) + b"t")

    assert unfinished == view.open_building(restart=False).number
    assert rows.get(Family.VIEWS, kind.prefix(unfinished) + b"t") is not None
    view.open_building(restart=True)
    assert rows.get(Family.VIEWS, kind.prefix(unfinished) + b"t") is None


def test_a_closed_view_gives_no_lease() -> None:
    view, _ = open_view(InMemoryRows())
    view.close()
    with pytest.raises(Closed), view.lease():
        pass


def write_row(rows: InMemoryRows, key: bytes) -> None:
    batch = rows.batch()
    batch.put(Family.VIEWS, key, b"x")
    rows.write(batch)
