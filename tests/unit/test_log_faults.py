"""The log over rows that fail: answers the error, reads its end again, goes on."""

from __future__ import annotations

import itertools
from contextlib import suppress

import msgspec
import pytest

from agent_memory._pb.agent_memory.storage.v1.answer_record_pb2 import AnswerRecord
from agent_memory.errors import ChecksumMismatch, Corrupt, StorageUnavailable, UnknownFormat
from agent_memory.events import Event, Receipt
from agent_memory.events.ulids import ulid_key
from agent_memory.log import RowEventLog
from agent_memory.log.chain import content_digest, next_digest
from agent_memory.log.keys import (
    answer_key,
    event_position,
    log_entry,
    log_key,
    log_record,
    log_value,
    session_hash,
    session_key,
    source_key,
)
from agent_memory.storage import Family, InMemoryRows
from agent_memory.testing.answers_checks import said
from agent_memory.testing.events import NOON_MS, event, events
from agent_memory.testing.faults import NO_FAULTS, Faults, FaultyRows, InjectedFault

HISTORY: list[list[Event]] = [
    [event("one")],
    events(3, source="hook", source_id="1"),
    [event("two", time_ms=NOON_MS - 5), event("one")],
    events(2, session="other"),
]


def test_a_crash_at_any_write_step_loses_nothing_acknowledged_and_doubles_nothing() -> None:
    """Broken before or after each write; then the log is opened anew and the appender retries."""
    whole = append_all(RowEventLog(InMemoryRows()))
    for at in itertools.count(1):
        rows, faults = InMemoryRows(), Faults(at, forever=True)
        acknowledged: list[list[Receipt]] = []
        log = RowEventLog(FaultyRows(rows, faults))
        with suppress(InjectedFault):
            for batch in HISTORY:
                acknowledged.append(log.append(batch))
        log.close()
        log = RowEventLog(rows)
        head = max((r.position for batch in acknowledged for r in batch), default=0)
        assert log.head() >= head, f"step {at}"
        again = append_all(log)
        log.verify(limit=99)
        log.close()

        assert [positions(batch) for batch in whole] == [positions(batch) for batch in again], f"step {at}"
        if not faults.fired:
            break
    assert at > 2 * len(HISTORY) - 2


def test_a_write_that_fails_at_any_step_costs_that_append_alone() -> None:
    """The same with one fault, and the same log going on."""
    whole = append_all(RowEventLog(InMemoryRows()))
    for at in itertools.count(1):
        faults = Faults(at)
        log = RowEventLog(FaultyRows(InMemoryRows(), faults))
        receipts: list[list[Receipt]] = []
        for batch in HISTORY:
            try:
                receipts.append(log.append(batch))
            except InjectedFault:
                receipts.append(log.append(batch))
        assert 5 == log.verify(limit=99)
        log.close()

        assert [positions(batch) for batch in whole] == [positions(batch) for batch in receipts], f"step {at}"
        if not faults.fired:
            break


def test_the_head_shows_nothing_that_was_not_acknowledged() -> None:
    """Written, and then no answer: invisible until the rows have confirmed it."""
    faults = Faults(2)
    log = RowEventLog(FaultyRows(InMemoryRows(), faults))
    seen: list[int] = []
    log.watch(seen.append)
    unconfirmed = event("unconfirmed")
    with pytest.raises(InjectedFault):
        log.append([unconfirmed])
    before = (log.head(), log.read(limit=9), log.scan(limit=9), log.get_many([unconfirmed.id]), log.append_error())
    [receipt] = log.append([unconfirmed])

    assert (0, [], [], [None]) == before[:4]
    assert (1, False) == (receipt.position, receipt.created)
    assert [1] == seen
    log.close()


def test_it_says_why_appends_are_refused_until_they_are_not() -> None:
    log = RowEventLog(FaultyRows(InMemoryRows(), Faults(1)))
    with pytest.raises(StorageUnavailable):
        log.append([event()])
    refused = log.append_error()
    log.append([event()])

    # The first question may already have been the write that went through.
    assert refused in ("", "injected at step 1: before a write")
    assert "" == log.append_error()
    log.close()


