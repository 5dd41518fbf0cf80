"""An entry of the log that only a newer release knows: told as that, by whoever meets it, and never as damage."""

from __future__ import annotations

from pathlib import Path

import pytest

import agent_memory
from agent_memory.errors import ChecksumMismatch, Corrupt, UnknownFormat, UnknownKind
from agent_memory.events.ulids import ulid_key
from agent_memory.log import RowEventLog
from agent_memory.log.keys import event_value, log_key, session_hash, session_key
from agent_memory.memory import VerifyFinding, VerifyVerdict, ViewState
from agent_memory.storage import Family, InMemoryRows, open_store
from agent_memory.testing.entries import FROM_TOMORROW, record_of_tomorrow
from agent_memory.testing.events import NOON_MS, event, events
from agent_memory.testing.waiting import eventually


def log_with_one(position: int, after: int) -> RowEventLog:
    """A log whose entry at *position* is of tomorrow, with so many events after it."""
    rows = InMemoryRows()
    history = events(position - 1 + after)
    log = RowEventLog(rows)
    log.append(history[: position - 1])
    log.close()
    record_of_tomorrow(rows, position)
    log = RowEventLog(rows)
    if after:
        log.append(history[position - 1 :])
    return log


def test_the_error_says_what_it_is_where_and_how_to_mend_it() -> None:
    log = log_with_one(3, after=2)
    with pytest.raises(UnknownKind) as caught:
        log.read(after=2, limit=9)
    log.close()
    told = caught.value

    assert (3, FROM_TOMORROW, 2) == (told.position, told.found, told.supported)
    assert told.advice == (
        "the entry at position 3 is of kind 7, which only a newer agent-memory knows. Install the newest "
        "agent-memory; this release leaves the entry, and what comes after it, as it is."
    )
    assert not isinstance(told, Corrupt)


@pytest.mark.parametrize("position", [3, 16, 17, 40])
def test_a_reader_comes_as_far_as_it_can_and_past_it_where_it_begins_after_it(position: int) -> None:
    """In whichever block of the log it lies, and however long the page."""
    log = log_with_one(position, after=30)
    before, beyond = [], []
    while len(before) < position - 1:
        before += log.read(after=len(before), limit=25)
    with pytest.raises(UnknownKind):
        log.read(after=len(before), limit=25)
    while len(beyond) < 30:
        beyond += log.read(after=position + len(beyond), limit=25)
    log.close()

    assert list(range(1, position)) == [entry.position for entry in before]
    assert list(range(position + 1, position + 31)) == [entry.position for entry in beyond]


def test_appending_goes_on_after_it_and_the_chain_holds_over_it() -> None:
    log = log_with_one(3, after=2)
    [receipt] = log.append([event("one more")])
    with pytest.raises(UnknownKind):
        log.verify(limit=99)

    assert 6 == receipt.position == log.verify(after=3, limit=99)
    log.close()


def test_what_stands_before_it_is_checked_all_the_same() -> None:
    rows = InMemoryRows()
    log = RowEventLog(rows)
    log.append([lost := event("text")])
    log.close()
    record_of_tomorrow(rows, 2)
    batch = rows.batch()
    batch.delete(Family.SESSIONS, session_key(session_hash("s"), ulid_key(lost.id)))
    rows.write(batch)
    log = RowEventLog(rows)
    with pytest.raises(ChecksumMismatch, match="position 1"):
        log.verify(limit=9)
    log.close()


@pytest.mark.parametrize("record", [b"pinned by Eve", b""])
def test_an_entry_that_the_chain_does_not_vouch_for_is_damaged_whatever_its_kind(record: bytes) -> None:
    """A bit that fell over in the kind of an event is no message from the future."""
    rows = InMemoryRows()
    log = RowEventLog(rows)
    log.append(events(2))
    entry = rows.get(Family.LOG, log_key(2))
    assert entry is not None
    batch = rows.batch()
    batch.put(Family.LOG, log_key(2), bytes([FROM_TOMORROW]) + entry[1:] + record)
    rows.write(batch)
    for read in (log.read, log.verify):
        with pytest.raises(ChecksumMismatch, match="position 2"):
            read(after=1, limit=9)
    log.close()


def test_a_record_of_a_newer_format_keeps_no_reader_from_what_comes_before() -> None:
    rows = InMemoryRows()
    log = RowEventLog(rows)
    log.append(history := events(3))
    batch = rows.batch()
    batch.put(Family.EVENTS, ulid_key(history[2].id), event_value(log_key(3), b"\x08\x63"))
    rows.write(batch)
    found = log.read(limit=9)
    with pytest.raises(UnknownFormat, match="format 99"):
        log.read(after=2, limit=9)
    log.close()

    assert [1, 2] == [entry.position for entry in found]


def test_a_store_with_one_is_served_and_its_views_stand_before_it_and_say_so(tmp_path: Path) -> None:
    with open_store(tmp_path / "store", time_zone="UTC") as store:
        log = RowEventLog(store.rows)
        log.append(events(2))
        log.close()
        record_of_tomorrow(store.rows, 3)
        log = RowEventLog(store.rows)
        log.append([event("after it", time_ms=NOON_MS + 9_000)])
        log.close()
    with agent_memory.open(tmp_path / "store", model=tmp_path / "none", spool=tmp_path / "spool") as memory:

        def are_told() -> bool:
            views = [view for view in memory.status().views if view.name != "vectors"]
            return all(view.state is ViewState.FAILED and view.position == 2 for view in views)

        eventually(are_told)
        status = memory.status()
        listed = memory.events(limit=9).items
        reports = list(memory.verify())
    [toc] = [view for view in status.views if view.name == "toc"]
    findings = [report for report in reports if isinstance(report, VerifyFinding)]

    assert "position 3 is of kind 7, which only a newer agent-memory knows. Install the newest" in toc.error
    assert ["message 1", "message 2", "after it"] == [recorded.event.text for recorded in listed]
    assert [("log", True)] == [
        (f.check, "which only a newer agent-memory knows. Install" in f.message) for f in findings
    ]
    assert [1] == [report.finding_count for report in reports if isinstance(report, VerifyVerdict)]
