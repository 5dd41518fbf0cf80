"""Calls that are cut off, so that nobody knows whether they were answered: what is sent again, and when."""

from __future__ import annotations

from collections import Counter

import pytest

from agent_memory import telemetry
from agent_memory.errors import InvalidEvent
from agent_memory.summaries.errors import ProviderCutOff, ProviderRefused, ProviderUnavailable
from agent_memory.summaries.model import Prompt, Usage
from agent_memory.summaries.schedule import Wish
from agent_memory.summaries.worker import INTERRUPTED
from agent_memory.telemetry.privacy import without_conversations
from agent_memory.testing.desks import ObedientModel, words_plainly
from agent_memory.testing.events import NOON_MS
from agent_memory.toc.material import Level

LONG_AGO_MS = NOON_MS - 400 * 86_400_000
RETRY = {"segment/a": Level.SEGMENT}


def words_in_two(material, model, node_id, digest):  # type: ignore[no-untyped-def]
    """One call for a part of it, and one for the whole."""
    model.complete(Prompt(system="", user=f"part of {node_id}", schema={}, answer_tokens_max=10))
    return words_plainly(material, model, node_id, digest)


def once(label: str, does):  # type: ignore[no-untyped-def]
    """A model that does this with the first prompt of that label, and answers well afterwards."""
    left = [True]

    def answers(prompt: Prompt) -> str:
        if left[0] and prompt.user.startswith(label):
            left[0] = False
            return str(does())
        return "worded"

    return ObedientModel(answers)


def raising(error: BaseException):  # type: ignore[no-untyped-def]
    def does() -> str:
        raise error

    return does


def refusals(it) -> dict[str, str]:  # type: ignore[no-untyped-def]
    return {refused.node_id: refused.refusal for refused in it.desk.set_aside()}


def sent(it) -> Counter[str]:  # type: ignore[no-untyped-def]
    return Counter(it.model.asked)


def test_what_a_kill_cut_off_is_asked_about_again_when_somebody_asks_or_its_events_change(bench) -> None:  # type: ignore[no-untyped-def]
    it = bench()
    for name in "ab":
        it.desk.put(name, name, last_event_ms=LONG_AGO_MS)
        it.journal.begin(f"segment/{name}", it.desk.material(f"segment/{name}")[0], it.meter.today(), Usage(calls=1))
    it.again()
    it.run()
    aside, asked = refusals(it), list(it.model.asked)
    it.worker.wish(Wish(nodes=set(), again=dict(RETRY)))
    it.run()
    it.worker.end_wish()
    it.desk.put("b", "and more", last_event_ms=LONG_AGO_MS)
    it.run()

    assert {"segment/a": INTERRUPTED, "segment/b": INTERRUPTED} == aside
    assert not [name for name in asked if name.startswith("segment")]
    assert {"segment/a": 1, "segment/b": 1} == {name: n for name, n in sent(it).items() if name.startswith("segment")}
    assert {} == refusals(it)


def test_the_parts_of_a_node_that_was_cut_off_are_not_paid_for_again(bench) -> None:  # type: ignore[no-untyped-def]
    """Two calls a node, the second of which is cut off: whoever asks again pays for that one alone."""
    it = bench(words=words_in_two, model=once("segment/a", raising(ProviderCutOff("fake", "ended from outside"))))
    it.desk.put("a", "a", last_event_ms=LONG_AGO_MS)
    it.run()
    aside = refusals(it)
    it.worker.wish(Wish(nodes=set(), again=dict(RETRY)))
    it.run()

    assert {"segment/a": INTERRUPTED} == aside
    assert (1, 2) == (sent(it)["part of segment/a"], sent(it)["segment/a"])
    assert {} == refusals(it)


def test_what_was_set_aside_as_useless_is_asked_about_anew_in_all_its_parts(bench) -> None:  # type: ignore[no-untyped-def]
    it = bench(words=words_in_two, refusals_max=1, model=once("segment/a", raising(ProviderRefused("fake", "no"))))
    it.desk.put("a", "a", last_event_ms=LONG_AGO_MS)
    it.run()
    aside = refusals(it)
    it.worker.wish(Wish(nodes=set(), again=dict(RETRY)))
    it.run()

    assert {"segment/a": "no"} == aside
    assert (2, 2) == (sent(it)["part of segment/a"], sent(it)["segment/a"])
    assert {} == refusals(it)


def test_an_answer_that_the_log_does_not_take_is_asked_for_anew_by_who_asks(bench) -> None:  # type: ignore[no-untyped-def]
    it = bench(model=once("segment/a", lambda: "far too long"))
    it.desk.put("a", "a", last_event_ms=LONG_AGO_MS)
    record = it.desk.record

    def takes(answer):  # type: ignore[no-untyped-def]
        if answer.summary is not None and answer.summary.title == "far too long":
            raise InvalidEvent("answer", answer.node_id, "is too long")
        return record(answer)

    it.desk.record = takes
    it.run()
    aside = refusals(it)
    it.worker.wish(Wish(nodes=set(), again=dict(RETRY)))
    it.run()

    assert ["segment/a"] == list(aside)
    assert 2 == sent(it)["segment/a"]
    assert {} == refusals(it)


def test_no_log_holds_why_a_node_was_refused(bench, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    """A provider's words may be those of a conversation; they stand in the store, and not in the daemon's log."""
    told: list[dict[str, object]] = []
    monkeypatch.setattr(telemetry.LOG, "_write", lambda level, event, fields: told.append({"event": event, **fields}))
    it = bench(refusals_max=1)
    it.desk.put("a", "a", last_event_ms=LONG_AGO_MS)
    it.journal.count_refusal("segment/a", it.desk.material("segment/a")[0], "the otter is at the weir")
    it.run()

    assert ["segment/a"] == list(refusals(it))
    assert told
    assert not [entry for entry in told if "otter" in str(without_conversations(entry))]


@pytest.mark.parametrize(("may_resend", "times"), [(False, 1), (True, 2)])
def test_who_ends_the_program_that_is_asked_ends_the_call_for_good(bench, may_resend: bool, times: int) -> None:  # type: ignore[no-untyped-def]
    cut_off = raising(ProviderCutOff("fake", "ended from outside"))
    it = bench(model=once("segment/a", cut_off), resend_interrupted=may_resend)
    it.desk.put("a", "a", last_event_ms=LONG_AGO_MS)
    it.run_through()
    spent = it.journal.ended(it.meter.today())

    assert times == sent(it)["segment/a"]
    assert ({} if may_resend else {"segment/a": INTERRUPTED}) == refusals(it)
    assert (1, 0) == (spent.interrupted, spent.failed)


@pytest.mark.parametrize("error", [ProviderUnavailable("fake", "it was closed"), OSError("a bad descriptor")])
def test_a_call_that_was_given_up_is_not_made_again_by_the_same_process(bench, error: Exception) -> None:  # type: ignore[no-untyped-def]
    """Once in an hour of it: whoever opened a store asked, and gave up; and asks again."""
    it = bench()

    def gives_up() -> str:
        it.meter.is_closing = True
        raise error

    it.model.does = once("segment/a", gives_up).does
    it.desk.put("a", "a", last_event_ms=LONG_AGO_MS)
    it.worker.step()
    it.meter.is_closing = False
    it.run_through()
    spent = it.journal.ended(it.meter.today())

    assert 1 == sent(it)["segment/a"]
    assert {"segment/a": INTERRUPTED} == refusals(it)
    assert (1, 5) == (spent.interrupted, spent.calls)
    assert spent == it.journal.spent(it.meter.today())
