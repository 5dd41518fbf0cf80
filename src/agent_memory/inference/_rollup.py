"""A parent's wording out of its children's: the weightiest things, from different children."""

from __future__ import annotations

from collections.abc import Sequence

from agent_memory.inference._cues import FUNCTION_WORDS, HEADING_VERBS
from agent_memory.inference._headings import TITLE_MAX, cut_at_clause
from agent_memory.toc.material import ChildMaterial, Summary

POINTS_MAX = 5
KEYWORDS_MAX = 8
JOINER = "; "
_TOPICS_MAX = 4


def roll_up(children: Sequence[ChildMaterial]) -> Summary:
    """Pick points by weight, each further one of the same child counting half; merge keywords."""
    if len(children) == 1:
        return children[0].summary
    chosen = _choose(children)
    points = tuple(children[c].summary.points[p] for c, p in sorted(chosen))
    return Summary(title=_title(children, chosen), points=points, keywords=_keywords(children))


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
        best = max(
            left, key=lambda candidate: (candidate[0] * 0.5 ** used.get(candidate[1], 0), -candidate[1], -candidate[2])
        )
        left.remove(best)
        _, c, p = best
        words = words_of(children[c].summary.points[p].text)
        if any(alike(words, other) for other in words_chosen):
            continue
        chosen.append((c, p))
        words_chosen.append(words)
        used[c] = used.get(c, 0) + 1
    return chosen


def _title(children: Sequence[ChildMaterial], chosen: Sequence[tuple[int, int]]) -> str:
    """The topics of the two weightiest children, in their order, as far as they fit."""
    order = list(dict.fromkeys(c for c, _ in chosen))
    order += [c for c in range(len(children)) if c not in order]
    topics: list[tuple[int, str]] = []
    for c in order:
        topic = children[c].summary.title.split(JOINER)[0]
        words = words_of(topic)
        if topic and not any(alike(words, words_of(other)) for _, other in topics):
            topics.append((c, topic))
        if len(topics) == _TOPICS_MAX:
            break
    if not topics:
        return children[order[0]].summary.title
    first = topics[0]
    room = TITLE_MAX - len(JOINER) - len(first[1])
    for whole in (True, False):
        for c, topic in topics[1:]:
            part = (topic if len(topic) <= room else "") if whole else cut_at_clause(topic, room)
            if part:
                earlier, later = sorted([first, (c, part)])
                return f"{earlier[1]}{JOINER}{_lower_first(later[1])}"
    return first[1]


def _lower_first(topic: str) -> str:
    """A verb or noun in mid-line; names and identifiers keep their capital."""
    word = topic.split(None, 1)[0] if topic else ""
    plain = word.lower() in _PLAIN_STARTS and word != "I" and not word.startswith(("I'", "I’"))
    return topic[0].lower() + topic[1:] if plain else topic


_PLAIN_STARTS = FUNCTION_WORDS | HEADING_VERBS


_EMPTY_WORDS = FUNCTION_WORDS | {"asked", "user"}


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


def words_of(text: str) -> frozenset[str]:
    """The words of a line that say what it is about."""
    return frozenset(word.strip(".,;:!?()\"'").lower() for word in text.split()) - _EMPTY_WORDS


def alike(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two lines say nearly the same."""
    return 3 * len(one & other) > len(one) + len(other) if one and other else one == other
