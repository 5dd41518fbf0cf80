"""The views `lexical` and `vectors`: crashes, reopening, rebuilds, and models that are missing."""

from __future__ import annotations

import itertools
import shutil
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from agent_memory.errors import Closed, InferenceUnavailable
from agent_memory.events import Event, Recorded
from agent_memory.indexes.embeddings import EmbeddingStore
from agent_memory.indexes.lexical import LexicalIndex
from agent_memory.indexes.lexical_documents import CHUNKS_MAX
from agent_memory.indexes.model import EVERYWHERE, Where
from agent_memory.indexes.vector_rows import vector_row
from agent_memory.indexes.vectors import VectorIndex
from agent_memory.projectors.lexical import LexicalProjector, LexicalView
from agent_memory.projectors.vectors import Passage, VectorProjector, VectorView, passages_of
from agent_memory.storage import InMemoryRows, Rows
from agent_memory.testing.embedders import FailingEmbedder, HashingEmbedder
from agent_memory.testing.faults import Faults, InjectedFault
from agent_memory.testing.search_samples import said

EMBEDDER = HashingEmbedder(32)
LOG = [Recorded(n, said(n, f"the deploy number {n} failed in src/app_{n % 3}.py " * (n % 4))) for n in range(1, 31)]


def lexical(folder: Path, faults: Faults) -> LexicalProjector:
    return LexicalView(folder, step=faults.step).open(1)


def vectors(folder: Path, faults: Faults, rows: Rows | None = None) -> VectorProjector:
    index = VectorIndex.open(folder, 32, graph_rows_min=8, step=faults.step)
    return VectorProjector(index, EmbeddingStore(rows or InMemoryRows(), EMBEDDER.model_id, 32), EMBEDDER)


def catch_up(projector: LexicalProjector | VectorProjector, log: Sequence[Recorded] = LOG, batch: int = 7) -> None:
    """As the runner does, with a snapshot now and then."""
    while missing := [r for r in log if r.position > projector.checkpoint()]:
        projector.project(missing[:batch])
        projector.flush()
        if isinstance(projector, VectorProjector):
            projector.index.flush(always=True)


@pytest.mark.parametrize("open_view", [lexical, vectors])
def test_a_projection_survives_a_crash_at_every_step(tmp_path: Path, open_view) -> None:
    whole = open_view(tmp_path / "whole", Faults(0))
    catch_up(whole)
    expected = list(whole.rows())
    for at in itertools.count(1):
        faults = Faults(at, forever=True)
        broken = open_view(tmp_path / str(at), faults)
        with suppress(InjectedFault):
            catch_up(broken)
        with suppress(InjectedFault):
            broken.close()
        view = open_view(tmp_path / str(at), Faults(0))
        assert view.checkpoint() <= len(LOG)
        catch_up(view)

        assert expected == list(view.rows())
        assert len(LOG) == view.checkpoint()
        view.close()
        if not faults.fired:
            break


@pytest.mark.parametrize("open_view", [lexical, vectors])
def test_a_failed_batch_can_be_projected_again(tmp_path: Path, open_view) -> None:
    whole = open_view(tmp_path / "whole", Faults(0))
    catch_up(whole)
    for at in itertools.count(1):
        faults = Faults(at)
        view = open_view(tmp_path / str(at), faults)
        with suppress(InjectedFault):
            catch_up(view)
        catch_up(view)

        assert list(whole.rows()) == list(view.rows())
        view.close()
        if not faults.fired:
            break


@pytest.mark.parametrize("open_view", [lexical, vectors])
def test_entries_that_are_in_already_change_nothing(tmp_path: Path, open_view) -> None:
    view = open_view(tmp_path, Faults(0))
    view.project(LOG[:10])
    before = list(view.rows())
    view.project(LOG[:10])
    view.project(LOG[5:12])

    assert before == [row for row in view.rows() if row in before]
    assert 12 == view.checkpoint()
    once = open_view(tmp_path / "once", Faults(0))
    once.project(LOG[:12])
    assert list(once.rows()) == list(view.rows())


