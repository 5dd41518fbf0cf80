"""The contents: events to segments, segments to days, and so on up."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from agent_memory.annotation.scaffolding import SCAFFOLDING
from agent_memory.courtesy import giving_way
from agent_memory.errors import ProjectionError
from agent_memory.events import Position, Recorded
from agent_memory.events.ulids import ulid_time_ms
from agent_memory.indexes._contents_rows import checkpoint_key, generation_prefix
from agent_memory.indexes._contents_writer import EPOCH_POSITIONS, ContentsWriter, epoch_end
from agent_memory.indexes.contents import ContentsIndex
from agent_memory.inference.port import Summariser
from agent_memory.log.entries import Entry, RecordedAnswer, events_of
from agent_memory.log.port import EventLog
from agent_memory.projectors._toc_nodes import Segment, Worder, period_row, segment_rows
from agent_memory.projectors._toc_turns import turn_of, turns_between
from agent_memory.storage import Family, Rows, prefix_end
from agent_memory.summaries.digests import MATERIAL_FORM
from agent_memory.summaries.model import Answer
from agent_memory.toc.calendar import Period
from agent_memory.toc.material import Level
from agent_memory.toc.segments import SegmentMark, SegmentRule, Splitter, Turn, mark_of

FORMAT = 3
DEFAULT_RULE = SegmentRule()

_SESSIONS_REMEMBERED = 512
_TEXT_REMEMBERED = 4 << 20


class TocProjector:
    """Keeps *index* the contents of what it was given of *log*.

    The contents are a function of the set of events. A new event is put into its session's
    segments of its day, from the one at or before it to the next boundary that stays; then the
    days, weeks, months and years above are summed up again, each once. So they are when a node
    is answered about as it is now: it shows that wording from then on, and until an event changes it.
    """

    def __init__(
        self,
        log: EventLog,
        index: ContentsIndex,
        summariser: Summariser,
        *,
        rule: SegmentRule = DEFAULT_RULE,
        epoch_positions: int = EPOCH_POSITIONS,
    ) -> None:
        self.index = index
        self._log = log
        self._rule = rule
        self._epoch_positions = epoch_positions
        self._calendar = index.calendar
        self._writer = ContentsWriter(index)
        self._worder = Worder(summariser, self._writer.answer)
        # The last segment of a session's day and the turns of segments, because the next batch
        # most often goes on where this one ended.
        self._tails: dict[tuple[str, str], SegmentMark] = {}
        self._turns: dict[str, list[Turn]] = {}
        self._turns_size = 0

    @property
    def batch_events_max(self) -> int:
        return self._epoch_positions

    def checkpoint(self) -> Position:
        return self.index.checkpoint()

    def project(self, batch: Sequence[Entry]) -> None:
        checkpoint = self.checkpoint()
        part: list[Entry] = []
        try:
            for entry in batch:
                if entry.position <= checkpoint:
                    continue
                if part and self._version(entry.position) != self._version(part[0].position):
                    checkpoint = self._take(part, checkpoint)
                    part = []
                part.append(entry)
            if part:
                self._take(part, checkpoint)
        except BaseException:
            # What is remembered may be ahead of what was written.
            self._writer.forget()
            self._tails.clear()
            self._turns.clear()
            self._turns_size = 0
            raise

    def flush(self) -> None:
        """Nothing is kept in memory that the rows do not hold."""

    def rows(self) -> Iterator[tuple[str, bytes]]:
        return self.index.contents_rows()

    def close(self) -> None:
        """The rows are their owner's to close."""

    # -- one stretch of the log, within one epoch -----------------------------------------------

    def _take(self, part: Sequence[Entry], checkpoint: Position) -> Position:
        last = part[-1].position
        version = self._version(last)
        days: dict[str, Period] = {}
        answers = [entry for entry in part if isinstance(entry, RecordedAnswer)]
        for entry in answers:
            self._writer.put_answer(entry.position, entry.answer)
        changed: list[Segment] = []
        for session, turns in self._by_session(events_of(part)).items():
            at = 0
            while at < len(turns):
                day = self._calendar.day(turns[at].time_ms)
                end = at + 1
                while end < len(turns) and turns[end].time_ms < day.end_ms:
                    end += 1
                changed += self._segment(session, day, turns[at:end], version, checkpoint)
                days[day.id] = day
                at = end
        self._put(changed, version)
        above: dict[str, Period] = {}
        for entry in giving_way(answers):
            self._reword(entry.answer, days, above, version, checkpoint)
        self._roll_up(days, above)
        self._writer.write(version, last)
        self._trim()
        return last

    def _version(self, position: Position) -> int:
        return epoch_end(position, self._epoch_positions)

    def _by_session(self, part: Sequence[Recorded]) -> dict[str, list[Turn]]:
        sessions: dict[str, list[Turn]] = {}
        for recorded in giving_way(part):
            event = recorded.event
            turns = sessions.get(event.session)
            if turns is None:
                turns = sessions[event.session] = []
            turns.append(turn_of(recorded))
        for turns in sessions.values():
            turns.sort(key=_event_id)
        return sessions

    def _segment(self, session: str, day: Period, new: list[Turn], version: int, checkpoint: Position) -> list[Segment]:
        """The segments that change by new turns of one session and day, none of them put yet."""
        marks = self._marks_from(session, day, new[0].event_id)
        split = Splitter(self._rule)
        kept: set[str] = set()
        at = 0
        for i, mark in enumerate(marks):
            following = marks[i + 1].first_event_id if i + 1 < len(marks) else ""
            end = at
            while end < len(new) and (not following or new[end].event_id < following):
                end += 1
            first_ms = ulid_time_ms(mark.first_event_id)
            if split.parts_before(first_ms, mark.first_tokens) and self._stays(mark, new[at:end]):
                split.keep(mark, ulid_time_ms(mark.last_event_id))
                kept.add(mark.first_event_id)
                inner = new[at:end]
            else:
                inner = [*self._turns_of(session, mark, checkpoint), *new[at:end]]
                inner.sort(key=_event_id)
            for turn in inner:
                split.add(turn)
            at = end
        for turn in new[at:]:
            split.add(turn)
        return self._changed(session, day, marks, kept, split.finish(), version)

    def _stays(self, mark: SegmentMark, new: Sequence[Turn]) -> bool:
        """Whether a segment is as before though *new* are the next to come after its start."""
        if not new:
            return True
        first = new[0]
        return first.event_id > mark.last_event_id and self._rule.parts(
            ulid_time_ms(mark.last_event_id), mark.tokens, first.time_ms, first.tokens
        )

    def _changed(
        self,
        session: str,
        day: Period,
        marks: Sequence[SegmentMark],
        kept: set[str],
        groups: Sequence[list[Turn]],
        version: int,
    ) -> list[Segment]:
        old = {mark.first_event_id: mark for mark in marks}
        there: set[str] = set(kept)
        last = marks[-1] if marks and marks[-1].first_event_id in kept else None
        changed = []
        for turns in groups:
            mark = mark_of(turns)
            there.add(mark.first_event_id)
            if last is None or last.first_event_id < mark.first_event_id:
                last = mark
            if old.get(mark.first_event_id) != mark:
                changed.append(Segment(day, session, turns, mark))
        for first_event_id, mark in old.items():
            if first_event_id not in there:
                self._writer.drop_segment(day, session, mark, version)
                self._forget(first_event_id)
        if last is not None:
            self._tails[session, day.id] = last
        return changed

    def _put(self, segments: Sequence[Segment], version: int) -> None:
        """Put segments into words, and into the rows."""
        for segment, (row, grips) in giving_way(zip(segments, segment_rows(self._worder, segments), strict=True)):
            self._writer.put_segment(segment.day, row, segment.mark, grips, version)
            self._remember(segment.mark.first_event_id, segment.turns)

    def _reword(
        self, answer: Answer, days: dict[str, Period], above: dict[str, Period], version: int, checkpoint: Position
    ) -> None:
        """Put the node that an answer is about among what is summed up, if it is still what was asked about."""
        row = self.index.node_row(answer.node_id)
        if row is None or row.digest.hex() != answer.digest:
            # It is worded by the answer as soon as it is that again.
            return
        if row.level is not Level.SEGMENT:
            above[row.id] = self._calendar.period(row.id)
            return
        mark = self.index.mark_before(row.session, row.first_event_id)
        if mark is None or self._writer.changes(mark.first_event_id):
            # What changed in this stretch is worded by what is known in it already.
            return
        day = self._calendar.period(row.parent_id)
        self._put([Segment(day, row.session, self._turns_of(row.session, mark, checkpoint), mark)], version)
        days[day.id] = day

    def _roll_up(self, days: dict[str, Period], above: dict[str, Period]) -> None:
        """Every node above the changed segments, and those *above* that were answered about, once, from the bottom."""
        changed = days
        for level in (Level.DAY, Level.WEEK, Level.MONTH, Level.YEAR):
            changed = {**changed, **{id: period for id, period in above.items() if period.level is level}}
            parents: dict[str, Period] = {}
            for period in giving_way(changed.values()):
                parent = self._calendar.period(period.parent_id) if period.parent_id else None
                children = self._writer.children(period)
                is_ready = all(child.is_settled for child in children)
                row = period_row(self._worder, period, children)
                self._writer.put_period(period, parent, row, is_ready=is_ready)
                if parent is not None:
                    parents[parent.id] = parent
            changed = parents

    # -- what is there already ------------------------------------------------------------------

    def _marks_from(self, session: str, day: Period, event_id: str) -> list[SegmentMark]:
        """The segments of the day from the one at or before an event on."""
        tail = self._tails.pop((session, day.id), None)
        if tail is not None and tail.first_event_id <= event_id:
            return [tail]
        marks = self.index.marks(session, day)
        return marks[max(0, bisect_right(marks, event_id, key=_first_event_id) - 1) :]

    def _turns_of(self, session: str, mark: SegmentMark, checkpoint: Position) -> list[Turn]:
        """The turns of a segment as of *checkpoint*."""
        known = self._turns.get(mark.first_event_id)
        if known is not None and len(known) == mark.event_count and known[-1].event_id == mark.last_event_id:
            return known
        found = turns_between(self._log, session, mark.first_event_id, mark.last_event_id, checkpoint)
        if not found or mark_of(found) != mark:
            raise ProjectionError("toc", checkpoint + 1, f"segment/{mark.first_event_id} is not what the log has")
        return found

    def _remember(self, first_event_id: str, turns: list[Turn]) -> None:
        self._forget(first_event_id)
        self._turns[first_event_id] = turns
        self._turns_size += _size(turns)

    def _forget(self, first_event_id: str) -> None:
        turns = self._turns.pop(first_event_id, None)
        if turns is not None:
            self._turns_size -= _size(turns)

    def _trim(self) -> None:
        while self._turns_size > _TEXT_REMEMBERED:
            self._forget(next(iter(self._turns)))
        for _ in range(len(self._tails) - _SESSIONS_REMEMBERED):
            del self._tails[next(iter(self._tails))]


