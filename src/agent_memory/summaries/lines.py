"""What of a model's wording may stand: one line, nothing in it that acts, and nothing that nobody said.

A summary is read by agents, so its wording is a way in for whoever wrote into the conversation. Evidence proves
that words were said; it does not prove the line above them. So a line is *cleaned* of what a reader does not see or
could take for something else, and there is an *objection* to one that

- names an address, a file, a command or a number that stands nowhere in the material,
- tells its reader what to do,
- or has next to no word in common with the material.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterable, Iterator

from agent_memory.annotation.function_words import FUNCTION_WORDS
from agent_memory.annotation.scaffolding import MEMORY_TAG
from agent_memory.capture.redaction import Redactor
from agent_memory.summaries.entries import visible
from agent_memory.summaries.folding import folded_text
from agent_memory.toc.grips import settle

GROUNDED_MIN = 0.25
"""So many of a line's words, English function words aside, and one at least, must begin as some word of the material.

Low on purpose: minutes are worded freely, and only a line about something else altogether is to be caught. Of the 688
lines of minutes that the conversations of LoCoMo for development come with, three are lost, and six of ten
are stopped under another conversation.
"""

_STEM = 4
_WORD_MIN = 3
_BLOB = 48

_TEXT_MAX = 4_000
_PASSES_MAX = 8
"""What is not clean by then was made to look so."""
_LINK = re.compile(r"!?\[([^\[\]\n]{0,200})\]\([^()\s]{0,500}\)")
_REFERENCES = re.compile(r"\s*[\[(]\s*(?:refs?\.?:?\s*)?#?\d{1,4}(?:\s*[,;–-]\s*#?\d{1,4})*\s*\](?!\()|\s*\(#\d{1,4}\)")
_BULLET = re.compile(r"^(?:[-*•–]\s+|\d{1,2}[.)]\s+|#{1,6}\s+)+")
_EMPHASIS = re.compile(r"\*\*|__(?=\S)|(?<=\S)__")
# What a chat template, a harness or this system begins and ends its own parts with.
_TEMPLATE = re.compile(
    r"<\|[^|<>\n]{0,60}\|>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>|={3,}\s*(?:begin|end)\b[^=\n]{0,40}={3,}", re.I
)
_TAGS = re.compile(
    rf"<(?=/?(?:{MEMORY_TAG}|system|assistant|user|human|developer|tool|function|instructions?|important|admin|"
    r"script|img|iframe|style|svg|object|embed|link|meta)\b)",
    re.I,
)
_CUT = "…"

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\u0e00-\u0e7f"
_WORD = re.compile(rf"[^\W\d_{_CJK}]{{2,}}")
_WRITTEN = re.compile(rf"[{_CJK}]+")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_SENTENCE = re.compile(r"(?<=[.!?。！？])\s+|(?<=[。！？])")
# An address, a host, a path, a name with dots: what a reader may follow.
_NAMES = re.compile(
    r"[a-z][a-z0-9+.-]{1,20}:/{1,3}[^\s'<>()]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?:[\w-]{2,}\.)+[^\W\d_][\w-]+(?:/[^\s'<>()]*)?|"
    r"(?:~|\.{1,2})?(?:/[\w.@-]+){2,}/?|(?:[\w.@-]+/){2,}[\w.@-]*|\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?|"
    r"(?:data|javascript|mailto|file):[^\s']+"
)
_CODE = re.compile(r"`([^`\n]{3,200})`")
_BINDS = (".", "-")
_EDGES = ".,;:!?'\"-"
_ORDERS = re.compile(
    # Instructions about instructions, wherever they stand.
    r"\b(?:ignor\w*|disregard\w*|forget|override|overrule|bypass)\b[^.!?]{0,40}\b(?:previous|prior|earlier|above|all|any|"
    r"your|the|these|those|other|system|safety)\b[^.!?]{0,24}\b(?:instructions?|prompts?|rules?|guidelines?|directives?|"
    r"context|messages?)\b"
    r"|\b(?:ignorier\w*|vergiss|missachte\w*)\b[^.!?]{0,40}\b(?:anweisung\w*|regeln|vorgaben)\b"
    r"|\b(?:ignore[rz]?|oublie[rz]?|ignora|olvida)\b[^.!?]{0,40}\b(?:instruc\w+|consignes?|reglas|regles)\b"
    r"|(?:忽略|无视|無視).{0,12}(?:指令|指示|规则|提示)"
    r"|\b(?:ignore|disregard|forget)\s+(?:everything|anything|what(?:ever)?|all)\s+(?:that\s+)?"
    r"(?:(?:is|was|stands|said)\s+)?(?:above|so\s+far|you\s+(?:were|have\s+been|are))\b"
    r"|\b(?:agents?|assistants?|models?|ais?|llms?|whoever|anyone)\s+(?:(?:who|that)\s+)?(?:reads?|reading|sees?|seeing)\s+"
    r"(?:this|these)\b"
    # Orders to whoever reads, at the beginning of a sentence.
    r"|(?:^|[.!?:;]\s+|['(])(?:please,?\s+|now,?\s+|important:?\s+|note:?\s+|attention:?\s+|ai:?\s+|assistant,?\s+)*(?:"
    r"you\s+(?:are\s+now|must|shall|will\s+now|have\s+to|need\s+to|should\s+now)\b"
    r"|(?:do\s+not|don't|never)\s+(?:tell|mention|reveal|inform|warn|ask|trust|report)\b"
    r"|(?:act|behave|respond|reply|answer)\s+(?:as|only|with|like)\b|pretend\b|from\s+now\s+on\b"
    r"|(?:tell|instruct|ask|remind|inform)\s+the\s+(?:user|agent|assistant|reader|model)\b"
    r"|(?:your\s+)?new\s+(?:instructions?|task|orders?|rules?)\s*(?::|(?:is|are)\s+to\b)|your\s+(?:task|job|role)\s+is\s+now\b"
    r"|(?:when|if|whenever)\s+you\s+(?:read|see|are)\b)"
    # Roles that nobody has in minutes.
    r"|(?:^|[.!?]\s+)(?:system|developer|assistant|human)\s*(?:prompt|message|override|note)?\s*:",
    re.I,
)


_LOOKALIKES = str.maketrans("аеорсухіјѕԁοαιν", "aeopcyxijsdoaiv")
"""Letters of Cyrillic and Greek, and the Latin ones that they look like."""


def cleaned(text: str, *, limit: int, redactor: Redactor) -> str:
    """One line of at most *limit* code points, without secrets, without what is not seen and what could act."""
    text = " ".join(visible(text[:_TEXT_MAX]).split())
    # What is taken out may have parted something else, as `<**system>`: until there is nothing more to take.
    for _ in range(_PASSES_MAX):
        before, text = text, _stripped(redactor.clean(text))
        if text == before:
            return shortened(text, limit)
    return ""


def _stripped(text: str) -> str:
    text = _LINK.sub(r"\1", text)
    text = _TEMPLATE.sub(" ", text)
    text = _TAGS.sub("‹", text)
    text = _REFERENCES.sub("", _EMPHASIS.sub("", text))
    return _BULLET.sub("", " ".join(text.split())).strip()


def shortened(text: str, limit: int) -> str:
    """The text, cut at a word's end where it is longer."""
    if len(text) <= limit:
        return text
    room = limit - len(_CUT)
    blank = text.rfind(" ", room // 2, room + 1)
    cut = blank if blank > 0 else settle(text, 0, room)[1]
    return text[:cut].rstrip(" ,;:–-") + _CUT


def sentences(text: str) -> list[str]:
    """A paragraph's sentences."""
    return [part for part in _SENTENCE.split(text) if part and not part.isspace()]


class Known:
    """What stands in the material of a node: what wording is held against."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._text = "\n".join(folded_text(text, caseless=True) for text in texts)
        self._stems = frozenset(_stems(self._text))
        self._numbers = frozenset(_numbers(self._text))

    def has(self, folded: str) -> bool:
        """Whether a name stands there as one, and not as a part of a longer one."""
        at = self._text.find(folded)
        while at >= 0:
            end = at + len(folded)
            # The dot of `evil.example` in `evil.example.org` goes on; that of an end of a sentence does not.
            behind = self._text[end + 1 : end + 2] if self._text[end : end + 1] in _BINDS else ""
            if not any(map(_goes_on, (self._text[max(at - 1, 0) : at], self._text[end : end + 1], behind))):
                return True
            at = self._text.find(folded, at + 1)
        return False

    def objection(self, line: str) -> str:
        """Why the line may not stand; empty for none."""
        folded = folded_text(line, caseless=True)
        # Marks on letters, and letters that look like others, make no other order of it.
        plain = "".join(c for c in folded if not unicodedata.combining(c)).translate(_LOOKALIKES)
        if _ORDERS.search(plain) is not None:
            return "tells its reader what to do"
        for name in _named(line, folded):
            if not self.has(name):
                return "names something that nobody said"
        if not all(map(self._has_number, _NUMBER.findall(folded))):
            return "has a number that nobody said"
        # In every text there is some `the`; of a line of such words alone nothing else can be asked.
        stems = list(_stems(folded, without=FUNCTION_WORDS)) or list(_stems(folded))
        if stems and sum(stem in self._stems for stem in stems) < max(1, GROUNDED_MIN * len(stems)):
            return "is about something else"
        return ""

    def _has_number(self, number: str) -> bool:
        joined, *parts = _readings(number)
        return len(joined) < 2 or joined in self._numbers or (bool(parts) and self._numbers.issuperset(parts))

    def mentions(self, word: str) -> bool:
        """Whether a keyword's words stand there, side by side."""
        folded = folded_text(word, caseless=True)
        return bool(folded) and folded in self._text


def _named(line: str, folded: str) -> Iterator[str]:
    for found in _NAMES.finditer(folded):
        name = found[0].strip(_EDGES)
        if len(name) > 3:
            yield name
    for code in _CODE.finditer(line):
        yield folded_text(code[1], caseless=True)
    for word in folded.split():
        if len(word) > _BLOB and word.isascii():
            yield word.strip(_EDGES)


def _goes_on(c: str) -> bool:
    return c.isalnum() or c == "_"


def _stems(folded: str, *, without: Container[str] = ()) -> Iterator[str]:
    for found in _WORD.finditer(folded):
        if len(found[0]) >= _WORD_MIN and found[0] not in without:
            yield found[0][:_STEM]
    # Where words are not parted by blanks, two characters are the least that means something.
    for run in _WRITTEN.finditer(folded):
        for at in range(len(run[0]) - 1):
            yield run[0][at : at + 2]


def _numbers(folded: str) -> Iterator[str]:
    for number in _NUMBER.findall(folded):
        yield from _readings(number)


def _readings(number: str) -> list[str]:
    """A number without its points, and the parts of two digits and more that they make."""
    parts = re.split(r"[.,]", number)
    return ["".join(parts), *(part for part in parts if len(part) > 1)]
