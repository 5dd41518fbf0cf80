"""What sort of thing a text states, by its turns of phrase.

Made for filters and a mild boost, so a type is given where the words leave little doubt, and most
texts have none. What is said is read in English, and a question by its mark in any script; what
programs print is read for errors alone. Of a long text its head and its tail are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache

from agent_memory.annotation._questions import asks, asks_for
from agent_memory.annotation._shown_errors import shows_error
from agent_memory.annotation._told_cues import PROSE, STEP
from agent_memory.annotation._type_cues import FENCED
from agent_memory.annotation.memo import remembered
from agent_memory.annotation.model import MemoryType
from agent_memory.annotation.scaffolding import SCAFFOLDING, said_text
from agent_memory.events import Event, Kind, Role

TYPING = f"types-1+{SCAFFOLDING}"
"""Names the way of telling types; part of the fingerprint of whatever keeps them."""

_HEAD, _TAIL = 6_000, 2_000
READ_MAX = _HEAD + _TAIL
"""How many characters of a text are read at most."""

_NONE: frozenset[MemoryType] = frozenset()
_ERROR_WORD, _EXCEPTION_WORD = frozenset({b"error"}), frozenset({b"exception"})
_ERROR = frozenset({MemoryType.ERROR})

# Of the sentences with a row's words so many are tried, and of each so much is read.
_TRIED_MAX = 12
_SENTENCE_MAX = 400
_CUES_MAX = 4
_STEPS_MIN = 2

# Bytes that are part of no word of a cue. Those beyond ASCII may be letters, and are.
_APART = bytes(byte if byte > 127 or chr(byte).isalnum() or chr(byte) in f"'-{FENCED}" else 32 for byte in range(256))


@remembered
def types_of(event: Event) -> frozenset[MemoryType]:
    """The types of what the event states; empty for most. A pure function of its text, kind and role."""
    if event.kind is Kind.TOOL_CALL:
        # What a tool is told is neither said to anyone nor known to be so.
        return _NONE
    text = said_text(event)
    if not text:
        return _NONE
    if len(text) > READ_MAX:
        text = f"{text[:_HEAD]}\n{text[-_TAIL:]}"
    if event.kind is Kind.TOOL_RESULT or event.role is Role.TOOL:
        return _ERROR if shows_error(text, text.lower()) else _NONE
    return _of_prose(text, event.role)


def types_in_query(query: str) -> frozenset[MemoryType]:
    """Which types a question asks for: `what did we decide`, `which error`, `how do I`."""
    return asks_for(query)


def in_order(types: Iterable[MemoryType]) -> tuple[MemoryType, ...]:
    """The types in the order of their names, in which they are told."""
    return _ordered(frozenset(types))


@cache
def _ordered(types: frozenset[MemoryType]) -> tuple[MemoryType, ...]:
    return tuple(sorted(types, key=lambda type: type.value))


def _of_prose(text: str, role: Role) -> frozenset[MemoryType]:
    found: set[MemoryType] = set()
    said = text.lower().replace("’", "'")
    if shows_error(text, said):
        found.add(MemoryType.ERROR)
    if "```" in said:
        # Code is no speech, but that there is some tells of a how-to.
        said = f" {FENCED} ".join(map(str.rstrip, said.split("```")[::2]))
    sentences = said.replace(". ", ".\n").replace("! ", "!\n").replace("? ", "?\n").split("\n")
    if asks(said, sentences, freely=role is Role.USER):
        found.add(MemoryType.QUESTION)
    firsts, rows = _rows()
    words = firsts.intersection(said.encode("utf-8", "surrogatepass").translate(_APART).split())
    # An exception has a name of its own, such as KeyError.
    if "error" in said:
        words |= _ERROR_WORD
    if "exception" in said:
        words |= _EXCEPTION_WORD
    for word in words:
        for needle, row in rows[word]:
            if row.type not in found and needle in said and row.stands_in(sentences, needle):
                found.add(row.type)
    openings = _openings()
    for sentence in sentences:
        start = sentence.lstrip(_MARKS)
        opened = openings.get(start[: start.find(" ")])
        if opened is not None and opened.type not in found and opened.stands_in((start,), ""):
            found.add(opened.type)
    if MemoryType.PROCEDURE not in found and _is_stepwise(said):
        found.add(MemoryType.PROCEDURE)
    return frozenset(found) if found else _NONE


# -- cues -----------------------------------------------------------------------------------------

# Characters that hold words together.
_WITHIN = frozenset("-_/")

# What a sentence may begin with before it says anything, and what a clause may follow.
_MARKS = " \t>*#•\"'`“([]_+-0123456789.)"
_LEADING = "and|but|so|also|then|please|ok|okay|yes|no|actually|note|remember|important|just"
_LEADING_WORDS = frozenset(_LEADING.split("|"))
_CLAUSE_WORD_MAX = 24
_BEFORE_CLAUSE = re.compile(
    rf"(?:^|[,;:(] ?|\b(?:{_LEADING})[:,]? )"
    r"[ \t>*#•\"'`“(\[\]_+-]*(?:\d{1,2}[.)] )?(?:please )?$"
)


class _Row:
    """A row of cues; made ready when a text first has one of its words."""

    __slots__ = ("_compiled", "_pattern", "_place", "_takes_back", "type")

    def __init__(self, type: MemoryType, place: str, pattern: str, takes_back: str) -> None:
        self.type = type
        self._place = place
        self._pattern = pattern
        self._takes_back = takes_back
        self._compiled: tuple[re.Pattern[str], re.Pattern[str]] | None = None

    def stands_in(self, sentences: Sequence[str], needle: str) -> bool:
        """Whether one of the sentences with the needle has the cue; questions have none."""
        cue, takes_back = self._compiled or self._compile()
        tried = 0
        for sentence in sentences:
            if needle not in sentence:
                continue
            tried += 1
            sentence = sentence[:_SENTENCE_MAX]
            if "?" not in sentence[-3:]:
                end = self._end(cue, sentence)
                if end and takes_back.search(sentence, 0, end) is None:
                    return True
            if tried == _TRIED_MAX:
                break
        return False

    def _compile(self) -> tuple[re.Pattern[str], re.Pattern[str]]:
        self._compiled = re.compile(self._pattern), re.compile(self._takes_back)
        return self._compiled

    def _end(self, cue: re.Pattern[str], sentence: str) -> int:
        """Where the cue ends; 0 where it does not stand as it should."""
        if self._place == "starts":
            match = cue.match(sentence.lstrip(_MARKS))
            return match.end() if match else 0
        # Patterns begin with a letter, so that the engine skips to it; that it begins a word is seen here.
        at = 0
        for _ in range(_CUES_MAX):
            match = cue.search(sentence, at)
            if match is None:
                return 0
            start, at = match.span()
            before = sentence[start - 1 : start]
            if before.isalnum() or before in _WITHIN:
                continue
            if self._place == "anywhere" or _begins_clause(sentence, start):
                return at
        return 0


def _begins_clause(sentence: str, at: int) -> bool:
    """Whether a clause may begin there. Most words before it say at once that none does."""
    *_, word = sentence[max(0, at - _CLAUSE_WORD_MAX) : at].rsplit(None, 1) or [""]
    if word.isalpha() and word not in _LEADING_WORDS:
        return False
    return _BEFORE_CLAUSE.search(sentence[:at]) is not None


@cache
def _rows() -> tuple[frozenset[bytes], dict[bytes, tuple[tuple[str, _Row], ...]]]:
    """By the first of its words, what has to stand in a sentence for the row to be tried; and those words."""
    rows: dict[bytes, list[tuple[str, _Row]]] = {}
    for cues in PROSE:
        for place in ("anywhere", "clauses", "starts"):
            for words, pattern in getattr(cues, place):
                row = _Row(cues.type, place, pattern, cues.takes_back)
                for phrase in words.split(" "):
                    first = phrase.partition("_")[0].encode()
                    rows.setdefault(first, []).append((phrase.replace("_", " "), row))
    return frozenset(rows), {word: tuple(found) for word, found in rows.items()}


@cache
def _openings() -> dict[str, _Row]:
    """By the first word of a sentence."""
    return {
        word: _Row(cues.type, "starts", pattern, cues.takes_back)
        for cues in PROSE
        for words, pattern in cues.openings
        for word in words.split(" ")
    }


def _is_stepwise(said: str) -> bool:
    if "1." not in said and "1)" not in said and "step 1" not in said:
        return False
    return len(_steps().findall(said)) >= _STEPS_MIN


@cache
def _steps() -> re.Pattern[str]:
    return re.compile(STEP, re.MULTILINE)
