"""Every command against a real daemon and against a store of its own, for people and as JSON."""

from __future__ import annotations

import subprocess

import pytest

from agent_memory.events import EventLimits
from agent_memory.samples import paths
from agent_memory.testing.daemon import DaemonProcess
from tests.door.command_line import CONVERSATION, SECRET, Line, hit_of, line


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


def test_a_reader_that_leaves_early_is_no_error(run: Line) -> None:
    process = run.start("toc", "--bullets", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    notes = process.stderr.read()
    process.stderr.close()

    assert (0, b"") == (process.wait(60), notes)
