"""A filter, a limit and an option choose among ranked events; they do not rank."""

from __future__ import annotations

import itertools
import random
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from agent_memory.annotation import MemoryType
from agent_memory.annotation.likeness import collapse
from agent_memory.errors import Unavailable
from agent_memory.events import Event, Kind, Role
from agent_memory.events.ulids import derived_ulid
from agent_memory.indexes.model import EVERYWHERE, Where
from agent_memory.retrieval import Hit, SearchOptions
from agent_memory.retrieval.model import SIGNALS
from agent_memory.retrieval.search import Searcher
from agent_memory.testing.in_memory_indexes import admits
from agent_memory.testing.searchable import SearchableStore

EVENTS_MAX = 150
ALL = 200
HOUR_MS = 3_600_000
START_MS = 1_760_000_000_000
"""2025-10-09, in the forenoon in Berlin."""

NOW_MS = START_MS + 30 * 24 * HOUR_MS
OPTIONS = SearchOptions(now_ms=NOW_MS)
EVERY = msgspec.structs.replace(OPTIONS, repeats=True)

AGENTS = ["", "claude-code", "codex"]
PROJECTS = ["", "/home/ada/shop", "/srv/mill"]
SESSIONS = [f"s{number}" for number in range(14)]
SPEAKERS = ["", "Ada Lovelace", "Ben"]
TEXTS = [
    "The retry budget of the cache is three.",
    "the retry budget of the cache is three",
    "Why did the deploy fail last week?",
    "It failed because the token of the mill had expired on 9 October 2025.",
    "We decided to keep the cache key in src/shop/cache_key.py.",
    "I prefer short names, never abbreviations.",
    "ValueError: token must not be empty\n  at parse_token (src/mill/token.py:17)",
    "Ben moves to Lisbon in November.",
    "See https://example.org/mill/issues/42 for the release of the mill.",
    "ok",
    "Thanks!",
    "The release was yesterday, Ada said; the party is on Friday.",
    "日本語のテキスト",
    "",
    "Run `make deploy` again, then look at the retry budget and at the cache key, for both of them were changed by the"
    " release of the mill, and nobody has looked at what the token does since then.",
    "Run `make deploy` again, then look at the retry budget and at the cache key, for both of them were changed by the"
    " release of the mill, and nobody had looked at what the token does since then.",
]
QUERIES = [
    "retry budget",
    "why did the deploy fail",
    'who said "retry budget" and "cache key"',
    '`make deploy` "keep the cache key"',
    "when does Ben move to Lisbon",
    "what happened last week",
    "the first release of the mill",
    "what did Ada say on 9 October 2025",
    "before the release, what failed",
    "what did we decide about cache_key.py",
    "my preference for names",
    "token error in src/mill/token.py",
    "what did we do on 9 October 2025",
    "what happened last",
    "the last thing that I said in October",
    "src/mill/token.py",
    "last thing that you said in October, or between 1 and 12 November",
    "mill #42",
    "日本語",
    "zebra",
    "?",
]


class Story(NamedTuple):
    """Events made from a seed: to draw every field takes longer than to search, and a failure names two numbers."""

    seed: int
    size: int

    def events(self) -> list[Event]:
        """Many sessions at once, and much of it said twice."""
        chance = random.Random(self.seed)
        texts = chance.sample(TEXTS, chance.randint(1, len(TEXTS)))
        sessions = chance.sample(SESSIONS, chance.randint(1, len(SESSIONS)))
        kinds = [
            (Kind.USER_MESSAGE, Role.USER),
            (Kind.ASSISTANT_MESSAGE, Role.ASSISTANT),
            (Kind.TOOL_RESULT, Role.TOOL),
        ]
        events = []
        for number in range(self.size):
            text = chance.choice(texts)
            if chance.random() < 0.3:
                text = f"{text} {chance.choice(TEXTS)}"
            kind, role = chance.choice(kinds)
            events.append(
                Event(
                    id=derived_ulid(START_MS + number * 5 * HOUR_MS, str(number)),
                    kind=kind if text else Kind.SESSION_START,
                    role=role,
                    session=chance.choice(sessions),
                    agent=chance.choice(AGENTS),
                    project=chance.choice(PROJECTS),
                    speaker=chance.choice(SPEAKERS),
                    text=text,
                )
            )
        return events


