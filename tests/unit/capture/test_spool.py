"""The spool's folder: where it is, what is in it, and what becomes of a file that is not whole."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from agent_memory.capture import hook, policy, spool
from agent_memory.config import Config, load_config


def envelope(payload: str, *, at_ns: int = 1_768_478_400_000_000_000) -> spool.Envelope:
    return spool.Envelope(
        id=spool.new_id(at_ns), agent="codex", received_ms=at_ns // 1_000_000, cwd="/w", payload=payload
    )


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"AGENT_MEMORY_SPOOL": "/elsewhere/spool"},
        {"AGENT_MEMORY_STORE": "/elsewhere/store"},
        {"AGENT_MEMORY_STORE": "/elsewhere/work"},
        {"AGENT_MEMORY_STORE": "/elsewhere/work", "AGENT_MEMORY_SPOOL": "/here"},
    ],
)
def test_hook_and_settings_agree_where_the_spool_is(
    environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    config = load_config(environ=environ)

    assert str(config.spool) == spool.spool_of({"XDG_DATA_HOME": str(tmp_path), **environ})


def test_a_hook_follows_the_pointer_to_the_spool_in_use(tmp_path: Path) -> None:
    default = tmp_path / "agent-memory" / "spool"
    environ = {"XDG_DATA_HOME": str(tmp_path)}
    default.mkdir(parents=True)
    (default / "elsewhere").write_text("/in/use\n")

    assert "/in/use" == spool.spool_of(environ)
    (default / "elsewhere").write_text("not a path\n")
    assert str(default) == spool.spool_of(environ)


def test_each_store_has_a_spool_of_its_own() -> None:
    stores = [Path("/a/store"), Path("/a/work"), Path("/b/store")]

    assert [Path("/a/spool"), Path("/a/work-spool"), Path("/b/spool")] == [Config(store=s).spool for s in stores]


def test_one_word_guards_our_own_work() -> None:
    assert policy.GUARD_VARIABLE == hook._GUARD_VARIABLE


@pytest.mark.parametrize("payload", ["", "{}", "two\nlines\r\n", "\x00\ud800\ufeff", "ü" * 100_000])
def test_an_envelope_comes_out_as_it_went_in(tmp_path: Path, payload: str) -> None:
    given = envelope(payload)
    spool.put(str(tmp_path), given)
    (name,) = spool.waiting(str(tmp_path))

    read = spool.read(str(tmp_path), name)

    assert (given.id, "codex", given.received_ms, "/w", payload) == (
        read.id,
        read.agent,
        read.received_ms,
        read.cwd,
        read.payload,
    )


@pytest.mark.parametrize("damage", [b"", b"\n", b"{}\n", b"[1]\n", b'{"id": 1}\nxx', b"\xff\xfe\x00", b"[" * 9999])
def test_any_other_file_is_torn(tmp_path: Path, damage: bytes) -> None:
    spool.make(str(tmp_path))
    (tmp_path / "waiting" / "x").write_bytes(damage)

    with pytest.raises(spool.Torn):
        spool.read(str(tmp_path), "x")


def put_a_pipe(path: Path) -> None:
    os.mkfifo(path)


def put_a_link(path: Path) -> None:
    path.symlink_to("/dev/zero")


def put_a_folder(path: Path) -> None:
    path.mkdir()


def put_too_much(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


THINGS = (put_a_pipe, put_a_link, put_a_folder, put_too_much)


@pytest.mark.parametrize("put_there", THINGS)
def test_whatever_else_lies_there_is_not_waited_for(tmp_path: Path, put_there: Callable[[Path], None]) -> None:
    spool.make(str(tmp_path))
    put_there(tmp_path / "waiting" / "x")

    with pytest.raises((spool.Torn, OSError)):
        spool.read(str(tmp_path), "x")


@pytest.mark.parametrize("name", ["x", "x" * 255, "ü" * 127, "\udcff"])
def test_what_is_set_aside_has_its_reason_beside_it_whatever_its_name(tmp_path: Path, name: str) -> None:
    spool.make(str(tmp_path))
    for n in range(2):
        put_a_folder(tmp_path / "waiting" / name)
        (tmp_path / "waiting" / name / "something").touch()
        spool.refuse(str(tmp_path), name, f"is no file {n}")
    aside = spool.refused(str(tmp_path))

    assert [] == spool.waiting(str(tmp_path))
    assert 2 == len(aside)
    assert {"is no file 0\n", "is no file 1\n"} == {(tmp_path / "refused" / f"{one}.why").read_text() for one in aside}


def test_where_no_home_is_known_there_is_no_spool(monkeypatch: pytest.MonkeyPatch) -> None:
    """And no folder called `~` in whatever project the agent works in."""

    def unknown(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("pwd.getpwuid", unknown)

    with pytest.raises(spool.NoHome):
        spool.spool_of({})
    assert "/named" == spool.spool_of({"AGENT_MEMORY_SPOOL": "/named"})


def test_a_data_folder_that_is_relative_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be another one in each project."""
    monkeypatch.setenv("HOME", str(tmp_path))

    assert spool.spool_of({}) == spool.spool_of({"XDG_DATA_HOME": "data"})


def test_a_spool_is_full_by_count_as_by_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "FILES_MAX", 3)
    for n in range(3):
        spool.put(str(tmp_path), envelope("x", at_ns=n))

    with pytest.raises(spool.SpoolFull):
        spool.put(str(tmp_path), envelope("x"))
    monkeypatch.setattr(spool, "FILES_MAX", 4)
    monkeypatch.setattr(spool, "BYTES_MAX", 3)
    with pytest.raises(spool.SpoolFull):
        spool.put(str(tmp_path), envelope("x"))
    spool.remove(str(tmp_path), spool.waiting(str(tmp_path))[0])
    spool.put(str(tmp_path), envelope("x"))

    assert 3 == len(spool.waiting(str(tmp_path)))
    assert [] == list((tmp_path / "writing").iterdir())


def test_what_killed_hooks_left_is_removed_and_what_is_being_written_is_not(tmp_path: Path) -> None:
    spool.make(str(tmp_path))
    (tmp_path / "writing" / "left").write_text("half")
    age_s = (tmp_path / "writing" / "left").stat().st_mtime

    assert 0 == spool.clear_torn(str(tmp_path), before_s=age_s)
    assert 1 == spool.clear_torn(str(tmp_path), before_s=age_s + 1)


def test_a_spool_that_is_not_there_yet_is_empty(tmp_path: Path) -> None:
    folder = str(tmp_path / "none")

    assert ([], [], 0, 0) == (
        spool.waiting(folder),
        spool.refused(folder),
        spool.lost(folder),
        spool.clear_torn(folder, before_s=1),
    )
    spool.nudge(folder)
    spool.lose(folder, spool.Loss.FULL)
    assert not (tmp_path / "none").exists()
