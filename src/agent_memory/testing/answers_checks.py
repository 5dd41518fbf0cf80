"""What every log promises of the answers of language models. Inherit, and give `make_log`."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from agent_memory.errors import Closed
from agent_memory.events import Recorded
from agent_memory.log import EventLog, RecordedAnswer, events_of
from agent_memory.summaries.codec import ANSWER_BYTES_MAX, InvalidAnswer
from agent_memory.summaries.model import Answer
from agent_memory.testing.answers import answer
from agent_memory.testing.events import events
from agent_memory.testing.log_checks import NOBODY
from agent_memory.toc.material import Excerpt, Point, Summary


class RecordedAnswersChecks:
    """The conformance checks of `agent_memory.log.EventLog` and its answers."""

    def make_log(self) -> EventLog:
        """An empty log, closed by whoever made it."""
        raise NotImplementedError

    def test_events_and_answers_share_one_order_without_a_gap(self) -> None:
        log = self.make_log()
        first, second = events(2)
        log.append([first])
        recorded = log.record([said("a"), said("b")]).result()
        log.append([second])

        assert [2, 3] == recorded
        assert 4 == log.head() == log.verify(limit=9)
        assert [
            Recorded(1, first),
            RecordedAnswer(2, said("a")),
            RecordedAnswer(3, said("b")),
            Recorded(4, second),
        ] == log.read(limit=9)
        assert [RecordedAnswer(3, said("b"))] == log.read(after=2, limit=1)

    def test_a_reader_of_events_sees_no_answer(self) -> None:
        log = self.make_log()
        history = events(3)
        log.append(history[:1])
        log.record([said("a")]).result()
        log.append(history[1:])
        numbered = [Recorded(1, history[0]), Recorded(3, history[1]), Recorded(4, history[2])]

        assert numbered == log.scan(limit=9) == log.scan(session="s", limit=9)
        assert numbered == log.get_many([e.id for e in history]) == events_of(log.read(limit=9))
        assert "" == log.verify_events(limit=9)
        assert 1 == list(log.verify_answers())[-1]
        assert 4 == log.append(history[2:])[0].position

    def test_the_same_answer_again_is_the_one_recorded_first(self) -> None:
        log = self.make_log()
        log.append(events(1))
        log.record([said("a")]).result()
        again = [log.record([said("a")]), log.record([said("b"), said("a"), said("b")])]

        assert [[2], [3, 2, 3]] == [future.result() for future in again]
        assert 3 == log.head()

    def test_another_answer_about_the_same_is_recorded_too(self) -> None:
        log = self.make_log()
        others = [said("a"), said("a", model="parrot-2"), said("a", answered_ms=1)]

        assert [1, 2, 3] == log.record(others).result()
        assert others == [entry.answer for entry in log.read(limit=9) if isinstance(entry, RecordedAnswer)]

    def test_a_log_of_answers_alone_goes_on(self) -> None:
        log = self.make_log()
        log.record([said("a")]).result()

        assert 2 == log.append(events(1))[0].position
        assert [] == log.record([]).result()

    def test_any_wording_comes_back_as_it_was(self) -> None:
        log = self.make_log()
        point = Point(
            text="half a \ud83d pair",
            evidence=(Excerpt(event_id=NOBODY, start=3, end=9),),
            weight=0.25,
            type="question",
        )
        summary = Summary(title="\x00", points=(point,), keywords=("日本語", ""), abstract="a\r\nb \udc00")
        kept = answer("day/2026-01-09", summary, digest="0" * 64)
        refused = answer("day/2026-01-10", None, digest="f" * 64, refusal="blocked \ud800")
        log.record([kept, refused]).result()

        assert [RecordedAnswer(1, kept), RecordedAnswer(2, refused)] == log.read(limit=9)

    @pytest.mark.parametrize(
        ("field", "changed"),
        [
            ("digest", {"digest": "0" * 63}),
            ("refusal", {"refusal": "both"}),
            ("refusal", {"summary": None}),
            ("answer", {"took_ms": -1}),
            ("answer", {"provider": "\ud800"}),
            ("summary", {"summary": Summary(title="x" * ANSWER_BYTES_MAX, points=(), keywords=())}),
        ],
    )
    def test_an_answer_that_cannot_be_kept_is_refused_and_costs_no_other(
        self, field: str, changed: dict[str, object]
    ) -> None:
        log = self.make_log()
        with pytest.raises(InvalidAnswer) as refused:
            log.record([said("a"), msgspec.structs.replace(said("b"), **changed)]).result()
        log.append(events(1))

        assert field == refused.value.field
        assert 1 == log.head()

    def test_answers_that_come_together_are_each_recorded_once(self) -> None:
        log = self.make_log()
        history = events(60)
        with ThreadPoolExecutor(6) as pool:
            appended = [pool.submit(log.append, [e]) for e in history]
            recorded = [pool.submit(log.record, [said(str(n % 20))]) for n in range(60)]
        positions = [future.result()[0].position for future in appended]
        answered = [future.result().result()[0] for future in recorded]

        assert list(range(1, 81)) == sorted({*positions, *answered})
        assert answered[:20] == answered[20:40] == answered[40:]
        assert 80 == log.head() == log.verify(limit=99)

    def test_a_closed_log_records_no_answer(self) -> None:
        log = self.make_log()
        log.close()
        with pytest.raises(Closed):
            log.record([said("a")]).result()


def said(title: str, **changed: object) -> Answer:
    """An answer about nothing in particular."""
    summary = Summary(title=title, points=(), keywords=())
    return msgspec.structs.replace(answer("day/2026-01-09", summary, digest="ab" * 32), **changed)
