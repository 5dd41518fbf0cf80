"""What the contents promise of the answers in the log, over every engine of rows. Inherit, and give `make_rows`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
import pytest

from agent_memory.errors import UnknownNode
from agent_memory.events import Event
from agent_memory.indexes.contents import ContentsIndex
from agent_memory.inference.extractive import ExtractiveSummariser
from agent_memory.log import RowEventLog
from agent_memory.projectors._toc_nodes import UNPROVEN
from agent_memory.projectors.port import Projector
from agent_memory.projectors.toc import DEFAULT_RULE, TocProjector
from agent_memory.projectors.wordings import TocWordings
from agent_memory.storage import InMemoryRows, Rows
from agent_memory.summaries.digests import material_digest
from agent_memory.summaries.model import Answer
from agent_memory.testing.answers import ANSWERED_MS, answer, places_of, worded
from agent_memory.testing.contents_checks import DAY_MS, HOUR_MS, nodes_of, project_all, random_sizes, talk
from agent_memory.testing.events import NOON_MS, event
from agent_memory.toc import Excerpt, Level, Point, SegmentRule, Summary
from agent_memory.toc.model import Wording

DAY = "day/2026-01-09"


class AnsweredStore:
    """A log, and the contents of it in rows that may be opened again."""

    def __init__(
        self,
        events: Sequence[Event],
        rows: Rows,
        *,
        log_rows: Rows | None = None,
        rule: SegmentRule = DEFAULT_RULE,
        epoch_positions: int = 1_000,
    ) -> None:
        self.log = RowEventLog(log_rows or InMemoryRows())
        if events:
            self.log.append(events)
        self._rows = rows
        self._rule = rule
        self._epoch_positions = epoch_positions
        self.toc = self.projector(rows)
        project_all(self.toc, self.log)

    def projector(self, rows: Rows) -> TocProjector:
        """One that goes on where *rows* are."""
        index = ContentsIndex(rows, generation=1, zone="Europe/Berlin")
        return TocProjector(
            self.log, index, ExtractiveSummariser(), rule=self._rule, epoch_positions=self._epoch_positions
        )

    @property
    def index(self) -> ContentsIndex:
        """What readers ask."""
        return self.toc.index

    @property
    def wordings(self) -> TocWordings:
        """What a worker asks."""
        return TocWordings(self.log, self.index)

    def append(self, *events: Event) -> None:
        """Record events, and take them in."""
        self.log.append(events)
        project_all(self.toc, self.log)

    def record(self, *answers: Answer) -> None:
        """Record answers, and take them in."""
        self.log.record(answers).result()
        project_all(self.toc, self.log)

    def word(self, node_id: str, says: str = "said") -> Answer:
        """Answer about a node as it is."""
        given = worded(node_id, self.wordings.material(node_id), says=says)
        self.record(given)
        return given

    def word_all(self, says: str = "said") -> int:
        """Answer about every node that waits, children first; how many that were."""
        count = 0
        while ready := [waiting for waiting in self.wordings.unworded(limit=999) if waiting.is_ready]:
            self.record(*[worded(r.node_id, self.wordings.material(r.node_id), says=says) for r in ready])
            count += len(ready)
        return count


class WordingChecks:
    """The conformance checks of `agent_memory.indexes.port.Wordings`, and of nodes that answers word."""

    def make_rows(self) -> Rows:
        """Empty rows, closed by whoever made them."""
        raise NotImplementedError

    @pytest.fixture(autouse=True)
    def _stores(self) -> Iterator[None]:
        self.stores: list[AnsweredStore] = []
        yield
        for store in self.stores:
            store.log.close()

    def store(self, *events: Event, epoch_positions: int = 1_000, rule: SegmentRule = DEFAULT_RULE) -> AnsweredStore:
        self.stores.append(AnsweredStore(events, self.make_rows(), rule=rule, epoch_positions=epoch_positions))
        return self.stores[-1]

    # -- nodes --------------------------------------------------------------------------------

    def test_a_node_shows_what_was_answered_about_it_and_who_did(self) -> None:
        said = event("We decided to keep RocksDB because batches are atomic.")
        store = self.store(said)
        before = store.index.node(f"segment/{said.id}")
        store.word(before.id)
        node = store.index.node(before.id)

        assert ("said of Friday, 9 January 2026", "In short: said.") == (node.title, node.abstract)
        assert [("said: point 0", "decision")] == [(bullet.text, bullet.type) for bullet in node.bullets]
        assert ("said", "parrot") == node.keywords
        assert (
            Wording(
                summariser="scripted",
                model="parrot-1",
                prompt_version="1",
                answered_ms=ANSWERED_MS,
                digest=before.wording.digest,
            )
            == node.wording
        )
        grip = store.index.grip(node.bullets[0].grip_ids[0])
        assert grip is not None
        assert ("We", said.id, node.id) == (grip.excerpt, grip.event_id, grip.segment_id)
        assert {f"grip/{id}" for b in node.bullets for id in b.grip_ids} == grips_in(store.toc)

    def test_without_an_answer_the_summariser_that_is_built_in_has_worded_it(self) -> None:
        said = event("We decided to keep RocksDB because batches are atomic.")
        store = self.store(said)
        wording = store.index.node(f"segment/{said.id}").wording

        assert Wording(summariser=ExtractiveSummariser().summariser_id, digest=wording.digest) == wording
        assert material_digest(store.wordings.material(f"segment/{said.id}")) == wording.digest

    def test_parents_are_summed_up_of_what_their_children_show(self) -> None:
        said = event("We decided to keep RocksDB because batches are atomic.")
        store = self.store(said)
        store.word(f"segment/{said.id}", "minutes")

        assert ["minutes: point 0"] == [bullet.text for bullet in store.index.node("year/2026").bullets]
        assert "" == store.index.node(DAY).wording.model

    def test_every_level_can_be_answered_about(self) -> None:
        store = self.store(*talk(60, days=60), rule=SegmentRule(tokens_max=100))
        count = store.word_all()
        nodes = nodes_of(store.index)

        assert len(nodes) == count
        assert {Level.YEAR, Level.MONTH, Level.WEEK, Level.DAY, Level.SEGMENT} == {node.level for node in nodes}
        shown = [node for node in nodes if node.wording.model]
        assert [] == store.wordings.unworded(limit=9)
        assert {node.id for node in nodes} - {node.id for node in shown} == {
            aside.node_id for aside in store.wordings.set_aside(limit=999)
        }
        assert len(shown) > len(nodes) / 2
        for node in nodes:
            for bullet in node.bullets:
                for grip_id in bullet.grip_ids:
                    grip = store.index.grip(grip_id)
                    assert grip is not None
                    assert store.log.get(grip.event_id).event.text[grip.start : grip.end] == grip.excerpt

    def test_a_late_event_takes_the_answer_away_until_the_node_is_as_it_was(self) -> None:
        said = event("We decided to keep RocksDB because batches are atomic.")
        later = event("The deploy failed with error E42 on the database migration.", time_ms=NOON_MS + 1000)
        store = self.store(said)
        node_id = f"segment/{said.id}"
        store.word(node_id)
        store.append(later)
        changed = store.index.node(node_id)
        waiting = [unworded.node_id for unworded in store.wordings.unworded(limit=9)]
        store.word(node_id, "again")

        assert ("", 2) == (changed.wording.model, changed.event_count)
        assert node_id in waiting
        assert "again of Friday, 9 January 2026" == store.index.node(node_id).title

    def test_an_answer_about_what_a_node_is_no_longer_waits_for_the_day(self) -> None:
        """A segment that a later event joined to another comes apart in another order of arrival; so may a material."""
        said = event("We decided to keep RocksDB because batches are atomic.")
        alone = self.store(said)
        early = worded(f"segment/{said.id}", alone.wordings.material(f"segment/{said.id}"))
        store = self.store()
        store.record(early)
        store.append(said)

        assert "said of Friday, 9 January 2026" == store.index.node(f"segment/{said.id}").title

    def test_the_latest_answer_words_the_node_and_the_earlier_can_be_read(self) -> None:
        said = event("We decided to keep RocksDB because batches are atomic.")
        store = self.store(said)
        first, second = store.word(f"segment/{said.id}", "first"), store.word(f"segment/{said.id}", "second")
        store.record(first)

        assert "second of Friday, 9 January 2026" == store.index.node(f"segment/{said.id}").title
        assert [second, first] == store.wordings.answers(first.digest)
        assert [] == store.wordings.answers("f" * 64) == store.wordings.answers("no digest")

    def test_an_answer_about_another_node_words_none(self) -> None:
        said = event("We decided to keep RocksDB because batches are atomic.")
        store = self.store(said)
        right = worded(f"segment/{said.id}", store.wordings.material(f"segment/{said.id}"), says="right")
        store.record(msgspec.structs.replace(right, node_id="segment/01KEGMY100000000000000000Z"))
        store.record(msgspec.structs.replace(right, node_id="no node"))
        store.record(msgspec.structs.replace(right, node_id=DAY))
        unchanged = store.index.node(f"segment/{said.id}").wording.model
        store.record(right)
        store.record(msgspec.structs.replace(right, node_id=DAY, took_ms=1))
        store.append(event("Elsewhere", session="other"))

        assert "" == unchanged
        assert "right of Friday, 9 January 2026" == store.index.node(f"segment/{said.id}").title

    # -- what is no use -----------------------------------------------------------------------

    def test_a_refusal_sets_the_node_aside_by_name(self) -> None:
        said = event("We decided to keep RocksDB because batches are atomic.")
        store = self.store(said)
        before = store.index.node(f"segment/{said.id}")
        store.record(answer(before.id, None, digest=before.wording.digest, refusal="blocked by a filter"))
        node = store.index.node(before.id)
        [aside] = store.wordings.set_aside(limit=9)

        assert (before.title, before.bullets) == (node.title, node.bullets)
        assert "scripted parrot-1: blocked by a filter" == node.wording.refusal == aside.refusal
        assert (before.id, Level.SEGMENT, NOON_MS) == (aside.node_id, aside.level, aside.last_event_ms)
        assert before.id not in [unworded.node_id for unworded in store.wordings.unworded(limit=9)]

    def test_a_refusal_takes_no_wording_away(self) -> None:
        said = event("We decided to keep RocksDB because batches are atomic.")
        store = self.store(said)
        segment = f"segment/{said.id}"
        given = store.word(segment)
        refused = answer(segment, None, digest=given.digest, refusal="blocked by a filter")
        store.record(refused, answer(segment, None, digest=given.digest, refusal="blocked again"))
        kept = store.index.node(segment)
        second = worded(segment, store.wordings.material(segment), says="second")
        store.record(second, answer(segment, None, digest=given.digest, refusal="blocked once more"))
        store.append(event("Elsewhere", session="other"))

        assert ("said of Friday, 9 January 2026", "") == (kept.title, kept.wording.refusal)
        assert "second of Friday, 9 January 2026" == store.index.node(segment).title
        assert segment not in [aside.node_id for aside in store.wordings.set_aside(limit=9)]
        assert refused in store.wordings.answers(given.digest)

    def test_what_nothing_proves_is_not_shown(self) -> None:
        said = event("We decided to keep RocksDB because batches are atomic.")
        other = event("This was said elsewhere.", session="other")
        store = self.store(said, other)
        before = store.index.node(f"segment/{said.id}")
        for places in ((other.id, 0, 4), (said.id, 50, 99), (said.id, 7, 3), ("nobody", 0, 1), None):
            evidence = () if places is None else (Excerpt(event_id=places[0], start=places[1], end=places[2]),)
            points = (Point(text="invented", evidence=evidence),)
            summary = Summary(title="Invented", points=points, keywords=(), abstract="Invented.")
            store.record(answer(before.id, summary, digest=before.wording.digest))
            node = store.index.node(before.id)

            assert (before.title, before.bullets, "") == (node.title, node.bullets, node.abstract)
            assert f"scripted parrot-1: {UNPROVEN}" == node.wording.refusal
        assert [before.id] == [aside.node_id for aside in store.wordings.set_aside(limit=9)]

    def test_of_an_answer_only_what_is_proven_is_shown(self) -> None:
        said = event("We decided to keep RocksDB because batches are atomic.")
        store = self.store(said)
        material = store.wordings.material(f"segment/{said.id}")
        [place] = places_of(material)
        beyond = msgspec.structs.replace(place, end=999)
        points = (
            Point(text="kept", evidence=(beyond, place), type="question"),
            Point(text="invented", evidence=(beyond,)),
            Point(text="", evidence=(place,)),
        )
        summary = Summary(title="Half of it", points=points, keywords=("k",))
        store.record(answer(f"segment/{said.id}", summary, digest=material_digest(material)))
        node = store.index.node(f"segment/{said.id}")

        assert [("kept", 1, "question")] == [(b.text, len(b.grip_ids), b.type) for b in node.bullets]
        assert ("Half of it", "") == (node.title, node.wording.refusal)

    def test_a_parent_cites_only_what_its_children_cite(self) -> None:
        said = event("We decided to keep RocksDB because batches are atomic.")
        store = self.store(said)
        [place] = places_of(store.wordings.material(f"segment/{said.id}"))
        points = (Point(text="a word of it", evidence=(msgspec.structs.replace(place, start=3),)),)
        digest = store.index.node(DAY).wording.digest
        store.record(answer(DAY, Summary(title="Day", points=points, keywords=()), digest=digest))

        assert f"scripted parrot-1: {UNPROVEN}" == store.index.node(DAY).wording.refusal

    def test_half_a_character_in_a_wording_is_shown_as_a_question_mark_everywhere(self) -> None:
        said = event("We decided to keep RocksDB because batches are atomic.")
        store = self.store(said)
        material = store.wordings.material(f"segment/{said.id}")
        points = (Point(text="half \ud83d", evidence=tuple(places_of(material)), type="\ud800"),)
        summary = Summary(title="\udc00", points=points, keywords=("\ud800",), abstract="\ud83d")
        store.record(answer(f"segment/{said.id}", summary, digest=material_digest(material)))
        node = store.index.node(f"segment/{said.id}")
        day = store.index.node(DAY).wording.digest

        assert ("?", "half ?", "?", "?") == (node.title, node.bullets[0].text, node.abstract, node.bullets[0].type)
        assert day == material_digest(store.wordings.material(DAY))

    # -- queue --------------------------------------------------------------------------------

    def test_what_waits_comes_page_by_page_the_most_recent_first(self) -> None:
        days = [event(f"Note {n} of the plan", time_ms=NOON_MS + n * DAY_MS) for n in (0, 3, 1, 40)]
        store = self.store(*days)
        whole = store.wordings.unworded(limit=99)
        pages, after = [], None
        while page := store.wordings.unworded(limit=2, after=after):
            pages += page
            after = page[-1]

        assert whole == pages
        assert [f"segment/{days[3].id}", "day/2026-02-18", "week/2026-02/W08", "month/2026-02", "year/2026"] == [
            waiting.node_id for waiting in whole[:5]
        ]
        assert [NOON_MS + n * DAY_MS for n in (40, 3, 1, 0)] == list(dict.fromkeys(w.last_event_ms for w in whole))
        assert sorted(node.id for node in nodes_of(store.index)) == sorted(waiting.node_id for waiting in whole)
        assert {node.id: node.wording.digest for node in nodes_of(store.index)} == {w.node_id: w.digest for w in whole}
        assert [] == store.wordings.unworded(limit=0)

    def test_a_parent_is_ready_when_each_of_its_children_is_settled(self) -> None:
        first, second = event("We decided to ship on Monday."), event("Good morning", time_ms=NOON_MS + 2 * HOUR_MS)
        store = self.store(first, second)

        def ready() -> set[str]:
            return {waiting.node_id for waiting in store.wordings.unworded(limit=99) if waiting.is_ready}

        at_first = ready()
        store.word(f"segment/{first.id}")
        after_one = ready()
        second_digest = store.index.node(f"segment/{second.id}").wording.digest
        store.record(answer(f"segment/{second.id}", None, digest=second_digest))
        after_both = ready()
        store.append(event("Wait, it fails.", time_ms=NOON_MS + 1000))
        after_a_late_event = ready()

        assert {f"segment/{first.id}", f"segment/{second.id}"} == at_first
        assert {f"segment/{second.id}"} == after_one
        assert {DAY} == after_both
        assert {f"segment/{first.id}"} == after_a_late_event

    def test_a_segment_that_vanishes_waits_no_more(self) -> None:
        one = event("First half of the talk about pricing.", time_ms=NOON_MS)
        other = event("Second half of the talk about pricing.", time_ms=NOON_MS + 40 * 60_000)
        store = self.store(one, other)
        store.record(answer(f"segment/{other.id}", None, digest=store.index.node(f"segment/{other.id}").wording.digest))
        store.append(event("In the middle of the talk about pricing.", time_ms=NOON_MS + 20 * 60_000))

        assert [] == store.wordings.set_aside(limit=9)
        assert [f"segment/{one.id}"] == [
            w.node_id for w in store.wordings.unworded(limit=9) if w.level is Level.SEGMENT
        ]

    def test_the_material_of_a_node_that_is_not_there_is_unknown(self) -> None:
        store = self.store(event())
        for node_id in ("", "day/2026-01-10", "segment/01KEGMY100000000000000000Z"):
            with pytest.raises(UnknownNode):
                store.wordings.material(node_id)

    def test_material_is_of_what_the_view_contains(self) -> None:
        said = event("We decided to ship on Monday.")
        store = self.store(said)
        before = store.wordings.material(f"segment/{said.id}")
        store.log.append([event("It is not taken in yet.", time_ms=NOON_MS - 1)])

        assert before == store.wordings.material(f"segment/{said.id}")

    # -- a function of the entries ------------------------------------------------------------

    def test_batches_do_not_show_in_what_answers_word(self) -> None:
        store = self.answered()
        for seed in range(4):
            again = store.projector(self.make_rows())
            project_all(again, store.log, random_sizes(seed, 17))

            assert list(store.toc.rows()) == list(again.rows())

    def test_answers_leave_a_version_as_events_do(self) -> None:
        said = event("We decided to keep RocksDB because batches are atomic.")
        store = self.store(said, epoch_positions=1)
        store.word(f"segment/{said.id}")

        assert [2, 1] == store.index.versions(f"segment/{said.id}")
        assert "" == store.index.node(f"segment/{said.id}", version=1).wording.model
        assert "parrot-1" == store.index.node(f"segment/{said.id}", version=2).wording.model

    def test_answers_are_counted_and_are_no_events(self) -> None:
        store = self.answered()

        assert store.log.head() == store.log.event_count() + store.index.wording.answer_count()
        assert store.log.event_count() == sum(year.event_count for year in store.index.years())
        assert store.log.head() == store.toc.checkpoint()

    def answered(self) -> AnsweredStore:
        """Talk and answers by turns, so that some answers are of what nodes were before."""
        events = talk(90, seed=4, days=9)
        late, events = events[::7], [said for n, said in enumerate(events) if n % 7]
        store = self.store(*events[:40], epoch_positions=25, rule=SegmentRule(tokens_max=120))
        store.word_all("first")
        store.append(*events[40:])
        for waiting in store.wordings.unworded(limit=999)[::3]:
            store.word(waiting.node_id, "second")
        store.append(*late)
        store.word_all("third")
        for node in nodes_of(store.index)[::4]:
            store.word(node.id, "fourth")
        return store


def grips_in(projector: Projector) -> set[str]:
    """The keys of the grips that are cited."""
    return {key for key, _ in projector.rows() if key.startswith("grip/")}
