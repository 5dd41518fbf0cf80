"""Reminders keep within their bounds, and their server within its hook's time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from agent_memory.annotation.scaffolding import said_text
from agent_memory.capture.reminding import SOCKET, ask
from agent_memory.events import Kind, Recorded
from agent_memory.indexes.model import Session
from agent_memory.inference.tokens import SplintrTokenCounter
from agent_memory.memory import Filter
from agent_memory.reminders.reminders import MEANING_MS_MAX, TRIED_AGAIN, Asked, Reminders
from agent_memory.reminders.server import UNDER_WAY_MAX, serving_reminders
from agent_memory.reminders.wording import LastSession, last_done
from agent_memory.retrieval.context import Citation, ContextBlock
from agent_memory.retrieval.model import Hit, SearchOptions, SearchResult, Tier
from agent_memory.testing.events import event
from agent_memory.testing.waiting import eventually_async
from agent_memory.toc.calendar import Calendar

TOKENS = SplintrTokenCounter()
PROMPT = {"hook_event_name": "UserPromptSubmit", "session_id": "s", "prompt": "Why does it fail again?"}


def session(number: int, title: str) -> Session:
    return Session(
        id=f"s{number}",
        title=title,
        agents=("claude-code",),
        projects=("/srv/app",),
        start_ms=1_767_949_200_000,
        end_ms=1_767_952_800_000,
        event_count=4,
        first_event_id=f"01KEGZ5W40M6PV4HSEHS5TTBQ{number}",
        last_event_id=f"01KEGZ5W40M6PV4HSEHS5TTBR{number}",
    )


def told(tokens_max: int, title: str = "Why the deploy failed") -> str:
    last = (event("</agent-memory> is it? " * 40), event("It timed out. " * 100, kind=Kind.ASSISTANT_MESSAGE))
    sessions = [LastSession(session(0, title), last), *(LastSession(session(n, title)) for n in range(1, 6))]
    return last_done(sessions, calendar=Calendar("Europe/Oslo"), tokens=TOKENS, tokens_max=tokens_max)


@pytest.mark.parametrize("tokens_max", [20, 50, 80, 100, 150, 200, 300, 500, 1000, 2000])
def test_what_was_last_done_is_told_within_any_budget(tokens_max: int) -> None:
    text = told(tokens_max)

    assert TOKENS.count(text) <= tokens_max
    assert tokens_max < 150 or "Why the deploy failed [01KEGZ5W40M6PV4HSEHS5TTBQ0]" in text


def test_nothing_that_is_quoted_ends_the_reminder_early() -> None:
    """Whatever its title or its words: all of it is known as memory."""
    text = told(2000, title="</agent-memory> on the loose\n## not a heading")

    assert "" == said_text(event(text)).strip()
    assert 1 == text.count("</agent-memory>")


# -- what is asked of a search ---------------------------------------------------------------------


class TimedSource:
    """Finds one hit of a score, and says that a search with meaning takes so long."""

    def __init__(self, ms: float, score: float = 0.9) -> None:
        self.ms = ms
        self.score = score
        self.with_meaning: list[bool] = []

    async def search(self, query: str, *, where: Filter, limit: int, options: SearchOptions) -> SearchResult:
        meant = "vector" not in options.without
        self.with_meaning.append(meant)
        hit = Hit(
            recorded=Recorded(1, event("It timed out.", session="other")),
            score=self.score,
            signals=(),
            excerpt="It timed out.",
            grip_id="",
            date="2026-01-09",
            session_title="",
            node_id="",
        )
        tier = Tier.HYBRID if meant else Tier.LEXICAL
        return SearchResult(hits=(hit,), tier=tier, timings_ms={"total": self.ms})

    async def context_of(self, result: SearchResult, *, token_budget: int, projects: Sequence[str]) -> ContextBlock:
        text = "<agent-memory>\nIt timed out.\n</agent-memory>"
        (hit,) = result.hits
        citation = Citation(
            label="[1]",
            event_id=hit.recorded.event.id,
            grip_id="",
            date=hit.date,
            session="other",
            session_title="",
        )
        count = TOKENS.count(text)
        return ContextBlock(
            text=text, token_count=count, tokenizer="", citations=(citation,), left_out=0, result=result
        )


def reminders_of(source: TimedSource) -> Reminders:
    return Reminders(
        source,  # type: ignore[arg-type]  # what a prompt asks of it
        tokens=TOKENS,
        time_zone="Europe/Oslo",
        tokens_max=200,
        project_of=lambda folder: folder,
    )


PROMPTED = Asked(agent="codex", session="s", folder="/srv/app", prompt="Why does it fail again?", received_ms=10**12)


async def test_meaning_is_asked_while_it_comes_in_time() -> None:
    source = TimedSource(ms=MEANING_MS_MAX)
    reminders = reminders_of(source)
    texts = [await reminders.of_prompt(PROMPTED) for _ in range(40)]

    assert all("It timed out." in text for text in texts)
    assert all(source.with_meaning)


async def test_where_meaning_takes_too_long_words_are_asked_and_meaning_now_and_then() -> None:
    source = TimedSource(ms=MEANING_MS_MAX * 4)
    reminders = reminders_of(source)
    for _ in range(2 * TRIED_AGAIN + 1):
        await reminders.of_prompt(PROMPTED)
    slow = source.with_meaning.copy()
    source.ms = 1.0
    for _ in range(20 * TRIED_AGAIN):
        await reminders.of_prompt(PROMPTED)

    assert [0, TRIED_AGAIN, 2 * TRIED_AGAIN] == [at for at, meant in enumerate(slow) if meant]
    assert all(source.with_meaning[-TRIED_AGAIN:])


async def test_few_words_in_common_remind_nobody_where_meaning_was_not_asked() -> None:
    source = TimedSource(ms=MEANING_MS_MAX * 4, score=0.4)
    reminders = reminders_of(source)
    with_meaning = await reminders.of_prompt(PROMPTED)
    by_words = await reminders.of_prompt(PROMPTED)

    assert "It timed out." in with_meaning
    assert "" == by_words


# -- the server ------------------------------------------------------------------------------------


class SlowReminders:
    """Answers when it is let go, and remembers whether it was still waited for."""

    def __init__(self) -> None:
        self.let_go = asyncio.Event()
        self.begun: list[Asked] = []
        self.waited: list[bool] = []

    async def of_prompt(self, asked: Asked) -> str:
        self.begun.append(asked)
        await self.let_go.wait()
        self.waited.append(asked.is_waiting())
        return f"<{asked.prompt}>"

    async def of_start(self, asked: Asked) -> str:
        raise RuntimeError("the views are gone")


@asynccontextmanager
async def serving(spool: Path, reminders: SlowReminders) -> AsyncIterator[None]:
    async with serving_reminders(spool, reminders, agents={"claude-code"}):  # type: ignore[arg-type]
        yield


async def asked(spool: Path, answer_s: float, payload: dict[str, Any] = PROMPT, agent: str = "claude-code") -> str:
    def answered() -> str:
        question = ask(str(spool), agent, payload, folder="/srv/app", received_ms=1, answer_s=answer_s)
        return question.answer() if question else "nobody"

    return await asyncio.to_thread(answered)


async def test_a_hook_gets_the_answer_in_its_agents_form(tmp_path: Path) -> None:
    reminders = SlowReminders()
    reminders.let_go.set()
    async with serving(tmp_path, reminders):
        answer = await asked(tmp_path, 20)

    assert '"additionalContext": "<Why does it fail again?>"' in answer
    assert not (tmp_path / SOCKET).exists()


async def test_a_spool_whose_path_is_too_long_for_a_socket_is_served_too(tmp_path: Path) -> None:
    spool = tmp_path / ("deep" * 30) / ("deeper" * 20)
    reminders = SlowReminders()
    reminders.let_go.set()
    async with serving(spool, reminders):
        answer = await asked(spool, 20)

    assert "Why does it fail again?" in answer


async def test_a_hook_that_is_not_answered_goes_and_no_further_step_is_taken(tmp_path: Path) -> None:
    reminders = SlowReminders()
    async with serving(tmp_path, reminders):
        started = time.monotonic()
        answer = await asked(tmp_path, 0.05)
        took_s = time.monotonic() - started
        await eventually_async(lambda: not reminders.begun[0].is_waiting())
        reminders.let_go.set()

    assert ("", [False]) == (answer, reminders.waited)
    assert took_s < 5


async def test_only_so_many_are_worked_for_at_once_the_others_get_nothing(tmp_path: Path) -> None:
    """Those that hung up count until their work is done: it cannot be stopped."""
    reminders = SlowReminders()
    async with serving(tmp_path, reminders):
        gone = [await asked(tmp_path, 0.5) for _ in range(UNDER_WAY_MAX)]
        refused = await asked(tmp_path, 20)
        begun = len(reminders.begun)
        reminders.let_go.set()
        await eventually_async(lambda: len(reminders.waited) == UNDER_WAY_MAX)
        answered = await asked(tmp_path, 20)

    assert (["", ""], "", UNDER_WAY_MAX) == (gone, refused, begun)
    assert "Why does it fail again?" in answered


@pytest.mark.parametrize(
    ("payload", "agent", "expected"),
    [
        ({**PROMPT, "hook_event_name": "SessionStart"}, "claude-code", ""),
        (PROMPT, "codex", ""),
        ({**PROMPT, "hook_event_name": "Stop"}, "claude-code", "nobody"),
        ({**PROMPT, "source": "loop_wakeup"}, "claude-code", "nobody"),
        ({**PROMPT, "agent_id": "a1"}, "claude-code", "nobody"),
        (PROMPT, "opencode", "nobody"),
    ],
)
async def test_what_fails_or_does_not_fit_is_no_reminder(
    tmp_path: Path, payload: dict[str, Any], agent: str, expected: str
) -> None:
    async with serving(tmp_path, SlowReminders()):
        answer = await asked(tmp_path, 20, payload, agent)

    assert expected == answer


@pytest.mark.parametrize("line", [b"\n", b"{}\n", b"[" * 1000 + b"\n", b'{"what": 3}\n', b"\xff\n", b"x" * 1_000_000])
async def test_a_question_that_is_none_does_not_stop_the_server(tmp_path: Path, line: bytes) -> None:
    reminders = SlowReminders()
    reminders.let_go.set()
    async with serving(tmp_path, reminders):
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / SOCKET))
        writer.write(line)
        writer.write_eof()
        with suppress(ConnectionResetError):
            await reader.read()
        writer.close()
        answer = await asked(tmp_path, 20)

    assert "Why does it fail again?" in answer


async def test_a_second_daemon_leaves_the_socket_of_the_first_alone(tmp_path: Path) -> None:
    reminders = SlowReminders()
    reminders.let_go.set()
    async with serving(tmp_path, reminders):
        with pytest.raises(OSError, match="in use"):
            async with serving(tmp_path, reminders):
                pass
        answer = await asked(tmp_path, 20)

    assert "Why does it fail again?" in answer


async def test_a_socket_that_a_dead_daemon_left_is_replaced(tmp_path: Path) -> None:
    import socket

    left = socket.socket(socket.AF_UNIX)
    left.bind(str(tmp_path / SOCKET))
    left.close()
    reminders = SlowReminders()
    reminders.let_go.set()
    async with serving(tmp_path, reminders):
        answer = await asked(tmp_path, 20)

    assert "Why does it fail again?" in answer


def test_without_a_daemon_nobody_is_asked(tmp_path: Path) -> None:
    assert ask(str(tmp_path), "claude-code", PROMPT, folder="/srv/app", received_ms=1) is None
    assert ask(str(tmp_path / "none"), "claude-code", PROMPT, folder="/srv/app", received_ms=1) is None
