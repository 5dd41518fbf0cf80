"""From the spool into the log: in order, each payload exactly once, whatever dies in between.

    read some envelopes → what they tell, with ids → ledger, durable → log, durable → files removed

Killed anywhere, it begins again with the same envelopes, which get the same source ids from the ledger;
the log knows those and records nothing twice. What an envelope tells that the log refuses (`Refusal`)
sets that envelope aside, by name and with the reason, and nothing else waits for it. What concerns all of
them, such as a full disk, is raised by the appender: whoever drives the drain waits and calls it again.
"""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from agent_memory.capture import spool
from agent_memory.capture.identity import to_draft
from agent_memory.capture.ledger import Ledger
from agent_memory.capture.model import Agent, Captured
from agent_memory.capture.moments import Moments
from agent_memory.capture.payloads import SESSION, agent_told, as_name, decoded, name_at
from agent_memory.capture.policy import rules_of
from agent_memory.capture.redaction import Redactor, redact_value
from agent_memory.errors import AgentMemoryError
from agent_memory.events import Draft, EventLimits, Receipt
from agent_memory.events.ulids import ulid_time_ms

if TYPE_CHECKING:
    from agent_memory.capture.turns import Redact

ENVELOPES_AT_ONCE = 128
BYTES_AT_ONCE = 16 << 20

# Words that the log has from a history, so long before the hook heard them, were said another time.
_SAME_MS = 120_000
_OTHER_TIMES_MAX = 10_000

_AHEAD_MS_MAX = EventLimits().future_ms_max // 2

# What is wrong is not the envelope, and may pass.
_CONCERN_ALL = (AgentMemoryError, OSError, sqlite3.Error)

# Half-written envelopes this old are of hooks that were killed.
_TORN_S = 3600
# Nobody delivers again what is older.
_REMEMBERED_MS = 60 * 86_400_000


class Refusal(msgspec.Struct, frozen=True):
    """Why the log takes one event not; it concerns no other."""

    problem: str


class Appender(Protocol):
    """The log, as the drain sees it."""

    def append(self, drafts: Sequence[Draft]) -> list[Receipt | Refusal]:
        """Record each for itself, durable on return. Errors concern all of them, and waiting may help."""
        ...


class Scope(Protocol):
    """What is captured, and what project a folder is."""

    def ignored(self, agent: str, folder: str, at_ms: int) -> str:
        """Why nothing is captured of this agent in this folder at this time; empty where it is."""
        ...

    def project(self, folder: str) -> str:
        """The project that the folder belongs to; empty for none."""
        ...


class _Told(msgspec.Struct):
    """One event to be, and where it came from."""

    draft: Draft
    envelope: str
    words: str
    delivery: str


class _Batch(msgspec.Struct):
    """Envelopes that are drained as one."""

    names: list[str] = []
    told: list[_Told] = []
    refused: dict[str, str] = {}
    redacted: Counter[str] = msgspec.field(default_factory=Counter)

    def redact(self, counts: Mapping[str, int]) -> None:
        """Count what was taken out, by kind."""
        self.redacted.update({f"redacted.{kind}": count for kind, count in counts.items()})


