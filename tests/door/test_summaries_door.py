"""A daemon that words its contents by a language model which does whatever such a model may do."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import agent_memory
from agent_memory.memory import ReplayVerdict
from agent_memory.summaries.reports import SummariesProgress, SummariesState, SummariesStatus
from agent_memory.sync import SyncMemory
from agent_memory.testing import asking_program
from agent_memory.testing.daemon import DaemonProcess
from agent_memory.testing.language_models import (
    BLOCK,
    CUT,
    DRIP,
    DROP,
    HANG,
    LanguageModelServer,
    fail,
    minutes_of,
    rate_limit,
    say,
    slow,
)
from agent_memory.testing.summarising import (
    DAY_MS,
    MONDAY_MS,
    flags_of,
    prompts_of,
    settings_of,
    settled,
    tell,
    times_too_often,
)
from agent_memory.testing.waiting import eventually

pytestmark = pytest.mark.usefixtures("without_model")

HOSTILE = json.dumps(
    {
        "bullets": [{"evidence": [{"ref": 99, "quote": "never said"}], "text": "\x1b[2J", "type": "other"}],
        "title": "t",
        "abstract": "a",
        "keywords": [],
    }
)


@pytest.fixture
def server() -> Iterator[LanguageModelServer]:
    with LanguageModelServer() as server:
        yield server


def run(daemon: DaemonProcess, *command: str) -> tuple[int, Any]:
    """A command's exit code, and the data of its envelope."""
    ended = subprocess.run(
        [sys.executable, "-m", "agent_memory.cli", *command, "--json", "--address", daemon.address],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ,
    )
    whole = json.loads(ended.stdout)
    return ended.returncode, whole["data"] or whole["error"]


OTHERS = [pytest.param(provider, marks=pytest.mark.slow) for provider in ("anthropic", "gemini")]


@pytest.mark.parametrize("provider", ["openai", *OTHERS])
def test_a_provider_that_does_everything_wrong_has_all_worded_in_the_end(
    server: LanguageModelServer, tmp_path: Path, provider: str
) -> None:
    """It is slow, fails, limits, cuts off, says nonsense, hangs and breaks off: each node is worded, none twice."""
    of_no_use = (say("no JSON at all"), say('{"bullets": 7}'), CUT, say(HOSTILE), BLOCK)
    failing = (fail(500), DROP, rate_limit("1"), HANG, DRIP, fail(503))
    server.will(*(turn for pair in zip(failing, (*of_no_use, slow(0.3)), strict=True) for turn in pair))
    with (
        DaemonProcess(tmp_path / "store", flags=flags_of(settings_of(server, tmp_path, provider))) as daemon,
        agent_memory.connect(daemon.address) as memory,
    ):
        for day in range(3):
            for session in "ab":
                words = f"Shall we move the {session} pumps of day {day} to the cellar?"
                tell(memory, words, "Yes, on Friday.", session=f"{day}{session}", time_ms=MONDAY_MS + day * DAY_MS)
        status = settled(memory, 6 + 3 + 3)
        week = memory.node("week/2025-10/W41")

    assert (12, 0, 0) == (status.worded, status.set_aside, status.left_out)
    # What was answered as it should be was not asked again; only what was of no use was.
    assert times_too_often(server) <= len(of_no_use)
    assert server.under_way_most <= 4
    assert week.title.startswith("Shall we move the")
    assert (0, len(failing)) == (status.interrupted_today, status.failed_today)


