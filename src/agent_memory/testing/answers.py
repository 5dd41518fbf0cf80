"""Answers of a language model that nobody asked, for a node as it is."""

from __future__ import annotations

from agent_memory.summaries.digests import material_digest
from agent_memory.summaries.model import Answer, Usage
from agent_memory.toc.material import Excerpt, Material, Point, Summary

ANSWERED_MS = 1_770_000_000_000


def answer(
    node_id: str,
    summary: Summary | None,
    *,
    digest: str,
    model: str = "parrot-1",
    refusal: str = "",
    answered_ms: int = ANSWERED_MS,
) -> Answer:
    """An answer about the material with *digest*; without a summary, a refusal."""
    return Answer(
        digest=digest,
        node_id=node_id,
        summary=summary,
        refusal=refusal or ("" if summary is not None else "will not answer"),
        provider="scripted",
        model=model,
        prompt_version="1",
        usage=Usage(calls=1, tokens_in=900, tokens_out=120, cost_usd=0.002),
        answered_ms=answered_ms,
        took_ms=850,
        dropped=1,
    )


def worded(node_id: str, material: Material, *, says: str = "said", model: str = "parrot-1") -> Answer:
    """An answer that cites the beginning of what it was given, whatever that is."""
    return answer(
        node_id,
        Summary(
            title=f"{says} of {material.label}",
            points=tuple(
                Point(text=f"{says}: point {n}", evidence=(place,), type="decision" if n == 0 else "")
                for n, place in enumerate(places_of(material)[:3])
            ),
            keywords=(says, "parrot"),
            abstract=f"In short: {says}.",
        ),
        digest=material_digest(material),
        model=model,
    )


def places_of(material: Material) -> list[Excerpt]:
    """Where evidence may stand: the openings of passages, or what the children cite."""
    if material.children:
        return [place for child in material.children for point in child.summary.points for place in point.evidence]
    openings = [(passage, _opening(passage.text)) for passage in material.passages]
    return [Excerpt(event_id=passage.event_id, start=start, end=end) for passage, (start, end) in openings if end]


def _opening(text: str) -> tuple[int, int]:
    """The first word of a text; (0, 0) where it has none."""
    words = text.split(None, 1)
    if not words:
        return 0, 0
    start = text.index(words[0])
    return start, start + len(words[0])
