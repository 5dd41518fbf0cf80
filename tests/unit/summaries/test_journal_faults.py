"""Break every write of a run, before and after it takes effect, and start anew: what was sent, and how often."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest

from agent_memory.errors import StorageUnavailable
from agent_memory.storage import InMemoryRows
from agent_memory.summaries.errors import ProviderRefused
from agent_memory.summaries.model import Answer, Prompt
from agent_memory.summaries.port import LanguageModel
from agent_memory.summaries.worker import INTERRUPTED, Words
from agent_memory.testing.desks import InMemoryDesk, ObedientModel, words_plainly
from agent_memory.testing.events import NOON_MS
from agent_memory.testing.faults import Faults, FaultyRows
from agent_memory.toc.material import Material

LONG_AGO_MS = NOON_MS - 400 * 86_400_000


class FaultyDesk(InMemoryDesk):
    """Recording breaks before or after it takes effect, as the rows do."""

    faults = Faults(0)

    def record(self, answer: Answer) -> int:
        self.faults.step("before record")
        position = super().record(answer)
        self.faults.step("after record")
        return position


def in_two(material: Material, model: LanguageModel, node_id: str, digest: str) -> Answer:
    """One call for a part of it, and one for the whole."""
    model.complete(Prompt(system="", user=f"part of {node_id}", schema={}, answer_tokens_max=10))
    return words_plainly(material, model, node_id, digest)


@pytest.mark.parametrize("refused", [0, 1], ids=["answered", "refused once"])
@pytest.mark.parametrize("words", [words_plainly, in_two], ids=["at once", "in two"])
@pytest.mark.parametrize("may_resend", [False, True], ids=["set aside", "asked again"])
def test_wherever_it_is_killed_nothing_is_sent_twice_unasked(
    bench, may_resend: bool, words: Words, refused: int
) -> None:  # type: ignore[no-untyped-def]
    """One call at a time: one alone can be cut off, and its node is set aside or, where that is allowed, sent again."""
    for at in itertools.count(1):
        faults = Faults(at, forever=True)
        desk, rows = FaultyDesk(), InMemoryRows()
        desk.faults = faults
        left = [refused]

        def does(prompt: Prompt, left: list[int] = left) -> str:
            if left[0] and prompt.user.startswith("segment/b"):
                left[0] -= 1
                raise ProviderRefused("fake", "not this time")
            return "worded"

        it = bench(desk=desk, model=ObedientModel(does), words=words, resend_interrupted=may_resend)
        for name in "abc":
            desk.put(name, name, last_event_ms=LONG_AGO_MS)
        it.rows = FaultyRows(rows, faults)
        try:
            it.again()
            for _ in range(30):
                it.worker.step()
        except StorageUnavailable:
            pass
        desk.faults, it.rows = Faults(0), rows
        it.again()
        it.run()
        sent = Counter(prompt.user for prompt in it.model.prompts)
        interrupted = it.journal.interrupted

        assert (0, 0) == it.worker.waiting(), f"at step {at}"
        aside = [refused.refusal for refused in desk.set_aside()]
        assert interrupted <= 1, f"at step {at}"
        assert sum(sent.values()) - len(sent) <= interrupted * may_resend + refused, f"at step {at}: {sent}"
        assert [INTERRUPTED] * (interrupted * (not may_resend)) == aside, f"at step {at}"
        if not faults.fired:
            break


def test_a_reply_that_the_disk_has_no_room_for_is_not_asked_for_again(bench) -> None:  # type: ignore[no-untyped-def]
    for at in itertools.count(1):
        faults = Faults(at)
        it = bench()
        it.rows = FaultyRows(it.rows, faults)
        it.again()
        it.desk.put("a", "a", last_event_ms=LONG_AGO_MS)
        for _ in range(30):
            try:
                it.worker.step()
            except StorageUnavailable:
                continue

        assert 5 == len(it.model.asked) == len(set(it.model.asked)), f"at step {at}: {it.model.asked}"
        assert (0, 0) == it.worker.waiting(), f"at step {at}"
        if not faults.fired:
            break
