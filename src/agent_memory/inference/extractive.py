"""The default summariser: picks what was said, word for word; no model, no network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import chain

from agent_memory.events import Kind, Role
from agent_memory.inference._cues import CALENDAR_WORDS
from agent_memory.inference._headings import cut_at_word, line, requests, shorten, tidy
from agent_memory.inference._leads import point_type
from agent_memory.inference._reading import Reading, is_commit, last_resort, read
from agent_memory.inference._rollup import COMMITTED, KEYWORDS_MAX, POINTS_MAX, alike, roll_up
from agent_memory.inference._titles import NAME_MAX, Pick, leans, segment_title
from agent_memory.inference._work import Check, checks_of, evidence_of, mended_by, work_point
from agent_memory.toc.material import Excerpt, Level, Material, Passage, Point, Summary

_READINGS_KEPT = 4_096
_REMEMBERED_MAX = 20_000
_TOOL_POINTS_MAX = 2
_SHARED = 60
# In a talk among people: who was asked tells, and who is spoken to is no news.
_ANSWER_BONUS, _CALLED = 30, 40
# What another agent is told to do.
_DELEGATED = 80
# What a parent takes rather than the rest: what was decided and done, not what was asked or went wrong on the way.
_DECISION_LIFT, _CLOSING_LIFT, _ASKING_LIFT, _TOOL_LIFT = 60, 80, -60, -50
_FIRST_BONUS, _ASK_BONUS, _WISH_BONUS = 60, 30, 60

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
        return "extractive/3"

    def summarise(self, material: Material) -> Summary:
        if material.level is not Level.SEGMENT:
            return roll_up(material.children, level=material.level)
        passages = material.passages
        social = _is_social(passages)
        return _summarise(passages, [self._reading(passage, social) for passage in passages], social)

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


def _is_social(passages: tuple[Passage, ...]) -> bool:
    """Whether people talk with one another, and not some of them with an agent."""
    if any(p.kind in _AGENT_KINDS and not p.speaker for p in passages):
        return False
    speakers = {passage.speaker for passage in passages if passage.speaker}
    return len(speakers) > 1 or any(p.speaker and p.role is Role.ASSISTANT for p in passages)


_AGENT_KINDS = (Kind.ASSISTANT_MESSAGE, Kind.TOOL_CALL)


def _summarise(passages: tuple[Passage, ...], readings: list[Reading], social: bool) -> Summary:
    spread = Counter(chain.from_iterable([reading.terms for reading in readings]))
    picks = _weigh(passages, readings, spread, social)
    request = None if social else _request(passages, picks)
    chosen = _choose(passages, picks, request)
    checks = () if social else checks_of(passages)
    points = tuple(_point(passages, pick, social, checks) for pick in sorted(chosen, key=_by_place))
    if not points:
        points = _fallback_points(passages)
    if not social and (work := work_point(passages, checks)) is not None:
        points = (*points, work)
    return Summary(
        title=_title(passages, request, chosen, picks, points, social),
        points=points,
        keywords=_keywords(passages, readings, spread),
    )


def _weigh(passages: tuple[Passage, ...], readings: list[Reading], spread: Counter[str], social: bool) -> list[Pick]:
    picks: list[Pick] = []
    first_request = next(
        (i for i, p in enumerate(passages) if p.kind is Kind.USER_MESSAGE and readings[i].sentences), -1
    )
    last_answer = next(
        (
            i
            for i in range(len(passages) - 1, -1, -1)
            if passages[i].kind is Kind.ASSISTANT_MESSAGE and readings[i].sentences
        ),
        -1,
    )
    common = {word: min(count, 6) - 1 for word, count in spread.items() if count > 1}.get
    callings = _callings(passages) if social else frozenset()
    asked = False
    for index, reading in enumerate(readings):
        if not reading.sentences:
            continue
        bonus = 0
        if not social:
            bonus = 40 if index == first_request else 35 if index == last_answer else 0
        else:
            bonus = _ANSWER_BONUS if asked else 0
            asked = reading.asks
        for sentence in reading.sentences:
            words = sentence.words
            shared = sum(filter(None, map(common, words)))
            worth = sentence.worth + bonus + _SHARED * shared // (len(words) + 4)
            if passages[index].kind is Kind.SUBAGENT_START:
                worth -= _DELEGATED
            if callings and not callings.isdisjoint(words):
                worth -= _CALLED
            picks.append((-worth, index, sentence.start, sentence))
    picks.sort()
    return picks


def _callings(passages: tuple[Passage, ...]) -> frozenset[str]:
    """What those who talk may call one another: first names, and how they begin."""
    names = {passage.speaker.split(None, 1)[0].lower() for passage in passages if passage.speaker.strip()}
    return frozenset(name[:size] for name in names for size in range(min(3, len(name)), len(name) + 1))


def _by_place(pick: Pick) -> tuple[int, int]:
    return pick[1], pick[2]


def _choose(passages: tuple[Passage, ...], picks: list[Pick], request: Pick | None) -> list[Pick]:
    """What was asked for, and the best few besides: no repeats, at most two of one event or of tools."""
    chosen: list[Pick] = []
    words_chosen: list[frozenset[str]] = []
    of_event: dict[int, int] = {}
    # What several say tells more than what one says at length.
    of_event_max = 1 if len({pick[1] for pick in picks}) >= POINTS_MAX else 2
    of_tools = 0
    for pick in picks if request is None else [request, *picks]:
        negated, index, _, sentence = pick
        if len(chosen) >= 3 and (len(chosen) >= POINTS_MAX or negated > -60):
            break
        if chosen and negated > 0:
            break
        if pick is request and chosen:
            continue
        if of_event.get(index, 0) >= of_event_max:
            continue
        tool = passages[index].kind is Kind.TOOL_RESULT
        if tool and of_tools >= _TOOL_POINTS_MAX:
            continue
        words = frozenset(sentence.words)
        if any(alike(words, other) for other in words_chosen):
            continue
        chosen.append(pick)
        words_chosen.append(words)
        of_event[index] = of_event.get(index, 0) + 1
        of_tools += tool
    return chosen


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
        elif (mended := mended_by(checks, pick[1])) is not None:
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


def _request(passages: tuple[Passage, ...], picks: list[Pick]) -> Pick | None:
    """What the user asked for first and foremost."""
    best: Pick | None = None
    best_worth = 0
    first = next((i for i, p in enumerate(passages) if p.kind is Kind.USER_MESSAGE and p.text), -1)
    opens_at = _opens_at(passages[first]) if first >= 0 else 0
    # First the first message, which most often decides it.
    for pick in chain([p for p in picks if p[1] == first], [p for p in picks if p[1] != first]):
        negated, index, start, sentence = pick
        if index != first and best is not None and _WISH_BONUS + _ASK_BONUS - negated <= best_worth:
            break
        passage = passages[index]
        if passage.kind is not Kind.USER_MESSAGE or len(sentence.words) < 2:
            continue
        # An early wish names the subject; later ones refine it.
        worth = -negated - 12 * min(index - first, 12)
        if index == first:
            worth += _FIRST_BONUS - min(3 * (start - opens_at), _FIRST_BONUS)
        if sentence.asks:
            worth += _ASK_BONUS
        if best is not None and worth + _WISH_BONUS <= best_worth:
            continue
        said = passage.text[start : sentence.end]
        if requests(said):
            worth += _WISH_BONUS
        elif leans(said):
            worth -= _WISH_BONUS
        if best is None or worth > best_worth:
            best, best_worth = pick, worth
    return best


def _opens_at(passage: Passage) -> int:
    """Where what was said begins: something may have been left out before it."""
    return len(passage.text) - len(passage.text.lstrip())


def _text(passages: tuple[Passage, ...], pick: Pick) -> str:
    return passages[pick[1]].text[pick[2] : pick[3].end]


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
