"""Following histories that grow: what changed is read, from where reading stopped, and nothing spins."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent_memory.capture.importing import reading
from agent_memory.capture.importing.accounts import Account
from agent_memory.capture.importing.engine import Importer
from agent_memory.capture.importing.formats import Form, History, new_reader
from agent_memory.capture.importing.marks import Marks
from agent_memory.capture.importing.watching import LOOK_S_MAX, LOOK_S_MIN, Watch
from agent_memory.capture.model import Agent
from agent_memory.testing.import_log import InMemoryLog, OpenScope, unredacted


def prompt(text: str, minute: int = 0) -> bytes:
    line = {
        "type": "user",
        "uuid": f"{text}{minute}",
        "sessionId": "s1",
        "cwd": "/work",
        "timestamp": f"2026-03-02T10:{minute:02}:00.000Z",
        "message": {"role": "user", "content": text},
    }
    return json.dumps(line).encode() + b"\n"


class Follower:
    """A watch over one folder; between two looks it does the next of the things it was given."""

    def __init__(self, folder: Path, *steps: Callable[[], object], agent: Agent = Agent.CLAUDE_CODE) -> None:
        self.log = InMemoryLog()
        self.told: list[list[Account]] = []
        self.pauses: list[float] = []
        self._steps = iter(steps)
        self._folder = folder
        self._agent = agent
        self._now_s = 0.0
        importer = Importer(log=self.log, marks=Marks(None), redact=unredacted, scope=OpenScope())
        now_s: Callable[[], float] = lambda: self._now_s  # noqa: E731 - a clock
        Watch(importer, self._find, wait=self._wait, tell=self.told.append, now_s=now_s).run()

    def _find(self) -> list[History]:
        return [History(agent=self._agent, form=Form.LINES, path=path) for path in sorted(self._folder.glob("*.jsonl"))]

    def _wait(self, pause_s: float) -> bool:
        self.pauses.append(pause_s)
        self._now_s += pause_s
        step = next(self._steps, None)
        if step is not None:
            step()
        return step is None

    @property
    def created(self) -> list[int]:
        return [sum(account.created for account in accounts) for accounts in self.told]


def append(path: Path, raw: bytes) -> Callable[[], object]:
    def step() -> None:
        with path.open("ab") as file:
            file.write(raw)

    return step


def test_lines_are_taken_as_they_come_in_whatever_pieces(tmp_path: Path) -> None:
    """Half a line is no malformed one; a whole one without its line break is taken, and taken once."""
    path, line = tmp_path / "a.jsonl", prompt("The boom.", 3)
    path.write_bytes(prompt("The mast.", 1))
    follower = Follower(
        tmp_path,
        append(path, prompt("The mast.", 2)),
        append(path, line[:40]),
        append(path, line[40:-1]),
        append(path, b"\n" + prompt("The tiller.", 4)),
    )

    assert [1, 1, 0, 1, 1] == follower.created
    assert [] == [line for accounts in follower.told for account in accounts for line in account.malformed]
    assert ["The mast.", "The mast.", "The boom.", "The tiller."] == follower.log.texts()


def test_a_file_that_grows_is_read_on_from_where_it_ended(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"".join(prompt("Step.", n) for n in range(50)))
    follower = Follower(tmp_path, append(path, prompt("Step.", 51)), append(path, prompt("Step.", 52)))

    assert [50, 1, 1] == [sum(a.outcomes.values()) for accounts in follower.told for a in accounts]
    assert [50, 1, 1] == follower.created
    assert {f"#{n}" for n in range(1, 53)} == {f"#{id.rpartition('#')[2]}" for id in follower.log.events}


@pytest.mark.parametrize("kept", [0, 10])
def test_a_file_that_was_written_anew_is_read_from_its_beginning(tmp_path: Path, kept: int) -> None:
    """Though it has the same name and is longer than before."""
    path = tmp_path / "a.jsonl"
    lines = [prompt(f"Step {n}.", n) for n in range(20)]
    path.write_bytes(b"".join(lines))
    anew = lines[:kept] + [prompt(f"Another step {n}.", n) for n in range(30)]
    follower = Follower(tmp_path, lambda: path.write_bytes(b"".join(anew)))

    assert [20, 30] == follower.created


def test_new_files_and_files_that_go_are_no_trouble(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(prompt("The mast."))
    follower = Follower(tmp_path, path.unlink, append(path, prompt("The mast.") + prompt("The boom.", 1)))

    assert ["The mast.", "The boom."] == follower.log.texts()


def test_while_nothing_changes_it_looks_ever_more_seldom(tmp_path: Path) -> None:
    """From every half second to every five; a change brings it back."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(prompt("The mast."))
    follower = Follower(tmp_path, *[lambda: None] * 9, append(path, prompt("The boom.", 1)), lambda: None)

    assert LOOK_S_MIN == follower.pauses[0] == follower.pauses[10]
    assert LOOK_S_MAX == follower.pauses[9]
    assert sorted(follower.pauses[:10]) == follower.pauses[:10]


def test_a_history_without_times_is_read_anew_and_sent_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What has no time of its own has that of its file, which has moved."""
    path = tmp_path / "5f0c.jsonl"

    def line(text: str) -> bytes:
        content: list[Any] = [{"type": "text", "text": text}]
        return json.dumps({"role": "user", "message": {"content": content}}).encode() + b"\n"

    made: list[History] = []

    def noted(history: History, **more: Any) -> Any:
        made.append(history)
        return new_reader(history, **more)

    monkeypatch.setattr(reading, "new_reader", noted)
    path.write_bytes(line("The mast."))
    follower = Follower(tmp_path, append(path, line("The boom.")), agent=Agent.CURSOR)

    assert (2, ["The mast.", "The boom."]) == (len(made), follower.log.texts())
