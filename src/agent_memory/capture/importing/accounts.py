"""What became of each line: the account of an import, file by file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum

from agent_memory.capture.importing.formats import Form, History
from agent_memory.capture.model import Outcome, Told

LISTED_MAX = 1000
"""How many malformed or refused lines of a file are listed; all are counted."""


class State(StrEnum):
    """How far a history was read."""

    READ = "read"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


class Account:
    """Of one history.

    Each line has one outcome. Each event that lines told of is new, or known to the log, or known to have been
    imported before, or left out (with its reason), or refused by the log.
    """

    def __init__(self, history: History) -> None:
        self.history = history
        self.state = State.READ
        self.problem = ""
        self.size = 0
        self.lines = 0
        self.outcomes: Counter[Outcome] = Counter()
        self.reasons: Counter[tuple[Outcome, str]] = Counter()
        self.malformed: list[tuple[int, str]] = []
        self.events = 0
        self.created = 0
        self.known = 0
        self.imported_before = 0
        self.left_out: Counter[str] = Counter()
        self.refused: list[tuple[int, str]] = []
        self.refused_count = 0
        self.redacted: Counter[str] = Counter()
        self.duration_s = 0.0
        self._untold: set[int] = set()

    def begin_line(self, line: int) -> None:
        """The line was read; something has to be told of it."""
        self.lines = max(self.lines, line)
        if self.history.form is Form.LINES:
            self._untold.add(line)

    def tell(self, told: Told) -> None:
        """What a line holds."""
        self.lines = max(self.lines, told.line)
        self._untold.discard(told.line)
        self.outcomes[told.outcome] += 1
        self.events += len(told.captured)
        if told.outcome is Outcome.MALFORMED and len(self.malformed) < LISTED_MAX:
            self.malformed.append((told.line, told.reason))
        elif told.outcome in (Outcome.MERGED, Outcome.SKIPPED):
            self.reasons[told.outcome, told.reason] += 1

    def refuse(self, line: int, problem: str) -> None:
        """The log does not take an event of the line."""
        self.refused_count += 1
        if len(self.refused) < LISTED_MAX:
            self.refused.append((line, problem))

    def redact(self, counts: Mapping[str, int]) -> None:
        self.redacted.update(counts)

    @property
    def unexplained(self) -> list[int]:
        """Lines of which nothing was told: a fault of their reader."""
        return sorted(self._untold)

    def reasons_of(self, outcome: Outcome) -> dict[str, int]:
        """How many lines were merged or skipped, by reason, most frequent first."""
        return {reason: count for (of, reason), count in self.reasons.most_common() if of is outcome}


def total(accounts: Iterable[Account], count: str) -> int:
    """The sum of one of the counts, such as `created`, over all accounts."""
    return sum(getattr(account, count) for account in accounts)


def total_of(accounts: Iterable[Account], outcome: Outcome) -> int:
    """How many lines had this outcome."""
    return sum(account.outcomes[outcome] for account in accounts)
