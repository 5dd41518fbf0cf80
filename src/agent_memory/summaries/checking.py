"""From what a model proposes to what is proven: no line without words that were said."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from agent_memory.capture.redaction import Redactor
from agent_memory.courtesy import giving_way
from agent_memory.summaries.entries import Entry
from agent_memory.summaries.folding import folded_text
from agent_memory.summaries.lines import Known, cleaned, sentences
from agent_memory.summaries.quotations import Found, locate
from agent_memory.summaries.reading import Claim, Ground, Proposal
from agent_memory.summaries.schema import (
    ABSTRACT_MAX,
    BULLET_MAX,
    BULLETS_MAX,
    DECISION,
    EVIDENCE_MAX,
    KEYWORD_MAX,
    KEYWORDS_MAX,
    QUESTION,
    TITLE_MAX,
)
from agent_memory.toc.material import Excerpt, Point, Summary

_REASONS_MAX = 40
# As the extractive summariser weighs: its best sentences have 100 to 200.
_WEIGHT_FIRST, _WEIGHT_STEP, _WEIGHT_OF_DECISION = 160.0, 12.0, 20.0


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What is left of a proposal. ``summary`` is None where nothing is: then the extractive wording stays."""

    summary: Summary | None
    dropped: int
    """Bullets that nothing proved, or that may not be told as they are."""
    anchored: int
    """Excerpts that were not verbatim where they were said to be, and found the words that they meant."""
    reasons: tuple[str, ...]
    """Why something was left out, a line each."""


class _Proof(msgspec.Struct, frozen=True):
    places: tuple[Excerpt, ...]
    anchored: int


def known_of(entries: Sequence[Entry], *also: str) -> Known:
    """All that wording may name: what is shown of the entries, and what the prompt says beside them."""
    return Known([*also, *(text for entry in entries for text in (entry.head, entry.body))])


def check(
    proposal: Proposal,
    entries: Sequence[Entry],
    *,
    known: Known,
    redactor: Redactor,
    bullets_max: int = BULLETS_MAX,
) -> Checked:
    """The points that the entries prove, under wording that may stand. Entry *n* is ``entries[n - 1]``."""
    points: list[Point] = []
    reasons: list[str] = []
    told: set[str] = set()
    dropped = anchored = 0
    for number, claim in enumerate(giving_way(proposal.claims), 1):
        if len(points) >= bullets_max:
            break
        text = cleaned(claim.text, limit=BULLET_MAX, redactor=redactor)
        problem = "is empty" if not text else known.objection(text)
        proof = None if problem else _proof(claim, text, entries)
        if not problem and proof is None:
            problem = "has no quotation that stands in the material"
        folded = folded_text(text, caseless=True)
        if not problem and folded in told:
            problem = "says again what another bullet says"
        if problem or proof is None:
            dropped += 1
            reasons.append(f"bullet {number} {problem}")
            continue
        told.add(folded)
        anchored += proof.anchored
        points.append(_point(text, claim.type, proof.places, len(points)))
    if not points:
        return Checked(summary=None, dropped=dropped, anchored=anchored, reasons=tuple(reasons[:_REASONS_MAX]))
    summary = Summary(
        title=_title(proposal.title, points, known, redactor, reasons),
        points=tuple(points),
        keywords=_keywords(proposal.keywords, known, redactor),
        abstract=_abstract(proposal.abstract, known, redactor, reasons),
    )
    return Checked(summary=summary, dropped=dropped, anchored=anchored, reasons=tuple(reasons[:_REASONS_MAX]))


def _point(text: str, type: str, places: tuple[Excerpt, ...], rank: int) -> Point:
    type = type if type in (DECISION, QUESTION) else ""
    weight = _WEIGHT_FIRST - _WEIGHT_STEP * rank + (_WEIGHT_OF_DECISION if type == DECISION else 0)
    return Point(text=text, evidence=places, weight=weight, type=type)


def _proof(claim: Claim, text: str, entries: Sequence[Entry]) -> _Proof | None:
    """The excerpts that prove the claim; of several that are said to, those that do."""
    places: list[Excerpt] = []
    anchored = 0
    cited_by_all = [ref for ground in claim.grounds for ref in ground.refs]
    for ground in claim.grounds[:EVIDENCE_MAX]:
        found = _found(ground, text, cited_by_all, entries)
        if found is None:
            continue
        new = [place for place in found.places if not any(_overlap(place, other) for other in places)]
        if new and len(places) < EVIDENCE_MAX:
            places += new[: EVIDENCE_MAX - len(places)]
            anchored += not found.verbatim
    return _Proof(tuple(places), anchored) if places else None


def _found(ground: Ground, text: str, cited_by_all: Sequence[int], entries: Sequence[Entry]) -> Found | None:
    refs = list(dict.fromkeys([*ground.refs, *cited_by_all]))
    cited = [entries[ref - 1] for ref in refs if 0 < ref <= len(entries)]
    others = [entry for number, entry in enumerate(entries, 1) if number not in refs]
    # Who quotes nothing may have taken the line itself from what was said.
    found = locate(ground.quote or text, cited, others)
    return found if found is None or ground.quote else msgspec.structs.replace(found, verbatim=False)


def _overlap(one: Excerpt, other: Excerpt) -> bool:
    return one.event_id == other.event_id and one.start < other.end and other.start < one.end


# -- wording ----------------------------------------------------------------------------------


def _title(told: str, points: Sequence[Point], known: Known, redactor: Redactor, reasons: list[str]) -> str:
    title = cleaned(told, limit=TITLE_MAX, redactor=redactor).rstrip(".")
    problem = known.objection(title) if title else "is empty"
    if not problem:
        return title
    reasons.append(f"the title {problem}")
    return cleaned(points[0].text, limit=TITLE_MAX, redactor=redactor).rstrip(".")


def _abstract(told: str, known: Known, redactor: Redactor, reasons: list[str]) -> str:
    """The sentences that may stand."""
    kept = []
    for sentence in sentences(cleaned(told, limit=ABSTRACT_MAX, redactor=redactor)):
        problem = known.objection(sentence)
        if problem:
            reasons.append(f"a sentence of the abstract {problem}")
        else:
            kept.append(sentence)
    return " ".join(kept)


def _keywords(told: Sequence[str], known: Known, redactor: Redactor) -> tuple[str, ...]:
    """Those that stand in the material: a keyword that nobody said finds nothing."""
    kept: dict[str, str] = {}
    for word in told:
        word = cleaned(word, limit=KEYWORD_MAX, redactor=redactor)
        if word and known.mentions(word) and not known.objection(word):
            kept.setdefault(word.casefold(), word)
    return tuple(list(kept.values())[:KEYWORDS_MAX])