class Drain:
    """Empties one spool. Calls block; one caller at a time."""

    def __init__(
        self,
        folder: Path,
        ledger: Ledger,
        appender: Appender,
        scope: Scope,
        *,
        redact: Redact = redact_value,
        redactor: Redactor | None = None,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._folder = str(folder)
        self._ledger = ledger
        self._appender = appender
        self._scope = scope
        # What a hook was handed is redacted already; what is read besides is not.
        self._redact = redact
        # And what a hook did not redact by these rules: it knew no settings, or other ones.
        self._redactor = redactor
        self._rules = rules_of(redactor.policy) if redactor else ""
        self._now_ms = now_ms

    def tidy(self) -> None:
        """At a start: end what a crash interrupted, remove what killed hooks left, forget what is old."""
        now_ms = self._now_ms()
        for name in self._ledger.finished():
            spool.remove(self._folder, name)
        for _ in range(spool.clear_torn(self._folder, before_s=now_ms / 1000 - _TORN_S)):
            spool.lose(self._folder, spool.Loss.FAILED)
        self._ledger.begin(now_ms)
        self._ledger.forget(before_ms=now_ms - _REMEMBERED_MS)
        self._ledger.commit()

    def drain(self) -> int:
        """Take in some of what waits; how many envelopes, 0 if none. Errors: the appender's, nothing being lost."""
        names = self._next()
        try:
            self._take(names)
        except _CONCERN_ALL:
            raise
        except Exception:
            self._take_apart(names)
        return len(names)

    def _take_apart(self, names: Sequence[str]) -> None:
        """One by one: what breaks us, whatever it is, is one envelope's matter."""
        for name in names:
            try:
                self._take([name])
            except _CONCERN_ALL:
                raise
            except Exception as error:
                spool.refuse(self._folder, name, f"cannot be taken in: {type(error).__name__}: {error}")

    def _take(self, names: Sequence[str]) -> None:
        if not names:
            return
        self._ledger.begin(self._now_ms())
        try:
            batch = self._read(names)
            self._ledger.commit()
        except BaseException:
            self._ledger.roll_back()
            raise
        self._append(batch)
        self._finish(batch)

    def _next(self) -> list[str]:
        names: list[str] = []
        size = 0
        for name in spool.waiting(self._folder)[:ENVELOPES_AT_ONCE]:
            size += spool.size_of(name)
            if names and size > BYTES_AT_ONCE:
                break
            names.append(name)
        return names

    # -- reading ------------------------------------------------------------------------------

    def _read(self, names: Iterable[str]) -> _Batch:
        batch = _Batch()
        for name in names:
            try:
                envelope = spool.read(self._folder, name)
            except FileNotFoundError:
                continue
            except (spool.Torn, OSError) as error:
                batch.names.append(name)
                batch.refused[name] = str(error)
                continue
            batch.names.append(name)
            if envelope.received_ms > (now_ms := self._now_ms()) + _AHEAD_MS_MAX:
                # The clock was wrong, and was set right since. The log takes nothing from so far ahead.
                envelope.received_ms = now_ms
            if self._redactor and envelope.rules != self._rules:
                envelope.payload, more = self._redactor.payload(envelope.payload)
                envelope.redacted = Counter(envelope.redacted) + Counter(more)
                envelope.cwd = self._redactor.clean(envelope.cwd)
            batch.redact(envelope.redacted)
            batch.told += self._told(name, envelope, batch)
        return batch

    def _told(self, name: str, envelope: spool.Envelope, batch: _Batch) -> list[_Told]:
        told: list[_Told] = []
        moments = Moments()

        def redact(value: Any) -> tuple[Any, Mapping[str, int]]:
            """What the agent's transcript tells, without secrets: they count as those of the hook."""
            clean, counts = self._redact(value)
            batch.redact(counts)
            return clean, counts

        for agent, captured in _captured(envelope, redact):
            time_ms = captured.time_ms or envelope.received_ms
            if self._scope.ignored(agent, captured.folder, time_ms):
                continue
            delivery = captured.delivery or f"{envelope.id}/{len(told)}"
            captured = msgspec.structs.replace(captured, delivery=delivery, time_ms=moments.next(time_ms))
            project = self._scope.project(captured.folder)
            if isinstance(agent, Agent):
                draft = to_draft(captured, agent, self._ledger, project=project)
            else:
                draft = _of_nobody(captured, agent, project)
            words = draft.source_id.rpartition("#")[0] if isinstance(agent, Agent) and not captured.key else ""
            told.append(_Told(draft, name, words, delivery))
        return told

    # -- appending ----------------------------------------------------------------------------

    def _append(self, batch: _Batch) -> None:
        """Record all of them. Words that turn out to be another time's get the next number, and go again."""
        told = batch.told
        for _ in range(_OTHER_TIMES_MAX):
            if not told:
                return
            outcomes = self._appender.append([one.draft for one in told])
            again = []
            for one, outcome in zip(told, outcomes, strict=True):
                if isinstance(outcome, Refusal):
                    batch.refused.setdefault(one.envelope, f"{one.draft.kind.value}: {outcome.problem}")
                elif self._is_another_time(one, outcome):
                    again.append(one)
            if again:
                self._renumber(again)
            told = again

    def _renumber(self, told: Sequence[_Told]) -> None:
        """Give each delivery the next number; hooks that are registered twice deliver one thing twice."""
        numbers: dict[tuple[str, str], int] = {}
        self._ledger.begin(self._now_ms())
        for one in told:
            of = one.words, one.delivery
            if of not in numbers:
                numbers[of] = self._ledger.advance(*of)
            one.draft = msgspec.structs.replace(one.draft, source_id=f"{one.words}#{numbers[of]}")
        self._ledger.commit()

    def _is_another_time(self, one: _Told, receipt: Receipt) -> bool:
        """Whether the log had these words already, from a history that tells of another time they were said.

        A hook's own number begins at 1 and knows nothing of a history that was imported before. A history that
        has them later than the hook heard them has these: one that knows no times has that of its file, and a prompt
        may have waited before it was written down.
        """
        if receipt.created or not one.words or one.draft.time_ms is None:
            return False
        if one.draft.time_ms - ulid_time_ms(receipt.event_id) <= _SAME_MS:
            return False
        return not self._ledger.is_settled(one.words, one.delivery)

    def _finish(self, batch: _Batch) -> None:
        for name, why in batch.refused.items():
            spool.refuse(self._folder, name, why)
        taken = [name for name in batch.names if name not in batch.refused]
        drained = len({one.envelope for one in batch.told} - batch.refused.keys())
        self._ledger.begin(self._now_ms())
        self._ledger.settle((one.words, one.delivery) for one in batch.told if one.words)
        self._ledger.count({**batch.redacted, "drained": drained, "skipped": len(taken) - drained})
        self._ledger.finish(taken)
        self._ledger.commit()
        for name in taken:
            spool.remove(self._folder, name)


def _captured(envelope: spool.Envelope, redact: Redact) -> list[tuple[str, Captured]]:
    """What the envelope's payloads tell, and whose each is: an `Agent`, or what else its hook was called with."""
    # Here, not above: a daemon that starts waits for no reader of what an empty spool does not hold.
    from agent_memory.capture.agents import captured_of
    from agent_memory.capture.agents.common import kept_as_other
    from agent_memory.capture.turns import with_turn

    found: list[tuple[str, Captured]] = []
    for payload in decoded(envelope.payload.encode("utf-8", "surrogatepass")):
        value = agent_told(envelope.agent, payload)
        if not value:
            nobody = as_name(envelope.agent)
            session = name_at(payload, *SESSION) or f"unnamed-{nobody or 'agent'}"
            found.append(
                (nobody, kept_as_other(Agent.CLAUDE_CODE, payload, envelope.received_ms, envelope.cwd, session=session))
            )
            continue
        agent = Agent(value)
        whole = with_turn(agent, payload, redact=redact)
        told = captured_of(agent, whole, received_ms=envelope.received_ms, cwd=envelope.cwd)
        found += [(agent, captured) for captured in told]
    return found


def _of_nobody(captured: Captured, agent: str, project: str) -> Draft:
    """The draft of a payload that could be any agent's: it is kept as it came."""
    return Draft(
        kind=captured.kind,
        session=captured.session,
        text=captured.text,
        time_ms=captured.time_ms,
        agent=agent,
        project=project,
        source="hook",
        source_id=f"{captured.session}/{captured.delivery}",
        metadata=captured.metadata,
    )
