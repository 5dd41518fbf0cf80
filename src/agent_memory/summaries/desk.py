"""What the worker asks of the store: which nodes want wording, of what, and where an answer goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

import msgspec

from agent_memory.events import Position
from agent_memory.summaries.model import Answer
from agent_memory.toc.material import Level, Material


class Wanting(msgspec.Struct, frozen=True, kw_only=True):
    """A node that may be worded.

    ``digest`` is of its material; ``is_ready`` says that each of its children is worded or set aside.
    Where the whole tree is listed there is a ``parent_id`` instead of whether it is ready, and ``worded_by`` says
    which provider, model and prompt it has its wording from; nothing for one that was extracted.
    """

    node_id: str
    level: Level
    digest: str
    last_event_ms: int
    is_ready: bool = True
    parent_id: str = ""
    worded_by: tuple[str, str, str] = ("", "", "")


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """A node that was set aside, and why."""

    node_id: str
    level: Level
    digest: str
    last_event_ms: int
    refusal: str


class Desk(Protocol):
    """The store, as the worker sees it. Safe to use from several threads.

    ``time_zone`` is whose days budgets and quiet are counted by.
    """

    @property
    def time_zone(self) -> str: ...

    def is_current(self) -> bool:
        """Whether the contents hold all that was in the log when the desk was opened.

        Before that they may list what was answered long ago.
        """
        ...

    def position(self) -> Position:
        """The last position that the contents hold."""
        ...

    def tell_at(self, position: Position, listener: Callable[[], None]) -> None:
        """Have the contents come to *position* without delay, and call *listener* then, from some thread."""
        ...

    def unworded(self) -> Iterator[Wanting]:
        """The nodes that have no answer, the most recent first; read bit by bit."""
        ...

    def set_aside(self) -> Iterator[Refused]:
        """The nodes that were answered and are worded without it, the most recent first."""
        ...

    def nodes(self, node_id: str = "") -> Iterator[Wanting]:
        """Every node, worded or not, under *node_id* and itself, children before parents; without digests.

        Errors: `UnknownNode`.
        """
        ...

    def projects(self, node_id: str) -> tuple[str, ...]:
        """The projects of all that happened in the node; none where it is gone."""
        ...

    def material(self, node_id: str) -> tuple[str, Material] | None:
        """The digest and the material of a node as it is now; None where it is gone or changing."""
        ...

    def answer(self, digest: str) -> Answer | None:
        """What is recorded of a digest; of several the latest summary, or else the latest refusal."""
        ...

    def answers_of(self, node_id: str) -> list[Answer]:
        """All that was answered about the node, as it is and as it was, the latest first. Errors: `UnknownNode`."""
        ...

    def record(self, answer: Answer) -> Position:
        """Put the answer into the log; durable on return. Errors: `DiskFull`, `StorageUnavailable`, `Closed`."""
        ...
