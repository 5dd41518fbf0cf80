"""The default summariser: picks what was said, word for word; no model, no network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain

from agent_memory.events import Kind, Role
from agent_memory.inference._cues import CALENDAR_WORDS
from agent_memory.inference._headings import cut_at_word, line, requests, shorten, tidy
from agent_memory.inference._leads import point_type
from agent_memory.inference._picking import by_place, choose, request_of, weigh
from agent_memory.inference._reading import last_resort, read
from agent_memory.inference._rollup import COMMITTED, KEYWORDS_MAX, roll_up
from agent_memory.inference._sentences import Reading
from agent_memory.inference._titles import NAME_MAX, Pick, segment_title
from agent_memory.inference._tool_reading import is_commit
from agent_memory.inference._work import Check, checks_of, evidence_of, mended_by, work_point
from agent_memory.inference.port import EXTRACTIVE
from agent_memory.toc.material import Excerpt, Level, Material, Passage, Point, Summary

_READINGS_KEPT = 4_096
_REMEMBERED_MAX = 20_000
# What a parent takes rather than the rest: what was decided and done, not what was asked or went wrong on the way.
_DECISION_LIFT, _CLOSING_LIFT, _ASKING_LIFT, _TOOL_LIFT = 60, 80, -60, -50

_KIND_TITLES = {
    Kind.SESSION_START: "Session opened",
    Kind.SESSION_END: "Session closed",
    Kind.COMPACTION: "Context compacted",
    Kind.SUBAGENT_START: "Subagent at work",
    Kind.SUBAGENT_STOP: "Subagent at work",
}


class ExtractiveSummariser:
    """Titles, bullets and keywords out of the sentences themselves; equal input, equal output.

    A sentence is worth what it says (decisions, results, errors, questions), how central its
    words are to the segment, and where it stands. A parent takes the weightiest points of
    different children. Safe to use from several threads.
    """

    def __init__(self) -> None:
        # A live segment is summarised again with each of its events; reading an event is most
        # of the work, and it reads the same every time.
        self._readings: dict[str, tuple[Passage, bool, Reading]] = {}

    @property
    def summariser_id(self) -> str:
        return EXTRACTIVE

    def summarise(self, material: Material) -> Summary:
        if material.level is not Level.SEGMENT:
            return roll_up(material.children, level=material.level)
        passages = material.passages
        social = _is_social(passages)
        readings = [self._reading(passage, social) for passage in passages]
        spread = Counter(chain.from_iterable([reading.terms for reading in readings]))
        return _summarise(passages, readings, spread, self._weigh(passages, readings, spread, social), social)

    def summarise_each(self, materials: Sequence[Material]) -> Iterator[Summary]:
        return map(self.summarise, materials)

    def _weigh(
        self, passages: tuple[Passage, ...], readings: list[Reading], spread: Counter[str], social: bool
    ) -> list[Pick]:
        """Its own method, so that other measures of what is central can be tried (`tools/bench/centrality.py`)."""
        return weigh(passages, readings, spread, social)

    def _reading(self, passage: Passage, social: bool) -> Reading:
        if len(passage.text) > _REMEMBERED_MAX:
            return read(passage, social=social)
        known = self._readings.get(passage.event_id)
        if known is not None and known[1] is social and (known[0] is passage or known[0] == passage):
            return known[2]
        reading = read(passage, social=social)
        if len(self._readings) >= _READINGS_KEPT:
            for event_id in list(self._readings)[: _READINGS_KEPT // 4]:
                self._readings.pop(event_id, None)
        self._readings[passage.event_id] = (passage, social, reading)
        return reading


SHARED = ExtractiveSummariser()
"""The one of this process: what it remembers of events serves whoever asks."""


def extract(material: Material) -> Summary:
    """`SHARED`, as a function that can be asked for in another process."""
    return SHARED.summarise(material)


def _is_social(passages: tuple[Passage, ...]) -> bool:
    """Whether people talk with one another, and not some of them with an agent."""
    if any(p.kind in _AGENT_KINDS and not p.speaker for p in passages):
        return False
    speakers = {passage.speaker for passage in passages if passage.speaker}
    return len(speakers) > 1 or any(p.speaker and p.role is Role.ASSISTANT for p in passages)


_AGENT_KINDS = (Kind.ASSISTANT_MESSAGE, Kind.TOOL_CALL)


def _summarise(
    passages: tuple[Passage, ...], readings: list[Reading], spread: Counter[str], picks: list[Pick], social: bool
) -> Summary:
    request = None if social else request_of(passages, picks)
    chosen = choose(passages, picks, request)
    checks = () if social else checks_of(passages)
    points = tuple(_point(passages, pick, social, checks) for pick in sorted(chosen, key=by_place))
    if not points:
        points = _fallback_points(passages)
    if not social and (work := work_point(passages, checks)) is not None:
        points = (*points, work)
    return Summary(
        title=_title(passages, request, chosen, picks, points, social),
        points=points,
        keywords=_keywords(passages, readings, spread),
    )


def _point(passages: tuple[Passage, ...], pick: Pick, social: bool, checks: Sequence[Check]) -> Point:
    passage, sentence = passages[pick[1]], pick[3]
    said = passage.text[sentence.start : sentence.end]
    text = line(said) or tidy(said) or said
    if _is_cut(passage.text, sentence.end):
        text += " …"
    speaker = tidy(passage.speaker)[:NAME_MAX]
    asked = not social and passage.role is Role.USER and (sentence.asks or requests(said))
    if social:
        text = f"{speaker}: {text}" if speaker else text
    elif passage.role is Role.USER:
        text = (
            f"{speaker} asked: {text}"
            if speaker and asked
            else f"Asked: {text}"
            if asked
            else f"{speaker or 'User'}: {text}"
        )
    kind, weight = "", -pick[0]
    evidence: tuple[Excerpt, ...] = (Excerpt(event_id=passage.event_id, start=sentence.start, end=sentence.end),)
    if passage.kind in _TOOL_KINDS:
        weight += _TOOL_LIFT
        if is_commit(passage.text, sentence):
            text = f"{COMMITTED}{text}"
        elif (mended := mended_by(checks, pick[1], said)) is not None:
            text += f"; then {mended.told}"
            evidence += (evidence_of(passages, mended),)
    else:
        kind = point_type(said)
        weight += _CLOSING_LIFT if passage.kind is Kind.SESSION_END else _DECISION_LIFT if kind == "decision" else 0
        weight += _ASKING_LIFT if asked else 0
    return Point(text=text, evidence=evidence, weight=float(max(weight, 1)), type=kind)


def _fallback_points(passages: tuple[Passage, ...]) -> tuple[Point, ...]:
    """Where nobody said a sentence: the first lines of whatever there is, words before tools."""
    order = sorted(range(len(passages)), key=lambda i: (passages[i].kind in _TOOL_KINDS, i))
    for index in order:
        passage = passages[index]
        place = last_resort(passage)
        if place is None:
            continue
        said = passage.text[place[0] : place[1]]
        text = tidy(said) or said
        if passage.tool_name:
            text = f"{tidy(passage.tool_name)[:NAME_MAX]}: {text}"
        evidence = Excerpt(event_id=passage.event_id, start=place[0], end=place[1])
        return (Point(text=text, evidence=(evidence,), weight=1.0),)
    return ()


def _is_cut(text: str, end: int) -> bool:
    """Whether the sentence goes on where the excerpt ends."""
    following = text[end : end + 1]
    return following in (",", ";", ":") or (following == " " and text[end - 1].isalnum())


_TOOL_KINDS = (Kind.TOOL_CALL, Kind.TOOL_RESULT)


# -- title ------------------------------------------------------------------------------------


def _title(
    passages: tuple[Passage, ...],
    request: Pick | None,
    chosen: list[Pick],
    picks: list[Pick],
    points: tuple[Point, ...],
    social: bool,
) -> str:
    asked_at = -1 if request is None else request[1]
    ends = {index for index, passage in enumerate(passages) if passage.kind is Kind.SESSION_END and passage.text}
    closing = [pick for pick in picks if pick[1] in ends] if ends else []
    beside = [pick for pick in picks if pick[1] == asked_at]
    title = segment_title(passages, None if closing else request, [*closing, *chosen, *beside], social=social)
    if title:
        return title
    if points:
        return cut_at_word(points[0].text)
    tools = list(dict.fromkeys(tidy(p.tool_name) for p in passages if p.tool_name))
    if tools:
        return shorten("Ran " + " and ".join(tools[:2]))
    return next((title for p in passages if (title := _KIND_TITLES.get(p.kind, ""))), "Without words")


# -- keywords ---------------------------------------------------------------------------------


def _keywords(passages: tuple[Passage, ...], readings: list[Reading], spread: Counter[str]) -> tuple[str, ...]:
    """Names, identifiers and paths first, then the words that come back; never who speaks."""
    named: dict[str, tuple[int, str]] = {}
    for reading in readings:
        for low, found in reading.named.items():
            if low not in named or found[0] > named[low][0]:
                named[low] = found
    speakers = {passage.speaker.lower() for passage in passages if passage.speaker}
    scored = [(-min(spread[low], 8) * (2 + 2 * rank), low, surface) for low, (rank, surface) in named.items()]
    scored += [
        (-2 * min(count, 8), low, low)
        for low, count in spread.items()
        if count > 1 and low not in named and len(low) > 3 and low not in CALENDAR_WORDS and not low.isdigit()
    ]
    if not scored:
        scored = [(-len(low), low, low) for low in spread]
    scored.sort()
    if speakers:
        scored = [entry for entry in scored if not any(name.startswith(entry[1]) for name in speakers)]
    return tuple(surface for _, _, surface in scored[:KEYWORDS_MAX])
