"""How much is sent: rates, the budgets of a day, pauses after an outage."""

from __future__ import annotations

import os
import random

import pytest

from agent_memory.summaries.errors import ProviderMisconfigured, ProviderRefused, ProviderUnavailable
from agent_memory.summaries.limits import PAUSE_FIRST_S, PAUSE_MAX_S, RETRY_AFTER_MAX_S, Outage, Rate
from agent_memory.summaries.metered import Held, MeteredModel
from agent_memory.summaries.model import Prompt, Usage
from agent_memory.testing.desks import ManualClock, ObedientModel
from agent_memory.testing.events import NOON_MS

DAY_MS = 86_400_000
LONG_AGO_MS = NOON_MS - 400 * DAY_MS
SEED = int(os.environ.get("AGENT_MEMORY_TEST_SEED") or random.randrange(1 << 32))


def with_segments(it, count: int):  # type: ignore[no-untyped-def]
    """So many, on days of one week each their own, long ago."""
    for number in range(count):
        it.desk.put(f"s{number}", f"words {number}", last_event_ms=LONG_AGO_MS + number)
    return it


def asked_today(it) -> int:  # type: ignore[no-untyped-def]
    it.run()
    return len(it.model.asked)


def test_no_more_calls_begin_in_a_minute_than_are_allowed(bench) -> None:  # type: ignore[no-untyped-def]
    it = with_segments(bench(calls_per_minute_max=3), 7)
    counts = []
    for _ in range(4):
        counts.append(asked_today(it))
        it.clock.go_on(60.001)

    assert [3, 6, 9, 11] == counts


def test_a_rate_is_of_any_minute_not_of_the_clocks() -> None:
    rate = Rate(2)
    for begun_s in (0.0, 59.0):
        assert 0.0 == rate.pause_s(begun_s)
        rate.begin(begun_s)

    assert 1.0 == rate.pause_s(59.0)
    assert 0.0 == rate.pause_s(60.0)
    rate.begin(60.0)
    assert 59.0 == pytest.approx(rate.pause_s(60.0))


def test_a_days_tokens_are_never_overrun_and_it_goes_on_at_midnight_of_the_stores_zone(bench) -> None:  # type: ignore[no-untyped-def]
    """At noon UTC it is one in the morning there: 23 hours of the day are left."""
    it = with_segments(bench(tokens_per_day_max=400, time_zone="Pacific/Auckland"), 7)
    before = asked_today(it)
    hold = it.meter.hold()
    it.clock.go_on(22.9 * 3600)
    late = asked_today(it)
    it.clock.go_on(0.11 * 3600)
    after = asked_today(it)

    assert before == late
    assert 3 == before
    assert "330 of the day's 400 tokens are spent" == hold.reason
    assert hold.is_final
    assert NOON_MS + 23 * 3_600_000 == hold.until_ms
    assert 6 == after


def test_a_budget_holds_over_restarts(bench) -> None:  # type: ignore[no-untyped-def]
    it = with_segments(bench(tokens_per_day_max=400), 7)
    before = asked_today(it)
    it.again()

    assert before == asked_today(it)


def test_a_days_money_is_never_overrun(bench) -> None:  # type: ignore[no-untyped-def]
    usage = Usage(calls=1, tokens_in=1_000, tokens_out=0)
    it = bench(usd_per_day_max=0.0101, usd_in=2.0, usd_out=0.0, model=ObedientModel(usage=usage))
    for number in range(9):
        it.desk.put(f"s{number}", "x" * 900, last_event_ms=LONG_AGO_MS + number)
    count = asked_today(it)

    assert 5 == count
    assert 0.01 == pytest.approx(it.journal.ended(it.meter.today()).usd)


def test_what_is_under_way_counts_at_the_most_that_it_may_take(bench) -> None:  # type: ignore[no-untyped-def]
    """Of several at once none may be the one too much."""
    it = bench(tokens_per_day_max=400)
    prompt = Prompt(system="", user="x" * 100, schema={}, answer_tokens_max=200)
    held: list[str] = []

    def meanwhile(_: Prompt) -> str:
        try:
            prompt = Prompt(system="", user="y", schema={}, answer_tokens_max=200)
            MeteredModel(it.meter, "segment/b", "b").complete(prompt)
        except Held as error:
            held.append(error.hold.reason)
        return "answer"

    it.model.does = meanwhile
    MeteredModel(it.meter, "segment/a", "a").complete(prompt)

    assert ["what is under way may take the rest of the day's budget"] == held


def test_a_refusal_has_its_price_and_an_outage_has_none(bench) -> None:  # type: ignore[no-untyped-def]
    it = bench(model=ObedientModel(usage=Usage(calls=1, tokens_in=7, tokens_out=3)))
    prompt = Prompt(system="", user="x" * 98, schema={}, answer_tokens_max=200)
    told = []
    for error in (ProviderRefused("fake", "blocked"), ProviderUnavailable("fake", "down"), None):

        def does(_: Prompt, error: Exception | None = error) -> str:
            if error is not None:
                raise error
            return "answer"

        it.model.does = does
        it.clock.go_on(3600)
        try:
            MeteredModel(it.meter, "segment/a", "a").complete(prompt)
        except (ProviderRefused, ProviderUnavailable) as raised:
            told.append(raised)
    it.clock.go_on(-3 * 3600)
    spent = it.journal.ended(it.meter.today())

    assert 2 == len(told)
    assert (3, 107, 203, 1, 1) == (spent.calls, spent.tokens_in, spent.tokens_out, spent.refused, spent.failed)