@pytest.mark.parametrize("open_view", [lexical, vectors])
def test_batching_does_not_show_in_the_rows(tmp_path: Path, open_view) -> None:
    one, other = open_view(tmp_path / "one", Faults(0)), open_view(tmp_path / "other", Faults(0))
    catch_up(one, batch=1)
    catch_up(other, batch=30)

    assert list(one.rows()) == list(other.rows())
    assert [key for key, _ in one.rows()] == sorted(key for key, _ in one.rows())


def test_rows_tell_another_text_another_filter_and_another_span(tmp_path: Path) -> None:
    def rows_of(name: str, *events: Recorded) -> list[tuple[str, bytes]]:
        view = lexical(tmp_path / name, Faults(0))
        view.project(events)
        return list(view.rows())

    base = rows_of("a", Recorded(1, said(1, "one two")))
    assert base != rows_of("b", Recorded(1, said(1, "one too")))
    assert base != rows_of("c", Recorded(1, said(1, "one two", agent="codex")))
    assert base != rows_of("d", Recorded(1, said(1, "one two", speaker="Ann")))


def test_an_event_without_text_counts_as_taken_in(tmp_path: Path) -> None:
    view = lexical(tmp_path, Faults(0))
    view.project([Recorded(1, said(1, "")), Recorded(2, said(2, ""))])
    view.close()

    assert 2 == lexical(tmp_path, Faults(0)).checkpoint()


def test_scores_do_not_depend_on_segments(tmp_path: Path) -> None:
    words = [f"w{n}" for n in range(12)]
    log = [Recorded(n, said(n, " ".join(words[(n * k) % 12] for k in range(1, 9)))) for n in range(1, 120)]
    one, many = lexical(tmp_path / "one", Faults(0)), lexical(tmp_path / "many", Faults(0))
    one.project(log)
    for recorded in log:
        many.project([recorded])
    query = " ".join(words)

    assert one.index.search(query, where=EVERYWHERE, limit=50) == many.index.search(query, where=EVERYWHERE, limit=50)


def test_identifiers_are_found_whole_and_by_their_parts(tmp_path: Path) -> None:
    texts = ["fix parseHTMLPage in src/web/page_view.py", "parse the page", "error E0308 at my_mod::run", "nothing"]
    view = lexical(tmp_path, Faults(0))
    view.project([Recorded(n, said(n, text)) for n, text in enumerate(texts, start=1)])

    def found(query: str) -> list[int]:
        order = {said(n, "").id: n for n in range(1, 5)}
        return [order[m.event_id] for m in view.index.search(query, where=EVERYWHERE, limit=9)]

    assert [1] == found("src/web/page_view.py")[:1]
    assert [1] == found("parsehtmlpage")
    assert {1, 2} == set(found("html page"))
    assert [3] == found("e0308")
    assert [3] == found("my_mod::run")


def test_who_said_it_and_which_tool_did_it_is_found(tmp_path: Path) -> None:
    view = lexical(tmp_path, Faults(0))
    view.project([Recorded(1, said(1, "hello", speaker="Zoë")), Recorded(2, said(2, "ls", tool_name="Bash"))])

    assert [said(1, "").id] == [m.event_id for m in view.index.search("zoe", where=EVERYWHERE, limit=9)]
    assert [said(2, "").id] == [m.event_id for m in view.index.search("bash", where=EVERYWHERE, limit=9)]


def test_a_huge_output_is_found_by_its_beginning_and_its_end(tmp_path: Path) -> None:
    text = "firstword " + "filler text here " * 60_000 + " lastword"
    view = lexical(tmp_path, Faults(0))
    view.project([Recorded(1, said(1, text))])

    assert CHUNKS_MAX == len(list(view.rows()))
    for word in ("firstword", "lastword"):
        (match,) = view.index.search(word, where=EVERYWHERE, limit=3)
        assert word in text[match.start : match.end]


