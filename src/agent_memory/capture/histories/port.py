"""What a reader of an agent's history promises, and what it is given."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

import msgspec

from agent_memory.capture.model import Captured, Outcome, Told


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a history lies. ``path`` may tell a reader more than the bytes do; it opens nothing there.

    ``modified_ms``, when it was last written, is the time of things that have none of their own. ``folder`` is
    where the agent worked, as far as that stands beside the history and not in it. ``origins`` says of lines that are
    copies, by a digest that the reader knows, whose they are; ``earlier`` is what the history told that this one
    begins with a copy of, each with a digest (`words_of`) for its text.
    """

    path: Path
    modified_ms: int
    folder: str = ""
    origins: Mapping[bytes, str] = {}
    earlier: tuple[Captured, ...] = ()


def words_of(text: str) -> str:
    """What is remembered of a text in `Place.earlier`."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


class Record(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One line of a history, decoded; of stores without lines a row, part or element.

    ``line`` counts from 1. Either ``value`` is its JSON or ``problem`` says why it has none.
    ``size`` is about how many bytes it was.
    """

    line: int
    value: Any = None
    problem: str = ""
    size: int = 0


Untold = tuple[Outcome, str, tuple[Captured, ...]]
"""What a part of a document holds, before it has a number: its outcome, its reason, and what was captured."""


def numbered(parts: Iterable[Untold], line: int) -> list[Told]:
    """The parts of an element, numbered from *line*."""
    return [
        Told(line=number, outcome=outcome, reason=reason, captured=captured)
        for number, (outcome, reason, captured) in enumerate(parts, line)
    ]


class HistoryReader(Protocol):
    """Reads one history from its first record to its last. Pure; made anew for each history with its `Place`.

    Each line of a file of lines is told of exactly once, by `read` or by `end`; an element of a document
    may tell of several things, numbered from *line*. What is given is redacted already.
    Nothing that can be decoded makes a reader raise: what it does not understand, it tells as
    malformed or skipped, with a reason of a few words that is the same for all lines of its sort.

    The engine may `copy.deepcopy` a reader, end the copy and read on with the original when the file has
    grown: so a reader holds plain values and no open things.
    """

    def read(self, line: int, value: Any) -> Iterable[Told]:
        """What record *line* (or one held back before it) tells."""

    def end(self) -> Iterable[Told]:
        """What was held back until now, if the history ends here."""
