"""SIGKILL at random instants while a language model words the contents: nothing that was answered is sent again."""

from __future__ import annotations

import os
import random
import threading
from pathlib import Path

import pytest

import agent_memory
from agent_memory.memory import VerifyFinding
from agent_memory.testing.daemon import DaemonProcess
from agent_memory.testing.language_models import LanguageModelServer
from agent_memory.testing.summarising import DAY_MS, MONDAY_MS, flags_of, settings_of, settled, tell, times_too_often

pytestmark = pytest.mark.usefixtures("without_model")

IN_FLIGHT = 3


@pytest.mark.parametrize(("kills", "segments"), [(2, 15), pytest.param(25, 90, marks=pytest.mark.slow)])
def test_whenever_it_is_killed_only_what_was_under_way_is_sent_twice(tmp_path: Path, kills: int, segments: int) -> None:
    """Each digest has one answer in the log; a prompt was sent again only where the daemon was killed upon it."""
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
            findings = [report for report in memory.verify() if isinstance(report, VerifyFinding)]
            nodes = ("year/2025", "day/2025-10-06")
            digests = [[version.digest for version in memory.summary_versions(node_id)] for node_id in nodes]
        sent = [call.digest for call in server.calls]

    assert (segments + 8, 0) == (status.worded, status.set_aside)
    assert len(sent) - len(set(sent)) <= status.interrupted_today <= kills * IN_FLIGHT
    assert times_too_often(server) <= status.interrupted_today
    assert all(len(there) == len(set(there)) >= 1 for there in digests)
    assert [] == findings


def _until_called(server: LanguageModelServer, count: int) -> None:
    """Return once there were so many calls, or none is made any more."""
    idle = 0
    while len(server.calls) < count and idle < 60:
        before = len(server.calls)
        threading.Event().wait(0.01)
        idle = idle + 1 if len(server.calls) == before and not server.under_way else 0
