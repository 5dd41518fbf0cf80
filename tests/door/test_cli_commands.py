"""Every command against a real daemon and against a store of its own, for people and as JSON."""

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
from typing import Any

import msgspec
import pytest

from agent_memory.events import EventLimits
from agent_memory.samples import paths
from agent_memory.testing.daemon import DaemonProcess
from agent_memory.testing.waiting import eventually

COMMAND = (sys.executable, "-m", "agent_memory.cli")
SECRET = "zirconium-4711"


class Told(msgspec.Struct):
    code: int
    out: str
    notes: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)["data"]

    @property
    def error(self) -> Any:
        return json.loads(self.out)["error"]


class Line:
    """A command line with an address or a store."""

    def __init__(self, folder: Path, *where: str) -> None:
        self._where = where
        self._environ = {
            **os.environ,
            "XDG_CONFIG_HOME": str(folder),
            "XDG_DATA_HOME": str(folder),
            "AGENT_MEMORY_MODEL": os.environ.get("AGENT_MEMORY_TEST_MODEL", str(folder / "no-model")),
            "AGENT_MEMORY_TIME_ZONE": "Europe/Oslo",
            "COLUMNS": "100",
        }

    def __call__(self, *args: str, stdin: bytes = b"") -> Told:
        rest = args if args[0] in ("model", "config") else (*args, *self._where)
        if "--" in args:
            at = args.index("--")
            rest = (*args[:at], *self._where, *args[at:])
        done = subprocess.run([*COMMAND, *rest], input=stdin, capture_output=True, env=self._environ, timeout=120)
        return Told(done.returncode, done.stdout.decode(), done.stderr.decode())

    def start(self, *args: str, **pipes: Any) -> subprocess.Popen[bytes]:
        return subprocess.Popen([*COMMAND, *args, *self._where], env=self._environ, **pipes)


def line(text: str, time: str | None, **fields: Any) -> bytes:
    values = {"kind": "user_message", "session": "s1", "agent": "a", "project": "p", "text": text, **fields}
    return json.dumps({**values, **({"time": time} if time else {})}).encode() + b"\n"


CONVERSATION = (
    line(f"We decided to label the crates {SECRET}.", "2026-01-15T09:00:00+01:00", speaker="Ann")
    + line("I label them in crates.py.", "2026-01-15T09:00:20+01:00", kind="assistant_message")
    + line("[bold]\x1b[31mred\ud800", "2026-01-15T09:00:40+01:00", kind="tool_result", tool_name="Bash")
    + line("And the lids are blue.", "2026-01-17T10:00:00+01:00", session="s2")
)


@pytest.fixture(scope="module", params=["daemon", "store"])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Line:
    folder = tmp_path_factory.mktemp("cli")
    if request.param == "daemon":
        daemon: DaemonProcess = request.getfixturevalue("daemon")
        run = Line(folder, "--address", daemon.address)
    else:
        run = Line(folder, "--store", str(folder / "store"))
    told = run("ingest", "-", "--wait", "--json", stdin=CONVERSATION)
    assert (0, 4) == (told.code, told.data["created"]), told
    return run


def hit_of(run: Line) -> dict[str, Any]:
    data = run("search", f"what did we decide about {SECRET}", "--json").data
    hit: dict[str, Any] = data["hits"][0]
    return hit


def test_search_finds_what_was_ingested(run: Line) -> None:
    hit = hit_of(run)

    assert ("2026-01-15", "2026-01-15T08:00:00.000Z", "Ann") == (hit["date"], hit["time"], hit["event"]["speaker"])
    told = run("search", SECRET)
    for part in (SECRET, "2026-01-15", "09:00", "Ann", "lexical #1", hit["grip_id"], "Europe/Oslo"):
        assert part in told.out


def test_search_filters(run: Line) -> None:
    def found(*flags: str) -> set[str]:
        return {hit["event"]["text"][:7] for hit in run("search", "crates lids", "--json", *flags).data["hits"]}

    assert "And the" not in found("--until", "2026-01-15")
    assert {"And the"} == found("--from", "2026-01-17") == found("--session", "s2")
    assert set() == found("--agent", "nobody") == found("--project", "none")
    assert {"I label"} == found("--role", "assistant") == found("--kind", "assistant_message")


