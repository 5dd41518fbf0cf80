"""Material and answers for tests of the summaries."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from agent_memory.capture.redaction import Redactor
from agent_memory.events import ROLE_OF_KIND, Kind
from agent_memory.events.ulids import ulid_of
from agent_memory.inference.tokens import TokenCounter
from agent_memory.summaries.checking import Checked, check, known_of
from agent_memory.summaries.entries import entries_of
from agent_memory.summaries.model import Answer
from agent_memory.summaries.reading import read_answer
from agent_memory.summaries.wording import word
from agent_memory.testing.events import NOON_MS
from agent_memory.testing.language_models import ScriptedLanguageModel
from agent_memory.toc import Excerpt, Level, Material, Passage, Summary, token_count
from agent_memory.toc.grips import has_lone_surrogate

USER, ASSISTANT, CALL, RESULT = Kind.USER_MESSAGE, Kind.ASSISTANT_MESSAGE, Kind.TOOL_CALL, Kind.TOOL_RESULT
REDACTOR = Redactor()
FRIDAY = "Friday, 9 January 2026"

EXPORT = (
    (USER, "Can you look into why the nightly export of the orders table times out? It began on Monday."),
    (CALL, '{"command": "git log -20 -- jobs/export_orders.py"}'),
    (RESULT, "Seq Scan on orders (cost=0.00..431920.00)\nERROR: canceling statement due to statement timeout"),
    (ASSISTANT, "Found it. The root cause is the customer join: `orders.customer_id` has no index."),
    (USER, "Let’s go with the index — but in a migration, please."),
    (ASSISTANT, "Done. The migration adds the index and the export now takes 38 seconds instead of timing out."),
    (USER, "Should we alert on slow exports as well?"),
)


class QuarterCounter:
    """A token to four bytes, about: no vocabulary is loaded."""

    @property
    def name(self) -> str:
        return "quarters"

    def count(self, text: str) -> int:
        return token_count(text)


TOKENS: TokenCounter = QuarterCounter()


def passage(n: int, text: str, kind: Kind = USER, *, left_out: tuple[tuple[int, int], ...] = ()) -> Passage:
    return Passage(
        event_id=ulid_of(NOON_MS + 1000 * n, n),
        kind=kind,
        role=ROLE_OF_KIND[kind],
        speaker="",
        tool_name="bash" if kind in (CALL, RESULT) else "",
        text=text,
        left_out=left_out,
    )


def segment(*said: str | tuple[Kind, str]) -> Material:
    """A conversation on a Friday; plain texts are the user's."""
    pairs = [(USER, one) if isinstance(one, str) else one for one in said]
    return of(*(passage(n, text, kind) for n, (kind, text) in enumerate(pairs, 1)))


def of(*passages: Passage) -> Material:
    return Material(level=Level.SEGMENT, label=FRIDAY, passages=passages)


def bullet(text: str, *evidence: tuple[object, str], type: str = "other") -> dict[str, Any]:
    return {"evidence": [{"ref": ref, "quote": quote} for ref, quote in evidence], "text": text, "type": type}


def answer(*bullets: object, title: str = "", abstract: str = "", keywords: Sequence[str] = ()) -> str:
    return json.dumps({"bullets": bullets, "title": title, "abstract": abstract, "keywords": list(keywords)})


def checked(material: Material, text: str) -> Checked:
    """What is left of the answer *text* about the material."""
    entries = entries_of(material, redactor=REDACTOR)
    return check(read_answer(text), entries, known=known_of(entries, material.label), redactor=REDACTOR)


def worded(material: Material, *script: str | Exception, context_tokens: int = 16_000) -> Answer:
    """What is recorded when a model answers that."""
    return asked(material, ScriptedLanguageModel(*script, context_tokens=context_tokens))


def asked(material: Material, model: ScriptedLanguageModel) -> Answer:
    return word(material, model, node_id="segment/x", digest="d", tokens=TOKENS)


def quoted(material: Material, summary: Summary | None) -> list[list[str]]:
    """The words that prove each point."""
    texts = {one.event_id: one.text for one in material.passages}
    points = summary.points if summary is not None else ()
    return [[texts[e.event_id][e.start : e.end] for e in point.evidence] for point in points]


def evidence_of(summary: Summary | None) -> list[Excerpt]:
    return [place for point in (summary.points if summary else ()) for place in point.evidence]


def unproven(material: Material, places: Iterable[Excerpt]) -> list[Excerpt]:
    """The places that do not verify as the contents verify them: nothing of such is to come through."""
    said = {one.event_id: one for one in material.passages}
    return [place for place in places if place.event_id not in said or not _stands(said[place.event_id], place)]


def _stands(said: Passage, place: Excerpt) -> bool:
    words = said.text[place.start : place.end]
    return (
        0 <= place.start < place.end <= len(said.text)
        and not any(start < place.end and place.start < end for start, end in said.left_out)
        and not has_lone_surrogate(said.text, place.start, place.end)
        and words == words.strip()
    )
