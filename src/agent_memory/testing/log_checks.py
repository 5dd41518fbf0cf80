"""What every log promises. Inherit, and give `make_log`."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_memory.errors import Closed, EventConflict, InvalidEvent, InvalidQuery, UnknownEvent
from agent_memory.events import START, Event, Recorded
from agent_memory.events.ulids import first_ulid_at, last_ulid_at, next_ulid, previous_ulid
from agent_memory.log import Entry, EventLog, events_of
from agent_memory.testing.events import NOON_MS, event, events
from agent_memory.testing.strategies import any_events
from agent_memory.testing.waiting import eventually

NOBODY = "01KEGMY100000000000000000Z"


class EventLogChecks:
    """The conformance checks of `agent_memory.log.EventLog`."""

    def make_log(self) -> EventLog:
        """An empty log, closed by whoever made it."""
        raise NotImplementedError

    # -- append -------------------------------------------------------------------------------

    def test_positions_are_given_from_one_without_a_gap(self) -> None:
        log = self.make_log()
        receipts = [*log.append(events(2)), *log.append([event("third")])]

        assert [1, 2, 3] == [r.position for r in receipts]
        assert all(r.created for r in receipts)
        assert 3 == log.head()

    def test_an_empty_log_begins_before_the_first_position(self) -> None:
        log = self.make_log()

        assert START == log.head()
        assert [] == log.read(limit=5)
        assert [] == log.scan(limit=5)
        assert START == log.verify(limit=5)

    def test_an_empty_batch_is_answered_at_once(self) -> None:
        log = self.make_log()

        assert [] == log.append([])
        assert START == log.head()

    def test_the_same_event_again_is_the_original(self) -> None:
        log = self.make_log()
        first, second = events(2)
        log.append([first, second])
        again = log.append([second])

        assert [(second.id, 2, False)] == [msgspec.structs.astuple(r) for r in again]
        assert 2 == log.head()

    def test_an_event_twice_in_a_batch_is_one_event(self) -> None:
        log = self.make_log()
        one, other = events(2)
        receipts = log.append([one, other, one])

        assert [(1, True), (2, True), (1, False)] == [(r.position, r.created) for r in receipts]
        assert 2 == log.head()

    def test_a_source_event_is_one_event_whatever_its_time(self) -> None:
        log = self.make_log()
        hook = event("hi", source="hook", source_id="7")
        log.append([event("before"), hook])
        [later] = log.append([event("hi", source="hook", source_id="7", time_ms=NOON_MS + 60_000)])
        [other_text] = log.append([event("hi!", source="hook", source_id="7")])

        assert (hook.id, 2, False) == msgspec.structs.astuple(later)
        assert (hook.id, 2, False) == msgspec.structs.astuple(other_text)
        assert 2 == log.head()

    def test_a_source_event_under_another_explicit_id_is_the_original(self) -> None:
        log = self.make_log()
        known = event("hi", source="hook", source_id="7")
        log.append([known])
        [receipt] = log.append([event("hi", source="hook", source_id="7", id=first_ulid_at(NOON_MS))])

        assert (known.id, 1, False) == msgspec.structs.astuple(receipt)

    def test_a_source_event_twice_in_a_batch_is_one_event(self) -> None:
        log = self.make_log()
        one = event("hi", source="hook", source_id="7")
        same = event("hi", source="hook", source_id="7", time_ms=NOON_MS + 5)
        other = event("hi", source="transcript", source_id="7")
        receipts = log.append([one, same, other])

        assert [(one.id, 1, True), (one.id, 1, False), (other.id, 2, True)] == [
            msgspec.structs.astuple(r) for r in receipts
        ]

    def test_names_that_run_together_alike_are_not_the_same_source(self) -> None:
        log = self.make_log()
        ids = [first_ulid_at(NOON_MS + n) for n in range(3)]
        pairs = [("ab", "c"), ("a", "bc"), ("a\x1fb", "c")]
        receipts = log.append([event("x", id=i, source=s, source_id=n) for i, (s, n) in zip(ids, pairs, strict=True)])

        assert [True, True, True] == [r.created for r in receipts]

    def test_an_id_with_other_content_is_refused_and_the_stored_event_stays(self) -> None:
        log = self.make_log()
        first, second = events(2)
        log.append([first, second])
        with pytest.raises(EventConflict) as caught:
            log.append([msgspec.structs.replace(second, text="something else")])

        assert (second.id, 2) == (caught.value.event_id, caught.value.position)
        assert second == log.get(second.id).event

    def test_an_explicit_id_with_other_content_is_refused_even_if_its_source_is_known(self) -> None:
        log = self.make_log()
        sourced = event("hi", source="hook", source_id="7")
        plain = event("plain")
        log.append([sourced, plain])
        with pytest.raises(EventConflict) as caught:
            log.append([msgspec.structs.replace(sourced, id=plain.id)])

        assert 2 == caught.value.position

    def test_a_batch_with_a_conflict_records_nothing_and_says_where(self) -> None:
        log = self.make_log()
        known = event("known")
        log.append([known])
        with pytest.raises(EventConflict, match=r"^events\[2\]: ") as caught:
            log.append([*events(2), msgspec.structs.replace(known, text="other"), event("last")])

        assert 1 == caught.value.position
        assert 1 == log.head()
        assert ["known"] == [r.event.text for r in log.scan(limit=9)]

    def test_one_id_for_two_events_of_a_batch_is_refused_by_their_indexes(self) -> None:
        log = self.make_log()
        one = event("one")
        with pytest.raises(InvalidEvent, match=rf"^events\[2\]\.id: is the id of events\[0\].*{one.id}") as caught:
            log.append([one, event("between"), msgspec.structs.replace(one, text="two")])

        assert "an id of its own" in caught.value.hint
        assert START == log.head()
        assert [True] == [r.created for r in log.append([one])]

    def test_one_id_for_two_events_is_refused_even_if_one_of_them_is_known_by_its_source(self) -> None:
        """Recorded, the second would take the id, and a retry of the batch would conflict."""
        log = self.make_log()
        known = event("hi", source="hook", source_id="7")
        log.append([known])
        plain = event("plain")
        with pytest.raises(InvalidEvent, match=r"^events\[1\]\.id: is the id of events\[0\]"):
            log.append([msgspec.structs.replace(known, id=plain.id), plain])

        assert 1 == log.head()

    def test_concurrent_appenders_get_every_position_once(self) -> None:
        log = self.make_log()

        def appended(n: int) -> list[int]:
            batch = [event(f"{n}.{i}", session=f"s{n}", time_ms=NOON_MS + i) for i in range(1 + n % 3)]
            return [r.position for r in log.append(batch)]

        with ThreadPoolExecutor(8) as pool:
            positions = [p for batch in pool.map(appended, range(60)) for p in batch]

        assert list(range(1, 121)) == sorted(positions)
        assert 120 == log.head() == log.verify(limit=1000)

    def test_a_refused_submission_costs_no_other(self) -> None:
        log = self.make_log()
        known = event("known")
        log.append([known])
        submissions = [
            log.submit([msgspec.structs.replace(known, text="other")] if n % 3 == 0 else [event(f"text {n}")])
            for n in range(30)
        ]
        outcomes = [type(s.exception()) if s.exception() else s.result()[0].created for s in submissions]

        assert [EventConflict if n % 3 == 0 else True for n in range(30)] == outcomes
        assert 21 == log.head()

    def test_a_large_batch_is_recorded_whole(self) -> None:
        log = self.make_log()
        receipts = log.append(events(2500))

        assert list(range(1, 2501)) == [r.position for r in receipts]
        assert 2500 == len(log.read(limit=10_000)) == len(log.scan(limit=10_000))
        assert 2500 == len(log.scan(session="s", limit=10_000, newest_first=True))

    def test_a_page_of_long_events_is_shorter_but_none_is_left_out(self) -> None:
        log = self.make_log()
        texts = [chr(97 + n) * (1 << 20) for n in range(20)]
        for text in texts:
            log.append([event(text)])
        pages: list[list[Entry]] = []
        while page := log.read(after=pages[-1][-1].position if pages else START, limit=100):
            pages.append(page)

        assert texts == [r.event.text for page in pages for r in events_of(page)]
        assert all(sum(len(r.event.text) for r in events_of(page)) <= 16 << 20 for page in pages)

    def test_every_event_has_its_entry(self) -> None:
        log = self.make_log()
        assert "" == log.verify_events(limit=5)
        assert [0] == list(log.verify_answers())
        history = events(5)
        log.append(history)

        ids = sorted(e.id for e in history)
        assert ids[2] == log.verify_events(limit=3)
        assert "" == log.verify_events(after=ids[2], limit=3)

    # -- follow -------------------------------------------------------------------------------

    def test_watchers_are_told_the_new_head(self) -> None:
        log = self.make_log()
        seen: list[int] = []
        end = log.watch(seen.append)
        log.append(events(2))
        eventually(lambda: seen == [2])
        log.append([event("third")])
        eventually(lambda: seen == [2, 3])
        end()
        log.append([event("fourth")])
        told = threading.Event()
        log.watch(lambda _: told.set())
        log.append([event("fifth")])
        eventually(told.is_set)

        assert [2, 3] == seen

    def test_a_watcher_that_is_told_a_head_can_read_up_to_it(self) -> None:
        log = self.make_log()
        read: list[int] = []
        log.watch(lambda head: read.append(len(log.read(limit=100)) - head))
        log.append(events(3))
        eventually(lambda: read)

        assert [0] == read

    def test_nothing_is_wrong_with_appends_that_succeed(self) -> None:
        log = self.make_log()
        log.append([event()])

        assert "" == log.append_error()

    # -- read ---------------------------------------------------------------------------------

    def test_read_goes_in_append_order_after_a_position(self) -> None:
        log = self.make_log()
        late, early = event("late", time_ms=NOON_MS + 1000), event("early")
        log.append([late, early])

        assert [Recorded(1, late), Recorded(2, early)] == log.read(limit=9)
        assert [Recorded(2, early)] == log.read(after=1, limit=9)
        assert [Recorded(1, late)] == log.read(limit=1)
        assert [] == log.read(after=2, limit=9)
        assert [] == log.read(after=7, limit=9)

    def test_what_was_read_is_what_was_appended(self) -> None:
        """Any text and any names, verbatim."""
        log = self.make_log()

        @settings(max_examples=60, deadline=None)
        @given(any_events())
        def check(given_event: Event) -> None:
            try:
                [receipt] = log.append([given_event])
            except EventConflict:
                return
            if receipt.created:
                assert given_event == log.get(given_event.id).event
                assert [Recorded(receipt.position, given_event)] == log.read(after=receipt.position - 1, limit=5)
                found = log.scan(session=given_event.session, first=given_event.id, until=given_event.id, limit=5)
                assert [Recorded(receipt.position, given_event)] == found

        check()

    def test_an_unknown_id_is_unknown(self) -> None:
        log = self.make_log()
        known = event()
        log.append([known])
        for unknown in (NOBODY, "no ulid", "", known.id.lower()):
            with pytest.raises(UnknownEvent):
                log.get(unknown)

        assert [None, known, None] == [r and r.event for r in log.get_many([NOBODY, known.id, "nonsense"])]

    def test_scan_goes_in_order_of_time_from_either_end(self) -> None:
        log = self.make_log()
        a, b, c = (event(t, time_ms=NOON_MS + n) for n, t in enumerate("abc"))
        log.append([c, a])
        log.append([b])

        assert ["a", "b", "c"] == [r.event.text for r in log.scan(limit=9)]
        assert ["c", "b"] == [r.event.text for r in log.scan(limit=2, newest_first=True)]
        assert [2, 3, 1] == [r.position for r in log.scan(limit=9)]

    def test_scan_bounds_are_inclusive(self) -> None:
        log = self.make_log()
        a, b, c = (event(t, time_ms=NOON_MS + n) for n, t in enumerate("abc"))
        log.append([a, b, c])

        assert ["a", "b"] == [r.event.text for r in log.scan(until=b.id, limit=9)]
        assert ["c", "b"] == [r.event.text for r in log.scan(first=b.id, limit=9, newest_first=True)]
        assert ["b"] == [
            r.event.text for r in log.scan(first=first_ulid_at(NOON_MS + 1), until=last_ulid_at(NOON_MS + 1), limit=9)
        ]
        assert [] == log.scan(first=c.id, until=a.id, limit=9)

    def test_scan_keeps_to_a_session(self) -> None:
        log = self.make_log()
        ours = events(3, session="ours")
        theirs = events(3, session="theirs")
        log.append([e for pair in zip(ours, theirs, strict=True) for e in pair])

        assert ours == [r.event for r in log.scan(session="ours", limit=9)]
        assert ours[::-1][:2] == [r.event for r in log.scan(session="ours", limit=2, newest_first=True)]
        assert ours[1:] == [r.event for r in log.scan(session="ours", first=ours[1].id, limit=9)]
        assert [] == log.scan(session="our", limit=9)

    @pytest.mark.parametrize("session", [None, "s"])
    @pytest.mark.parametrize("newest_first", [False, True])
    def test_scan_gives_fewer_events_where_they_are_long_and_none_only_at_the_end(
        self, session: str | None, newest_first: bool
    ) -> None:
        log = self.make_log()
        given = [event("x" * length, time_ms=NOON_MS + n) for n, length in enumerate([10, 9_000, 10, 10, 500, 10])]
        log.append(given)
        wanted = given[::-1] if newest_first else given
        pages = []
        bounds: dict[str, str] = {}
        while page := log.scan(session=session, limit=4, bytes_max=2_000, newest_first=newest_first, **bounds):
            pages.append([recorded.event for recorded in page])
            edge = page[-1].event.id
            bounds = {"until": previous_ulid(edge)} if newest_first else {"first": next_ulid(edge)}

        assert wanted == [one for page in pages for one in page]
        assert [1, 1, 4] == sorted(map(len, pages))

    def test_a_bound_that_is_no_ulid_is_an_invalid_query(self) -> None:
        log = self.make_log()
        with pytest.raises(InvalidQuery, match="until"):
            log.scan(until="tomorrow", limit=1)

    # -- whole --------------------------------------------------------------------------------

    def test_the_chain_can_be_verified_in_pieces(self) -> None:
        log = self.make_log()
        log.append(events(5))
        log.append(events(5, session="other"))

        assert [4, 8, 10, 10] == [log.verify(after=after, limit=4) for after in (0, 4, 8, 10)]

    def test_a_closed_log_takes_no_more_events(self) -> None:
        log = self.make_log()
        log.append([event()])
        log.close()
        log.close()
        with pytest.raises(Closed):
            log.append([event("more")])

    def test_what_was_submitted_before_close_is_recorded(self) -> None:
        log = self.make_log()
        submissions = [log.submit([event(f"text {n}")]) for n in range(50)]
        log.close()

        assert list(range(1, 51)) == [s.result()[0].position for s in submissions]

    @staticmethod
    def batches() -> st.SearchStrategy[list[list[Event]]]:
        """Batches of events for subclasses that have more to check."""
        return st.lists(st.lists(any_events(), max_size=3), max_size=4)
