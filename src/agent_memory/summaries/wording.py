"""From a node's material to its recorded wording: ask, read, check, and where it is too long, in steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from agent_memory.capture.redaction import Redactor
from agent_memory.clock import SYSTEM_CLOCK, Clock
from agent_memory.inference.tokens import TokenCounter
from agent_memory.summaries.checking import Checked, check, known_of
from agent_memory.summaries.entries import Entry, Said, entries_of, named, of_points
from agent_memory.summaries.errors import ProviderRefused, ProviderUnavailable
from agent_memory.summaries.lines import Known
from agent_memory.summaries.model import Answer, Prompt, Usage
from agent_memory.summaries.port import LanguageModel
from agent_memory.summaries.prompting import (
    PROMPT_VERSION,
    Room,
    bullets_max,
    fitting,
    prompt_of,
    room_of,
    size_of,
    split,
)
from agent_memory.summaries.reading import UnreadableAnswer, read_answer
from agent_memory.toc.material import Excerpt, Material, Point

NOTHING_SAID = "nobody said anything in it"
NOTHING_PROVEN = "nothing of the answer could be proven"

_ASKS = 2
# So much of the room may each part's bullets have when they are brought together: at least four parts make one.
_PART_SHARE = 4


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What wording a node would send. ``later`` counts the calls that follow, over the answers to these prompts."""

    prompts: tuple[Prompt, ...]
    later: int
    tokens_in: int
    tokens_out_max: int