def test_a_provider_that_asks_to_be_left_alone_is_and_whoever_asks_by_hand_is_told_until_when(
    server: LanguageModelServer, tmp_path: Path
) -> None:
    server.will(rate_limit("600"))
    with (
        DaemonProcess(tmp_path / "store", flags=flags_of(settings_of(server, tmp_path, in_flight_max=1))) as daemon,
        agent_memory.connect(daemon.address) as memory,
    ):
        tell(memory, "We paint the boat house blue.", session="a", time_ms=MONDAY_MS)
        eventually(lambda: memory.status().summaries.state is SummariesState.WAITING, timeout_s=60)
        until_ms = memory.status().summaries.until_ms
        reports = memory.summarise()
        told = next(report for report in reports if isinstance(report, SummariesProgress) and report.waiting)
        reports.close()  # type: ignore[attr-defined]  # as Ctrl-C does
        command = [sys.executable, "-m", "agent_memory.cli", "summarise", "--yes", "--address", daemon.address]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as by_hand:
            assert by_hand.stderr is not None
            shown = next(line for line in by_hand.stderr if line.startswith("Waiting"))
            by_hand.terminate()

    assert "Rate limit reached" in told.waiting
    assert abs(told.until_ms - until_ms) < 1000
    assert re.fullmatch(r"Waiting: .*Rate limit reached.*; goes on at .*\d\d:\d\d.*\.", shown.strip())
    assert 1 == len(server.calls)


def test_a_limit_in_money_that_no_price_backs_keeps_the_daemon_from_starting(tmp_path: Path) -> None:
    flags = ("--summaries-provider", "command", "--summaries-command", "true", "--summaries-usd-per-day-max", "5")
    ended = subprocess.run(
        [sys.executable, "-m", "agent_memory.cli", "serve", "--store", str(tmp_path / "store"), *flags],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "COLUMNS": "400"},
    )

    assert 2 == ended.returncode
    assert "summaries_usd_per_day_max: what a call will cost is not known" in ended.stderr
    assert "Set summaries_usd_per_million_in and summaries_usd_per_million_out" in ended.stderr


def test_a_program_words_what_was_said(server: LanguageModelServer, tmp_path: Path) -> None:
    """As `claude -p` would: started by the daemon for each node, told on standard input."""
    program = f"'{sys.executable}' -I '{asking_program.__file__}' {server.url('command')}"
    settings = settings_of(server, tmp_path, "command", command=program, timeout_s=20.0)
    for name in ("url", "key_file"):
        del settings[f"summaries_{name}"]
    with (
        DaemonProcess(tmp_path / "store", flags=flags_of(settings)) as daemon,
        agent_memory.connect(daemon.address) as memory,
    ):
        tell(memory, "Who looks after the pump?", "The mill.", session="s", time_ms=MONDAY_MS)
        status = settled(memory, 1 + 1 + 3)
        node = memory.node("day/2025-10-06")

    assert ("command", 5, 0) == (status.provider, status.worded, status.set_aside)
    assert ("command", 0) == (node.wording.summariser, times_too_often(server))


def test_a_provider_that_refuses_whatever_it_is_asked_stops_the_wording_and_sets_nothing_aside(
    server: LanguageModelServer, tmp_path: Path
) -> None:
    server.will(*[fail(400, "prompt exceeds what this server takes", "invalid_request_error")] * 200)
    with (
        DaemonProcess(tmp_path / "store", flags=flags_of(settings_of(server, tmp_path))) as daemon,
        agent_memory.connect(daemon.address) as memory,
    ):
        for number in range(8):
            tell(memory, f"Who looks after pump {number}?", session=f"s{number}", time_ms=MONDAY_MS + number * 1000)
        eventually(lambda: memory.status().summaries.state is SummariesState.STOPPED, timeout_s=60)
        status = memory.status()

    assert "prompt exceeds what this server takes" in status.summaries.reason
    assert (0, 0) == (status.summaries.worded, status.summaries.set_aside)
    assert status.healthy


