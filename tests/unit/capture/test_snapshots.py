"""Another program's SQLite store is read whole, at one moment, and without a trace."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from agent_memory.capture.histories.snapshots import NoMoment, NoStore, snapshot, tables_of

# Two counters that are equal at every moment, in a log that is moved into the store and begun anew all the time.
WRITER = """
import itertools, sqlite3, sys
store = sqlite3.connect(sys.argv[1], isolation_level=None)
store.execute(f"PRAGMA journal_mode = {sys.argv[2]}")
store.execute("PRAGMA synchronous = off")
store.execute("PRAGMA wal_autocheckpoint = 7")
for n in itertools.count(1):
    store.execute("BEGIN IMMEDIATE")
    store.execute("UPDATE first SET n = ?", (n,))
    store.execute("INSERT INTO rows VALUES (?, randomblob(3000))", (n,))
    store.execute("DELETE FROM rows WHERE n < ?", (n - 40,))
    store.execute("UPDATE last SET n = ?", (n,))
    store.execute("COMMIT")
    if n == 50:
        print("writing", flush=True)
"""


def made(path: Path, *, mode: str) -> sqlite3.Connection:
    """A store in that mode, still open, whose last row is in the log alone where there is one."""
    store = sqlite3.connect(path, isolation_level=None)
    store.execute(f"PRAGMA journal_mode = {mode}")
    store.execute("CREATE TABLE said (words TEXT)")
    store.execute("INSERT INTO said VALUES ('first')")
    store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store.execute("INSERT INTO said VALUES ('last')")
    return store


def seen(path: Path) -> list[str]:
    with snapshot(path) as store:
        return [words for (words,) in store.execute("SELECT words FROM said ORDER BY rowid")]


def trace(folder: Path) -> dict[str, tuple[str, int, int]]:
    """Every file of a folder: its bytes, when it was written, and when it or its name was changed."""
    found = {}
    for path in sorted(folder.iterdir()):
        stat = path.stat()
        found[path.name] = (hashlib.sha256(path.read_bytes()).hexdigest(), stat.st_mtime_ns, stat.st_ctime_ns)
    return {**found, ".": ("", folder.stat().st_mtime_ns, folder.stat().st_ctime_ns)}


@pytest.mark.parametrize("mode", ["wal", "delete", "persist", "truncate"])
def test_a_store_in_use_is_read_without_a_trace(tmp_path: Path, mode: str) -> None:
    """No byte, no time and no file beside it is another one afterwards; what is in the log only is seen."""
    folder = tmp_path / "theirs"
    folder.mkdir()
    with closing(made(folder / "a.db", mode=mode)):
        before = trace(folder)

        assert ["first", "last"] == seen(folder / "a.db")
        assert before == trace(folder)


def test_a_log_without_its_index_stays_alone(tmp_path: Path) -> None:
    """As it lies after a crash: SQLite itself would make a `-shm` file to read it, and then remove both."""
    folder = tmp_path / "theirs"
    folder.mkdir()
    with closing(made(tmp_path / "a.db", mode="wal")):
        for name in ("a.db", "a.db-wal"):
            (folder / name).write_bytes((tmp_path / name).read_bytes())
    before = trace(folder)

    assert ["first", "last"] == seen(folder / "a.db")
    assert before == trace(folder)


def test_a_store_in_wal_mode_that_is_closed_gets_no_log(tmp_path: Path) -> None:
    """SQLite's read-only mode makes one, where it may."""
    folder = tmp_path / "theirs"
    folder.mkdir()
    made(folder / "a.db", mode="wal").close()
    before = trace(folder)

    assert ["first", "last"] == seen(folder / "a.db")
    assert before == trace(folder)


def test_a_folder_that_cannot_be_written_can_be_read(tmp_path: Path) -> None:
    """With a log in it, too."""
    folder = tmp_path / "theirs"
    folder.mkdir()
    with closing(made(folder / "a.db", mode="wal")):
        for path in folder.iterdir():
            path.chmod(0o400)
        folder.chmod(0o500)
        try:
            assert ["first", "last"] == seen(folder / "a.db")
        finally:
            folder.chmod(0o700)


def test_what_was_broken_off_is_taken_back(tmp_path: Path) -> None:
    """A journal beside the store belongs to a change that never happened."""
    folder = tmp_path / "theirs"
    folder.mkdir()
    with closing(made(tmp_path / "a.db", mode="delete")) as store:
        store.execute("PRAGMA cache_size = 1")
        store.execute("BEGIN")
        store.execute("UPDATE said SET words = 'never' || hex(randomblob(4000))")
        store.execute("PRAGMA cache_spill = on")
        store.executemany("INSERT INTO said VALUES (hex(randomblob(3000)))", [()] * 50)
        for name in ("a.db", "a.db-journal"):
            (folder / name).write_bytes((tmp_path / name).read_bytes())
        store.execute("ROLLBACK")

    assert ["first", "last"] == seen(folder / "a.db")