def test_duplicates_are_answered_even_if_their_neighbours_write_fails() -> None:
    """What is durable already needs no write."""
    rows = InMemoryRows()
    log = RowEventLog(rows)
    log.append([event("known")])
    log.close()
    log = RowEventLog(FaultyRows(rows, Faults(1, forever=True)))
    submissions = [log.submit([event("known")]), log.submit([event("new")]), log.submit([event("known")])]
    answers = [type(s.exception()) for s in submissions]
    log.close()

    assert type(None) is answers[0]
    assert InjectedFault is answers[1]


def test_a_store_that_forgot_what_was_acknowledged_is_corrupt() -> None:
    rows = InMemoryRows()
    log = RowEventLog(FaultyRows(rows, Faults(3)))
    log.append([event("kept")])
    forget = rows.batch()
    forget.delete(Family.LOG, log_key(1))
    rows.write(forget)
    with pytest.raises(InjectedFault):
        log.append([event("more")])
    with pytest.raises(Corrupt, match="position 1 was acknowledged"):
        log.append([event("more")])
    log.close()


TAMPERINGS = ["text", "event", "position", "session", "source", "entry", "digest", "kind", "short entry", "short event"]


@pytest.mark.parametrize("what", TAMPERINGS)
def test_verify_names_the_position_that_was_tampered_with(what: str) -> None:
    rows = InMemoryRows()
    log = RowEventLog(rows)
    log.append(history := [event(f"text {n}", source="hook", source_id=str(n)) for n in range(6)])
    victim = history[3]
    ulid = ulid_key(victim.id)
    value = rows.get(Family.EVENTS, ulid)
    entry = rows.get(Family.LOG, log_key(4))
    assert value is not None
    assert entry is not None
    batch = rows.batch()
    if what == "text":
        batch.put(Family.EVENTS, ulid, value.replace(b"text 3", b"text 8"))
    elif what == "event":
        batch.delete(Family.EVENTS, ulid)
    elif what == "position":
        batch.put(Family.EVENTS, ulid, log_key(event_position(ulid, value) - 1) + value[8:])
    elif what == "session":
        batch.delete(Family.SESSIONS, session_key(session_hash("s"), ulid))
    elif what == "source":
        batch.put(Family.IDS, source_key("hook", "3"), ulid_key(history[0].id))
    elif what == "entry":
        batch.delete(Family.LOG, log_key(4))
    elif what == "digest":
        batch.put(Family.LOG, log_key(4), entry[:-1] + bytes([entry[-1] ^ 1]))
    elif what == "kind":
        batch.put(Family.LOG, log_key(4), b"\x07" + entry[1:])
    elif what == "short entry":
        batch.put(Family.LOG, log_key(4), entry[:-1])
    elif what == "short event":
        batch.put(Family.EVENTS, ulid, value[:5])
    rows.write(batch)
    with pytest.raises(Corrupt) as caught:
        log.verify(limit=99)
    log.close()

    assert isinstance(caught.value, ChecksumMismatch)
    assert 4 == caught.value.position
    assert 3 == log.verify(limit=3)


@pytest.mark.parametrize("what", ["record", "name", "digest", "short entry", "lost", "unknown", "newer"])
def test_verify_names_the_position_of_an_answer_that_was_tampered_with(what: str) -> None:
    rows = InMemoryRows()
    log = RowEventLog(rows)
    log.append(events(2))
    log.record([said("a"), said("b")]).result()
    log.append([event("after")])
    entry = rows.get(Family.LOG, log_key(4))
    assert entry is not None
    kind, name, digest = log_entry(4, entry)
    batch = rows.batch()
    if what == "record":
        batch.put(Family.LOG, log_key(4), entry[:-1] + bytes([entry[-1] ^ 1]))
    elif what == "name":
        batch.put(Family.LOG, log_key(4), log_value(kind, bytes(16), digest, log_record(entry)))
    elif what == "digest":
        batch.put(Family.LOG, log_key(4), log_value(kind, name, bytes(32), log_record(entry)))
    elif what == "short entry":
        batch.put(Family.LOG, log_key(4), entry[:40])
    elif what == "lost":
        batch.delete(Family.LOG, log_key(4))
    elif what == "unknown":
        batch.delete(Family.IDS, name)
    elif what == "newer":
        record = AnswerRecord.FromString(log_record(entry))
        record.format = 9
        lifted = record.SerializeToString()
        name = answer_key(lifted)
        before = log_entry(3, rows.get(Family.LOG, log_key(3)) or b"")[2]
        digest = next_digest(before, kind, content_digest(name, lifted))
        batch.put(Family.LOG, log_key(4), log_value(kind, name, digest, lifted))
        batch.put(Family.IDS, name, log_key(4))
    rows.write(batch)
    with pytest.raises(UnknownFormat if what == "newer" else Corrupt, match="position 4"):
        log.verify(limit=99)
    log.close()

    assert 3 == log.verify(limit=3)


