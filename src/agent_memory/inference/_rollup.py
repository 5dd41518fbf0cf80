"""A parent's wording out of its children's: the weightiest things, from different children."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

import msgspec

from agent_memory.inference._cues import STOP_WORDS
from agent_memory.inference._headings import TITLE_MAX, heading
from agent_memory.inference._titles import JOINER, flaws_of, lower_first
from agent_memory.inference._work import WORK_WEIGHT
from agent_memory.toc.material import ChildMaterial, Level, Summary

POINTS_MAX = 5
KEYWORDS_MAX = 8
_TOPICS_MAX = 4
_FLAWS_MAX = 90
_NEAR = 0.4
_TELLING = 16
# What somebody began with, or asked, beside what was decided.
_BEGUN_SHARE, _ASKED_SHARE = 0.6, 0.3

COMMITTED = "Committed: "
"""Opens a bullet that is a commit's message."""


def roll_up(children: Sequence[ChildMaterial], *, level: Level) -> Summary:
    """Pick points by weight, each further one of the same child counting half; merge keywords."""
    if len(children) == 1:
        only = children[0].summary
        return only if level is not Level.YEAR else msgspec.structs.replace(only, title=_other_title(only))
    chosen = _choose(children)
    points = tuple(children[c].summary.points[p] for c, p in sorted(chosen))
    return Summary(title=_title(children, level), points=points, keywords=_keywords(children))


def _choose(children: Sequence[ChildMaterial]) -> list[tuple[int, int]]:
    """(child, point) pairs in the order of choice."""
    size_max = max(child.event_count.bit_length() for child in children)
    candidates = [
        (point.weight * (0.7 + 0.3 * child.event_count.bit_length() / size_max), c, p)
        for c, child in enumerate(children)
        for p, point in enumerate(child.summary.points)
    ]
    candidates.sort(key=lambda candidate: (-candidate[0], candidate[1], candidate[2]))
    # Every step of the way takes the best of what is left; only each child's best few can win.
    left: list[tuple[float, int, int]] = []
    seen: dict[int, int] = {}
    for candidate in candidates:
        taken = seen.get(candidate[1], 0)
        if taken < POINTS_MAX:
            seen[candidate[1]] = taken + 1
            left.append(candidate)
            if len(left) >= 8 * POINTS_MAX:
                break
    chosen: list[tuple[int, int]] = []
    words_chosen: list[frozenset[str]] = []
    used: dict[int, int] = {}
    while left and len(chosen) < POINTS_MAX:
        at, most = 0, -1.0
        for place, (weight, child, _) in enumerate(left):
            worth = weight * 0.5 ** used.get(child, 0)
            # The earlier child wins among equals, as they are sorted.
            if worth > most or (worth == most and left[place][1:] < left[at][1:]):
                at, most = place, worth
        _, c, p = left.pop(at)
        words = words_of(children[c].summary.points[p].text)
        if any(alike(words, other) for other in words_chosen):
            continue
        chosen.append((c, p))
        words_chosen.append(words)
        used[c] = used.get(c, 0) + 1
    return chosen


def _title(children: Sequence[ChildMaterial], level: Level) -> str:
    """The two weightiest topics of different children that fit side by side, or the weightiest.

    A day's topics are the titles of its segments. Above, what was decided and committed is more of
    a change than what somebody began with.
    """
    importance = [_importance(child) for child in children]
    most = max(importance) or 1.0
    offered = [
        (-share, c, topic)
        for c, child in enumerate(children)
        for share, topic in _topics(child, importance[c] / most, changes=level is not Level.DAY)
    ]
    offered.sort()
    topics: list[tuple[float, int, str]] = []
    known: list[frozenset[str]] = []
    for share, c, topic in offered:
        words = words_of(topic)
        if topic and not any(alike(words, other) for other in known):
            topics.append((-share, c, topic))
            known.append(words)
        if len(topics) >= _TOPICS_MAX:
            break
    if not topics:
        return children[0].summary.title
    for at in range(min(2, len(topics))):
        share, first, title = topics[at]
        room = TITLE_MAX - len(JOINER) - len(title)
        for other, c, topic in topics[at + 1 :]:
            if len(topic) <= room and c != first and other >= _NEAR * share:
                earlier, later = sorted([(first, title), (c, topic)])
                return f"{earlier[1]}{JOINER}{lower_first(later[1])}"
    return topics[0][2]


