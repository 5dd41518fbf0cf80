"""From ranked rows to hits: read the events, leave out what says the same again, show where it was said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from agent_memory.annotation.likeness import collapse
from agent_memory.events import Event, Kind, Recorded
from agent_memory.indexes.admission import admits
from agent_memory.indexes.model import Where
from agent_memory.indexes.passages import passages_for
from agent_memory.paging import count_that_fits
from agent_memory.retrieval.arranging import grouped, spread
from agent_memory.retrieval.asked import Asked
from agent_memory.retrieval.excerpts import Span, around, narrow
from agent_memory.retrieval.fusion import Ranked, Ranking
from agent_memory.retrieval.lease import Lease
from agent_memory.retrieval.model import Hit, SearchOptions
from agent_memory.retrieval.pool import Pool
from agent_memory.retrieval.quotes import said_around
from agent_memory.retrieval.wanted import Wanted
from agent_memory.telemetry import LOG
from agent_memory.toc.calendar import Calendar
from agent_memory.toc.grips import grip_id

if TYPE_CHECKING:
    from agent_memory.indexes.port import Catalog, Contents
    from agent_memory.log.port import EventLog

SPARE_HITS = 8
"""Read beyond what is asked for, in place of repeats and of what a filter keeps out."""

DIVERSE_HITS = 4
"""Of how many times as many hits a diverse page is chosen."""

Candidate = tuple[Ranked, Recorded, int]
"""A row, its event, and how many repeats of it were left out."""


class Answering:
    """Makes hits of one store's events."""

    def __init__(
        self, log: EventLog, *, contents: Lease[Contents], catalog: Lease[Catalog], calendar: Calendar
    ) -> None:
        self._log = log
        self._contents = contents
        self._catalog = catalog
        self._calendar = calendar

    def hits(
        self, asked: Asked, pool: Pool, ranking: Ranking, *, where: Where, limit: int, options: SearchOptions
    ) -> list[Hit]:
        """The best *limit* rows that pass the filter, as hits, best first unless *options* say otherwise."""
        wide = limit * DIVERSE_HITS if options.diversity else limit
        found = self._candidates(pool, ranking, where, wide, repeats=options.repeats)
        if options.diversity:
            texts = [recorded.event.text for _, recorded, _ in found]
            order = spread(texts, [ranked.score for ranked, _, _ in found], limit, diversity=options.diversity)
            found = [found[place] for place in order]
        # Of very long texts, only as many of the best as one answer holds.
        found = found[: count_that_fits(len(recorded.event.text) for _, recorded, _ in found)]
        if options.group_by_session:
            found = grouped(found, [recorded.event.session for _, recorded, _ in found])
        return self._shown(asked, found)

    def _candidates(self, pool: Pool, ranking: Ranking, where: Where, limit: int, *, repeats: bool) -> list[Candidate]:
        kept: list[tuple[int, Recorded]] = []
        firsts: list[int] = []
        seen = 0
        size = limit + SPARE_HITS
        excluded = frozenset() if where.is_open else pool.excluded()
        while seen < len(ranking.order):
            rows = [row for row in ranking.order[seen : seen + size].tolist() if pool.ids[row] not in excluded]
            events = self._log.get_many([pool.ids[row] for row in rows])
            seen += size
            for row, recorded in zip(rows, events, strict=True):
                if recorded is None or not admits(where, recorded.event):
                    continue
                # A neighbour that nobody found may be one of which nothing was said.
                if pool.is_found(row) or passages_for(recorded.event, limit=1):
                    kept.append((row, recorded))
            firsts = list(range(len(kept))) if repeats else _firsts([recorded.event for _, recorded in kept])
            if sum(first == place for place, first in enumerate(firsts)) >= limit:
                break
        counts = [0] * len(kept)
        for place, first in enumerate(firsts):
            counts[first] += first != place
        chosen = [place for place, first in enumerate(firsts) if first == place][:limit]
        told = ranking.told([kept[place][0] for place in chosen])
        return [(ranked, kept[place][1], counts[place]) for ranked, place in zip(told, chosen, strict=True)]

    def _shown(self, asked: Asked, found: Sequence[Candidate]) -> list[Hit]:
        titles = self._titles([recorded for _, recorded, _ in found])
        nodes = self._node_ids([recorded for _, recorded, _ in found])
        wanted = Wanted(asked.text)
        hits = []
        for (ranked, recorded, repeat_count), node_id in zip(found, nodes, strict=True):
            event = recorded.event
            start, end = _excerpt(ranked, event, asked, wanted)
            hits.append(
                Hit(
                    recorded=recorded,
                    score=ranked.score,
                    signals=ranked.signals,
                    excerpt=event.text[start:end],
                    grip_id=grip_id(event.id, start, end) if start < end else "",
                    date=self._calendar.local_date(event.time_ms),
                    session_title=titles.get(event.session, ""),
                    node_id=node_id,
                    types=ranked.types,
                    repeat_count=repeat_count,
                )
            )
        return hits

    def _titles(self, found: Sequence[Recorded]) -> dict[str, str]:
        sessions = list(dict.fromkeys(recorded.event.session for recorded in found))
        try:
            with self._catalog() as catalog:
                return dict(zip(sessions, catalog.titles(sessions), strict=True))
        except Exception as error:
            LOG.warning("hits go without session titles", view="catalog", error=error)
            return {}

    def _node_ids(self, found: Sequence[Recorded]) -> list[str]:
        try:
            with self._contents() as contents:
                return [contents.segment_id_of(recorded.event.id, recorded.event.session) for recorded in found]
        except Exception as error:
            LOG.warning("hits go without their nodes", view="toc", error=error)
            return [""] * len(found)


def _excerpt(ranked: Ranked, event: Event, asked: Asked, wanted: Wanted) -> Span:
    start, end = _passage(ranked, event)
    if asked.phrases and _level(event.text[start:end]) in map(_level, asked.phrases):
        # Whoever quoted these words knows them: what they stand in tells more.
        return around(event.text, start, end, within=said_around(event, (start, end)))
    return narrow(event.text, start, end, wanted)


def _level(words: str) -> str:
    return " ".join(words.split()).lower()


def _passage(ranked: Ranked, event: Event) -> Span:
    if ranked.passage is not None:
        return ranked.passage.start, ranked.passage.end
    # It is there for what stands beside it: shown from where it begins.
    said = passages_for(event, limit=1)
    return (said[0].start, said[0].end) if said else (0, 0)


def _firsts(events: Sequence[Event]) -> list[int]:
    printed = [event.kind is Kind.TOOL_RESULT for event in events]
    return collapse([event.text for event in events], printed=printed)
