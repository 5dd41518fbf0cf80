"""Any string is a query: it is answered, soon, and with hits that pass the filter."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_memory.events import Kind
from agent_memory.indexes.model import EVERYWHERE, Where
from agent_memory.retrieval import SearchOptions
from agent_memory.retrieval.search import Searcher
from agent_memory.testing.hostile import CHARACTERS, filled, hostile_strings
from agent_memory.testing.in_memory_indexes import admits
from agent_memory.testing.search_samples import said
from agent_memory.testing.searchable import SearchableStore

TEXTS = ["The cache moved to RocksDB last week.", "Why did we do that?", 'It says "the 7 cache" in src/app/main.py:12']
HOSTILE = hostile_strings()
NOW = SearchOptions(now_ms=1_770_000_000_000)
WHERE = Where(sessions=frozenset({"s1", "s2"}))

SECONDS_MAX = 2.0
"""Of the processor's time: what a search takes where nothing else runs. Measured: 0.13 for the slowest of 10 hits,
0.18 of 200."""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchableStore]:
    """Plain texts, and hostile ones: the passages that hostile queries find."""
    texts = TEXTS * 20 + [text[:4_000] for text in HOSTILE.values() if text.strip()]
    with SearchableStore(tmp_path_factory.mktemp("any")) as store:
        store.add(
            [
                said(
                    number,
                    text,
                    session=f"s{number % 7}",
                    kind=Kind.TOOL_RESULT if number % 5 == 0 else Kind.USER_MESSAGE,
                )
                for number, text in enumerate(texts)
            ]
        )
        yield store


@pytest.fixture(scope="module")
def search(store: SearchableStore) -> Searcher:
    return store.searcher()


@pytest.mark.parametrize(("limit", "step"), [(10, 1), (200, 5)])
def test_hostile_queries_are_answered_soon(search: Searcher, limit: int, step: int) -> None:
    search.search("cache", where=WHERE, limit=limit)
    slow: dict[str, float] = {}
    for name, query in list(HOSTILE.items())[::step]:
        before = time.process_time()
        result = search.search(query, where=WHERE, limit=limit)
        took = time.process_time() - before
        if took > SECONDS_MAX:
            slow[name] = took

        assert all(admits(WHERE, hit.recorded.event) for hit in result.hits), name

    assert {} == slow


anything = st.text(st.characters(exclude_categories=()), max_size=60)


@settings(max_examples=60, deadline=None)
@given(query=anything | anything.filter(bool).map(lambda unit: filled(unit, CHARACTERS)), limit=st.integers(1, 50))
def test_any_query_is_answered_and_again_the_same(search: Searcher, query: str, limit: int) -> None:
    before = time.process_time()
    result = search.search(query, where=EVERYWHERE, limit=limit, options=NOW)

    assert time.process_time() - before < SECONDS_MAX
    assert len(result.hits) <= limit
    assert result.hits == search.search(query, where=EVERYWHERE, limit=limit, options=NOW).hits
    for hit in result.hits:
        assert hit.excerpt in hit.recorded.event.text
