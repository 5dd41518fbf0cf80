"""From ranked rows to hits: read the events, leave out what says the same again, show where it was said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from agent_memory.annotation.likeness import Page
from agent_memory.annotation.traits import types_in
from agent_memory.annotation.types import in_order, types_of
from agent_memory.errors import Corrupt
from agent_memory.events import Kind, Recorded
from agent_memory.indexes.admission import admits
from agent_memory.indexes.chunks import Chunk
from agent_memory.indexes.model import Where
from agent_memory.indexes.passages import first_passage
from agent_memory.paging import PAGE_TEXT_MAX, SEARCH_LIMIT_MAX, count_that_fits
from agent_memory.retrieval.arranging import grouped, spread
from agent_memory.retrieval.asked import Asked
from agent_memory.retrieval.excerpts import Span, around, narrow
from agent_memory.retrieval.fusion import Ranked, Ranking
from agent_memory.retrieval.lease import Lease
from agent_memory.retrieval.model import Hit, SearchOptions
from agent_memory.retrieval.pool import Pool
from agent_memory.retrieval.quotes import said_around
from agent_memory.retrieval.telling import Telling
from agent_memory.retrieval.wanted import Wanted
from agent_memory.toc.calendar import Calendar
from agent_memory.toc.grips import grip_id

if TYPE_CHECKING:
    from agent_memory.indexes.port import Catalog, Contents
    from agent_memory.log.port import EventLog

SPARE_HITS = 4
"""Read beyond what is missing, in place of repeats and of what a filter keeps out."""

DIVERSE_HITS = 2
DIVERSE_MAX = SEARCH_LIMIT_MAX + SPARE_HITS
"""Of how many times as many hits a diverse page is chosen, and of how many at most."""

REPEATS_HITS, REPEATS_SPARE = 4, 100
"""Where most of what fits says the same, so many times the hits and so many more are read, not all there is."""

READ_CHARACTERS_MAX = 2 * PAGE_TEXT_MAX
_READ_AT_ONCE = 32


class Candidate(msgspec.Struct, frozen=True):
    """A row, its event, what stands first in it if no passage was found, and how many repeats of it were left out.

    ``traits`` are those of the event, where they are known.
    """

    ranked: Ranked
    recorded: Recorded
    said: Chunk | None
    repeat_count: int
    traits: int | None


class Answering:
    """Makes hits of one store's events."""

    def __init__(
        self, log: EventLog, *, contents: Lease[Contents], catalog: Lease[Catalog], calendar: Calendar
    ) -> None:
        self._log = log
        self._contents = contents
        self._catalog = catalog
        self._telling = Telling()
        self._calendar = calendar

    def hits(
        self, asked: Asked, pool: Pool, ranking: Ranking, *, where: Where, limit: int, options: SearchOptions
    ) -> list[Hit]:
        """The best *limit* rows that pass the filter, as hits, best first unless *options* say otherwise."""
        wide = min(limit * DIVERSE_HITS, DIVERSE_MAX) if options.diversity else limit
        found = self._candidates(pool, ranking, where, wide, repeats=options.repeats)
        if options.diversity:
            texts = [one.recorded.event.text for one in found]
            order = spread(texts, [one.ranked.score for one in found], limit, diversity=options.diversity)
            found = [found[place] for place in order]
        # Of very long texts, only as many of the best as one answer holds.
        found = found[: count_that_fits(len(one.recorded.event.text) for one in found)]
        if options.group_by_session:
            found = grouped(found, [one.recorded.event.session for one in found])
        return self._shown(asked, found)

    def _candidates(self, pool: Pool, ranking: Ranking, where: Where, limit: int, *, repeats: bool) -> list[Candidate]:
        """The best rows that pass the filter and repeat none before them.

        At most *limit*, and fewer where what is read to find them comes to its bounds; what a filter
        keeps out counts for none of these.
        """
        kept: list[tuple[int, Recorded, Chunk | None]] = []
        page = Page()
        firsts: list[int] = []
        characters = 0
        seen = 0
        size = limit
        order = ranking.order[~pool.is_excluded[ranking.order]]
        while seen < len(order):
            rows = order[seen : seen + min(size, _READ_AT_ONCE)].tolist()
            seen += len(rows)
            events = self._log.get_many(pool.ids_at(rows))
            for row, recorded in zip(rows, events, strict=True):
                if recorded is None or not admits(where, recorded.event):
                    continue
                said = None
                # A neighbour that nobody found may be one of which nothing was said.
                if not pool.is_found[row] and (said := first_passage(recorded.event)) is None:
                    continue
                kept.append((row, recorded, said))
                characters += len(recorded.event.text)
                if not repeats:
                    page.add(recorded.event.text, printed=recorded.event.kind is Kind.TOOL_RESULT)
            size = limit + SPARE_HITS - len(kept) if len(kept) < limit else max(SPARE_HITS, len(kept) // 4)
            is_enough = len(kept) >= REPEATS_HITS * limit + REPEATS_SPARE or characters > READ_CHARACTERS_MAX
            # A series is told by several of it, of which a short page has too few.
            least = limit + SPARE_HITS if page.may_have_series else limit
            if len(kept) >= least or is_enough:
                firsts = _firsts(page, kept, repeats)
                if is_enough or sum(first == place for place, first in enumerate(firsts)) >= limit:
                    break
        firsts = _firsts(page, kept, repeats) if len(firsts) != len(kept) else firsts
        counts = [0] * len(kept)
        for place, first in enumerate(firsts):
            counts[first] += first != place
        chosen = [place for place, first in enumerate(firsts) if first == place][:limit]
        told = ranking.told([kept[place][0] for place in chosen])
        return [
            Candidate(ranked, *kept[place][1:], counts[place], pool.traits_at(kept[place][0]))
            for ranked, place in zip(told, chosen, strict=True)
        ]

    def _shown(self, asked: Asked, found: Sequence[Candidate]) -> list[Hit]:
        titles = self._titles([one.recorded for one in found])
        nodes = self._node_ids([one.recorded for one in found])
        wanted = Wanted(asked.text)
        hits = []
        for one, node_id in zip(found, nodes, strict=True):
            ranked, event = one.ranked, one.recorded.event
            start, end = _excerpt(one, asked, wanted)
            hits.append(
                Hit(
                    recorded=one.recorded,
                    score=ranked.score,
                    signals=ranked.signals,
                    excerpt=event.text[start:end],
                    grip_id=grip_id(event.id, start, end) if start < end else "",
                    date=self._calendar.local_date(event.time_ms),
                    session_title=titles.get(event.session, ""),
                    node_id=node_id,
                    types=in_order(types_of(event) if one.traits is None else types_in(one.traits)),
                    repeat_count=one.repeat_count,
                    factor=ranked.factor,
                )
            )
        return hits

    def _titles(self, found: Sequence[Recorded]) -> dict[str, str]:
        sessions = list(dict.fromkeys(recorded.event.session for recorded in found))
        try:
            with self._catalog() as catalog:
                titles = dict(zip(sessions, catalog.titles(sessions), strict=True))
        except Exception as error:
            self._telling.tell("the titles of sessions", view="catalog", error=error)
            return {}
        self._telling.tell("the titles of sessions", view="catalog", error=None)
        return titles

    def _node_ids(self, found: Sequence[Recorded]) -> list[str]:
        try:
            with self._contents() as contents:
                node_ids, damaged = _segment_ids(contents, [(one.event.id, one.event.session) for one in found])
        except Exception as error:
            self._telling.tell("the nodes of hits", view="toc", error=error)
            return [""] * len(found)
        self._telling.tell("the nodes of hits", view="toc", error=damaged)
        return node_ids


def _segment_ids(contents: Contents, events: Sequence[tuple[str, str]]) -> tuple[list[str], Corrupt | None]:
    """The segments of the events, those whose row can be read, and why one cannot."""
    try:
        return contents.segment_ids_of(events), None
    except Corrupt as error:
        damaged = error
    found: list[str] = []
    for event in events:
        try:
            found += contents.segment_ids_of([event])
        except Corrupt:
            found.append("")
    return found, damaged


def _excerpt(one: Candidate, asked: Asked, wanted: Wanted) -> Span:
    event = one.recorded.event
    start, end = _passage(one)
    if asked.phrases and _level(event.text[start:end]) in map(_level, asked.phrases):
        # Whoever quoted these words knows them: what they stand in tells more.
        return around(event.text, start, end, within=said_around(event, (start, end)))
    return narrow(event.text, start, end, wanted)


def _level(words: str) -> str:
    return " ".join(words.split()).lower()


def _passage(one: Candidate) -> Span:
    if one.ranked.passage is not None:
        return one.ranked.passage
    # It is there for what stands beside it: shown from where it begins.
    said = one.said or first_passage(one.recorded.event)
    return (said.start, said.end) if said else (0, 0)


def _firsts(page: Page, kept: Sequence[object], repeats: bool) -> list[int]:
    return list(range(len(kept))) if repeats else page.firsts()
