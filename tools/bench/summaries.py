"""How much of what people asked about later stands in a day's grips, and in as much text of other kinds.

What a day is asked about is known where questions name the events that answer them. A day's grips,
and as many sentences picked otherwise, cite some of those events: that share is the coverage.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path

import msgspec

from agent_memory.events import Draft
from agent_memory.inference.extractive import ExtractiveSummariser
from agent_memory.inference.port import Embedder
from tools.bench import code_memory_data, locomo_data
from tools.bench.centrality import OtherwiseCentral, by_vectors, by_words
from tools.bench.sentences import Sentence, sentences_of, words_of
from tools.contents import Contents, contents_of

OURS = "the day's bullets"
FIRST, RANDOM, LONGEST = "first sentences", "random sentences", "longest sentences"
OPENINGS = "first sentence of each message"
WORDS, VECTORS = "most central by words", "most central by vectors"
BEST = "the best that could be picked"

Picks = Sequence[Sentence]
Way = Callable[[Sequence[Sentence]], Picks]
"""Sentences of a day to the same in order of choice."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    drawings: int = 200
    """Of the random sentences, whose mean is told."""
    seed: int = 7
    held_out: bool = False
    """Whether the questions of that split are counted; whoever tunes on them spoils them."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked later: the events that answer it, and the words of question and answer."""

    evidence: frozenset[str]
    words: frozenset[str]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Conversations, and what was asked about them."""

    name: str
    drafts: tuple[Draft, ...]
    zone: str
    questions: tuple[Question, ...]


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """A day with something to find: its sentences in order, what its bullets cite, and what is sought."""

    sentences: tuple[Sentence, ...]
    bullets: int
    cited: frozenset[str]
    """The events that the bullets' grips stand in."""
    chars: int
    """Of all their excerpts."""
    sought: Counter[str]
    """Events that answer a question, and how many questions each."""
    words: tuple[frozenset[str], ...]
    """By question, its words that stand in what answers it on this day."""
    said: frozenset[str]
    """The words of the bullets' excerpts."""


class Tally(msgspec.Struct, kw_only=True):
    """Counts over days; of turns, each once and each as often as it is asked about."""

    sought: float = 0
    found: float = 0
    asked: float = 0
    answered: float = 0
    words: float = 0
    words_found: float = 0
    bullets: float = 0
    chars: float = 0

    def add(
        self,
        day: Day,
        events: AbstractSet[str],
        said: AbstractSet[str],
        *,
        bullets: int,
        chars: int,
        share: float = 1.0,
    ) -> None:
        self.sought += share * len(day.sought)
        self.found += share * len(day.sought.keys() & events)
        self.asked += share * day.sought.total()
        self.answered += share * sum(count for event, count in day.sought.items() if event in events)
        self.words += share * sum(map(len, day.words))
        self.words_found += share * sum(len(words & said) for words in day.words)
        self.bullets += share * bullets
        self.chars += share * chars

    def shares(self, days: int) -> dict[str, float]:
        return {
            "turns": self.found / self.sought if self.sought else 0.0,
            "asked": self.answered / self.asked if self.asked else 0.0,
            "words": self.words_found / self.words if self.words else 0.0,
            "bullets": self.bullets / days if days else 0.0,
            "chars": self.chars / days if days else 0.0,
        }


def measure(data: Path | None, plan: Plan, *, model: Path | None) -> dict[str, object]:
    """Coverage on each set, for each way of picking, at as many bullets and at as many characters."""
    from agent_memory.inference.onnx_embedder import OnnxEmbedder

    sets = [*_locomo(data), _code(plan)]
    embedder = None if model is None else OnnxEmbedder.open(model)
    summariser = ExtractiveSummariser()
    return {
        "benchmark": "summaries",
        "summariser": summariser.summariser_id,
        "model": embedder.model_id if embedder else "",
        "seed": plan.seed,
        "drawings": plan.drawings,
        "held_out": plan.held_out,
        "sets": {asked.name: measured(asked, summariser, plan, embedder) for asked in sets},
    }


def _locomo(data: Path | None) -> Iterator[Asked]:
    if data is None:
        return
    conversations = locomo_data.read_conversations(data)
    for one in conversations:
        yield Asked(
            name=f"LoCoMo {one.name}",
            drafts=one.drafts,
            zone="UTC",
            questions=tuple(
                Question(evidence=question.turns, words=words_of(f"{question.text} {question.answer}"))
                for question in one.questions
            ),
        )


def _code(plan: Plan) -> Asked:
    return Asked(
        name="code memory",
        drafts=tuple(code_memory_data.read_drafts()),
        zone=code_memory_data.TIME_ZONE,
        questions=tuple(
            Question(evidence=frozenset(question.evidence), words=words_of(question.question))
            for question in code_memory_data.read_questions()
            if plan.held_out or question.split == "dev"
        ),
    )


