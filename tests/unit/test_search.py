"""Search over scripted indexes: which tier answers, what a hit shows, what a failure costs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_memory.annotation.traits import traits_of
from agent_memory.errors import Corrupt, Unavailable
from agent_memory.events import Event, Kind, Recorded, Role
from agent_memory.events.ulids import ulid_of
from agent_memory.indexes import admission
from agent_memory.indexes.entities import EntitiesIndex
from agent_memory.indexes.event_ids import EventKeys
from agent_memory.indexes.model import EVERYWHERE, Where, session_key
from agent_memory.indexes.turns import Turns, turns_of
from agent_memory.projectors.entities import EntitiesProjector
from agent_memory.retrieval import SearchOptions, Tier
from agent_memory.retrieval.search import Searcher
from agent_memory.retrieval.walk import walk
from agent_memory.storage import InMemoryRows
from agent_memory.telemetry.privacy import without_conversations
from agent_memory.temporal import TIMELESS
from agent_memory.testing.embedders import FailingEmbedder, HashingEmbedder
from agent_memory.testing.in_memory_indexes import InMemoryLexicalIndex, InMemoryVectorIndex, admits
from agent_memory.testing.search_samples import conversations, filters, queries
from agent_memory.toc.grips import grip_address, grip_id
from agent_memory.toc.material import Level
from agent_memory.toc.model import Bullet, Grip, Node

NOON = 1_768_474_800_000
"""2026-01-15, 12:00 in Berlin."""


def recorded(place: int, text: str, **fields: Any) -> Recorded:
    given_fields = {"kind": Kind.USER_MESSAGE, "role": Role.USER, "session": "s1", **fields}
    return Recorded(place, Event(id=ulid_of(NOON + place * 1000, place), text=text, **given_fields))


STORY = [
    recorded(1, "Good morning. The cache moved to RocksDB last week."),
    recorded(2, "Why RocksDB and not SQLite?", kind=Kind.ASSISTANT_MESSAGE, role=Role.ASSISTANT),
    recorded(3, "Lunch was good.", session="s2", agent="codex"),
    recorded(4, "The invoice for the cache servers is due in March.", session="s2", agent="codex", project="office"),
]


class Log:
    def __init__(self, events: Sequence[Recorded]) -> None:
        self.events = {one.event.id: one for one in events}

    def get_many(self, event_ids: Sequence[str]) -> list[Recorded | None]:
        return [self.events.get(event_id) for event_id in event_ids]


def node(id: str, level: Level, parent_id: str, **fields: Any) -> Node:
    defaults: dict[str, Any] = {
        "title": "",
        "bullets": (),
        "keywords": (),
        "start_ms": NOON,
        "end_ms": NOON + 10_000,
        "event_count": 1,
        "child_count": 1,
        "agents": ("", "codex"),
        "projects": ("", "office"),
    }
    return Node(id=id, level=level, parent_id=parent_id, **{**defaults, **fields})


class Tree:
    """A year with a segment for each session, a bullet for each event: its text, gripped whole."""

    def __init__(self, events: Sequence[Recorded]) -> None:
        self.grips: dict[str, Grip] = {}
        self.nodes = {
            "year/2026": node(
                "year/2026",
                Level.YEAR,
                "",
                start_ms=min((one.event.time_ms for one in events), default=0),
                end_ms=max((one.event.time_ms for one in events), default=0) + 1,
                agents=tuple({one.event.agent for one in events}),
                projects=tuple({one.event.project for one in events}),
            )
        }
        self.segments: dict[str, Node] = {}
        for session in sorted({one.event.session for one in events}):
            of_it = [one.event for one in events if one.event.session == session]
            bullets = []
            for event in of_it:
                if not event.text:
                    continue
                grip = grip_id(event.id, 0, len(event.text))
                self.grips[grip] = Grip(
                    id=grip, excerpt=event.text, event_id=event.id, start=0, end=len(event.text), session=session
                )
                bullets.append(Bullet(text=event.text, grip_ids=(grip,)))
            segment = node(
                f"segment/{of_it[0].id}",
                Level.SEGMENT,
                "year/2026",
                session=session,
                bullets=tuple(bullets),
                agents=tuple(sorted({event.agent for event in of_it})),
                projects=tuple(sorted({event.project for event in of_it})),
                start_ms=of_it[0].time_ms,
                end_ms=of_it[-1].time_ms,
            )
            self.nodes[segment.id] = segment
            for event in of_it:
                self.segments[event.id] = segment

    def years(self) -> list[Node]:
        return [self.nodes["year/2026"]]

    def children(self, node_id: str, *, after: str = "", limit: int) -> list[Node]:
        return [n for id, n in sorted(self.nodes.items()) if n.parent_id == node_id and id > after][:limit]

    def grip(self, grip_id: str) -> Grip | None:
        return self.grips.get(grip_id)

    def segment_ids_of(self, events: Iterable[tuple[str, str]]) -> list[str]:
        return [self.segments[event_id].id if event_id in self.segments else "" for event_id, _ in events]


class Sessions:
    def __init__(self, events: Sequence[Recorded]) -> None:
        self.by_key: dict[int, list[tuple[str, int]]] = {}
        for one in events:
            traits = traits_of(one.event, types=(), names_time=False)
            self.by_key.setdefault(session_key(one.event.session), []).append((one.event.id, traits))

    def titles(self, session_ids: Sequence[str]) -> list[str]:
        return [f"Title of {session_id}" for session_id in session_ids]

    def turns(self, found: Mapping[int, EventKeys]) -> dict[int, Turns]:
        return {session: turns_of(self.by_key.get(session, [])) for session in found if session}


def broken(error: Exception) -> Callable[[], AbstractContextManager[Any]]:
    def lease() -> AbstractContextManager[Any]:
        raise error

    return lease


DOWN = broken(Unavailable("the view is not open"))


def searcher(events: Sequence[Recorded] = STORY, **replaced: Any) -> Searcher:
    embedder = HashingEmbedder()
    lexical = InMemoryLexicalIndex([one.event for one in events])
    vectors = InMemoryVectorIndex(embedder, [one.event for one in events])
    mentions = EntitiesProjector(
        EntitiesIndex(InMemoryRows(), generation=1), "Europe/Berlin", lambda text, said_ms, calendar: ()
    )
    mentions.project(events)
    parts: dict[str, Any] = {
        "lexical": lambda: nullcontext(lexical),
        "vectors": lambda: nullcontext(vectors),
        "contents": lambda: nullcontext(Tree(events)),
        "catalog": lambda: nullcontext(Sessions(events)),
        "entities": lambda: nullcontext(mentions.index),
        "embedder": embedder,
        "time_zone": "Europe/Berlin",
        **replaced,
    }
    return Searcher(Log(events), **parts)  # type: ignore[arg-type]  # of a log only what is read


def test_a_hit_shows_where_and_when_it_was_said_and_why_it_surfaced() -> None:
    (hit,) = searcher().search("where has the cache moved", where=EVERYWHERE, limit=1).hits

    assert STORY[0] == hit.recorded
    assert "The cache moved to RocksDB last week." == hit.excerpt
    assert "2026-01-15" == hit.date
    assert "Title of s1" == hit.session_title
    assert f"segment/{STORY[0].event.id}" == hit.node_id
    assert ["lexical", "vector", "context", "substance"] == [signal.name for signal in hit.signals]
    assert 1 == hit.signals[0].rank


def test_the_grip_of_a_hit_addresses_its_excerpt() -> None:
    for hit in searcher().search("cache", where=EVERYWHERE, limit=9).hits:
        address = grip_address(hit.grip_id)

        assert hit.excerpt == hit.recorded.event.text[address.start : address.start + address.length]


def test_quoted_words_are_answered_by_what_they_stand_in_and_not_by_themselves() -> None:
    for query in ('"cache moved"', '"CACHE  moved" where', "`moved to rocksdb`"):
        hit = searcher().search(query, where=EVERYWHERE, limit=1).hits[0]
        address = grip_address(hit.grip_id)

        assert "The cache moved to RocksDB last week." == hit.excerpt
        assert hit.excerpt == hit.recorded.event.text[address.start : address.start + address.length]


def test_with_both_signals_the_tier_is_hybrid_and_every_step_is_timed() -> None:
    result = searcher().search("cache", where=EVERYWHERE, limit=9)

    assert Tier.HYBRID == result.tier
    assert {"read", "lexical", "embed", "vector", "entity", "weigh", "resolve", "total"} == result.timings_ms.keys()
    assert 4 == len(result.hits)


@pytest.mark.parametrize(
    "replaced",
    [{"embedder": None}, {"vectors": DOWN}, {"embedder": FailingEmbedder()}, {"vectors": broken(KeyError("bug"))}],
    ids=["no model", "view down", "model silent", "fault"],
)
def test_without_vectors_keywords_answer(replaced: dict[str, Any]) -> None:
    result = searcher(**replaced).search("cache", where=EVERYWHERE, limit=9)

    assert Tier.LEXICAL == result.tier
    assert {1, 4} == {hit.recorded.position for hit in result.hits[:2]}
    assert all("vector" not in {signal.name for signal in hit.signals} for hit in result.hits)


def test_without_keywords_vectors_answer() -> None:
    result = searcher(lexical=DOWN).search("cache", where=EVERYWHERE, limit=2)

    assert Tier.VECTORS == result.tier
    assert 2 == len(result.hits)


def test_without_either_the_contents_are_walked() -> None:
    result = searcher(lexical=DOWN, vectors=DOWN).search("cache invoice", where=EVERYWHERE, limit=9)

    assert Tier.CONTENTS == result.tier
    assert [STORY[3], STORY[0]] == [hit.recorded for hit in result.hits]
    assert ["contents"] == [signal.name for signal in result.hits[0].signals]
    assert f"segment/{STORY[2].event.id}" == result.hits[0].node_id


@pytest.mark.parametrize(
    ("replaced", "without"),
    [
        ({"embedder": None}, ("lexical",)),
        ({"vectors": DOWN}, ("lexical",)),
        ({"lexical": DOWN}, ("vector",)),
        ({}, ("lexical", "vector")),
    ],
    ids=["no model", "no vectors", "no keywords", "neither wanted"],
)
def test_the_contents_serve_who_leaves_out_what_there_is(replaced: dict[str, Any], without: tuple[str, ...]) -> None:
    """The tier is what served: contents are walked, not only named, and no quoted phrase stands in for them."""
    options = SearchOptions(without=without)
    result = searcher(**replaced).search('cache "due in March"', where=EVERYWHERE, limit=9, options=options)

    assert Tier.CONTENTS == result.tier
    assert "contents" in result.timings_ms
    assert [STORY[3], STORY[0]] == [hit.recorded for hit in result.hits]
    assert {"contents"} == {signal.name for hit in result.hits for signal in hit.signals}


def test_the_walk_goes_down_through_parents_that_do_not_share_a_word() -> None:
    matches = walk(Tree(STORY), "SQLite", where=EVERYWHERE)  # type: ignore[arg-type]  # of contents only what is read

    assert [STORY[1].event.id] == [match.event_id for match in matches]


def test_where_nothing_can_answer_the_search_fails_and_says_why() -> None:
    with pytest.raises(Unavailable):
        searcher(lexical=DOWN, vectors=DOWN, contents=DOWN).search("cache", where=EVERYWHERE, limit=9)


@pytest.mark.parametrize(("replaced", "field"), [({"contents": DOWN}, "node_id"), ({"catalog": DOWN}, "session_title")])
def test_without_contents_or_catalog_hits_lack_their_names_only(replaced: dict[str, Any], field: str) -> None:
    hits = searcher(**replaced).search("cache", where=EVERYWHERE, limit=9).hits

    assert 4 == len(hits)
    assert {""} == {getattr(hit, field) for hit in hits}


@pytest.mark.parametrize("query", ["", " ", "\n\t\u3000"])
def test_a_query_of_white_space_finds_nothing(query: str) -> None:
    result = searcher().search(query, where=EVERYWHERE, limit=9)

    assert () == result.hits
    assert Tier.HYBRID == result.tier


def test_a_query_of_a_hundred_thousand_characters_is_answered() -> None:
    embedder = HashingEmbedder()

    result = searcher(embedder=embedder).search("cache " * 20_000, where=EVERYWHERE, limit=9)

    assert Tier.HYBRID == result.tier
    assert {1, 4} <= {hit.recorded.position for hit in result.hits[:2]}
    assert max(map(len, embedder.texts)) < 10_000


def test_an_event_that_the_log_does_not_have_is_no_hit() -> None:
    more = [*STORY, recorded(9, "The cache of a log that was lost.")]
    index = InMemoryLexicalIndex([one.event for one in more])

    found = searcher(lexical=lambda: nullcontext(index)).search("cache", where=EVERYWHERE, limit=9).hits

    assert {1, 2, 3, 4} == {hit.recorded.position for hit in found}


class Told:
    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, object]]] = []

    def warning(self, event: str, **fields: object) -> None:
        self.lines.append((event, {key: repr(value) for key, value in without_conversations(fields).items()}))

    info = warning


def test_degradation_is_told_once_without_a_word_of_the_query(monkeypatch: pytest.MonkeyPatch) -> None:
    told, state = Told(), {"down": True}
    monkeypatch.setattr("agent_memory.retrieval.telling.LOG", told)
    words = InMemoryLexicalIndex([one.event for one in STORY])
    flaky = searcher(lexical=lambda: DOWN() if state["down"] else nullcontext(words))

    tiers = [flaky.search("cache", where=EVERYWHERE, limit=1).tier for _ in range(3)]
    state["down"] = False
    tiers.append(flaky.search("cache", where=EVERYWHERE, limit=1).tier)

    assert [Tier.VECTORS] * 3 + [Tier.HYBRID] == tiers
    assert ["search goes without a signal", "search has a signal again"] == [event for event, _ in told.lines]
    assert "'lexical'" == told.lines[0][1]["signal"]
    assert "'UNAVAILABLE'" == told.lines[0][1]["error_kind"]
    assert "cache" not in repr(told.lines)


def test_one_damaged_session_costs_the_others_nothing_and_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    told, state = Told(), {"damaged": True}
    monkeypatch.setattr("agent_memory.retrieval.telling.LOG", told)
    damaged = session_key("s1")

    class Damaged(Sessions):
        def turns(self, found: Mapping[int, EventKeys]) -> dict[int, Turns]:
            if state["damaged"] and damaged in found:
                raise Corrupt("a row cannot be read")
            return super().turns(found)

    sessions = Damaged(STORY)
    asked = searcher(catalog=lambda: nullcontext(sessions))

    def with_context() -> set[str]:
        hits = asked.search("cache", where=EVERYWHERE, limit=9).hits
        inheriting = [hit for hit in hits if any(one.name == "context" and one.score > 0 for one in hit.signals)]
        return {hit.recorded.event.session for hit in inheriting}

    found = [with_context() for _ in range(3)]
    state["damaged"] = False
    found.append(with_context())

    assert [{"s2"}] * 3 + [{"s1", "s2"}] == found
    assert [
        "search goes without the neighbours in a damaged session",
        "search has the neighbours in a damaged session again",
    ] == [event for event, _ in told.lines]
    assert "cache" not in repr(told.lines)


@pytest.mark.parametrize(("view", "count"), [("catalog", 2), ("contents", 1)])
def test_what_hits_lack_is_told_once(view: str, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told()
    monkeypatch.setattr("agent_memory.retrieval.telling.LOG", told)
    lacking = searcher(**{view: DOWN})
    for _ in range(3):
        lacking.search("cache", where=EVERYWHERE, limit=9)

    assert count == len(told.lines)


stories = conversations(max_size=12).map(
    lambda events: [Recorded(position, event) for position, event in enumerate(events, start=1)]
)
outages = st.sampled_from(
    [{}, {"lexical": DOWN}, {"vectors": DOWN}, {"embedder": None}, {"lexical": DOWN, "vectors": DOWN}]
)


@settings(max_examples=60, deadline=None)
@given(stories, queries() | st.text(max_size=20), filters(), st.integers(1, 12), outages)
def test_in_every_tier_hits_pass_the_filter_quote_their_event_and_repeat(
    events: list[Recorded], query: str, where: Where, limit: int, outage: dict[str, Any]
) -> None:
    search = searcher(events, **outage)
    try:
        result = search.search(query, where=where, limit=limit)
        again = search.search(query, where=where, limit=limit)
    finally:
        search.close()

    assert result.hits == again.hits
    assert len(result.hits) <= limit
    for hit in result.hits:
        assert admits(where, hit.recorded.event)
        assert hit.excerpt in hit.recorded.event.text
        assert bool(hit.excerpt) == bool(hit.grip_id)
        assert hit.score == sum(signal.contribution for signal in hit.signals)
        assert any(signal.rank for signal in hit.signals)


@settings(max_examples=60, deadline=None)
@given(stories, filters(), st.sampled_from([{"embedder": None}, {"lexical": DOWN, "vectors": DOWN}]))
def test_by_keyword_and_by_contents_everything_that_passes_and_holds_the_word_is_found(
    events: list[Recorded], where: Where, outage: dict[str, Any]
) -> None:
    search = searcher(events, **outage)
    try:
        hits = search.search("vector", where=where, limit=50, options=SearchOptions(repeats=True)).hits
    finally:
        search.close()

    wanted = {one.position for one in events if admits(where, one.event) and "vector" in one.event.text}
    assert wanted <= {hit.recorded.position for hit in hits}


@given(stories, filters())
def test_the_filter_of_the_walk_is_the_filter_of_the_indexes(events: list[Recorded], where: Where) -> None:
    assert [admits(where, one.event) for one in events] == [admission.admits(where, one.event) for one in events]


def test_without_time_a_query_says_nothing_of_any() -> None:
    """Its words are keywords again, and what is said of time is neither weighed nor told."""
    events = [recorded(1, "The cache moved."), recorded(2, "We looked at the cache yesterday.")]
    search = searcher(events)
    query, options = "when was the last look at the cache yesterday", SearchOptions(without=("time",))

    told = search.search(query, where=EVERYWHERE, limit=2)
    untold = search.search(query, where=EVERYWHERE, limit=2, options=options)
    search.close()

    assert told.understood.spans
    assert TIMELESS == untold.understood
    assert "time" not in {signal.name for hit in untold.hits for signal in hit.signals}
    lexical = [{hit.recorded.position: hit.signals[0].score for hit in result.hits} for result in (told, untold)]
    assert lexical[1][2] > lexical[0][2]
