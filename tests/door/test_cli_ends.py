"""How commands end: no daemon, a store in use, interrupts at any instant, settings that cannot be used."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from agent_memory.testing.daemon import DaemonProcess
from agent_memory.testing.waiting import eventually
from tests.door.command_line import CONVERSATION, SECRET, Line, hit_of

pytestmark = pytest.mark.usefixtures("without_model")


def test_without_a_daemon_a_command_says_how_to_start_one(tmp_path: Path) -> None:
    run = Line(tmp_path, "--address", "127.0.0.1:1")
    told, as_json = run("status"), run("status", "--json")

    assert (3, 3, "DAEMON_UNAVAILABLE") == (told.code, as_json.code, as_json.error["reason"])
    assert "agent-memory serve" in told.notes


def test_a_reading_command_creates_no_store(tmp_path: Path) -> None:
    run = Line(tmp_path, "--store", str(tmp_path / "none"))
    told = run("toc", "--json")

    assert (1, "UNKNOWN_STORE") == (told.code, told.error["reason"])
    assert not (tmp_path / "none").exists()


def test_a_store_in_use_names_its_owner(daemon: DaemonProcess, tmp_path: Path) -> None:
    told = Line(tmp_path, "--store", str(daemon.store))("status", "--json")

    assert (3, "STORE_LOCKED") == (told.code, told.error["reason"])
    assert daemon.address in told.error["message"]


def begin_ingest(run: Line, store: Path, *flags: str, ignored: bool = False) -> subprocess.Popen[bytes]:
    """An ingest whose input stays open, once the store is there."""
    # What this test run inherited must not matter: it ignores interrupts if a script started it with `&`.
    meant = signal.SIG_IGN if ignored else signal.SIG_DFL
    process = run.start(
        "ingest",
        "-",
        *flags,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, meant),
    )
    assert process.stdin is not None
    process.stdin.write(CONVERSATION)
    process.stdin.flush()
    # The lines are recorded as they come, so the log grows while the input stays open.
    eventually(lambda: list(store.glob("rows/*.log")))
    return process


def test_an_interrupted_ingest_ends_at_once_and_keeps_what_was_acknowledged(tmp_path: Path) -> None:
    run = Line(tmp_path, "--store", str(tmp_path / "store"))
    process = begin_ingest(run, tmp_path / "store")
    process.send_signal(signal.SIGINT)
    # Its input is still open: it does not wait for that to end.
    process.wait(60)
    _, notes = process.communicate()

    assert 130 == process.returncode
    assert b"Traceback" not in notes
    told = run("status", "--json")
    assert told.data["event_count"] in (0, 4)


def test_an_interrupted_ingest_tells_a_program_how_far_it_came(tmp_path: Path) -> None:
    run = Line(tmp_path, "--store", str(tmp_path / "store"))
    process = begin_ingest(run, tmp_path / "store", "--json")
    process.send_signal(signal.SIGINT)
    process.wait(60)
    answer, _ = process.communicate()
    envelope = json.loads(answer)

    assert "INTERRUPTED" == envelope["error"]["code"]
    # The store was there; the reading may not have begun.
    assert envelope["data"] is None or envelope["data"]["complete"] is False


def test_a_job_in_the_background_of_a_script_is_out_of_reach_of_an_interrupt(tmp_path: Path) -> None:
    """As the shell wants it, which starts such a job with interrupts ignored."""
    run = Line(tmp_path, "--store", str(tmp_path / "store"))
    process = begin_ingest(run, tmp_path / "store", "--json", ignored=True)
    process.send_signal(signal.SIGINT)
    answer, _ = process.communicate(timeout=60)

    assert (0, 4) == (process.returncode, json.loads(answer)["data"]["created"])


def test_an_interrupt_while_the_command_is_still_loading_is_no_traceback(tmp_path: Path) -> None:
    code = """
import os, signal, sys

class Interrupting:
    def find_spec(self, name, *_):
        if name == "click":
            os.kill(os.getpid(), signal.SIGINT)

