"""Search over real engines of which some fail: it answers with the others, and says which tier that is."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pytest

from agent_memory.errors import AgentMemoryError, Unavailable
from agent_memory.events import Event, Kind, Role
from agent_memory.indexes.model import EVERYWHERE, Where
from agent_memory.retrieval import SearchOptions, Tier
from agent_memory.testing.embedders import FailingEmbedder
from agent_memory.testing.search_samples import said
from agent_memory.testing.searchable import SearchableStore

VIEWS = ("lexical", "vectors", "entities", "contents", "catalog")
QUERY = 'what did Ada say last week about the "retry budget" of cache_key.py'
NOW = SearchOptions(now_ms=1_760_600_000_000)


class Failing:
    """An index that is lent, and fails whatever is asked of it."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def fail(*args: Any, **named: Any) -> Any:
            raise self._error

        return fail


def not_lent() -> AbstractContextManager[Any]:
    raise Unavailable("the view is not open")


OUTAGES: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "not lent": not_lent,
    "damaged": lambda: nullcontext(Failing(OSError("input/output error"))),
    "a bug": lambda: nullcontext(Failing(KeyError("nobody thought of this"))),
}


def talk() -> list[Event]:
    texts = [
        "Which port does the mill listen at?",
        "At 8443, as the proxy forwards nothing else.",
        "The retry budget of the cache is three; see src/shop/cache_key.py.",
        "We decided to keep it last week.",
        "Lunch was good.",
    ]
    return [
        said(
            number,
            text,
            session=f"s{number % 4}",
            speaker="Ada" if number % 2 else "Ben",
            kind=Kind.ASSISTANT_MESSAGE if number % 3 else Kind.USER_MESSAGE,
            role=Role.ASSISTANT if number % 3 else Role.USER,
        )
        for number, text in enumerate(texts * 4)
    ]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchableStore]:
    with SearchableStore(tmp_path_factory.mktemp("outages")) as store:
        store.add(talk())
        yield store


SUBSETS = [subset for size in range(len(VIEWS) + 1) for subset in itertools.combinations(VIEWS, size)]


@pytest.mark.parametrize("outage", OUTAGES)
@pytest.mark.parametrize("down", SUBSETS, ids=["+".join(subset) or "none" for subset in SUBSETS])
def test_whichever_views_fail_the_others_answer(store: SearchableStore, down: tuple[str, ...], outage: str) -> None:
    search = store.searcher(**dict.fromkeys(down, OUTAGES[outage]))
    if {"lexical", "vectors", "contents"} <= {*down}:
        with pytest.raises((AgentMemoryError, OSError, KeyError)):
            search.search(QUERY, where=EVERYWHERE, limit=5, options=NOW)
        return
    result = search.search(QUERY, where=EVERYWHERE, limit=5, options=NOW)
    tiers = {(): Tier.HYBRID, ("lexical",): Tier.VECTORS, ("vectors",): Tier.LEXICAL}
    gone = tuple(view for view in down if view in ("lexical", "vectors"))
    names = {signal.name for hit in result.hits for signal in hit.signals}

    assert tiers.get(gone, Tier.CONTENTS) == result.tier
    assert any("retry budget" in hit.recorded.event.text for hit in result.hits)
    assert ("catalog" in down) == all(hit.session_title == "" for hit in result.hits)
    assert ("contents" in down) == all(hit.node_id == "" for hit in result.hits)
    assert names.isdisjoint(["lexical", "phrase"] if "lexical" in down else [])
    assert names.isdisjoint(["vector"] if "vectors" in down else [])
    assert names.isdisjoint(["entity"] if "entities" in down else [])
    assert names.isdisjoint(["context", "substance", "speaker", "type"] if "catalog" in down else [])
    assert all(hit.score == sum(signal.contribution for signal in hit.signals) for hit in result.hits)


@pytest.mark.parametrize("down", SUBSETS, ids=["+".join(subset) or "none" for subset in SUBSETS])
def test_a_filter_holds_whichever_views_fail(store: SearchableStore, down: tuple[str, ...]) -> None:
    if {"lexical", "vectors", "contents"} <= {*down}:
        return
    where = Where(sessions=frozenset({"s1"}), roles=frozenset({Role.ASSISTANT}))
    search = store.searcher(**dict.fromkeys(down, not_lent))
    hits = search.search(QUERY, where=where, limit=20, options=NOW).hits

    assert hits
    assert {("s1", Role.ASSISTANT)} == {(hit.recorded.event.session, hit.recorded.event.role) for hit in hits}


def test_a_model_that_is_down_is_an_outage_of_vectors_and_comes_back(tmp_path_factory: pytest.TempPathFactory) -> None:
    embedder = FailingEmbedder()
    embedder.down = False
    with SearchableStore(tmp_path_factory.mktemp("model"), embedder=embedder) as store:
        store.add(talk())
        search = store.searcher()
        tiers = []
        for down in (False, True, False):
            embedder.down = down
            tiers.append(search.search(QUERY, where=EVERYWHERE, limit=5, options=NOW).tier)

    assert [Tier.HYBRID, Tier.LEXICAL, Tier.HYBRID] == tiers


@pytest.mark.parametrize(("left_out", "down"), [("vector", "lexical"), ("lexical", "vectors")])
def test_where_the_only_retriever_that_is_wanted_fails_the_contents_answer(
    store: SearchableStore, left_out: str, down: str
) -> None:
    options = SearchOptions(now_ms=NOW.now_ms, without=(left_out,))
    result = store.searcher(**{down: not_lent}).search(QUERY, where=EVERYWHERE, limit=5, options=options)

    assert Tier.CONTENTS == result.tier
    assert "retry budget" in result.hits[0].recorded.event.text
