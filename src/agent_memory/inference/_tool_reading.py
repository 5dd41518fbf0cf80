"""Reading what tools were told and gave back: the lines that say how it ended, and what was committed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent_memory.inference._cues import TALLY_WORDS
from agent_memory.inference._sentences import NOTHING, PATH, WORD, Reading, Sentence
from agent_memory.toc.grips import settle

HEAD = 6_000
"""So much of a text is read from its beginning."""
TOOL_LINE_MAX = 200

_TOOL_HINTS = ("error", "fail", "exception", "traceback", "panic", "passed", "denied", "not found", "warning")
_TOOL_BAD = re.compile(
    r"(?:Error|Exception|\b(?:FAILED|FAIL|failed|fatal|panic(?:ked)?|error|ERROR|denied|not found))\b(?![\w./])"
)
_TOOL_GOOD = re.compile(r"\b\d+ (?:tests? )?passed\b|\ball tests passed\b|\bBUILD SUCCESS", re.I)
# Nothing of the two but in a line with one of these, or of the hints that brought somebody to read it.
_TOOL_ENDINGS = ["fatal", "build success"]
# `1 failed, 11 passed in 0.88s`: how many, but not what.
_TALLY_WORTH = 10
_TOOL_EDGE = re.compile(r"[=\-*#>\s|+]+|E {2,}")
# What ends a line, and what is part of none.
BREAK = re.compile("[\n\r\x00-\x08\x0b-\x1f\x85\u2028\u2029\ud800-\udfff]+")
_COMMIT_WORTH = 150
# `git commit -am "Message`, also as JSON has it, and `git commit -m "$(cat <<'EOF'` with the message on the next line.
_COMMITTING = re.compile(
    r"\bgit(?: -C \S+)? commit\b[^\n]{0,80}?\s(?:-[a-z]*m|--message)[ =]?"
    r"(?:\\?[\"']?\$\(cat <<-?\s*\\?['\"]?\w+\\?['\"]?(?:\n|\\n)\s*|\\?[\"'])([^\"'\\\n]{8,})"
)
_COMMIT_MADE = re.compile(r"^\[[\w./-]+ (?:\([\w-]+\) )?[0-9a-f]{7,40}\] (\S[^\n]{7,})", re.M)


def read_tool_call(text: str) -> Reading:
    """What a tool is told is no news, but the files that it names are, and what a commit says."""
    terms: dict[str, None] = {}
    named: dict[str, tuple[int, str]] = {}
    for token in WORD.findall(text[:1_500])[:60]:
        if ("." in token or "/" in token) and PATH.match(token):
            low = token.lower()
            terms[low] = None
            named[low] = (2, token)
    told = _COMMITTING.search(text, 0, HEAD) if "commit" in text else None
    return Reading(() if told is None else _committed(text, told), terms, named)


def _committed(text: str, found: re.Match[str]) -> tuple[Sentence, ...]:
    """The first line of a commit's message, which its author wrote to be read."""
    start, end = settle(text, found.start(1), min(found.end(1), found.start(1) + TOOL_LINE_MAX))
    words = tuple(dict.fromkeys(token.lower() for token in WORD.findall(text[start:end])[:24]))
    if len(words) < 2:
        return ()
    return (Sentence(start, end, _COMMIT_WORTH, words, False),)


def is_commit(text: str, sentence: Sentence) -> bool:
    """Whether a sentence of a tool's text is what a commit says."""
    return any(
        found.start(1) <= sentence.start < found.end(1)
        for pattern in (_COMMITTING, _COMMIT_MADE)
        if (found := pattern.search(text, 0, HEAD)) is not None
    )


def read_tool_result(text: str) -> Reading:
    """The lines that say how it ended."""
    first, last = edges(text)
    whole = last - first <= 2 * HEAD
    ends = text if whole else text[first : first + HEAD] + text[last - HEAD : last]
    lowered = ends.lower()
    made = _COMMIT_MADE.search(text, 0, HEAD) if "] " in ends else None
    committed = () if made is None else _committed(text, made)
    hints = [hint for hint in _TOOL_HINTS if hint in lowered]
    if not hints:
        return Reading(committed, {}, {}) if committed else NOTHING
    hints += _TOOL_ENDINGS
    windows = [(first, last)] if whole else [(first, first + HEAD), (last - HEAD, last)]
    found: list[Sentence] = []
    for window in windows:
        for start, end in _lines(text, *window):
            low = text[start:end].lower()
            if any(hint in low for hint in hints):
                sentence = _tool_line(text, start, end)
                if sentence is not None:
                    found.append(sentence)
    # How it ended stands at the end; the first error names the cause.
    kept = found if len(found) <= 3 else [found[0], *found[-2:]]
    return Reading((*committed, *kept), {}, {})


def _lines(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    for boundary in BREAK.finditer(text, start, end):
        yield start, boundary.start()
        start = boundary.end()
    yield start, end


def _tool_line(text: str, start: int, end: int) -> Sentence | None:
    bad = _TOOL_BAD.search(text, start, end)
    if bad is None and _TOOL_GOOD.search(text, start, end) is None:
        return None
    edge = _TOOL_EDGE.match(text, start, end)
    if edge is not None:
        start = edge.end()
    end = min(end, start + TOOL_LINE_MAX)
    while end > start and text[end - 1] in "= \t-*#":
        end -= 1
    start, end = settle(text, start, end)
    words = tuple(dict.fromkeys(token.lower() for token in WORD.findall(text[start:end])[:24]))
    if not words:
        return None
    worth = 80 + 16 * min(len(words), 8) if bad else 90
    if (words[-1] in TALLY_WORDS or words[-1][0].isdigit()) and all(w in TALLY_WORDS or w[0].isdigit() for w in words):
        worth = _TALLY_WORTH
    return Sentence(start, end, worth, words, False)


def edges(text: str) -> tuple[int, int]:
    """Where the first word begins and the last one ends."""
    first = len(text) - len(text.lstrip())
    return first, max(first, len(text.rstrip()))
