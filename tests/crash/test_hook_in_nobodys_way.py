"""Whatever a hook meets, it is gone in an instant, exits with 0, and says at most one line of it."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import agent_memory
from agent_memory.capture import spool
from agent_memory.testing.daemon import DaemonProcess
from agent_memory.testing.waiting import eventually

pytestmark = pytest.mark.usefixtures("without_model")

# Without a deadline each of these situations would hold a hook up for seconds or for ever. The deadline is
# 200 ms; the rest is for a machine that does other things at the same time.
GONE_S = 0.5
STARTS = 10
PROMPT = {"session_id": "s1", "cwd": "/work", "hook_event_name": "UserPromptSubmit", "prompt": "Why is the sky blue?"}
COMMAND = (sys.executable, "-m", "agent_memory.cli", "hook")


class Ran:
    """What became of one hook."""

    def __init__(self, folder: Path, *argv: str, stdin: Any = None, command: tuple[str, ...] = COMMAND) -> None:
        environ = {**os.environ, "AGENT_MEMORY_SPOOL": str(folder)}
        environ.pop("AGENT_MEMORY_INTERNAL", None)
        given = json.dumps(PROMPT).encode() if stdin is None else stdin
        piped = {"input": given} if isinstance(given, bytes) else {"stdin": given}
        started = time.perf_counter()
        done = subprocess.run([*command, *argv], capture_output=True, env=environ, timeout=60, **piped)
        self.took_s = time.perf_counter() - started
        self.code, self.out, err = done.returncode, done.stdout.decode(), done.stderr.decode()
        self.lines = err.count("\n")
        self.went_on_behind = "goes on behind" in err
        # A busy machine may bring any hook to its deadline; nothing is lost by it.
        self.said = "" if self.went_on_behind else err

    @property
    def was_gone_at_once(self) -> bool:
        """Compared to how long an interpreter takes that does nothing, now."""
        started = time.perf_counter()
        subprocess.run((sys.executable, "-c", "pass"), check=True)
        return self.took_s < GONE_S + STARTS * (time.perf_counter() - started)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def open_pipe() -> Iterator[tuple[int, int]]:
    """A pipe that nobody closes while the hook runs: what it reads from, and what is written to."""
    read_end, write_end = os.pipe()
    yield read_end, write_end
    os.close(read_end)
    os.close(write_end)


def kept(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(spool.read(str(folder), name).payload) for name in spool.waiting(str(folder))]


@pytest.mark.parametrize(
    ("agent", "answer"),
    [
        ("claude", ""),
        ("claude-code", ""),
        ("codex", ""),
        ("opencode", ""),
        ("gemini", "{}"),
        ("copilot", "{}"),
        ("cursor", '{"continue": true}'),
        ("", "{}"),
    ],
)
def test_each_agent_is_answered_as_it_expects(folder: Path, agent: str, answer: str) -> None:
    ran = Ran(folder, *([agent] if agent else []))

    assert (0, answer, "") == (ran.code, ran.out.strip(), ran.said)
    eventually(lambda: [PROMPT] == kept(folder))


def test_what_is_kept_is_for_its_owner_alone(folder: Path) -> None:
    Ran(folder, "claude")
    eventually(lambda: spool.waiting(str(folder)))
    (name,) = spool.waiting(str(folder))

    assert [0o700] * 4 == [
        path.stat().st_mode & 0o777 for path in (folder, *(folder / n for n in ("waiting", "writing", "refused")))
    ]
    assert 0o600 == (folder / "waiting" / name).stat().st_mode & 0o777


def test_a_pipe_that_nobody_closes_holds_nothing_up(folder: Path, open_pipe: tuple[int, int]) -> None:
    read_end, write_end = open_pipe
    os.write(write_end, json.dumps(PROMPT).encode())

    ran = Ran(folder, "claude", stdin=read_end)

    assert 0 == ran.code
    assert ran.was_gone_at_once
    eventually(lambda: [PROMPT] == kept(folder))


def test_a_pipe_on_which_nothing_comes_holds_nothing_up(folder: Path, open_pipe: tuple[int, int]) -> None:
    ran = Ran(folder, "gemini", stdin=open_pipe[0])

    assert (0, "{}") == (ran.code, ran.out.strip())
    assert ran.was_gone_at_once
    assert 1 == ran.lines


def test_a_pipe_that_trickles_for_ever_is_left_behind(folder: Path) -> None:
    """Else each hook would leave a process."""
    impatient = "from agent_memory.capture import hook, keeping; keeping._LISTENED_S = 1.0; hook.main(['claude'])"
    environ = {**os.environ, "AGENT_MEMORY_SPOOL": str(folder)}

    def is_left() -> bool:
        assert hook.stdin is not None
        try:
            os.write(hook.stdin.fileno(), b'"')
        except BrokenPipeError:
            return True
        return False

    with subprocess.Popen([sys.executable, "-c", impatient], stdin=subprocess.PIPE, env=environ) as hook:
        assert 0 == hook.wait(60)
        eventually(is_left, timeout_s=20)
        with suppress(BrokenPipeError):
            hook.communicate()


@pytest.mark.parametrize("which", ["stdout", "stderr"])
def test_a_pipe_that_nobody_reads_holds_nothing_up(folder: Path, open_pipe: tuple[int, int], which: str) -> None:
    """Agents' pipes are empty when their hooks begin; a terminal that somebody stopped is not."""
    _, write_end = open_pipe
    os.set_blocking(write_end, False)
    with suppress(BlockingIOError):
        while os.write(write_end, bytes(4096)):
            pass
    os.set_blocking(write_end, True)
    given = b"" if which == "stderr" else json.dumps(PROMPT).encode()
    environ = {**os.environ, "AGENT_MEMORY_SPOOL": str(folder)}

    with subprocess.Popen([*COMMAND, "gemini"], stdin=subprocess.PIPE, env=environ, **{which: write_end}) as hook:
        hook.communicate(given, timeout=60)

    assert 0 == hook.returncode


