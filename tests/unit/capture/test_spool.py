"""The spool's folder: where it is, what is in it, and what becomes of a file that is not whole."""

from __future__ import annotations

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