def test_searches_go_on_while_events_come_in(tmp_path: Path) -> None:
    views = [lexical(tmp_path / "l", Faults(0)), vectors(tmp_path / "v", Faults(0))]
    done, errors = threading.Event(), []
    vector = EMBEDDER.embed(["deploy number 3"])[0]

    def ask() -> None:
        while not done.is_set():
            try:
                views[0].index.search("deploy", where=Where(sessions=frozenset({"s"})), limit=5)
                views[1].index.search(vector, where=Where(sessions=frozenset({"s"})), limit=5)
            except Exception as error:
                errors.append(error)
                return

    asking = [threading.Thread(target=ask) for _ in range(3)]
    for thread in asking:
        thread.start()
    log = [Recorded(n, said(n, f"deploy number {n}")) for n in range(1, 300)]
    for view in views:
        catch_up(view, log, batch=10)
    done.set()
    for thread in asking:
        thread.join()

    assert [] == errors


@pytest.mark.parametrize("open_view", [lexical, vectors])
def test_a_closed_index_says_so(tmp_path: Path, open_view) -> None:
    view = open_view(tmp_path, Faults(0))
    view.project(LOG[:3])
    asked = "deploy" if isinstance(view, LexicalProjector) else EMBEDDER.embed(["x"])[0]
    view.close()
    with pytest.raises(Closed):
        view.index.search(asked, where=EVERYWHERE, limit=3)
    with pytest.raises(Closed):
        view.project(LOG[3:5])


# -- vectors ----------------------------------------------------------------------------------------


def test_a_reopened_index_answers_as_before_without_computing_anything(tmp_path: Path) -> None:
    rows, first = InMemoryRows(), HashingEmbedder(32)
    store = EmbeddingStore(rows, first.model_id, 32)
    view = VectorProjector(VectorIndex.open(tmp_path, 32, graph_rows_min=8), store, first)
    catch_up(view, LOG[:20])
    view.project(LOG[20:])
    query = first.embed(["deploy number 7 failed"])[0]
    expected = view.index.search(query, where=EVERYWHERE, limit=9)
    second = HashingEmbedder(32)
    again = VectorProjector(VectorIndex.open(tmp_path, 32, graph_rows_min=8), store, second)

    assert 20 == again.checkpoint()
    catch_up(again)
    assert [] == second.texts
    assert expected == again.index.search(query, where=EVERYWHERE, limit=9)


