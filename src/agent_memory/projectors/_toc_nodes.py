"""From turns and children to the rows of their node: asks the summariser, and checks its answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from agent_memory.indexes._contents_rows import GripRow, NodeRow, PointRow
from agent_memory.indexes._contents_writer import Child
from agent_memory.inference.port import Summariser
from agent_memory.toc.calendar import Period
from agent_memory.toc.grips import PLACE_MAX, has_lone_surrogate
from agent_memory.toc.material import Excerpt, Level, Material, Passage, Point
from agent_memory.toc.segments import Turn


def segment_rows(
    summariser: Summariser, day: Period, session: str, turns: Sequence[Turn]
) -> tuple[NodeRow, list[GripRow]]:
    """A segment's node, and the grips that it cites."""
    first, last = turns[0], turns[-1]
    projects = _names(turn.project for turn in turns)
    summary = summariser.summarise(
        Material(
            level=Level.SEGMENT,
            label=day.label,
            passages=tuple([turn.passage for turn in turns]),
            projects=projects,
        )
    )
    passages = {turn.event_id: turn.passage for turn in turns}
    points = _proven(summary.points, lambda place: _stands(place, passages))
    segment_id = f"segment/{first.event_id}"
    row = NodeRow(
        id=segment_id,
        level=Level.SEGMENT,
        parent_id=day.id,
        title=summary.title or day.label,
        points=points,
        keywords=summary.keywords,
        start_ms=first.time_ms,
        end_ms=last.time_ms,
        event_count=len(turns),
        child_count=0,
        agents=_names(turn.agent for turn in turns),
        projects=projects,
        session=session,
        first_event_id=first.event_id,
        last_event_id=last.event_id,
    )
    grips = [
        GripRow(passages[event_id].text[start:end], event_id, start, end, session, segment_id)
        for point in points
        for event_id, start, end in point.evidence
    ]
    return row, grips


def period_row(summariser: Summariser, period: Period, children: Sequence[Child]) -> NodeRow:
    """The node of a day or above; its evidence is its children's."""
    projects = _names(name for child in children for name in child.material.projects)
    summary = summariser.summarise(
        Material(
            level=period.level,
            label=period.label,
            children=tuple([child.material for child in children]),
            projects=projects,
        )
    )
    there = {place for child in children for point in child.material.summary.points for place in point.evidence}
    return NodeRow(
        id=period.id,
        level=period.level,
        parent_id=period.parent_id,
        title=summary.title or period.label,
        points=_proven(summary.points, there.__contains__),
        keywords=summary.keywords,
        start_ms=period.start_ms,
        end_ms=period.end_ms,
        event_count=sum(child.material.event_count for child in children),
        child_count=len(children),
        agents=_names(name for child in children for name in child.agents),
        projects=projects,
    )


def _proven(points: Sequence[Point], holds: Callable[[Excerpt], bool]) -> tuple[PointRow, ...]:
    """The points that some evidence holds for, with only that evidence."""
    rows = []
    for point in points:
        evidence = tuple([(e.event_id, e.start, e.end) for e in point.evidence if holds(e)])
        if evidence and point.text:
            rows.append(PointRow(point.text, evidence, point.weight))
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
