"""Opening a store: its manifest, its zone, its one owner."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import tzlocal

from agent_memory.errors import Closed, Corrupt, DiskFull, InvalidConfig, StorageUnavailable, StoreLocked, UnknownFormat
from agent_memory.storage import Family, RocksRows, UnknownStore, open_store, store_free_bytes

HOLDER = """
import sys
from agent_memory.storage import open_store
with open_store(sys.argv[1], time_zone="UTC") as store:
    store.announce("127.0.0.1:4711")
    print("open", flush=True)
    sys.stdin.read()
"""


def test_a_new_store_takes_the_zone_that_is_given_and_keeps_it(tmp_path: Path) -> None:
    with open_store(tmp_path / "store", time_zone="Europe/Berlin") as store:
        created = store.manifest
    with open_store(tmp_path / "store") as store:
        assert created == store.manifest
        assert ("Europe/Berlin", 1) == (store.manifest.time_zone, store.manifest.format)


def test_a_new_store_takes_the_machines_zone_otherwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tzlocal.get_localzone_name()  # whoever asked before must not decide
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    with open_store(tmp_path / "store") as store:
        assert "Asia/Tokyo" == store.manifest.time_zone


def test_another_zone_is_refused_with_a_way_out(tmp_path: Path) -> None:
    open_store(tmp_path / "store", time_zone="Europe/Berlin").close()
    with pytest.raises(InvalidConfig, match="Europe/Berlin") as caught:
        open_store(tmp_path / "store", time_zone="UTC")

    assert "time_zone" == caught.value.field
    assert "set it to Europe/Berlin" in caught.value.hint


@pytest.mark.parametrize("zone", ["Nowhere/Else", "../etc/passwd", "CET+1 ", "\x00"])
def test_a_zone_that_does_not_exist_creates_nothing(tmp_path: Path, zone: str) -> None:
    with pytest.raises(InvalidConfig, match="no IANA time zone"):
        open_store(tmp_path / "store", time_zone=zone)

    assert not (tmp_path / "store").exists()


def test_the_folder_is_for_its_owner_alone(tmp_path: Path) -> None:
    with open_store(tmp_path / "deep" / "store"):
        mode = stat.S_IMODE((tmp_path / "deep" / "store").stat().st_mode)

    assert 0o700 == mode


def test_a_newer_format_is_refused_and_nothing_is_touched(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    folder.mkdir()
    (folder / "store.json").write_text('{"format": 3, "zone": {"of": "another shape"}}')
    with pytest.raises(UnknownFormat) as caught:
        open_store(folder)

    assert (3, 2) == (caught.value.found, caught.value.supported)
    assert [folder / "store.json"] == list(folder.iterdir())


def test_a_store_is_of_the_first_format_until_it_holds_an_answer(tmp_path: Path) -> None:
    """So that the release before, which knows of no answers, opens what it can read, and refuses the rest by name."""
    with open_store(tmp_path, time_zone="UTC") as store:
        before = json.loads((tmp_path / "store.json").read_text())
        store.admit_answers()
        store.admit_answers()
        lifted = store.manifest
    with open_store(tmp_path, read_only=True) as store:
        store.admit_answers()
        found = store.manifest

    assert lifted == found
    assert before | {"format": 2} == json.loads((tmp_path / "store.json").read_text())
    assert 1 == before["format"]


def test_a_store_that_is_read_only_admits_no_answers(tmp_path: Path) -> None:
    open_store(tmp_path, time_zone="UTC").close()
    with open_store(tmp_path, read_only=True) as store, pytest.raises(StorageUnavailable, match="read only"):
        store.admit_answers()

    assert '"format": 1' in (tmp_path / "store.json").read_text()


def test_a_manifest_that_cannot_be_written_costs_the_answer_and_not_the_store(tmp_path: Path) -> None:
    with open_store(tmp_path, time_zone="UTC") as store:
        (tmp_path / "store.json.tmp").mkdir()
        with pytest.raises(StorageUnavailable, match="manifest"):
            store.admit_answers()
        (tmp_path / "store.json.tmp").rmdir()
        store.admit_answers()

        assert 2 == store.manifest.format


@pytest.mark.parametrize("text", ["", "{", '{"format": "one"}', '{"format": 1}', "[]"])
def test_a_broken_manifest_is_corrupt(tmp_path: Path, text: str) -> None:
    folder = tmp_path / "store"
    folder.mkdir()
    (folder / "store.json").write_text(text)
    with pytest.raises(Corrupt, match=r"store\.json"):
        open_store(folder)


def test_rows_without_a_manifest_are_corrupt(tmp_path: Path) -> None:
    open_store(tmp_path / "store", time_zone="UTC").close()
    (tmp_path / "store" / "store.json").unlink()
    with pytest.raises(Corrupt, match=r"no store\.json"):
        open_store(tmp_path / "store")


def test_a_manifest_that_a_crash_left_half_written_is_written_again(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    folder.mkdir()
    (folder / "store.json.tmp").write_text('{"form')
    with open_store(folder, time_zone="UTC") as store:
        assert json.loads((folder / "store.json").read_text())["created_ms"] == store.manifest.created_ms


def test_a_path_that_cannot_be_a_folder_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageUnavailable, match="cannot be opened"):
        open_store(tmp_path / "file" / "store")


def test_a_second_opener_is_told_who_holds_the_store(tmp_path: Path) -> None:
    """A real second process."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "store")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert "open\n" == holder.stdout.readline()
    for read_only in (False, True):
        with pytest.raises(StoreLocked) as caught:
            open_store(tmp_path / "store", read_only=read_only)
        assert f"process {holder.pid} at 127.0.0.1:4711" == caught.value.holder
    holder.kill()
    holder.communicate()

    # The lock dies with its holder.
    open_store(tmp_path / "store").close()