stories = st.builds(Story, st.integers(0, 2**32), st.integers(0, EVENTS_MAX))


def some(values: Sequence[Any]) -> st.SearchStrategy[frozenset[Any]]:
    return st.just(frozenset()) | st.frozensets(st.sampled_from(values), max_size=3)


times_ms = st.none() | st.integers(-1, EVENTS_MAX * 5).map(lambda hours: START_MS + hours * HOUR_MS)
filters = st.builds(
    Where,
    from_ms=times_ms,
    until_ms=times_ms,
    agents=some(AGENTS[1:]),
    projects=some(PROJECTS[1:]),
    sessions=some(SESSIONS),
    roles=some([Role.USER, Role.ASSISTANT]),
    kinds=some([Kind.TOOL_RESULT, Kind.SESSION_START, Kind.USER_MESSAGE]),
    types=some([MemoryType.DECISION, MemoryType.QUESTION, MemoryType.ERROR]),
)
# One field at a time lets more through than all of them together.
single = st.sampled_from(Where.__struct_fields__).flatmap(
    lambda field: filters.map(lambda where: Where(**{field: getattr(where, field)}))
)
wheres = st.lists(filters | single, min_size=1, max_size=6)
asked = st.lists(
    st.sampled_from(QUERIES) | st.lists(st.sampled_from(QUERIES), min_size=2, max_size=3).map(" ".join),
    min_size=1,
    max_size=4,
)


def down() -> Any:
    raise Unavailable("the view is not open")


@contextmanager
def searching(story: Story, **replaced: Any) -> Iterator[Searcher]:
    with tempfile.TemporaryDirectory() as folder, SearchableStore(Path(folder)) as store:
        if events := story.events():
            store.add(events)
        yield store.searcher(**replaced)


def ranked(hits: Sequence[Hit]) -> list[tuple[str, float]]:
    return [(hit.recorded.event.id, hit.score) for hit in hits]


EVERY_FIELD = [
    Where(from_ms=START_MS + 100 * HOUR_MS),
    Where(until_ms=START_MS + 300 * HOUR_MS),
    Where(agents=frozenset({"codex"})),
    Where(projects=frozenset({"/srv/mill"}), roles=frozenset({Role.USER})),
    Where(sessions=frozenset(SESSIONS[:3])),
    Where(kinds=frozenset({Kind.TOOL_RESULT})),
    Where(types=frozenset({MemoryType.QUESTION, MemoryType.ERROR})),
    Where(
        from_ms=START_MS, agents=frozenset({"codex"}), projects=frozenset({"/srv/mill"}), roles=frozenset({Role.USER})
    ),
]
# Half of a store is no simpler, and each takes as long: what fails is told by its seed.
DRAWN = settings(max_examples=3, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])

OUTAGES: dict[str, dict[str, Any]] = {
    "hybrid": {},
    "words": {"embedder": None},
    "meaning": {"lexical": down},
    "contents": {"lexical": down, "vectors": down},
    "without neighbours": {"catalog": down},
}


@pytest.mark.parametrize("tier", OUTAGES)
@DRAWN
@example(story=Story(7, 120), queries=QUERIES, wheres=EVERY_FIELD, limit=12)
@given(story=stories, queries=asked, wheres=wheres, limit=st.integers(1, 40))
def test_a_filter_gives_what_filtering_the_whole_ranking_gives(
    tier: str, story: Story, queries: list[str], wheres: list[Where], limit: int
) -> None:
    """The same events in the same order with the same scores, in every tier; repeats are left out after filtering."""
    with searching(story, **OUTAGES[tier]) as search:
        for query in queries:
            whole = search.search(query, where=EVERYWHERE, limit=ALL, options=EVERY)
            for where in wheres:
                passing = [hit for hit in whole.hits if admits(where, hit.recorded.event)]
                every = search.search(query, where=where, limit=limit, options=EVERY)

                assert all(admits(where, hit.recorded.event) for hit in every.hits)
                if whole.understood != every.understood:
                    # What `the release` is, is looked for in the projects that are asked about.
                    assert whole.understood.anchor
                    continue
                assert ranked(passing[:limit]) == ranked(every.hits)
                texts = [hit.recorded.event.text for hit in passing]
                printed = [hit.recorded.event.kind is Kind.TOOL_RESULT for hit in passing]
                repeated = collapse(texts, printed=printed)
                firsts = [hit for place, hit in enumerate(passing) if repeated[place] == place]
                folded = search.search(query, where=where, limit=limit, options=OPTIONS)

                assert ranked(firsts[:limit]) == ranked(folded.hits)