def test_where_no_process_can_be_had_the_payload_is_counted(folder: Path) -> None:
    Ran(folder, "claude")
    eventually(lambda: spool.waiting(str(folder)))
    none = "import os\ndef fork(): raise BlockingIOError(11, 'no more of them')\nos.fork = fork\n"

    ran = Ran(
        folder, command=(sys.executable, "-c", none + "from agent_memory.capture.hook import main; main(['gemini'])")
    )

    assert (0, "{}", 1) == (ran.code, ran.out.strip(), ran.lines)
    assert "not kept: BlockingIOError" in ran.said
    assert 1 == spool.lost(str(folder))


@pytest.mark.parametrize("given", [b"", b" \n", b"\xef\xbb\xbf"])
def test_no_payload_is_no_trouble(folder: Path, given: bytes) -> None:
    ran = Ran(folder, "gemini", stdin=given)

    assert (0, "{}") == (ran.code, ran.out.strip())
    assert 1 == ran.lines
    assert [] == spool.waiting(str(folder))


def test_a_closed_standard_input_is_no_trouble(folder: Path) -> None:
    ran = Ran(folder, command=("/bin/sh", "-c", f"{shlex.join(COMMAND)} cursor <&-"))

    assert (0, '{"continue": true}') == (ran.code, ran.out.strip())


def test_the_last_argument_may_be_the_payload(folder: Path, open_pipe: tuple[int, int]) -> None:
    turn = {"type": "agent-turn-complete", "thread-id": "t", "last-assistant-message": "Dünn wie Luft"}

    ran = Ran(folder, "codex", json.dumps(turn, ensure_ascii=False), stdin=open_pipe[0])

    assert (0, "", "") == (ran.code, ran.out, ran.said)
    eventually(lambda: [turn] == kept(folder))


def test_twenty_mebibytes_are_kept_and_hold_nothing_up(folder: Path) -> None:
    large = {**PROMPT, "prompt": "blue " * (4 << 20)}

    ran = Ran(folder, "claude", stdin=json.dumps(large).encode())

    assert 0 == ran.code
    assert ran.was_gone_at_once
    eventually(lambda: [large] == kept(folder))