class TocView:
    """The kind of view that is the contents."""

    def __init__(
        self,
        rows: Rows,
        log: EventLog,
        summariser: Summariser,
        *,
        zone: str,
        gap_ms: int = DEFAULT_RULE.gap_ms,
        tokens_max: int = DEFAULT_RULE.tokens_max,
    ) -> None:
        self._rows = rows
        self._log = log
        self._summariser = summariser
        self._zone = zone
        self._rule = SegmentRule(gap_ms=gap_ms, tokens_max=tokens_max)

    @property
    def name(self) -> str:
        return "toc"

    @property
    def fingerprint(self) -> str:
        rule = self._rule
        return (
            f"toc/{FORMAT} {SCAFFOLDING} {MATERIAL_FORM} zone={self._zone}"
            f" gap_ms={rule.gap_ms} tokens_max={rule.tokens_max}"
            f" summariser={self._summariser.summariser_id}"
        )

    def open(self, generation: int) -> TocProjector:
        index = ContentsIndex(self._rows, generation=generation, zone=self._zone)
        return TocProjector(self._log, index, self._summariser, rule=self._rule)

    def erase(self, generation: int) -> None:
        prefix = generation_prefix(generation)
        batch = self._rows.batch()
        for family in (Family.TOC_NODES, Family.GRIPS):
            batch.delete_range(family, prefix, prefix_end(prefix))
        batch.delete(Family.VIEWS, checkpoint_key(generation))
        self._rows.write(batch)


def _event_id(turn: Turn) -> str:
    return turn.event_id


def _first_event_id(mark: SegmentMark) -> str:
    return mark.first_event_id


def _size(turns: Sequence[Turn]) -> int:
    return sum(len(turn.passage.text) + 500 for turn in turns)