def test_an_answer_survives_a_fault_at_every_step_once_and_only_once() -> None:
    for at in itertools.count(1):
        rows, faults = InMemoryRows(), Faults(at)
        log = RowEventLog(FaultyRows(rows, faults))
        for _ in range(2):
            # As a worker does that got no answer: the same once more.
            with suppress(InjectedFault):
                log.append(events(1))
            with suppress(InjectedFault):
                log.record([said("a"), said("b")]).result()
        log.close()
        log = RowEventLog(rows)

        assert 3 == log.head() == log.verify(limit=9)
        assert 1 == log.event_count()
        log.close()
        if not faults.fired:
            break
    assert at > 2


@pytest.mark.parametrize(("family", "told"), [(Family.LOG, "position 2"), (Family.EVENTS, "event 0")])
def test_a_row_that_is_cut_short_is_named_by_a_reader_and_at_opening(family: Family, told: str) -> None:
    rows = InMemoryRows()
    log = RowEventLog(rows)
    log.append(history := events(2))
    batch = rows.batch()
    batch.put(family, log_key(2) if family is Family.LOG else ulid_key(history[1].id), b"short")
    rows.write(batch)
    readers = [lambda: log.read(limit=9), lambda: log.verify(limit=9)]
    if family is Family.LOG:
        readers.append(lambda: RowEventLog(rows))
    else:
        readers += [lambda: log.scan(limit=9), lambda: log.get(history[1].id), lambda: log.append(history)]
        readers += [lambda: log.scan(session="s", limit=9), lambda: log.verify_events(limit=9)]
    for reader in readers:
        with pytest.raises(Corrupt, match=f"position 2|{told}"):
            reader()
    log.close()


def test_events_that_the_end_of_the_log_lost_are_told() -> None:
    rows = InMemoryRows()
    log = RowEventLog(rows)
    log.append(events(5))
    log.close()
    batch = rows.batch()
    for position in (4, 5):
        batch.delete(Family.LOG, log_key(position))
    rows.write(batch)
    log = RowEventLog(rows)
    assert 3 == log.verify(limit=99)
    with pytest.raises(ChecksumMismatch) as lost:
        log.verify_events(limit=99)
    log.append([event("takes position 4"), event("takes position 5")])
    assert 5 == log.verify(limit=99)
    with pytest.raises(ChecksumMismatch) as taken:
        log.verify_events(limit=99)
    log.close()

    assert 4 == lost.value.position == taken.value.position


def test_answers_that_the_store_does_not_admit_cost_no_event_and_are_recorded_once_it_does() -> None:
    """Its manifest cannot be written, say: an answer before it would be taken for damage by an older release."""
    admits: list[bool] = []

    def before_answers() -> None:
        if not admits:
            raise StorageUnavailable("the manifest cannot be written")

    log = RowEventLog(InMemoryRows(), before_answers=before_answers)
    refused = log.record([said("a")])
    nothing = log.record([])
    [receipt] = log.append(events(1))
    admits.append(True)
    recorded = log.record([said("a")]).result()
    log.close()

    assert isinstance(refused.exception(), StorageUnavailable)
    assert [] == nothing.result()
    assert (1, [2]) == (receipt.position, recorded)


