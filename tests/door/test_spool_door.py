"""The spool through a daemon: nudges, whose it is, who drains it, and what status says of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

import agent_memory
from agent_memory.capture.policy import read_policy
from agent_memory.capture.reminding import ask
from agent_memory.testing.daemon import DaemonProcess
from agent_memory.testing.waiting import eventually

pytestmark = pytest.mark.usefixtures("without_model")

CLI = (sys.executable, "-m", "agent_memory.cli")


def hook(environ: dict[str, str], text: str) -> None:
    payload = {"session_id": "s1", "cwd": "/work", "hook_event_name": "UserPromptSubmit", "prompt": text}
    environ = {**os.environ, **environ}
    done = subprocess.run([*CLI, "hook", "claude"], input=json.dumps(payload), text=True, env=environ, timeout=60)

    assert 0 == done.returncode


def texts(memory: agent_memory.SyncMemory) -> list[str]:
    return [item.event.text for item in memory.events().items]


def test_a_nudge_that_nobody_heard_costs_a_second_at_most(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    with DaemonProcess(tmp_path / "store") as daemon, agent_memory.connect(daemon.address) as memory:
        eventually(lambda: (spool / "nudge").is_fifo())
        # What the hook nudges from here on is another pipe.
        (spool / "nudge").unlink()
        hook({"AGENT_MEMORY_SPOOL": str(spool)}, "unheard")
        eventually(lambda: ["unheard"] == texts(memory), timeout_s=5)


def test_of_two_daemons_with_one_spool_the_second_takes_over(tmp_path: Path) -> None:
    """All of it: what is drained, what hooks leave out, who is reminded. Until then it touches nothing."""
    spool = tmp_path / "shared"
    flags = ("--spool", str(spool), "--inject-agents", "claude-code")
    with (
        DaemonProcess(tmp_path / "a", flags=(*flags, "--capture-ignore-agents", "cursor")) as first,
        agent_memory.connect(first.address, timeout_s=60) as of_first,
    ):
        eventually(lambda: (spool / "nudge").is_fifo())
        with (
            DaemonProcess(tmp_path / "b", flags=(*flags, "--capture-ignore-agents", "gemini")) as second,
            agent_memory.connect(second.address, timeout_s=60) as of_second,
        ):
            eventually(lambda: "another process drains it" in of_second.status().spool.error)
            assert not of_second.status().healthy
            assert {"cursor"} == read_policy(spool).ignore_agents
            hook({"AGENT_MEMORY_SPOOL": str(spool)}, "for the first")
            eventually(lambda: ["for the first"] == texts(of_first))
            # Killed between the log and the spool, it would leave the second the same to take in.
            eventually(lambda: of_first.status().spool.drained == 1 and not of_first.status().spool.waiting)
            first.kill()
            hook({"AGENT_MEMORY_SPOOL": str(spool)}, "for the second")
            eventually(lambda: ["for the second"] == texts(of_second))
            assert of_second.status().healthy
            assert {"gemini"} == read_policy(spool).ignore_agents
            eventually(lambda: is_answered(spool), timeout_s=30)


def is_answered(spool: Path) -> bool:
    """Whether a hook that asks to be reminded is answered; here nothing is remembered of the project."""
    payload = {"hook_event_name": "SessionStart", "session_id": "s2", "source": "startup"}
    question = ask(str(spool), "claude-code", payload, folder="/nowhere", received_ms=1, answer_s=10)
    return question is not None and "" == question.answer()


def test_a_spool_that_cannot_be_had_is_told_and_stops_no_daemon(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    flags = ("--spool", str(tmp_path / "file" / "spool"), "--inject-agents", "claude-code")
    with (
        DaemonProcess(tmp_path / "store", flags=flags) as daemon,
        agent_memory.connect(daemon.address, timeout_s=60) as memory,
    ):
        eventually(lambda: "Not a directory" in memory.status().spool.error)
        assert not memory.status().healthy
        assert 0 == daemon.stop()


def test_a_hook_that_ran_before_any_daemon_keeps_none_of_the_secrets_that_the_settings_name(tmp_path: Path) -> None:
    """It knew no settings; the daemon redacts by them before anything reaches the log."""
    hook({"AGENT_MEMORY_SPOOL": str(tmp_path / "spool")}, "Open with BADGE-123456")
    flags = ("--redact-extra", "badge=BADGE-[0-9]{6}")
    with (
        DaemonProcess(tmp_path / "store", flags=flags) as daemon,
        agent_memory.connect(daemon.address, timeout_s=60) as memory,
    ):
        eventually(lambda: ["Open with [redacted: badge]"] == texts(memory))
        eventually(lambda: {"badge": 1} == memory.status().spool.redacted)


def test_a_daemon_of_another_store_takes_nothing_that_was_meant_for_the_default_one(tmp_path: Path) -> None:
    environ = {"XDG_DATA_HOME": str(tmp_path / "data")}
    hook(environ, "for the default store")
    with DaemonProcess(tmp_path / "elsewhere" / "store") as daemon, agent_memory.connect(daemon.address) as memory:
        hook({"AGENT_MEMORY_SPOOL": str(tmp_path / "elsewhere" / "spool")}, "for this one")
        eventually(lambda: ["for this one"] == texts(memory))
    hook(environ, "again for the default store")

    eventually(lambda: 2 == len(list((tmp_path / "data" / "agent-memory" / "spool" / "waiting").iterdir())))


def test_hooks_follow_the_spool_that_the_settings_name(tmp_path: Path) -> None:
    """They read no settings: the daemon leaves the way in the default spool, and takes it away again."""
    environ = {"XDG_DATA_HOME": str(tmp_path / "data"), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    settings = tmp_path / "config" / "agent-memory" / "config.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text(f'spool = "{tmp_path}/named"\naddress = "127.0.0.1:0"\nmcp_address = ""\n')
    default = tmp_path / "data" / "agent-memory" / "spool"
    pointer = default / "elsewhere"
    serve(environ, until=pointer.exists)
    hook(environ, "where the settings say")

    eventually(lambda: 1 == len(list((tmp_path / "named" / "waiting").iterdir())))
    settings.write_text('address = "127.0.0.1:0"\nmcp_address = ""\n')
    serve(environ, until=lambda: not pointer.exists())
    hook(environ, "where it was before")
    eventually(lambda: 1 == len(list((default / "waiting").iterdir())))


def serve(environ: dict[str, str], *, until: Callable[[], bool]) -> None:
    """A daemon by the settings' file alone, for a moment."""
    command = [*CLI, "serve", "--json"]
    with subprocess.Popen(command, env={**os.environ, **environ}, stdout=subprocess.PIPE, text=True) as daemon:
        assert daemon.stdout is not None
        assert daemon.stdout.readline()
        eventually(until)
        daemon.terminate()


