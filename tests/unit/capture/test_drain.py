"""From spool to log: in order, once, whatever dies in between and whatever one payload is like."""

from __future__ import annotations

import itertools
import json
import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from agent_memory.capture import spool
from agent_memory.capture.drain import Drain, Refusal
from agent_memory.capture.identity import CountedRepetitions, to_draft
from agent_memory.capture.ledger import Ledger, read_counters
from agent_memory.capture.model import Agent, Captured
from agent_memory.capture.policy import rules_of
from agent_memory.capture.redaction import Redactor
from agent_memory.clock import SYSTEM_CLOCK, RandomIds
from agent_memory.errors import InvalidEvent
from agent_memory.events import Draft, Event, Kind, Receipt, complete
from agent_memory.log import RowEventLog
from agent_memory.storage import InMemoryRows
from agent_memory.testing.faults import NO_FAULTS, Faults, InjectedFault

NOON_MS = 1_768_478_400_000


class LogAppender:
    """`Appender` over a real log in memory; breaks where *faults* say."""

    def __init__(self, log: RowEventLog, faults: Faults = NO_FAULTS) -> None:
        self._log = log
        self.faults = faults

    def append(self, drafts: Sequence[Draft]) -> list[Receipt | Refusal]:
        self.faults.step("before an append")
        outcomes = [self._append(draft) for draft in drafts]
        self.faults.step("after an append")
        return outcomes

    def _append(self, draft: Draft) -> Receipt | Refusal:
        try:
            event = complete(draft, clock=SYSTEM_CLOCK, ids=RandomIds())
        except InvalidEvent as error:
            return Refusal(str(error))
        return self._log.append([event])[0]


class EverythingInScope:
    """`Scope` that ignores one folder."""

    def ignored(self, agent: str, folder: str, at_ms: int) -> str:
        return "the folder is ignored" if folder == "/private" else ""

    def project(self, folder: str) -> str:
        if folder == "/breaks":
            raise RuntimeError("a bug of ours")
        return folder * 2000 if folder == "/long" else folder


class FaultyLedger(Ledger):
    """Breaks before and after each commit."""

    def __init__(self, folder: Path, faults: Faults) -> None:
        super().__init__(folder)
        self._faults = faults

    def commit(self) -> None:
        self._faults.step("before a commit")
        super().commit()
        self._faults.step("after a commit")


@pytest.fixture
def log() -> Iterator[RowEventLog]:
    log = RowEventLog(InMemoryRows())
    yield log
    log.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    spool.make(str(tmp_path / "spool"))
    return tmp_path / "spool"


def leave(folder: Path, payload: dict[str, Any] | str, *, at_s: int, agent: str = "claude-code", **more: Any) -> str:
    """Leave an envelope, received *at_s* seconds after noon; its id."""
    received_ns = (NOON_MS + at_s * 1000) * 1_000_000
    envelope = spool.Envelope(
        id=spool.new_id(received_ns),
        agent=agent,
        received_ms=received_ns // 1_000_000,
        cwd="/work",
        payload=payload if isinstance(payload, str) else json.dumps(payload),
        **more,
    )
    spool.put(str(folder), envelope)
    return envelope.id


def prompt(text: str, **more: Any) -> dict[str, Any]:
    return {"session_id": "s1", "cwd": "/work", "hook_event_name": "UserPromptSubmit", "prompt": text, **more}


def drain_all(folder: Path, log: RowEventLog, faults: Faults = NO_FAULTS, *, redactor: Redactor | None = None) -> None:
    ledger = FaultyLedger(folder, faults)
    try:
        drain = Drain(folder, ledger, LogAppender(log, faults), EverythingInScope(), redactor=redactor)
        drain.tidy()
        while drain.drain():
            faults.step("between batches")
    finally:
        ledger.close()


def events(log: RowEventLog) -> list[Event]:
    return [recorded.event for recorded in log.read(limit=1000)]


def texts(log: RowEventLog) -> list[str]:
    return [event.text for event in events(log)]


