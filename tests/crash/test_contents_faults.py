"""The contents, the catalog and the entities survive a fault at every step of every write."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from agent_memory.indexes.contents import ContentsIndex
from agent_memory.inference.extractive import ExtractiveSummariser
from agent_memory.log import RowEventLog
from agent_memory.projectors.catalog import CatalogView
from agent_memory.projectors.port import Projector
from agent_memory.projectors.toc import TocProjector
from agent_memory.projectors.wordings import TocWordings
from agent_memory.storage import InMemoryRows, Rows
from agent_memory.testing.answers import worded
from agent_memory.testing.contents_checks import project_all, random_sizes
from agent_memory.testing.entities_checks import gossip
from agent_memory.testing.entities_checks import open_entities as open_scripted_entities
from agent_memory.testing.faults import Faults, FaultyRows, InjectedFault
from agent_memory.toc import SegmentRule

OpenView = Callable[[Rows, RowEventLog], Projector]


def open_toc(rows: Rows, log: RowEventLog) -> TocProjector:
    index = ContentsIndex(rows, generation=1, zone="Europe/Berlin")
    return TocProjector(log, index, ExtractiveSummariser(), rule=SegmentRule(tokens_max=150), epoch_positions=16)


def open_catalog(rows: Rows, log: RowEventLog) -> Projector:
    return CatalogView(rows, zone="Europe/Berlin").open(1)


def open_entities(rows: Rows, log: RowEventLog) -> Projector:
    return open_scripted_entities(rows)


# With the steps of a write, and with what each is followed by, the cost grows with the square.
@pytest.fixture(params=[36, pytest.param(90, marks=pytest.mark.slow)])
def log(request: pytest.FixtureRequest) -> Iterator[RowEventLog]:
    log = RowEventLog(InMemoryRows())
    # Late events among the live ones, so that segments also join and vanish; and answers about what they were before.
    events = gossip(request.param, seed=3)
    log.append(events[::2])
    answer_some(log)
    log.append(events[1::2])
    answer_some(log)
    yield log
    log.close()


def answer_some(log: RowEventLog) -> None:
    toc = open_toc(InMemoryRows(), log)
    project_all(toc, log)
    wordings = TocWordings(log, toc.index)
    ready = [waiting.node_id for waiting in wordings.unworded(limit=99) if waiting.is_ready]
    log.record([worded(node_id, wordings.material(node_id)) for node_id in ready[::3]]).result()


@pytest.mark.parametrize("open_view", [open_toc, open_catalog, open_entities])
@pytest.mark.parametrize("forever", [False, True])
def test_a_view_survives_a_fault_at_every_step(log: RowEventLog, open_view: OpenView, forever: bool) -> None:
    """In the middle of a process that goes on, and at the end of one that does not."""
    whole = open_view(InMemoryRows(), log)
    project_all(whole, log)
    expected = list(whole.rows())
    for at in itertools.count(1):
        rows, faults = InMemoryRows(), Faults(at, forever=forever)
        view = open_view(FaultyRows(rows, faults), log)
        with suppress(InjectedFault):
            project_all(view, log, random_sizes(at, 13))
        survivor = open_view(rows, log) if forever else view
        project_all(survivor, log, random_sizes(at + 1, 13))

        assert expected == list(survivor.rows())
        if not faults.fired:
            break
    assert at > 10
