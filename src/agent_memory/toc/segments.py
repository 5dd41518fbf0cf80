"""Where one segment ends and the next begins: a pure function of a session's events.

Within one session and one local day, in order of event id, a new segment starts after a
pause or when the next event would make it too long. The rule reads from left to right and
remembers only the open segment, so a new event changes nothing before the segment that it
lands in, and nothing after the next boundary that stays where it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from agent_memory.toc.material import Passage

_FRAME_TOKENS = 4
_BYTES_PER_TOKEN = 4


class SegmentRule(msgspec.Struct, frozen=True, kw_only=True):
    """When a new segment starts, besides local midnight."""

    gap_ms: int = 30 * 60_000
    """A pause at least as long as this ends a segment."""
    tokens_max: int = 4_000
    """A segment longer than this has a single event."""

    def parts(self, last_ms: int, tokens: int, next_ms: int, next_tokens: int) -> bool:
        """Whether an event of *next_tokens* at *next_ms* starts a new segment after an open one."""
        return next_ms - last_ms >= self.gap_ms or tokens + next_tokens > self.tokens_max


class Turn(msgspec.Struct, frozen=True, gc=False):
    """An event as segmentation sees it, with what its node will say of it."""

    event_id: str
    time_ms: int
    tokens: int
    passage: Passage
    agent: str
    project: str


class SegmentMark(msgspec.Struct, frozen=True, array_like=True):
    """A segment without its words: enough to tell whether the next event belongs to it."""

    first_event_id: str
    last_event_id: str
    first_tokens: int
    tokens: int
    event_count: int


def token_count(text: str) -> int:
    """About how many tokens a text is: a quarter of its UTF-8 bytes, and four for its frame.

    Cheap, the same everywhere, and close enough to place a boundary: English runs at 4 to 5
    bytes a token, and a Chinese character, three bytes, at a little under one token.
    """
    size = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
    return _FRAME_TOKENS + size // _BYTES_PER_TOKEN


def mark_of(turns: Sequence[Turn]) -> SegmentMark:
    """The mark of a segment that consists of *turns*."""
    return SegmentMark(
        turns[0].event_id, turns[-1].event_id, turns[0].tokens, sum(turn.tokens for turn in turns), len(turns)
    )


def segments(turns: Iterable[Turn], rule: SegmentRule) -> list[list[Turn]]:
    """Split one session's turns of one day, in order of event id, into segments."""
    split = Splitter(rule)
    for turn in turns:
        split.add(turn)
    return split.finish()


class Splitter:
    """Reads turns from left to right; `keep` passes over a segment that did not change."""

    def __init__(self, rule: SegmentRule) -> None:
        self._rule = rule
        self._open: list[Turn] = []
        self._tokens = 0
        self._last_ms = 0
        self._done: list[list[Turn]] = []

    def parts_before(self, time_ms: int, tokens: int) -> bool:
        """Whether an event like that, read next, would start a new segment."""
        if self._tokens == 0:
            return True
        return self._rule.parts(self._last_ms, self._tokens, time_ms, tokens)

    def add(self, turn: Turn) -> None:
        """Read the next turn."""
        if self.parts_before(turn.time_ms, turn.tokens):
            self._close()
        self._open.append(turn)
        self._tokens += turn.tokens
        self._last_ms = turn.time_ms

    def keep(self, mark: SegmentMark, last_ms: int) -> None:
        """Pass over a whole segment, which starts where `parts_before` says so, unread."""
        self._close()
        self._tokens = mark.tokens
        self._last_ms = last_ms

    def finish(self) -> list[list[Turn]]:
        """The segments of all turns that were added."""
        self._close()
        return self._done

    def _close(self) -> None:
        if self._open:
            self._done.append(self._open)
        self._open = []
        self._tokens = 0
