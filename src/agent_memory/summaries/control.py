"""The wording of the contents from outside: status, estimate, preview, and doing some of it now."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from agent_memory.clock import Clock
from agent_memory.courtesy import giving_way
from agent_memory.errors import InvalidConfig, SummariesRunning, UnknownNode
from agent_memory.summaries.limits import Spent
from agent_memory.summaries.reports import (
    PreviewedCall,
    SetAsideNode,
    SummariesEstimate,
    SummariesProgress,
    SummariesReport,
    SummariesState,
    SummariesStatus,
    SummariesVerdict,
    SummariesWanted,
    SummaryPreview,
    SummaryVersion,
)
from agent_memory.summaries.schedule import Wish
from agent_memory.summaries.worker import Worker
from agent_memory.toc.material import Level, Material

if TYPE_CHECKING:
    from agent_memory.summaries.wording import Plan

Plans = Callable[[Material], "Plan"]
"""What wording a material would send."""

SAMPLED_MAX = 100
"""So many nodes of a level are looked at for an estimate, evenly spread; the others are taken to be like them."""

_NOT_YET = "what waits is too recent: it is worded when it has been quiet, and what is above a day when the day is over"

_TELL_S = 0.2
_DRAIN_S = 5.0
_COUNT_S = 1.0
_COUNT_SHARE = 50


class Control:
    """What may be asked about the wording, and of it. Without a *worker*, *problem* says why there is none.

    Safe to use from several threads.
    """

    def __init__(
        self, worker: Worker | None, plans: Plans | None = None, *, time_zone: str, clock: Clock, problem: str = ""
    ) -> None:
        self.time_zone = time_zone
        self._worker = worker
        self._plans = plans
        self._clock = clock
        self._problem = problem
        self._counting = threading.Lock()
        self._counts = (0, 0, 0, 0)
        self._counted_at = -1
        self._count_after_s = float("-inf")

    # -- status ---------------------------------------------------------------------------------

    def status(self) -> SummariesStatus:
        """How it is now."""
        worker = self._worker
        if worker is None:
            state = SummariesState.STOPPED if self._problem else SummariesState.OFF
            return SummariesStatus(state=state, reason=self._problem)
        meter = worker.meter
        spent = meter.journal.ended(meter.today())
        waiting, left_out, set_aside, worded = self._count(worker)
        state, reason, until_ms = _state(worker, waiting)
        return SummariesStatus(
            state=state,
            provider=meter.model.provider,
            model=meter.model.model,
            reason=reason,
            until_ms=until_ms,
            waiting=waiting,
            worded=worded,
            set_aside=set_aside,
            left_out=left_out,
            under_way=worker.under_way(),
            calls_today=spent.calls,
            tokens_today=spent.tokens,
            tokens_per_day_max=meter.limits.tokens_per_day_max,
            usd_today=spent.usd,
            usd_per_day_max=meter.limits.usd_per_day_max,
            unpriced_today=spent.unpriced,
            refused_today=spent.refused,
            failed_today=spent.failed,
            interrupted_today=spent.interrupted,
            last_error=meter.last_error,
            last_error_ms=meter.last_error_ms,
        )

    def _count(self, worker: Worker) -> tuple[int, int, int, int]:
        """Waiting, left out, set aside, worded. To count takes time, of which it has a small share."""
        with self._counting:
            began_s = self._clock.monotonic_s()
            position = worker.desk.position()
            if position != self._counted_at and began_s >= self._count_after_s:
                waiting, left_out = worker.waiting()
                set_aside = sum(1 for _ in giving_way(worker.desk.set_aside()))
                total = sum(1 for _ in giving_way(worker.desk.nodes()))
                self._counts = (waiting, left_out, set_aside, max(0, total - waiting - left_out - set_aside))
                self._counted_at = position
                now_s = self._clock.monotonic_s()
                self._count_after_s = now_s + max(_COUNT_S, _COUNT_SHARE * (now_s - began_s))
            return self._counts

    # -- what it would be -----------------------------------------------------------------------

    def estimate(self, wanted: SummariesWanted, *, since_ms: int | None) -> SummariesEstimate:
        """About what it would take. Errors: `UnknownNode`; `InvalidConfig` where there is no provider."""
        worker = self._needed()
        chosen = _Chosen(worker, wanted, since_ms)
        calls = tokens_in = tokens_out = 0.0
        for level in Level:
            there = [wanting for wanting in chosen.nodes if wanting.level is level]
            step = max(1, -(-len(there) // SAMPLED_MAX))
            plans = [plan for wanting in giving_way(there[::step]) if (plan := self._plan(worker, wanting.node_id))]
            if not plans:
                continue
            scale = len(there) / len(plans)
            calls += scale * sum(len(plan.prompts) + plan.later for plan in plans)
            tokens_in += scale * sum(plan.tokens_in for plan in plans)
            tokens_out += scale * sum(plan.tokens_out_max for plan in plans)
        meter = worker.meter
        return SummariesEstimate(
            nodes=len(chosen.nodes),
            calls=round(calls),
            tokens_in=round(tokens_in),
            tokens_out_max=round(tokens_out),
            usd_max=meter.cost(round(tokens_in), round(tokens_out)),
            left_out=chosen.left_out,
            provider=meter.model.provider,
            model=meter.model.model,
        )

    def preview(self, node_id: str) -> SummaryPreview:
        """What would be sent for a node. Errors: `UnknownNode`; `InvalidConfig` where there is no provider."""
        worker = self._needed()
        meter = worker.meter
        if worker.desk.material(node_id) is None:
            raise UnknownNode(node_id)
        plan = self._plan(worker, node_id)
        prompts = [meter.outgoing(prompt) for prompt in plan.prompts] if plan is not None else []
        return SummaryPreview(
            node_id=node_id,
            provider=meter.model.provider,
            model=meter.model.model,
            calls=tuple(
                PreviewedCall(
                    system=prompt.system,
                    user=prompt.user,
                    schema=msgspec.json.encode(prompt.schema).decode(),
                    tokens_in=meter.tokens_in(prompt),
                    answer_tokens_max=prompt.answer_tokens_max,
                )
                for prompt in prompts
            ),
            later=plan.later if plan is not None else 0,
            left_out=plan is None,
        )

    def set_aside(self, *, after: str, limit: int) -> list[SetAsideNode]:
        """Nodes that were set aside, the most recent first, from the one after *after*."""
        worker = self._needed()
        found: list[SetAsideNode] = []
        skipping = bool(after)
        for refused in worker.desk.set_aside():
            if skipping:
                skipping = refused.node_id != after
                continue
            found.append(SetAsideNode(node_id=refused.node_id, level=refused.level, refusal=refused.refusal))
            if len(found) == limit:
                break
        return found

    def versions(self, node_id: str) -> list[SummaryVersion]:
        """What was answered about a node, the latest first. Errors: as `preview`."""
        worker = self._needed()
        now = worker.desk.material(node_id)
        shown = worker.desk.answer(now[0]) if now is not None else None
        return [
            SummaryVersion(
                provider=answer.provider,
                model=answer.model,
                prompt_version=answer.prompt_version,
                answered_ms=answer.answered_ms,
                digest=answer.digest,
                is_shown=answer == shown and answer.summary is not None,
                title=answer.summary.title if answer.summary else "",
                abstract=answer.summary.abstract if answer.summary else "",
                bullets=tuple(point.text for point in answer.summary.points) if answer.summary else (),
                refusal=answer.refusal,
                tokens=answer.usage.tokens_in + answer.usage.tokens_out,
                usd=answer.usage.cost_usd,
                dropped=answer.dropped,
                anchored=answer.anchored,
            )
            for answer in worker.desk.answers_of(node_id)
        ]

    # -- doing it now ---------------------------------------------------------------------------

    def run(
        self,
        wanted: SummariesWanted,
        emit: Callable[[SummariesReport], None],
        cancelled: Callable[[], bool],
        *,
        since_ms: int | None,
    ) -> None:
        """Have it worded, however lately something happened there, and tell how far it is.

        It ends when nothing more can be done: at a budget's end too, which the verdict says. What an outage
        holds up is waited for, and so is what a provider asks for (`Retry-After`).
        Errors: as `estimate`; `SummariesRunning`.
        """
        worker = self._needed()
        chosen = _Chosen(worker, wanted, since_ms)
        wish = Wish(nodes=chosen.scope, again=chosen.again)
        if not worker.wish(wish):
            raise SummariesRunning
        before = worker.meter.total()
        own = worker.start_if_idle()
        try:
            total = len(chosen.nodes)
            reason, until_ms = "", 0
            while not cancelled():
                over = worker.is_wish_over(timeout_s=_TELL_S)
                reason, until_ms, is_final = _stopped_by(worker)
                took = _took(worker, before)
                done = len(wish.done)
                emit(
                    SummariesProgress(
                        done=done,
                        total=max(total, done),
                        tokens=took.tokens,
                        usd=took.usd,
                        waiting=reason,
                        until_ms=until_ms,
                    )
                )
                if over or is_final:
                    break
            took = _took(worker, before)
            left = sum(1 for wanting in worker.desk.unworded() if wanting.node_id in wish.nodes)
            emit(
                SummariesVerdict(
                    worded=len(wish.worded),
                    set_aside=len(wish.refused),
                    left=max(0, left - chosen.left_out) + len(wish.again),
                    tokens=took.tokens,
                    usd=took.usd,
                    reason=reason,
                )
            )
        finally:
            worker.end_wish()
            if own:
                worker.stop(drain_s=_DRAIN_S)

    def begin_no_more(self) -> None:
        """Send nothing more by itself: the store is about to be closed."""
        if self._worker is not None:
            self._worker.begin_no_more()

    # -- inside ---------------------------------------------------------------------------------

    def _needed(self) -> Worker:
        if self._worker is None:
            problem = self._problem or "no language model is configured, and nothing is sent anywhere"
            hint = "Set summaries_provider; docs/summaries.md tells what to."
            raise InvalidConfig("summaries_provider", "", problem, hint=hint)
        return self._worker

    def _plan(self, worker: Worker, node_id: str) -> Plan | None:
        material = worker.may_be_sent(node_id)
        return None if material is None or self._plans is None else self._plans(material)


class _Chosen:
    """What somebody means: all of ``scope``, the ``nodes`` of it that want wording, of these ``again`` the answered."""

    def __init__(self, worker: Worker, wanted: SummariesWanted, since_ms: int | None) -> None:
        desk = worker.desk
        there = [n for n in giving_way(desk.nodes(wanted.node_id)) if since_ms is None or n.last_event_ms >= since_ms]
        by_id = {n.node_id: n for n in there}
        refused = {one.node_id for one in giving_way(desk.set_aside())}
        self.again: dict[str, Level] = {}
        if wanted.set_aside:
            self.again = {node_id: by_id[node_id].level for node_id in refused if node_id in by_id}
            self.scope = set(self.again)
        else:
            self.scope = set(by_id)
        waiting = {w.node_id for w in giving_way(desk.unworded()) if w.node_id in self.scope}
        if wanted.again:
            # Of all that there is only what another model or prompt worded: so one that was ended goes on.
            self.again = {
                node_id: n.level
                for node_id, n in by_id.items()
                if node_id not in waiting and (wanted.node_id or not worker.is_present(n.worded_by))
            }
        wanted_ids = waiting | set(self.again)
        if not wanted.set_aside:
            # What is above a node that gets another wording is worded again as well.
            for node in there:
                if node.node_id in wanted_ids and node.parent_id in by_id:
                    wanted_ids.add(node.parent_id)
        left_out = {node_id for node_id in wanted_ids if worker.is_left_out(node_id)}
        for node_id in left_out:
            self.again.pop(node_id, None)
        self.left_out = len(left_out)
        self.nodes = [by_id[node_id] for node_id in by_id if node_id in wanted_ids - left_out]


def _state(worker: Worker, waiting: int) -> tuple[SummariesState, str, int]:
    if worker.meter.problem:
        return SummariesState.STOPPED, worker.meter.problem, 0
    if worker.storage_problem:
        return SummariesState.WAITING, worker.storage_problem, 0
    hold = worker.meter.hold()
    if hold is not None and waiting:
        return SummariesState.WAITING, hold.reason, hold.until_ms
    if worker.under_way():
        return SummariesState.WORKING, "", 0
    return SummariesState.IDLE, _NOT_YET if waiting else "", 0


def _stopped_by(worker: Worker) -> tuple[str, int, bool]:
    """What it waits for, until when, and whether nobody should wait for that."""
    hold = worker.meter.hold()
    if hold is None:
        return worker.storage_problem, 0, bool(worker.storage_problem)
    return hold.reason, hold.until_ms, hold.is_final


def _took(worker: Worker, before: Spent) -> Spent:
    now = worker.meter.total()
    return Spent(
        calls=now.calls - before.calls,
        tokens_in=now.tokens_in - before.tokens_in,
        tokens_out=now.tokens_out - before.tokens_out,
        usd=now.usd - before.usd,
    )
