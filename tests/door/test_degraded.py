"""Indexes accelerate and never gate: with any of them broken, the rest goes on and says what is missing."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

import agent_memory
from agent_memory import Draft, Kind, SyncMemory
from agent_memory.config import load_config
from agent_memory.daemon import open_memory
from agent_memory.memory import ViewState, ViewStatus
from agent_memory.retrieval.model import Tier
from agent_memory.sync import Opening
from agent_memory.testing.daemon import DaemonProcess
from agent_memory.testing.waiting import eventually

TEXT = "We decided to keep raw readings, because corrections can be computed again."
QUESTION = "what happens to raw readings"
needs_model = pytest.mark.skipif(
    not os.environ.get("AGENT_MEMORY_TEST_MODEL"), reason="no embedding model: `make test` installs one"
)


def record(store: Path) -> None:
    """A store with one event that all its views contain, closed."""
    with DaemonProcess(store) as daemon, agent_memory.connect(daemon.address) as memory:
        receipt = append(memory, TEXT)
        eventually(lambda: contained(memory) >= {"toc", "lexical", "catalog"})
        assert 1 == receipt.position
        if os.environ.get("AGENT_MEMORY_TEST_MODEL"):
            memory.wait_for(["vectors"], 1, timeout_s=60)


def append(memory: SyncMemory, text: str) -> agent_memory.Receipt:
    return memory.append(Draft(kind=Kind.USER_MESSAGE, session="s", text=text))


def contained(memory: SyncMemory) -> set[str]:
    status = memory.status()
    return {view.name for view in status.views if view.position == status.position}


def view_named(memory: SyncMemory, name: str) -> ViewStatus:
    (view,) = [view for view in memory.status().views if view.name == name]
    return view


def break_view(store: Path, name: str) -> Path:
    """Put a file where the view's folder is: it can be neither read nor made anew."""
    folder = store / "views" / name
    shutil.rmtree(folder)
    folder.write_text("in the way")
    return folder


def test_an_event_is_found_and_visible_without_asking_to_wait_for_it(tmp_path: Path) -> None:
    """What a reader who knows no positions sees: it is there by itself, soon."""
    with DaemonProcess(tmp_path / "store") as daemon, agent_memory.connect(daemon.address) as memory:
        append(memory, TEXT)
        eventually(lambda: memory.search(QUESTION).hits and memory.root().years, timeout_s=10)

        assert TEXT == memory.search(QUESTION).hits[0].recorded.event.text


def test_without_a_model_search_is_by_words_and_says_so(tmp_path: Path) -> None:
    with (
        DaemonProcess(tmp_path / "store", model=tmp_path / "none") as daemon,
        agent_memory.connect(daemon.address) as memory,
    ):
        receipt = append(memory, TEXT)
        result = memory.search(QUESTION, min_position=receipt.position)
        eventually(lambda: view_named(memory, "vectors").state is ViewState.WAITING)

        assert Tier.LEXICAL is result.tier
        assert [TEXT] == [hit.recorded.event.text for hit in result.hits]
        assert "no embedding model" in view_named(memory, "vectors").error
        assert memory.status().healthy


@needs_model
def test_without_the_lexical_view_search_is_by_meaning_and_the_view_comes_back_by_itself(tmp_path: Path) -> None:
    store = tmp_path / "store"
    record(store)
    obstacle = break_view(store, "lexical")
    with DaemonProcess(store) as daemon, agent_memory.connect(daemon.address) as memory:
        eventually(lambda: view_named(memory, "lexical").state is ViewState.FAILED)
        result = memory.search(QUESTION)
        receipt = append(memory, "Appends go on.")
        memory.wait_for(["toc", "vectors", "catalog"], receipt.position, timeout_s=60)

        assert Tier.VECTORS is result.tier
        assert TEXT == result.hits[0].recorded.event.text
        assert not memory.status().healthy
        assert 2 == memory.root().event_count

        obstacle.unlink()
        memory.wait_for(["lexical"], receipt.position, timeout_s=90)
        assert Tier.HYBRID is memory.search(QUESTION).tier
        eventually(lambda: memory.status().healthy)


def test_without_any_index_the_contents_are_walked(tmp_path: Path) -> None:
    store = tmp_path / "store"
    record(store)
    break_view(store, "lexical")
    with (
        DaemonProcess(store, model=tmp_path / "none") as daemon,
        agent_memory.connect(daemon.address) as memory,
    ):
        eventually(lambda: view_named(memory, "lexical").state is ViewState.FAILED)
        result = memory.search("raw readings")

        assert Tier.CONTENTS is result.tier
        assert TEXT == result.hits[0].recorded.event.text


def test_a_view_whose_files_are_gone_is_built_again_from_the_log(tmp_path: Path) -> None:
    store = tmp_path / "store"
    record(store)
    shutil.rmtree(store / "views")
    with DaemonProcess(store) as daemon, agent_memory.connect(daemon.address) as memory:
        memory.wait_for(["lexical"], 1, timeout_s=60)

        assert TEXT == memory.search(QUESTION).hits[0].recorded.event.text


def test_without_contents_evidence_and_days_are_still_read(tmp_path: Path) -> None:
    """A grip is an address in the log; the calendar is another view."""
    store = tmp_path / "store"
    record(store)
    # Contents of other settings may not be read by a command that only reads, and are not replaced.
    with agent_memory.open(store, model=tmp_path / "none") as memory:
        grip_id = memory.search("raw readings", min_position=1).hits[0].grip_id
    config = load_config(flags={"store": str(store), "segment_gap_min": 7, "model": str(tmp_path / "none")})
    with Opening(open_memory(config, create=False)) as memory:
        context = memory.expand(grip_id)
        days = memory.days().days

    assert [TEXT] == [recorded.event.text for recorded in context.events]
    assert context.grip.excerpt in TEXT
    assert "" == context.grip.segment_id
    assert [1] == [day.event_count for day in days]
    assert [""] == [day.title for day in days]