def test_status_tells_what_hooks_left(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    environ = {"AGENT_MEMORY_SPOOL": str(spool)}
    hook(environ, "use ghp_abcdefghijklmnopqrstuvwxyz0123456789")
    with DaemonProcess(tmp_path / "store") as daemon, agent_memory.connect(daemon.address) as memory:
        eventually(lambda: 1 == memory.status().spool.drained)
        done = subprocess.run([*CLI, "status", "--address", daemon.address], capture_output=True, text=True, timeout=60)

        assert "1 from hooks; redacted: 1 github-token" in " ".join(done.stdout.split())
    # And with the daemon gone, from the folder alone, which stays as it is.
    hook(environ, "waits")
    eventually(lambda: list((spool / "waiting").iterdir()))
    done = subprocess.run(
        [*CLI, "status", "--store", str(tmp_path / "store"), "--json"], capture_output=True, text=True, timeout=60
    )
    told = json.loads(done.stdout)["data"]["spool"]

    assert (str(spool), 1, 1, {"github-token": 1}, False, "") == tuple(
        told[key] for key in ("path", "waiting", "drained", "redacted", "paused", "error")
    )


def test_a_damaged_ledger_is_put_aside_and_the_spool_is_drained(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    hook({"AGENT_MEMORY_SPOOL": str(spool)}, "once more")
    (spool / "ledger.sqlite3").write_bytes(b"no database " * 1000)
    with DaemonProcess(tmp_path / "store") as daemon, agent_memory.connect(daemon.address) as memory:
        eventually(lambda: ["once more"] == texts(memory))
        eventually(lambda: memory.status().healthy)
    assert (spool / "damaged-ledger.sqlite3").exists()


def test_a_spool_that_filled_its_disk_is_taken_in_once_there_is_room(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("mounting a small disk takes root")
    try:
        spool = disk / "spool"
        hook({"AGENT_MEMORY_SPOOL": str(spool)}, "patience")
        with suppress(OSError), (disk / "filler").open("wb", buffering=0) as filler:
            while filler.write(bytes(4096)):
                pass
        with (
            DaemonProcess(tmp_path / "store", flags=("--spool", str(spool))) as daemon,
            agent_memory.connect(daemon.address, timeout_s=60) as memory,
        ):
            eventually(lambda: f"the disk that {spool} is on is full" in memory.status().spool.error)
            assert 1 == memory.status().spool.waiting
            subprocess.run(["mount", "-o", "remount,size=4m", str(disk)], check=True)
            eventually(lambda: ["patience"] == texts(memory), timeout_s=30)
            eventually(lambda: memory.status().healthy)
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_full_disk_keeps_everything_waiting(tmp_path: Path) -> None:
    """The store refuses appends as long as its reserve is not free; a reserve that nobody has plays the full disk."""
    spool = tmp_path / "spool"
    hook({"AGENT_MEMORY_SPOOL": str(spool)}, "patience")
    with (
        DaemonProcess(tmp_path / "store", flags=("--disk-reserve-bytes", str(1 << 50))) as daemon,
        agent_memory.connect(daemon.address) as memory,
    ):
        eventually(lambda: "bytes are free" in memory.status().spool.error)
        status = memory.status()
        assert (False, 1, 0) == (status.healthy, status.spool.waiting, status.spool.refused)
    with DaemonProcess(tmp_path / "store") as daemon, agent_memory.connect(daemon.address) as memory:
        eventually(lambda: ["patience"] == texts(memory))
