"""The log over ordered rows: in RocksDB, or in memory."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

from agent_memory.errors import (
    AgentMemoryError,
    Closed,
    Corrupt,
    EventConflict,
    InvalidEvent,
    InvalidQuery,
    Unavailable,
    UnknownEvent,
    UnknownFormat,
)
from agent_memory.events import START, Event, Position, Receipt, Recorded
from agent_memory.events.codec import event_from_record
from agent_memory.events.ulids import is_ulid, ulid_from_key, ulid_key
from agent_memory.log.commit import GROUP_EVENTS_MAX, AnswerSubmission, EventSubmission, GroupCommitter, Submission
from agent_memory.log.decoded import Decoded, DecodedBlocks
from agent_memory.log.entries import Entry, RecordedAnswer
from agent_memory.log.keys import (
    ANSWERS_KEY,
    ULID_MAX,
    ULID_MIN,
    EntryKind,
    count_of,
    event_position,
    event_record,
    log_entry,
    log_key,
    log_position,
    log_record,
    session_hash,
    session_ulid,
)
from agent_memory.log.keys import (
    after as key_after,
)
from agent_memory.log.plan import Plan, Tip, check_ids, prepare, prepare_answer
from agent_memory.log.verify import unknown_entry, verify_answers, verify_entries, verify_events
from agent_memory.storage import Family, Rows
from agent_memory.summaries.codec import InvalidAnswer, answer_from_record
from agent_memory.summaries.model import Answer

R = TypeVar("R")

_logger = logging.getLogger(__name__)

READ_BYTES_MAX = 8 << 20
"""`read` gives fewer entries than it was asked for where their records would hold more."""

_PAGE = 1000
# So many records are read at once, and a record may have a megabyte.
_ENTRIES_AT_ONCE = 16
_PROBE_EVERY_S = 1.0


class RowEventLog:
    """An `EventLog` over *rows*, which stay the caller's to close.

    The rows' writes may fail at any time: the log then answers with the error, reads its end
    from the rows again, and goes on as soon as they take a write. *before_answers* is called before answers
    are recorded, each time; while it fails, none are.
    """

    def __init__(
        self,
        rows: Rows,
        *,
        group_events_max: int = GROUP_EVENTS_MAX,
        before_answers: Callable[[], None] = lambda: None,
    ) -> None:
        self._rows = rows
        self._before_answers = before_answers
        self._tip: Tip | None = self._stored_tip()
        self._head = self._tip.position
        # As one, for a reader on another thread: the head, and how many of its entries are answers.
        self._counted = self._tip.position, self._tip.answers
        self._error = ""
        self._probe_s = 0.0
        self._listeners: list[Callable[[Position], None]] = []
        self._lock = threading.Lock()
        self._decoded = DecodedBlocks()
        self._committer = GroupCommitter(self._commit, group_events_max=group_events_max)

    # -- append -------------------------------------------------------------------------------

    def submit(self, events: Sequence[Event]) -> Future[list[Receipt]]:
        submission = EventSubmission([prepare(event) for event in events])
        try:
            check_ids(submission.events)
        except InvalidEvent as error:
            submission.outcome.set_exception(error)
            return submission.outcome
        return self._submitted(submission)

    def record(self, answers: Sequence[Answer]) -> Future[list[Position]]:
        try:
            prepared = [prepare_answer(answer) for answer in answers]
            if prepared:
                self._before_answers()
            return self._submitted(AnswerSubmission(prepared))
        except (InvalidAnswer, Unavailable) as error:
            refused: Future[list[Position]] = Future()
            refused.set_exception(error)
            return refused

    def append(self, events: Sequence[Event]) -> list[Receipt]:
        return self.submit(events).result()

    def head(self) -> Position:
        return self._head

    def event_count(self) -> int:
        entries, answers = self._counted
        return entries - answers

    def watch(self, listener: Callable[[Position], None]) -> Callable[[], None]:
        with self._lock:
            self._listeners = [*self._listeners, listener]

        def end() -> None:
            with self._lock:
                self._listeners = [known for known in self._listeners if known is not listener]

        return end

    def append_error(self) -> str:
        now_s = time.monotonic()
        if now_s - self._probe_s >= _PROBE_EVERY_S:
            self._probe_s = now_s
            try:
                # With nothing in it, it asks only whether a write would be taken.
                self._rows.write(self._rows.batch(), durable=True)
                self._error = ""
            except AgentMemoryError as error:
                self._error = str(error)
        return self._error

    def close(self) -> None:
        self._committer.close()

    # -- read ---------------------------------------------------------------------------------

    def read(self, *, after: Position = START, limit: int) -> list[Entry]:
        found: list[Entry] = []
        size = 0
        until = min(self._head, after + limit)
        while after < until:
            try:
                part = self._known_part(after, until)
            except UnknownFormat:
                # Whoever reads comes as far as it can, and meets the entry by itself.
                if found:
                    return found
                raise
            for entry, bytes_count in part:
                size += bytes_count
                if size > READ_BYTES_MAX and found:
                    return found
                found.append(entry)
            after += len(part)
        return found

    def get(self, event_id: str) -> Recorded:
        found = self.get_many([event_id])[0]
        if found is None:
            raise UnknownEvent(event_id)
        return found

    def get_many(self, event_ids: Sequence[str]) -> list[Recorded | None]:
        found: dict[str, Recorded] = {}
        wanted = [event_id for event_id in event_ids if is_ulid(event_id)]
        for start in range(0, len(wanted), _PAGE):
            page = wanted[start : start + _PAGE]
            keys = [ulid_key(event_id) for event_id in page]
            values = self._rows.get_many(Family.EVENTS, keys)
            for event_id, key, value in zip(page, keys, values, strict=True):
                if value is not None and (recorded := _recorded(event_id, key, value)).position <= self._head:
                    found[event_id] = recorded
        return [found.get(event_id) for event_id in event_ids]

    def scan(
        self,
        *,
        first: str | None = None,
        until: str | None = None,
        session: str | None = None,
        limit: int,
        bytes_max: int | None = None,
        newest_first: bool = False,
    ) -> list[Recorded]:
        low = ULID_MIN if first is None else _bound("first", first)
        high = key_after(ULID_MAX if until is None else _bound("until", until))
        prefix = b"" if session is None else session_hash(session)
        low, high = prefix + low, prefix + high
        found: list[Recorded] = []
        size = 0
        while len(found) < limit and low < high:
            page = min(limit - len(found), _ENTRIES_AT_ONCE)
            if session is None:
                rows = self._rows.scan(Family.EVENTS, first=low, end=high, limit=page, reverse=newest_first)
            else:
                rows = self._session_rows(low, high, page, newest_first)
            for key, value in rows:
                # Beyond the head lies what is written and not durable yet.
                recorded = _recorded(ulid_from_key(ulid := key[-16:]), ulid, value)
                if recorded.position <= self._head and (session is None or recorded.event.session == session):
                    size += len(value)
                    if bytes_max is not None and size > bytes_max and found:
                        return found
                    found.append(recorded)
            if len(rows) < page:
                break
            if newest_first:
                high = rows[-1][0]
            else:
                low = key_after(rows[-1][0])
        return found

    def verify(self, *, after: Position = START, limit: int) -> Position:
        return verify_entries(self._rows, after=after, until=min(self._head, after + limit))

    def verify_events(self, *, after: str = "", limit: int) -> str:
        return verify_events(self._rows, after=after, limit=limit)

    def verify_answers(self) -> Iterator[int]:
        return verify_answers(self._rows)

    # -- inside -------------------------------------------------------------------------------

    def _submitted(self, submission: Submission[R]) -> Future[list[R]]:
        if not submission.entries:
            submission.outcome.set_result([])
            return submission.outcome
        try:
            self._committer.submit(submission)
        except Closed as error:
            submission.outcome.set_exception(error)
        return submission.outcome

    def _known_part(self, after: Position, until: Position) -> Sequence[Decoded]:
        """`_part`, or where that holds what only a newer release can read, one entry."""
        try:
            return self._part(after, until)
        except UnknownFormat:
            return self._read_part(after, 1)

    def _part(self, after: Position, until: Position) -> Sequence[Decoded]:
        """The entries after a position, to the end of its block of the log or to *until*."""
        first = after - after % _ENTRIES_AT_ONCE
        skipped = after - first
        block = self._decoded.get(first)
        if block is None and first + _ENTRIES_AT_ONCE <= self._head:
            block = self._read_part(first, _ENTRIES_AT_ONCE)
            self._decoded.put(first, block)
        if block is None:
            # The newest block grows yet.
            return self._read_part(after, until - after)
        return block[skipped : until - first] if skipped or until - first < len(block) else block

    def _read_part(self, after: Position, count: int) -> Sequence[Decoded]:
        try:
            rows = self._rows.scan(Family.LOG, first=log_key(after + 1), end=log_key(after + 1 + count), limit=count)
        except Corrupt as error:
            raise Corrupt(f"the log cannot be read after position {after}: {error}") from error
        if len(rows) < count:
            raise Corrupt(f"the log has a gap between positions {after} and {after + count + 1}")
        return list(self._entries_of(rows))

    def _entries_of(self, rows: Sequence[tuple[bytes, bytes]]) -> Iterator[Decoded]:
        """What rows of the log stand for, with the bytes of their records."""
        heads = [(at := log_position(key), *log_entry(at, value)) for key, value in rows]
        ulids = [name for _, kind, name, _ in heads if kind == EntryKind.EVENT]
        values = iter(self._rows.get_many(Family.EVENTS, ulids))
        for (at, kind, name, _), (_, row) in zip(heads, rows, strict=True):
            if kind == EntryKind.EVENT:
                value = next(values)
                if value is None:
                    raise Corrupt(f"the event at position {at} is missing")
                yield Recorded(at, event_from_record(ulid_from_key(name), event_record(value))), len(value)
            elif kind == EntryKind.ANSWER:
                yield RecordedAnswer(at, answer_from_record(log_record(row), at=f"position {at}")), len(row)
            else:
                raise unknown_entry(self._rows, at, row)

    def _session_rows(self, low: bytes, high: bytes, limit: int, reverse: bool) -> list[tuple[bytes, bytes]]:
        keys = [key for key, _ in self._rows.scan(Family.SESSIONS, first=low, end=high, limit=limit, reverse=reverse)]
        values = self._rows.get_many(Family.EVENTS, [session_ulid(key) for key in keys])
        rows: list[tuple[bytes, bytes]] = []
        for key, value in zip(keys, values, strict=True):
            if value is None:
                raise Corrupt(f"event {ulid_from_key(session_ulid(key))} is known by its session and not in the store")
            rows.append((key, value))
        return rows

    def _commit(self, group: Sequence[Submission[Any]]) -> None:
        try:
            tip = self._tip or self._recovered_tip()
        except AgentMemoryError as error:
            self._error = str(error)
            raise
        plan = Plan(
            self._rows,
            tip,
            [p for submission in group if isinstance(submission, EventSubmission) for p in submission.events],
            [p for submission in group if isinstance(submission, AnswerSubmission) for p in submission.answers],
        )
        planned: list[_Planned] = []
        for submission in group:
            try:
                planned.append((submission, *submission.planned(plan)))
            except EventConflict as conflict:
                submission.outcome.set_exception(conflict)
        if plan.position > tip.position:
            batch, new_tip = plan.batch()
            try:
                self._rows.write(batch, durable=True)
            except Exception as error:
                self._after_failure(tip, planned, error)
                return
            self._error = ""
            self._advance(new_tip)
        for submission, outcome, _ in planned:
            submission.outcome.set_result(outcome)
        if plan.position > tip.position:
            self._tell()

    def _after_failure(self, tip: Tip, planned: Sequence[_Planned], error: Exception) -> None:
        # Nobody knows what reached the disk; the rows will say, once they take a write again.
        self._tip = None
        self._error = str(error)
        for submission, outcome, last in planned:
            if last <= tip.position:
                submission.outcome.set_result(outcome)
            else:
                submission.outcome.set_exception(error)

    def _recovered_tip(self) -> Tip:
        # First a barrier: what is read after it is what is durable.
        self._rows.write(self._rows.batch(), durable=True)
        tip = self._stored_tip()
        if tip.position < self._head:
            raise Corrupt(f"position {self._head} was acknowledged; the store ends at {tip.position}")
        moved = tip.position > self._head
        self._advance(tip)
        if moved:
            self._tell()
        return tip

    def _stored_tip(self) -> Tip:
        last = self._rows.scan(Family.LOG, first=log_key(START), end=b"\xff" * 9, limit=1, reverse=True)
        if not last:
            return Tip()
        position = log_position(last[0][0])
        kind, _, digest = log_entry(position, last[0][1])
        greatest = self._rows.scan(Family.EVENTS, first=ULID_MIN, end=key_after(ULID_MAX), limit=1, reverse=True)
        if not greatest and kind == EntryKind.EVENT:
            raise Corrupt(f"the log ends at position {position}, and no event is in the store")
        answers = count_of(self._rows.get(Family.IDS, ANSWERS_KEY))
        return Tip(position, digest, greatest[0][0] if greatest else ULID_MIN, answers)

    def _advance(self, tip: Tip) -> None:
        self._tip = tip
        self._head = tip.position
        self._counted = tip.position, tip.answers

    def _tell(self) -> None:
        for listener in self._listeners:
            try:
                listener(self._head)
            except Exception:
                _logger.exception("a listener of the log failed")


_Planned = tuple[Submission[Any], list[Any], Position]
"""A submission, what becomes of it once the group is written, and the last position that this hangs on."""


def _recorded(event_id: str, ulid: bytes, value: bytes) -> Recorded:
    return Recorded(event_position(ulid, value), event_from_record(event_id, event_record(value)))


def _bound(field: str, ulid: str) -> bytes:
    if not is_ulid(ulid):
        raise InvalidQuery(field, ulid, "is no ULID", hint="Give an event id, or the first or last ULID of a time.")
    return ulid_key(ulid)
