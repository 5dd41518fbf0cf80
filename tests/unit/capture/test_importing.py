"""The import engine: whatever is interrupted, repeated, cut or grown, the log comes to hold the same."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from agent_memory.capture.importing.accounts import Account, State, total
from agent_memory.capture.importing.formats import Form, History
from agent_memory.capture.importing.marks import FILE, Anchor, Marks
from agent_memory.capture.model import Agent, Outcome
from agent_memory.testing.import_log import InMemoryLog, LogGone, OpenScope, histories_in, import_all

DATA = Path(__file__).parents[2] / "data" / "histories"
RECORDED = [
    history for history in histories_in(DATA) if history.form is Form.LINES and (history.path.stat().st_size < 200_000)
]


def prompt(
    text: str, minute: int, *, second: int = 0, session: str = "s1", cwd: str = "/work/kelpie"
) -> dict[str, Any]:
    """A line of Claude Code's, of something that was typed."""
    return {
        "type": "user",
        "uuid": f"{session}-{minute}-{second}",
        "parentUuid": None,
        "isSidechain": False,
        "sessionId": session,
        "cwd": cwd,
        "timestamp": f"2026-03-02T10:{minute:02}:{second:02}.000Z",
        "message": {"role": "user", "content": text},
    }


def write(path: Path, *lines: dict[str, Any] | bytes, ending: bytes = b"\n") -> History:
    raw = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
    path.write_bytes(b"\n".join(raw) + ending)
    return History(agent=Agent.CLAUDE_CODE, form=Form.LINES, path=path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "s1.jsonl"


def one(accounts: list[Account]) -> Account:
    (account,) = accounts
    return account


# -- the same content, whatever happens --------------------------------------------------------


@pytest.mark.parametrize("history", RECORDED, ids=lambda history: history.path.name)
def test_every_line_of_recorded_histories_is_accounted_for(history: History) -> None:
    """Each line has one outcome, and there is none without."""
    log = InMemoryLog()
    account = one(import_all([history], log))
    line_count = len(history.path.read_bytes().splitlines())

    assert (State.READ, [], line_count) == (account.state, account.unexplained, sum(account.outcomes.values()))
    assert len(log.events) == account.created > 0


@pytest.mark.parametrize("history", RECORDED, ids=lambda history: history.path.name)
def test_a_history_cut_at_every_line_and_then_whole_gives_what_the_whole_gives(
    history: History, tmp_path: Path
) -> None:
    """It grows under the import, a line at a time, with marks kept or without."""
    whole = InMemoryLog()
    copy = tmp_path / history.path.parent.name / history.path.name
    copy.parent.mkdir()
    cut = History(agent=history.agent, form=history.form, path=copy)
    lines = history.path.read_bytes().splitlines(keepends=True)
    copy.write_bytes(b"".join(lines))
    import_all([cut], whole)
    for marks in (Marks(None), None):
        log = InMemoryLog()
        for count in range(len(lines) + 1):
            copy.write_bytes(b"".join(lines[:count]))
            import_all([cut], log, marks=marks)

        assert whole.content() == log.content()


def test_importing_twice_records_nothing_twice_and_reads_nothing_twice(path: Path) -> None:
    history = write(path, prompt("Label the crates.", 1), prompt("Yes.", 2), prompt("Yes.", 3))
    log, marks = InMemoryLog(), Marks(None)
    first, second = (one(import_all([history], log, marks=marks)) for _ in range(2))
    third = one(import_all([history], log, marks=marks, again=True))

    assert (3, State.UNCHANGED, 0) == (first.created, second.state, second.lines)
    assert (0, 3, 3) == (third.created, third.known, len(log.events))


def test_of_a_file_that_has_grown_only_what_is_new_is_sent(path: Path) -> None:
    log, marks = InMemoryLog(), Marks(None)
    import_all([write(path, prompt("Yes.", 1), prompt("No.", 2))], log, marks=marks)
    account = one(import_all([write(path, prompt("Yes.", 1), prompt("No.", 2), prompt("Yes.", 3))], log, marks=marks))

    assert (3, 1, 2, 3) == (account.lines, account.created, account.imported_before, sum(log.batches))


def test_a_file_that_was_written_anew_is_read_whole(path: Path) -> None:
    """Shorter than before, and with other words where the old ones stood."""
    log, marks = InMemoryLog(), Marks(None)
    import_all([write(path, *(prompt(f"Step {n}.", n) for n in range(20)))], log, marks=marks)
    account = one(import_all([write(path, prompt("Begin anew.", 30), prompt("Step 3.", 3))], log, marks=marks))

    assert (2, 1, 1) == (account.lines, account.created, account.imported_before)
    assert 21 == len(log.events)


def test_an_import_that_loses_its_log_goes_on_where_it_was(tmp_path: Path) -> None:
    """Acknowledged events are not sent again; the others are."""
    histories = [
        write(tmp_path / f"{name}.jsonl", *(prompt(f"Step {n} of {name}.", n % 60, session=name) for n in range(700)))
        for name in ("a", "b")
    ]
    marks, log = Marks(None), InMemoryLog(failing_after=2)
    with pytest.raises(LogGone):
        import_all(histories, log, marks=marks)
    held = len(log.events)
    log.failing_after = 1_000_000
    before = sum(log.batches)
    accounts = import_all(histories, log, marks=marks)

    assert (1000, State.UNCHANGED, 300) == (held, accounts[0].state, total(accounts, "imported_before"))
    assert (1400, 400) == (len(log.events), sum(log.batches) - before)


def test_an_import_that_is_stopped_says_so_and_goes_on_the_next_time(tmp_path: Path) -> None:
    histories = [write(tmp_path / f"{n}.jsonl", prompt("Begin.", 1, session=f"{n}")) for n in range(5)]
    log, marks, asked = InMemoryLog(), Marks(None), iter([False, False, False, False, False, True, True])
    stopped = import_all(histories, log, marks=marks, stopped=lambda: next(asked, True))
    rest = import_all(histories, log, marks=marks)

    assert 0 < len(stopped) < 5
    assert (5, 5) == (len(rest), len(log.events))


# -- hooks before histories --------------------------------------------------------------------


@pytest.mark.parametrize("captured", [[1], [2], [3], [2, 3], [1, 3], [1, 2, 3], [3, 4], []])
def test_what_a_hook_heard_in_the_middle_of_a_session_is_found_among_its_repetitions(
    path: Path, captured: list[int]
) -> None:
    """A hook numbers repetitions from where it was installed; a history, from the beginning."""
    whole = [prompt("Yes.", 10 * n) for n in range(1, 5)]
    expected = InMemoryLog()
    import_all([write(path, *whole)], expected)
    log = InMemoryLog()
    import_all([write(path, *(prompt("Yes.", 10 * n) for n in captured))], log)
    for _ in range(2):
        import_all([write(path, *whole)], log)

        assert expected.said() == log.said()


@pytest.mark.parametrize(("late_min", "count"), [(0, 1), (1, 1), (40, 1), (59 + 60, 2)])
def test_what_a_history_has_only_once_is_what_a_hook_told_of_somewhat_later(
    path: Path, late_min: int, count: int
) -> None:
    """A prompt that was queued has two times; hours later it is another one."""
    log, late = InMemoryLog(), prompt("Label the crates.", 0)
    late["timestamp"] = f"2026-03-02T{10 + late_min // 60}:{late_min % 60:02}:00.000Z"
    import_all([write(path, late)], log)
    for _ in range(2):
        import_all([write(path, prompt("Label the crates.", 0))], log)

    assert count == len(log.events)


def test_a_session_that_goes_on_in_another_file_loses_none_of_its_repetitions(tmp_path: Path) -> None:
    """Each file is counted from its own beginning."""
    log = InMemoryLog()
    first = write(tmp_path / "a.jsonl", prompt("Go on.", 1), prompt("Go on.", 5))
    second = write(tmp_path / "b.jsonl", prompt("Go on.", 20), prompt("Go on.", 30))
    copied = write(tmp_path / "c.jsonl", prompt("Go on.", 1), prompt("Go on.", 5), prompt("Go on.", 20))
    for _ in range(2):
        import_all([first, second, copied], log)

        assert 4 == len(log.events)


def test_words_said_twice_within_a_minute_are_two(path: Path) -> None:
    log = InMemoryLog()
    for _ in range(2):
        import_all([write(path, prompt("Yes.", 1), prompt("Yes.", 1, second=20), prompt("Yes.", 2))], log)

    assert 3 == len(log.events)


# -- what is left out --------------------------------------------------------------------------


def test_since_leaves_out_what_is_older_and_a_later_import_takes_it_in(path: Path) -> None:
    """Numbers of repetitions count what was left out; so both ways together give the whole."""
    history = write(path, prompt("Yes.", 1), prompt("Yes.", 20), prompt("Done.", 21))
    since_ms = 1_772_445_600_000 + 10 * 60_000
    log, marks, expected = InMemoryLog(), Marks(None), InMemoryLog()
    first = one(import_all([history], log, marks=marks, since_ms=since_ms))
    again = one(import_all([history], log, marks=marks, since_ms=since_ms + 1))
    rest = one(import_all([history], log, marks=marks))
    import_all([history], expected)

    assert (2, {"before --since": 1}) == (first.created, first.left_out)
    assert State.UNCHANGED == again.state
    assert (1, 2) == (rest.created, rest.imported_before)
    assert expected.content() == log.content()


def test_ignored_folders_are_left_out_with_their_reason(path: Path) -> None:
    history = write(path, prompt("Open.", 1), prompt("Private.", 2, cwd="/private"))
    log = InMemoryLog()
    account = one(import_all([history], log, scope=OpenScope("/private")))

    assert ({"the folder is ignored": 1}, ["Open."]) == (account.left_out, log.texts())


def test_a_dry_run_counts_and_changes_nothing(path: Path) -> None:
    history = write(path, prompt("Yes.", 1), prompt("Yes.", 2))
    log, marks = InMemoryLog(), Marks(None)
    dry = one(import_all([history], None, marks=marks))
    account = one(import_all([history], log, marks=marks))
    after = one(import_all([history], None, marks=marks, again=True))

    assert (2, 2, 2) == (dry.created, account.created, after.created)


def test_secrets_are_taken_out_before_anything_is_made_of_a_line(path: Path) -> None:
    def redact(value: Any) -> tuple[Any, dict[str, int]]:
        return json.loads(json.dumps(value).replace("hunter2", "[redacted]")), {"password": 1}

    log = InMemoryLog()
    account = one(import_all([write(path, prompt("It is hunter2.", 1))], log, redact=redact))
    clean = InMemoryLog()
    import_all([write(path, prompt("It is [redacted].", 1))], clean)

    assert {"password": 1} == account.redacted
    assert clean.content() == log.content()


# -- what cannot be read -----------------------------------------------------------------------


def test_malformed_lines_are_told_by_number_and_stop_nothing(path: Path) -> None:
    good, two = (json.dumps(prompt("Good.", minute)).encode() for minute in (1, 2))
    three = two.replace(b"Good", b"Three")
    history = write(path, good, good[:40], b"", b"[1, 2]", b"\0\0\0", b"\xff\xfe broken", two + three)
    log = InMemoryLog()
    account = one(import_all([history], log))
    malformed = [line for line, _ in account.malformed]

    assert ([2, 4, 6], 3, []) == (malformed, len(log.events), account.unexplained)
    assert {"blank line": 2} == account.reasons_of(Outcome.SKIPPED)


def test_parts_of_an_export_are_numbered_through(tmp_path: Path) -> None:
    """What is no conversation has a number among them, and so has what a download that broke off lost."""
    chat = {"uuid": "c1", "chat_messages": [{"uuid": "m1", "sender": "human", "text": "Hello."}]}
    path = tmp_path / "conversations.json"
    path.write_text(json.dumps([chat, 5, {"chat_messages": 7}, {**chat, "uuid": "c2"}, chat])[:-30])
    account = one(import_all([History(agent=Agent.CLAUDE_AI, form=Form.DOCUMENT, path=path)], InMemoryLog()))

    assert [3, 4, 7] == [number for number, _ in account.malformed]
    assert 7 == account.lines == sum(account.outcomes.values())
    assert "cannot be read, nor what follows it" in account.malformed[-1][1]


def test_marks_of_another_form_are_begun_anew(tmp_path: Path, path: Path) -> None:
    """The log knows what it has."""
    history, log = write(path, prompt("Label the crates.", 1)), InMemoryLog()
    with closing(sqlite3.connect(tmp_path / FILE)) as old, old:
        old.execute("CREATE TABLE marks (name TEXT PRIMARY KEY, stamp TEXT NOT NULL)")
        old.execute("INSERT INTO marks VALUES (?, 'x')", (str(path),))
    for expected in (State.READ, State.UNCHANGED):
        marks = Marks(tmp_path)
        account = one(import_all([history], log, marks=marks))
        marks.close()

        assert (expected, "") == (account.state, marks.problem)


def test_a_last_line_without_its_end_is_taken_if_it_is_whole_and_waited_for_if_not(path: Path) -> None:
    whole, half = json.dumps(prompt("Whole.", 1)).encode(), json.dumps(prompt("Half.", 2)).encode()
    log, marks = InMemoryLog(), Marks(None)
    first = one(import_all([write(path, whole, ending=b"")], log, marks=marks))
    cut = one(import_all([write(path, whole, half[:50], ending=b"")], log, marks=marks))
    then = one(import_all([write(path, whole, half, ending=b"")], log, marks=marks))

    assert (1, 1, 1) == (first.created, len(cut.malformed), then.created)
    assert "is unfinished" in cut.malformed[0][1]


def test_a_history_that_cannot_be_read_is_told_and_the_others_come_in(tmp_path: Path) -> None:
    """A file that has gone; a folder in a file's place; a store that is none."""
    gone = History(agent=Agent.CLAUDE_CODE, form=Form.LINES, path=tmp_path / "gone.jsonl")
    store = History(agent=Agent.OPENCODE, form=Form.DATABASE, path=tmp_path / "opencode.db")
    store.path.write_bytes(b"SQLite format 3\0 and then nothing of the kind")
    folder = History(agent=Agent.CODEX, form=Form.LINES, path=tmp_path)
    good = write(tmp_path / "good.jsonl", prompt("Good.", 1))
    log = InMemoryLog()
    accounts = import_all([gone, folder, store, good], log)

    assert [True, True, False, False] == [account.state is State.FAILED for account in accounts]
    assert all(account.problem or account.malformed for account in accounts[:3])
    assert 1 == len(log.events)


def test_what_the_log_refuses_is_told_by_line(path: Path) -> None:
    """An event of the far future; it is offered again the next time."""
    future = {**prompt("Later.", 1), "timestamp": "2199-01-01T00:00:00Z"}
    history = write(path, prompt("Now.", 1), future)
    log, marks = InMemoryLog(), Marks(None)
    account = one(import_all([history], log, marks=marks))

    assert (1, 1, 2) == (account.created, account.refused_count, account.refused[0][0])


# -- marks -------------------------------------------------------------------------------------


def test_marks_last(tmp_path: Path, path: Path) -> None:
    history = write(path, prompt("Yes.", 1))
    log = InMemoryLog()
    for expected in (State.READ, State.UNCHANGED):
        marks = Marks(tmp_path / "spool")
        account = one(import_all([history], log, marks=marks))
        anchor = marks.anchor
        marks.close()

        assert expected == account.state
        assert Anchor(next(iter(log.events.values()))[1].id, 1) == anchor


@pytest.mark.parametrize("content", [b"", b"no database at all, but longer than its header" * 10])
def test_damaged_marks_are_begun_anew(tmp_path: Path, path: Path, content: bytes) -> None:
    """They say only what can be found out again."""
    (tmp_path / FILE).write_bytes(content)
    log, history = InMemoryLog(), write(path, prompt("Yes.", 1))
    import_all([history], log)
    marks = Marks(tmp_path)
    account = one(import_all([history], log, marks=marks))
    marks.close()

    assert (0, 1) == (account.created, account.known)


def test_marks_that_cannot_be_kept_hold_nobody_up(tmp_path: Path, path: Path) -> None:
    """Everything comes in; the next import reads again."""
    (tmp_path / "spool").write_text("a file in the folder's place")
    log, history = InMemoryLog(), write(path, prompt("Yes.", 1))
    marks = Marks(tmp_path / "spool")
    import_all([history], log, marks=marks)

    assert (1, True) == (len(log.events), bool(marks.problem))
