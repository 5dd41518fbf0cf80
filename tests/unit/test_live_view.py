from __future__ import annotations

import pytest

from agent_memory.errors import Closed
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


def test_a_generation_of_another_form_is_erased_and_begun_anew() -> None:
    rows = InMemoryRows()
    old, kind = open_view(rows, fingerprint="1")
    write_row(rows, kind.prefix(old.generation) + b"t")
    old.close()

    new, _ = open_view(rows, fingerprint="2")

    assert new.generation != old.generation
    assert rows.get(Family.VIEWS, kind.prefix(1) + b"t") is None


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