def test_envelopes_are_recorded_in_the_order_in_which_they_came(folder: Path, log: RowEventLog) -> None:
    for at_s, text in ((30, "third"), (10, "first"), (20, "second")):
        leave(folder, prompt(text), at_s=at_s)

    drain_all(folder, log)

    assert ["first", "second", "third"] == texts(log)
    assert [NOON_MS + s * 1000 for s in (10, 20, 30)] == [event.time_ms for event in events(log)]
    assert {("claude-code", "s1", "/work", Kind.USER_MESSAGE)} == {
        (event.agent, event.session, event.project, event.kind) for event in events(log)
    }
    assert [] == spool.waiting(str(folder))
    assert 3 == read_counters(folder)["drained"]


def test_many_batches_are_drained_one_after_the_other(folder: Path, log: RowEventLog) -> None:
    expected = [f"prompt {n}" for n in range(300)]
    for n, text in enumerate(expected):
        leave(folder, prompt(text), at_s=n)

    drain_all(folder, log)

    assert expected == texts(log)


def test_whatever_step_a_crash_comes_at_each_payload_is_recorded_once(tmp_path: Path) -> None:
    for at in itertools.count(1):
        log = RowEventLog(InMemoryRows())
        folder = tmp_path / str(at)
        spool.make(str(folder))
        for n, text in enumerate(["yes", "go on", "yes", "yes"]):
            leave(folder, prompt(text), at_s=n * 600)
        faults = Faults(at)
        with suppress(InjectedFault):
            drain_all(folder, log, faults)
        leave(folder, prompt("yes"), at_s=10_000)
        drain_all(folder, log)

        assert ["yes", "go on", "yes", "yes", "yes"] == texts(log), f"step {at}"
        assert [] == spool.waiting(str(folder))
        log.close()
        if not faults.fired:
            assert at > 8
            break


def test_what_one_payload_tells_keeps_its_order_in_time(folder: Path, log: RowEventLog) -> None:
    result = {
        "session_id": "s1",
        "hook_event_name": "PostToolUse",
        "tool_name": "Bash",
        "tool_input": {"command": "ls"},
        "tool_response": "a.txt",
    }
    payloads = "\n".join(json.dumps({**result, "tool_use_id": f"t{n}"}) for n in range(20))
    leave(folder, payloads, at_s=0)

    drain_all(folder, log)

    told = sorted(events(log), key=lambda event: event.id)
    assert [f"{kind}/t{n}" for n in range(20) for kind in ("call", "result")] == [
        event.source_id.removeprefix("s1/") for event in told
    ]


def test_an_envelope_whose_file_outlived_a_crash_is_not_counted_twice(folder: Path, log: RowEventLog) -> None:
    leave(folder, prompt("once"), at_s=0)
    (name,) = spool.waiting(str(folder))
    kept = (folder / "waiting" / name).read_bytes()
    drain_all(folder, log)
    (folder / "waiting" / name).write_bytes(kept)

    drain_all(folder, log)

    assert ["once"] == texts(log)
    assert 1 == read_counters(folder)["drained"]


def test_the_same_words_twice_are_two_events_and_the_same_prompt_delivered_twice_is_one(
    folder: Path, log: RowEventLog
) -> None:
    leave(folder, prompt("yes"), at_s=0)
    leave(folder, prompt("yes"), at_s=1)
    leave(folder, prompt("no", prompt_id="p1"), at_s=2)
    # A hook that stands in the settings of the user and of the project is called twice.
    leave(folder, prompt("no", prompt_id="p1"), at_s=2)
    leave(folder, prompt("no", prompt_id="p2"), at_s=3)

    drain_all(folder, log)

    assert ["yes", "yes", "no", "no"] == texts(log)


def imported(log: RowEventLog, *told: tuple[str, int]) -> None:
    repetitions = CountedRepetitions()
    for text, at_s in told:
        captured = Captured(kind=Kind.USER_MESSAGE, session="s1", text=text, time_ms=NOON_MS + at_s * 1000)
        draft = to_draft(captured, Agent.CLAUDE_CODE, repetitions)
        log.append([complete(draft, clock=SYSTEM_CLOCK, ids=RandomIds())])


def test_a_prompt_that_a_history_told_before_is_the_same_event(folder: Path, log: RowEventLog) -> None:
    imported(log, ("yes", 0), ("why?", 5))
    leave(folder, prompt("why?"), at_s=6)

    drain_all(folder, log)

    assert ["yes", "why?"] == texts(log)