def test_a_snapshot_that_cannot_be_read_is_built_again(tmp_path: Path) -> None:
    view = vectors(tmp_path, Faults(0))
    catch_up(view)
    (snapshot,) = tmp_path.glob("snapshot-*")
    expected = list(view.rows())
    for name in ("graph.bin", "vectors.npy", "columns.npz", "manifest.json"):
        shutil.copytree(snapshot, tmp_path / name / snapshot.name)
        whole = (snapshot / name).read_bytes()
        (tmp_path / name / snapshot.name / name).write_bytes(whole[: len(whole) // 2])
        again = vectors(tmp_path / name, Faults(0))

        assert 0 == again.checkpoint()
        catch_up(again)
        assert expected == list(again.rows())


def test_only_the_newest_snapshot_is_kept(tmp_path: Path) -> None:
    catch_up(vectors(tmp_path, Faults(0)))

    assert [f"snapshot-{len(LOG):020d}"] == [path.name for path in tmp_path.iterdir()]


def test_an_idle_flush_waits_until_a_snapshot_is_worth_it(tmp_path: Path) -> None:
    view = vectors(tmp_path, Faults(0))
    view.project(LOG)
    view.flush()

    assert [] == list(tmp_path.iterdir())


def test_without_a_model_the_view_waits_and_says_what_to_do(tmp_path: Path) -> None:
    view = VectorView(tmp_path, InMemoryRows(), None)
    projector = view.open(1)
    with pytest.raises(InferenceUnavailable) as caught:
        projector.project(LOG[:1])

    assert "no embedding model is installed" == str(caught.value)
    assert "model install" in caught.value.hint
    assert 0 == projector.checkpoint()
    projector.flush()
    assert [] == list(projector.rows())


def test_of_long_events_a_few_are_read_for_what_is_embedded_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def counted(event: Event) -> list[Passage]:
        read.append(event.id)
        return passages_of(event)

    monkeypatch.setattr("agent_memory.projectors.vectors.passages_of", counted)
    projector = vectors(tmp_path, Faults(0))
    projector.project([Recorded(n, said(n, f"answer {n} about retries. " * 700)) for n in range(1, 65)])

    assert projector.checkpoint() == 4
    assert len(read) < 64
    projector.close()


def test_a_model_that_is_down_is_a_wait_and_nothing_is_lost(tmp_path: Path) -> None:
    embedder = FailingEmbedder(32)
    projector = VectorView(tmp_path, InMemoryRows(), embedder).open(1)
    with pytest.raises(InferenceUnavailable):
        projector.project(LOG[:3])

    assert 0 == projector.checkpoint()
    embedder.down = False
    projector.project(LOG[:3])
    assert 3 == projector.checkpoint()


def test_the_form_of_the_view_names_the_model(tmp_path: Path) -> None:
    forms = {
        VectorView(tmp_path, InMemoryRows(), embedder).fingerprint
        for embedder in (None, HashingEmbedder(8), HashingEmbedder(16))
    }

    assert 3 == len(forms)


@pytest.mark.parametrize("view", ["lexical", "vectors"])
def test_generations_stand_beside_each_other_and_are_erased_alone(tmp_path: Path, view: str) -> None:
    kind = LexicalView(tmp_path) if view == "lexical" else VectorView(tmp_path, InMemoryRows(), EMBEDDER)
    one, two = kind.open(1), kind.open(2)
    one.project(LOG[:4])
    two.project(LOG[:9])
    one.close()
    kind.erase(1)
    kind.erase(1)
    kind.erase(7)

    assert ["gen-000002"] == [path.name for path in tmp_path.iterdir()]
    assert 0 == kind.open(1).checkpoint()


def test_the_graph_finds_what_looking_at_all_finds(tmp_path: Path) -> None:
    chance = np.random.default_rng(7)
    centres = chance.normal(size=(40, 32))
    held = (centres[chance.integers(0, 40, 6000)] + chance.normal(scale=0.6, size=(6000, 32))).astype(np.float32)
    held /= np.linalg.norm(held, axis=1, keepdims=True)
    index = VectorIndex.open(tmp_path, 32, graph_rows_min=256)
    events = [said(n, "x", agent="a" if n % 2 else "b", session=f"s{n % 500}") for n in range(6000)]
    for first in range(0, 6000, 500):
        part = [vector_row(event, 0, 1) for event in events[first : first + 500]]
        index.add(part, held[first : first + 500], checkpoint=first + 500)
    filters = [
        (EVERYWHERE, np.ones(6000, bool)),
        (Where(agents=frozenset({"a"})), np.arange(6000) % 2 == 1),
        (Where(sessions=frozenset({"s7"})), np.arange(6000) % 500 == 7),
    ]
    for where, mask in filters:
        hits = total = 0
        for query in held[::300]:
            scores = np.where(mask, held @ query, -2)
            expected = {events[n].id for n in np.argsort(-scores)[:10]}
            found = {match.event_id for match in index.search(query, where=where, limit=10)}
            hits, total = hits + len(expected & found), total + 10

        assert hits / total >= 0.98, where


def test_an_index_on_disk_is_opened_by_the_lexical_class_alone(tmp_path: Path) -> None:
    index = LexicalIndex.open(tmp_path / "deep" / "folder")

    assert 0 == index.checkpoint()
    assert [] == list(index.rows())
