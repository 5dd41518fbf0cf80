"""A list walks beside the log: appends, duplicates, conflicts, failing writes and reopenings."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from agent_memory.errors import EventConflict, InvalidEvent
from agent_memory.events import Event, Recorded
from agent_memory.events.ulids import derived_ulid
from agent_memory.log import RecordedAnswer, RowEventLog, events_of
from agent_memory.storage import InMemoryRows, RocksRows, Rows
from agent_memory.summaries.model import Answer
from agent_memory.testing.answers_checks import said
from agent_memory.testing.events import NOON_MS, event
from agent_memory.testing.faults import Faults, FaultyRows, InjectedFault
from agent_memory.testing.strategies import texts

# Few of everything, so that events meet.
sources = st.one_of(st.just(("", "")), st.tuples(st.sampled_from(["hook", "transcript"]), st.sampled_from("12")))
times_ms = st.integers(NOON_MS, NOON_MS + 3)


@st.composite
def some_events(draw: st.DrawFn) -> Event:
    source, source_id = draw(sources)
    time_ms = draw(times_ms)
    derived = bool(source) and draw(st.booleans())
    explicit = derived_ulid(time_ms, "explicit", draw(st.sampled_from("abc")))
    return event(
        draw(st.one_of(st.sampled_from(["x", "y"]), texts(min_size=1, max_size=5))),
        id=derived_ulid(time_ms, source, source_id) if derived else explicit,
        session=draw(st.sampled_from(["s", "t"])),
        source=source,
        source_id=source_id,
    )


Refusal = EventConflict | InvalidEvent


class Model:
    """The rules of idempotency in their plainest form."""

    def __init__(self, recorded: list[Event | Answer]) -> None:
        self.recorded = recorded

    def answered(self, titles: list[str]) -> list[int]:
        for answer in map(said, titles):
            if answer not in self.recorded:
                self.recorded.append(answer)
        return [self.recorded.index(said(title)) + 1 for title in titles]

    def outcome(self, batch: list[Event]) -> list[tuple[str, int, bool]] | Refusal:
        for place, e in enumerate(batch):
            for earlier, other in enumerate(batch[:place]):
                if other.id == e.id and other != e and not (is_derived(other) and is_derived(e)):
                    problem = f"is the id of events[{earlier}], too, and they are not the same event"
                    return InvalidEvent(f"events[{place}].id", e.id, problem)
        recorded = list(self.recorded)
        receipts = []
        for place, e in enumerate(batch):
            events = [(p, r) for p, r in enumerate(recorded, 1) if isinstance(r, Event)]
            same_id = [p for p, r in events if r.id == e.id]
            same_source = [p for p, r in events if e.source and source_of(r) == source_of(e)]
            if same_id and recorded[same_id[0] - 1] == e:
                original = same_id[0]
            elif same_id and not (is_derived(e) and same_source):
                conflict = EventConflict(e.id, same_id[0])
                return conflict if len(batch) == 1 else conflict.within(f"events[{place}]")
            elif same_source:
                original = same_source[0]
            else:
                recorded.append(e)
                receipts.append((e.id, len(recorded), True))
                continue
            receipts.append((recorded[original - 1].id, original, False))
        self.recorded = recorded
        return receipts


def source_of(e: Event) -> tuple[str, str]:
    return e.source, e.source_id


def is_derived(e: Event) -> bool:
    return bool(e.source) and e.id == derived_ulid(e.time_ms, e.source, e.source_id)


class LogMachine(RuleBasedStateMachine):
    """Over rows in memory; the subclass opens the real engine."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = self.open_rows()
        self.model = Model([])

    @initialize()
    def open(self) -> None:
        self.log = RowEventLog(self.rows)

    def open_rows(self) -> Rows:
        return InMemoryRows()

    @rule(batch=st.lists(some_events(), max_size=4))
    def append(self, batch: list[Event]) -> None:
        expected = self.model.outcome(batch)
        if isinstance(expected, Refusal):
            with pytest.raises(type(expected)) as caught:
                self.log.append(batch)
            assert str(expected) == str(caught.value)
        else:
            assert expected == [msgspec.structs.astuple(r) for r in self.log.append(batch)]

    @rule(batches=st.lists(st.lists(some_events(), max_size=2), max_size=5))
    def submit_at_once(self, batches: list[list[Event]]) -> None:
        """Whoever shares a commit gets the answers that they would get one after the other."""
        answers = [self.log.submit(batch) for batch in batches]
        for batch, answer in zip(batches, answers, strict=True):
            expected = self.model.outcome(batch)
            if isinstance(expected, Refusal):
                assert str(expected) == str(answer.exception())
            else:
                assert expected == [msgspec.structs.astuple(r) for r in answer.result()]

    @precondition(lambda self: any(isinstance(e, Event) for e in self.model.recorded))
    @rule(data=st.data())
    def append_again(self, data: st.DataObject) -> None:
        known = data.draw(st.sampled_from([e for e in self.model.recorded if isinstance(e, Event)]))
        self.append([known])

    @rule(batch=st.lists(some_events(), min_size=1, max_size=3), at=st.integers(1, 4))
    def append_while_writes_fail(self, batch: list[Event], at: int) -> None:
        """Then once more, as an appender does that got no answer."""
        self.log.close()
        faults = Faults(at)
        self.log = RowEventLog(FaultyRows(self.rows, faults))
        expected = self.model.outcome(batch)
        answer = self.log.submit(batch)
        if isinstance(answer.exception(), InjectedFault):
            answer = self.log.submit(batch)
        if isinstance(expected, Refusal):
            assert str(expected) == str(answer.exception())
        else:
            # Not whether it was created: the write that gave no answer may have done it.
            assert [receipt[:2] for receipt in expected] == [(r.event_id, r.position) for r in answer.result()]
        if not faults.fired:
            self.reopen()

    @rule(titles=st.lists(st.sampled_from("abc"), max_size=3))
    def record(self, titles: list[str]) -> None:
        assert self.model.answered(titles) == self.log.record([said(title) for title in titles]).result()

    @rule()
    def reopen(self) -> None:
        self.log.close()
        self.log = RowEventLog(self.rows)

    @invariant()
    def reads_back_the_model(self) -> None:
        if not hasattr(self, "log"):
            return
        numbered = list(enumerate(self.model.recorded, 1))
        entries = [Recorded(at, e) if isinstance(e, Event) else RecordedAnswer(at, e) for at, e in numbered]
        recorded = events_of(entries)
        by_time = sorted(recorded, key=lambda r: r.event.id)

        assert len(entries) == self.log.head() == self.log.verify(limit=999)
        assert len(recorded) == self.log.event_count()
        assert entries == self.log.read(limit=999)
        assert entries[1:3] == self.log.read(after=1, limit=2)
        assert by_time == self.log.scan(limit=999)
        assert [r for r in by_time if r.event.session == "t"] == self.log.scan(session="t", limit=999)
        assert by_time[::-1][:2] == self.log.scan(limit=2, newest_first=True)
        assert recorded == self.log.get_many([r.event.id for r in recorded])

    def teardown(self) -> None:
        if hasattr(self, "log"):
            self.log.close()


class RocksLogMachine(LogMachine):
    def open_rows(self) -> Rows:
        self.folder = tempfile.mkdtemp()
        self.engine = RocksRows(Path(self.folder) / "rows", disk_reserve_bytes=0)
        return self.engine

    @rule()
    def reopen_the_store(self) -> None:
        self.log.close()
        self.engine.close()
        self.rows = self.engine = RocksRows(Path(self.folder) / "rows", disk_reserve_bytes=0)
        self.log = RowEventLog(self.rows)

    @rule()
    def reopen_the_engine_below_the_log(self) -> None:
        self.engine.reopen()

    def teardown(self) -> None:
        super().teardown()
        self.engine.close()
        shutil.rmtree(self.folder)


TestLogModel = LogMachine.TestCase
TestLogModel.settings = settings(max_examples=60, stateful_step_count=20, deadline=None, print_blob=True)
TestRocksLogModel = RocksLogMachine.TestCase
TestRocksLogModel.settings = settings(max_examples=12, stateful_step_count=15, deadline=None, print_blob=True)
