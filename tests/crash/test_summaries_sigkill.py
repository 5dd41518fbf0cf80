"""SIGKILL at random instants while a language model words the contents: nothing is sent twice."""

from __future__ import annotations

import os
import random
import threading
from pathlib import Path

import pytest

import agent_memory
from agent_memory.memory import VerifyFinding
from agent_memory.summaries.reports import SummariesVerdict, SummariesWanted
from agent_memory.summaries.worker import INTERRUPTED
from agent_memory.testing.daemon import DaemonProcess
from agent_memory.testing.language_models import LanguageModelServer
from agent_memory.testing.summarising import DAY_MS, MONDAY_MS, flags_of, settings_of, settled, tell
from agent_memory.testing.waiting import eventually

pytestmark = pytest.mark.usefixtures("without_model")

IN_FLIGHT = 3


@pytest.mark.parametrize(("kills", "segments"), [(2, 15), pytest.param(25, 90, marks=pytest.mark.slow)])
def test_whenever_it_is_killed_nothing_is_sent_twice_for_one_digest(tmp_path: Path, kills: int, segments: int) -> None:
    """Each node is worded or named as cut off, and those are worded when somebody asks for it."""
    seed = int(os.environ.get("AGENT_MEMORY_TEST_SEED") or random.randrange(1 << 32))
    print(f"seed {seed}")
    chance = random.Random(seed)
    with LanguageModelServer() as server:
        server.wait_s = 0.03
        flags = flags_of(settings_of(server, tmp_path, in_flight_max=IN_FLIGHT, timeout_s=30))
        for kill in range(kills):
            with DaemonProcess(tmp_path / "store", flags=flags) as daemon:
                if not kill:
                    with agent_memory.connect(daemon.address) as memory:
                        for number in range(segments):
                            words = f"Who looks after pump {number}, and until when?"
                            time_ms = MONDAY_MS + (number % 5) * DAY_MS
                            tell(memory, words, "Ask the mill.", session=f"s{number}", time_ms=time_ms)
                # Until some calls more were begun, and then a moment that no step of the daemon knows of.
                _until_called(server, len(server.calls) + chance.randrange(1, 5))
                threading.Event().wait(chance.uniform(0.0, 0.06))
                daemon.kill()
        with DaemonProcess(tmp_path / "store", flags=flags) as daemon, agent_memory.connect(daemon.address) as memory:
            status = settled(memory, segments + 5 + 3)
            sent = [call.digest for call in server.calls]
            aside = [node.refusal for node in memory.set_aside().items]
            *_, verdict = memory.summarise(SummariesWanted(set_aside=True))
            eventually(lambda: not memory.set_aside().items)
            findings = [report for report in memory.verify() if isinstance(report, VerifyFinding)]
            nodes = ("year/2025", "day/2025-10-06")
            digests = [[version.digest for version in memory.summary_versions(node_id)] for node_id in nodes]

    assert len(sent) == len(set(sent))
    assert segments + 8 == status.worded + status.set_aside
    assert [f"openai some-model: {INTERRUPTED}"] * status.set_aside == aside
    assert status.set_aside <= status.interrupted_today <= kills * IN_FLIGHT
    assert isinstance(verdict, SummariesVerdict)
    assert (len(aside), 0) == (verdict.worded, verdict.set_aside)
    assert all(len(there) == len(set(there)) >= 1 for there in digests)
    assert [] == findings


def _until_called(server: LanguageModelServer, count: int) -> None:
    """Return once there were so many calls, or none is made any more."""
    idle = 0
    while len(server.calls) < count and idle < 60:
        before = len(server.calls)
        threading.Event().wait(0.01)
        idle = idle + 1 if len(server.calls) == before and not server.under_way else 0
