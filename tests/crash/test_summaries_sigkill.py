"""SIGKILL at random instants while a language model words the contents: nothing is sent twice."""

from __future__ import annotations

import os
import random
import sys
import threading
from pathlib import Path

import pytest

import agent_memory
from agent_memory.memory import VerifyFinding
from agent_memory.summaries.reports import SummariesVerdict, SummariesWanted
from agent_memory.summaries.worker import INTERRUPTED
from agent_memory.testing import asking_program
from agent_memory.testing.daemon import DaemonProcess
from agent_memory.testing.language_models import DROP, HANG, LanguageModelServer, fail, rate_limit, slow
from agent_memory.testing.summarising import DAY_MS, MONDAY_MS, flags_of, settings_of, settled, tell, times_too_often
from agent_memory.testing.waiting import eventually

pytestmark = pytest.mark.usefixtures("without_model")

IN_FLIGHT = 3
PERIODS = 5 + 3
"""Days, and what is above them."""

SLOW = [
    pytest.param(provider, kills, segments, marks=pytest.mark.slow)
    for provider, kills, segments in (("openai", 25, 90), ("anthropic", 8, 30), ("gemini", 8, 30), ("command", 8, 30))
]


def chance_of() -> random.Random:
    seed = int(os.environ.get("AGENT_MEMORY_TEST_SEED") or random.randrange(1 << 32))
    print(f"seed {seed}")
    return random.Random(seed)


def settings(server: LanguageModelServer, folder: Path, provider: str, **others: object) -> dict[str, object]:
    if provider != "command":
        return settings_of(server, folder, provider, in_flight_max=IN_FLIGHT, timeout_s=30, **others)
    program = f"'{sys.executable}' -I '{asking_program.__file__}' {server.url('command')}"
    named = settings_of(server, folder, provider, in_flight_max=IN_FLIGHT, timeout_s=30, command=program, **others)
    return {name: value for name, value in named.items() if name not in ("summaries_url", "summaries_key_file")}


def killed(
    server: LanguageModelServer,
    store: Path,
    flags: tuple[str, ...],
    chance: random.Random,
    *,
    kills: int,
    segments: int,
) -> None:
    """Conversations are told to a daemon, and it and its successors are killed while they word them."""
    for kill in range(kills):
        with DaemonProcess(store, flags=flags) as daemon:
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


@pytest.mark.parametrize(("provider", "kills", "segments"), [("openai", 2, 15), *SLOW])
def test_whenever_it_is_killed_nothing_is_sent_twice_for_one_digest(
    tmp_path: Path, provider: str, kills: int, segments: int
) -> None:
    """Each node is worded or named as cut off, and those are worded when somebody asks for it."""
    with LanguageModelServer(wait_s=0.03) as server:
        flags = flags_of(settings(server, tmp_path, provider))
        killed(server, tmp_path / "store", flags, chance_of(), kills=kills, segments=segments)
        with DaemonProcess(tmp_path / "store", flags=flags) as daemon, agent_memory.connect(daemon.address) as memory:
            status = settled(memory, segments + PERIODS)
            sent = [call.digest for call in server.calls]
            aside = [node.refusal for node in memory.set_aside().items]
            *_, verdict = memory.summarise(SummariesWanted(set_aside=True))
            eventually(lambda: not memory.set_aside().items)
            findings = [report for report in memory.verify() if isinstance(report, VerifyFinding)]
            nodes = ("year/2025", "day/2025-10-06")
            digests = [[version.digest for version in memory.summary_versions(node_id)] for node_id in nodes]

    assert len(sent) == len(set(sent))
    assert segments + PERIODS == status.worded + status.set_aside
    assert [f"{status.provider} {status.model}".rstrip() + f": {INTERRUPTED}"] * status.set_aside == aside
    assert status.set_aside <= status.interrupted_today <= kills * IN_FLIGHT
    assert isinstance(verdict, SummariesVerdict)
    assert (len(aside), 0) == (verdict.worded, verdict.set_aside)
    assert all(len(there) == len(set(there)) >= 1 for there in digests)
    assert [] == findings


@pytest.mark.slow
def test_beside_a_provider_that_fails_in_every_way_nothing_that_was_answered_is_sent_again(tmp_path: Path) -> None:
    """What failed is asked again; what was answered, or may have been when the daemon was killed, is not."""
    chance = chance_of()
    with LanguageModelServer(wait_s=0.03) as server:
        ways = (fail(500), fail(503), DROP, HANG, rate_limit("1"), slow(0.3))
        server.will(*(chance.choice(ways) if chance.random() < 0.3 else slow(0.0) for _ in range(120)))
        flags = flags_of(settings(server, tmp_path, "openai") | {"summaries_timeout_s": 1.0})
        killed(server, tmp_path / "store", flags, chance, kills=10, segments=40)
        with DaemonProcess(tmp_path / "store", flags=flags) as daemon, agent_memory.connect(daemon.address) as memory:
            status = settled(memory, 40 + PERIODS, timeout_s=300)
            findings = [report for report in memory.verify() if isinstance(report, VerifyFinding)]

    assert 0 == times_too_often(server)
    assert 40 + PERIODS == status.worded + status.set_aside
    assert status.set_aside <= status.interrupted_today <= 10 * IN_FLIGHT
    assert [] == findings


@pytest.mark.slow
def test_where_it_may_only_what_was_under_way_is_sent_again(tmp_path: Path) -> None:
    """Each node is worded without anybody's asking; a prompt was sent again where the daemon was killed upon it."""
    with LanguageModelServer(wait_s=0.03) as server:
        flags = flags_of(settings(server, tmp_path, "openai", interrupted="ask-again"))
        killed(server, tmp_path / "store", flags, chance_of(), kills=8, segments=30)
        with DaemonProcess(tmp_path / "store", flags=flags) as daemon, agent_memory.connect(daemon.address) as memory:
            status = settled(memory, 30 + PERIODS)
        sent = [call.digest for call in server.calls]

    assert (30 + PERIODS, 0) == (status.worded, status.set_aside)
    assert times_too_often(server) <= len(sent) - len(set(sent)) <= status.interrupted_today <= 8 * IN_FLIGHT


def _until_called(server: LanguageModelServer, count: int) -> None:
    """Return once there were so many calls, or none is made any more."""
    idle = 0
    while len(server.calls) < count and idle < 60:
        before = len(server.calls)
        threading.Event().wait(0.01)
        idle = idle + 1 if len(server.calls) == before and not server.under_way else 0
