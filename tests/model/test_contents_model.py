"""The contents and the catalog are functions of the set of events; their versions, of the log."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from agent_memory.annotation.scaffolding import said_text, scaffolding_of
from agent_memory.events import Event, Kind
from agent_memory.indexes.contents import ContentsIndex
from agent_memory.inference.extractive import ExtractiveSummariser
from agent_memory.log import RowEventLog
from agent_memory.projectors.catalog import CatalogProjector, CatalogView
from agent_memory.projectors.toc import TocProjector
from agent_memory.projectors.wordings import TocWordings
from agent_memory.storage import InMemoryRows
from agent_memory.summaries.model import Answer
from agent_memory.testing.answers import answer, worded
from agent_memory.testing.contents_checks import INJECTED, TALK, latest_rows, nodes_of, project_all, random_sizes
from agent_memory.testing.events import event
from agent_memory.testing.strategies import texts
from agent_memory.toc import SegmentRule
from agent_memory.toc.segments import Turn, segments, token_count

MINUTE_MS = 60_000
RULE = SegmentRule(gap_ms=30 * MINUTE_MS, tokens_max=90)
EPOCH = 6
ZONES = ["UTC", "Europe/Berlin", "America/Sao_Paulo", "America/St_Johns", "Pacific/Apia"]
# Around changes of the clock and the missing day, and the turn of a year with a split week.
STARTS_MS = [1_541_289_600_000, 1_774_738_800_000, 1_257_042_600_000, 1_325_226_000_000, 1_767_222_000_000]


@st.composite
def conversations(draw: st.DrawFn) -> list[Event]:
    start_ms = draw(st.sampled_from(STARTS_MS))
    shapes = draw(
        st.lists(
            st.tuples(
                # Mostly close together, so that segments are long and late events fall inside them.
                st.one_of(st.integers(0, 24), st.integers(0, 400)),
                st.sampled_from(["a", "b"]),
                st.one_of(st.sampled_from(TALK), st.sampled_from(INJECTED), st.just("ok"), texts(max_size=30)),
                st.sampled_from([Kind.USER_MESSAGE, Kind.ASSISTANT_MESSAGE, Kind.TOOL_RESULT, Kind.SESSION_START]),
                st.sampled_from(["", "Ana"]),
            ),
            min_size=1,
            max_size=28,
        )
    )
    return [
        event(
            text,
            time_ms=start_ms + slot * 7 * MINUTE_MS,
            session=session,
            kind=kind,
            speaker=speaker,
            agent="codex" if slot % 3 else "claude-code",
            project="shop" if slot % 2 else "",
            source="t",
            source_id=str(n),
        )
        for n, (slot, session, text, kind, speaker) in enumerate(shapes)
    ]


class Store:
    """A log with both views over it, which can be opened anew."""

    def __init__(self, zone: str) -> None:
        self.zone = zone
        self.rows = InMemoryRows()
        self.log = RowEventLog(self.rows)
        self.reopen()

    def reopen(self) -> None:
        index = ContentsIndex(self.rows, generation=3, zone=self.zone)
        self.toc = TocProjector(self.log, index, ExtractiveSummariser(), rule=RULE, epoch_positions=EPOCH)
        self.catalog: CatalogProjector = CatalogView(self.rows, zone=self.zone).open(3)

    def catch_up(self, sizes: Iterator[int] | None = None) -> None:
        project_all(self.toc, self.log, sizes)
        project_all(self.catalog, self.log, sizes)

    def add(self, entries: Sequence[Event | Answer]) -> None:
        for kind, run in itertools.groupby(entries, type):
            if kind is Event:
                self.log.append(list(run))
            else:
                self.log.record(list(run)).result()

    def close(self) -> None:
        self.log.close()


def built(entries: Sequence[Event | Answer], zone: str, seed: int | None = None) -> Store:
    """All of it at once; or with a seed, in parts of any size, opened anew between some."""
    store = Store(zone)
    if seed is None:
        store.add(entries)
        store.catch_up()
        return store
    chance = random.Random(seed)
    left = list(entries)
    while left:
        size = chance.randint(1, 9)
        store.add(left[:size])
        del left[:size]
        if chance.random() < 0.4:
            store.reopen()
        if chance.random() < 0.7:
            store.catch_up(random_sizes(chance.randrange(100), 8))
    store.catch_up()
    return store


@settings(max_examples=60, deadline=None)
@given(conversations(), st.sampled_from(ZONES), st.integers(0, 1 << 30))
def test_the_same_events_give_the_same_contents_however_they_arrive(events: list[Event], zone: str, seed: int) -> None:
    shuffled = list(events)
    random.Random(seed).shuffle(shuffled)
    live, imported = built(events, zone), built(shuffled, zone, seed)

    try:
        assert latest_rows(live.toc.rows()) == latest_rows(imported.toc.rows())
        assert list(live.catalog.rows()) == list(imported.catalog.rows())
    finally:
        live.close()
        imported.close()


@settings(max_examples=60, deadline=None)
@given(conversations(), st.sampled_from(ZONES), st.integers(0, 1 << 30), st.randoms(use_true_random=False))
def test_the_same_log_gives_the_same_versions_however_it_is_cut(
    events: list[Event], zone: str, seed: int, chance: random.Random
) -> None:
    chance.shuffle(events)
    whole, cut = built(events, zone), built(events, zone, seed)

    try:
        assert list(whole.toc.rows()) == list(cut.toc.rows())
    finally:
        whole.close()
        cut.close()


def answers_about(events: Sequence[Event], zone: str, chance: random.Random) -> list[Answer]:
    """What is said of some nodes of these events, and of those above them as they are then; some are refused."""
    store = built(events, zone)
    told: list[Answer] = []
    try:
        for says in ("first", "second"):
            for node in reversed(nodes_of(store.toc.index)):
                if chance.random() < 0.4:
                    continue
                material = TocWordings(store.log, store.toc.index).material(node.id)
                said = worded(node.id, material, says=says)
                told.append(answer(node.id, None, digest=said.digest) if chance.random() < 0.2 else said)
                store.add(told[-1:])
                store.catch_up()
    finally:
        store.close()
    return told


@settings(max_examples=25, deadline=None)
@given(conversations(), st.sampled_from(ZONES), st.integers(0, 1 << 30))
def test_answers_word_the_same_nodes_whenever_they_came(events: list[Event], zone: str, seed: int) -> None:
    """Before the events that they are about, among them or after; also what was answered about half of them."""
    chance = random.Random(seed)
    answers = answers_about(events[::2], zone, chance) + answers_about(events, zone, chance)
    after, among = built([*events, *answers], zone), built(mixed(events, answers, chance), zone, seed)

    try:
        assert latest_rows(after.toc.rows()) == latest_rows(among.toc.rows())
    finally:
        after.close()
        among.close()


@settings(max_examples=25, deadline=None)
@given(conversations(), st.sampled_from(ZONES), st.integers(0, 1 << 30))
def test_the_same_log_with_answers_gives_the_same_versions_however_it_is_cut(
    events: list[Event], zone: str, seed: int
) -> None:
    chance = random.Random(seed)
    entries = mixed(events, answers_about(events[: len(events) // 2 + 1], zone, chance), chance)
    whole, cut = built(entries, zone), built(entries, zone, seed)

    try:
        assert list(whole.toc.rows()) == list(cut.toc.rows())
        assert list(whole.catalog.rows()) == list(cut.catalog.rows())
        assert whole.log.head() == cut.toc.checkpoint() == cut.catalog.checkpoint()
    finally:
        whole.close()
        cut.close()


def mixed(events: Sequence[Event], answers: Sequence[Answer], chance: random.Random) -> list[Event | Answer]:
    """Events in any order, the answers in theirs among them."""
    places = sorted((chance.random(), n) for n in range(len(answers)))
    answered = [(place, said) for (place, _), said in zip(places, answers, strict=True)]
    arrived = [(chance.random(), said) for said in events]
    return [entry for _, entry in sorted([*arrived, *answered], key=lambda pair: pair[0])]


@settings(max_examples=60, deadline=None)
@given(conversations(), st.sampled_from(ZONES), st.integers(0, 1 << 30))
def test_evidence_was_said_word_for_word(events: list[Event], zone: str, seed: int) -> None:
    """And nothing that a harness put between the words is part of it."""
    store = built(events, zone, seed)
    by_id = {said.id: said for said in events}
    try:
        index = store.toc.index
        grips = [index.grip(id) for node in nodes_of(index) for bullet in node.bullets for id in bullet.grip_ids]
    finally:
        store.close()

    for grip in grips:
        assert grip is not None
        assert by_id[grip.event_id].text[grip.start : grip.end] == grip.excerpt
        injected = [s for s in scaffolding_of(by_id[grip.event_id]) if s.start < grip.end and grip.start < s.end]
        assert [] == injected


class ContentsMachine(RuleBasedStateMachine):
    """A plain segmentation of all events so far walks beside the projector."""

    @initialize(events=conversations(), zone=st.sampled_from(ZONES), chance=st.randoms(use_true_random=False))
    def start(self, events: list[Event], zone: str, chance: random.Random) -> None:
        chance.shuffle(events)
        self.left = events
        self.done: list[Event] = []
        self.store = Store(zone)

    @precondition(lambda self: self.left)
    @rule(count=st.integers(1, 5))
    def append(self, count: int) -> None:
        self.store.log.append(self.left[:count])
        self.done += self.left[:count]
        del self.left[:count]

    @rule(seed=st.integers(0, 100))
    def catch_up(self, seed: int) -> None:
        self.store.catch_up(random_sizes(seed, 7))

    @rule()
    def reopen(self) -> None:
        self.store.reopen()

    @invariant()
    def segments_are_those_of_the_model(self) -> None:
        if not hasattr(self, "store"):
            return
        index = self.store.toc.index
        events = sorted(self.done[: self.store.toc.checkpoint()], key=lambda e: e.id)
        model: dict[str, list[str]] = {}
        for session in ("a", "b"):
            days: dict[str, list[Event]] = {}
            for said in events:
                if said.session == session:
                    days.setdefault(index.calendar.day(said.time_ms).id, []).append(said)
            for day_events in days.values():
                for part in segments([turn(said) for said in day_events], RULE):
                    model[part[0].event_id] = [t.event_id for t in part]
        held: dict[str, list[str]] = {}
        for said in events:
            segment = index.segment_of(said.id, said.session)
            held.setdefault(segment.first_event_id if segment else "", []).append(said.id)

        assert model == held

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()


def turn(said: Event) -> Turn:
    return Turn(said.id, said.time_ms, token_count(said_text(said)), None, "", "")  # type: ignore[arg-type]  # the rule reads no words


TestContentsMachine = ContentsMachine.TestCase
TestContentsMachine.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
