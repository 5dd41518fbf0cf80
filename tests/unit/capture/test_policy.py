"""What is ignored and when capture is paused, as the hook reads it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from agent_memory.capture.policy import (
    MARKER_FILE,
    PAUSES_FILE,
    POLICY_FILE,
    Policy,
    expanded,
    pause,
    read_policy,
    resume,
    write_policy,
)

IGNORED = "the folder is ignored"


@pytest.mark.parametrize(
    ("pattern", "folder", "is_ignored"),
    [
        ("/home/me/private", "/home/me/private", True),
        ("/home/me/private", "/home/me/private/deep/down", True),
        ("/home/me/private/", "/home/me/private/", True),
        ("/home/me/private", "/home/me/private2", False),
        ("/home/me/private", "/home/me", False),
        ("/home/me/private/**", "/home/me/private", True),
        ("/home/me/private/**", "/home/me/private/a", True),
        ("/home/*/private", "/home/you/private/a", True),
        ("/home/*/private", "/home/a/b/private", False),
        ("/home/**/private", "/home/a/b/private/c", True),
        ("/home/**/private", "/home/private", True),
        ("**/*-secret", "/srv/app-secret/src", True),
        ("*-secret", "/srv/app-secret/src", True),
        ("*-secret", "/srv/app-secrets", False),
        ("clients/acme", "/srv/clients/acme/web", True),
        ("clients/acme", "/srv/clients/other/acme", False),
        ("/srv/v?", "/srv/v1", True),
        ("/srv/v?", "/srv/v10", False),
        ("/srv/[ab]*", "/srv/beta", True),
        ("/srv/[!ab]*", "/srv/beta", False),
        ("/srv/a.b", "/srv/aXb", False),
        ("/srv/x", "/srv/y/../x/z", True),
        ("/srv/x", "/srv//x/./z", True),
        ("/**", "/anything", True),
        ("/srv/x", "", False),
        ("x", "relative/x", False),
        ("Ä", "/srv/Ä", True),
    ],
)
def test_a_path_is_ignored_with_all_that_is_below_it(pattern: str, folder: str, is_ignored: bool) -> None:
    policy = Policy(ignore_paths=[pattern])

    assert (IGNORED if is_ignored else "") == policy.ignored("codex", folder)


def test_an_agent_is_ignored_wherever_it_works() -> None:
    policy = Policy(ignore_agents=["cursor"])

    assert ("the agent is ignored", "") == (policy.ignored("cursor", ""), policy.ignored("codex", ""))


def test_a_folder_is_ignored_by_the_way_to_it_and_by_where_that_leads(tmp_path: Path) -> None:
    (tmp_path / "real" / "deep").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    by_link = Policy(ignore_paths=expanded([f"{tmp_path}/link/*"]))
    by_place = Policy(ignore_paths=expanded([f"{tmp_path}/real"]))

    assert IGNORED == by_link.ignored("codex", f"{tmp_path}/link/deep")
    assert IGNORED == by_link.ignored("codex", f"{tmp_path}/real/deep")
    assert IGNORED == by_place.ignored("codex", f"{tmp_path}/link/deep")
    assert "" == by_link.ignored("codex", f"{tmp_path}/real")


def test_a_home_is_expanded_when_the_policy_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    write_policy(tmp_path / "spool", ignore_paths=["~/private/**"], ignore_agents=[])
    monkeypatch.setenv("HOME", "/elsewhere")

    assert IGNORED == read_policy(tmp_path / "spool").ignored("codex", f"{tmp_path}/private/x")


def test_a_marker_keeps_its_folder_and_all_below_out(tmp_path: Path) -> None:
    (tmp_path / "repo" / "src").mkdir(parents=True)
    (tmp_path / "other").mkdir()
    (tmp_path / "repo" / MARKER_FILE).touch()
    policy = Policy()

    assert f"the folder has a {MARKER_FILE}" == policy.ignored("codex", f"{tmp_path}/repo/src")
    assert f"the folder has a {MARKER_FILE}" == policy.ignored("codex", f"{tmp_path}/repo/gone/since")
    assert "" == policy.ignored("codex", f"{tmp_path}/other")


@pytest.mark.parametrize("folder", ["/" + "a/" * 500_000, "/" + "a" * 1_000_000, "/a\0b", "/\udc80"])
def test_any_folder_is_looked_at_in_little_time(folder: str) -> None:
    policy = Policy(ignore_paths=["**/a*a*a*a*a*a*b", "/**/a/**/a/**/b", "**/x"])

    assert "" == policy.ignored("codex", folder)


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    write_policy(
        tmp_path / "spool",
        ignore_paths=["/srv/x"],
        ignore_agents=["cursor"],
        inject_agents=["codex"],
        redaction={"level": "all"},
    )
    policy = read_policy(tmp_path / "spool")

    assert [POLICY_FILE] == [file.name for file in (tmp_path / "spool").iterdir()]
    assert 0o600 == (tmp_path / "spool" / POLICY_FILE).stat().st_mode & 0o777
    assert IGNORED == policy.ignored("codex", "/srv/x/y")
    assert (frozenset({"cursor"}), frozenset({"codex"})) == (policy.ignore_agents, policy.inject_agents)
    assert {"level": "all"} == policy.redaction


@pytest.mark.parametrize(
    "damage",
    [
        None,
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b"null",
        b'{"ignore_paths": 7, "redaction": 3}',
        b"[" * 99_999,
    ],
)
def test_a_missing_or_damaged_policy_ignores_nothing_and_reminds_nobody(tmp_path: Path, damage: bytes | None) -> None:
    if damage is not None:
        (tmp_path / POLICY_FILE).write_bytes(damage)
    policy = read_policy(tmp_path)

    assert ("", {}) == (policy.ignored("codex", "/srv"), policy.redaction)
    assert not policy.inject_agents
    assert not policy.paused(0)


# -- pauses ----------------------------------------------------------------------------------


def test_a_pause_lasts_until_it_is_ended_and_is_remembered(tmp_path: Path) -> None:
    pause(tmp_path, now_ms=1_000)
    during = read_policy(tmp_path)
    ended = resume(tmp_path, now_ms=5_000)
    after = read_policy(tmp_path)

    assert during.paused(999_999)
    assert during.pause_end_ms(2_000) is None
    assert ended
    assert [False, True, True, False, False] == [after.paused(ms) for ms in (999, 1_000, 4_999, 5_000, 9_000)]
    assert not resume(tmp_path, now_ms=6_000)


def test_a_pause_for_a_time_ends_by_itself(tmp_path: Path) -> None:
    pause(tmp_path, now_ms=1_000, until_ms=2_000)
    policy = read_policy(tmp_path)

    assert 2_000 == policy.pause_end_ms(1_500)
    assert [True, False] == [policy.paused(ms) for ms in (1_999, 2_000)]
    assert not resume(tmp_path, now_ms=3_000)


def test_a_second_pause_moves_the_end_of_the_first(tmp_path: Path) -> None:
    pause(tmp_path, now_ms=1_000)
    pause(tmp_path, now_ms=2_000, until_ms=3_000)
    policy = read_policy(tmp_path)

    assert [True, True, False] == [policy.paused(ms) for ms in (1_500, 2_500, 3_500)]


def test_pauses_outlive_another_policy(tmp_path: Path) -> None:
    pause(tmp_path, now_ms=1_000)
    write_policy(tmp_path, ignore_paths=[], ignore_agents=[])

    assert read_policy(tmp_path).paused(2_000)


@pytest.mark.parametrize("damage", [b"", b"{}", b'{"spans": [[1]]}', b'{"spans": [["a", null]]}'])
def test_where_the_pauses_are_damaged_capture_is_paused_since(tmp_path: Path, damage: bytes) -> None:
    """Somebody did not want to be recorded; and can take it back."""
    (tmp_path / PAUSES_FILE).write_bytes(damage)
    os.utime(tmp_path / PAUSES_FILE, (100, 100))
    damaged = read_policy(tmp_path)

    assert [False, True] == [damaged.paused(ms) for ms in (99_000, 101_000)]
    assert resume(tmp_path, now_ms=200_000)
    assert not read_policy(tmp_path).paused(200_000)


def test_a_file_that_cannot_be_replaced_stays_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_policy(tmp_path, ignore_paths=["/a"], ignore_agents=[])
    before = json.loads((tmp_path / POLICY_FILE).read_bytes())

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_policy(tmp_path, ignore_paths=["/b"], ignore_agents=[])

    assert before == json.loads((tmp_path / POLICY_FILE).read_bytes())
    assert [POLICY_FILE] == [file.name for file in tmp_path.iterdir()]
