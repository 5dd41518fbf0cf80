"""Transcripts of Claude Code that begin with copies of another session's lines, and lines that stand there twice."""

from __future__ import annotations

import itertools
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from agent_memory.capture.importing.accounts import Account
from agent_memory.capture.importing.engine import Importer
from agent_memory.capture.importing.formats import Form, History
from agent_memory.capture.importing.marks import Marks
from agent_memory.capture.model import Agent, Outcome
from agent_memory.testing.import_log import InMemoryLog, OpenScope, import_all, unredacted

OLD, NEW, NEWEST = "5f0c1e7a-0000", "b2d4-0000", "c3e5-0000"

Line = dict[str, Any]


def said(number: int, text: str = "", *, session: str = "", role: str = "user", minute: int = -1) -> Line:
    """A line of the number, said at that minute."""
    return {
        "type": role,
        "uuid": f"u{number}",
        "parentUuid": f"u{number - 1}" if number else None,
        "isSidechain": False,
        "sessionId": session,
        "cwd": "/work/sloop",
        "timestamp": f"2026-03-02T10:{number if minute < 0 else minute:02}:00.000Z",
        "message": {"role": role, "content": text or f"Step {number}."},
    }


class Folder:
    """The transcripts of one folder, and an import of them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.log = InMemoryLog()
        self.marks = Marks(None)
        self._written = itertools.count(1)

    def write(self, session: str, *lines: Line, name: str = "{session}.jsonl") -> History:
        """The transcript of a session, all of whose lines carry its name."""
        path = self.path / name.format(session=session)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps({**line, "sessionId": session}) + "\n" for line in lines))
        written_s = 1_772_500_000 + next(self._written)
        os.utime(path, (written_s, written_s))
        return History(agent=Agent.CLAUDE_CODE, form=Form.LINES, path=path)

    def import_(self, *histories: History, again: bool = False) -> list[Account]:
        return import_all(histories, self.log, marks=self.marks, again=again)

    def said(self) -> list[tuple[str, str]]:
        """What the log holds, by session and text."""
        return sorted((event.session, event.text) for _, event in self.log.events.values())


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "-work-sloop")


SHARED = [said(n) for n in range(4)]
OF_THE_OLD = [(OLD, f"Step {n}.") for n in range(4)]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
def test_what_a_session_copied_from_another_is_recorded_once_in_any_order(
    folder: Folder, order: tuple[int, ...]
) -> None:
    """Taken up again, and again: each file has all of the one before."""
    histories = [
        folder.write(OLD, *SHARED),
        folder.write(NEW, *SHARED, said(4)),
        folder.write(NEWEST, *SHARED, said(4), said(5)),
    ]
    for at in order:
        folder.import_(histories[at])

    assert [*OF_THE_OLD, (NEW, "Step 4."), (NEWEST, "Step 5.")] == folder.said()


def test_a_copy_alone_tells_of_both_sessions(folder: Folder) -> None:
    """Whoever names only one file gets all that is in it, and the other adds nothing."""
    old, new = folder.write(OLD, *SHARED), folder.write(NEW, *SHARED, said(4))
    folder.import_(new)
    alone = folder.said()
    folder.import_(old)

    assert [*OF_THE_OLD, (NEW, "Step 4.")] == alone
    assert alone == folder.said()


def test_of_two_that_went_on_the_first_is_the_original(folder: Folder) -> None:
    """A fork from the middle: its own lines are later than the other's."""
    old = folder.write(OLD, *SHARED)
    fork = folder.write(NEW, SHARED[0], SHARED[1], said(10, "Another way."))
    folder.import_(fork, old)

    assert [*OF_THE_OLD, (NEW, "Another way.")] == folder.said()


def test_who_copied_is_remembered(folder: Folder) -> None:
    """The original goes on after its copy did; then an agent removes it."""
    folder.import_(folder.write(OLD, *SHARED), folder.write(NEW, *SHARED, said(4)))
    folder.import_(folder.write(OLD, *SHARED, said(6)), folder.write(NEW, *SHARED, said(4), said(7)))
    expected = [*OF_THE_OLD, (OLD, "Step 6."), (NEW, "Step 4."), (NEW, "Step 7.")]
    went_on = folder.said()
    (folder.path / f"{OLD}.jsonl").unlink()
    new = folder.write(NEW, *SHARED, said(4), said(7), said(8))
    folder.import_(new)
    folder.import_(new, again=True)

    assert sorted(expected) == went_on
    assert sorted([*expected, (NEW, "Step 8.")]) == folder.said()


def test_the_same_words_count_anew_in_the_session_that_copied(folder: Folder) -> None:
    """As its hooks count them, which knew nothing of the other."""
    yes = [said(n, "Yes.") for n in range(3)]
    folder.import_(folder.write(OLD, *yes), folder.write(NEW, *yes, said(3, "Yes.")))
    numbers = sorted(source_id.rpartition("#")[2] for source_id in folder.log.events if source_id.startswith(NEW))

    assert [(NEW, "Yes.")] + [(OLD, "Yes.")] * 3 == sorted(folder.said(), key=lambda one: one[0] == OLD)
    assert ["1"] == numbers


def test_sub_agents_that_were_copied_are_the_originals(folder: Folder) -> None:
    name = "{session}/subagents/agent-a1.jsonl"
    old = folder.write(OLD, said(0), said(1), name=name)
    new = folder.write(NEW, said(0), said(1), said(2), name=name)
    folder.import_(new, old)

    assert [(f"{OLD}/a1", "Step 0."), (f"{OLD}/a1", "Step 1."), (f"{NEW}/a1", "Step 2.")] == folder.said()


