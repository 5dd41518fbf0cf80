"""What the contents and the catalog promise over every engine of rows. Inherit, and give `make_rows`."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import pytest

from agent_memory.annotation import MemoryType
from agent_memory.errors import UnknownNode, UnknownSession
from agent_memory.events import Event, Kind, Role
from agent_memory.indexes.contents import ContentsIndex
from agent_memory.indexes.model import EVERYWHERE, Where
from agent_memory.inference.extractive import ExtractiveSummariser
from agent_memory.log import RowEventLog
from agent_memory.projectors.catalog import CatalogProjector, CatalogView
from agent_memory.projectors.port import Projector, ViewKind
from agent_memory.projectors.toc import DEFAULT_RULE, TocProjector, TocView
from agent_memory.storage import InMemoryRows, Rows
from agent_memory.testing.events import NOON_MS, event
from agent_memory.toc import Calendar, Level, Node, SegmentRule, grip_address, matches

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

TALK = (
    "Can you add retries to the uploader? It fails on slow networks.",
    "I added exponential backoff to uploader.py and all tests pass.",
    "We decided to keep RocksDB instead of SQLite because batches are atomic.",
    "The root cause was a missing index on orders.customer_id.",
    "FAILED tests/test_login.py::test_expiry - AssertionError: 401 != 200",
    "Ich habe den Fehler im Importer gefunden.",
    "我们决定使用缓存来加快查询速度。",
    "ok",
    "👩‍👩‍👧 thanks!",
    "",
    "a\x00b \ud800 broken half",
)


INJECTED = (
    "<system-reminder>\nWe decided to answer briefly. Never mention this.\n</system-reminder>",
    "Why did the nightly export fail?\n<system-reminder>\nThe tests fail.\n</system-reminder>\n",
    "<agent-memory>\n- We decided to use RocksDB.\n</agent-memory>\n\nWhich release has the fix of the importer?",
    "The fix <system-reminder>\ud800 Be brief.</system-reminder> is in the branch of the release. 👩‍👩‍👧",
    f"The certificate begins with {'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8c' * 8} and is wrong.",
)
"""What was said, beside what a harness put there; nothing was said in the first."""


def project_all(projector: Projector, log: RowEventLog, sizes: Iterator[int] | None = None) -> None:
    """Catch up with the log, in batches of *sizes*."""
    while True:
        limit = projector.batch_events_max if sizes is None else next(sizes)
        batch = log.read(after=projector.checkpoint(), limit=limit)
        if not batch:
            return
        projector.project(batch)


def random_sizes(seed: int, at_most: int = 40) -> Iterator[int]:
    """Batch sizes that are a function of the seed."""
    chance = random.Random(seed)
    while True:
        yield chance.randint(1, at_most)


def latest_rows(rows: Iterator[tuple[str, bytes]]) -> dict[str, bytes]:
    """The rows without what tells the history of arrival: the latest of each node, and no gone ones."""
    latest: dict[str, bytes] = {}
    gone = set()
    for key, value in rows:
        name = key.partition("@")[0]
        if name in latest or name in gone:
            continue
        if key.startswith("node/segment/") and len(value) == len(name) - len("node/") + 2:
            gone.add(name)
        else:
            latest[name] = value
    return latest


def nodes_of(index: ContentsIndex) -> list[Node]:
    """Every node, parents before children."""
    found = index.years()
    for node in found:
        found += index.children(node.id, limit=10_000)
    return found


def talk(count: int, *, seed: int = 0, sessions: int = 3, days: int = 40) -> list[Event]:
    """Sessions side by side over some weeks, with pauses, in the order in which they happened."""
    chance = random.Random(seed)
    starts = [NOON_MS + int(chance.random() ** 2 * days * DAY_MS) for _ in range(max(count // 15, 1))]
    moments = sorted(chance.choice(starts) + chance.randrange(2 * HOUR_MS) for _ in range(count))
    kinds = [Kind.USER_MESSAGE, Kind.ASSISTANT_MESSAGE, Kind.TOOL_CALL, Kind.TOOL_RESULT, Kind.SESSION_START]
    return [
        event(
            chance.choice(TALK + INJECTED) or ("" if n % 2 else "."),
            id="",
            time_ms=moment,
            kind=chance.choice(kinds),
            session=f"session {chance.randrange(sessions)}",
            agent=chance.choice(["claude-code", "codex"]),
            project=chance.choice(["shop", "station", ""]),
            source="talk",
            source_id=str(n),
        )
        for n, moment in enumerate(moments)
    ]


class ContentsChecks:
    """The conformance checks of `agent_memory.indexes.port.Contents` and `Catalog`, over some rows."""

    def make_rows(self) -> Rows:
        """Empty rows, closed by whoever made them."""
        raise NotImplementedError

    @pytest.fixture(autouse=True)
    def _logs(self) -> Iterator[None]:
        self.logs: list[RowEventLog] = []
        yield
        for log in self.logs:
            log.close()

    def make_log(self, events: Sequence[Event]) -> RowEventLog:
        log = RowEventLog(InMemoryRows())
        self.logs.append(log)
        if events:
            log.append(events)
        return log

    def contents(
        self,
        events: Sequence[Event],
        *,
        zone: str = "Europe/Berlin",
        rule: SegmentRule = DEFAULT_RULE,
        epoch_positions: int = 1_000,
        sizes: Iterator[int] | None = None,
    ) -> TocProjector:
        log = self.make_log(events)
        index = ContentsIndex(self.make_rows(), generation=1, zone=zone)
        projector = TocProjector(log, index, ExtractiveSummariser(), rule=rule, epoch_positions=epoch_positions)
        project_all(projector, log, sizes)
        return projector

    def catalog(self, events: Sequence[Event], *, sizes: Iterator[int] | None = None) -> CatalogProjector:
        projector = CatalogView(self.make_rows(), zone="Europe/Berlin").open(1)
        project_all(projector, self.make_log(events), sizes)
        return projector

    # -- contents -----------------------------------------------------------------------------

    def test_a_talk_is_found_from_the_year_down_to_the_words(self) -> None:
        said = event("We decided to keep RocksDB because batches are atomic.", agent="codex", project="shop")
        index = self.contents([said]).index

        year = index.years()[0]
        month = index.children(year.id, limit=10)[0]
        week = index.children(month.id, limit=10)[0]
        day = index.children(week.id, limit=10)[0]
        segment = index.children(day.id, limit=10)[0]

        assert ["year/2026", "month/2026-01", "week/2026-01/W02", "day/2026-01-09", f"segment/{said.id}"] == [
            node.id for node in (year, month, week, day, segment)
        ]
        assert ["", year.id, month.id, week.id, day.id] == [
            node.parent_id for node in (year, month, week, day, segment)
        ]
        for node in (year, month, week, day, segment):
            assert (1, ("codex",), ("shop",)) == (node.event_count, node.agents, node.projects)
            grip = index.grip(node.bullets[0].grip_ids[0])
            assert grip is not None
            assert (said.text, said.id, segment.id) == (grip.excerpt, grip.event_id, grip.segment_id)
        assert [] == index.children(segment.id, limit=10)

    def test_every_event_is_in_one_segment_and_each_node_in_its_parent(self) -> None:
        events = talk(300)
        index = self.contents(events, rule=SegmentRule(tokens_max=80)).index
        nodes = {node.id: node for node in nodes_of(index)}

        assert len(events) == sum(node.event_count for node in nodes.values() if node.level is Level.YEAR)
        for node in nodes.values():
            children = index.children(node.id, limit=10_000)
            assert len(children) == node.child_count
            assert children == sorted(children, key=lambda child: (child.start_ms, child.first_event_id))
            for child in children:
                assert node.id == child.parent_id
                assert node.start_ms <= child.start_ms <= child.end_ms <= node.end_ms
            if children:
                assert node.event_count == sum(child.event_count for child in children)
        held: dict[str, int] = {}
        for said in events:
            segment = index.segment_of(said.id, said.session)
            assert segment is not None
            assert nodes[segment.id] == segment
            assert [segment.id] == index.segment_ids_of([(said.id, said.session)])
            assert ["", segment.id] == index.segment_ids_of([(said.id, "another"), (said.id, said.session)])
            assert segment.session == said.session
            assert index.calendar.day(said.time_ms).id == segment.parent_id
            held[segment.id] = held.get(segment.id, 0) + 1
        assert held == {node.id: node.event_count for node in nodes.values() if node.level is Level.SEGMENT}
        each = [index.segment_ids_of([(said.id, said.session)])[0] for said in events]
        assert each[::-1] == index.segment_ids_of([(said.id, said.session) for said in events[::-1]])

    def test_every_bullet_has_a_grip_that_is_verbatim(self) -> None:
        events = talk(200)
        texts = {said.id: said for said in events}
        index = self.contents(events).index
        cited = set()
        for node in nodes_of(index):
            assert node.title
            for bullet in node.bullets:
                assert bullet.text
                assert bullet.grip_ids
                for grip_id in bullet.grip_ids:
                    grip = index.grip(grip_id)
                    assert grip is not None
                    said = texts[grip.event_id]
                    assert said.text[grip.start : grip.end] == grip.excerpt
                    assert said.session == grip.session
                    assert matches(grip_address(grip_id), said.id)
                    cited.add(f"grip/{grip_id}")

        assert cited == {key for key, _ in index.contents_rows() if key.startswith("grip/")}

    def test_neither_arrival_nor_batches_show_in_what_is_there_now(self) -> None:
        events = talk(150)
        rule = SegmentRule(tokens_max=100)
        live = self.contents(events, rule=rule)
        shuffled = list(events)
        random.Random(5).shuffle(shuffled)
        imported = self.contents(shuffled, rule=rule, epoch_positions=7, sizes=random_sizes(3, 12))

        assert latest_rows(live.rows()) == latest_rows(imported.rows())

    def test_batches_do_not_show_in_versions(self) -> None:
        events = talk(120)
        random.Random(9).shuffle(events)
        at_once = self.contents(events, epoch_positions=25)
        bit_by_bit = self.contents(events, epoch_positions=25, sizes=random_sizes(1, 9))

        assert list(at_once.rows()) == list(bit_by_bit.rows())

    def test_an_older_version_can_be_read(self) -> None:
        first = event("We decided to ship on Monday.", time_ms=NOON_MS)
        later = event("The deploy failed with error E42 on the database migration.", time_ms=NOON_MS + 1000)
        projector = self.contents([first, later], epoch_positions=1)
        index = projector.index

        assert [2, 1] == index.versions("day/2026-01-09")
        assert (2, 2) == (index.node("day/2026-01-09").event_count, index.node("day/2026-01-09").version)
        assert (1, 1) == (
            index.node("day/2026-01-09", version=1).event_count,
            index.node("day/2026-01-09", version=1).version,
        )
        assert 2 == index.node("day/2026-01-09", version=99).version
        with pytest.raises(UnknownNode):
            index.node("day/2026-01-09", version=0)

    def test_a_node_that_did_not_change_gets_no_new_version(self) -> None:
        events = [event(f"Note {n}", time_ms=NOON_MS + n * DAY_MS) for n in range(3)]
        index = self.contents(events, epoch_positions=1).index

        assert [1] == index.versions("day/2026-01-09")
        assert [3, 2, 1] == index.versions("year/2026")

    def test_a_late_event_moves_the_start_of_a_segment_and_the_old_one_is_shown_no_more(self) -> None:
        known = event("We decided to keep RocksDB.", time_ms=NOON_MS)
        late = event("Which engine shall we use for the log?", time_ms=NOON_MS - 10 * MINUTE_MS)
        index = self.contents([known, late], epoch_positions=1).index

        assert [f"segment/{late.id}"] == [n.id for n in index.children("day/2026-01-09", limit=10)]
        found = index.segment_of(known.id, "s")
        assert found is not None
        assert f"segment/{late.id}" == found.id
        with pytest.raises(UnknownNode):
            index.node(f"segment/{known.id}")
        assert 1 == index.node(f"segment/{known.id}", version=1).event_count
        assert [1] == index.versions(f"segment/{known.id}")

    def test_a_late_event_can_join_two_segments(self) -> None:
        one = event("First half of the talk about pricing.", time_ms=NOON_MS)
        other = event("Second half of the talk about pricing.", time_ms=NOON_MS + 40 * MINUTE_MS)
        between = event("In the middle of the talk about pricing.", time_ms=NOON_MS + 20 * MINUTE_MS)
        apart = self.contents([one, other]).index
        joined = self.contents([one, other, between], epoch_positions=1, sizes=random_sizes(0, 1)).index

        assert 2 == apart.node("day/2026-01-09").child_count
        assert [3] == [node.event_count for node in joined.children("day/2026-01-09", limit=10)]

    def test_sessions_at_the_same_time_do_not_mix(self) -> None:
        events = [event(f"Point {n} of the plan", session=f"s{n % 2}", time_ms=NOON_MS + n) for n in range(10)]
        index = self.contents(events).index

        assert [("s0", 5), ("s1", 5)] == [
            (node.session, node.event_count) for node in index.children("day/2026-01-09", limit=10)
        ]

    def test_local_midnight_starts_a_new_segment(self) -> None:
        midnight = 1_767_999_600_000  # 2026-01-10 00:00 in Berlin.
        events = [event("Before midnight", time_ms=midnight - 1), event("After midnight", time_ms=midnight)]
        index = self.contents(events).index

        assert ["day/2026-01-09", "day/2026-01-10"] == [
            node.parent_id for node in nodes_of(index) if node.level is Level.SEGMENT
        ]

    def test_children_are_paged_from_the_one_after_a_child(self) -> None:
        events = [event(f"Day {n}", time_ms=NOON_MS + n * DAY_MS) for n in range(-4, 3)]
        index = self.contents(events).index

        assert ["day/2026-01-07", "day/2026-01-08"] == [
            node.id for node in index.children("week/2026-01/W02", after="day/2026-01-06", limit=2)
        ]

    def test_the_node_that_holds_an_instant_is_found(self) -> None:
        index = self.contents([event("Hello there, world")]).index
        found = [index.at(level, NOON_MS) for level in (Level.YEAR, Level.MONTH, Level.WEEK, Level.DAY)]

        assert ["year/2026", "month/2026-01", "week/2026-01/W02", "day/2026-01-09"] == [
            node.id if node else "" for node in found
        ]
        assert index.at(Level.DAY, NOON_MS + DAY_MS) is None
        assert index.at(Level.DAY, 1 << 60) is None

    @pytest.mark.parametrize(
        "node_id",
        [
            "",
            "day",
            "day/",
            "day/2026-1-9",
            "day/2026-02-30",
            "day/2026-01-10",
            "week/2026-01/W40",
            "month/2026-13",
            "year/0000",
            "segment/x",
            "segment/01KEGMY100000000000000000Z",
            "day/2026-01-09\n",
        ],
    )
    def test_a_node_that_is_not_there_is_unknown(self, node_id: str) -> None:
        index = self.contents([event("Hello there, world")]).index
        with pytest.raises(UnknownNode):
            index.node(node_id)
        with pytest.raises(UnknownNode):
            index.versions(node_id)
        with pytest.raises(UnknownNode):
            index.children(node_id, limit=1)

    def test_a_grip_that_nobody_cites_is_not_there(self) -> None:
        index = self.contents([event("Hello there, world")]).index

        assert index.grip("01KEGMY100000000000000000Z") is None
        assert index.grip("no grip") is None
        assert index.segment_of("no event", "s") is None
        assert [""] == index.segment_ids_of([("no event", "s")])

    def test_generations_stand_apart_and_are_erased_alone(self) -> None:
        rows, log = self.make_rows(), self.make_log(talk(40))
        views: list[ViewKind] = [
            TocView(rows, log, ExtractiveSummariser(), zone="UTC"),
            CatalogView(rows, zone="UTC"),
        ]
        for view in views:
            generations: list[Projector] = [view.open(generation) for generation in (1, 2, 256)]
            for projector in generations:
                project_all(projector, log)
            kept = list(generations[1].rows())
            view.erase(1)
            view.erase(256)
            view.erase(7)

            assert kept
            assert kept == list(generations[1].rows())
            assert [] == list(generations[0].rows()) == list(generations[2].rows())
            assert (0, 40, 0) == tuple(projector.checkpoint() for projector in generations)

    def test_what_was_taken_in_before_is_not_taken_in_twice(self) -> None:
        projector = self.contents(talk(30))
        before = list(projector.rows())
        projector.project(self.logs[-1].read(limit=30))

        assert before == list(projector.rows())

    # -- catalog ------------------------------------------------------------------------------

    def test_a_session_is_known_by_what_it_opens_with(self) -> None:
        events = [
            event("", kind=Kind.SESSION_START, time_ms=NOON_MS, agent="codex"),
            event("Sure, on it.", kind=Kind.ASSISTANT_MESSAGE, time_ms=NOON_MS + 1, project="shop"),
            event("## Please fix the login\nIt is broken.", time_ms=NOON_MS + 2, agent="codex"),
            event("Thanks!", time_ms=NOON_MS + 3, agent="claude-code"),
        ]
        found = self.catalog(events[::-1]).index.session("s")

        assert "Please fix the login" == found.title
        assert (("claude-code", "codex"), ("shop",), 4) == (found.agents, found.projects, found.event_count)
        assert (NOON_MS, NOON_MS + 3) == (found.start_ms, found.end_ms)
        assert (events[0].id, events[3].id) == (found.first_event_id, found.last_event_id)

    def test_a_session_that_is_not_there_is_unknown(self) -> None:
        index = self.catalog([event()]).index
        with pytest.raises(UnknownSession):
            index.session("other")

        assert ["hello", "", "hello"] == index.titles(["s", "other", "s"])

    def test_sessions_come_in_order_of_their_start_and_page_both_ways(self) -> None:
        events = [event("x", session=f"s{n}", time_ms=NOON_MS + (n % 3) * 1000) for n in range(7)]
        index = self.catalog(events).index
        oldest = ["s0", "s3", "s6", "s1", "s4", "s2", "s5"]

        assert oldest == [s.id for s in index.sessions(where=EVERYWHERE, limit=10)]
        assert oldest[::-1] == [s.id for s in index.sessions(where=EVERYWHERE, limit=10, newest_first=True)]
        assert oldest[3:5] == [s.id for s in index.sessions(where=EVERYWHERE, after=(NOON_MS, "s6"), limit=2)]
        assert oldest[2::-1] == [
            s.id for s in index.sessions(where=EVERYWHERE, after=(NOON_MS + 1000, "s1"), limit=9, newest_first=True)
        ]

    def test_a_session_whose_start_moves_is_listed_once(self) -> None:
        events = [event("b", time_ms=NOON_MS), event("a", time_ms=NOON_MS - DAY_MS)]
        index = self.catalog(events, sizes=random_sizes(0, 1)).index

        assert [NOON_MS - DAY_MS] == [s.start_ms for s in index.sessions(where=EVERYWHERE, limit=10)]

    def test_every_filter_of_sessions_finds_what_it_names(self) -> None:
        events = [
            event("x", session="a", time_ms=NOON_MS, agent="codex", project="shop"),
            event("We decided to wait.", session="a", time_ms=NOON_MS + 10 * DAY_MS, agent="codex"),
            event("y", session="b", time_ms=NOON_MS + DAY_MS, kind=Kind.TOOL_RESULT, agent="gemini"),
        ]
        index = self.catalog(events, sizes=random_sizes(0, 1)).index

        def found(where: Where) -> list[str]:
            return [s.id for s in index.sessions(where=where, limit=10)]

        assert ["a"] == found(Where(agents=frozenset({"codex", "none"})))
        assert ["a"] == found(Where(projects=frozenset({"shop"})))
        assert ["b"] == found(Where(sessions=frozenset({"b"})))
        assert ["b"] == found(Where(roles=frozenset({Role.TOOL})))
        assert ["a"] == found(Where(kinds=frozenset({Kind.USER_MESSAGE})))
        assert ["a"] == found(Where(types=frozenset({MemoryType.DECISION, MemoryType.ERROR})))
        assert [] == found(Where(types=frozenset({MemoryType.ERROR})))
        assert ["a", "b"] == found(Where(from_ms=NOON_MS + DAY_MS))
        assert ["a"] == found(Where(from_ms=NOON_MS + DAY_MS + 1))
        assert ["a"] == found(Where(until_ms=NOON_MS + DAY_MS - 1))
        assert ["a", "b"] == found(Where(until_ms=NOON_MS + DAY_MS))
        assert [] == found(Where(agents=frozenset({"codex"}), projects=frozenset({"station"})))

    def test_days_count_events_and_sessions_exactly_under_filters(self) -> None:
        events = [
            event("1", session="a", agent="codex", project="shop"),
            event("2", session="a", agent="gemini", project="shop"),
            event("3", session="b", agent="codex", project="station"),
            event("4", session="b", agent="codex", project="station", time_ms=NOON_MS + DAY_MS),
        ]
        index = self.catalog(events).index
        first, until = "2026-01-01", "2026-01-31"

        assert [("2026-01-09", 3, 2), ("2026-01-10", 1, 1)] == [
            (day.date, day.event_count, day.session_count) for day in index.days(first=first, until=until)
        ]
        assert [("2026-01-09", 2, 1, ("codex", "gemini"), ("shop",))] == [
            (day.date, day.event_count, day.session_count, day.agents, day.projects)
            for day in index.days(first=first, until=until, projects=frozenset({"shop"}))
        ]
        assert [("2026-01-09", 2, 2)] == [
            (day.date, day.event_count, day.session_count)
            for day in index.days(first="2026-01-09", until="2026-01-09", agents=frozenset({"codex"}))
        ]
        assert ("2026-01-09", "2026-01-10") == index.span()
        assert 4 == index.event_count()

    def test_an_empty_catalog_has_no_span(self) -> None:
        index = self.catalog([]).index

        assert index.span() is None
        assert (0, []) == (index.event_count(), index.days(first="2026-01-01", until="2026-12-31"))

    def test_neither_arrival_nor_batches_show_in_the_catalog(self) -> None:
        events = talk(200, sessions=9)
        shuffled = list(events)
        random.Random(4).shuffle(shuffled)

        assert list(self.catalog(events).rows()) == list(self.catalog(shuffled, sizes=random_sizes(2, 30)).rows())

    def test_days_of_the_catalog_are_the_days_of_the_contents(self) -> None:
        events = talk(120)
        index = self.contents(events).index
        days = {n.id[4:]: n.event_count for n in nodes_of(index) if n.level is Level.DAY}

        assert days == {
            day.date: day.event_count for day in self.catalog(events).index.days(first="0000", until="9999")
        }
        assert Calendar("Europe/Berlin").local_date(events[0].time_ms) in days
