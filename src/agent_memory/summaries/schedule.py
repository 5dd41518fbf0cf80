"""Which node is next: the most recent that is quiet and whose children are settled."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import msgspec

from agent_memory.clock import Clock
from agent_memory.courtesy import giving_way
from agent_memory.events import Position
from agent_memory.summaries.desk import Desk, Wanting
from agent_memory.summaries.model import Answer
from agent_memory.toc.calendar import Calendar
from agent_memory.toc.material import Level

AT_ONCE = 64
"""How many nodes are chosen at a time; then the queue is read again."""

_LOOK_SHARE = 20
"""Where a look at all that waits finds nothing to word, the next one comes after so many times as long as it took."""

_FROM_BELOW = (Level.SEGMENT, Level.DAY, Level.WEEK, Level.MONTH, Level.YEAR)


class Wish(msgspec.Struct):
    """What somebody asked for by hand: these nodes, now, however lately something happened in them.

    ``again`` are nodes to be worded although they have an answer.
    """

    nodes: set[str]
    again: dict[str, Level]
    done: set[str] = msgspec.field(default_factory=set)
    worded: set[str] = msgspec.field(default_factory=set)
    refused: set[str] = msgspec.field(default_factory=set)

    def holds(self, node_id: str) -> bool:
        return node_id in self.nodes


class Chosen(msgspec.Struct, frozen=True):
    """A node to be worded. Without a digest, of whatever its material is by then."""

    node_id: str
    level: Level
    digest: str
    is_again: bool = False


class Queue:
    """The nodes to be worded next, read from the *desk* bit by bit. For one thread at a time.

    A node is quiet once *quiet_s* seconds have passed since the last thing that happened in it, and since
    it was seen to change here: an import brings old events now. What is above a day waits, as long
    as it goes on, for the end of the local day in which it changed: else each segment would word the year again.
    """

    def __init__(self, desk: Desk, *, quiet_s: float, clock: Clock, is_left_out: Callable[[str], bool]) -> None:
        self._desk = desk
        self._quiet_ms = int(quiet_s * 1000)
        self._clock = clock
        self._is_left_out = is_left_out
        self._calendar = Calendar(desk.time_zone)
        self._ready: deque[Chosen] = deque()
        self._back: deque[Chosen] = deque()
        # The digest that each node was seen with, and since when, to tell one that changes while we look.
        self._seen: dict[str, tuple[str, int]] = {}
        self._has_looked = False
        self._look_after_s = float("-inf")
        self._out: dict[str, tuple[str, bool]] = {}
        self._recorded: dict[str, Position] = {}
        self._last: Position = 0
        self.under_way: set[str] = set()
        self.wish: Wish | None = None

    def next(self, *, only_wished: bool) -> Chosen | None:
        """The node to word now; None where there is none at present."""
        began_s = self._clock.monotonic_s()
        if not self._ready and self._desk.is_current() and (self.wish is not None or began_s >= self._look_after_s):
            self._fill(only_wished)
            if not self._ready:
                # What is left out, or waits for its day to end, may be most of the store.
                now_s = self._clock.monotonic_s()
                self._look_after_s = now_s + _LOOK_SHARE * (now_s - began_s)
        while self._ready or self._back:
            chosen = (self._ready or self._back).popleft()
            if chosen.node_id not in self.under_way:
                self.under_way.add(chosen.node_id)
                return chosen
        return None

    def put_back(self, chosen: Chosen) -> None:
        """It was not worded: others come first now, for it may be the one that nobody can answer."""
        # What has an answer is worded again only for whoever waits for that.
        if not chosen.is_again or (self.wish is not None and chosen.node_id in self.wish.again):
            self._back.append(chosen)

    def recorded(self, chosen: Chosen, answer: Answer, position: Position) -> None:
        """Its answer is in the log at *position*; the contents may not have it yet."""
        self._recorded[answer.digest] = position
        if self.wish is not None:
            (self.wish.refused if answer.summary is None else self.wish.worded).add(chosen.node_id)
        self._last = max(self._last, position)
        self._seen.pop(chosen.node_id, None)
        self.done(chosen)

    def done(self, chosen: Chosen) -> None:
        """Nothing more is to be done about it now."""
        if self.wish is not None:
            self.wish.again.pop(chosen.node_id, None)
            self.wish.done.add(chosen.node_id)

    def forget(self) -> None:
        """Choose anew."""
        self._ready.clear()
        self._back.clear()

    def look_again(self) -> None:
        """There is news: what could not be worded may be ready now."""
        self._look_after_s = float("-inf")

    def lacks(self) -> Position:
        """The last position recorded here that the contents do not hold yet; 0 where they do."""
        return self._last if self._desk.position() < self._last else 0

    def has_nothing(self) -> bool:
        """Whether nothing is to be done, and nothing will be by what is under way or was recorded."""
        if self._ready or self._back or self.under_way or self.lacks():
            return False
        if self._desk.is_current():
            self._fill(only_wished=True)
        return not self._ready

    def waiting(self) -> tuple[int, int]:
        """How many nodes have no answer, and how many of them never will: they are left out."""
        count = left_out = 0
        for wanting in giving_way(self._desk.unworded()):
            if wanting.digest in self._recorded:
                continue
            count += 1
            left_out += self._is_out(wanting)
        return count - left_out, left_out

    # -- inside ---------------------------------------------------------------------------------

    def _fill(self, only_wished: bool) -> None:
        now_ms = self._clock.now_ms()
        seen_all = self._has_looked
        position = self._desk.position()
        back = {chosen.node_id for chosen in self._back}
        self._recorded = {digest: at for digest, at in self._recorded.items() if at > position}
        there: set[str] = set()
        for wanting in giving_way(self._desk.unworded()):
            there.add(wanting.node_id)
            if wanting.digest in self._recorded:
                continue
            quiet = self._is_quiet(wanting, now_ms)
            if len(self._ready) >= AT_ONCE:
                if seen_all:
                    break
                # The first look is at all of them: what is there before it did not change while we looked.
                continue
            if not wanting.is_ready or wanting.node_id in self.under_way or wanting.node_id in back:
                continue
            if self._is_out(wanting):
                continue
            # While somebody waits for his, nobody else's is begun.
            if self.wish.holds(wanting.node_id) if self.wish is not None else quiet and not only_wished:
                self._ready.append(Chosen(wanting.node_id, wanting.level, wanting.digest))
        else:
            # All were looked at: of those that are no more, nothing need be remembered.
            self._seen = {node_id: known for node_id, known in self._seen.items() if node_id in there}
            self._out = {node_id: known for node_id, known in self._out.items() if node_id in there}
        self._has_looked = True
        if not self._ready and self.wish is not None:
            self._ready.extend(self._again(self.wish))

    def _again(self, wish: Wish) -> list[Chosen]:
        """The lowest level of what is to be worded again, once nothing below it is under way."""
        # Nor before the contents hold what was: it gives those above it another digest.
        if self.under_way or self._back or self.lacks():
            return []
        for level in _FROM_BELOW:
            there = [node_id for node_id, at in wish.again.items() if at is level]
            if there:
                return [Chosen(node_id, level, "", is_again=True) for node_id in there]
        return []

    def _is_quiet(self, wanting: Wanting, now_ms: int) -> bool:
        known = self._seen.get(wanting.node_id)
        if known is None or known[0] != wanting.digest:
            changed_ms = now_ms if self._has_looked else now_ms - self._quiet_ms
            known = self._seen[wanting.node_id] = (wanting.digest, changed_ms)
        if now_ms < wanting.last_event_ms + self._quiet_ms:
            return False
        if wanting.level is Level.SEGMENT:
            return now_ms >= known[1] + self._quiet_ms
        # Its children were quiet, or it were not ready; that they are worded by now is no unrest.
        return wanting.level is Level.DAY or now_ms >= self._calendar.day(wanting.last_event_ms).end_ms

    def _is_out(self, wanting: Wanting) -> bool:
        known = self._out.get(wanting.node_id)
        if known is None or known[0] != wanting.digest:
            known = self._out[wanting.node_id] = (wanting.digest, self._is_left_out(wanting.node_id))
        return known[1]
