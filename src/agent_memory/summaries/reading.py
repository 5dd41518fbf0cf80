"""What a model sent, read for what it meant: tolerant of its form, and of nothing else.

A fence, a chain of thought, prose around the answer, a text where a list is asked for, `"[3]"` for 3, decisions in a
list of their own: all of it is read. Whether it is true is another question, for `checking`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from agent_memory.summaries.lenient_json import objects
from agent_memory.summaries.schema import BULLETS_MAX, DECISION, EVIDENCE_MAX, QUESTION

CHARACTERS_MAX = 200_000
"""So much of an answer is looked at: one that is in place has a few thousand."""

TEXT_MAX = 4_000
"""So much of any text in it."""

CLAIMS_MAX = 2 * BULLETS_MAX
"""More bullets than this are not looked at. More than were asked for, since some of them will not hold."""

_KEYWORDS_MAX = 32
_DEPTH_MAX = 3
_THOUGHT = "</think>"
_BULLETS = ("bullets", "points", "bullet_points", "items", "minutes")
_LISTS = {"decisions": DECISION, "open_questions": QUESTION, "questions": QUESTION}
_TITLES = ("title", "heading")
_ABSTRACTS = ("abstract", "summary", "overview")
_KEYWORDS = ("keywords", "tags", "terms")
_EVIDENCE = ("evidence", "quotes", "excerpts", "sources", "citations")
_QUOTES = ("quote", "excerpt", "text", "quotation", "evidence")
_REFS = ("ref", "refs", "reference", "references", "number", "entry", "event", "id")
_LINES = ("text", "bullet", "point", "line", "decision", "question", "content")
_DIGITS = re.compile(r"(?<![\w.])#?(\d{1,6})(?![\w.])", re.ASCII)


class UnreadableAnswer(Exception):
    """Nothing in the answer is an object with bullets. ``problem`` is told to the model when it is asked again."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


class Ground(msgspec.Struct, frozen=True, gc=False):
    """What is said to prove a claim: words, and the numbers of the entries that they are said to stand in."""

    refs: tuple[int, ...]
    quote: str


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """A bullet as the model has it; nothing of it is proven."""

    text: str
    type: str
    grounds: tuple[Ground, ...]


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """An answer as the model has it."""

    title: str
    abstract: str
    claims: tuple[Claim, ...]
    keywords: tuple[str, ...]


def read_answer(text: str) -> Proposal:
    """What the answer proposes. Errors: `UnreadableAnswer`, and nothing else, whatever came."""
    if not text or text.isspace():
        raise UnreadableAnswer("it is empty")
    # What a model thinks aloud ends with this tag, and may hold drafts of the answer.
    begins = max(0, text.rfind(_THOUGHT))
    text = text[begins : begins + CHARACTERS_MAX]
    found = objects(text)
    if not found:
        raise UnreadableAnswer("it holds no JSON object")
    candidates = [inner for outer in found for inner in _within(outer, 0) if _looks_meant(inner)]
    if not candidates:
        raise UnreadableAnswer('its JSON object has no list "bullets"')
    proposals = [_proposal(candidate) for candidate in candidates]
    # Of several the fullest; of equals the last, which a model comes to in the end.
    best = max(reversed(proposals), key=lambda proposal: len(proposal.claims))
    if not best.claims:
        raise UnreadableAnswer('its list "bullets" has no bullet with a text and a quotation')
    return best


def _within(value: Any, depth: int) -> Iterator[dict[str, Any]]:
    """The object and those within: a provider's tool call or a model's `{"answer": …}` wraps the one that is meant."""
    if depth > _DEPTH_MAX:
        return
    if isinstance(value, dict):
        yield value
        if not _looks_meant(value):
            for member in list(value.values())[:8]:
                yield from _within(member, depth + 1)
    elif isinstance(value, list):
        for member in value[:8]:
            yield from _within(member, depth + 1)
    elif isinstance(value, str) and "{" in value:
        # JSON in JSON, as arguments of a tool call are.
        for inner in objects(value)[:4]:
            yield from _within(inner, depth + 1)


