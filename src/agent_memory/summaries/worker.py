"""Words what wants wording, a few nodes at a time, and puts each answer into the log."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import msgspec

from agent_memory import telemetry
from agent_memory.clock import Clock
from agent_memory.courtesy import give_way
from agent_memory.errors import Closed, Invalid, Unavailable
from agent_memory.events import Position
from agent_memory.summaries.desk import Desk
from agent_memory.summaries.errors import ProviderCutOff, ProviderMisconfigured, ProviderRefused, ProviderUnavailable
from agent_memory.summaries.left_out import LeftOut
from agent_memory.summaries.metered import Held, Meter, MeteredModel, TooLarge
from agent_memory.summaries.model import Answer, Usage
from agent_memory.summaries.port import LanguageModel
from agent_memory.summaries.schedule import Chosen, Queue, Wish
from agent_memory.toc.material import Material

LOOK_S = 1.0
"""How often a thread that has nothing to do looks whether there is something, or whether a pause is over."""

INTERRUPTED = "the call was cut off, and nobody knows whether it was answered"
"""Why a node is set aside whose call was cut off: to ask again is for whoever may have to pay twice to decide."""

ALONE_MAX = 10
"""Where it fails so often for one node, while between any two times others are answered and none fails, it is the
node that is at fault: half of all calls would have to fail for that to happen by chance to one node in a million."""

Words = Callable[[Material, LanguageModel, str, str], Answer]
"""How a material is worded with a model, for the answer about this node's id and digest.