def test_a_link_leads_to_the_log_beside_what_it_names(tmp_path: Path) -> None:
    """As SQLite itself has it."""
    (tmp_path / "link.db").symlink_to(tmp_path / "a.db")
    with closing(made(tmp_path / "a.db", mode="wal")):
        assert ["first", "last"] == seen(tmp_path / "link.db")


@pytest.fixture(params=["wal", "delete"])
def written(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A store that another process writes as fast as it can."""
    path = tmp_path / "busy.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as store:
        store.execute("CREATE TABLE rows (n INTEGER, filler BLOB)")
        for table in ("first", "last"):
            store.execute(f"CREATE TABLE {table} (n INTEGER)")
            store.execute(f"INSERT INTO {table} VALUES (0)")
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(path), request.param], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert b"writing\n" == process.stdout.readline()
    try:
        yield path
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_store_that_is_being_written_is_seen_at_one_moment(written: Path) -> None:
    """Never half of a commit, nor a damaged page, nor an older state than before."""
    moments: list[int] = []
    no_moments = 0
    until = time.monotonic() + 20
    while len(moments) < 25 and time.monotonic() < until:
        try:
            with snapshot(written) as store:
                (first,), (last,) = (store.execute(f"SELECT n FROM {name}").fetchone() for name in ("first", "last"))
                kept = store.execute("SELECT count(*), max(n) FROM rows").fetchone()
                assert [("ok",)] == store.execute("PRAGMA integrity_check").fetchall()
        except NoMoment:
            no_moments += 1
            continue
        moments.append(first)
        assert (first, (min(41, first), first)) == (last, kept)

    assert sorted(moments) == moments
    assert moments or no_moments > 3


def test_its_writer_is_not_held_up(written: Path) -> None:
    """It goes on while a copy is open, and was refused nothing: it would have ended."""

    def count() -> int:
        with closing(sqlite3.connect(written, timeout=10)) as store:
            return int(store.execute("SELECT n FROM last").fetchone()[0])

    for _ in range(5):
        try:
            with snapshot(written):
                before = count()
                deadline = time.monotonic() + 10
                while count() == before and time.monotonic() < deadline:
                    pass

                assert count() > before
        except NoMoment:
            continue


def test_a_writer_that_never_pauses_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The copy is thrown away as often as it is not of one moment, and not for ever."""
    made(tmp_path / "a.db", mode="delete").close()
    copied: list[Path] = []

    def copyfile(source: Path, target: Path) -> None:
        target.write_bytes(source.read_bytes())
        copied.append(source)
        os.utime(tmp_path / "a.db", ns=(len(copied), len(copied)))

    monkeypatch.setattr(shutil, "copyfile", copyfile)
    with pytest.raises(NoMoment, match="was changed each of the 8 times"), snapshot(tmp_path / "a.db"):
        pass

    assert 8 == copied.count(tmp_path / "a.db")


def test_what_is_no_store_is_refused(tmp_path: Path) -> None:
    """Whatever it is; and a file that is not there is another matter."""
    (tmp_path / "text.db").write_text("said " * 1000)
    (tmp_path / "half.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 3000)
    for name in ("text.db", "half.db"):
        with pytest.raises(NoStore), snapshot(tmp_path / name):
            pass
    with pytest.raises(FileNotFoundError), snapshot(tmp_path / "none.db"):
        pass


def test_a_copy_cannot_be_written_and_does_not_stay(tmp_path: Path) -> None:
    """Not even by mistake."""
    made(tmp_path / "a.db", mode="wal").close()
    with snapshot(tmp_path / "a.db") as store:
        (_, _, copy) = store.execute("PRAGMA database_list").fetchone()
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            store.execute("INSERT INTO said VALUES ('ours')")

        assert {"said": ("words",)} == tables_of(store)
        assert 0 == Path(copy).parent.stat().st_mode & 0o077
    assert not Path(copy).parent.exists()


def test_text_that_is_no_utf_8_is_text_all_the_same(tmp_path: Path) -> None:
    """Its broken bytes are replaced."""
    with closing(made(tmp_path / "a.db", mode="delete")) as store:
        store.execute("INSERT INTO said VALUES (CAST(x'61ff62' AS TEXT))")

    assert "a\ufffdb" == seen(tmp_path / "a.db")[-1]