def measured(
    asked: Asked, summariser: ExtractiveSummariser, plan: Plan, embedder: Embedder | None
) -> dict[str, object]:
    days = days_of(asked, contents_of(asked.drafts, zone=asked.zone, summariser=summariser))
    ways: dict[str, Way] = {FIRST: list, OPENINGS: _openings, LONGEST: _longest, WORDS: by_words}
    if embedder is not None:
        ways[VECTORS] = by_vectors(embedder)
    found = {OURS: _ours(days)}
    for name, other in _otherwise(embedder).items():
        found[name] = _ours(days_of(asked, contents_of(asked.drafts, zone=asked.zone, summariser=other)))
    for name, way in ways.items():
        picked = [list(way(day.sentences)) for day in days]
        found[name] = _coverage(days, picked)
    found[RANDOM] = _random(days, plan)
    found[BEST] = _best(days)
    return {
        "days": len(days),
        "events": len(asked.drafts),
        "sought": sum(len(day.sought) for day in days),
        "coverage": found,
    }


def days_of(asked: Asked, contents: Contents) -> list[Day]:
    """The days that hold evidence of some question."""
    counts = Counter(event for question in asked.questions for event in question.evidence)
    days = []
    for day, events in contents.days():
        sought = Counter({event.source_id: counts[event.source_id] for event in events if counts[event.source_id]})
        if not sought:
            continue
        grips = [contents.grip(grip_id) for bullet in day.bullets for grip_id in bullet.grip_ids]
        days.append(
            Day(
                sentences=tuple(sentence for event in events for sentence in sentences_of(event)),
                bullets=len(day.bullets),
                cited=frozenset(contents.event(grip.event_id).source_id for grip in grips),
                chars=sum(grip.end - grip.start for grip in grips),
                sought=sought,
                words=tuple(_told(asked.questions, {event.source_id: event.text for event in events})),
                said=frozenset().union(*(words_of(grip.excerpt) for grip in grips)),
            )
        )
    return days


def _told(questions: Sequence[Question], texts: Mapping[str, str]) -> Iterator[frozenset[str]]:
    for question in questions:
        here = question.evidence & texts.keys()
        if words := question.words & frozenset().union(*(words_of(texts[event]) for event in here)):
            yield words


def _otherwise(embedder: Embedder | None) -> dict[str, ExtractiveSummariser]:
    """The default with other measures of what is central."""
    found: dict[str, ExtractiveSummariser] = {"the same without centrality": OtherwiseCentral(words=0)}
    if embedder is not None:
        found["the same, central by vectors"] = OtherwiseCentral(words=0, vectors=200, embedder=embedder)
        found["the same, central by both"] = OtherwiseCentral(words=60, vectors=200, embedder=embedder)
    return found


# -- ways of picking ---------------------------------------------------------------------------


def _openings(sentences: Sequence[Sentence]) -> Picks:
    """The first sentence of each message, then the second of each."""
    return sorted(sentences, key=lambda sentence: sentence.place)


def _longest(sentences: Sequence[Sentence]) -> Picks:
    return sorted(sentences, key=lambda sentence: -len(sentence.text))


def _ours(days: Sequence[Day]) -> dict[str, dict[str, float]]:
    tally = Tally()
    for day in days:
        tally.add(day, day.cited, day.said, bullets=day.bullets, chars=day.chars)
    return {"bullets": tally.shares(len(days)), "chars": tally.shares(len(days))}


def _coverage(days: Sequence[Day], picked: Sequence[Picks]) -> dict[str, dict[str, float]]:
    by_count, by_chars = Tally(), Tally()
    for day, picks in zip(days, picked, strict=True):
        _add(by_count, day, picks[: day.bullets])
        _add(by_chars, day, _fitting(picks, day.chars))
    return {"bullets": by_count.shares(len(days)), "chars": by_chars.shares(len(days))}


def _random(days: Sequence[Day], plan: Plan) -> dict[str, dict[str, float]]:
    random_ = random.Random(plan.seed)
    by_count, by_chars = Tally(), Tally()
    share = 1 / plan.drawings
    for _ in range(plan.drawings):
        for day in days:
            picks = random_.sample(day.sentences, len(day.sentences))
            _add(by_count, day, picks[: day.bullets], share)
            _add(by_chars, day, _fitting(picks, day.chars), share)
    return {"bullets": by_count.shares(len(days)), "chars": by_chars.shares(len(days))}


def _best(days: Sequence[Day]) -> dict[str, dict[str, float]]:
    """Whoever knows the questions: the shortest sentences of the events most asked about."""
    picked = []
    for day in days:
        shortest: dict[str, Sentence] = {}
        for sentence in sorted(day.sentences, key=lambda sentence: len(sentence.text)):
            shortest.setdefault(sentence.event, sentence)
        sought = [sentence for sentence in shortest.values() if day.sought[sentence.event]]
        picked.append(sought)
    return _coverage(days, picked)


def _add(tally: Tally, day: Day, picks: Picks, share: float = 1.0) -> None:
    events = {pick.event for pick in picks}
    said = frozenset().union(*(pick.words for pick in picks))
    tally.add(day, events, said, bullets=len(picks), chars=sum(len(pick.text) for pick in picks), share=share)


def _fitting(picks: Picks, room: int) -> Picks:
    """The first of them, as near to *room* characters as whole sentences come."""
    left = room
    for place, pick in enumerate(picks):
        if 2 * left < len(pick.text):
            return picks[:place]
        left -= len(pick.text)
    return picks
