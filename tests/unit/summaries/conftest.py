from __future__ import annotations

import os
import random
from collections.abc import Callable
from typing import Any

import pytest

from agent_memory.storage import InMemoryRows, Rows
from agent_memory.summaries.journal import Journal
from agent_memory.summaries.limits import Limits, Prices
from agent_memory.summaries.metered import Meter
from agent_memory.summaries.worker import Worker
from agent_memory.testing.desks import InMemoryDesk, ManualClock, ObedientModel, words_plainly


class Bench:
    """A worker on a desk in memory, one step at a time; `again` starts it anew over the same rows."""

    def __init__(self, desk: InMemoryDesk, model: ObedientModel, clock: ManualClock, **options: Any) -> None:
        self.desk, self.model, self.clock = desk, model, clock
        self.seed = int(os.environ.get("AGENT_MEMORY_TEST_SEED") or random.randrange(1 << 32))
        print(f"jitter of seed {self.seed}")
        self.chance = random.Random(self.seed)
        self._options = options
        self.rows: Rows = InMemoryRows()
        self.again()

    def again(self, **options: Any) -> None:
        self._options |= options
        given = dict(self._options)
        words, left_out, clean = (
            given.pop("words", words_plainly),
            given.pop("left_out", ()),
            given.pop("clean", lambda text: text),
        )
        unasked = given.pop("unasked", True)
        prices = Prices(usd_per_million_in=given.pop("usd_in", None), usd_per_million_out=given.pop("usd_out", None))
        self.journal = Journal(self.rows, now_ms=self.clock.now_ms)
        self.meter = Meter(
            self.model,
            self.journal,
            limits=Limits(**{"quiet_s": 0.0, "in_flight_max": 1, **given}),
            prices=prices,
            count_tokens=len,
            calendar=self.desk.calendar,
            clock=self.clock,
            chance=self.chance,
            clean=clean,
        )
        self.worker = Worker(
            self.desk,
            self.meter,
            words,
            prompt_version="1",
            left_out=left_out,
            clock=self.clock,
            unasked=unasked,
        )

    def run(self, *, steps: int = 200) -> float:
        """Step until there is a pause; how long it is."""
        for _ in range(steps):
            pause_s = self.worker.step()
            if pause_s:
                return pause_s
        return 0.0

    def run_through(self, *, pauses: int = 200) -> None:
        """Step, and let each pause pass, until nothing waits."""
        for _ in range(pauses):
            pause_s = self.run()
            if not self.worker.waiting()[0]:
                return
            assert pause_s < 1e9, f"it stopped: {self.meter.problem}"
            self.clock.go_on(min(pause_s, 86_400) + 0.001)
        raise AssertionError(f"{self.worker.waiting()[0]} nodes wait still; seed {self.seed}")


Benches = Callable[..., Bench]


@pytest.fixture
def bench() -> Benches:
    def make(**options: Any) -> Bench:
        clock = options.pop("clock", None) or ManualClock()
        desk = options.pop("desk", None) or InMemoryDesk(time_zone=options.pop("time_zone", "UTC"))
        return Bench(desk, options.pop("model", None) or ObedientModel(), clock, **options)

    return make
