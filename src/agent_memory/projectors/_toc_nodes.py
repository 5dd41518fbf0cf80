"""From turns and children to the rows of their node: by the answer about it, or else by the summariser; checked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from agent_memory.indexes._contents_rows import GripRow, NodeRow, PointRow, WordingRow
from agent_memory.indexes._contents_writer import Child
from agent_memory.inference.port import Summariser
from agent_memory.summaries.digests import material_digest
from agent_memory.summaries.model import Answer
from agent_memory.toc.calendar import Period
from agent_memory.toc.grips import PLACE_MAX, has_lone_surrogate
from agent_memory.toc.material import Excerpt, Level, Material, Passage, Point, Summary
from agent_memory.toc.segments import SegmentMark, Turn

UNPROVEN = "nothing that it says stands in the words that it was given"
"""What is told of an answer of which no bullet is left."""


class Worder(msgspec.Struct, frozen=True):
    """What puts nodes into words: ``answered`` gives the answer about a node's digest, if there is one."""

    summariser: Summariser
    answered: Callable[[str, bytes], Answer | None]


class Segment(NamedTuple):
    """The turns of one session and day that belong together."""

    day: Period
    session: str
    turns: list[Turn]
    mark: SegmentMark


def segment_material(day: Period, turns: Sequence[Turn]) -> Material:
    """What a summariser is given of a segment."""
    return Material(
        level=Level.SEGMENT,
        label=day.label,
        passages=tuple([turn.passage for turn in turns]),
        projects=_names(turn.project for turn in turns),
    )


def period_material(period: Period, children: Sequence[Child]) -> Material:
    """What a summariser is given of a day or above."""
    return Material(
        level=period.level,
        label=period.label,
        children=tuple([child.material for child in children]),
        projects=_names(name for child in children for name in child.material.projects),
    )


def segment_rows(worder: Worder, segments: Sequence[Segment]) -> Iterator[tuple[NodeRow, list[GripRow]]]:
    """Of each segment its node, and the grips that it cites."""
    asked = [_asked_of_segment(worder, segment) for segment in segments]
    summaries = worder.summariser.summarise_each([one.material for one in asked if one.answered is None])
    for segment, one in zip(segments, asked, strict=True):
        yield _segment_row(segment, one, one.answered or _own(worder, one, next(summaries)))


def _asked_of_segment(worder: Worder, segment: Segment) -> _Asked:
    passages = {turn.event_id: turn.passage for turn in segment.turns}
    material = segment_material(segment.day, segment.turns)
    return _asked(worder, _segment_id(segment), material, lambda place: _stands(place, passages))


def _segment_row(segment: Segment, asked: _Asked, words: _Words) -> tuple[NodeRow, list[GripRow]]:
    turns = segment.turns
    first, last = turns[0], turns[-1]
    segment_id = _segment_id(segment)
    row = NodeRow(
        id=segment_id,
        level=Level.SEGMENT,
        parent_id=segment.day.id,
        title=words.summary.title or segment.day.label,
        points=words.points,
        keywords=words.summary.keywords,
        start_ms=first.time_ms,
        end_ms=last.time_ms,
        event_count=len(turns),
        child_count=0,
        agents=_names(turn.agent for turn in turns),
        projects=asked.material.projects,
        session=segment.session,
        first_event_id=first.event_id,
        last_event_id=last.event_id,
        abstract=words.summary.abstract,
        digest=asked.digest,
        last_ms=last.time_ms,
        wording=words.wording,
        is_settled=words.is_settled,
    )
    text_of = {turn.event_id: turn.passage.text for turn in turns}
    grips = [
        GripRow(text_of[event_id][start:end], event_id, start, end, segment.session, segment_id)
        for point in words.points
        for event_id, start, end in point.evidence
    ]
    return row, grips


def _segment_id(segment: Segment) -> str:
    return f"segment/{segment.mark.first_event_id}"


def period_row(worder: Worder, period: Period, children: Sequence[Child]) -> NodeRow:
    """The node of a day or above; its evidence is its children's."""
    material = period_material(period, children)
    there = {place for child in children for point in child.material.summary.points for place in point.evidence}
    asked = _asked(worder, period.id, material, there.__contains__)
    words = asked.answered or _own(worder, asked, worder.summariser.summarise(material))
    return NodeRow(
        id=period.id,
        level=period.level,
        parent_id=period.parent_id,
        title=words.summary.title or period.label,
        points=words.points,
        keywords=words.summary.keywords,
        start_ms=period.start_ms,
        end_ms=period.end_ms,
        event_count=sum(child.material.event_count for child in children),
        child_count=len(children),
        agents=_names(name for child in children for name in child.agents),
        projects=material.projects,
        abstract=words.summary.abstract,
        digest=asked.digest,
        last_ms=max((child.last_ms for child in children), default=period.start_ms),
        wording=words.wording,
        is_settled=words.is_settled,
    )


class _Words(NamedTuple):
    summary: Summary
    points: tuple[PointRow, ...]
    wording: WordingRow
    is_settled: bool


class _Asked(NamedTuple):
    """What is to be worded, and the words of the answer about it, if one is known of which anything is left.

    ``refusal`` is why nothing is left of the one that is known; ``holds`` tells whether a piece of evidence does.
    """

    material: Material
    digest: bytes
    holds: Callable[[Excerpt], bool]
    answered: _Words | None
    is_settled: bool
    refusal: str


def _asked(worder: Worder, node_id: str, material: Material, holds: Callable[[Excerpt], bool]) -> _Asked:
    digest = bytes.fromhex(material_digest(material))
    answer = worder.answered(node_id, digest)
    if answer is None:
        return _Asked(material, digest, holds, None, False, "")
    points = _proven(answer.summary.points, holds) if answer.summary is not None else ()
    if answer.summary is None or not points:
        refusal = f"{answer.provider} {answer.model}: {answer.refusal or UNPROVEN}"
        return _Asked(material, digest, holds, None, True, refusal)
    wording = WordingRow(answer.provider, answer.model, answer.prompt_version, answer.answered_ms)
    return _Asked(material, digest, holds, _Words(answer.summary, points, wording, True), True, "")


def _own(worder: Worder, asked: _Asked, summary: Summary) -> _Words:
    """What the summariser that is built in made of it."""
    wording = WordingRow(worder.summariser.summariser_id, refusal=asked.refusal)
    return _Words(summary, _proven(summary.points, asked.holds), wording, asked.is_settled)


def _proven(points: Sequence[Point], holds: Callable[[Excerpt], bool]) -> tuple[PointRow, ...]:
    """The points that some evidence holds for, with only that evidence."""
    rows = []
    for point in points:
        evidence = tuple([(e.event_id, e.start, e.end) for e in point.evidence if holds(e)])
        if evidence and point.text:
            rows.append(PointRow(point.text, evidence, point.weight, point.type))
    return tuple(rows)


def _stands(place: Excerpt, passages: Mapping[str, Passage]) -> bool:
    """Whether the excerpt was said in its event, and is fit to be shown."""
    passage = passages.get(place.event_id)
    if passage is None or not 0 <= place.start < place.end <= min(len(passage.text), PLACE_MAX):
        return False
    if any(start < place.end and place.start < end for start, end in passage.left_out):
        return False
    text = passage.text
    return text.isascii() or not has_lone_surrogate(text, place.start, place.end)


def _names(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({name for name in names if name}))