def plan(
    material: Material,
    *,
    context_tokens: int,
    tokens: TokenCounter,
    redactor: Redactor | None = None,
    said: Said | None = None,
) -> Plan:
    """What `word` would ask about the material, exactly, and about how much; no model is needed. Errors: as `word`."""
    room = room_of(context_tokens, tokens)
    parts = split(entries_of(material, redactor=redactor or Redactor(), said=said), room, tokens)
    prompts = tuple(prompt_of(material, part, room, tokens) for part in parts)
    later, left = 0, len(prompts)
    while left > 1:
        left = -(-left // _PART_SHARE)
        later += left
    sent = sum(tokens.count(prompt.system) + tokens.count(prompt.user) for prompt in prompts)
    return Plan(
        prompts=prompts,
        later=later,
        tokens_in=sent + later * room.entries,
        tokens_out_max=(len(prompts) + later) * room.answer,
    )


def word(
    material: Material,
    model: LanguageModel,
    *,
    node_id: str,
    digest: str,
    tokens: TokenCounter,
    redactor: Redactor | None = None,
    said: Said | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> Answer:
    """Have the model word the material, and keep of it what the material proves.

    *said* gives the words of a child's excerpt, so that a parent can be quoted. The answer's ``summary`` is None
    where nothing is left of it; ``refusal`` says so. Errors: those of `LanguageModel.complete`, with what was
    spent until then in ``spent``; `ProviderRefused` also for answers that cannot be read.
    """
    began = clock.monotonic_s()
    asking = _Asking(material, model, tokens, redactor or Redactor(), said)
    refusal = ""
    checked: Checked | None = None
    try:
        checked = asking.whole()
    except (ProviderRefused, ProviderUnavailable) as error:
        error.spent = asking.usage
        raise
    if checked is None:
        refusal = NOTHING_SAID
    elif checked.summary is None:
        refusal = NOTHING_PROVEN + (f": {checked.reasons[0]}" if checked.reasons else "")
    return Answer(
        digest=digest,
        node_id=node_id,
        summary=checked.summary if checked is not None else None,
        refusal=refusal,
        provider=model.provider,
        model=asking.answered_by or model.model,
        prompt_version=PROMPT_VERSION,
        usage=asking.usage,
        answered_ms=clock.now_ms(),
        took_ms=round(1000 * (clock.monotonic_s() - began)),
        dropped=asking.dropped,
        anchored=asking.anchored,
    )


class _Asking:
    """One node being worded: what was used, dropped and anchored on the way adds up here."""

    def __init__(
        self, material: Material, model: LanguageModel, tokens: TokenCounter, redactor: Redactor, said: Said | None
    ) -> None:
        self._material = material
        self._model = model
        self._tokens = tokens
        self._redactor = redactor
        self._texts = {passage.event_id: passage.text for passage in material.passages}
        self._child_said = said
        self.usage = Usage()
        self.dropped = 0
        self.anchored = 0
        self.answered_by = ""

    def whole(self) -> Checked | None:
        """The checked answer for the whole; None where there is nothing to ask about."""
        room = room_of(self._model.context_tokens, self._tokens)
        entries = entries_of(self._material, redactor=self._redactor, said=self._child_said)
        # Wording is held against all of the node: a part may name what only another part says.
        known = known_of(entries, self._material.label, *map(named, self._material.projects))
        parts = split(entries, room, self._tokens)
        if not parts:
            return None
        while True:
            checked = [self._ask(part, room, known) for part in parts]
            if len(checked) == 1:
                return checked[0]
            found = [one for one in checked if one.summary is not None]
            if not found:
                return checked[0]
            parts = split(list(self._from_parts(found, room)), room, self._tokens)

    def _from_parts(self, parts: Sequence[Checked], room: Room) -> Iterator[Entry]:
        """The bullets of the parts as entries; of each part no more than brings the whole to an end."""
        share = room.entries // _PART_SHARE
        for number, part in enumerate(parts, 1):
            assert part.summary is not None
            left = share
            points: list[Point] = list(part.summary.points)
            title = named(part.summary.title)
            for entry in of_points(points, f"part {number}, {title}", redactor=self._redactor, said=self._said):
                fit = fitting(entry, share, self._tokens)
                left -= size_of(fit, self._tokens)
                if left < 0:
                    break
                yield fit

    def _said(self, place: Excerpt) -> str:
        if place.event_id in self._texts:
            return self._texts[place.event_id][place.start : place.end]
        return self._child_said(place) if self._child_said is not None else ""

    def _ask(self, entries: Sequence[Entry], room: Room, known: Known) -> Checked:
        """Ask; and once more, the problem named, where nothing of the answer can be used."""
        again = ""
        checked: Checked | None = None
        for _ in range(_ASKS):
            try:
                text = self._complete(prompt_of(self._material, entries, room, self._tokens, again=again))
                proposal = read_answer(text)
            except UnreadableAnswer as error:
                again = error.problem
                continue
            checked = check(
                proposal,
                entries,
                known=known,
                redactor=self._redactor,
                bullets_max=bullets_max(entries, room, self._tokens),
            )
            self.dropped += checked.dropped
            if checked.summary is not None:
                self.anchored += checked.anchored
                return checked
            again = "none of its quotes stands in the entry that it names"
        if checked is None:
            raise ProviderRefused(self._model.provider, f"no answer could be read: {again}")
        return checked

    def _complete(self, prompt: Prompt) -> str:
        try:
            reply = self._model.complete(prompt)
        except ProviderRefused as error:
            self.usage = added(self.usage, error.usage or Usage())
            # Bullets come first, and of those that came each is as good as if the rest had come.
            if _has_bullets(error.begun):
                return error.begun
            raise
        self.usage = added(self.usage, reply.usage)
        self.answered_by = reply.model or self.answered_by
        return reply.text


def _has_bullets(text: str) -> bool:
    try:
        read_answer(text)
    except UnreadableAnswer:
        return False
    return True


def added(one: Usage, other: Usage) -> Usage:
    """Both together; the cost is known where each is, and calls that were none cost nothing."""
    known = one.cost_usd is not None or one.calls == 0
    cost = (one.cost_usd or 0.0) + other.cost_usd if known and other.cost_usd is not None else None
    return Usage(
        calls=one.calls + other.calls,
        tokens_in=one.tokens_in + other.tokens_in,
        tokens_out=one.tokens_out + other.tokens_out,
        cost_usd=cost,
    )
