"""`ingest`: lines of JSON go in, and what is wrong with one is told by its number."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agent_memory.errors import (
    DiskFull,
)
from agent_memory.testing.scripted_memory import (
    status,
    view_status,
)
from tests.unit.cli.door import Door, line

TIME = "2026-01-15T09:00:00Z"


def test_ingest_records_what_a_file_holds(door: Door, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_bytes(line("one", time=TIME) + line("two", time=TIME))
    told = door.run("ingest", str(file))

    assert 0 == told.code
    assert "2 recorded, 0 already there, 0 refused" in told.out
    assert ["one", "two"] == [r.event.text for r in sorted(door.memory.recorded.values(), key=lambda r: r.event.id)]


def test_ingesting_a_file_twice_adds_nothing(door: Door) -> None:
    data = line("one", time=TIME) + line("one", time=TIME) + line("three", time=TIME)
    first = door.run("ingest", "-", "--json", stdin=data).data
    second = door.run("ingest", "-", "--json", stdin=data).data

    assert (3, 0) == (first["created"], first["already_there"])
    assert (0, 3) == (second["created"], second["already_there"])


def test_a_bad_line_is_reported_by_number_and_the_rest_goes_in(door: Door) -> None:
    data = line("one", time=TIME) + b"{oops\n" + line("", time=TIME) + line("four", time=TIME)
    told = door.run("ingest", "-", stdin=data)

    assert 1 == told.code
    assert "line 2: is not JSON" in told.notes
    assert "line 3: text: is empty" in told.notes
    assert "2 recorded, 0 already there, 2 refused" in told.out
    as_json = door.run("ingest", "-", "--json", stdin=data)
    assert 1 == as_json.code
    assert [2, 3] == [refused["line"] for refused in as_json.data["refused"]]


def test_a_conflict_concerns_its_line_alone(door: Door) -> None:
    id = "01KEZZZZZZ0000000000000000"
    data = line("one", id=id) + line("other", id=id) + line("three", time=TIME)
    told = door.run("ingest", "-", "--json", stdin=data)

    assert (2, [2]) == (told.data["created"], [refused["line"] for refused in told.data["refused"]])


def test_many_lines_go_in_batches(door: Door) -> None:
    data = b"".join(line(f"{n}", time=1_768_474_800_000 + n) for n in range(3001))
    told = door.run("ingest", "-", "--json", stdin=data)
    sizes = [len(arguments["drafts"]) for name, arguments in door.memory.calls if name == "append_batch"]

    assert 3001 == told.data["created"] == sum(sizes)
    assert 500 == max(sizes)


def test_a_store_that_stops_taking_events_ends_the_ingest_and_tells_how_far_it_came(door: Door) -> None:
    door.memory.script = {"append_batch": DiskFull("/store", 1, 2)}
    told = door.run("ingest", "-", "--json", stdin=line(time=TIME))

    assert (3, "DISK_FULL", False, 0) == (
        told.code,
        told.error["reason"],
        told.data["complete"],
        told.data["created"],
    )


def test_many_bad_lines_are_not_all_printed(door: Door) -> None:
    told = door.run("ingest", "-", stdin=b"oops\n" * 100)

    assert "100 refused" in told.out
    assert 21 == len(told.notes.splitlines())


def test_a_file_that_is_not_there_is_wrong_usage(door: Door) -> None:
    told = door.run("ingest", "/nowhere.jsonl", "--json")

    assert (2, "USAGE", "file") == (told.code, told.error["reason"], told.error["field"])


def test_several_files_go_in_one_after_the_other_and_each_is_reported(door: Door, tmp_path: Path) -> None:
    first, last = tmp_path / "first.jsonl", tmp_path / "last.jsonl"
    first.write_bytes(line("one", time=TIME) + b"oops\n")
    last.write_bytes(line("one", time=TIME) + line("three", time=TIME))
    files = (str(first), "-", str(last))
    told = door.run("ingest", *files, stdin=line("two", time=TIME))

    assert 1 == told.code
    assert ["one", "two", "three"] == [r.event.text for r in door.memory.recorded.values()]
    assert [
        f"{first}: 1 recorded, 0 already there, 1 refused",
        "-: 1 recorded, 0 already there, 0 refused",
        f"{last}: 1 recorded, 1 already there, 0 refused",
        "in all: 3 recorded, 1 already there, 1 refused",
    ] == told.out.splitlines()
    assert f"{first}, line 2: is not JSON" in told.notes


def test_several_files_are_told_one_by_one_to_a_program(door: Door, tmp_path: Path) -> None:
    first, last = tmp_path / "first.jsonl", tmp_path / "last.jsonl"
    first.write_bytes(line("one", time=TIME))
    last.write_bytes(b"oops\n" + line("two", time=TIME))
    told = door.run("ingest", str(first), str(last), "--json").data

    assert (True, 2, 1, 2) == (told["complete"], told["created"], told["refused_count"], told["position"])
    assert [(str(last), 1)] == [(refused["file"], refused["line"]) for refused in told["refused"]]
    assert [(str(first), True, 1, 0), (str(last), True, 1, 1)] == [
        (each["file"], each["complete"], each["created"], each["refused_count"]) for each in told["files"]
    ]


def test_lines_are_known_by_their_own_file_whatever_is_read_with_it(door: Door, tmp_path: Path) -> None:
    """So that a file gives the same events alone and among others."""
    files = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    for file in files:
        file.write_bytes(line("same", time=TIME) * 2)
    together = door.run("ingest", *map(str, files), "--json").data
    alone = door.run("ingest", str(files[1]), "--json").data

    assert (2, 2) == (together["created"], together["already_there"])
    assert (0, 2) == (alone["created"], alone["already_there"])


def test_what_fails_half_way_through_the_files_tells_how_far_it_came(door: Door, tmp_path: Path) -> None:
    files = [tmp_path / "first.jsonl", tmp_path / "gone.jsonl"]
    for number, file in enumerate(files):
        file.write_bytes(line(str(number), time=TIME))
    record = door.memory.append_batch

    async def record_and_lose_a_file(drafts: Any) -> Any:
        files[1].unlink()
        return await record(drafts)

    door.memory.append_batch = record_and_lose_a_file  # type: ignore[method-assign]
    told = door.run("ingest", *map(str, files), "--json")

    assert (2, "file") == (told.code, told.error["field"])
    # A long value is told by its beginning.
    assert str(files[1])[:50] in told.error["message"]
    assert (False, 1) == (told.data["complete"], told.data["created"])
    assert [True, False] == [each["complete"] for each in told.data["files"]]


def test_the_standard_input_is_read_once(door: Door) -> None:
    told = door.run("ingest", "-", "-", "--json", stdin=line(time=TIME))

    assert (2, "USAGE") == (told.code, told.error["reason"])
    assert {} == door.memory.recorded


def test_ingest_needs_a_file(door: Door) -> None:
    assert 2 == door.run("ingest").code


def test_ingest_can_wait_for_the_views(door: Door) -> None:
    door.memory.script = {"status": lambda: status(views=(view_status("toc", lag=3),)), "wait_for": None}
    door.run("ingest", "-", "--wait", stdin=line(time=TIME))

    assert ["toc"] == [arguments["views"][0] for name, arguments in door.memory.calls if name == "wait_for"]