def test_the_same_process_cannot_open_it_twice_either(tmp_path: Path) -> None:
    with open_store(tmp_path / "store", time_zone="UTC"), pytest.raises(StoreLocked, match=f"process {os.getpid()}"):
        open_store(tmp_path / "store")


def test_readers_share_a_store_and_change_nothing(tmp_path: Path) -> None:
    with open_store(tmp_path / "store", time_zone="UTC") as store:
        batch = store.rows.batch()
        batch.put(Family.VIEWS, b"k", b"v")
        store.rows.write(batch, durable=True)
    with open_store(tmp_path / "store", read_only=True) as one, open_store(tmp_path / "store", read_only=True) as two:
        assert b"v" == one.rows.get(Family.VIEWS, b"k") == two.rows.get(Family.VIEWS, b"k")
        with pytest.raises(StorageUnavailable, match="read only"):
            one.rows.write(one.rows.batch())
        with pytest.raises(StoreLocked):
            open_store(tmp_path / "store")
    open_store(tmp_path / "store").close()


def test_a_reader_creates_no_store(tmp_path: Path) -> None:
    with pytest.raises(UnknownStore, match="no store"):
        open_store(tmp_path / "store", read_only=True)

    assert [] == list(tmp_path.iterdir())


def test_rows_survive_reopening_and_closing_twice(tmp_path: Path) -> None:
    with open_store(tmp_path / "store", time_zone="UTC") as store:
        batch = store.rows.batch()
        batch.put(Family.GRIPS, b"k", b"v")
        store.rows.write(batch)
        store.close()
    with open_store(tmp_path / "store") as store:
        assert b"v" == store.rows.get(Family.GRIPS, b"k")
    with pytest.raises(Closed):
        store.rows.get(Family.GRIPS, b"k")


def test_durable_writes_end_at_the_reserve_and_go_on_when_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the engine is touched; without a restart."""
    rows = RocksRows(tmp_path / "rows", disk_reserve_bytes=1000)
    free = 1000
    monkeypatch.setattr("agent_memory.storage.rocks.store_free_bytes", lambda _: free)
    write(rows, b"fits")
    free = 999
    with pytest.raises(DiskFull) as caught:
        write(rows, b"does not")
    assert (999, 1000) == (caught.value.free_bytes, caught.value.needed_bytes)
    assert rows.get(Family.VIEWS, b"does not") is None
    free = 1000
    write(rows, b"fits again")
    rows.close()


def test_free_bytes_are_those_of_the_disk(tmp_path: Path) -> None:
    stat_ = os.statvfs(tmp_path)

    assert stat_.f_bavail * stat_.f_frsize == pytest.approx(store_free_bytes(tmp_path), rel=0.05)


def write(rows: RocksRows, key: bytes) -> None:
    batch = rows.batch()
    batch.put(Family.VIEWS, key, b"")
    rows.write(batch, durable=True)