signal.signal(signal.SIGINT, signal.default_int_handler)
sys.meta_path.insert(0, Interrupting())
from agent_memory.cli import main
main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60)

    assert (130, b"") == (done.returncode, done.stderr)


@pytest.mark.slow
def test_an_interrupt_at_any_instant_keeps_what_was_acknowledged_and_is_no_traceback(tmp_path: Path) -> None:
    seed = int(os.environ.get("AGENT_MEMORY_TEST_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 30)
    print(f"AGENT_MEMORY_TEST_SEED={seed}")
    chance = random.Random(seed)
    for number in range(60):
        store = tmp_path / str(number)
        run = Line(tmp_path, "--store", str(store))
        process = begin_ingest(run, store, "--json")
        # Half of them come to the end of the input, and wait for the views or are gone before the interrupt.
        if number % 2:
            assert process.stdin is not None
            process.stdin.close()
            process.stdin = None
        with suppress(subprocess.TimeoutExpired):
            process.wait(chance.uniform(0.0, 1.0))
        process.send_signal(signal.SIGINT)
        process.wait(60)
        answer, notes = process.communicate()
        told = json.loads(answer)

        # Once everything is told, an interrupt comes too late: the interpreter is already leaving.
        complete = told["error"] is None
        assert process.returncode in ((0, -signal.SIGINT) if complete else (130,)), (number, notes)
        assert b"Traceback" not in notes, (number, notes)
        kept = run("status", "--json").data["event_count"]
        acknowledged = told["data"]["created"] if told["data"] else 0
        assert acknowledged <= kept <= 4, number
        assert not complete or kept == 4, number


def test_serve_says_at_once_that_search_is_by_keyword_only(tmp_path: Path) -> None:
    run = Line(tmp_path)
    flags = ("--store", str(tmp_path / "store"), "--address", "127.0.0.1:0", "--model", str(tmp_path / "nope"))
    process = run.start("serve", *flags, "--mcp-address", "", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    lines = [process.stdout.readline().decode() for _ in range(2)]
    process.send_signal(signal.SIGINT)
    _, log = process.communicate(timeout=60)

    assert lines[0].startswith("Serving ")
    assert f"Search is by keyword only: {tmp_path / 'nope'} (from --model) does not exist." in lines[1]
    assert f"agent-memory model install --to {tmp_path / 'nope'}`" in lines[1]
    assert ("warning", str(tmp_path / "nope")) in [
        (entry["level"], entry.get("model")) for entry in map(json.loads, log.splitlines())
    ]


def test_serve_ends_well_on_an_interrupt_and_logs_no_text(tmp_path: Path) -> None:
    with DaemonProcess(tmp_path / "store", flags=("--log-level", "debug", "--log-format", "json")) as daemon:
        run = Line(tmp_path, "--address", daemon.address)
        assert 0 == run("ingest", "-", "--wait", stdin=CONVERSATION).code
        assert hit_of(run)
        os.kill(daemon.pid, signal.SIGINT)
        code = daemon.stop()
        log = daemon.log

    assert 0 == code
    assert "serving" in [json.loads(entry)["event"] for entry in log.splitlines()]
    assert SECRET not in log
    assert not re.search("crates|lids", log)


@pytest.mark.parametrize(
    ("flags", "field"),
    [
        (("--address", "0.0.0.0:7433"), "address"),
        (("--segment-gap-min", "0"), "segment_gap_min"),
        (("--time-zone", "Nowhere/Land"), "time_zone"),
        (("--config", "/nowhere.toml"), "config"),
        (("--otlp-endpoint", "somewhere"), "otlp_endpoint"),
    ],
)
def test_serve_refuses_settings_that_cannot_be_used(tmp_path: Path, flags: tuple[str, ...], field: str) -> None:
    told = Line(tmp_path)("serve", "--store", str(tmp_path / "store"), "--json", *flags)

    assert (2, field) == (told.code, told.error["field"])
    assert not (tmp_path / "store").exists()
