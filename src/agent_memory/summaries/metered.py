"""The one door out: a language model behind its limits, with every call in the journal before it is made."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress

import msgspec

from agent_memory.clock import Clock
from agent_memory.courtesy import give_way
from agent_memory.errors import Closed, Unavailable
from agent_memory.summaries.errors import ProviderCutOff, ProviderMisconfigured, ProviderRefused, ProviderUnavailable
from agent_memory.summaries.journal import Journal, prompt_key
from agent_memory.summaries.limits import Limits, Outage, Prices, Rate, Spent, over_budget
from agent_memory.summaries.model import Prompt, Reply, Usage
from agent_memory.summaries.port import LanguageModel
from agent_memory.toc.calendar import Calendar

_RATIO_MAX = 4.0
_LEAST = Usage(calls=1, tokens_in=1)
REFUSED_FIRST_MAX = 5
"""Where so many nodes were refused and none was answered yet, it is not the nodes that are at fault."""

_ASKING_S = 1.0
"""How often somebody looks whether the one call has come back that asks whether an outage is over."""


class Hold(msgspec.Struct, frozen=True):
    """Why no call may begin now, and when to ask again; ``until_ms`` is 0 where nobody knows.

    ``is_final``: not before tomorrow, or before settings change.
    """

    reason: str
    pause_s: float
    until_ms: int = 0
    is_final: bool = False


class Held(ProviderUnavailable):
    """Nothing was sent: a limit or an outage holds the queue."""

    def __init__(self, provider: str, hold: Hold) -> None:
        super().__init__(provider, hold.reason)
        self.hold = hold


class TooLarge(ProviderRefused):
    """Nothing was sent, and nothing will be: one call alone is more than a day may take."""


class Meter:
    """Counts what goes out and comes back, for all threads together. Safe to use from several threads."""

    def __init__(
        self,
        model: LanguageModel,
        journal: Journal,
        *,
        limits: Limits,
        prices: Prices,
        count_tokens: Callable[[str], int],
        calendar: Calendar,
        clock: Clock,
        chance: random.Random,
        clean: Callable[[str], str],
    ) -> None:
        self.model = model
        self.journal = journal
        self.limits = limits
        self._prices = prices
        self._count = count_tokens
        self._clean = clean
        self._calendar = calendar
        self._clock = clock
        self._lock = threading.Lock()
        self._rate = Rate(limits.calls_per_minute_max)
        self._outage = Outage(chance)
        self._asking = False
        self._spent_until: Hold | None = None
        # A model may count more tokens than our vocabulary does: by how much, its answers tell.
        self._ratio = 1.0
        self.under_way = 0
        self.answers = 0
        self.failures = 0
        """Calls of this process that were answered, and those that failed for no fault of what was asked."""
        self.is_closing = False
        self.answered_by: set[str] = set()
        """What the model calls itself, where that is another name than the settings'."""
        self.problem = ""
        """Why nothing is sent until settings change."""
        self._refused_first: set[str] = set()
        self.last_error = ""
        self.last_error_ms = 0

    def hold(self) -> Hold | None:
        """Why no call may begin now, whichever; None where one may."""
        with self._lock:
            return self._hold(_LEAST)

    def resume(self) -> None:
        """Somebody asks for it: try at once what was given up, and end a pause, unless the provider asked for it."""
        with self._lock:
            self.problem = ""
            self._refused_first.clear()
            self._spent_until = None
            self._outage.end_pause()

    def total(self) -> Spent:
        """What the calls of this process took that have ended."""
        return self.journal.total()

    def today(self) -> str:
        """The local day that calls are charged to now."""
        return self._calendar.local_date(self._clock.now_ms())

    def outgoing(self, prompt: Prompt) -> Prompt:
        """The prompt as it leaves the machine: whoever wrote it, no secret that redaction knows by now is in it."""
        give_way()
        return msgspec.structs.replace(prompt, user=self._clean(prompt.user))

    def at_most(self, prompt: Prompt) -> Usage:
        """The most that a call may take."""
        tokens_in = round(self.tokens_in(prompt) * self._ratio)
        cost = self._prices.cost(tokens_in, prompt.answer_tokens_max)
        return Usage(calls=1, tokens_in=tokens_in, tokens_out=prompt.answer_tokens_max, cost_usd=cost)

    def tokens_in(self, prompt: Prompt) -> int:
        """About how many tokens the model reads."""
        return self._count(prompt.system) + self._count(prompt.user) + self._count(str(prompt.schema))

    def cost(self, tokens_in: int, tokens_out: int) -> float | None:
        """What that many tokens cost; None where that is not known."""
        return self._prices.cost(tokens_in, tokens_out)

    def ask(self, node_id: str, digest: str, key: bytes, prompt: Prompt) -> Reply:
        """Make the call, if it may begin. Errors: those of `LanguageModel.complete`; `Held`, `TooLarge`."""
        at_most = self.at_most(prompt)
        begun_s, probing, call = self._enter(node_id, digest, at_most)
        try:
            reply = self.model.complete(prompt)
        except ProviderUnavailable as error:
            if self.is_closing or isinstance(error, ProviderCutOff):
                self._interrupt(call)
                raise
            self.journal.failed(call, Usage(calls=1))
            with self._lock:
                self.failures += 1
                self._outage.failed(
                    self._clock.monotonic_s(),
                    error.problem,
                    begun_s=begun_s,
                    retry_after_s=error.retry_after_s,
                    wait_s=error.wait_s,
                )
                self._noted(f"{node_id}: {error}")
            raise
        except ProviderRefused as error:
            self.journal.refused(call, self._price_of_refusal(error, at_most))
            with self._lock:
                # It answers; whatever it thinks of this.
                self._outage.succeeded(begun_s=begun_s)
                self._noted(f"{node_id}: {error}")
                if not self.answered_by:
                    self._refused_first.add(node_id)
                if len(self._refused_first) >= REFUSED_FIRST_MAX:
                    self.problem = _all_refused(error)
            raise
        except ProviderMisconfigured as error:
            self.journal.failed(call, Usage(calls=1))
            with self._lock:
                self.problem = error.advice
                self._noted(error.advice)
            raise
        except BaseException:
            if self.is_closing:
                self._interrupt(call)
                raise
            # Nobody knows what it took.
            self.journal.failed(call, at_most)
            raise
        else:
            reply = msgspec.structs.replace(reply, usage=self._usage(reply, at_most))
            self.journal.answered(call, key, reply)
            with self._lock:
                self.answers += 1
                self._outage.succeeded(begun_s=begun_s)
                self._refused_first.clear()
                self.answered_by.add(reply.model)
            return reply
        finally:
            with self._lock:
                self.under_way -= 1
                if probing:
                    self._asking = False

    def _interrupt(self, call: int) -> None:
        """It was we who hung up, perhaps on an answer."""
        # Where the rows are closed by now it stays open, for the next process to count.
        with suppress(Closed, Unavailable):
            self.journal.interrupt(call)

    def _enter(self, node_id: str, digest: str, at_most: Usage) -> tuple[float, bool, int]:
        with self._lock:
            hold = self._hold(at_most)
            if hold is not None:
                raise Held(self.model.provider, hold)
            begun_s = self._clock.monotonic_s()
            probing = self._outage.failures > 0
            self._asking = self._asking or probing
            self._rate.begin(begun_s)
            self.under_way += 1
            try:
                # Under the lock, so that what is held back for it is in the sums before anybody else asks.
                return begun_s, probing, self.journal.begin(node_id, digest, self.today(), at_most)
            except BaseException:
                self.under_way -= 1
                self._asking = self._asking and not probing
                raise

    def _hold(self, next_call: Usage) -> Hold | None:
        now_s = self._clock.monotonic_s()
        if self.problem:
            return Hold(self.problem, float("inf"), is_final=True)
        today = self.today()
        over = over_budget(self.limits, self.journal.ended(today), next_call)
        if over:
            self._check_fits(next_call)
            self._spent_until = self._until_midnight(over)
        # Once a call had no room in the day, none is begun: smaller ones would fill up what is left.
        if self._spent_until is not None and self._clock.now_ms() < self._spent_until.until_ms:
            return self._until_midnight(self._spent_until.reason)
        if over_budget(self.limits, self.journal.spent(today), next_call):
            return Hold("what is under way may take the rest of the day's budget", _ASKING_S)
        pause_s = self._outage.pause_s(now_s)
        if pause_s > 0:
            return self._after(pause_s, self._outage.problem)
        if self._asking:
            return Hold(self._outage.problem, _ASKING_S)
        pause_s = self._rate.pause_s(now_s)
        if pause_s > 0:
            return self._after(pause_s, f"{self.limits.calls_per_minute_max:,} calls in a minute are made")
        return None

    def _check_fits(self, next_call: Usage) -> None:
        alone = over_budget(self.limits, Spent(), next_call)
        if alone:
            size = next_call.tokens_in + next_call.tokens_out
            raise TooLarge(self.model.provider, f"one call of up to {size:,} tokens is more than a day may take")

    def _until_midnight(self, reason: str) -> Hold:
        now_ms = self._clock.now_ms()
        end_ms = self._calendar.day(now_ms).end_ms
        return Hold(reason, (end_ms - now_ms) / 1000, end_ms, is_final=True)

    def _after(self, pause_s: float, reason: str) -> Hold:
        return Hold(reason, pause_s, self._clock.now_ms() + int(pause_s * 1000))

    def _usage(self, reply: Reply, at_most: Usage) -> Usage:
        """What the provider says that it took; where it says nothing, what we count."""
        told = reply.usage
        if told.tokens_in > at_most.tokens_in:
            self._ratio = min(_RATIO_MAX, self._ratio * told.tokens_in / max(1, at_most.tokens_in))
        tokens_in = told.tokens_in or at_most.tokens_in
        tokens_out = told.tokens_out or self._count(reply.text)
        cost = told.cost_usd if told.cost_usd is not None else self._prices.cost(tokens_in, tokens_out)
        return Usage(calls=max(1, told.calls), tokens_in=tokens_in, tokens_out=tokens_out, cost_usd=cost)

    def _price_of_refusal(self, error: ProviderRefused, at_most: Usage) -> Usage:
        """What it took as far as it is told; else as if the whole answer had come."""
        told = error.usage
        if told is None or not told.tokens_in:
            return at_most
        cost = told.cost_usd if told.cost_usd is not None else self._prices.cost(told.tokens_in, told.tokens_out)
        return Usage(calls=max(1, told.calls), tokens_in=told.tokens_in, tokens_out=told.tokens_out, cost_usd=cost)

    def _noted(self, error: str) -> None:
        self.last_error, self.last_error_ms = error, self._clock.now_ms()


