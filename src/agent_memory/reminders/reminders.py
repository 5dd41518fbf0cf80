"""What an agent is reminded of: what was last done in its project, and what was said that fits its prompt."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from agent_memory.annotation.scaffolding import said_text
from agent_memory.errors import AgentMemoryError
from agent_memory.events import Event, Kind, Role
from agent_memory.indexes.model import Session
from agent_memory.memory import Filter
from agent_memory.reminders.source import ReminderSource
from agent_memory.reminders.wording import SOURCES_SHARE, LastSession, cited, last_done
from agent_memory.retrieval.context import SCORE_SHARE
from agent_memory.retrieval.model import SearchOptions, SearchResult, Tier
from agent_memory.toc.calendar import Calendar

if TYPE_CHECKING:
    from agent_memory.inference.tokens import TokenCounter

HITS = 10
"""How many hits a prompt is answered from: what a short reminder holds, and what a prompt can wait for."""

LEFT_OUT_SIGNALS = ("entity", "phrase", "time", "type", "speaker")
"""Signals that a reminder does without: each costs time, and a prompt is seldom a question about them."""

ALL_BUT_WORDS = (*LEFT_OUT_SIGNALS, "vector", "context", "substance")
"""What it does without where meaning takes too long: a hit's score is then what its words are worth, from 0 to 1."""

WORDS_WORTH_MIN = 0.5
"""Words alone must be worth so much for anybody to be reminded by them: about a third of what the prompt says."""

MEANING_MS_MAX = 25.0
"""A search with meaning that takes longer comes too late: a hook waits for 50 ms, for everything.

Measured on 30,000 events, two cores shared with six other jobs, medians: 73 ms with meaning, 25 ms by words
alone (37 and 13 ms of processor time).
"""

TRIED_AGAIN = 32
"""Of so many prompts one is searched with meaning all the same, to see whether it is fast enough by now."""

SESSIONS_SHOWN, SESSIONS_LOOKED_AT = 4, 12
RECENT_DAYS = 90
"""What was done longer ago is not what was last done; it bounds what is looked through, too."""

LAST_EVENTS = 12
"""Among so many of a session's last messages the last words of either side are looked for."""

JUST_NOW_MS = 2_000
"""What came in so shortly before the prompt may be the prompt."""

WORDS_MIN = 3
"""A prompt of fewer words, such as `yes, go on`, asks for nothing that could be found."""

_WARM = "what was last done about the build that failed, and why"


