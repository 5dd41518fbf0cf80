"""When the next call may begin: after an outage, within a rate, within what a day may take."""

from __future__ import annotations

import random
from collections import deque

import msgspec

from agent_memory.summaries.model import Usage

RATE_WINDOW_S = 60.0

PAUSE_FIRST_S = 1.0
PAUSE_MAX_S = 300.0
RETRY_AFTER_MAX_S = 86_400.0
"""However long a provider asks to be left alone: whoever reads the status should see it asked again within a day."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What the settings allow. 0 is no limit; ``quiet_s`` and ``refusals_max`` are as they say.

    ``resend_interrupted``: what the end of a process cut off may be sent a second time.
    """

    in_flight_max: int = 2
    calls_per_minute_max: int = 0
    tokens_per_day_max: int = 0
    usd_per_day_max: float = 0.0
    quiet_s: float = 600.0
    refusals_max: int = 3
    resend_interrupted: bool = False


class Prices(msgspec.Struct, frozen=True, kw_only=True):
    """What a million tokens cost, in USD; None where that is not known."""

    usd_per_million_in: float | None = None
    usd_per_million_out: float | None = None

    def cost(self, tokens_in: int, tokens_out: int) -> float | None:
        """What a call of that size costs."""
        if self.usd_per_million_in is None or self.usd_per_million_out is None:
            return None
        return (tokens_in * self.usd_per_million_in + tokens_out * self.usd_per_million_out) / 1e6


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """What the calls of one day took. ``usd`` is what is known of it."""

    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    usd: float = 0.0
    unpriced: int = 0
    """Calls of which nobody knows the price."""
    refused: int = 0
    failed: int = 0
    interrupted: int = 0
    """Calls that the end of the process cut off; counted as if they had been answered at full length."""

    @property
    def tokens(self) -> int:
        return self.tokens_in + self.tokens_out

    def plus(self, usage: Usage, *, refused: int = 0, failed: int = 0, interrupted: int = 0) -> Spent:
        """With one more call."""
        return Spent(
            calls=self.calls + usage.calls,
            tokens_in=self.tokens_in + usage.tokens_in,
            tokens_out=self.tokens_out + usage.tokens_out,
            usd=self.usd + (usage.cost_usd or 0.0),
            unpriced=self.unpriced + (usage.cost_usd is None and usage.tokens_in + usage.tokens_out > 0),
            refused=self.refused + refused,
            failed=self.failed + failed,
            interrupted=self.interrupted + interrupted,
        )


def over_budget(limits: Limits, spent: Spent, next_call: Usage) -> str:
    """Which budget of a day another call would overrun, in words; empty where it fits."""
    most = limits.tokens_per_day_max
    if most and spent.tokens + next_call.tokens_in + next_call.tokens_out > most:
        return f"{spent.tokens:,} of the day's {most:,} tokens are spent"
    usd_most = limits.usd_per_day_max
    if usd_most and (spent.usd >= usd_most or spent.usd + (next_call.cost_usd or 0.0) > usd_most):
        return f"{spent.usd:.2f} of the day's {usd_most:.2f} USD are spent"
    return ""


class Rate:
    """So many calls in any minute. For one thread at a time."""

    def __init__(self, calls_per_minute_max: int) -> None:
        self._most = calls_per_minute_max
        self._begun: deque[float] = deque()

    def pause_s(self, now_s: float) -> float:
        """How long until a call may begin; 0 now."""
        if not self._most:
            return 0.0
        while self._begun and self._begun[0] <= now_s - RATE_WINDOW_S:
            self._begun.popleft()
        return self._begun[-self._most] + RATE_WINDOW_S - now_s if len(self._begun) >= self._most else 0.0

    def begin(self, now_s: float) -> None:
        """Count a call."""
        if self._most:
            self._begun.append(now_s)


class Outage:
    """How long the whole queue leaves a provider alone that does not answer. For one thread at a time.

    Pauses double, with full jitter, and while they last one call at a time asks whether it is over.
    Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._until_s = float("-inf")
        self._asked_until_s = float("-inf")
        self._failed_s = float("-inf")
        self.failures = 0
        self.problem = ""

    def failed(
        self,
        now_s: float,
        problem: str,
        *,
        begun_s: float,
        retry_after_s: float | None = None,
        wait_s: float | None = None,
    ) -> None:
        """A call that began at *begun_s* was not answered.

        *retry_after_s* is what the provider asks for, *wait_s* what we think will do.
        """
        self.problem = problem
        if retry_after_s is not None:
            self._asked_until_s = max(self._asked_until_s, now_s + self._a_little_later(retry_after_s))
        if wait_s is not None:
            self._until_s = max(self._until_s, now_s + self._a_little_later(wait_s))
        # Calls that were under way together fail together, and are one failure.
        if begun_s <= self._failed_s:
            return
        self._failed_s = now_s
        self.failures += 1
        longest_s = min(PAUSE_MAX_S, PAUSE_FIRST_S * 2.0 ** min(self.failures - 1, 20))
        self._until_s = max(self._until_s, now_s + self._chance.uniform(0.0, longest_s))

    def succeeded(self, *, begun_s: float) -> None:
        """A call that began at *begun_s* was answered; of one that began before the outage, that tells nothing."""
        if begun_s < self._failed_s:
            return
        self.failures = 0
        self.problem = ""
        self._until_s = self._asked_until_s = float("-inf")

    def end_pause(self) -> None:
        """Somebody wants to know at once whether it is over; what the provider asked for is not ours to end."""
        self._until_s = float("-inf")

    def pause_s(self, now_s: float) -> float:
        """How long until a call may begin; 0 now."""
        return max(0.0, max(self._until_s, self._asked_until_s) - now_s)

    def _a_little_later(self, wait_s: float) -> float:
        # So that not everybody comes back at the same instant.
        return min(max(wait_s, 0.0), RETRY_AFTER_MAX_S) + self._chance.uniform(0.0, PAUSE_FIRST_S)