def test_words_that_a_history_told_of_an_earlier_time_are_said_again(folder: Path, log: RowEventLog) -> None:
    """The session goes on after its beginning was imported: its next `yes` is another one."""
    imported(log, ("yes", 0), ("yes", 400))
    leave(folder, prompt("yes"), at_s=1000)
    drain_all(folder, log)
    leave(folder, prompt("yes"), at_s=1400)
    drain_all(folder, log)
    said_s = [(event.time_ms - NOON_MS) // 1000 for event in events(log)]
    # And the history, read again with what was said since, tells nothing new.
    imported(log, ("yes", 0), ("yes", 400), ("yes", 1000), ("yes", 1400))

    assert [0, 400, 1000, 1400] == said_s
    assert said_s == [(event.time_ms - NOON_MS) // 1000 for event in events(log)]


def test_words_said_again_and_delivered_twice_at_once_are_said_once_again(folder: Path, log: RowEventLog) -> None:
    """By hooks in the settings of the user and of the project, after an import; both lie in one batch."""
    imported(log, ("yes", 0))
    for _ in range(2):
        leave(folder, prompt("yes", prompt_id="p2"), at_s=1000)
    drain_all(folder, log)

    assert ["yes", "yes"] == texts(log)


def test_a_payload_that_waited_while_its_history_was_imported_is_what_that_tells(
    folder: Path, log: RowEventLog
) -> None:
    """A history without times has that of its file for all that is in it, later than the hook heard it."""
    imported(log, ("yes", 5000), ("yes", 5001))
    for at_s in (0, 1000):
        leave(folder, prompt("yes"), at_s=at_s)
    drain_all(folder, log)

    assert ["yes", "yes"] == texts(log)


def test_agents_that_give_a_delivery_no_id_are_known_by_its_time(folder: Path, log: RowEventLog) -> None:
    """To the millisecond; a time in whole seconds tells nothing apart."""
    gemini = {"session_id": "g1", "cwd": "/work", "hook_event_name": "BeforeAgent", "prompt": "go on"}
    copilot = {"sessionId": "c1", "cwd": "/work", "prompt": "go on"}
    for at in ("2026-01-15T12:00:00.000Z", "2026-01-15T12:00:00.007Z", "2026-01-15T12:00:09Z"):
        for _ in range(2):
            leave(folder, {**gemini, "timestamp": at}, at_s=1, agent="gemini")
    for at_ms in (NOON_MS, NOON_MS + 1):
        for _ in range(2):
            leave(folder, {**copilot, "timestamp": at_ms}, at_s=1, agent="copilot")
    drain_all(folder, log)

    assert {"g1": 4, "c1": 2} == Counter(event.session for event in events(log))


def test_cursor_that_calls_the_hooks_of_claude_code_too_is_one_agent(folder: Path, log: RowEventLog) -> None:
    """It hands both the same payload, with its version."""
    payload = {"conversation_id": "c1", "generation_id": "g1", "cursor_version": "2.1", "workspace_roots": ["/work"]}
    said = ({"hook_event_name": "beforeSubmitPrompt", "prompt": "Why?"},)
    answered = (
        {"hook_event_name": "afterAgentResponse", "text": "So."},
        {"hook_event_name": "Stop", "last_assistant_message": "So."},
    )
    for at_s, event in enumerate((*said, *answered)):
        for agent in ("claude-code", "cursor"):
            leave(folder, {**payload, **event}, at_s=at_s, agent=agent)
    drain_all(folder, log)

    assert [("cursor", "c1", "Why?"), ("cursor", "c1", "So.")] == [
        (event.agent, event.session, event.text) for event in events(log)
    ]


@pytest.mark.parametrize("agent", ["claude-code", "codex"])
def test_a_session_begins_once_however_often_hooks_are_registered(folder: Path, log: RowEventLog, agent: str) -> None:
    """And is taken up again as often as it is."""
    begins = {"session_id": "s1", "cwd": "/work", "hook_event_name": "SessionStart"}
    for at_s, source in enumerate(("startup", "startup", "resume", "resume")):
        leave(folder, {**begins, "source": source}, at_s=at_s, agent=agent)
    drain_all(folder, log)

    assert ["startup", "resume", "resume"] == [event.metadata["source"] for event in events(log)]


def test_a_payload_that_is_no_json_is_kept_as_it_came(folder: Path, log: RowEventLog) -> None:
    leave(folder, '{"session_id": "s1", "prompt": "cut off in the mid', at_s=0)
    leave(folder, prompt("whole"), at_s=1)

    drain_all(folder, log)

    other, message = events(log)
    assert (Kind.OTHER, Kind.USER_MESSAGE) == (other.kind, message.kind)
    assert "cut off in the mid" in other.text


@pytest.mark.parametrize("agent", ["", "aider"])
def test_a_payload_of_nobody_known_is_kept_as_it_came(folder: Path, log: RowEventLog, agent: str) -> None:
    leave(folder, {"what": "is this"}, at_s=0, agent=agent)
    leave(folder, {"what": "is this"}, at_s=1, agent=agent)

    drain_all(folder, log)

    assert [(Kind.OTHER, agent), (Kind.OTHER, agent)] == [(event.kind, event.agent) for event in events(log)]


def test_without_a_name_the_payload_tells_whose_it_is(folder: Path, log: RowEventLog) -> None:
    leave(folder, prompt("hello", permission_mode="default", transcript_path="/x/y"), at_s=0, agent="")

    drain_all(folder, log)

    assert ["claude-code"] == [event.agent for event in events(log)]


def test_an_event_that_the_log_refuses_is_set_aside_with_why_and_nothing_else_waits(
    folder: Path, log: RowEventLog
) -> None:
    refused = leave(folder, prompt("far away", cwd="/long"), at_s=1)
    leave(folder, prompt("fine"), at_s=0)

    drain_all(folder, log)

    assert ["fine"] == texts(log)
    (name,) = spool.refused(str(folder))
    assert name.startswith(refused)
    why = (folder / "refused" / f"{name}.why").read_text()
    assert "user_message: project: is 10,000 bytes long" in why
    assert 1 == read_counters(folder)["drained"]

    # Moved back, it is tried again.
    (folder / "refused" / name).rename(folder / "waiting" / name)
    drain_all(folder, log)
    assert [name] == spool.refused(str(folder))


def test_what_came_while_the_clock_was_far_ahead_is_recorded_when_it_is_right(folder: Path, log: RowEventLog) -> None:
    """As of now: when it was nobody knows any more."""
    years_s = 10**9
    for n, text in enumerate(("first", "second")):
        leave(folder, prompt(text, timestamp=NOON_MS + (years_s + n) * 1000), at_s=years_s + n)

    drain_all(folder, log)

    assert ["first", "second"] == texts(log)
    assert all(event.time_ms <= time.time() * 1000 for event in events(log))


def test_a_payload_that_breaks_us_is_set_aside_alone(folder: Path, log: RowEventLog) -> None:
    broken = leave(folder, prompt("what is it?", cwd="/breaks"), at_s=1)
    for at_s in (0, 2):
        leave(folder, prompt(f"fine at {at_s}"), at_s=at_s)

    drain_all(folder, log)

    assert ["fine at 0", "fine at 2"] == texts(log)
    (name,) = spool.refused(str(folder))
    assert name.startswith(broken)
    assert "RuntimeError: a bug of ours" in (folder / "refused" / f"{name}.why").read_text()
    assert 2 == read_counters(folder)["drained"]


def test_a_file_that_is_no_envelope_is_set_aside(folder: Path, log: RowEventLog) -> None:
    leave(folder, prompt("cut"), at_s=0)
    (name,) = spool.waiting(str(folder))
    file = folder / "waiting" / name
    file.write_bytes(file.read_bytes()[:-3])
    (folder / "waiting" / "zzz").write_bytes(b"\x00\xff not an envelope")
    leave(folder, prompt("fine"), at_s=1)

    drain_all(folder, log)

    assert ["fine"] == texts(log)
    assert [name, "zzz"] == spool.refused(str(folder))


def test_what_a_killed_hook_left_half_written_is_removed_and_counted(folder: Path, log: RowEventLog) -> None:
    for name, age_s in (("old", 7200), ("new", 0)):
        (folder / "writing" / name).write_text("half")
        os.utime(folder / "writing" / name, (time.time() - age_s,) * 2)

    drain_all(folder, log)
    drain_all(folder, log)

    assert ["new"] == [file.name for file in (folder / "writing").iterdir()]
    assert 1 == spool.lost(str(folder))


def test_nothing_that_lies_there_keeps_envelopes_from_being_taken_in(folder: Path, log: RowEventLog) -> None:
    os.mkfifo(folder / "waiting" / "0-pipe")
    (folder / "waiting" / "0-endless").symlink_to("/dev/zero")
    (folder / "waiting" / "0-folder").mkdir()
    (folder / "waiting" / ("0" * 255)).write_text("a long name")
    leave(folder, prompt("fine"), at_s=1)

    drain_all(folder, log)

    assert ["fine"] == texts(log)
    assert 4 == len(spool.refused(str(folder)))


def test_what_a_hook_redacted_by_other_rules_is_redacted_by_the_settings(folder: Path, log: RowEventLog) -> None:
    """A hook that ran before a daemon did knows no settings."""
    redactor = Redactor(extra=["badge=BADGE-[0-9]{6}"])
    told = prompt("Open with BADGE-123456, token ghp_abcdefghijklmnopqrstuvwxyz0123456789")
    leave(folder, told, at_s=0)
    leave(folder, told | {"session_id": "s2"}, at_s=1, rules="those of another daemon")
    # Redacted by these rules, so there is nothing to look for.
    leave(folder, prompt("BADGE-654321 as it was left"), at_s=2, rules=rules_of(redactor.policy))

    drain_all(folder, log, redactor=redactor)

    redacted = "Open with [redacted: badge], token [redacted: github-token]"
    assert [redacted, redacted, "BADGE-654321 as it was left"] == texts(log)
    assert 2 == read_counters(folder)["redacted.badge"]


def test_what_is_out_of_scope_is_not_recorded(folder: Path, log: RowEventLog) -> None:
    leave(folder, prompt("secret plans", cwd="/private"), at_s=0)
    leave(folder, prompt("other plans"), at_s=1)

    drain_all(folder, log)

    assert ["other plans"] == texts(log)
    assert (1, 1) == (read_counters(folder)["skipped"], read_counters(folder)["drained"])


def test_an_outage_keeps_everything_for_later(folder: Path, log: RowEventLog) -> None:
    leave(folder, prompt("patient"), at_s=0)
    with pytest.raises(InjectedFault):
        drain_all(folder, log, Faults(3))

    assert [] == texts(log)
    assert 1 == len(spool.waiting(str(folder)))
    drain_all(folder, log)
    assert ["patient"] == texts(log)


def test_redactions_are_counted_by_their_kind(folder: Path, log: RowEventLog) -> None:
    leave(folder, prompt("one"), at_s=0, redacted={"jwt": 2})
    leave(folder, prompt("two"), at_s=1, redacted={"jwt": 1, "private-key": 1})

    drain_all(folder, log)

    assert (3, 1) == (read_counters(folder)["redacted.jwt"], read_counters(folder)["redacted.private-key"])


def test_secrets_of_a_transcript_that_is_read_beside_the_hook_are_counted_as_well(
    folder: Path, log: RowEventLog, tmp_path: Path
) -> None:
    said = "It is ghp_abcdefghijklmnopqrstuvwxyz0123456789."
    told = {"type": "assistant.message", "timestamp": "2026-03-04T09:15:00Z", "data": {"content": said}}
    transcript = tmp_path / "events.jsonl"
    transcript.write_text(json.dumps(told) + "\n")
    stop = {"sessionId": "s", "timestamp": 1_772_615_706_000, "cwd": "/", "stopReason": "end_turn"}
    leave(folder, {**stop, "transcriptPath": str(transcript)}, at_s=0, agent="copilot")

    drain_all(folder, log)

    assert ["It is [redacted: github-token]."] == texts(log)
    assert 1 == read_counters(folder)["redacted.github-token"]


def test_what_is_old_is_forgotten_but_for_the_number_that_comes_next(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.begin(1000)
    assert [1, 2, 2] == [ledger.number("w", "a"), ledger.number("w", "b"), ledger.number("w", "b")]
    ledger.forget(before_ms=2000)

    assert 3 == ledger.number("w", "a")
    ledger.close()