def _always() -> bool:
    return True


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks: the agent, its session, the folder that it works in; the prompt, and when it came.

    ``is_waiting`` tells whether the answer is still wanted; if not, the next step is not taken.
    """

    agent: str
    session: str
    folder: str
    prompt: str = ""
    received_ms: int = 0
    is_waiting: Callable[[], bool] = _always


class _Pace:
    """Whether meaning can be asked: by how long the searches that asked it took."""

    def __init__(self) -> None:
        self._ms = 0.0
        self._without = 0

    def affords_meaning(self) -> bool:
        """For the next search."""
        if self._ms <= MEANING_MS_MAX:
            return True
        self._without = (self._without + 1) % TRIED_AGAIN
        return self._without == 0

    def took(self, ms: float) -> None:
        """A search with meaning; the latest count most."""
        self._ms = ms if not self._ms else 0.6 * self._ms + 0.4 * ms


class Reminders:
    """Reminders from one memory, of at most *tokens_max* tokens. *project_of* tells the project of a folder."""

    def __init__(
        self,
        memory: ReminderSource,
        *,
        tokens: TokenCounter,
        time_zone: str,
        tokens_max: int,
        project_of: Callable[[str], str],
    ) -> None:
        self._memory = memory
        self._tokens = tokens
        self._calendar = Calendar(time_zone)
        self._tokens_max = tokens_max
        self._project_of = project_of
        self._pace = _Pace()

    async def warm(self) -> None:
        """Load what a first question would wait for longer than a hook does, and see how fast the next ones are."""
        await asyncio.to_thread(self._tokens.count, _WARM)
        where = Filter(until=datetime.now(UTC).isoformat(timespec="milliseconds"))
        options = SearchOptions(without=LEFT_OUT_SIGNALS)
        await self._memory.search(_WARM, where=where, limit=HITS, options=options)
        for _ in range(2):
            result = await self._memory.search(_WARM, where=where, limit=HITS, options=options)
            self._pace.took(result.timings_ms.get("total", 0.0))

    async def of_start(self, asked: Asked) -> str:
        """What was last done in the project, by other sessions than this one; empty where that is nothing."""
        where = await self._where(asked)
        if where is None:
            return ""
        since = datetime.fromtimestamp(asked.received_ms / 1000, UTC) - timedelta(days=RECENT_DAYS)
        where = msgspec.structs.replace(where, from_=since.isoformat())
        page = await self._memory.sessions(where=where, newest_first=True, limit=SESSIONS_LOOKED_AT)
        recent = _of_their_own([one for one in page.items if not _is_of(one.id, asked.session)])
        shown: list[LastSession] = []
        for one in sorted(recent, key=lambda one: -one.end_ms):
            here = await self._part_of(one, where.projects)
            if not asked.is_waiting():
                return ""
            if here is not None:
                last = () if shown else await self._last_words(one.id, where.projects)
                shown.append(LastSession(here, last))
            if len(shown) == SESSIONS_SHOWN:
                break
        if not shown or not asked.is_waiting():
            return ""
        return await asyncio.to_thread(
            last_done, shown, calendar=self._calendar, tokens=self._tokens, tokens_max=self._tokens_max
        )

    async def of_prompt(self, asked: Asked) -> str:
        """What was said in the project that fits the prompt, by other sessions; empty where little does."""
        query = _said(asked)
        where = await self._where(asked) if len(query.split()) >= WORDS_MIN else None
        if where is None or not asked.is_waiting():
            return ""
        until = datetime.fromtimestamp((asked.received_ms - JUST_NOW_MS) / 1000, UTC)
        where = msgspec.structs.replace(where, until=until.isoformat(timespec="milliseconds"))
        found = _others(await self._found(query, where, asked), asked.session)
        if not found.hits or not asked.is_waiting():
            return ""
        budget = int(self._tokens_max * (1 - SOURCES_SHARE))
        found = await self._titled(found, where.projects)
        block = await self._memory.context_of(found, token_budget=budget, projects=where.projects)
        # The same prompt, given before, tells nothing but that it was.
        repeats = {hit.recorded.event.id for hit in found.hits if _level(hit.recorded.event.text) == _level(query)}
        if repeats.issuperset(citation.event_id for citation in block.citations):
            return ""
        return await asyncio.to_thread(cited, block, tokens=self._tokens, tokens_max=self._tokens_max)

    async def _found(self, query: str, where: Filter, asked: Asked) -> SearchResult:
        """What fits, by words and meaning or, where that would take too long, by words; none where it is weak."""
        if self._pace.affords_meaning():
            options = SearchOptions(now_ms=asked.received_ms, without=LEFT_OUT_SIGNALS)
            result = await self._memory.search(query, where=where, limit=HITS, options=options)
            self._pace.took(result.timings_ms.get("total", 0.0))
            if result.tier is Tier.HYBRID:
                return result
        options = SearchOptions(now_ms=asked.received_ms, without=ALL_BUT_WORDS)
        result = await self._memory.search(query, where=where, limit=HITS, options=options)
        is_weak = not result.hits or result.hits[0].score < WORDS_WORTH_MIN
        return msgspec.structs.replace(result, weak=is_weak or result.tier is not Tier.LEXICAL)

    async def _where(self, asked: Asked) -> Filter | None:
        project = await asyncio.to_thread(self._project_of, asked.folder) if asked.folder else ""
        return Filter(projects=(project,)) if project else None

    async def _part_of(self, session: Session, projects: tuple[str, ...]) -> Session | None:
        """The session as these projects know it: one that was at others, too, by what was first asked of it here."""
        if _is_within(session, projects):
            return session
        where = Filter(sessions=(session.id,), projects=projects, kinds=(Kind.USER_MESSAGE,))
        page = await self._memory.events(where=where, newest_first=False, limit=LAST_EVENTS)
        for recorded in page.items:
            if title := said_text(recorded.event).strip():
                return msgspec.structs.replace(session, title=title, first_event_id=recorded.event.id)
        return None

    async def _titled(self, found: SearchResult, projects: tuple[str, ...]) -> SearchResult:
        """The hits without the titles of sessions that were at other projects, too: what they tell of may be there."""
        sessions = {hit.recorded.event.session for hit in found.hits if hit.session_title}
        titled = {session for session in sessions if await self._is_session_within(session, projects)}
        hits = [
            hit if hit.recorded.event.session in titled else msgspec.structs.replace(hit, session_title="")
            for hit in found.hits
        ]
        return msgspec.structs.replace(found, hits=tuple(hits))

    async def _is_session_within(self, session: str, projects: tuple[str, ...]) -> bool:
        try:
            return _is_within(await self._memory.session(session), projects)
        except AgentMemoryError:
            return False

    async def _last_words(self, session: str, projects: tuple[str, ...]) -> tuple[Event, ...]:
        where = Filter(sessions=(session,), projects=projects, roles=(Role.USER, Role.ASSISTANT))
        page = await self._memory.events(where=where, newest_first=True, limit=LAST_EVENTS)
        said: dict[Kind, Event] = {}
        for recorded in page.items:
            if recorded.event.kind in (Kind.USER_MESSAGE, Kind.ASSISTANT_MESSAGE) and said_text(recorded.event).strip():
                said.setdefault(recorded.event.kind, recorded.event)
        return tuple(sorted(said.values(), key=lambda event: event.id))


def _said(asked: Asked) -> str:
    """What the user says in the prompt; nothing for a command to the agent itself."""
    if asked.prompt.lstrip().startswith(("/", "!")):
        return ""
    prompt = Event(id="", kind=Kind.USER_MESSAGE, role=Role.USER, session="", agent=asked.agent, text=asked.prompt)
    return said_text(prompt).strip()


def _level(text: str) -> str:
    return " ".join(text.split()).casefold()


def _others(result: SearchResult, session: str) -> SearchResult:
    """The hits of other sessions that fit about as well as the best of all does; none where even that is weak."""
    if result.weak or not result.hits:
        return msgspec.structs.replace(result, hits=())
    least = SCORE_SHARE * max(hit.score for hit in result.hits)
    hits = [hit for hit in result.hits if hit.score >= least and not _is_of(hit.recorded.event.session, session)]
    return msgspec.structs.replace(result, hits=tuple(hits))


def _is_of(session: str, whole: str) -> bool:
    """Whether it is that session, or a sub-agent's within it."""
    return bool(whole) and (session == whole or session.startswith(f"{whole}/"))


def _is_within(session: Session, projects: tuple[str, ...]) -> bool:
    """Whether all of the session happened in these projects."""
    return set(session.projects) <= set(projects)


def _of_their_own(sessions: Sequence[Session]) -> list[Session]:
    """Those that have a title and are no sub-agent's of another of them."""
    ids = {session.id for session in sessions}
    return [one for one in sessions if one.title.strip() and one.id.rpartition("/")[0] not in ids]
