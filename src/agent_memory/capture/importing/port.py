"""What importing asks of others: a log to append to, and what is to be captured at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import Any, Protocol

import msgspec

from agent_memory.events import Draft, Receipt


class Refused(msgspec.Struct, frozen=True, gc=False):
    """Why the log does not take an event."""

    problem: str


class Log(Protocol):
    """Where imported events go. Called on the importing thread; several batches may be under way."""

    def append(self, drafts: Sequence[Draft]) -> Future[list[Receipt | Refused]]:
        """Record each for itself; durable when the future is done. Its errors are those that concern all of them."""


class Scope(Protocol):
    """What is captured, and what project a folder belongs to."""

    def ignored(self, agent: str, folder: str, at_ms: int) -> str:
        """Why nothing is captured of this agent in this folder at this time; empty where it is."""

    def project(self, folder: str) -> str:
        """The project that the folder belongs to; empty for none."""


class Redact(Protocol):
    """Takes secrets out of decoded JSON."""

    def __call__(self, value: Any, /) -> tuple[Any, Mapping[str, int]]:
        """The value without its secrets, and how many of each kind there were."""


class Observer(Protocol):
    """Whoever watches an import."""

    def __call__(self, *, size: int, events: int) -> None:
        """So many more bytes were read, so many more events are durable."""