def _looks_meant(value: Mapping[str, Any]) -> bool:
    return any(isinstance(value.get(name), (list, dict, str)) for name in (*_BULLETS, *_LISTS))


def _proposal(answer: Mapping[str, Any]) -> Proposal:
    claims = list(_claims(_first(answer, _BULLETS), ""))
    for name, type in _LISTS.items():
        claims += _claims(answer.get(name), type)
    return Proposal(
        title=_text(_first(answer, _TITLES)),
        abstract=_text(_first(answer, _ABSTRACTS)),
        claims=tuple(claims[:CLAIMS_MAX]),
        keywords=tuple(_keywords(_first(answer, _KEYWORDS))),
    )


def _claims(told: Any, type: str) -> Iterator[Claim]:
    for bullet in _listed(told)[:CLAIMS_MAX]:
        if isinstance(bullet, str) and bullet.strip():
            # A line and nothing to prove it: its own words may still be those of what it names.
            yield Claim(text=bullet[:TEXT_MAX], type=type, grounds=(Ground(_numbers(bullet), ""),))
        elif isinstance(bullet, dict):
            text = _text(_first(bullet, _LINES))
            if text.strip():
                given = bullet.get("type")
                yield Claim(
                    text=text,
                    type=given.strip().lower() if isinstance(given, str) and len(given) < 40 else type,
                    grounds=tuple(_grounds(bullet)) or (Ground((), ""),),
                )


def _grounds(bullet: Mapping[str, Any]) -> Iterator[Ground]:
    refs = _numbers(_first(bullet, _REFS))
    grounds = []
    for evidence in _listed(_first(bullet, _EVIDENCE))[:EVIDENCE_MAX]:
        if isinstance(evidence, dict):
            quote = _text(_first(evidence, _QUOTES))
            grounds.append(Ground(_numbers(_first(evidence, _REFS)) or refs, quote))
        elif isinstance(evidence, str):
            grounds.append(Ground(refs, evidence[:TEXT_MAX]))
        elif isinstance(evidence, int):
            grounds.append(Ground(_numbers(evidence), ""))
    if not grounds and (refs or _text(_first(bullet, _QUOTES[:2]))):
        grounds.append(Ground(refs, _text(_first(bullet, _QUOTES[:2]))))
    yield from grounds


def _keywords(told: Any) -> Iterator[str]:
    words = told.split(",") if isinstance(told, str) else _listed(told)
    for word in words[:_KEYWORDS_MAX]:
        if isinstance(word, str) and word.strip():
            yield word[:TEXT_MAX].strip()


def _first(value: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    """What the first of the names that is there and not empty says."""
    return next((value[name] for name in names if value.get(name) not in (None, "", [], {})), None)


def _listed(told: Any) -> list[Any]:
    if isinstance(told, list):
        return told
    if isinstance(told, dict):
        # `{"1": {…}, "2": {…}}`, or the one member by itself.
        inner = list(told.values())
        return inner if inner and all(isinstance(member, dict) for member in inner) else [told]
    return [] if told is None else [told]


def _text(told: Any) -> str:
    if isinstance(told, str):
        return told[:TEXT_MAX]
    if isinstance(told, list):
        return " ".join(part for part in told[:16] if isinstance(part, str))[:TEXT_MAX]
    return str(told) if isinstance(told, (int, float)) and not isinstance(told, bool) else ""


def _numbers(told: Any) -> tuple[int, ...]:
    """3, 3.0, "3", "#3", "[3]", "event 3", [3, 4], "3, 4"."""
    if isinstance(told, bool) or told is None:
        return ()
    if isinstance(told, int):
        return (told,) if 0 <= told < 1_000_000 else ()
    if isinstance(told, float):
        return (int(told),) if told.is_integer() and 0 <= told < 1_000_000 else ()
    if isinstance(told, str):
        return tuple(int(number) for number in _DIGITS.findall(told[:200]))[:EVIDENCE_MAX]
    if isinstance(told, list):
        return tuple(number for one in told[:8] for number in _numbers(one) if not isinstance(one, list))[:EVIDENCE_MAX]
    return ()