def answered_log(rows: InMemoryRows) -> None:
    log = RowEventLog(rows)
    log.append(events(2))
    log.record([said("a"), said("b"), said("c")]).result()
    log.close()


def test_answers_that_the_end_of_the_log_lost_are_told() -> None:
    """Whether or not something else took their positions since."""
    rows = InMemoryRows()
    answered_log(rows)
    batch = rows.batch()
    batch.delete(Family.LOG, log_key(5))
    rows.write(batch)
    log = RowEventLog(rows)
    assert 4 == log.verify(limit=99)
    with pytest.raises(ChecksumMismatch) as lost:
        list(log.verify_answers())
    log.append([event("takes position 5")])
    assert 5 == log.verify(limit=99)
    with pytest.raises(ChecksumMismatch) as taken:
        list(log.verify_answers())
    log.close()

    assert 5 == lost.value.position == taken.value.position


def test_an_answer_whose_every_row_is_lost_but_that_was_counted_is_told() -> None:
    rows = InMemoryRows()
    answered_log(rows)
    last = rows.get(Family.LOG, log_key(5))
    assert last is not None
    batch = rows.batch()
    batch.delete(Family.LOG, log_key(5))
    batch.delete(Family.IDS, log_entry(5, last)[1])
    rows.write(batch)
    log = RowEventLog(rows)
    with pytest.raises(Corrupt, match="3 answers were recorded, and 2 are known"):
        list(log.verify_answers())
    log.close()


def test_answers_are_checked_a_few_at_a_time_and_those_that_come_meanwhile_disturb_nothing() -> None:
    rows = InMemoryRows()
    log = RowEventLog(rows)
    log.append([event(f"text {n}", source="hook", source_id=str(n)) for n in range(50)])
    log.record([said(f"{n}") for n in range(100)]).result()
    told = []
    for checked in log.verify_answers():
        told.append(checked)
        log.record([said(f"more {len(told)}")]).result()
    log.close()

    assert told == sorted(told)
    assert len(told) > 5
    assert 100 <= told[-1] <= 100 + len(told)


def test_events_are_checked_page_by_page() -> None:
    log = RowEventLog(InMemoryRows())
    history = events(300)
    log.append(history)
    last, pages = log.verify_events(limit=7), 1
    while last:
        last, pages = log.verify_events(after=last, limit=7), pages + 1
    assert "" == RowEventLog(InMemoryRows()).verify_events(limit=7)
    log.close()

    assert 43 == pages


def test_a_log_without_its_events_does_not_open() -> None:
    rows = InMemoryRows()
    log = RowEventLog(rows)
    log.append(history := events(2))
    log.close()
    batch = rows.batch()
    for lost in history:
        batch.delete(Family.EVENTS, ulid_key(lost.id))
    rows.write(batch)
    with pytest.raises(Corrupt, match="position 2"):
        RowEventLog(rows)


def test_a_missing_event_is_named_by_a_reader() -> None:
    rows = InMemoryRows()
    log = RowEventLog(rows)
    log.append(history := events(3))
    batch = rows.batch()
    batch.delete(Family.EVENTS, ulid_key(history[1].id))
    rows.write(batch)
    with pytest.raises(Corrupt, match="position 2"):
        log.read(limit=9)
    log.close()


def test_a_listener_that_fails_costs_nobody_else(caplog: pytest.LogCaptureFixture) -> None:
    log = RowEventLog(FaultyRows(InMemoryRows(), NO_FAULTS))
    told: list[int] = []

    def broken(_: int) -> None:
        raise RuntimeError("listener")

    log.watch(broken)
    log.watch(told.append)
    log.append([event()])
    log.close()

    assert [1] == told
    assert "a listener of the log failed" in caplog.text


def append_all(log: RowEventLog) -> list[list[Receipt]]:
    return [log.append(batch) for batch in HISTORY]


def positions(receipts: list[Receipt]) -> list[tuple[str, int]]:
    return [msgspec.structs.astuple(receipt)[:2] for receipt in receipts]
