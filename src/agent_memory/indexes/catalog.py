"""Sessions, agents, projects, and counts per local day.

In `views`, every key starts with ``"catalog/"`` and the generation, a big-endian u16:

    c                                                  -> position of the last entry taken in
    t                                                  -> totals: events, longest session
    s | session 16 B                                   -> SessionRow
    o | start u64 | session id                         -> (nothing): sessions in order of their start
    d | local date 10 B | session 16 B | who 8 B       -> DayRow: one session's events of a day by agent and project
    e | session key u64 | ULID 16 B                    -> traits u64 (see `turns`)

Session and who are hashes. All of it is a sum, a least or a greatest over events, so it does
not matter in which order they came.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from agent_memory.errors import UnknownSession
from agent_memory.events import START, Position
from agent_memory.events.ulids import ulid_from_key, ulid_time_ms
from agent_memory.indexes.decoding import decoded
from agent_memory.indexes.event_ids import EventKeys
from agent_memory.indexes.model import DayCount, Session, Where
from agent_memory.indexes.turns import TurnRows, Turns
from agent_memory.storage import Family, Rows, prefix_end, scan_all
from agent_memory.toc.calendar import Calendar

_GENERATION = struct.Struct(">H")
_TIME = struct.Struct(">Q")
_PAGE = 500

_encoder = msgspec.msgpack.Encoder()
_position_decoder = msgspec.msgpack.Decoder(int)


class SessionRow(msgspec.Struct, frozen=True, array_like=True):
    """A session as it is stored. ``title_event_id`` is the event that the title opens."""

    id: str
    title: str
    title_event_id: str
    first_event_id: str
    last_event_id: str
    event_count: int
    agents: tuple[str, ...]
    projects: tuple[str, ...]
    roles: tuple[str, ...]
    kinds: tuple[str, ...]
    types: tuple[str, ...]

    @property
    def start_ms(self) -> int:
        """When its first event happened."""
        return ulid_time_ms(self.first_event_id)

    @property
    def end_ms(self) -> int:
        """When its last event happened."""
        return ulid_time_ms(self.last_event_id)

    def session(self) -> Session:
        """What a reader gets."""
        return Session(
            id=self.id,
            title=self.title,
            agents=self.agents,
            projects=self.projects,
            start_ms=self.start_ms,
            end_ms=self.end_ms,
            event_count=self.event_count,
            first_event_id=self.first_event_id,
            last_event_id=self.last_event_id,
        )


class TitleRow(msgspec.Struct, frozen=True, array_like=True):
    """How a `SessionRow` begins: what is read of it where no more is shown."""

    id: str
    title: str


class DayRow(msgspec.Struct, frozen=True, array_like=True):
    """How many events one session had on a day with one agent in one project."""

    event_count: int
    agent: str
    project: str


class Totals(msgspec.Struct, frozen=True, array_like=True):
    """Over all sessions."""

    event_count: int = 0
    span_ms_max: int = 0
    """How long the longest session lasted: no session that overlaps a time started earlier than that before it."""


DayCell = tuple[str, str, str, str]
"""Local date, session, agent, project."""

_session_decoder = msgspec.msgpack.Decoder(SessionRow)
_title_decoder = msgspec.msgpack.Decoder(TitleRow)
_day_decoder = msgspec.msgpack.Decoder(DayRow)
_totals_decoder = msgspec.msgpack.Decoder(Totals)


class CatalogIndex:
    """A generation of the catalog, in *rows*, with the days of a time zone."""

    def __init__(self, rows: Rows, *, generation: int, zone: str) -> None:
        self._rows = rows
        self._prefix = catalog_prefix(generation)
        self.calendar = Calendar(zone)
        self._turns = TurnRows(rows, self._prefix)

    # -- Catalog ------------------------------------------------------------------------------

    def session(self, session_id: str) -> Session:
        found = self.session_rows([session_id])[0]
        if found is None:
            raise UnknownSession(session_id)
        return found.session()

    def sessions(
        self, *, where: Where, after: tuple[int, str] | None = None, limit: int, newest_first: bool = False
    ) -> list[Session]:
        prefix = self._prefix + b"o"
        first, end = prefix, prefix_end(prefix)
        if where.from_ms is not None:
            # A session that began earlier than this was over by then.
            first = prefix + _TIME.pack(max(where.from_ms - self._totals().span_ms_max, 0))
        if where.until_ms is not None:
            end = prefix + _TIME.pack(max(where.until_ms + 1, 0))
        if after is not None:
            place = prefix + _order(*after)
            if newest_first:
                end = min(end, place)
            else:
                first = max(first, place + b"\x00")
        found: list[Session] = []
        while len(found) < limit and first < end:
            page = self._rows.scan(Family.VIEWS, first=first, end=end, limit=_PAGE, reverse=newest_first)
            ids = [key[len(prefix) + _TIME.size :].decode() for key, _ in page]
            for row in self.session_rows(ids):
                if row is not None and len(found) < limit and _is_meant(row, where):
                    found.append(row.session())
            if len(page) < _PAGE:
                break
            if newest_first:
                end = page[-1][0]
            else:
                first = page[-1][0] + b"\x00"
        return found

    def titles(self, session_ids: Sequence[str]) -> list[str]:
        keys = [self._session_key(id) for id in session_ids]
        values = self._rows.get_many(Family.VIEWS, keys)
        return [
            "" if value is None else decoded(_title_decoder, value, "views", key).title
            for key, value in zip(keys, values, strict=True)
        ]

    def days(
        self,
        *,
        first: str,
        until: str,
        agents: frozenset[str] = frozenset(),
        projects: frozenset[str] = frozenset(),
    ) -> list[DayCount]:
        prefix = self._prefix + b"d"
        start, end = prefix + first.encode(), prefix_end(prefix + until.encode())
        found: list[DayCount] = []
        date, cells = b"", list[tuple[bytes, DayRow]]()
        for key, value in scan_all(self._rows, Family.VIEWS, first=start, end=end):
            row = decoded(_day_decoder, value, "views", key)
            if (agents and row.agent not in agents) or (projects and row.project not in projects):
                continue
            day, session = key[len(prefix) : len(prefix) + 10], key[len(prefix) + 10 : len(prefix) + 26]
            if day != date:
                found += _day_counts(date, cells)
                date, cells = day, []
            cells.append((session, row))
        return found + _day_counts(date, cells)

    def span(self) -> tuple[str, str] | None:
        prefix = self._prefix + b"d"
        end = prefix_end(prefix)
        first = self._rows.scan(Family.VIEWS, first=prefix, end=end, limit=1)
        last = self._rows.scan(Family.VIEWS, first=prefix, end=end, limit=1, reverse=True)
        if not first or not last:
            return None
        at = len(prefix)
        return first[0][0][at : at + 10].decode(), last[0][0][at : at + 10].decode()

    def event_count(self) -> int:
        return self._totals().event_count

    def turns(self, found: Mapping[int, EventKeys]) -> dict[int, Turns]:
        return self._turns.around(found)

    # -- what the projector reads and writes ----------------------------------------------------

    def checkpoint(self) -> Position:
        """The position of the last entry that the catalog contains."""
        key = self._prefix + b"c"
        value = self._rows.get(Family.VIEWS, key)
        return START if value is None else decoded(_position_decoder, value, "views", key)

    def session_rows(self, session_ids: Sequence[str]) -> list[SessionRow | None]:
        """Their rows, in the order asked."""
        keys = [self._session_key(id) for id in session_ids]
        values = self._rows.get_many(Family.VIEWS, keys)
        return [
            None if value is None else decoded(_session_decoder, value, "views", key)
            for key, value in zip(keys, values, strict=True)
        ]

    def write(
        self,
        sessions: Sequence[tuple[SessionRow | None, SessionRow]],
        days: dict[DayCell, int],
        turns: Mapping[int, Sequence[tuple[str, int]]],
        checkpoint: Position,
    ) -> None:
        """Replace session rows, add to the days' counts and to the sessions' turns, and move the checkpoint.

        All at once or nothing. *sessions* are pairs of what was stored and what is now; *turns*
        are (event id, traits) by session key.
        """
        batch = self._rows.batch()
        totals = self._totals()
        added, span = 0, totals.span_ms_max
        for old, new in sessions:
            if old is not None and old.first_event_id != new.first_event_id:
                batch.delete(Family.VIEWS, self._prefix + b"o" + _order(old.start_ms, old.id))
            batch.put(Family.VIEWS, self._session_key(new.id), _encoder.encode(new))
            batch.put(Family.VIEWS, self._prefix + b"o" + _order(new.start_ms, new.id), b"")
            added += new.event_count - (0 if old is None else old.event_count)
            span = max(span, new.end_ms - new.start_ms)
        keys = [self._day_key(cell) for cell in days]
        for key, cell, stored in zip(keys, days, self._rows.get_many(Family.VIEWS, keys), strict=True):
            before = 0 if stored is None else decoded(_day_decoder, stored, "views", key).event_count
            row = DayRow(before + days[cell], cell[2], cell[3])
            batch.put(Family.VIEWS, key, _encoder.encode(row))
        self._turns.put(batch, turns)
        batch.put(Family.VIEWS, self._prefix + b"t", _encoder.encode(Totals(totals.event_count + added, span)))
        batch.put(Family.VIEWS, self._prefix + b"c", _encoder.encode(checkpoint))
        try:
            self._rows.write(batch)
        except BaseException:
            self._turns.forget()
            raise
        self._turns.grow(turns)

    def catalog_rows(self) -> Iterator[tuple[str, bytes]]:
        """Every row but the checkpoint, under readable keys."""
        at = len(self._prefix)
        for key, value in scan_all(self._rows, Family.VIEWS, first=self._prefix, end=prefix_end(self._prefix)):
            kind, rest = key[at : at + 1], key[at + 1 :]
            if kind == b"d":
                yield f"day/{rest[:10].decode()}/{rest[10:26].hex()}/{rest[26:].hex()}", value
            elif kind == b"e":
                yield f"turn/{rest[:8].hex()}/{ulid_from_key(rest[8:])}", value
            elif kind == b"o":
                yield f"start/{_TIME.unpack(rest[:8])[0]}/{rest[8:].decode()}", value
            elif kind == b"s":
                row = decoded(_session_decoder, value, "views", key)
                yield f"session/{row.id}", value
            elif kind == b"t":
                yield "totals", value

    # -- inside -------------------------------------------------------------------------------

    def _totals(self) -> Totals:
        key = self._prefix + b"t"
        value = self._rows.get(Family.VIEWS, key)
        return Totals() if value is None else decoded(_totals_decoder, value, "views", key)

    def _session_key(self, session_id: str) -> bytes:
        return self._prefix + b"s" + _hash(session_id, 16)

    def _day_key(self, cell: DayCell) -> bytes:
        date, session, agent, project = cell
        return self._prefix + b"d" + date.encode() + _hash(session, 16) + _hash(f"{agent}\x00{project}", 8)


def catalog_prefix(generation: int) -> bytes:
    """What every key of a generation starts with."""
    return b"catalog/" + _GENERATION.pack(generation)


def _order(start_ms: int, session_id: str) -> bytes:
    return _TIME.pack(start_ms) + session_id.encode("utf-8", "surrogatepass")


def _hash(text: str, size: int) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:size]


def _is_meant(row: SessionRow, where: Where) -> bool:
    if where.from_ms is not None and row.end_ms < where.from_ms:
        return False
    return (
        (not where.sessions or row.id in where.sessions)
        and (not where.agents or not where.agents.isdisjoint(row.agents))
        and (not where.projects or not where.projects.isdisjoint(row.projects))
        and (not where.roles or any(role.value in row.roles for role in where.roles))
        and (not where.kinds or any(kind.value in row.kinds for kind in where.kinds))
        and (not where.types or any(type.value in row.types for type in where.types))
    )


def _day_counts(date: bytes, cells: Sequence[tuple[bytes, DayRow]]) -> list[DayCount]:
    if not cells:
        return []
    return [
        DayCount(
            date=date.decode(),
            event_count=sum(row.event_count for _, row in cells),
            session_count=len({session for session, _ in cells}),
            agents=tuple(sorted({row.agent for _, row in cells if row.agent})),
            projects=tuple(sorted({row.project for _, row in cells if row.project})),
        )
    ]
