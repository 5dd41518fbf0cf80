"""`Memory` in process: what only shows where log, views and search come together."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent_memory import Draft, Kind, courtesy, local
from agent_memory.config import Config
from agent_memory.daemon import open_memory
from agent_memory.errors import OtherForm, StorageUnavailable, Unavailable
from agent_memory.events import Recorded
from agent_memory.inference.port import Vectors
from agent_memory.local import LocalMemory
from agent_memory.memory import ViewState
from agent_memory.projectors.catalog import CatalogProjector
from agent_memory.retrieval.model import Tier
from agent_memory.testing.embedders import HashingEmbedder

TEXT = "We decided to keep raw readings."


class HeldEmbedder(HashingEmbedder):
    """Embeds documents only once ``let_go`` is set, and queries at once."""

    def __init__(self) -> None:
        super().__init__(32)
        self.let_go = threading.Event()

    def embed(self, texts: Sequence[str], *, query: bool = False) -> Vectors:
        if not query:
            self.let_go.wait(30)
        return super().embed(texts, query=query)


@pytest.fixture
def embedder() -> HeldEmbedder:
    return HeldEmbedder()


@pytest.fixture
async def memory(tmp_path: Path, embedder: HeldEmbedder) -> AsyncIterator[LocalMemory]:
    config = Config(store=tmp_path / "store", time_zone="UTC", model=tmp_path / "none")
    async with open_memory(config, embedder=embedder) as memory:
        yield memory
        embedder.let_go.set()


def said(text: str = TEXT) -> Draft:
    return Draft(kind=Kind.USER_MESSAGE, session="s", text=text)


async def test_search_does_not_wait_long_for_vectors_and_says_what_they_lack(
    memory: LocalMemory, embedder: HeldEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "BRIEF_WAIT_S", 0.05)
    receipt = await memory.append(said())
    early = await memory.search("raw readings", min_position=receipt.position)
    embedder.let_go.set()
    await memory.wait_for(["vectors"], receipt.position)
    later = await memory.search("raw readings", min_position=receipt.position)

    assert [TEXT] == [hit.recorded.event.text for hit in early.hits]
    assert {"vectors": 1} == early.behind
    assert Tier.HYBRID is later.tier
    assert {} == later.behind


async def test_search_says_that_the_catalog_is_behind(memory: LocalMemory, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ranks by what the catalog knows, so a catalog that stands still is told with the hits."""

    def stuck(projector: CatalogProjector, batch: Sequence[Recorded]) -> None:
        raise StorageUnavailable("no room for the catalog")

    monkeypatch.setattr(local, "BRIEF_WAIT_S", 0.05)
    monkeypatch.setattr(CatalogProjector, "project", stuck)
    receipt = await memory.append(said())
    await memory.wait_for(["lexical", "entities"], receipt.position)
    found = await memory.search("raw readings")

    assert [TEXT] == [hit.recorded.event.text for hit in found.hits]
    assert 1 == found.behind["catalog"]


async def test_reading_with_other_settings_leaves_the_views_as_they_are(tmp_path: Path) -> None:
    config = Config(store=tmp_path / "store", time_zone="UTC", model=tmp_path / "none")
    async with open_memory(config) as memory:
        receipt = await memory.append(said())
        await memory.wait_for(["toc"], receipt.position)
        generation = (await memory.status()).views[0].generation

    other = Config(store=config.store, time_zone="UTC", model=config.model, segment_gap_min=7)
    async with open_memory(other, create=False) as memory:
        with pytest.raises((OtherForm, Unavailable), match="built as"):
            await memory.root()
        status = await memory.status()
        assert ViewState.FAILED is next(view.state for view in status.views if view.name == "toc")

    async with open_memory(config) as memory:
        assert 1 == (await memory.root(min_position=receipt.position)).event_count
        assert generation == (await memory.status()).views[0].generation


async def test_a_start_without_the_model_keeps_the_vectors(tmp_path: Path) -> None:
    config = Config(store=tmp_path / "store", time_zone="UTC", model=tmp_path / "none")
    async with open_memory(config, embedder=HashingEmbedder(32)) as memory:
        receipt = await memory.append(said())
        await memory.wait_for(["vectors"], receipt.position)
    async with open_memory(config) as memory:
        async with asyncio.timeout(20):
            while not await standing(memory, ViewState.WAITING):
                pass
        assert Tier.LEXICAL is (await memory.search("readings")).tier
    snapshots = sorted(path.name for path in (config.store / "views" / "vectors").rglob("*"))
    async with open_memory(config, embedder=HashingEmbedder(32)) as memory:
        await memory.wait_for(["vectors"], receipt.position)

        assert Tier.HYBRID is (await memory.search("readings")).tier
    assert snapshots == sorted(path.name for path in (config.store / "views" / "vectors").rglob("*"))


async def standing(memory: LocalMemory, state: ViewState) -> bool:
    return any(view.state is state for view in (await memory.status()).views)


async def test_others_give_way_until_the_answer_is_back_with_the_event_loop(
    memory: LocalMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    receipt = await memory.append(said())
    seen: list[tuple[str, bool]] = []

    def noted(what: str) -> None:
        seen.append((what, threading.current_thread() is threading.main_thread()))

    @contextmanager
    def serving() -> Iterator[None]:
        noted("begins")
        yield
        noted("ends")

    monkeypatch.setattr(courtesy, "serving", serving)
    for asked in (memory.search("raw readings"), memory.event(receipt.event_id), memory.root()):
        seen.clear()
        await asked

        assert [("begins", True), ("ends", True)] == seen