def test_a_refusal_that_tells_what_it_took_is_charged_that(bench) -> None:  # type: ignore[no-untyped-def]
    it = bench(usd_in=10.0, usd_out=20.0)

    def refuses(_: Prompt) -> str:
        raise ProviderRefused("fake", "cut off", usage=Usage(calls=1, tokens_in=50, tokens_out=30))

    it.model.does = refuses
    prompt = Prompt(system="", user="x" * 98, schema={}, answer_tokens_max=200)
    with pytest.raises(ProviderRefused):
        MeteredModel(it.meter, "segment/a", "a").complete(prompt)
    spent = it.journal.ended(it.meter.today())

    assert (50, 30, 1) == (spent.tokens_in, spent.tokens_out, spent.refused)


def test_a_node_that_no_day_has_room_for_is_set_aside_and_the_others_go_on(bench) -> None:  # type: ignore[no-untyped-def]
    it = bench(tokens_per_day_max=1_000)
    it.desk.put("small", "words", last_event_ms=LONG_AGO_MS)
    it.desk.put("large", "x" * 2_000, last_event_ms=LONG_AGO_MS + 1)
    it.run()

    assert ["segment/large"] == [refused.node_id for refused in it.desk.set_aside()]
    assert "more than a day may take" in next(it.desk.set_aside()).refusal
    assert "segment/small" in it.model.asked
    assert "segment/large" not in it.model.asked


def test_what_a_killed_process_had_under_way_is_charged_at_the_most_and_known(bench) -> None:  # type: ignore[no-untyped-def]
    it = with_segments(bench(), 1)

    class Killed(BaseException):
        pass

    def killed(_: Prompt) -> str:
        raise Killed

    it.model.does = killed
    it.journal._end = lambda *_, **__: None  # The process is gone: nothing is written after its last breath.
    with pytest.raises(Killed):
        it.worker.step()
    it.again()
    spent = it.journal.ended(it.meter.today())
    prompt = it.model.prompts[0]

    assert (1, 1) == (it.journal.interrupted, spent.interrupted)
    assert it.meter.tokens_in(prompt) + prompt.answer_tokens_max == spent.tokens


def test_pauses_double_with_full_jitter_up_to_their_most() -> None:
    print(f"seed {SEED}")
    clock, pauses = ManualClock(), [[] for _ in range(14)]  # type: ignore[var-annotated]
    for trial in range(200):
        outage = Outage(random.Random(SEED + trial))
        for attempt in range(14):
            now_s = clock.monotonic_s()
            outage.failed(now_s, "down", begun_s=now_s)
            pauses[attempt].append(outage.pause_s(now_s))
            clock.go_on(outage.pause_s(now_s) + 1)
    longest = [min(PAUSE_MAX_S, PAUSE_FIRST_S * 2**attempt) for attempt in range(14)]

    assert all(0 <= min(there) and max(there) <= most for there, most in zip(pauses, longest, strict=True))
    # Full jitter: all of the range is used, not its upper end alone.
    assert all(min(there) < 0.1 * most and max(there) > 0.9 * most for there, most in zip(pauses, longest, strict=True))


def test_calls_that_were_under_way_together_fail_together() -> None:
    outage = Outage(random.Random(SEED))
    outage.failed(100.0, "down", begun_s=90.0)
    for begun_s in (91.0, 92.0, 100.0):
        outage.failed(101.0, "down", begun_s=begun_s)
    together = outage.failures
    outage.failed(130.0, "down", begun_s=120.0)

    assert 1 == together
    assert 2 == outage.failures


def test_an_answer_to_a_call_from_before_the_outage_does_not_end_its_pause() -> None:
    outage = Outage(random.Random(SEED))
    outage.failed(100.0, "slow down", begun_s=90.0, retry_after_s=60.0)
    outage.succeeded(begun_s=91.0)
    pause_s, failures = outage.pause_s(101.0), outage.failures
    outage.succeeded(begun_s=161.0)

    assert pause_s >= 59.0
    assert 1 == failures
    assert (0.0, 0) == (outage.pause_s(161.0), outage.failures)


def test_nobody_is_left_alone_for_longer_than_a_day() -> None:
    outage = Outage(random.Random(SEED))
    outage.failed(0.0, "go away", begun_s=0.0, retry_after_s=1e12)

    assert RETRY_AFTER_MAX_S <= outage.pause_s(0.0) <= RETRY_AFTER_MAX_S + PAUSE_FIRST_S


def test_of_what_is_asked_for_and_what_we_think_the_longer_holds_and_only_ours_can_be_ended() -> None:
    outage = Outage(random.Random(SEED))
    outage.failed(0.0, "no credit", begun_s=0.0, retry_after_s=60.0, wait_s=3_600.0)
    whole = outage.pause_s(0.0)
    outage.end_pause()

    assert 3_600.0 <= whole <= 3_600.0 + PAUSE_FIRST_S
    assert 60.0 <= outage.pause_s(0.0) <= 60.0 + PAUSE_FIRST_S


def test_an_answer_ends_the_outage() -> None:
    outage = Outage(random.Random(SEED))
    outage.failed(0.0, "down", begun_s=0.0, retry_after_s=60)
    outage.succeeded(begun_s=101.0)

    assert (0.0, 0, "") == (outage.pause_s(0.0), outage.failures, outage.problem)


def test_a_stop_by_settings_says_what_to_change(bench) -> None:  # type: ignore[no-untyped-def]
    def misconfigured(_: Prompt) -> str:
        raise ProviderMisconfigured("summaries_key_file", "/k", "it holds no key", hint="Put the key there.")

    it = with_segments(bench(model=ObedientModel(misconfigured)), 1)
    it.run()

    assert "summaries_key_file: it holds no key (found '/k'). Put the key there." == it.meter.problem
    assert it.meter.hold().is_final