def _all_refused(error: ProviderRefused) -> str:
    return (
        f"all of the first {REFUSED_FIRST_MAX} nodes were refused, the last so: {error}. Correct the settings"
        " that begin with `summaries_` and start again; `agent-memory summarise` goes on all the same"
    )


class MeteredModel:
    """A `LanguageModel` for the wording of one node, whose material has this *digest*.

    What was answered to the same words before, and is not in the log yet, is not asked for again. *aside* makes
    the block in which a call is waited for.
    """

    def __init__(
        self,
        meter: Meter,
        node_id: str,
        digest: str,
        *,
        aside: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self._aside = aside
        self._meter = meter
        self._node_id = node_id
        self._digest = digest
        self._last: bytes | None = None

    @property
    def provider(self) -> str:
        return self._meter.model.provider

    @property
    def model(self) -> str:
        return self._meter.model.model

    @property
    def context_tokens(self) -> int:
        return self._meter.model.context_tokens

    def complete(self, prompt: Prompt) -> Reply:
        prompt = self._meter.outgoing(prompt)
        key = prompt_key(self.provider, self.model, prompt)
        kept = self._meter.journal.reply(self._node_id, key)
        self._last = None
        if kept is None:
            with self._aside():
                kept = self._meter.ask(self._node_id, self._digest, key, prompt)
        self._last = key
        return kept

    def count_refusal(self, reason: str) -> int:
        """It was of no use, and its last reply with it, where there was one; how often that is so by now."""
        return self._meter.journal.count_refusal(self._node_id, self._digest, reason, useless=self._last)

    def close(self) -> None:
        """The model is its owner's to close."""