def test_a_copy_that_appears_while_files_are_followed_is_known(folder: Folder) -> None:
    importer = Importer(log=folder.log, marks=folder.marks, redact=unredacted, scope=OpenScope())
    histories = [folder.write(OLD, *SHARED)]
    importer.run(histories, keep=True)
    histories.append(folder.write(NEW, *SHARED, said(4)))
    importer.run(histories, keep=True)
    histories[1] = folder.write(NEW, *SHARED, said(4), said(5))
    importer.run(histories, keep=True)

    assert [*OF_THE_OLD, (NEW, "Step 4."), (NEW, "Step 5.")] == folder.said()


def test_sessions_that_only_say_the_same_stay_two(folder: Folder, tmp_path: Path) -> None:
    """Their lines have ids of their own; and a file in another folder is a copy that somebody made."""
    one, other = folder.write(OLD, said(0, "Hello.")), folder.write(NEW, said(10, "Hello.", minute=0))
    elsewhere = tmp_path / "backup" / f"{OLD}.jsonl"
    elsewhere.parent.mkdir()
    shutil.copy2(one.path, elsewhere)
    folder.import_(one, other, History(agent=Agent.CLAUDE_CODE, form=Form.LINES, path=elsewhere))

    assert [(OLD, "Hello."), (NEW, "Hello.")] == folder.said()


def test_a_line_that_stands_there_twice_is_one(folder: Folder) -> None:
    """Several processes in one session write a line more than once. With other words it is not the same."""
    history = folder.write(OLD, said(0, "Yes."), said(0, "Yes."), said(1, "Yes."), said(0, "Yes."), said(1, "No."))
    (account,) = folder.import_(history)

    assert [(OLD, "No."), (OLD, "Yes."), (OLD, "Yes.")] == folder.said()
    assert {"a line that stands above already": 2} == account.reasons_of(Outcome.MERGED)
    assert [] == account.unexplained


# -- forks of Codex ----------------------------------------------------------------------------------

PARENT, FORK, FORK_OF_FORK = (f"0198a000-0000-7000-8000-00000000000{n}" for n in range(3))


class Rollouts:
    """Rollouts of Codex in their folders by day, and an import of them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.log = InMemoryLog()

    def write(self, session: str, *items: Line, forked_from: str = "", minute: int = 0, day: str = "02") -> History:
        """A rollout, all of whose lines were written at that minute."""
        meta = {"id": session, "cwd": "/work/sloop", **({"forked_from_id": forked_from} if forked_from else {})}
        lines = [{"type": "session_meta", "payload": meta}, *items]
        stamped = [{"timestamp": f"2026-03-{day}T10:{minute + n:02}:00.000Z", **line} for n, line in enumerate(lines)]
        path = self.path / "sessions" / "2026" / "03" / day / f"rollout-2026-03-{day}T10-00-00-{session}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(line) + "\n" for line in stamped))
        return History(agent=Agent.CODEX, form=Form.LINES, path=path)

    def said(self) -> list[tuple[str, str]]:
        return sorted((event.session, event.text) for _, event in self.log.events.values())


def item(text: str, role: str = "user") -> Line:
    content = [{"type": "input_text", "text": text}]
    return {"type": "response_item", "payload": {"type": "message", "role": role, "content": content}}


def shown(text: str) -> Line:
    return {"type": "event_msg", "payload": {"type": "user_message", "message": text}}


def called(number: int) -> list[Line]:
    call = {"type": "function_call", "name": "shell", "arguments": '{"command": "ls"}', "call_id": f"c{number}"}
    result = {"type": "function_call_output", "call_id": f"c{number}", "output": f"a{number}.txt"}
    return [{"type": "response_item", "payload": call}, {"type": "response_item", "payload": result}]


TURNS = [item("ok"), shown("ok"), *called(1), item("Done.", "assistant"), item("ok"), shown("ok"), *called(2)]
OF_THE_PARENT = [(PARENT, text) for text in ("Done.", "a1.txt", "a2.txt", "ls", "ls", "ok", "ok")]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
def test_what_a_fork_of_codex_copied_is_recorded_once_in_any_order(tmp_path: Path, order: tuple[int, ...]) -> None:
    """From the end, and from the middle of that, hours and a day later; the meta of the other is copied, too."""
    rollouts = Rollouts(tmp_path)
    other = {"type": "session_meta", "payload": {"id": PARENT, "cwd": "/work/sloop"}}
    histories = [
        rollouts.write(PARENT, *TURNS),
        rollouts.write(FORK, other, *TURNS, item("ok"), item("Another way."), forked_from=PARENT, minute=20),
        rollouts.write(FORK_OF_FORK, other, *TURNS[:5], item("Mine."), *called(3), forked_from=FORK, day="03"),
    ]
    for at in order:
        import_all([histories[at]], rollouts.log)
    expected = [*OF_THE_PARENT, (FORK, "Another way."), (FORK, "ok")]

    assert [*expected, *((FORK_OF_FORK, text) for text in ("Mine.", "a3.txt", "ls"))] == rollouts.said()


def test_a_fork_whose_original_is_gone_tells_all_that_it_has(tmp_path: Path) -> None:
    rollouts = Rollouts(tmp_path)
    import_all([rollouts.write(FORK, item("ok"), item("Done.", "assistant"), forked_from=PARENT)], rollouts.log)

    assert [(FORK, "Done."), (FORK, "ok")] == rollouts.said()


def test_what_was_copied_keeps_its_time(tmp_path: Path) -> None:
    """A fork writes it with the time of the copy."""
    rollouts = Rollouts(tmp_path)
    rollouts.write(PARENT, *TURNS)
    import_all([rollouts.write(FORK, *TURNS, forked_from=PARENT, day="03")], rollouts.log)
    days = {event.time_ms // 86_400_000 for _, event in rollouts.log.events.values()}

    assert {1_772_409_600_000 // 86_400_000} == days
