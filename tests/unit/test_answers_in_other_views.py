"""Answers of language models are no events: every view but the contents passes over them, and comes to the end."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from agent_memory.log import RecordedAnswer, RowEventLog
from agent_memory.projectors.catalog import CatalogView
from agent_memory.projectors.lexical import LexicalView
from agent_memory.projectors.port import Projector
from agent_memory.projectors.vectors import VectorView
from agent_memory.storage import InMemoryRows, Rows
from agent_memory.testing.answers_checks import said
from agent_memory.testing.contents_checks import project_all, random_sizes
from agent_memory.testing.embedders import HashingEmbedder
from agent_memory.testing.entities_checks import gossip, open_entities
from agent_memory.testing.faults import Faults, InjectedFault

Open = Callable[[Path, Rows], Projector]

VIEWS: list[Open] = [
    lambda _, rows: CatalogView(rows, zone="Europe/Berlin").open(1),
    lambda _, rows: open_entities(rows),
    lambda folder, _: LexicalView(folder / "lexical").open(1),
    lambda folder, rows: VectorView(folder / "vectors", rows, HashingEmbedder(32)).open(1),
]


@pytest.fixture
def logs() -> Iterator[tuple[RowEventLog, RowEventLog]]:
    """The same events, in the second log with answers before, among and after them."""
    plain, answered = RowEventLog(InMemoryRows()), RowEventLog(InMemoryRows())
    events = gossip(30, seed=2)
    plain.append(events)
    for n in range(3):
        answered.record([said(f"{n} {m}") for m in range(5)]).result()
        answered.append(events[n * 10 : n * 10 + 10])
    answered.record([said("at the end"), said("and again")]).result()
    yield plain, answered
    plain.close()
    answered.close()


@pytest.mark.parametrize("open_view", VIEWS, ids=["catalog", "entities", "lexical", "vectors"])
def test_a_view_is_as_without_the_answers_and_comes_to_the_end(
    open_view: Open, logs: tuple[RowEventLog, RowEventLog], tmp_path: Path
) -> None:
    plain, answered = logs
    expected = open_view(tmp_path / "plain", InMemoryRows())
    project_all(expected, plain)
    for seed in range(2):
        rows = InMemoryRows()
        view = open_view(tmp_path / str(seed), rows)
        project_all(view, answered, random_sizes(seed, 6))
        at_the_end, found = view.checkpoint(), list(view.rows())
        view.flush()
        view.close()
        again = open_view(tmp_path / str(seed), rows)
        project_all(again, answered, random_sizes(seed + 1, 6))

        assert 47 == answered.head() == at_the_end == again.checkpoint()
        assert list(expected.rows()) == found == list(again.rows())


def test_a_lexical_index_survives_a_crash_at_every_step_among_answers(
    logs: tuple[RowEventLog, RowEventLog], tmp_path: Path
) -> None:
    plain, answered = logs
    whole = LexicalView(tmp_path / "whole").open(1)
    project_all(whole, plain)
    expected = list(whole.rows())
    for at in itertools.count(1):
        faults = Faults(at)
        view = LexicalView(tmp_path / str(at), step=faults.step).open(1)
        with suppress(InjectedFault):
            project_all(view, answered, random_sizes(at, 40))
        project_all(view, answered, random_sizes(at, 40))

        assert expected == list(view.rows())
        assert 47 == view.checkpoint()
        if not faults.fired:
            break


def test_answers_alone_take_no_commit(tmp_path: Path) -> None:
    """What is true of them is in the log, and a commit of nothing costs a search its segments."""
    steps: list[str] = []
    view = LexicalView(tmp_path, step=steps.append).open(1)
    view.project([RecordedAnswer(position, said(str(position))) for position in (1, 2)])

    assert 2 == view.checkpoint()
    assert "before the commit" not in steps
