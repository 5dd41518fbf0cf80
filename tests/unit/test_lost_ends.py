"""What the very end of the log lost, and `verify` finds by what is left elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

import agent_memory
from agent_memory.log import RowEventLog
from agent_memory.log.keys import log_entry, log_key
from agent_memory.memory import VerifyFinding
from agent_memory.storage import Family, InMemoryRows, open_store
from agent_memory.sync import SyncMemory
from agent_memory.testing.events import event
from agent_memory.testing.wording_checks import AnsweredStore


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A store whose last entries are answers, its contents worded by them."""
    with open_store(tmp_path / "store", time_zone="Europe/Berlin", disk_reserve_bytes=0) as disk:
        store = AnsweredStore([event("We decided to keep the boat.")], InMemoryRows(), log_rows=disk.rows)
        store.word_all()
        store.log.close()
    with opened(tmp_path / "store") as memory:
        memory.wait_for(["toc"], memory.status().position)
    return tmp_path / "store"


def opened(folder: Path) -> agent_memory.Opening:
    return agent_memory.open(folder, model=folder / "none", spool=folder / "spool", disk_reserve_bytes=0)


def lose(folder: Path, position: int, *, with_its_name: bool) -> None:
    """Take an answer out of the log; also what tells its position by its content, or not."""
    with open_store(folder, disk_reserve_bytes=0) as disk:
        entry = disk.rows.get(Family.LOG, log_key(position))
        assert entry is not None
        batch = disk.rows.batch()
        batch.delete(Family.LOG, log_key(position))
        if with_its_name:
            batch.delete(Family.IDS, log_entry(position, entry)[1])
        disk.rows.write(batch, durable=True)


def findings(memory: SyncMemory) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for report in memory.verify():
        if isinstance(report, VerifyFinding):
            found.setdefault(report.check, []).append(report.message)
    return found


def test_a_store_that_lost_nothing_is_sound(folder: Path) -> None:
    with opened(folder) as memory:
        assert {} == findings(memory)


@pytest.mark.parametrize("with_its_name", [False, True])
def test_a_lost_answer_is_named_by_what_knows_of_it(folder: Path, with_its_name: bool) -> None:
    with opened(folder) as memory:
        head = memory.status().position
    lose(folder, head, with_its_name=with_its_name)
    with opened(folder) as memory:
        found = findings(memory)

    expected = f"{head - 1} answers were recorded, and {head - 2} are known"
    lost = f"position {head}: a recorded answer has no entry in the log"
    assert [expected if with_its_name else lost] == found["log"]
    assert f"it contains position {head}, and the log ends at {head - 1}" in found["toc"]


def test_an_answer_whose_place_was_taken_by_an_event_is_found_all_the_same(folder: Path) -> None:
    with opened(folder) as memory:
        head = memory.status().position
    lose(folder, head, with_its_name=False)
    with open_store(folder, disk_reserve_bytes=0) as disk:
        log = RowEventLog(disk.rows)
        log.append([event("takes its place")])
        log.close()
    with opened(folder) as memory:
        found = findings(memory)

    assert [f"position {head}: a recorded answer claims the entry of another"] == found["log"]
