"""From hits to a block that an agent can read at once: quoted, dated, cited, and never over its budget."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec

from agent_memory.retrieval.bounds import calendar_of
from agent_memory.retrieval.model import Hit, SearchResult

if TYPE_CHECKING:
    from agent_memory.inference.tokens import TokenCounter
    from agent_memory.log.port import EventLog

OPENING, CLOSING = "<agent-memory>", "</agent-memory>"


class Citation(msgspec.Struct, frozen=True, kw_only=True):
    """What a label of the block stands for.

    ``label`` is as the block has it, `[1]`. ``grip_id`` addresses the words that are quoted,
    ``date`` is the local date of the event.
    """

    label: str
    event_id: str
    grip_id: str
    date: str
    session: str
    session_title: str


class ContextBlock(msgspec.Struct, frozen=True, kw_only=True):
    """What to put before a model: *text*, of exactly ``token_count`` tokens of the vocabulary ``tokenizer``.

    ``citations`` are in the order of the block. ``left_out`` counts the hits that have no line in
    it. A budget that holds no hit, or a search that found none, gives an empty text.
    """

    text: str
    token_count: int
    tokenizer: str
    citations: tuple[Citation, ...]
    left_out: int
    result: SearchResult


class ContextBuilder:
    """Builds blocks of one store's events. Reads only; safe to use from several threads."""

    def __init__(self, log: EventLog, *, time_zone: str, tokens: TokenCounter) -> None:
        self._log = log
        self._calendar = calendar_of(time_zone)
        self._zone = ZoneInfo(time_zone)
        self._tokens = tokens

    def build(self, result: SearchResult, *, token_budget: int) -> ContextBlock:
        """The best of the hits that *token_budget* tokens hold, in time order."""
        taken: list[Hit] = []
        text, count = "", 0
        for hit in result.hits:
            if not hit.excerpt:
                continue
            tried = sorted([*taken, hit], key=lambda one: one.recorded.event.id)
            longer = self._text(tried)
            if (tokens := self._tokens.count(longer)) <= token_budget:
                taken, text, count = tried, longer, tokens
        citations = tuple(
            Citation(
                label=f"[{number}]",
                event_id=hit.recorded.event.id,
                grip_id=hit.grip_id,
                date=hit.date,
                session=hit.recorded.event.session,
                session_title=hit.session_title,
            )
            for number, hit in enumerate(taken, 1)
        )
        return ContextBlock(
            text=text,
            token_count=count,
            tokenizer=self._tokens.name,
            citations=citations,
            left_out=len(result.hits) - len(taken),
            result=result,
        )

    def _text(self, hits: list[Hit]) -> str:
        lines = [OPENING]
        heading = ""
        for number, hit in enumerate(hits, 1):
            event = hit.recorded.event
            here = f"## {self._calendar.day(event.time_ms).label}: {hit.session_title}"
            if here != heading:
                lines.append(heading := here)
            time = datetime.fromtimestamp(event.time_ms / 1000, self._zone)
            who = event.speaker or event.role.value
            lines.append(f"[{number}] {time:%H:%M} {who}: {hit.excerpt}")
        return "\n".join([*lines, CLOSING])
