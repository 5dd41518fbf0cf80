"""What reminders are made of: the reads of a `Memory`, and how a found thing becomes a text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from agent_memory.events import Recorded
from agent_memory.indexes.model import Session
from agent_memory.memory import Filter, Page
from agent_memory.retrieval.context import ContextBlock
from agent_memory.retrieval.model import SearchOptions, SearchResult


class ReminderSource(Protocol):
    """The part of a `Memory` in process that reminders ask. No read waits for a view."""

    async def sessions(self, *, where: Filter, newest_first: bool, limit: int) -> Page[Session]: ...

    async def events(self, *, where: Filter, newest_first: bool, limit: int) -> Page[Recorded]: ...

    async def search(self, query: str, *, where: Filter, limit: int, options: SearchOptions) -> SearchResult: ...

    async def session(self, session_id: str) -> Session: ...

    async def context_of(self, result: SearchResult, *, token_budget: int, projects: Sequence[str]) -> ContextBlock: ...
