"""What the worker words, in which order, and what it sends for it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from agent_memory.errors import StorageUnavailable
from agent_memory.summaries.errors import ProviderMisconfigured, ProviderRefused, ProviderUnavailable
from agent_memory.summaries.model import Prompt
from agent_memory.summaries.schedule import Wish
from agent_memory.summaries.worker import ALONE_MAX
from agent_memory.testing.desks import ObedientModel, words_plainly
from agent_memory.testing.events import NOON_MS
from agent_memory.toc.material import Level

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
LONG_AGO_MS = NOON_MS - 400 * DAY_MS


def failing(times: int, error: Exception, *, label: str = "") -> Any:
    """Raises so many times, of prompts that begin with the label, and answers then."""
    left = [times]

    def does(prompt: Prompt) -> str:
        if prompt.user.startswith(label) and left[0] > 0:
            left[0] -= 1
            raise error
        return "worded"

    return does


def test_the_most_recent_is_worded_first_and_parents_after_their_children(bench) -> None:  # type: ignore[no-untyped-def]
    it = bench()
    it.desk.put("old", "what was first", last_event_ms=LONG_AGO_MS)
    it.desk.put("new", "what was last", last_event_ms=LONG_AGO_MS + HOUR_MS)
    it.run()

    assert ["segment/new", "segment/old", "day/2024-12-05", "week/2024-12/W49", "month/2024-12", "year/2024"] == (
        it.model.asked
    )
    assert (0, 0) == it.worker.waiting()


def test_a_parent_is_worded_from_what_the_model_said_of_its_children(bench) -> None:  # type: ignore[no-untyped-def]
    it = bench()
    it.desk.put("a", "words", last_event_ms=LONG_AGO_MS)
    it.run()

    assert "day/2024-12-05\nworded: segment/a" == it.model.prompts[1].user


def test_nothing_is_sent_twice_for_one_digest(bench) -> None:  # type: ignore[no-untyped-def]
    it = bench()
    for name in "abcde":
        it.desk.put(name, f"words of {name}", last_event_ms=LONG_AGO_MS)
    it.run()
    it.again()
    it.run()

    assert {1} == set(Counter(prompt.user for prompt in it.model.prompts).values())
    assert 9 == len(it.model.prompts)


def test_what_was_recorded_and_is_not_in_the_contents_yet_is_not_sent_again(bench) -> None:  # type: ignore[no-untyped-def]
    """The view follows the log; a queue that is read in between lists what is answered."""
    it = bench()
    it.desk.put("a", "words", last_event_ms=LONG_AGO_MS)
    listed, known = list(it.desk.unworded()), it.desk.answer
    it.desk.unworded = lambda: iter(listed)
    it.desk.position = lambda: 0
    it.desk.answer = lambda digest: None
    for _ in range(5):
        it.worker.step()

    assert ["segment/a"] == it.model.asked
    assert known(listed[0].digest) is not None


def test_nothing_is_begun_before_the_contents_hold_the_log(bench) -> None:  # type: ignore[no-untyped-def]
    it = bench()
    it.desk.put("a", "words", last_event_ms=LONG_AGO_MS)
    it.desk.current = False
    it.run()

    assert [] == it.model.asked


def test_a_node_waits_until_it_is_quiet(bench) -> None:  # type: ignore[no-untyped-def]
    it = bench(quiet_s=600)
    it.desk.put("a", "words", last_event_ms=NOON_MS - 60_000)
    it.run()
    before = list(it.model.asked)
    it.clock.go_on(541)
    it.run()

    assert [] == before
    assert ["segment/a", "day/2026-01-09"] == it.model.asked


def test_what_is_above_a_day_waits_for_the_end_of_the_day_in_which_it_changed(bench) -> None:  # type: ignore[no-untyped-def]
    it = bench()
    it.desk.put("a", "words", last_event_ms=NOON_MS)
    it.run()
    before = len(it.model.asked)
    it.clock.go_on(12 * 3600)
    it.run()

    assert 2 == before
    assert ["week/2026-01/W02", "month/2026-01", "year/2026"] == it.model.asked[2:]


def test_old_events_that_arrive_now_are_no_quiet(bench) -> None:  # type: ignore[no-untyped-def]
    """An import brings what happened last year, a bit at a time."""
    it = bench(quiet_s=600)
    it.desk.put("a", "words", last_event_ms=LONG_AGO_MS)
    it.desk.current = True
    it.worker.waiting()
    it.run()
    sent = len(it.model.asked)
    it.desk.put("a", "words, and more", last_event_ms=LONG_AGO_MS)
    it.run()
    it.clock.go_on(300)
    it.desk.put("a", "words, and more, and more", last_event_ms=LONG_AGO_MS)
    it.run()
    it.clock.go_on(599)
    it.run()
    meanwhile = len(it.model.asked)
    it.clock.go_on(1)
    it.run()

    assert sent == meanwhile
    assert "segment/a\nwords, and more, and more" == it.model.prompts[sent].user


def test_a_digest_that_changed_while_the_model_was_thinking_is_recorded_all_the_same(bench) -> None:  # type: ignore[no-untyped-def]
    """It was paid for, and shows if the digest comes back."""
    it = bench()
    it.desk.put("a", "first", last_event_ms=LONG_AGO_MS)
    old, _ = it.desk.material("segment/a")

    def meanwhile(prompt: Prompt) -> str:
        it.model.does = lambda prompt: "later"
        it.desk.put("a", "second", last_event_ms=LONG_AGO_MS)
        return "of the first"

    it.model.does = meanwhile
    it.run()
    asked = len(it.model.prompts)
    it.desk.put("a", "first", last_event_ms=LONG_AGO_MS)
    it.run()

    assert "of the first" == it.desk.answer(old).summary.title
    assert "segment/a\nsecond" == it.model.prompts[1].user
    assert "segment/a" not in it.model.asked[asked:]


def test_an_outage_never_sets_aside_and_holds_the_whole_queue(bench) -> None:  # type: ignore[no-untyped-def]
    it = bench(model=ObedientModel(failing(25, ProviderUnavailable("fake", "down"))), refusals_max=1)
    for name in "abc":
        it.desk.put(name, name, last_event_ms=LONG_AGO_MS)
    it.run_through()

    assert [] == list(it.desk.set_aside())
    assert 25 + 7 == len(it.model.asked)


def test_during_an_outage_one_call_at_a_time_asks_whether_it_is_over_each_with_another_node(bench) -> None:  # type: ignore[no-untyped-def]
    it = bench(model=ObedientModel(failing(3, ProviderUnavailable("fake", "down"))))
    for name in "abc":
        it.desk.put(name, name, last_event_ms=LONG_AGO_MS)
    asked = []
    for _ in range(3):
        pause_s = it.run()
        asked.append(len(it.model.asked))
        it.clock.go_on(pause_s + 0.001)

    assert [1, 2, 3] == asked
    assert 3 == len(set(it.model.asked))


def test_retry_after_is_honoured(bench) -> None:  # type: ignore[no-untyped-def]
    it = bench(model=ObedientModel(failing(1, ProviderUnavailable("fake", "slow down", retry_after_s=90))))
    it.desk.put("a", "a", last_event_ms=LONG_AGO_MS)
    it.run()
    it.clock.go_on(89.9)
    it.run()
    early = len(it.model.asked)
    it.clock.go_on(1.2)
    it.run()

    assert 1 == early
    assert 6 == len(it.model.asked)


def test_whoever_asks_by_hand_does_not_end_what_the_provider_asked_for(bench) -> None:  # type: ignore[no-untyped-def]
    it = bench(model=ObedientModel(failing(1, ProviderUnavailable("fake", "slow down", retry_after_s=90))))
    it.desk.put("a", "a", last_event_ms=LONG_AGO_MS)
    it.run()
    it.worker.wish(Wish(nodes={"segment/a"}, again={}))
    it.run()
    early, hold = len(it.model.asked), it.meter.hold()
    it.clock.go_on(91.1)
    it.run()

    assert 1 == early
    assert "slow down" == hold.reason
    assert 90_000 <= hold.until_ms - NOON_MS <= 91_000
    assert ["segment/a", "segment/a"] == it.model.asked


@pytest.mark.parametrize("error", [{}, {"wait_s": 3_600.0}])
def test_whoever_asks_by_hand_ends_a_pause_that_is_ours(bench, error: dict[str, float]) -> None:  # type: ignore[no-untyped-def]
    """He may have paid, or plugged the cable in."""
    it = bench(model=ObedientModel(failing(1, ProviderUnavailable("fake", "no credit", **error))))
    it.desk.put("a", "a", last_event_ms=LONG_AGO_MS)
    it.run()
    it.run()
    early = len(it.model.asked)
    it.worker.wish(Wish(nodes={"segment/a"}, again={}))
    it.run()

    assert 1 == early
    assert ["segment/a", "segment/a"] == it.model.asked


def test_a_node_that_fails_alone_keeps_no_other_from_being_worded(bench) -> None:  # type: ignore[no-untyped-def]
    """Such as a prompt that makes the provider break off every time."""
    it = bench(model=ObedientModel(failing(10**6, ProviderUnavailable("fake", "broke off"), label="segment/z")))
    it.desk.put("z", "z", last_event_ms=LONG_AGO_MS + DAY_MS)
    for name in "abc":
        it.desk.put(name, name, last_event_ms=LONG_AGO_MS)
    for _ in range(40):
        it.clock.go_on(it.run() + 0.001)

    assert {"segment/a", "segment/b", "segment/c", "day/2024-12-05"} == {a.node_id for a in it.desk.answers}


def test_a_node_that_fails_while_others_are_answered_is_set_aside_in_the_end(bench) -> None:  # type: ignore[no-untyped-def]
    """No outage explains it; and where others fail as well, none is set aside."""
    hangs = ProviderUnavailable("fake", "no answer within 120 s")
    of_all = [False]

    def does(prompt: Prompt) -> str:
        if of_all[0] or prompt.user.startswith("segment/a"):
            raise hangs
        return "worded"

    it = bench(model=ObedientModel(does))
    it.desk.put("a", "a", last_event_ms=LONG_AGO_MS)
    for number in range(3 * ALONE_MAX):
        it.desk.put(f"b{number}", "b", last_event_ms=LONG_AGO_MS - DAY_MS)
        of_all[0] = number < ALONE_MAX
        it.run()
        it.clock.go_on(301)
        if of_all[0]:
            assert [] == list(it.desk.set_aside())
    it.run_through()

    told = f"no answer within 120 s, {ALONE_MAX} times while others were answered"
    assert [("segment/a", told)] == [(refused.node_id, refused.refusal) for refused in it.desk.set_aside()]


def test_a_node_that_is_refused_is_set_aside_by_name_and_its_parents_go_on(bench) -> None:  # type: ignore[no-untyped-def]
    it = bench(model=ObedientModel(failing(10**6, ProviderRefused("fake", "blocked"), label="segment/a")))
    for name in "ab":
        it.desk.put(name, name, last_event_ms=LONG_AGO_MS)
    it.run()

    assert [("segment/a", "blocked, 3 times")] == [(r.node_id, r.refusal) for r in it.desk.set_aside()]
    assert 3 == it.model.asked.count("segment/a")
    assert (0, 0) == it.worker.waiting()
    assert {"day/2024-12-05", "segment/b"} <= {a.node_id for a in it.desk.answers if a.summary}


def test_refusals_are_counted_over_restarts(bench) -> None:  # type: ignore[no-untyped-def]
    it = bench(model=ObedientModel(failing(10**6, ProviderRefused("fake", "blocked"), label="segment/a")))
    it.desk.put("a", "a", last_event_ms=LONG_AGO_MS)
    for _ in range(2):
        it.worker.step()
        it.again()
    it.run()

    assert 3 == it.model.asked.count("segment/a")


def test_a_log_that_takes_no_answer_costs_no_second_call(bench) -> None:  # type: ignore[no-untyped-def]
    it = bench(model=ObedientModel(failing(10**6, ProviderRefused("fake", "blocked"), label="segment/a")))
    for name in "ab":
        it.desk.put(name, name, last_event_ms=LONG_AGO_MS)
    record, full = it.desk.record, [True]

    def refuses(answer):  # type: ignore[no-untyped-def]
        if full[0]:
            raise StorageUnavailable("the disk is full")
        return record(answer)

    it.desk.record = refuses
    for _ in range(20):
        it.worker.step()
    problem, asked = it.worker.storage_problem, list(it.model.asked)
    full[0] = False
    it.run()

    assert problem.startswith("the disk is full")
    assert {"segment/a": 3, "segment/b": 1} == Counter(asked)
    assert "" == it.worker.storage_problem
    assert ["segment/a"] == [refused.node_id for refused in it.desk.set_aside()]
    assert asked == it.model.asked[: len(asked)]
    assert not [name for name in it.model.asked[len(asked) :] if name.startswith("segment")]


def test_a_node_that_was_refused_twice_and_answered_then_is_worded(bench) -> None:  # type: ignore[no-untyped-def]
    it = bench(model=ObedientModel(failing(2, ProviderRefused("fake", "cut off"), label="segment/a")))
    it.desk.put("a", "a", last_event_ms=LONG_AGO_MS)
    it.run()

    assert [] == list(it.desk.set_aside())
    assert (0, "") == it.journal.refusals(it.desk.material("segment/a")[0])


def test_settings_that_nothing_can_be_asked_with_stop_the_worker_and_name_the_problem(bench) -> None:  # type: ignore[no-untyped-def]
    it = bench(model=ObedientModel(failing(1, ProviderMisconfigured("summaries_model", "x", "there is no such model"))))
    it.desk.put("a", "a", last_event_ms=LONG_AGO_MS)
    pause_s = it.run()
    it.clock.go_on(10**6)
    it.run()
    asked = len(it.model.asked)
    it.meter.resume()
    it.run()

    assert float("inf") == pause_s
    assert 1 == asked
    assert 6 == len(it.model.asked)


def test_where_every_node_is_refused_the_worker_stops_and_leaves_the_rest_waiting(bench) -> None:  # type: ignore[no-untyped-def]
    """It is not the nodes that are at fault; once the settings are right, all of them are worded."""
    it = bench(model=ObedientModel(failing(5, ProviderRefused("fake", "unknown parameter"))))
    for name in "abcdefgh":
        it.desk.put(name, name, last_event_ms=LONG_AGO_MS)
    it.run()
    asked, problem = len(it.model.asked), it.meter.problem
    it.meter.resume()
    it.run()

    assert 5 == asked
    assert "unknown parameter" in problem
    assert (0, 0) == it.worker.waiting()
    assert [] == list(it.desk.set_aside())


def test_where_one_node_was_answered_refusals_stop_nothing(bench) -> None:  # type: ignore[no-untyped-def]
    it = bench(model=ObedientModel(failing(10**6, ProviderRefused("fake", "blocked"), label="segment/x")))
    for number in range(14):
        name = f"{'xy'[number % 2]}{number:02d}"
        it.desk.put(name, name, last_event_ms=LONG_AGO_MS - number)
    it.run()

    assert 7 == len(list(it.desk.set_aside()))
    assert "" == it.meter.problem


def test_a_fault_of_ours_with_one_node_sets_that_node_aside(bench) -> None:  # type: ignore[no-untyped-def]
    def words(material, model, node_id, digest):  # type: ignore[no-untyped-def]
        if node_id == "segment/a":
            raise KeyError("a bug")
        return words_plainly(material, model, node_id, digest)

    it = bench(words=words)
    it.desk.put("a", "a", last_event_ms=LONG_AGO_MS)
    it.run()

    assert ["KeyError: 'a bug', 3 times"] == [r.refusal for r in it.desk.set_aside()]


def test_nothing_of_a_project_that_is_left_out_is_sent_and_nothing_above_it(bench) -> None:  # type: ignore[no-untyped-def]
    it = bench(left_out=("secret", "/work/private"))
    it.desk.put("a", "SECRET", last_event_ms=LONG_AGO_MS, project="secret")
    it.desk.put("b", "plain", last_event_ms=LONG_AGO_MS, project="shop")
    it.desk.put("c", "plain", last_event_ms=LONG_AGO_MS - 3 * DAY_MS)
    it.desk.put("d", "PRIVATE", last_event_ms=LONG_AGO_MS - 9 * DAY_MS, project="/work/private/x")
    it.run()

    assert ["segment/b", "segment/c", "day/2024-12-02"] == it.model.asked
    # Two segments, and two days, weeks and months with their year: they keep the wording that was made here.
    assert (0, 9) == it.worker.waiting()


def test_what_goes_out_is_redacted_whoever_wrote_the_prompt(bench) -> None:  # type: ignore[no-untyped-def]
    it = bench(clean=lambda text: text.replace("hunter2", "[redacted: password]"))
    it.desk.put("a", "my password is hunter2", last_event_ms=LONG_AGO_MS)
    it.run()

    assert "segment/a\nmy password is [redacted: password]" == it.model.prompts[0].user


def test_only_what_is_wished_for_is_worded_where_nothing_is_done_unasked(bench) -> None:  # type: ignore[no-untyped-def]
    it = bench(unasked=False, quiet_s=600)
    it.desk.put("a", "a", last_event_ms=NOON_MS)
    it.desk.put("b", "b", last_event_ms=NOON_MS)
    it.run()
    before = list(it.model.asked)
    it.worker.wish(Wish(nodes={"segment/a"}, again={}))
    it.run()

    assert [] == before
    assert ["segment/a"] == it.model.asked


def test_wording_again_asks_again_from_below_and_keeps_the_older_answers(bench) -> None:  # type: ignore[no-untyped-def]
    it = bench()
    it.desk.put("a", "a", last_event_ms=LONG_AGO_MS)
    it.run()
    it.model.prompts.clear()
    nodes = {w.node_id: w.level for w in it.desk.nodes()}
    it.worker.wish(Wish(nodes=set(nodes), again=dict(nodes)))
    it.run()

    assert ["segment", "day", "week", "month", "year"] == [name.split("/")[0] for name in it.model.asked]
    assert 2 == sum(a.node_id == "segment/a" for a in it.desk.answers)


def test_nothing_is_worded_again_once_nobody_waits_for_it(bench) -> None:  # type: ignore[no-untyped-def]
    it = bench()
    segment = it.desk.put("a", "a", last_event_ms=LONG_AGO_MS)
    it.run()
    it.model.prompts.clear()

    def breaks_off(prompt: Prompt) -> str:
        it.worker.end_wish()
        raise ProviderUnavailable("fake", "it broke off")

    it.model.does = breaks_off
    it.worker.wish(Wish(nodes={segment}, again={segment: Level.SEGMENT}))
    it.run()
    it.model.does = lambda prompt: "worded"
    it.clock.go_on(DAY_MS)
    it.run()

    assert ["segment/a"] == it.model.asked


def test_looking_at_much_that_cannot_be_worded_takes_a_small_part_of_the_time(bench) -> None:  # type: ignore[no-untyped-def]
    it = bench(left_out=("secret",))
    it.desk.put("a", "a", last_event_ms=LONG_AGO_MS, project="secret")
    unworded, looks = it.desk.unworded, []

    def takes_a_second():  # type: ignore[no-untyped-def]
        looks.append(it.clock.now_ms())
        it.clock.go_on(1)
        return unworded()

    it.desk.unworded = takes_a_second
    for _ in range(100):
        it.clock.go_on(it.worker.step())

    assert 2 <= len(looks) <= 6
    assert [] == it.model.asked