def _topics(child: ChildMaterial, share: float, *, changes: bool) -> Iterator[tuple[float, str]]:
    """What a child offers for its parent's title, with how much of the parent it stands for."""
    for topic in child.summary.title.split(JOINER)[:2]:
        yield (share if not changes else share * _ASKED_SHARE if topic.endswith("?") else share * _BEGUN_SHARE), topic
    if not changes:
        return
    for point in child.summary.points:
        if point.type == "decision" or point.text.startswith(COMMITTED) or _CAME_OUT.search(point.text):
            title, flaws = _heading(point.text)
            if len(title) >= _TELLING and flaws <= _FLAWS_MAX:
                yield share, title


@lru_cache(maxsize=8_192)
def _heading(text: str) -> tuple[str, int]:
    """A bullet's text as a heading, and the points of what is wrong with that."""
    spoken = None if text.startswith(COMMITTED) else _SPOKEN.match(text)
    text, speaker = text.removeprefix(COMMITTED), ""
    if spoken is not None:
        text, speaker = text[spoken.end() :], spoken[1]
    title = heading(text.removesuffix(" …"), speaker=speaker)
    return title, flaws_of(text, title, speaker)


def _importance(child: ChildMaterial) -> float:
    """By what stands behind it: the weight of its best points, and how many events."""
    weights = sorted((point.weight for point in child.summary.points), reverse=True)[:3]
    return sum(weights) * child.event_count.bit_length()


def _other_title(summary: Summary) -> str:
    """A year with a single month: what else was weighty, where the month's title has the weightiest."""
    topics: list[str] = []
    known = [words_of(topic) for topic in summary.title.split(JOINER)]
    offered: list[tuple[float, str]] = []
    for point in summary.points:
        if point.weight <= WORK_WEIGHT:
            continue
        title, flaws = _heading(point.text)
        if len(title) >= _TELLING and flaws <= _FLAWS_MAX:
            offered.append((flaws - 100 * (point.type == "decision") - point.weight, title))
    for _, title in sorted(offered):
        words = words_of(title)
        if any(alike(words, other) for other in known):
            continue
        known.append(words)
        if topics and len(topics[0]) + len(JOINER) + len(title) <= TITLE_MAX:
            return f"{topics[0]}{JOINER}{lower_first(title)}"
        topics.append(title)
    return topics[0] if topics else summary.title


_CAME_OUT = re.compile(r"^\S+ (?:is|was|went) (?:out|live)\b|^(?:Released|Shipped|Deployed|Merged|Migrated) ")
# `Mara: `, `Mara asked: `.
_SPOKEN = re.compile(r"([^\W\d_a-z][\w.-]*(?: [^\W\d_a-z][\w.-]*)?)(?: asked)?: ")


_EMPTY_WORDS = STOP_WORDS | {"asked", "user"}


def _keywords(children: Sequence[ChildMaterial]) -> tuple[str, ...]:
    """By how many children have them, and how high they stand there."""
    score: dict[str, int] = {}
    surface: dict[str, str] = {}
    for child in children:
        for rank, keyword in enumerate(child.summary.keywords):
            low = keyword.lower()
            score[low] = score.get(low, 0) + 2 * KEYWORDS_MAX - rank
            surface.setdefault(low, keyword)
    best = sorted(score, key=lambda low: (-score[low], low))
    return tuple(surface[low] for low in best[:KEYWORDS_MAX])


# The same lines are weighed at every level, and again whenever one of their siblings changes.
@lru_cache(maxsize=8_192)
def words_of(text: str) -> frozenset[str]:
    """The words of a line that say what it is about."""
    return frozenset(word.strip(".,;:!?()\"'").lower() for word in text.split()) - _EMPTY_WORDS


def alike(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two lines say nearly the same."""
    return 3 * len(one & other) > len(one) + len(other) if one and other else one == other