@pytest.mark.parametrize("tier", OUTAGES)
@DRAWN
@given(story=stories, queries=asked, wheres=wheres, limit=st.integers(1, 40))
def test_fewer_hits_are_the_first_of_more_and_the_same_come_again(
    tier: str, story: Story, queries: list[str], wheres: list[Where], limit: int
) -> None:
    with searching(story, **OUTAGES[tier]) as search:
        for query, where, options in itertools.product(queries, [EVERYWHERE, *wheres[:2]], (OPTIONS, EVERY)):
            fewer = search.search(query, where=where, limit=limit, options=options)
            more = ranked(search.search(query, where=where, limit=2 * limit, options=options).hits)

            assert more[:limit] == ranked(fewer.hits)
            assert len(dict(more)) == len(more) <= 2 * limit
            assert fewer.hits == search.search(query, where=where, limit=limit, options=options).hits


def test_a_longer_page_goes_on_where_a_shorter_one_ended_however_many_events_there_are() -> None:
    """Who pages by asking for more finds no event twice, and misses none."""
    with searching(Story(7, 600)) as search:
        for query in QUERIES:
            longest = ranked(search.search(query, where=EVERYWHERE, limit=ALL, options=EVERY).hits)
            assert len(longest) == ALL
            for limit in (10, 60, 160):
                assert longest[:limit] == ranked(
                    search.search(query, where=EVERYWHERE, limit=limit, options=EVERY).hits
                )


@DRAWN
@given(story=stories, queries=asked, wheres=wheres, limit=st.integers(1, 40))
def test_what_is_not_asked_for_changes_nothing(
    story: Story, queries: list[str], wheres: list[Where], limit: int
) -> None:
    """Grouping only rearranges, shares of 0 are off, and `now` matters where the query names a time."""
    with searching(story) as search:
        for query, where in itertools.product(queries, [EVERYWHERE, *wheres[:2]]):
            plain = search.search(query, where=where, limit=limit, options=OPTIONS)
            grouped, off, later = (
                search.search(query, where=where, limit=limit, options=msgspec.structs.replace(OPTIONS, **changes))
                for changes in (
                    {"group_by_session": True},
                    {"diversity": 0.0, "recency": 0.0, "salience": 0.0},
                    {"now_ms": NOW_MS + 90 * 24 * HOUR_MS},
                )
            )

            assert sorted(ranked(plain.hits)) == sorted(ranked(grouped.hits))
            assert plain.hits == off.hits
            if plain.understood == later.understood:
                assert plain.hits == later.hits


@pytest.mark.parametrize("name", SIGNALS)
@settings(DRAWN, max_examples=3)
@given(story=stories, queries=asked, wheres=wheres)
def test_without_any_one_signal_the_others_rank_and_the_filter_holds(
    name: str, story: Story, queries: list[str], wheres: list[Where]
) -> None:
    options = msgspec.structs.replace(EVERY, without=(name,))
    with searching(story) as search:
        for query in queries:
            whole = search.search(query, where=EVERYWHERE, limit=ALL, options=options)
            for where in wheres:
                found = search.search(query, where=where, limit=ALL, options=options)

                assert all(signal.name != name for hit in found.hits for signal in hit.signals)
                assert all(admits(where, hit.recorded.event) for hit in found.hits)
                if whole.understood == found.understood:
                    assert ranked([hit for hit in whole.hits if admits(where, hit.recorded.event)]) == ranked(
                        found.hits
                    )
