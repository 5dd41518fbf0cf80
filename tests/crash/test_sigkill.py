"""SIGKILL at random instants under load: what was acknowledged is there, once, and every view is whole."""

from __future__ import annotations

import os
import random
import threading
from pathlib import Path

import pytest

import agent_memory
from agent_memory import Draft, Filter, Kind, SyncMemory
from agent_memory.clock import RandomIds
from agent_memory.errors import AgentMemoryError
from agent_memory.events import Receipt
from agent_memory.memory import VerifyFinding, VerifyVerdict
from agent_memory.testing.daemon import DaemonProcess
from agent_memory.testing.waiting import eventually

# Few distinct texts: each is embedded once ever, so that the load is on the log and the views.
TEXTS = [f"We decided that service {n} keeps its state in the log, because replay must rebuild it." for n in range(40)]
START_MS = 1_760_000_000_000


class Writer(threading.Thread):
    """Appends until the daemon is gone; ``acknowledged`` holds what it was promised."""

    def __init__(self, address: str, number: int, seed: int) -> None:
        super().__init__(name=f"writer-{number}")
        self._address = address
        self._number = number
        self._random = random.Random(seed)
        self._ids = RandomIds()
        self.acknowledged: list[tuple[Draft, Receipt]] = []

    def run(self) -> None:
        try:
            with agent_memory.connect(self._address, timeout_s=5, retry_s=0.1) as memory:
                while True:
                    self._append(memory)
        except AgentMemoryError:
            return  # The daemon was killed: only what it acknowledged counts.

    def _append(self, memory: SyncMemory) -> None:
        drafts = [self._draft() for _ in range(self._random.choice([1, 1, 3, 20]))]
        if len(drafts) == 1:
            self.acknowledged.append((drafts[0], memory.append(drafts[0])))
        elif self._random.random() < 0.5:
            self.acknowledged += zip(drafts, memory.append_batch(drafts), strict=True)
        else:
            for draft, outcome in zip(drafts, memory.append_stream(drafts), strict=False):
                assert isinstance(outcome, Receipt)
                self.acknowledged.append((draft, outcome))

    def _draft(self) -> Draft:
        time_ms = START_MS + self._random.randrange(40 * 86_400_000)
        return Draft(
            id=self._ids.new_id(time_ms),
            kind=Kind.USER_MESSAGE,
            session=f"s{self._random.randrange(6)}",
            agent=f"agent-{self._number}",
            text=self._random.choice(TEXTS),
        )


class Replayer(threading.Thread):
    """Builds all views again and again until the daemon is gone."""

    def __init__(self, address: str) -> None:
        super().__init__(name="replayer")
        self._address = address

    def run(self) -> None:
        try:
            with agent_memory.connect(self._address, timeout_s=5, retry_s=0.1) as memory:
                while True:
                    for _ in memory.replay():
                        pass
        except AgentMemoryError:
            return


def survives_kills(store: Path, *, kills: int, seed: int) -> None:
    """Kill a daemon *kills* times on one store, and check after each what it had promised.

    Most die under load, a third of these while views are built again; some die while they start.
    """
    chance = random.Random(seed)
    promised: dict[str, tuple[Draft, Receipt]] = {}
    for kill in range(kills):
        if chance.random() < 0.2:
            with DaemonProcess(store, awaited=False) as daemon:
                threading.Event().wait(chance.uniform(0.0, 1.0))
                daemon.kill()
            continue
        with DaemonProcess(store) as daemon:
            with agent_memory.connect(daemon.address, timeout_s=120) as memory:
                check(memory, promised, whole=kill % 10 == 9, context=f"seed {seed}, kill {kill}")
            writers = [Writer(daemon.address, n, chance.randrange(1 << 30)) for n in range(3)]
            threads = [*writers, *([Replayer(daemon.address)] if chance.random() < 0.35 else [])]
            for thread in threads:
                thread.start()
            if chance.random() < 0.7:
                eventually(lambda: any(writer.acknowledged for writer in writers))  # noqa: B023 - called at once
            # The instant is what is tested; nothing is waited for.
            threading.Event().wait(chance.uniform(0.0, 0.4))
            daemon.kill()
            for thread in threads:
                thread.join()
        for writer in writers:
            promised |= {draft.id: (draft, receipt) for draft, receipt in writer.acknowledged}
    with DaemonProcess(store) as daemon, agent_memory.connect(daemon.address, timeout_s=120) as memory:
        check(memory, promised, whole=True, context=f"seed {seed}, at the end")
        assert promised, "nothing was acknowledged: the test tests nothing"


def check(memory: SyncMemory, promised: dict[str, tuple[Draft, Receipt]], *, whole: bool, context: str) -> None:
    recorded = {}
    token = ""
    while True:
        page = memory.events(where=Filter(), limit=1000, token=token)
        for item in page.items:
            assert item.event.id not in recorded, context
            recorded[item.event.id] = item
        token = page.next_token
        if not token:
            break
    for event_id, (draft, receipt) in promised.items():
        assert event_id in recorded, f"{context}: an acknowledged event is gone"
        assert (receipt.position, draft.text) == (recorded[event_id].position, recorded[event_id].event.text), context
    assert list(range(1, len(recorded) + 1)) == sorted(item.position for item in recorded.values()), context
    if whole:
        memory.wait_for(
            ["toc", "lexical", "vectors", "catalog"][: 4 if has_model() else 2], len(recorded), timeout_s=100
        )
        reports = list(memory.verify())
        verdict = reports[-1]
        assert isinstance(verdict, VerifyVerdict), context
        assert [] == [r.message for r in reports if isinstance(r, VerifyFinding)], context
        assert verdict.sound, context


def has_model() -> bool:
    return bool(os.environ.get("AGENT_MEMORY_TEST_MODEL"))


def seed_of_this_run() -> int:
    seed = int(os.environ.get("AGENT_MEMORY_TEST_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 30)
    print(f"AGENT_MEMORY_TEST_SEED={seed}")
    return seed


@pytest.mark.timeout(280)
def test_kills_under_load_lose_and_double_nothing(tmp_path: Path) -> None:
    """Each run has instants of its own."""
    survives_kills(tmp_path / "store", kills=8, seed=seed_of_this_run())


@pytest.mark.slow
def test_three_hundred_kills_under_load_lose_and_double_nothing(tmp_path: Path) -> None:
    seed = seed_of_this_run()
    for round_ in range(10):
        survives_kills(tmp_path / str(round_), kills=30, seed=seed + round_)
