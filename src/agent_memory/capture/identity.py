"""When two captures are one event.

A live hook and the import of the same transcript tell of the same things in other words and at other
times. An event's source is the agent, its source id is made of

    session / key                        where both ways know a key (a tool call's id)
    session / kind / words # repetition  otherwise

with the first 128 bits of SHA-256 over the words, white space aside, and the number of times that the
session has said them, from 1. So the same transcript twice, or hook and transcript in either order,
is one set of events, and a prompt given twice is two.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import Protocol

from agent_memory.capture.model import Agent, Captured
from agent_memory.events import Draft


class Repetitions(Protocol):
    """Counts how often a session has said the same."""

    def number(self, words: str, delivery: str) -> int:
        """Which repetition of *words* (session, kind and digest) this *delivery* is, from 1.

        The same delivery again has the number that it had; an empty one is always another.
        """


class CountedRepetitions:
    """`Repetitions` of one history read from its beginning."""

    def __init__(self) -> None:
        self._counts: defaultdict[str, int] = defaultdict(int)

    def number(self, words: str, delivery: str) -> int:
        del delivery  # A history tells each thing once.
        self._counts[words] += 1
        return self._counts[words]


def to_draft(captured: Captured, agent: Agent, repetitions: Repetitions, *, project: str = "") -> Draft:
    """The draft of what was captured, with the identity that the module's docstring tells of."""
    return Draft(
        kind=captured.kind,
        session=captured.session,
        text=captured.text,
        time_ms=captured.time_ms,
        agent=agent.value,
        project=project,
        speaker=captured.speaker,
        source=agent.value,
        source_id=_source_id(captured, repetitions),
        tool_name=captured.tool_name,
        tool_call_id=captured.tool_call_id,
        metadata=captured.metadata,
    )


def _source_id(captured: Captured, repetitions: Repetitions) -> str:
    if captured.key:
        return f"{captured.session}/{captured.key}"
    said = " ".join(captured.text.split()).encode("utf-8", "surrogatepass")
    words = f"{captured.session}/{captured.kind.value}/{hashlib.sha256(said).hexdigest()[:32]}"
    return f"{words}#{repetitions.number(words, captured.delivery)}"
