"""Agents that opted in are reminded by their own hook; what they are reminded of never becomes new memory."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import agent_memory
from agent_memory.annotation.scaffolding import MEMORY_TAG, as_memory
from agent_memory.capture.reminding import ask
from agent_memory.inference.tokens import SplintrTokenCounter
from agent_memory.sync import SyncMemory
from agent_memory.testing.daemon import DaemonProcess
from agent_memory.testing.waiting import eventually

AGENTS = "claude-code,codex,gemini,copilot,cursor"
TOKENS_MAX = 300
ASKED = "The billing deploy fails at the health check again, what was it the last time?"
OTHER = "Paint the bicycle shed behind the museum in a cheerful shade of purple"
PATIENCE_S = 25.0
VIEWS = ["toc", "lexical", "catalog"]


class Scene:
    """A daemon that reminds, a project with a past, and agents whose hooks run beside it."""

    def __init__(self, daemon: DaemonProcess, memory: SyncMemory, root: Path) -> None:
        self.daemon = daemon
        self.memory = memory
        self.root = root
        self.spool = daemon.store.parent / "spool"
        self.project = root / "billing"
        self.project.mkdir()

    def hook(self, agent: str, payload: dict[str, Any]) -> str:
        """What the hook prints."""
        ended = subprocess.run(
            [sys.executable, "-m", "agent_memory.cli", "hook", agent],
            input=json.dumps({"cwd": str(self.project), **payload}),
            capture_output=True,
            text=True,
            env={**os.environ, "AGENT_MEMORY_SPOOL": str(self.spool)},
            cwd=self.root,
            timeout=60,
            check=False,
        )

        assert 0 == ended.returncode
        return ended.stdout

    def told(self, agent: str, payload: dict[str, Any], *, project: Path | None = None) -> str:
        """What a hook of that agent would print that had all the time it needs; a busy machine may take it."""
        question = ask(
            str(self.spool),
            agent,
            payload,
            folder=str(project or self.project),
            # What was said just before a prompt may be the prompt itself; here it is the past.
            received_ms=time.time_ns() // 1_000_000 + 60_000,
            answer_s=PATIENCE_S,
        )
        return question.answer() if question else ""

    def reminded(self, agent: str, payload: dict[str, Any], *, project: Path | None = None) -> str:
        """The same where there is something to tell: asked again while others are worked on that nobody waits for."""
        told: list[str] = []
        eventually(lambda: told.append(self.told(agent, payload, project=project)) or told[-1], timeout_s=120)
        return told[-1]

    def reminded_of(self, prompt: str) -> str:
        """The reminder that fits a prompt that something fits."""
        payload = {"hook_event_name": "UserPromptSubmit", "session_id": "now", "prompt": prompt}
        return reminder(self.reminded("claude-code", payload))

    def prompt(self, prompt: str, *, session: str = "now", agent: str = "claude-code", **more: str) -> str:
        """The reminder that fits a prompt."""
        payload = {"hook_event_name": "UserPromptSubmit", "session_id": session, "prompt": prompt, **more}
        return reminder(self.told(agent, payload))

    def settle(self, *told: str) -> None:
        """Wait until what was told with these texts is in the log and in the views."""
        eventually(lambda: all(text in self.texts() for text in told), timeout_s=60)
        self.memory.wait_for(VIEWS, self.memory.status().position, timeout_s=60)

    def texts(self) -> str:
        return "\n".join(recorded.event.text for recorded in self.memory.events(limit=1000).items)


def reminder(printed: str) -> str:
    """The text that the agent puts before its model, whatever the form; empty for none."""
    told = json.loads(printed) if printed.strip() else {}
    specific = told.get("hookSpecificOutput", {})
    text: str = specific.get("additionalContext") or told.get("additionalContext") or told.get("additional_context", "")
    return text


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    root = tmp_path_factory.mktemp("back")
    flags = ("--inject-agents", AGENTS, "--inject-tokens-max", str(TOKENS_MAX), "--time-zone", "Europe/Oslo")
    with (
        DaemonProcess(root / "store", flags=flags) as daemon,
        agent_memory.connect(daemon.address, timeout_s=60, retry_s=60) as memory,
    ):
        scene = Scene(daemon, memory, root)
        said = [
            ("past", "billing", "Why does the deploy of the billing service fail at its health check?"),
            ("past", "billing", "The health check of billing timed out after 30 s: the migration held a lock."),
            ("elsewhere", "garden", "The health check of the billing deploy in the garden project is fine."),
        ]
        for session, project, text in said:
            (root / project).mkdir(exist_ok=True)
            key, event = ("prompt", "UserPromptSubmit") if "?" in text else ("last_assistant_message", "Stop")
            payload = {"hook_event_name": event, "session_id": session, "cwd": str(root / project), key: text}
            scene.hook("claude", payload)
        explored = "The explorer read of the billing deploy: the health check has no retry after the lock."
        scene.hook(
            "claude",
            {
                "hook_event_name": "SubagentStop",
                "session_id": "past",
                "agent_id": "a1",
                "agent_type": "explorer",
                "last_assistant_message": explored,
            },
        )
        scene.settle(explored, *(text for _, _, text in said))
        yield scene


def test_a_prompt_is_answered_with_what_fits_it_quoted_dated_and_cited(scene: Scene) -> None:
    text = scene.reminded_of(ASKED)
    events = {recorded.event.id for recorded in scene.memory.events(limit=1000).items}
    cited = [word.strip("[],.") for word in text.split() if word.strip("[],.") in events]

    assert text.startswith(f"<{MEMORY_TAG}>\n")
    assert text.endswith(f"\n</{MEMORY_TAG}>")
    assert "timed out after 30 s: the migration held a lock" in text
    assert "garden" not in text
    assert cited
    assert SplintrTokenCounter().count(text) <= TOKENS_MAX


def test_a_session_begins_with_what_was_last_done_in_its_project(scene: Scene) -> None:
    text = reminder(scene.reminded("claude-code", {"hook_event_name": "SessionStart", "session_id": "now"}))

    assert text.startswith(f"<{MEMORY_TAG}>\nWhat was last done in this project, newest first (Europe/Oslo).")
    assert "claude-code: Why does the deploy of the billing service fail at its health check?" in text
    assert "the migration held a lock" in text
    assert "garden" not in text
    assert SplintrTokenCounter().count(text) <= TOKENS_MAX


@pytest.mark.parametrize(
    ("agent", "event", "form"),
    [
        ("claude-code", "UserPromptSubmit", {"hookSpecificOutput"}),
        ("codex", "UserPromptSubmit", {"hookSpecificOutput"}),
        ("gemini", "BeforeAgent", {"hookSpecificOutput"}),
        ("claude-code", "SessionStart", {"hookSpecificOutput"}),
        ("codex", "SessionStart", {"hookSpecificOutput"}),
        ("gemini", "SessionStart", {"hookSpecificOutput"}),
        ("copilot", "SessionStart", {"hookSpecificOutput", "additionalContext"}),
        ("copilot", "", {"additionalContext"}),
        ("cursor", "sessionStart", {"continue", "additional_context"}),
    ],
)
def test_each_agent_gets_its_reminder_in_its_own_form(scene: Scene, agent: str, event: str, form: set[str]) -> None:
    payload: dict[str, Any] = {"session_id": "forms", "source": "startup"}
    if event:
        payload["hook_event_name"] = event
    if event in ("UserPromptSubmit", "BeforeAgent"):
        payload = {"session_id": "forms", "hook_event_name": event, "prompt": ASKED}
    told = json.loads(scene.reminded(agent, payload))

    assert form == set(told)
    if "hookSpecificOutput" in form:
        assert {"hookEventName", "additionalContext"} == set(told["hookSpecificOutput"])
        assert event == told["hookSpecificOutput"]["hookEventName"]


@pytest.mark.parametrize(
    ("agent", "payload"),
    [
        ("claude", {"hook_event_name": "UserPromptSubmit", "session_id": "hook", "prompt": ASKED}),
        ("gemini", {"hook_event_name": "SessionStart", "session_id": "hook", "source": "startup"}),
        ("cursor", {"hook_event_name": "sessionStart", "conversation_id": "hook", "is_background_agent": False}),
    ],
)
def test_a_hook_prints_the_reminder_within_its_time(scene: Scene, agent: str, payload: dict[str, Any]) -> None:
    """Asked again where a busy machine was late, as nobody is in earnest."""
    found: list[str] = []
    eventually(lambda: reminder(found.append(scene.hook(agent, payload)) or found[-1]), timeout_s=120)

    assert reminder(found[-1]).startswith(f"<{MEMORY_TAG}>\n")


@pytest.mark.parametrize(
    ("agent", "event", "plain"), [("cursor", "beforeSubmitPrompt", '{"continue": true}\n'), ("copilot", "", "{}\n")]
)
def test_an_agent_that_takes_no_reminder_with_a_prompt_gets_its_plain_answer(
    scene: Scene, agent: str, event: str, plain: str
) -> None:
    payload = {"session_id": "forms", "prompt": ASKED, **({"hook_event_name": event} if event else {})}

    assert plain == scene.hook(agent, payload)


@pytest.mark.parametrize("prompt", [OTHER, "yes, do", "/compact billing deploy health check", "   "])
def test_nothing_is_said_where_nothing_fits(scene: Scene, prompt: str) -> None:
    assert "" == scene.prompt(prompt)


def test_a_session_is_not_reminded_of_what_it_said_itself(scene: Scene) -> None:
    """Nor of what its sub-agents said."""
    assert "" != scene.reminded_of(ASKED)
    assert "" == scene.prompt(ASKED, session="past")


def test_a_session_that_was_at_another_project_too_tells_nothing_of_that_one(scene: Scene) -> None:
    """Neither by its title, nor by its last words, nor by what stands beside what was found."""
    ferry, tunnel = scene.root / "ferry", scene.root / "tunnel"
    told = [
        (tunnel, "UserPromptSubmit", "prompt", "In the tunnel: which bids came in so far?"),
        (tunnel, "UserPromptSubmit", "prompt", "In the tunnel: why does the timetable of the ferry shift in winter?"),
        (ferry, "Stop", "last_assistant_message", "The timetable shifts because the ferry counts days in UTC."),
        (ferry, "UserPromptSubmit", "prompt", "Then let the ferry count days where its harbour is."),
        (tunnel, "UserPromptSubmit", "prompt", "In the tunnel: and who has the lowest bid?"),
    ]
    for folder, event, key, text in told:
        folder.mkdir(exist_ok=True)
        scene.hook("claude", {"hook_event_name": event, "session_id": "both", "cwd": str(folder), key: text})
    scene.settle(*(text for *_, text in told))
    start = {"hook_event_name": "SessionStart", "session_id": "next", "source": "startup"}
    prompt = {**start, "hook_event_name": "UserPromptSubmit", "prompt": "Why does the ferry's timetable shift again?"}
    prompt.pop("source")
    at_start, with_prompt = (reminder(scene.reminded("claude-code", one, project=ferry)) for one in (start, prompt))

    assert "Then let the ferry count days where its harbour is." in at_start
    assert "The timetable shifts because the ferry counts days in UTC." in with_prompt
    assert "tunnel" not in (at_start + with_prompt).lower()


def test_a_subagent_is_not_reminded(scene: Scene) -> None:
    assert "" == scene.prompt(ASKED, agent_id="a1")


def test_an_agent_that_did_not_opt_in_gets_nothing(scene: Scene) -> None:
    payload = {"event": "chat.message", "sessionID": "o", "prompt": ASKED}

    assert "" == scene.hook("opencode", payload)


def test_what_was_injected_is_not_found_again_however_it_comes_back(scene: Scene) -> None:
    """In a prompt, repeated by the assistant, printed by a command, or as an agent escapes it."""
    text = scene.reminded_of(ASKED)
    escaped = text.replace("<", "&lt;").replace(">", "&gt;")
    marked = as_memory("The secret of the purple heron is a lantern.")
    told = [
        {"hook_event_name": "UserPromptSubmit", "prompt": f"{marked}\n\nWhat is next, wagtail one?"},
        {"hook_event_name": "UserPromptSubmit", "prompt": f"{text}\n\nWhat is next, wagtail two?"},
        {"hook_event_name": "UserPromptSubmit", "prompt": f"<hook_context>{escaped}</hook_context>\nwagtail three?"},
        {"hook_event_name": "UserPromptSubmit", "prompt": f"{escaped}\n\nWhat is next, wagtail four?"},
        {"hook_event_name": "Stop", "last_assistant_message": f"As I was told:\n{text}\nSo wagtail five."},
        {
            "hook_event_name": "PostToolUse",
            "tool_name": "Bash",
            "tool_input": {"command": "agent-memory context 'billing deploy'"},
            "tool_response": {"stdout": f"{text}\n", "stderr": ""},
            "tool_use_id": "call-1",
        },
        {
            "hook_event_name": "PostToolUse",
            "tool_name": "mcp__agent-memory__search",
            "tool_input": {"query": "wagtail six: the health check, the migration, the lock"},
            "tool_response": [{"type": "text", "text": "The health check of billing: the migration held a lock."}],
            "tool_use_id": "call-2",
        },
        {"hook_event_name": "UserPromptSubmit", "prompt": "wagtail last"},
    ]
    before = scene.memory.search("the migration held a lock", limit=20)
    for one in told:
        scene.hook("claude", {"session_id": "echo", **one})
    scene.settle("wagtail one", "wagtail two", "wagtail three", "wagtail four", "wagtail five", "wagtail last")
    words = {hit.recorded.event.text for hit in scene.memory.search("wagtail", limit=20).hits}
    heron = scene.memory.search('"secret of the purple heron"', limit=20)
    after = scene.memory.search("the migration held a lock", limit=20)

    assert {"past"} == {hit.recorded.event.session for hit in found(before, "migration held a lock")}
    assert {"past"} == {hit.recorded.event.session for hit in found(after, "migration held a lock")}
    assert [] == found(heron, "heron")
    assert 5 <= len([text for text in words if "wagtail" in text])


def found(result: Any, words: str) -> list[Any]:
    """The hits that show these words."""
    return [hit for hit in result.hits if words in hit.excerpt]


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_what_an_agent_reads_on_a_command_line_is_not_found_again(scene: Scene, form: tuple[str, ...]) -> None:
    """The command knows that an agent runs it, and marks what it prints; JSON is known by itself."""
    command = ["search", "billing migration lock", *form]
    printed = subprocess.run(
        [sys.executable, "-m", "agent_memory.cli", *command, "--address", scene.daemon.address],
        capture_output=True,
        text=True,
        env={**os.environ, "CLAUDECODE": "1", "COLUMNS": "120"},
        timeout=60,
        check=True,
    ).stdout
    last = f"goldfinch {len(form)}"
    told = {
        "hook_event_name": "PostToolUse",
        "tool_name": "Bash",
        "tool_input": {"command": f"agent-memory {' '.join(command)}"},
        "tool_response": {"stdout": f"building\n{printed}\n{last}", "stderr": ""},
        "tool_use_id": f"call-{last}",
    }
    scene.hook("claude", {"session_id": f"reads-{len(form)}", **told})
    scene.settle(last)
    hits = scene.memory.search("billing migration lock", limit=50).hits
    own = scene.memory.search(last, limit=5).hits

    assert "migration held a lock" in printed
    assert [] == [hit for hit in hits if hit.recorded.event.session.startswith("reads") and "migration" in hit.excerpt]
    assert any(last in hit.excerpt for hit in own)


def test_a_daemon_that_hangs_costs_a_prompt_its_reminder_and_no_more(scene: Scene) -> None:
    payload = {"hook_event_name": "UserPromptSubmit", "session_id": "hung", "prompt": ASKED}
    other_s = took_s(lambda: scene.hook("opencode", {"event": "chat.message", "sessionID": "hung"}))
    os.kill(scene.daemon.pid, signal.SIGSTOP)
    try:
        hung: list[str] = []
        hung_s = took_s(lambda: hung.append(scene.hook("claude", payload)))
    finally:
        os.kill(scene.daemon.pid, signal.SIGCONT)

    assert [""] == hung
    assert hung_s < 2 * other_s + 0.5
    assert "" != scene.reminded_of(ASKED)


def took_s(work: Any) -> float:
    started = time.monotonic()
    work()
    return time.monotonic() - started


def test_a_daemon_that_died_or_never_was_costs_nothing(tmp_path: Path) -> None:
    flags = ("--inject-agents", "claude-code")
    payload = {"hook_event_name": "UserPromptSubmit", "session_id": "now", "prompt": ASKED}
    with (
        DaemonProcess(tmp_path / "store", flags=flags) as daemon,
        agent_memory.connect(daemon.address, timeout_s=60, retry_s=60) as memory,
    ):
        scene = Scene(daemon, memory, tmp_path)
        eventually((scene.spool / "reminders.sock").exists)
        daemon.kill()

        assert (scene.spool / "reminders.sock").exists()
        assert "" == scene.hook("claude", payload)
    with (
        DaemonProcess(tmp_path / "store", flags=flags) as daemon,
        agent_memory.connect(daemon.address, timeout_s=60, retry_s=60) as memory,
    ):
        eventually(lambda: ASKED in "".join(r.event.text for r in memory.events().items), timeout_s=60)
        daemon.stop()

    assert not (scene.spool / "reminders.sock").exists()
    assert "" == scene.hook("claude", payload)