def test_a_hit_leads_to_its_grip_and_its_neighbours(run: Line) -> None:
    hit = hit_of(run)
    data = run("grip", hit["grip_id"], "--json", "--before", "5", "--after", "1").data
    grip = data["grip"]

    assert hit["excerpt"] == grip["excerpt"] == hit["event"]["text"][grip["start"] : grip["end"]]
    assert ["We deci", "I label"] == [event["text"][:7] for event in data["events"]]
    told = run("grip", hit["grip_id"])
    assert "I label them in crates.py." in told.out
    assert "\x1b" not in told.out
    assert "[bold]␛[31mred\\ud800" in told.out
    assert "I label them in crates.py." in run("show", hit["grip_id"]).out


def test_the_contents_lead_from_the_year_to_the_sentence(run: Line) -> None:
    nodes = run("toc", "--depth", "segment", "--json").data["nodes"]
    levels = []
    while nodes:
        node = next(node for node in nodes if node["start"] <= "2026-01-15T08:00:00.000Z")
        levels.append(node["level"])
        nodes = node["children"]
    events = run("show", node["id"], "--children", "--json").data["events"]

    assert ["year", "month", "week", "day", "segment"] == levels
    assert SECRET in events[0]["text"]
    told = run("toc", "--depth", "segment", "--bullets")
    for part in ("2026", "January 2026", "W03 12-18 Jan", "Thu 15 Jan", "Sat 17 Jan", "09:00", "4 events"):
        assert part in told.out


def test_toc_goes_as_deep_as_asked(run: Line) -> None:
    told = run("toc", "year/2026", "--depth", "month", "--ids")

    assert "month/2026-01" in told.out
    assert "W03" not in told.out


def test_toc_shows_two_levels_below_where_it_starts(run: Line) -> None:
    told, of_a_month = run("toc"), run("toc", "month/2026-01")

    assert "W03 12-18 Jan" in told.out
    assert "Thu 15 Jan" not in told.out
    assert "on with --depth day" in told.out
    assert "Thu 15 Jan" in of_a_month.out
    assert "09:00" not in of_a_month.out


def test_browse_tells_of_every_day(run: Line) -> None:
    days = run("browse", "--json", "--from", "2026-01-14", "--until", "2026-01-17").data["days"]

    assert [0, 3, 0, 1] == [day["event_count"] for day in days]
    told = run("browse", "--from", "2026-01-14", "--until", "2026-01-17")
    assert 2 == told.out.count("nothing recorded")
    one = run("browse", "--from", "2026-01-15", "--until", "2026-01-15")
    assert "3 events in 1 session" in one.out
    assert "nothing recorded" in run("browse", "--from", "2026-01-16", "--until", "2026-01-16").out


def test_show_knows_events_sessions_and_nodes(run: Line) -> None:
    event = hit_of(run)["event"]

    assert event == run("show", event["id"], "--json").data["event"]
    assert SECRET in run("show", event["id"]).out
    session = run("show", "s1", "--json").data
    assert (3, "Europe/Oslo") == (session["session"]["event_count"], session["time_zone"])
    assert "[bold]\x1b[31mred\ud800" == session["events"][2]["text"]
    assert SECRET in run("show", "s1").out
    node = run("show", "day/2026-01-15", "--json").data
    assert "day" == node["node"]["level"]
    assert node["node"]["version"] in node["versions"]
    older = run("show", "day/2026-01-15", "--version", str(node["node"]["version"]), "--json").data
    assert node["node"] == older["node"]
    assert "day/2026-01-15" in run("show", "day/2026-01-15", "--children").out


def test_status_is_healthy(run: Line) -> None:
    told = run("status", "--json")

    assert (0, True) == (told.code, told.data["healthy"])
    assert ["toc", "lexical", "vectors", "catalog", "entities"] == [view["name"] for view in told.data["views"]]
    assert "healthy" in run("status").out


def test_replay_gives_the_same_again(run: Line) -> None:
    told = run("replay", "toc", "catalog", "entities", "--json")

    assert (0, ["toc", "catalog", "entities"]) == (told.code, [verdict["view"] for verdict in told.data["verdicts"]])
    assert all(verdict["identical"] for verdict in told.data["verdicts"])
    assert "✓ lexical" in run("replay", "lexical", "--restart").out


