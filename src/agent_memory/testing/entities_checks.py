"""What the entities promise over every engine of rows. Inherit, and give `make_rows`."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import repeat

import pytest

from agent_memory.annotation import Entity, EntityType
from agent_memory.annotation.entities import entities_of
from agent_memory.annotation.scaffolding import as_memory
from agent_memory.events import Event
from agent_memory.events.ulids import ulid_from_number, ulid_key
from agent_memory.indexes.entities import MENTIONED_MAX, NAMED_EVENTS_MAX, entity_key
from agent_memory.indexes.model import DayMention
from agent_memory.indexes.port import Entities
from agent_memory.log import RowEventLog
from agent_memory.projectors.entities import SPANS_MAX, EntitiesProjector, EntitiesView
from agent_memory.storage import InMemoryRows, Rows
from agent_memory.temporal import TimeSpan
from agent_memory.testing.contents_checks import DAY_MS, project_all, random_sizes, talk
from agent_memory.testing.events import NOON_MS, event
from agent_memory.toc.calendar import Calendar

ADA = Entity(EntityType.PERSON, "ada")
CONFIG = Entity(EntityType.FILE, "config.py")
NOBODY = Entity(EntityType.PERSON, "nobody")
GRACE = Entity(EntityType.PERSON, "grace")

_DAYS = re.compile(r"\[(-?\d+)(?:\.\.(-?\d+))?\]")


def scripted_times(text: str, *, said_ms: int, calendar: Calendar) -> list[TimeSpan]:
    """Reads `[-1]` as the day before and `[0..6]` as a week: a stand-in for the reader of times."""
    spans = []
    for match in _DAYS.finditer(text):
        first, last = int(match[1]), int(match[2] or match[1])
        spans.append(
            TimeSpan(
                start=match.start(),
                end=match.end(),
                from_ms=calendar.day(said_ms + first * DAY_MS).start_ms,
                until_ms=calendar.day(said_ms + last * DAY_MS).end_ms - 1,
            )
        )
    return spans


def open_entities(rows: Rows) -> EntitiesProjector:
    """The first generation, its times read by `scripted_times`."""
    return EntitiesView(rows, zone="Europe/Berlin", reads_time=scripted_times, time_reader="scripted").open(1)


def gossip(count: int, *, seed: int = 0) -> list[Event]:
    """Talk with names, files and days in it, in the order in which it happened."""
    chance = random.Random(seed)
    found = []
    for said in talk(count, seed=seed):
        people = chance.sample(["Ada", "Grace", "Alan", "Edsger"], 2)
        text = (
            f"{said.text} so {people[0]} showed {people[1]} src/m{chance.randrange(9)}.py [{chance.randrange(-9, 9)}]"
        )
        found.append(event(text, id=said.id, kind=said.kind, session=said.session, project=said.project))
    return found


def events_with(index: Entities, entity: Entity, *, limit: int) -> list[str]:
    """The ids of the events that mention the entity, as its postings have them."""
    [postings] = index.postings([entity_key(entity)], limit=limit)
    return [ulid_from_number(number) for number in postings]


def number_of(event_id: str) -> int:
    """By which postings know an event."""
    return int.from_bytes(ulid_key(event_id), "big")


def nearness(mention: DayMention, first: str, until: str) -> tuple[object, ...]:
    """By what mentions of days are in order."""
    days = (date.fromisoformat(mention.last) - date.fromisoformat(mention.first)).days
    width = (days > 0) + (days > 6)
    if first <= mention.first and mention.last <= until:
        return (0, mention.first, width, mention.last, mention.event_id)
    away = abs((date.fromisoformat(mention.first) - date.fromisoformat(first)).days)
    return (1, width, away, mention.first, mention.last, mention.event_id)


class EntitiesChecks:
    """The conformance checks of `agent_memory.indexes.port.Entities`, over some rows."""

    def make_rows(self) -> Rows:
        """Empty rows, closed by whoever made them."""
        raise NotImplementedError

    @pytest.fixture(autouse=True)
    def _logs(self) -> Iterator[None]:
        self.logs: list[RowEventLog] = []
        yield
        for log in self.logs:
            log.close()

    def entities(self, events: Sequence[Event], *, sizes: Iterator[int] | None = None) -> EntitiesProjector:
        log = RowEventLog(InMemoryRows())
        self.logs.append(log)
        if events:
            log.append(events)
        projector = open_entities(self.make_rows())
        project_all(projector, log, sizes)
        return projector

    def test_events_are_found_by_what_they_mention_newest_first(self) -> None:
        said = [event(f"then Ada said {n}", time_ms=NOON_MS + n) for n in range(5)]
        index = self.entities(said[::-1]).index
        ids = [one.id for one in said]

        assert ids[:1:-1] == events_with(index, ADA, limit=3)
        assert ids[::-1] == events_with(index, ADA, limit=99)
        assert [] == events_with(index, NOBODY, limit=99)

    def test_counts_are_of_events_and_in_the_order_asked(self) -> None:
        said = [event("so Ada saw Ada in config.py"), event("so Ada left", time_ms=NOON_MS + 1), event("ok")]
        index = self.entities(said).index

        assert [1, 2, 0, 2] == index.counts([entity_key(one) for one in (CONFIG, ADA, NOBODY, ADA)])
        assert 3 == index.event_count()
        assert 0 == self.entities([]).index.event_count()

    def test_a_name_of_several_things_is_counted_for_each(self) -> None:
        said = [event("so Engine is a person"), event("ok", project="/x/engine"), event("yes", project="engine")]
        projector = self.entities(said)
        kinds = [Entity(type, "engine") for type in (EntityType.PROJECT, EntityType.PERSON, EntityType.FILE)]

        assert [2, 1, 0] == projector.index.counts([entity_key(one) for one in kinds])
        assert list(projector.rows()) == list(self.entities(said[::-1]).rows())

    @pytest.mark.parametrize("batch", [1, 3])
    def test_the_postings_of_few_and_of_many_events_are_told_alike(self, batch: int) -> None:
        """However many there are, however they came, and whatever else has that name."""
        many = NAMED_EVENTS_MAX + 3
        person, project = Entity(EntityType.PERSON, "engine"), Entity(EntityType.PROJECT, "engine")
        said = [event("so Engine left", time_ms=NOON_MS + n) for n in range(many)]
        other = event("ok", project="engine", time_ms=NOON_MS + 99)
        arrived = random.Random(batch).sample(said, many)
        for count in (1, NAMED_EVENTS_MAX, NAMED_EVENTS_MAX + 1, many):
            projector = self.entities([other, *arrived[:count]], sizes=repeat(batch))
            newest_first = sorted((one.id for one in arrived[:count]), reverse=True)
            for limit in (1, count, 99):
                assert newest_first[:limit] == events_with(projector.index, person, limit=limit)
            rows = [key for key, _ in projector.rows() if key.startswith("posting/")]
            assert (count if count > NAMED_EVENTS_MAX else 0) == len(rows)
            assert [other.id] == events_with(projector.index, project, limit=9)
            assert [count, 1] == projector.index.counts([entity_key(person), entity_key(project)])

    def test_an_event_tells_what_it_mentions(self) -> None:
        said, silent = event("so Ada changed config.py for #7"), event("ok", time_ms=NOON_MS + 1)
        index = self.entities([said, silent]).index
        [[posting], nothing] = index.postings([entity_key(ADA), entity_key(NOBODY)], limit=9)
        [mentioned, *others] = index.mentioned([posting, number_of(silent.id), 7])

        assert (number_of(said.id), []) == (posting, nothing)
        assert [entity_key(one) for one in entities_of(said)] == list(mentioned)
        assert [(), ()] == others

    def test_of_many_mentions_the_most_distinctive_are_told(self) -> None:
        said = event("so Ada has " + " ".join(f"part_{n}" for n in range(50)))
        index = self.entities([said]).index
        [mentioned] = index.mentioned([number_of(said.id)])

        assert [entity_key(one) for one in entities_of(said)[:MENTIONED_MAX]] == list(mentioned)
        assert {(said.id,)} == {tuple(events_with(index, one, limit=9)) for one in entities_of(said)}

    def test_what_nobody_said_mentions_nothing(self) -> None:
        """What a harness puts before a prompt stays in the log, and out of the view."""
        said = event(f"so Ada left [1]\n{as_memory('then Grace came to src/app.py [2]')}\nwith config.py [3]")
        index = self.entities([said]).index

        assert [1, 1, 0] == index.counts([entity_key(one) for one in (ADA, CONFIG, GRACE)])
        found = index.mentioning("2026-01-01", "2026-02-01", limit=9)
        assert ["2026-01-10", "2026-01-12"] == [mention.first for mention in found]

    @pytest.mark.parametrize(
        ("first", "until", "expected"),
        [
            ("2026-01-08", "2026-01-08", ["yesterday [-1]", "the week [-3..3]"]),
            ("2026-01-09", "2026-01-09", ["the week [-3..3]"]),
            ("2026-01-20", "2026-02-20", ["next month [20..50]"]),
            ("2026-02-28", "2026-02-28", ["next month [20..50]"]),
            ("2026-03-01", "2026-03-31", []),
            ("2025-01-01", "2025-12-31", []),
            ("0001-01-01", "0001-01-02", []),
            ("2026-01-09", "9999-12-31", ["the week [-3..3]", "next month [20..50]"]),
        ],
    )
    def test_events_are_found_by_the_days_they_mention(self, first: str, until: str, expected: list[str]) -> None:
        """Both dates are inclusive; the nearest come first; stretches of more than a month are left out."""
        said = [
            event("yesterday [-1]"),
            event("the week [-3..3]"),
            event("next month [20..50]"),
            event("vague [0..60]"),
        ]
        text_of = {one.id: one.text for one in said}
        found = self.entities(said).index.mentioning(first, until, limit=9)

        assert sorted(expected) == sorted(text_of[mention.event_id] for mention in found)
        assert found == sorted(found, key=lambda one: nearness(one, first, until))

    def test_mentions_of_days_are_cut_in_their_order(self) -> None:
        said = [event(f"day [{n}] and [{n}..{n + 3}]", time_ms=NOON_MS + n) for n in range(6)]
        index = self.entities(said).index
        whole = index.mentioning("2026-01-01", "2026-02-01", limit=99)

        assert 12 == len(whole)
        assert DayMention(said[0].id, "2026-01-09", "2026-01-09") == whole[0]
        for limit in range(13):
            assert whole[:limit] == index.mentioning("2026-01-01", "2026-02-01", limit=limit)

    def test_many_who_name_the_month_leave_room_for_who_names_the_day(self) -> None:
        """A month begins before any of its days, and says less of each."""
        months = [event("[-8..22]", time_ms=NOON_MS + n) for n in range(400)]
        day = event("[5]", time_ms=NOON_MS + 999)
        index = self.entities([*months, day]).index
        found = index.mentioning("2026-01-14", "2026-01-14", limit=9)

        assert [day.id, *[one.id for one in months[:8]]] == [mention.event_id for mention in found]
        assert day.id in {one.event_id for one in index.mentioning("2026-01-10", "2026-01-16", limit=9)}
        assert months[0].id == index.mentioning("2026-01-01", "2026-01-31", limit=9)[0].event_id

    @pytest.mark.parametrize("few", [0, 3, 10_000])
    def test_the_nearest_mentions_come_first_however_they_are_read(
        self, few: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("agent_memory.indexes._mentioned_days._FEW", few)
        chance = random.Random(5)
        starts = [(chance.randrange(-30, 30), chance.choice((0, 0, 1, 4, 6, 7, 20, 30))) for _ in range(120)]
        said = [event(f"[{start}..{start + more}]", time_ms=NOON_MS + n) for n, (start, more) in enumerate(starts)]
        index = self.entities(said).index
        every = index.mentioning("2025-01-01", "2026-12-31", limit=999)
        for first, until in (("2026-01-09", "2026-01-09"), ("2026-01-05", "2026-01-18"), ("2025-12-20", "2026-02-02")):
            expected = sorted(
                (one for one in every if one.last >= first and one.first <= until),
                key=lambda one: nearness(one, first, until),
            )

            assert expected == index.mentioning(first, until, limit=999)
            for limit in (1, 7, 30):
                assert expected[:limit] == index.mentioning(first, until, limit=limit)

    def test_the_calendar_has_ends(self) -> None:
        index = self.entities([event("[0]"), event("[0..20]")]).index

        assert 2 == len(index.mentioning("0001-01-01", "9999-12-31", limit=9))
        assert [] == index.mentioning("0001-01-01", "0001-01-01", limit=9)
        assert [] == index.mentioning("9999-12-31", "9999-12-31", limit=9)

    def test_of_one_event_so_many_mentions_of_days_are_kept(self) -> None:
        index = self.entities([event(" ".join(f"[{n}] [{n}]" for n in range(99)))]).index

        assert SPANS_MAX == len(index.mentioning("2026-01-01", "2026-12-31", limit=99))

    def test_neither_arrival_nor_batches_show_in_the_entities(self) -> None:
        events = gossip(150, seed=8)
        shuffled = list(events)
        random.Random(1).shuffle(shuffled)

        assert list(self.entities(events).rows()) == list(self.entities(shuffled, sizes=random_sizes(2, 30)).rows())

    def test_the_rows_come_in_the_order_of_their_keys(self) -> None:
        keys = [key for key, _ in self.entities(gossip(60)).rows()]

        assert sorted(keys) == keys
        assert {"day", "event", "name", "posting", "total"} == {key.partition("/")[0] for key in keys}

    def test_what_was_taken_in_is_not_taken_in_again(self) -> None:
        projector = self.entities(gossip(20))
        before = list(projector.rows())
        projector.project(self.logs[0].read(limit=99))

        assert before == list(projector.rows())

    def test_an_erased_generation_leaves_the_others(self) -> None:
        rows = self.make_rows()
        view = EntitiesView(rows, zone="UTC", reads_time=scripted_times, time_reader="scripted")
        log = RowEventLog(InMemoryRows())
        self.logs.append(log)
        log.append(gossip(10))
        first, second = view.open(1), view.open(2)
        project_all(first, log)
        project_all(second, log)
        view.erase(1)

        assert [] == list(view.open(1).rows())
        assert list(self.entities(gossip(10)).rows()) == list(second.rows())
