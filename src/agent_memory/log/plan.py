"""What one commit will write: events and answers against what is known, with no effect but on a batch."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from agent_memory.errors import Corrupt, EventConflict, InvalidEvent
from agent_memory.events import START, Event, Position, Receipt
from agent_memory.events.codec import event_from_record, event_to_record
from agent_memory.events.ulids import derived_ulid, ulid_from_key, ulid_key
from agent_memory.log.chain import FIRST_DIGEST, content_digest, next_digest
from agent_memory.log.keys import (
    ANSWERS_KEY,
    ULID_MIN,
    EntryKind,
    answer_key,
    count_value,
    event_position,
    event_record,
    event_value,
    log_key,
    log_position,
    log_value,
    session_hash,
    session_key,
    source_key,
)
from agent_memory.storage import Batch, Family, Rows
from agent_memory.summaries.codec import answer_to_record
from agent_memory.summaries.model import Answer


class Prepared(msgspec.Struct, frozen=True, gc=False):
    """An event with everything about it that does not depend on the log."""

    event: Event
    ulid: bytes
    record: bytes
    content: bytes
    session_row: bytes
    source: bytes | None


def prepare(event: Event) -> Prepared:
    """The bytes that the log will hold of *event*."""
    ulid = ulid_key(event.id)
    record = event_to_record(event)
    source = event.source
    return Prepared(
        event,
        ulid,
        record,
        content_digest(ulid, record),
        session_key(session_hash(event.session), ulid),
        source_key(source, event.source_id) if source else None,
    )


class PreparedAnswer(msgspec.Struct, frozen=True, gc=False):
    """The same of an answer."""

    key: bytes
    record: bytes
    content: bytes


def prepare_answer(answer: Answer) -> PreparedAnswer:
    """The bytes that the log will hold of *answer*. Errors: `InvalidAnswer`."""
    record = answer_to_record(answer)
    key = answer_key(record)
    return PreparedAnswer(key, record, content_digest(key, record))


def check_ids(events: Sequence[Prepared]) -> None:
    """Whether each id that was given is one event's within a submission.

    Where the first of two with one id is known by its source, the second would take the id, and
    the same submission once more would find it taken: a retry must get the same answer.
    Errors: `InvalidEvent`.
    """
    if len({p.ulid for p in events}) == len(events):
        return
    firsts: dict[bytes, int] = {}
    for index, p in enumerate(events):
        first = firsts.setdefault(p.ulid, index)
        other = events[first].event
        # Two with the derived id are one source's event; the first one's text is kept.
        if p.event != other and not (_is_derived(p.event) and _is_derived(other)):
            raise InvalidEvent(
                f"events[{index}].id",
                p.event.id,
                f"is the id of events[{first}], too, and they are not the same event",
                hint="Give each event an id of its own, or leave the ids out.",
            )


class Tip(msgspec.Struct, frozen=True):
    """The end of the log: what the next entry follows, the greatest ULID so far, and how many entries are answers."""

    position: Position = START
    digest: bytes = FIRST_DIGEST
    greatest: bytes = ULID_MIN
    answers: int = 0


_Known = tuple[Position, bytes]
"""Position and record."""


class Plan:
    """What is new among *events* and *answers*, which lie on top of *tip*.

    Looks all of them up at once. Submissions are then added one by one; `batch` makes the rows
    of those that are new, and `tip` tells the end of the log that they make.
    """

    def __init__(
        self, rows: Rows, tip: Tip, events: Sequence[Prepared], answers: Sequence[PreparedAnswer] = ()
    ) -> None:
        self._rows = rows
        self._start = tip
        self._added: list[Prepared | PreparedAnswer] = []
        # What the store has of the events and answers, and what earlier submissions added.
        self._known: dict[bytes, _Known] = {}
        self._sources: dict[bytes, bytes] = {}
        self._answers: dict[bytes, Position] = {}
        self._look_up(events)
        self._look_up_answers(answers)

    @property
    def position(self) -> Position:
        """The last position so far."""
        return self._start.position + len(self._added)

    def add(self, submission: Sequence[Prepared]) -> list[Receipt]:
        """Plan the events that are new; a receipt for each.

        Errors: `EventConflict`, and nothing of the submission is planned.
        """
        known, sources, added = self._known, self._sources, self._added
        before = len(added)
        position = self.position
        receipts: list[Receipt] = []
        for p in submission:
            ulid, source = p.ulid, p.source
            if ulid in known or source in sources:
                try:
                    original = self._original(p)
                except EventConflict as conflict:
                    self._withdraw(before)
                    raise conflict if len(submission) == 1 else conflict.within(f"events[{len(receipts)}]") from None
                if original is not None:
                    event_id = p.event.id if original == ulid else ulid_from_key(original)
                    receipts.append(Receipt(event_id, known[original][0], False))
                    continue
            position += 1
            known[ulid] = (position, p.record)
            if source is not None:
                sources[source] = ulid
            added.append(p)
            receipts.append(Receipt(p.event.id, position, True))
        return receipts

    def record(self, submission: Sequence[PreparedAnswer]) -> list[Position]:
        """Plan the answers that are new; the position of each."""
        positions: list[Position] = []
        for p in submission:
            known = self._answers.get(p.key)
            if known is None:
                self._added.append(p)
                known = self._answers[p.key] = self.position
            positions.append(known)
        return positions

    def batch(self) -> tuple[Batch, Tip]:
        """The rows of all that was added, and the tip once they are written."""
        kind = int(EntryKind.EVENT)
        position, digest, greatest = self._start.position, self._start.digest, self._start.greatest
        events: list[tuple[bytes, bytes]] = []
        entries: list[tuple[bytes, bytes]] = []
        sessions: list[tuple[bytes, bytes]] = []
        ids: list[tuple[bytes, bytes]] = []
        for p in self._added:
            position += 1
            key = log_key(position)
            if isinstance(p, PreparedAnswer):
                digest = next_digest(digest, int(EntryKind.ANSWER), p.content)
                entries.append((key, log_value(int(EntryKind.ANSWER), p.key, digest, p.record)))
                ids.append((p.key, key))
                continue
            digest = next_digest(digest, kind, p.content)
            ulid = p.ulid
            events.append((ulid, event_value(key, p.record)))
            entries.append((key, log_value(kind, ulid, digest)))
            sessions.append((p.session_row, b""))
            if p.source is not None:
                ids.append((p.source, ulid))
            if ulid > greatest:
                greatest = ulid
        batch = self._rows.batch()
        batch.put_many(Family.EVENTS, events)
        batch.put_many(Family.LOG, entries)
        batch.put_many(Family.SESSIONS, sessions)
        batch.put_many(Family.IDS, ids)
        answers = self._start.answers + len(entries) - len(events)
        if answers != self._start.answers:
            batch.put(Family.IDS, ANSWERS_KEY, count_value(answers))
        return batch, Tip(position, digest, greatest, answers)

    def _original(self, p: Prepared) -> bytes | None:
        """The ULID under which the event is recorded already, None for a new one."""
        same_id = self._known.get(p.ulid)
        if same_id is not None and _same_content(p, same_id[1]):
            return p.ulid
        if same_id is None or _is_derived(p.event):
            original = self._sources.get(p.source) if p.source is not None else None
            if original is not None or same_id is None:
                return original
        # An id that was given, or the derived id of another pair: the stored event stays.
        raise EventConflict(p.event.id, same_id[0])

    def _withdraw(self, count: int) -> None:
        """Leave the plan with its first *count* additions."""
        for p in self._added[count:]:
            # A submission has entries of one kind, and answers are not refused.
            assert isinstance(p, Prepared)
            del self._known[p.ulid]
            if p.source is not None:
                del self._sources[p.source]
        del self._added[count:]

    def _look_up(self, events: Sequence[Prepared]) -> None:
        # Nothing is stored beyond the greatest id, so most of what is captured live needs no look-up.
        greatest = self._start.greatest
        ulids = [p.ulid for p in events if p.ulid <= greatest]
        sources = [p.source for p in events if p.source is not None]
        if sources and self._start.position > START:
            for source, ulid in zip(sources, self._rows.get_many(Family.IDS, sources), strict=True):
                if ulid is not None:
                    self._sources[source] = ulid
                    ulids.append(ulid)
        for ulid, value in zip(ulids, self._rows.get_many(Family.EVENTS, ulids), strict=True):
            if value is not None:
                self._known[ulid] = (event_position(ulid, value), event_record(value))
        for ulid in self._sources.values():
            if ulid not in self._known:
                raise Corrupt(f"event {ulid_from_key(ulid)} is known by its source and not in the store")

    def _look_up_answers(self, answers: Sequence[PreparedAnswer]) -> None:
        if answers and self._start.position > START:
            found = self._rows.get_many(Family.IDS, [p.key for p in answers])
            self._answers.update({p.key: log_position(row) for p, row in zip(answers, found, strict=True) if row})


def _same_content(p: Prepared, record: bytes) -> bool:
    # A record of an older format has other bytes for the same event.
    return record == p.record or event_from_record(p.event.id, record) == p.event


def _is_derived(event: Event) -> bool:
    return bool(event.source) and event.id == derived_ulid(event.time_ms, event.source, event.source_id)
