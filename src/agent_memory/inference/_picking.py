"""Which sentences of a segment are kept: what each is worth beside the others, and the best few that differ."""

from __future__ import annotations

from collections import Counter
from itertools import chain

from agent_memory.events import Kind
from agent_memory.inference._headings import requests
from agent_memory.inference._rollup import POINTS_MAX, alike
from agent_memory.inference._sentences import Reading
from agent_memory.inference._titles import Pick, leans, printed
from agent_memory.toc.material import Passage

_TOOL_POINTS_MAX = 2
_SHARED = 60
# In a talk among people: who was asked tells, and who is spoken to is no news.
_ANSWER_BONUS, _CALLED = 30, 40
# What another agent is told to do.
_DELEGATED = 80
_FIRST_BONUS, _ASK_BONUS, _WISH_BONUS = 60, 30, 60


def weigh(
    passages: tuple[Passage, ...],
    readings: list[Reading],
    spread: Counter[str],
    social: bool,
    *,
    shared_worth: int = _SHARED,
) -> list[Pick]:
    """Every sentence that was kept, the weightiest first; *spread* counts the events that have a term."""
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
            worth = sentence.worth + bonus + shared_worth * shared // (len(words) + 4)
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


def by_place(pick: Pick) -> tuple[int, int]:
    return pick[1], pick[2]


def choose(passages: tuple[Passage, ...], picks: list[Pick], request: Pick | None) -> list[Pick]:
    """What was asked for, and the best few besides: no repeats, few of one event or of tools."""
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


def request_of(passages: tuple[Passage, ...], picks: list[Pick]) -> Pick | None:
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
        elif printed(said):
            worth -= 2 * _WISH_BONUS
        if best is None or worth > best_worth:
            best, best_worth = pick, worth
    return best


def _opens_at(passage: Passage) -> int:
    """Where what was said begins: something may have been left out before it."""
    return len(passage.text) - len(passage.text.lstrip())