Errors: those of `LanguageModel.complete`.
"""


class Worker:
    """Takes the nodes of the *desk* one after the other, and words them.

    Each digest is sent until it has an answer in the log, and never again unless somebody asks for it; one whose
    call was cut off by the end of a process is set aside. Unless *unasked*, only what a `Wish` names is worded.
    `step` is one thread's part; `start` has ``limits.in_flight_max`` threads do it until `stop`.
    """

    def __init__(
        self,
        desk: Desk,
        meter: Meter,
        words: Words,
        *,
        prompt_version: str,
        left_out: Sequence[str] = (),
        clock: Clock,
        unasked: bool = True,
    ) -> None:
        self.desk = desk
        self.meter = meter
        self.prompt_version = prompt_version
        self._words = words
        self._left_out = LeftOut(left_out)
        self._clock = clock
        self._unasked = unasked
        self._queue = Queue(
            desk, quiet_s=meter.limits.quiet_s, clock=clock, is_left_out=lambda node: self.is_left_out(node)
        )
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._stopping = False
        self._storage_problem = ""
        self._turn = threading.Lock()
        self._news = 0
        self._round = 0
        self._told_at: Position = 0
        # Of each digest whose last call failed: what there was of answers and failures by then, and its own in a row.
        self._failed: dict[str, tuple[int, int, int]] = {}

    # -- what others see ------------------------------------------------------------------------

    def is_left_out(self, node_id: str) -> bool:
        """Whether anything in the node belongs to a project of which nothing is sent."""
        return self._left_out.any_of(self.desk.projects(node_id))

    def may_be_sent(self, node_id: str) -> Material | None:
        """The node's material; None where it is gone, or left out."""
        found = self.desk.material(node_id)
        return None if found is None or self._left_out.any_of(found[1].projects) else found[1]

    def is_present(self, worded_by: tuple[str, str, str]) -> bool:
        """Whether provider, model and prompt are those that would be asked with now."""
        provider, model, prompt_version = worded_by
        meter = self.meter
        # A model may call itself by a longer name than the settings do.
        names = {meter.model.model, *meter.answered_by}
        return (provider, prompt_version) == (meter.model.provider, self.prompt_version) and model in names

    def under_way(self) -> tuple[str, ...]:
        """The nodes that are being worded."""
        with self._changed:
            return tuple(sorted(self._queue.under_way))

    def waiting(self) -> tuple[int, int]:
        """How many nodes wait for their wording, and how many never get one, because they are left out."""
        with self._changed:
            return self._queue.waiting()

    @property
    def storage_problem(self) -> str:
        """Why answers cannot be recorded now; empty while they can."""
        return self._storage_problem

    # -- wishes ---------------------------------------------------------------------------------

    def wish(self, wish: Wish) -> bool:
        """Word these first, now. False where another wish is under way."""
        with self._changed:
            if self._queue.wish is not None:
                return False
            self._queue.wish = wish
            self._queue.forget()
            self.meter.resume()
        self._look()
        return True

    def end_wish(self) -> None:
        """Nobody waits for it any more; what is under way is finished."""
        with self._changed:
            self._queue.wish = None
            self._queue.forget()
            self._changed.notify_all()

    def is_wish_over(self, *, timeout_s: float) -> bool:
        """Wait a while for the end of what was wished for; whether nothing of it can be done any more."""
        with self._changed:
            is_over = self._changed.wait_for(lambda: self._stopping or self._queue.has_nothing(), timeout=timeout_s)
        # To look is to choose, too: there may be something to do for those who wait.
        self._look()
        return is_over

    # -- the loop -------------------------------------------------------------------------------

    def start_if_idle(self) -> bool:
        """`start`, unless it works already; whether it did."""
        if self._threads:
            return False
        self.start()
        return True

    def start(self) -> None:
        """Begin."""
        self._stopping = self.meter.is_closing = False
        self._round += 1
        for number in range(self.meter.limits.in_flight_max):
            thread = threading.Thread(target=self._run, args=(self._round,), name=f"wording-{number + 1}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def begin_no_more(self) -> None:
        """Let what is under way end, and begin nothing else; `start` begins again."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    def stop(self, *, drain_s: float) -> None:
        """Begin nothing more, and give what is under way so long to end.

        A call that has not come back by then is given up; it is known and counted, and the next process sets its
        node aside.
        """
        self.begin_no_more()
        deadline = self._clock.monotonic_s() + drain_s
        for thread in self._threads:
            thread.join(max(0.0, deadline - self._clock.monotonic_s()))
        self.meter.is_closing = True
        late = [thread.name for thread in self._threads if thread.is_alive()]
        if late:
            telemetry.LOG.warning("calls to the language model are given up", threads=late)
        self._threads = []

    def _run(self, round: int) -> None:
        # A call that was given up may come back after another start: its thread ends all the same.
        while not self._stopping and self._round == round:
            news = self._news
            try:
                pause_s = self.step()
            except Closed:
                return
            except Unavailable:
                # The contents are not open yet, or the disk is full: nothing was sent, and others say so.
                pause_s = LOOK_S
            except BaseException as error:
                # An engine in Rust that panics raises no Exception; the worker must not die of it in silence.
                telemetry.LOG.error("what wants wording cannot be read", error=error)
                pause_s = LOOK_S
            if pause_s:
                self._wait_for_news(news, timeout_s=min(pause_s, LOOK_S))

    def _wait_for_news(self, known: int, *, timeout_s: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._stopping or self._news != known, timeout=timeout_s)

    def step(self) -> float:
        """Word one node; how long to wait before the next step, 0 where there may be more to do at once."""
        hold = self.meter.hold()
        if hold is not None:
            return hold.pause_s
        with self._changed:
            chosen = self._queue.next(only_wished=not self._unasked)
            lacking = self._queue.lacks() if chosen is None else 0
        if chosen is None:
            if lacking > self._told_at:
                # Parents become ready by what was recorded, and nothing else is left to do meanwhile.
                self._told_at = lacking
                self.desk.tell_at(lacking, self._look)
            return LOOK_S
        try:
            return self._word(chosen)
        finally:
            with self._changed:
                self._queue.under_way.discard(chosen.node_id)
                self._changed.notify_all()

    def _look(self) -> None:
        """Have those who wait look again."""
        with self._changed:
            self._news += 1
            self._queue.look_again()
            self._changed.notify_all()

    @contextmanager
    def _computing(self) -> Iterator[None]:
        """A block for one thread at a time, which gives way first: the interpreter has others to serve."""
        with self._turn:
            give_way()
            yield

    @contextmanager
    def _aside(self) -> Iterator[None]:
        """Within `_computing`, a block that computes nothing."""
        self._turn.release()
        try:
            yield
        finally:
            self._turn.acquire()
            give_way()

    def _word(self, chosen: Chosen) -> float:
        started_s = self._clock.monotonic_s()
        with self._computing():
            found = self._worded(chosen)
        if not isinstance(found, Answer):
            return found
        took_ms = int((self._clock.monotonic_s() - started_s) * 1000)
        return self._record(chosen, msgspec.structs.replace(found, answered_ms=self._clock.now_ms(), took_ms=took_ms))

    def _worded(self, chosen: Chosen) -> Answer | float:
        """What is to be recorded; or else how long to wait before the next step."""
        node_id = chosen.node_id
        found = self.desk.material(node_id)
        if found is None or (chosen.digest and found[0] != chosen.digest):
            # It changed since it was chosen: it is chosen again when it is quiet.
            self._done(chosen)
            return 0.0
        digest, material = found
        is_known = not chosen.is_again and self.desk.answer(digest) is not None
        if is_known or self._left_out.any_of(material.projects):
            self._done(chosen)
            return 0.0
        if not chosen.is_again and (reason := self._why_not(digest)):
            # Not the reason: a provider's words may be the conversation's.
            telemetry.LOG.warning("a node is set aside that was refused or cut off before", node=node_id)
            return self._nothing(chosen, digest, reason, Usage())
        return self._asked(chosen, digest, material)

    def _asked(self, chosen: Chosen, digest: str, material: Material) -> Answer | float:
        """What the model makes of it: as `_worded`."""
        node_id = chosen.node_id
        model = MeteredModel(self.meter, node_id, digest, aside=self._aside)
        is_final = False
        try:
            answer = self._words(material, model, node_id, digest)
            # Where nothing was sent, there is nothing that another answer could mend.
            is_final = not answer.usage.calls
        except Held as held:
            self._put_back(chosen)
            return held.hold.pause_s
        except ProviderUnavailable as error:
            if isinstance(error, ProviderCutOff) and not self.meter.limits.resend_interrupted:
                return self._nothing(chosen, digest, INTERRUPTED, error.spent or Usage())
            times = self._fails_alone(digest)
            if times < ALONE_MAX:
                self._put_back(chosen)
                return 0.0
            reason = f"{error.problem}, {times:,} times while others were answered"
            answer, is_final = self._nothing(chosen, digest, reason, error.spent or Usage()), True
        except ProviderMisconfigured as error:
            telemetry.LOG.error("the language model cannot be used", error=error)
            self._put_back(chosen)
            return 0.0
        except (Closed, Unavailable):
            # The journal cannot be written: nothing was sent, or it is known.
            self._put_back(chosen)
            raise
        except ProviderRefused as error:
            answer = self._nothing(chosen, digest, error.problem, error.spent or Usage())
            is_final = isinstance(error, TooLarge)
        except Exception as error:
            telemetry.LOG.error("a node could not be worded", node=node_id, error=error)
            answer = self._nothing(chosen, digest, f"{type(error).__name__}: {error}", Usage())
        if answer.summary is not None:
            return answer
        refusals = model.count_refusal(answer.refusal)
        if refusals < self.meter.limits.refusals_max and not is_final:
            self._put_back(chosen)
            return 0.0
        telemetry.LOG.warning("a node is set aside", node=node_id, refusals=refusals)
        counted = f", {refusals:,} times" if refusals > 1 else ""
        return msgspec.structs.replace(answer, refusal=f"{answer.refusal}{counted}")

    def _fails_alone(self, digest: str) -> int:
        """Count a failure; how many there were in a row that no outage explains."""
        answers, failures = self.meter.answers, self.meter.failures
        known = self._failed.get(digest)
        is_alone = known is not None and answers > known[0] and failures == known[1] + 1
        count = known[2] + 1 if known is not None and is_alone else 1
        self._failed[digest] = (answers, failures, count)
        return count

    def _why_not(self, digest: str) -> str:
        """Why the material is not asked about any more by itself; empty where it may be."""
        journal, limits = self.meter.journal, self.meter.limits
        if not limits.resend_interrupted and journal.was_interrupted(digest):
            return INTERRUPTED
        # It may have been refused often enough before, and the log would not take that.
        refusals, reason = journal.refusals(digest)
        return f"{reason}, {refusals:,} times" if refusals >= limits.refusals_max else ""

    def _nothing(self, chosen: Chosen, digest: str, refusal: str, usage: Usage) -> Answer:
        """What is recorded where there was no answer that words anything."""
        return Answer(
            digest=digest,
            node_id=chosen.node_id,
            summary=None,
            refusal=refusal,
            provider=self.meter.model.provider,
            model=self.meter.model.model,
            prompt_version=self.prompt_version,
            usage=usage,
            answered_ms=0,
            took_ms=0,
        )

    def _record(self, chosen: Chosen, answer: Answer) -> float:
        try:
            position = self.desk.record(answer)
        except Unavailable as error:
            # It was paid for, and the journal has it: nothing is sent to have it again.
            self._storage_problem = error.advice
            self._put_back(chosen)
            return LOOK_S
        except Invalid as error:
            if answer.summary is None:
                raise
            return self._record(chosen, self._nothing(chosen, answer.digest, str(error), answer.usage))
        self._storage_problem = ""
        self._failed.pop(answer.digest, None)
        with self._changed:
            self._queue.recorded(chosen, answer, position)
        self.meter.journal.settle(chosen.node_id, answer.digest, keeps_replies=answer.refusal == INTERRUPTED)
        return 0.0

    def _put_back(self, chosen: Chosen) -> None:
        with self._changed:
            self._queue.put_back(chosen)

    def _done(self, chosen: Chosen) -> None:
        with self._changed:
            self._queue.done(chosen)