def test_a_disk_that_takes_seconds_to_sync_holds_nothing_up(folder: Path) -> None:
    """The payload is not lost for it: it is durable when the disk is."""
    slow = "import os, time; sync = os.fsync; os.fsync = lambda f: (time.sleep(3), sync(f)); "

    ran = Ran(
        folder, command=(sys.executable, "-c", slow + "from agent_memory.capture.hook import main; main(['gemini'])")
    )

    assert (0, "{}") == (ran.code, ran.out.strip())
    assert ran.was_gone_at_once
    assert ran.went_on_behind
    assert 1 == ran.lines
    eventually(lambda: [PROMPT] == kept(folder))


def test_a_folder_that_cannot_be_made_costs_the_payload_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    ran = Ran(tmp_path / "file" / "spool", "cursor")

    assert (0, '{"continue": true}') == (ran.code, ran.out.strip())
    assert 1 == ran.lines
    assert ran.went_on_behind or ran.said.startswith("agent-memory: not kept: ")


def test_a_full_spool_refuses_the_newest_and_counts_it(folder: Path) -> None:
    Ran(folder, "claude")
    eventually(lambda: spool.waiting(str(folder)))
    (folder / "waiting" / f"{spool.new_id(0)}-{spool.BYTES_MAX}").touch()

    ran = Ran(folder, "claude")

    assert (0, 1) == (ran.code, ran.lines)
    assert ran.went_on_behind or "not kept: SpoolFull" in ran.said
    eventually(lambda: 1 == spool.lost(str(folder)))
    assert 2 == len(spool.waiting(str(folder)))


def test_a_full_disk_costs_the_payload_and_is_counted(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("mounting a small disk takes root")
    try:
        folder = disk / "spool"
        Ran(folder, "claude")
        eventually(lambda: spool.waiting(str(folder)))
        with suppress(OSError), (disk / "filler").open("wb", buffering=0) as filler:
            while filler.write(bytes(4096)):
                pass

        ran = Ran(folder, "gemini")

        assert (0, "{}") == (ran.code, ran.out.strip())
        assert ran.went_on_behind or "No space left" in ran.said
        assert 1 == ran.lines
        assert ran.was_gone_at_once
        eventually(lambda: 1 == spool.lost(str(folder)))
        assert [] == list((folder / "writing").iterdir())
        (disk / "filler").unlink()
        assert "" == Ran(folder, "gemini").said
        eventually(lambda: 2 == len(spool.waiting(str(folder))))
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_our_own_work_is_not_captured(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environ = {**os.environ, "AGENT_MEMORY_SPOOL": str(folder), "AGENT_MEMORY_INTERNAL": "1"}

    done = subprocess.run([*COMMAND, "gemini"], input=json.dumps(PROMPT).encode(), env=environ, capture_output=True)

    assert (0, b"{}\n", b"") == (done.returncode, done.stdout, done.stderr)
    assert not folder.exists()


def test_a_daemon_that_hangs_costs_nothing_and_takes_it_in_when_it_goes_on(tmp_path: Path) -> None:
    with (
        DaemonProcess(tmp_path / "store") as daemon,
        agent_memory.connect(daemon.address, timeout_s=60, retry_s=60) as memory,
    ):
        folder = tmp_path / "spool"
        # A daemon serves before it looks into its spool.
        eventually((folder / "nudge").exists)
        os.kill(daemon.pid, signal.SIGSTOP)
        try:
            # Its pipe is full of nudges, too.
            pipe = os.open(folder / "nudge", os.O_WRONLY | os.O_NONBLOCK)
            with suppress(BlockingIOError):
                while os.write(pipe, b"." * 4096):
                    pass
            os.close(pipe)
            ran = Ran(folder, "claude")
        finally:
            os.kill(daemon.pid, signal.SIGCONT)

        assert (0, "", "") == (ran.code, ran.out, ran.said)
        assert ran.was_gone_at_once
        eventually(lambda: 1 == memory.status().spool.drained)
        assert ["Why is the sky blue?"] == [item.event.text for item in memory.events().items]