def test_verify_finds_the_store_sound(run: Line) -> None:
    told = run("verify", "--json")

    assert (0, True, []) == (told.code, told.data["sound"], told.data["findings"])
    assert "Sound" in run("verify").out


def test_config_show_and_model_show(run: Line) -> None:
    assert "config.toml" in run("config", "show").out
    assert "address" in {setting["name"] for setting in run("config", "show", "--json").data["settings"]}
    told = run("model", "show", "--json")
    assert (told.code, told.error is None) in {(0, True), (2, False)}


def test_ingesting_again_adds_nothing_and_bad_lines_are_named(run: Line) -> None:
    told = run("ingest", "-", "--json", stdin=CONVERSATION + b"{oops\n" + line("", "2026-01-15T09:00:00Z"))

    assert (1, 0, 4) == (told.code, told.data["created"], told.data["already_there"])
    assert [5, 6] == [refused["line"] for refused in told.data["refused"]]


@pytest.mark.parametrize(
    ("args", "code", "reason"),
    [
        (("show", "01KEZZZZZZ0000000000000000"), 1, "UNKNOWN_EVENT"),
        (("show", "day/1999-01-01"), 1, "UNKNOWN_NODE"),
        (("show", "nobody"), 1, "UNKNOWN_SESSION"),
        (("grip", "01KEZZZZZZ0000000000000000"), 1, "UNKNOWN_GRIP"),
        (("grip", "x"), 2, "INVALID_QUERY"),
        (("replay", "nonsense"), 1, "UNKNOWN_VIEW"),
        (("search", "x", "--limit", "201"), 2, "INVALID_QUERY"),
        (("search", "x", "--from", "2026-02-30"), 2, "INVALID_QUERY"),
        (("browse", "--from", "2026-01-17", "--until", "2026-01-15"), 2, "INVALID_QUERY"),
        (("grip", "x", "--before", "-1"), 2, "INVALID_QUERY"),
        (("toc", "nonsense"), 1, "UNKNOWN_NODE"),
    ],
)
def test_what_cannot_be_answered_says_why(run: Line, args: tuple[str, ...], code: int, reason: str) -> None:
    told = run(*args, "--json")
    human = run(*args)

    assert (code, reason) == (told.code, told.error["reason"])
    assert code == human.code
    assert human.notes.startswith("error: ")
    assert told.error["hint"]
    assert "Traceback" not in human.notes


@pytest.mark.parametrize("query", ["", "AND OR NOT (", '"', "text:*", "\x1b", "😀", "x" * 5000, "--json"])
def test_any_text_is_a_legal_query(run: Line, query: str) -> None:
    assert 0 == run("search", "--json", "--", query).code


def test_the_samples_go_in_whole_and_only_once(run: Line) -> None:
    told = run("ingest", *map(str, paths()), "--json").data
    again = [run("ingest", str(path), "--json").data for path in paths()]

    assert 0 < told["created"] == sum(data["already_there"] for data in again)
    assert [each["created"] for each in told["files"]] == [data["already_there"] for data in again]
    assert 0 == sum(data["created"] for data in again)
    assert 0 == told["refused_count"]


def test_an_event_that_is_too_long_costs_only_itself(run: Line) -> None:
    too_long = "x" * (EventLimits().text_bytes_max + 1)
    data = line("before", "2026-01-18T09:00:00Z") + line(too_long, "2026-01-18T09:00:01Z")
    told = run("ingest", "-", "--json", stdin=data + line("after", "2026-01-18T09:00:02Z"))

    assert (1, 2, [2]) == (told.code, told.data["created"], [refused["line"] for refused in told.data["refused"]])


# -- ends ---------------------------------------------------------------------------------------


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


def test_a_reader_that_leaves_early_is_no_error(run: Line) -> None:
    process = run.start("toc", "--bullets", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    notes = process.stderr.read()
    process.stderr.close()

    assert (0, b"") == (process.wait(60), notes)


def test_serve_says_at_once_that_search_is_by_keyword_only(tmp_path: Path) -> None:
    run = Line(tmp_path)
    flags = ("--store", str(tmp_path / "store"), "--address", "127.0.0.1:0", "--model", str(tmp_path / "nope"))
    process = run.start("serve", *flags, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
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
