"""A daemon from outside: its log, its manager, its holder, its garbage; and a process that is left behind."""

from __future__ import annotations

import gc
import os
import socket
import subprocess
import sys
from pathlib import Path

from agent_memory.daemon.control import running, stop, tell_manager
from agent_memory.daemon.supervisor import spare_what_stays
from agent_memory.storage.lock import StoreLock
from agent_memory.testing.waiting import eventually


def test_the_log_of_a_daemon_is_bounded_and_keeps_the_newest(tmp_path: Path) -> None:
    """In a process of its own: standard error is led into the file."""
    script = (
        "import sys, os; from pathlib import Path; from agent_memory.daemon.log_file import LogFile\n"
        "log = LogFile(Path(sys.argv[1]), bytes_max=100)\n"
        "for number in range(60): log.write(f'entry {number:04}\\n')\n"
        "os.write(2, b'what a library says before it aborts\\n')\n"
    )
    path = tmp_path / "log" / "daemon.log"
    subprocess.run([sys.executable, "-c", script, str(path)], check=True)
    names = sorted(file.name for file in path.parent.iterdir())
    kept = "".join(path.with_name(name).read_text() for name in reversed(names[1:])) + path.read_text()

    assert ["daemon.log", "daemon.log.1", "daemon.log.2", "daemon.log.3"] == names
    assert kept.endswith("entry 0059\nwhat a library says before it aborts\n")
    assert kept.startswith("entry 00")
    assert all(path.with_name(name).stat().st_size <= 140 for name in names)
    assert 0o600 == path.stat().st_mode & 0o777


def test_a_process_left_behind_tells_its_first_line_and_lives_on(tmp_path: Path) -> None:
    """It has another session than its parent and is nobody's child."""
    script = (
        "import os, sys; from agent_memory.daemon.control import detach\n"
        "def work():\n"
        "    here, there = sys.argv[1:]\n"
        "    os.write(1, b'{\"a\": {}}\\n')\n"
        "    open(here, 'w').write(f'{os.getsid(0)} {os.getpid()}')\n"
        "    open(there).read()\n"
        "    os.unlink(here)\n"
        "print(os.getsid(0), detach(work))\n"
    )
    here, there = tmp_path / "here", tmp_path / "there"
    os.mkfifo(there)
    done = subprocess.run(
        [sys.executable, "-c", script, here, there], capture_output=True, encoding="utf-8", timeout=30
    )
    eventually(lambda: here.exists() and " " in here.read_text())
    session, pid = here.read_text().split()
    own, _, said = done.stdout.partition(" ")
    is_alive = Path(f"/proc/{pid}").exists() or not Path("/proc").exists()
    there.write_text("")
    eventually(lambda: not here.exists())

    assert '{"a": {}}\n\n' == said
    assert is_alive
    assert len({own, session, pid}) == 3


def test_a_process_that_fails_before_it_serves_is_heard_to_its_end() -> None:
    script = (
        "import os; from agent_memory.daemon.control import detach\n"
        "print(repr(detach(lambda: os.write(1, b'{\\n \"error\": 1\\n}\\n'))), repr(detach(lambda: 1 / 0)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, encoding="utf-8", timeout=30)

    assert repr('{\n "error": 1\n}\n') + " ''\n" == done.stdout


def test_whoever_has_the_store_open_is_told_and_asking_takes_nothing(tmp_path: Path) -> None:
    before = running(tmp_path)
    lock = StoreLock(tmp_path)
    lock.announce("127.0.0.1:7")
    while_open = running(tmp_path)
    lock.close()

    assert before is None
    assert while_open is not None
    assert (os.getpid(), "127.0.0.1:7") == (while_open.pid, while_open.address)
    assert running(tmp_path) is None
    assert stop(tmp_path, timeout_s=1) is None


def test_the_manager_of_services_hears_how_it_is(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(tmp_path / "notify"))
        tell_manager("READY=1", environ={"NOTIFY_SOCKET": str(tmp_path / "notify")})
        tell_manager("READY=1", environ={"NOTIFY_SOCKET": str(tmp_path / "nobody")})
        tell_manager("READY=1", environ={})

        assert b"READY=1" == heard.recv(100)


def test_collections_that_the_start_did_without_begin_once_the_daemon_serves() -> None:
    usual = gc.get_threshold()
    gc.disable()
    try:
        spare_what_stays()

        assert gc.isenabled()
        assert gc.get_freeze_count() > 0
    finally:
        gc.enable()
        gc.unfreeze()
        gc.set_threshold(*usual)
