"""Which of the same words in the log are those of a history.

Words are known by which of their repetitions in a session they are. A hook that was installed in the middle of a
session counts from there; its history, from the beginning. So if the log knows a number already, but from another
time, the words are another repetition: the one that the log has from about the same time, or else a new one.

    history   ok#1 9:00   ok#2 9:30   ok#3 10:00
    hook                  ok#1 9:30   ok#2 10:00
    log       ok#1 9:30, ok#2 10:00, and ok#3 9:00

To find out, repetitions are sent in the order of their numbers, each once the one before has its place. Words that
a history has only once are what the log has of them, if that is not from quite another time: a prompt that
was queued, or an answer that took long, is told of at two times.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

import msgspec

from agent_memory.capture.importing.reading import Found
from agent_memory.events import Draft, Receipt
from agent_memory.events.ulids import ulid_time_ms

SAME_MS = 120_000
"""Words of one session that are this far apart in time were said twice. The drain of hooks has the same."""

SAME_ONLY_MS = 3_600_000
"""The same for words that a history has only once."""

_NUMBERS_MAX = 10_000

# As `identity` writes it: a key, such as a tool call's id, may end with a number, too.
_REPETITION = re.compile(r"(.*/[0-9a-f]{32})#([0-9]{1,9})", re.DOTALL)


class Aligner:
    """What is known of one history's words in the log."""

    def __init__(self) -> None:
        self._any_known = False
        self._any_new = False
        self._repeated: set[str] = set()
        # Of each words, the times of those that the log has, by number.
        self._times: defaultdict[str, dict[int, int]] = defaultdict(dict)

    def saw(self, found: Found) -> None:
        """The history has this."""
        words, number = _words_of(found.draft)
        if number > 1:
            self._repeated.add(words)

    def agrees(self, found: Found, receipt: Receipt) -> bool:
        """Whether the event of the receipt is what was found, and not another repetition of its words."""
        words, number = _words_of(found.draft)
        if receipt.created:
            self._any_new = True
            return True
        self._any_known = True
        if not number or not found.has_own_time or found.draft.time_ms is None:
            return True
        time_ms = ulid_time_ms(receipt.event_id)
        self._times[words][number] = time_ms
        return abs(time_ms - found.draft.time_ms) <= SAME_MS

    def agrees_after_all(self, found: Found) -> bool:
        """Of what did not agree, once the whole history was seen: whether it is the only one of its words."""
        words, number = _words_of(found.draft)
        assert found.draft.time_ms is not None
        return words not in self._repeated and abs(self._times[words][number] - found.draft.time_ms) <= SAME_ONLY_MS

    def next_round(self, held_back: Sequence[Found]) -> tuple[list[Found], list[Found]]:
        """Which of the repetitions held back can be sent now, and which not yet.

        All of them, if the log had nothing of this history: then no hook has counted.
        """
        if self._any_new and not self._any_known:
            return list(held_back), []
        first = min(number_of(found.draft) for found in held_back)
        now = [found for found in held_back if number_of(found.draft) == first]
        return now, [found for found in held_back if number_of(found.draft) != first]

    def other_numbers(self, found: Found) -> Iterator[Draft]:
        """The draft under other numbers, one after the other, but for those that are of other times for sure."""
        words, own = _words_of(found.draft)
        assert found.draft.time_ms is not None
        for number in range(1, _NUMBERS_MAX):
            known_ms = self._times[words].get(number)
            if number == own or (known_ms is not None and abs(known_ms - found.draft.time_ms) > SAME_MS):
                continue
            yield msgspec.structs.replace(found.draft, source_id=f"{words}#{number}")


def number_of(draft: Draft) -> int:
    """Which repetition of its words a draft is; 0 for one that is known by a key."""
    return _words_of(draft)[1]


def _words_of(draft: Draft) -> tuple[str, int]:
    found = _REPETITION.fullmatch(draft.source_id)
    return (found[1], int(found[2])) if found else (draft.source_id, 0)
