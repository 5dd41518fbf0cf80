"""A log to import into, in memory, and what imports need besides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from agent_memory.capture.importing.accounts import Account
from agent_memory.capture.importing.engine import Importer
from agent_memory.capture.importing.formats import History
from agent_memory.capture.importing.marks import Marks
from agent_memory.capture.importing.port import Refused
from agent_memory.clock import SYSTEM_CLOCK, RandomIds
from agent_memory.errors import InvalidEvent
from agent_memory.events import Draft, Event, Kind, Receipt
from agent_memory.events.drafting import complete


class InMemoryLog:
    """`importing.port.Log` that completes drafts as a daemon does and knows events by their source.

    ``batches`` tells how many drafts came at a time. After *failing_after* batches, appending fails.
    """

    def __init__(self, *, failing_after: int = 1_000_000) -> None:
        self.events: dict[str, tuple[int, Event]] = {}
        self.batches: list[int] = []
        self.failing_after = failing_after

    def append(self, drafts: Sequence[Draft]) -> Future[list[Receipt | Refused]]:
        done: Future[list[Receipt | Refused]] = Future()
        if len(self.batches) >= self.failing_after:
            done.set_exception(LogGone())
            return done
        self.batches.append(len(drafts))
        done.set_result([self._append(draft) for draft in drafts])
        return done

    def _append(self, draft: Draft) -> Receipt | Refused:
        try:
            event = complete(draft, clock=SYSTEM_CLOCK, ids=RandomIds())
        except InvalidEvent as error:
            return Refused(str(error))
        known = self.events.get(event.source_id)
        if known is not None:
            return Receipt(known[1].id, known[0], False)
        self.events[event.source_id] = (len(self.events) + 1, event)
        return Receipt(event.id, len(self.events), True)

    def content(self) -> dict[str, tuple[str, Kind, str, str]]:
        """What each event says, by its source id: what must not depend on how it came.

        Time and metadata are those of who told of it first.
        """
        return {
            source_id: (event.session, event.kind, event.text, event.tool_call_id)
            for source_id, (_, event) in self.events.items()
        }

    def texts(self) -> list[str]:
        """What was said, in the order in which it was appended."""
        return [event.text for _, event in self.events.values()]

    def said(self) -> Counter[tuple[str, str, int]]:
        """Session, text and time of each event: the same, whatever number repetitions have."""
        return Counter((event.session, event.text, event.time_ms) for _, event in self.events.values())


class LogGone(Exception):
    """The log does not answer any more."""


class OpenScope:
    """`importing.port.Scope` that ignores the folders it is told, and takes a folder for its project."""

    def __init__(self, *ignored: str) -> None:
        self._ignored = ignored

    def ignored(self, agent: str, folder: str, at_ms: int) -> str:
        del agent, at_ms
        return "the folder is ignored" if folder in self._ignored else ""

    def project(self, folder: str) -> str:
        return folder


def unredacted(value: Any) -> tuple[Any, dict[str, int]]:
    """`importing.port.Redact` that finds no secret."""
    return value, {}


def import_all(
    histories: Sequence[History], log: InMemoryLog | None, *, marks: Marks | None = None, **options: Any
) -> list[Account]:
    """Import them; the accounts."""
    options = {"redact": unredacted, "scope": OpenScope(), **options}
    return Importer(log=log, marks=marks or Marks(None), **options).run(histories)


def histories_in(folder: Path) -> list[History]:
    """What a folder of fixtures holds, told from its content."""
    from agent_memory.capture.importing.detection import histories_at

    return histories_at(folder)
