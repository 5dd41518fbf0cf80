"""Messages that a Codex rollout holds twice: as an item of the conversation, and as the terminal showed them.

Either may stand first, and a message may be shown by lines of two sorts. A pair is known by its words.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import msgspec

from agent_memory.capture.model import Captured
from agent_memory.events import Kind

# So many lines a message that was shown waits for its item, and so many items are remembered for
# the lines that show them later.
_LINES_MAX = 200
_ITEMS_MAX = 64

# Words as few as these are looked for as they are; more of them also within an item that says more.
_FEW = 20


class _Waiting(msgspec.Struct):
    """A message that was shown, and that no item has told yet."""

    line: int
    words: str
    shown_by: str
    captured: Captured


class _Item(msgspec.Struct):
    """A message that an item told, and the sorts of lines that have shown it."""

    kind: Kind
    words: str
    shown_by: set[str]


class Shown:
    """Pairs the messages that were shown with those that items tell."""

    def __init__(self) -> None:
        self._items: deque[_Item] = deque(maxlen=_ITEMS_MAX)
        self._waiting: deque[_Waiting] = deque()

    def told(self, kind: Kind, text: str) -> list[int]:
        """An item tells a message. The lines that waited for it, which tell nothing more."""
        item = _Item(kind, _normal(text), set())
        paired = [waiting for waiting in self._waiting if self._pairs(item, waiting)]
        for waiting in paired:
            self._waiting.remove(waiting)
        self._items.append(item)
        return [waiting.line for waiting in paired]

    def shows(self, line: int, shown_by: str, captured: Captured, text: str) -> str:
        """A line of the sort *shown_by* shows a message. Why it tells nothing more; empty if it waits."""
        waiting = _Waiting(line, _normal(text), shown_by, captured)
        if any(self._pairs(item, waiting) for item in reversed(self._items)):
            return "told by a response item"
        if any(_twice(other, waiting) for other in self._waiting):
            return "shown by another line"
        self._waiting.append(waiting)
        return ""

    def late(self, line: int | None) -> Iterator[tuple[int, Captured]]:
        """At *line*, or at the end, the messages that no item will tell any more, with their lines."""
        while self._waiting and (line is None or self._waiting[0].line + _LINES_MAX <= line):
            waiting = self._waiting.popleft()
            yield waiting.line, waiting.captured

    def _pairs(self, item: _Item, waiting: _Waiting) -> bool:
        if waiting.captured.kind is not item.kind or waiting.shown_by in item.shown_by:
            return False
        if item.words != waiting.words and (len(waiting.words) <= _FEW or waiting.words not in item.words):
            return False
        item.shown_by.add(waiting.shown_by)
        return True


def _twice(one: _Waiting, other: _Waiting) -> bool:
    same = one.captured.kind is other.captured.kind and one.words == other.words
    return same and one.shown_by != other.shown_by


def _normal(text: str) -> str:
    return " ".join(text.split())
