"""Many hooks at once, and SIGKILL for hooks and daemon: a hook that exited with 0 is in the log, once."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import IO

import pytest

import agent_memory
from agent_memory import SyncMemory
from agent_memory.testing.daemon import DaemonProcess
from agent_memory.testing.waiting import eventually

pytestmark = pytest.mark.usefixtures("without_model")

COMMAND = (sys.executable, "-m", "agent_memory.cli", "hook", "claude")


class Hooks:
    """Hook processes on one spool, each with a prompt of its own."""

    def __init__(self, folder: Path) -> None:
        self._environ = {**os.environ, "AGENT_MEMORY_SPOOL": str(folder)}
        self._environ.pop("AGENT_MEMORY_INTERNAL", None)
        self._running: list[tuple[str, subprocess.Popen[bytes], IO[str]]] = []
        self._started = 0
        self.killed_behind: set[int] = set()
        self.promised: list[str] = []
        self.said: list[str] = []

    def start(self) -> subprocess.Popen[bytes]:
        """One more."""
        self._started += 1
        text = f"prompt number {self._started}"
        payload = {"session_id": f"s{self._started % 7}", "hook_event_name": "UserPromptSubmit", "prompt": text}
        errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - read when the process is gone
        with tempfile.TemporaryFile() as stdin:
            stdin.write(json.dumps(payload).encode())
            stdin.seek(0)
            process = subprocess.Popen(
                COMMAND, stdin=stdin, stdout=subprocess.DEVNULL, stderr=errors, env=self._environ
            )
        self._running.append((text, process, errors))
        return process

    def wait(self) -> None:
        """Until each has ended; what ended with 0 is promised.

        But for what said at its deadline that it goes on behind, where that was killed in the same moment.
        """
        for text, process, errors in self._running:
            status = process.wait(120)
            errors.seek(0)
            said = errors.read().splitlines()
            errors.close()
            if status == 0 and not (
                process.pid in self.killed_behind and any("goes on behind" in line for line in said)
            ):
                self.promised.append(text)
            self.said += said
        self._running.clear()


def recorded(memory: SyncMemory) -> Counter[str]:
    found: Counter[str] = Counter()
    token = ""
    while True:
        page = memory.events(limit=1000, token=token)
        found.update(item.event.text for item in page.items)
        token = page.next_token
        if not token:
            return found


def all_is_there(memory: SyncMemory, hooks: Hooks, context: str) -> None:
    """Behind a hook that was hurried away its other half may still write."""
    try:
        eventually(lambda: not set(hooks.promised) - set(recorded(memory)), timeout_s=60)
    except AssertionError:
        missing = sorted(set(hooks.promised) - set(recorded(memory)))
        raise AssertionError((context, missing, memory.status().spool, Counter(hooks.said))) from None
    found = recorded(memory)

    assert {} == {text: times for text, times in found.items() if times > 1}, context
    status = memory.status().spool
    assert (0, 0) == (status.lost, status.refused), context


def many_at_once(store: Path, count: int) -> None:
    with DaemonProcess(store) as daemon, agent_memory.connect(daemon.address, timeout_s=120) as memory:
        hooks = Hooks(store.parent / "spool")
        for _ in range(count):
            hooks.start()
        hooks.wait()

        assert count == len(hooks.promised), Counter(hooks.said)
        all_is_there(memory, hooks, f"{count} at once")
        assert count == memory.status().event_count


def killed_at_random(store: Path, *, rounds: int, hooks_a_round: int, seed: int) -> None:
    """In each round hooks run, some are killed in their midst, and so is the daemon, if it runs at all."""
    chance = random.Random(seed)
    hooks = Hooks(store.parent / "spool")
    pause = threading.Event()
    for _ in range(rounds):
        # A third of the rounds passes while the daemon is still starting.
        with DaemonProcess(store, awaited=chance.random() < 0.7) as daemon:
            doomed: list[tuple[float, subprocess.Popen[bytes]]] = []
            daemon_dies_s = time.monotonic() + chance.uniform(0.0, 0.05 * hooks_a_round)
            daemon_lives = True
            for _ in range(hooks_a_round):
                process = hooks.start()
                if chance.random() < 0.4:
                    doomed.append((time.monotonic() + chance.uniform(0.0, 0.2), process))
                # The instant is what is tested; nothing is waited for.
                pause.wait(chance.uniform(0.0, 0.03))
                now_s = time.monotonic()
                if daemon_lives and now_s > daemon_dies_s:
                    daemon.kill()
                    daemon_lives = False
                for due in [due for due in doomed if due[0] <= now_s]:
                    kill(due[1], chance, hooks)
                    doomed.remove(due)
            for due_s, process in sorted(doomed, key=lambda due: due[0]):
                pause.wait(max(0.0, due_s - time.monotonic()))
                kill(process, chance, hooks)
            hooks.wait()
            daemon.kill()
    with DaemonProcess(store) as daemon, agent_memory.connect(daemon.address, timeout_s=120) as memory:
        assert hooks.promised, "every hook was killed: the test tests nothing"
        all_is_there(memory, hooks, f"seed {seed}")


def kill(process: subprocess.Popen[bytes], chance: random.Random, hooks: Hooks) -> None:
    """SIGKILL for the hook: either of its two processes, or both."""
    whom = chance.choice(["in front", "behind", "both"])
    if whom != "in front":
        try:
            behind = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        except OSError:
            behind = []
        for pid in behind:
            hooks.killed_behind.add(process.pid)
            try:
                os.kill(int(pid), 9)
            except ProcessLookupError:
                continue
    if whom != "behind":
        process.kill()


def seed_of_this_run() -> int:
    seed = int(os.environ.get("AGENT_MEMORY_TEST_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 30)
    print(f"AGENT_MEMORY_TEST_SEED={seed}")
    return seed


def test_sixty_hooks_at_once_lose_and_double_nothing(tmp_path: Path) -> None:
    many_at_once(tmp_path / "store", 60)


@pytest.mark.slow
def test_a_thousand_hooks_at_once_lose_and_double_nothing(tmp_path: Path) -> None:
    many_at_once(tmp_path / "store", 1000)


def test_kills_of_hooks_and_daemon_lose_and_double_nothing(tmp_path: Path) -> None:
    killed_at_random(tmp_path / "store", rounds=2, hooks_a_round=25, seed=seed_of_this_run())


@pytest.mark.slow
def test_a_hundred_rounds_of_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    seed = seed_of_this_run()
    for round_ in range(10):
        killed_at_random(tmp_path / str(round_) / "store", rounds=10, hooks_a_round=40, seed=seed + round_)
