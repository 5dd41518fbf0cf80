"""Reads of a store: listings, contents, grips. Plain synchronous code; writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import date, timedelta

from agent_memory.annotation.types import READ_MAX
from agent_memory.errors import InvalidQuery, Unavailable, UnknownEvent, UnknownGrip, UnknownNode
from agent_memory.events import Event, Recorded
from agent_memory.events.ulids import first_ulid_at, is_ulid, last_ulid_at, next_ulid, previous_ulid
from agent_memory.indexes.admission import admits
from agent_memory.indexes.model import Session, Where
from agent_memory.indexes.port import Catalog, Contents
from agent_memory.log import EventLog
from agent_memory.memory import EVERYTHING, Day, Days, Filter, GripContext, Page, Root, Timeline
from agent_memory.paging import (
    PAGE_TEXT_MAX,
    SEARCH_LIMIT_MAX,
    check_page_size,
    count_that_fits,
    decode_token,
    encode_token,
)
from agent_memory.retrieval.bounds import parse_date, resolve
from agent_memory.toc.grips import grip_address
from agent_memory.toc.grips import matches as stands_in
from agent_memory.toc.model import Grip, Node

NEIGHBOURS_MAX = 100
DAYS_MAX = 3700
EVENTS_AT_ONCE_MAX = 1000
_READ_AT_ONCE = 64
_SCANNED_EVENTS_MAX = 10_000
_SCAN_PAGE = 128
_SCAN_BYTES = 8 << 20
# Characters that one page looks through for events that pass.
_SCANNED_TEXT_MAX = 64 << 20
# Characters of texts that one page reads to tell types: some 0.2 s of work.
_TYPED_TEXT_MAX = 1 << 20

_TIME_MAX_MS = (1 << 48) - 1


class Reader:
    """Answers every read of `Memory` but search. Views are leased for each read."""

    def __init__(
        self,
        log: EventLog,
        *,
        contents: Callable[[], AbstractContextManager[Contents]],
        catalog: Callable[[], AbstractContextManager[Catalog]],
        time_zone: str,
    ) -> None:
        self._log = log
        self._contents = contents
        self._catalog = catalog
        self._time_zone = time_zone

    def resolve(self, where: Filter) -> Where:
        """The filter with its edges as instants. Errors: `InvalidQuery`."""
        return resolve(
            from_=where.from_,
            until=where.until,
            agents=where.agents,
            projects=where.projects,
            sessions=where.sessions,
            roles=where.roles,
            kinds=where.kinds,
            types=where.types,
            time_zone=self._time_zone,
        )

    def check_limit(self, limit: int) -> None:
        """Errors: `InvalidQuery` for a number of hits that is out of range."""
        check_page_size(limit, field="limit", most=SEARCH_LIMIT_MAX)

    # -- events and sessions --------------------------------------------------------------------

    def event(self, event_id: str) -> Recorded:
        return self._log.get(_checked_id(event_id, "id"))

    def get_events(self, ids: Sequence[str]) -> list[Recorded]:
        if not 1 <= len(ids) <= EVENTS_AT_ONCE_MAX:
            raise InvalidQuery("ids", len(ids), f"must be 1 to {EVENTS_AT_ONCE_MAX:,} ids")
        checked = [_checked_id(event_id, f"ids[{index}]") for index, event_id in enumerate(ids)]
        found: list[Recorded] = []
        room = PAGE_TEXT_MAX
        for first in range(0, len(checked), _READ_AT_ONCE):
            asked = checked[first : first + _READ_AT_ONCE]
            for event_id, recorded in zip(asked, self._log.get_many(asked), strict=True):
                if recorded is None:
                    raise UnknownEvent(event_id)
                room -= len(recorded.event.text)
                if found and room < 0:
                    problem = f"have texts of more than {PAGE_TEXT_MAX:,} characters in all"
                    raise InvalidQuery("ids", len(ids), problem, hint=f"Ask for the first {len(found):,} at once.")
                found.append(recorded)
        return found

    def timeline(self, event_id: str, *, before: int = 5, after: int = 5, across_sessions: bool = False) -> Timeline:
        _check_neighbours(before, after)
        recorded = self.event(event_id)
        session = None if across_sessions else recorded.event.session
        events, more_before, more_after = self._around(event_id, session, before, after)
        return Timeline(event_id=event_id, events=events, more_before=more_before, more_after=more_after)

    def _around(
        self, event_id: str, session: str | None, before: int, after: int
    ) -> tuple[tuple[Recorded, ...], bool, bool]:
        """An event with its neighbours, in time order, and whether there are more before and after."""
        earlier, more_before = self._nearest(event_id, session, before + 1, newest_first=True)
        later, more_after = self._nearest(next_ulid(event_id), session, after)
        return (*reversed(earlier), *later), more_before, more_after

    def _nearest(
        self, edge: str, session: str | None, count: int, *, newest_first: bool = False
    ) -> tuple[list[Recorded], bool]:
        """Up to *count* events from *edge* on, of long ones as many as an answer holds; whether there are more."""

        def scan(edge: str, limit: int) -> list[Recorded]:
            first, until = (None, edge) if newest_first else (edge, None)
            return self._log.scan(
                first=first,
                until=until,
                session=session,
                limit=limit,
                bytes_max=_SCAN_BYTES,
                newest_first=newest_first,
            )

        found = scan(edge, count + 1)
        kept = found[: min(count, count_that_fits(len(recorded.event.text) for recorded in found))]
        if len(found) > len(kept) or not kept:
            return kept, bool(found)
        # Fewer than were asked for: that may be all, or as many as were read at once.
        last = kept[-1].event.id
        beyond = previous_ulid(last) if newest_first else next_ulid(last)
        return kept, beyond != last and bool(scan(beyond, 1))

    def events(
        self, *, where: Filter = EVERYTHING, newest_first: bool = False, limit: int = 100, token: str = ""
    ) -> Page[Recorded]:
        """A page of the events that *where* lets through.

        Work per page is bounded: where few events pass or texts are long, a page may hold fewer
        than *limit*, or none, and still name a next one. Types are told from the texts as they
        are read, so that a listing needs no view.
        """
        check_page_size(limit)
        bounds = self.resolve(where)
        listing = ("events", where, newest_first)
        cursor: str | None = decode_token(token, listing, str)
        if cursor is not None and not is_ulid(cursor):
            raise InvalidQuery("page_token", token, "is not a token of this server")
        first = first_ulid_at(max(bounds.from_ms or 0, 0))
        until = last_ulid_at(_TIME_MAX_MS if bounds.until_ms is None else max(bounds.until_ms, 0))
        if cursor is not None and newest_first:
            until = min(until, previous_ulid(cursor))
        elif cursor is not None:
            first = max(first, next_ulid(cursor))
        session = next(iter(bounds.sessions)) if len(bounds.sessions) == 1 else None
        found: list[Recorded] = []
        scanned = looked_through = read = 0
        room = PAGE_TEXT_MAX
        while first <= until:
            page = self._log.scan(
                first=first,
                until=until,
                session=session,
                limit=_SCAN_PAGE,
                bytes_max=_SCAN_BYTES,
                newest_first=newest_first,
            )
            if not page:
                break
            for recorded in page:
                if admits(bounds, recorded.event):
                    room -= len(recorded.event.text)
                    if len(found) == limit or (found and room < 0):
                        return Page(items=tuple(found), next_token=encode_token(listing, found[-1].event.id))
                    found.append(recorded)
            last = page[-1].event.id
            if last == (first if newest_first else until):
                # Nothing lies beyond: the very first id has none before it.
                break
            scanned += len(page)
            looked_through += sum(len(recorded.event.text) for recorded in page)
            if bounds.types:
                read += sum(min(len(recorded.event.text), READ_MAX) for recorded in page)
            if scanned >= _SCANNED_EVENTS_MAX or looked_through >= _SCANNED_TEXT_MAX or read >= _TYPED_TEXT_MAX:
                return Page(items=tuple(found), next_token=encode_token(listing, last))
            if newest_first:
                until = previous_ulid(last)
            else:
                first = next_ulid(last)
        return Page(items=tuple(found))

    def session(self, session_id: str) -> Session:
        with self._catalog() as catalog:
            return catalog.session(session_id)

    def sessions(
        self, *, where: Filter = EVERYTHING, newest_first: bool = False, limit: int = 100, token: str = ""
    ) -> Page[Session]:
        check_page_size(limit)
        bounds = self.resolve(where)
        listing = ("sessions", where, newest_first)
        cursor = decode_token(token, listing, tuple[int, str])
        with self._catalog() as catalog:
            found = catalog.sessions(where=bounds, after=cursor, limit=limit + 1, newest_first=newest_first)
        if len(found) <= limit:
            return Page(items=tuple(found))
        last = found[limit - 1]
        return Page(items=tuple(found[:limit]), next_token=encode_token(listing, (last.start_ms, last.id)))

    # -- contents -------------------------------------------------------------------------------

    def root(self) -> Root:
        with self._contents() as contents:
            years = contents.years()
        return Root(years=tuple(years), event_count=sum(year.event_count for year in years), time_zone=self._time_zone)

    def node(self, node_id: str, *, version: int = 0) -> Node:
        if version < 0:
            raise InvalidQuery("version", version, "must not be negative")
        with self._contents() as contents:
            return contents.node(node_id, version=version or None)

    def children(self, node_id: str, *, limit: int = 100, token: str = "") -> Page[Node]:
        check_page_size(limit)
        listing = ("children", node_id)
        after: str = decode_token(token, listing, str) or ""
        with self._contents() as contents:
            found = contents.children(node_id, after=after, limit=limit + 1)
        if len(found) <= limit:
            return Page(items=tuple(found))
        return Page(items=tuple(found[:limit]), next_token=encode_token(listing, found[limit - 1].id))

    def node_versions(self, node_id: str) -> list[int]:
        with self._contents() as contents:
            return contents.versions(node_id)

    def days(
        self, *, from_: str = "", until: str = "", agents: Sequence[str] = (), projects: Sequence[str] = ()
    ) -> Days:
        """Every local day of the range; an edge left open is where the store's days end.

        It is nearer where that would be too many days: by default, the last ones are told.
        """
        with self._catalog() as catalog:
            span = catalog.span()
            first = parse_date(from_, field="from") if from_ else span and date.fromisoformat(span[0])
            last = parse_date(until, field="until", last=True) if until else span and date.fromisoformat(span[1])
            first, last = first or last, last or first
            if first is None or last is None:
                return Days(days=(), time_zone=self._time_zone)
            if first > last:
                if from_ and until:
                    raise InvalidQuery("until", until, f"lies before from, {from_}", hint="Exchange the two.")
                first = last = first if from_ else last
            if (last - first).days >= DAYS_MAX:
                if from_ and until:
                    raise InvalidQuery("until", until, f"makes more than {DAYS_MAX:,} days from {first}")
                if from_:
                    last = first + timedelta(days=DAYS_MAX - 1)
                else:
                    first = last - timedelta(days=DAYS_MAX - 1)
            counts = {
                day.date: day
                for day in catalog.days(
                    first=first.isoformat(),
                    until=last.isoformat(),
                    agents=frozenset(agents),
                    projects=frozenset(projects),
                )
            }
        titles = self._titles_of_days(counts)
        days = []
        for offset in range((last - first).days + 1):
            name = (first + timedelta(days=offset)).isoformat()
            count = counts.get(name)
            node_id, title = titles.get(name, ("", ""))
            days.append(
                Day(
                    date=name,
                    event_count=count.event_count if count else 0,
                    session_count=count.session_count if count else 0,
                    agents=count.agents if count else (),
                    projects=count.projects if count else (),
                    node_id=node_id,
                    title=title,
                )
            )
        return Days(days=tuple(days), time_zone=self._time_zone)

    def _titles_of_days(self, dates: Iterable[str]) -> dict[str, tuple[str, str]]:
        """The node and title of each day that has one; none while the contents cannot be read."""
        try:
            with self._contents() as contents:
                return {date: _day_node(contents, date) for date in dates}
        except Unavailable:
            return {}

    # -- grips ----------------------------------------------------------------------------------

    def grip(self, grip_id: str) -> Grip:
        """The grip that the id addresses, read from the log alone; the segment where it is known."""
        recorded, start, end = self._addressed(grip_id)
        event = recorded.event
        return Grip(
            id=grip_id,
            excerpt=event.text[start:end],
            event_id=event.id,
            start=start,
            end=end,
            session=event.session,
            segment_id=self._segment_id(event),
        )

    def _segment_id(self, event: Event) -> str:
        try:
            with self._contents() as contents:
                segment = contents.segment_of(event.id, event.session)
        except Unavailable:
            # Evidence is read from the log; that the contents cannot be read does not take it away.
            return ""
        return segment.id if segment else ""

    def expand(self, grip_id: str, *, before: int = 3, after: int = 3) -> GripContext:
        _check_neighbours(before, after)
        grip = self.grip(grip_id)
        events, _, _ = self._around(grip.event_id, grip.session, before, after)
        return GripContext(grip=grip, events=events)

    def _addressed(self, grip_id: str) -> tuple[Recorded, int, int]:
        if not is_ulid(grip_id):
            raise InvalidQuery("id", grip_id, "is no ULID", hint=UnknownGrip.hint)
        try:
            address = grip_address(grip_id)
        except ValueError:
            # A ULID, but none that any grip has.
            raise UnknownGrip(grip_id) from None
        first, until = first_ulid_at(address.time_ms), last_ulid_at(address.time_ms)
        while page := self._log.scan(first=first, until=until, limit=_SCAN_PAGE, bytes_max=_SCAN_BYTES):
            for recorded in page:
                if stands_in(address, recorded.event.id):
                    end = address.start + address.length
                    if address.length == 0 or end > len(recorded.event.text):
                        raise UnknownGrip(grip_id)
                    return recorded, address.start, end
            first = next_ulid(page[-1].event.id)
        raise UnknownGrip(grip_id)


def _checked_id(event_id: str, field: str) -> str:
    if not is_ulid(event_id):
        raise InvalidQuery(field, event_id, "is no ULID", hint=UnknownEvent.hint)
    return event_id


def _check_neighbours(before: int, after: int) -> None:
    for field, count in (("before", before), ("after", after)):
        if not 0 <= count <= NEIGHBOURS_MAX:
            raise InvalidQuery(field, count, f"must be 0 to {NEIGHBOURS_MAX}")


def _day_node(contents: Contents, name: str) -> tuple[str, str]:
    node_id = f"day/{name}"
    try:
        return node_id, contents.node(node_id).title
    except UnknownNode:
        return "", ""