@pytest.mark.parametrize("segments", [12, pytest.param(1_000, marks=pytest.mark.slow)])
def test_to_build_the_contents_again_asks_no_model_and_gives_the_same(
    server: LanguageModelServer, tmp_path: Path, segments: int
) -> None:
    """With a model that is there, and in a daemon that knows of none."""
    settings = settings_of(server, tmp_path)
    with (
        DaemonProcess(tmp_path / "store", flags=flags_of(settings)) as daemon,
        agent_memory.connect(daemon.address) as memory,
    ):
        for number in range(segments):
            time_ms = MONDAY_MS + number % 5 * DAY_MS
            tell(memory, f"Who looks after pump {number}?", "The mill.", session=f"s{number}", time_ms=time_ms)
        status = settled(memory, segments + 5 + 3, timeout_s=300)
        asked, before = len(server.calls), memory.node("week/2025-10/W41")
        beside = [report for report in memory.replay(["toc"]) if isinstance(report, ReplayVerdict)]
        again = memory.node("week/2025-10/W41")
    with (
        DaemonProcess(tmp_path / "store", flags=("--time-zone", "UTC")) as daemon,
        agent_memory.connect(daemon.address) as memory,
    ):
        without = [report for report in memory.replay(["toc"]) if isinstance(report, ReplayVerdict)]
        at_last = memory.node("week/2025-10/W41")

    assert (segments + 8, 0) == (status.worded, status.set_aside)
    assert [("toc", True)] == [(verdict.view, verdict.identical) for verdict in beside], beside
    assert [("toc", True)] == [(verdict.view, verdict.identical) for verdict in without], without
    assert before == again == at_last
    assert before.wording.model
    assert asked == len(server.calls)


@pytest.mark.slow
def test_a_days_budget_and_projects_that_are_left_out_hold_over_restarts(
    server: LanguageModelServer, tmp_path: Path
) -> None:
    """One call has room in the day, and none after it in the next daemon, until midnight of the store's zone."""
    zone, store = "Pacific/Kiritimati", tmp_path / "store"
    quiet = settings_of(server, tmp_path, in_flight_max=1, quiet_min=10_000) | {"time_zone": zone}
    with DaemonProcess(store, flags=flags_of(quiet)) as daemon, agent_memory.connect(daemon.address) as memory:
        # Said just now: this daemon words nothing of it unasked.
        now_ms = time.time_ns() // 1_000_000
        for session, project in (("a", "shop"), ("b", "shop"), ("c", "vault")):
            position = tell(memory, f"We open the {project}.", session=session, time_ms=now_ms, project=project)
        memory.wait_for(["toc"], position)
        today = datetime.fromtimestamp(now_ms / 1000, ZoneInfo(zone)).date().isoformat()
        shop = next(node.id for node in memory.children(f"day/{today}").items if "shop" in node.projects)
        (call,) = memory.preview_summary(shop).calls
    most = call.tokens_in + call.answer_tokens_max
    limited = flags_of(
        quiet
        | {
            "summaries_quiet_min": 0,
            "summaries_tokens_per_day_max": most,
            "summaries_ignore_projects": "vault",
        }
    )
    states: list[SummariesStatus] = []
    for _ in range(2):
        with DaemonProcess(store, flags=limited) as daemon, agent_memory.connect(daemon.address) as memory:
            eventually(partial(_is_held, memory))
            states.append(memory.status().summaries)
    sent = prompts_of(server)

    assert [(1, 0)] == list({(state.worded, state.set_aside) for state in states})
    assert [(1, 5)] == list({(state.waiting, state.left_out) for state in states})
    assert all(f"of the day's {most:,} tokens are spent" in state.reason for state in states)
    assert {0} == {datetime.fromtimestamp(state.until_ms / 1000, ZoneInfo(zone)).hour for state in states}
    assert 1 == len(sent)
    assert "vault" not in sent[0]


def _is_held(memory: SyncMemory) -> bool:
    status = memory.status().summaries
    return status.until_ms > 0 and status.worded > 0


@pytest.mark.parametrize(
    ("interrupted", "sent_again"), [("set-aside", 0), pytest.param("ask-again", 1, marks=pytest.mark.slow)]
)
def test_a_daemon_ends_promptly_beside_a_provider_that_hangs(
    server: LanguageModelServer, tmp_path: Path, interrupted: str, sent_again: int
) -> None:
    """The call that is given up is known to the next daemon, which names its node, or asks again if it may."""
    server.will(HANG)
    settings = settings_of(server, tmp_path, timeout_s=600, in_flight_max=1, interrupted=interrupted)
    flags = (*flags_of(settings), "--drain-s", "0.2")
    with DaemonProcess(tmp_path / "store", flags=flags) as daemon:
        with agent_memory.connect(daemon.address) as memory:
            tell(memory, "We paint the boat house blue.", session="a", time_ms=MONDAY_MS)
            eventually(lambda: server.calls)
        ended = daemon.stop()
    with DaemonProcess(tmp_path / "store", flags=flags) as daemon, agent_memory.connect(daemon.address) as memory:
        status = settled(memory, 5)

    assert 0 == ended
    assert 1 == status.interrupted_today
    assert (4 + sent_again, 1 - sent_again) == (status.worded, status.set_aside)
    assert 5 + sent_again == len(server.calls)
    assert 5 == len({call.digest for call in server.calls})


@pytest.mark.slow
def test_wording_is_controlled_from_the_command_line(server: LanguageModelServer, tmp_path: Path) -> None:
    """What it would take and send is told before; what was set aside is named, and asked about again."""
    settings = settings_of(server, tmp_path, quiet_min=10_000, usd_per_million_in=1, usd_per_million_out=2)
    with (
        DaemonProcess(tmp_path / "store", flags=flags_of(settings)) as daemon,
        agent_memory.connect(daemon.address) as memory,
    ):
        # Said just now: no daemon words it unasked.
        now_ms = time.time_ns() // 1_000_000
        position = tell(memory, "We paint the boat house blue.", session="a", time_ms=now_ms)
        memory.wait_for(["toc"], position)
        today = datetime.fromtimestamp(now_ms / 1000, UTC).date().isoformat()
        (segment,) = [one.id for one in memory.children(f"day/{today}").items]
        code, estimate = run(daemon, "summarise", "--dry-run")
        _, preview = run(daemon, "summarise", "--node", segment, "--preview")
        unsent = len(server.calls)
        server.will(BLOCK, BLOCK, BLOCK)
        first, refused = run(daemon, "summarise", "--node", segment)
        _, aside = run(daemon, "summaries", "set-aside")
        second, mended = run(daemon, "summaries", "set-aside", "--retry")
        _, whole = run(daemon, "summarise")
        server.answer = lambda system, user: minutes_of(system, user).replace('"title": "', '"title": "Again: ')
        _, again = run(daemon, "summarise", "--node", segment, "--resummarise")
        _, versions = run(daemon, "summaries", "versions", segment)
        unknown, error = run(daemon, "summarise", "--node", "day/1999-01-01")
        _, status = run(daemon, "summaries", "status")

    assert (0, 5, 0) == (code, estimate["estimate"]["nodes"], unsent)
    assert estimate["estimate"]["usd_max"] > 0
    assert [preview["calls"][0]["user"]] == list({call.asked.user for call in server.calls[:4] if call.asked})
    assert (0, 0, 1) == (first, refused["verdict"]["worded"], refused["verdict"]["set_aside"])
    assert [(segment, "segment")] == [(node["node"], node["level"]) for node in aside["nodes"]]
    assert aside["nodes"][0]["refusal"].endswith("3 times")
    assert (0, 1) == (second, mended["verdict"]["worded"])
    assert (4, 0) == (whole["verdict"]["worded"], whole["verdict"]["left"])
    assert 1 == again["verdict"]["worded"]
    assert versions["versions"][0]["title"].startswith("Again: We paint")
    assert versions["versions"][1]["title"].startswith("We paint")
    assert (1, "UNKNOWN_NODE") == (unknown, error["reason"])
    assert status["today"]["usd"] > 0
