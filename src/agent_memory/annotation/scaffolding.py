"""Which parts of an event's text were said, and which a harness put there.

Agents restate their surroundings with every prompt: reminders, environments, files of instructions,
memories. That stays in the log, word for word, and out of the indexes: nobody said it, and said a
hundred times over it would stand before what was.

How it is told from a person who writes *about* such tags:

- Nothing is injected into what an assistant says or calls a tool with, our own memories excepted:
  those it may repeat.
- A tag counts at the beginning of a line, or where it stands close to its content and is closed.
  One in backticks, in quotes or in a fenced block of code is talked about.
- A block that is never closed ends with its paragraph, and must begin a line. If in doubt it was
  said: junk in an index costs less than words that cannot be found.
- An opening without tags counts where its agent puts it, which is at the beginning of a line or of
  the event.
- What our own tools were asked and answered is memory as a whole, however an agent reports it.

Runs of characters that are no words, such as base64, are scaffolding in every event.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

import msgspec

from agent_memory.annotation._encoded import encoded_in
from agent_memory.annotation._fences import Fence, fence_lines, fenced, within
from agent_memory.annotation._injections import (
    ANSWERS_TO_SCAFFOLDING,
    ENCODED,
    LINES,
    MARKUP,
    MEMORY,
    MEMORY_TAG,
    NOTICE,
    STARTS,
    SUMMARY,
    UNTIL,
    Opening,
    tags_of,
)
from agent_memory.annotation.memo import remembered
from agent_memory.annotation.own_tools import SERVER_FIELD, is_own_tool, own_commands, own_envelopes
from agent_memory.events import Event, Kind

__all__ = [
    "MARKUP",
    "MEMORY_TAG",
    "SCAFFOLDING",
    "Span",
    "as_memory",
    "blanked",
    "complement",
    "said_parts",
    "said_text",
    "scaffolding_of",
]

SCAFFOLDING = "scaffolding-2"
"""Names what is told apart; part of the fingerprint of whatever leaves scaffolding out."""


class Span(msgspec.Struct, frozen=True, gc=False):
    """Code points ``[start, end)`` of a text, and one word for what stands there; none for what was said."""

    start: int
    end: int
    what: str = ""


@remembered
def scaffolding_of(event: Event) -> tuple[Span, ...]:
    """What nobody said of the event's text: sorted, disjoint, not empty. A function of the event.

    A whole event can be scaffolding. Takes time linear in the text, whatever it holds.
    """
    text = event.text
    spans: list[Span] = []
    if event.tool_name and event.kind in _OF_TOOLS:
        server = event.metadata.get(SERVER_FIELD, "") if event.metadata else ""
        if is_own_tool(event.tool_name, server):
            return (Span(0, len(text), MEMORY),) if text else ()
    if event.kind is Kind.TOOL_CALL:
        spans += [Span(start, end, MEMORY) for start, end in own_commands(text)]
    elif event.kind is Kind.TOOL_RESULT:
        spans += [Span(start, end, MEMORY) for start, end in own_envelopes(text)]
    if MEMORY_TAG in text:
        spans += _escaped_memories(text)
    if event.kind in _ASSISTANT:
        if event.kind is Kind.ASSISTANT_MESSAGE and text.strip() in ANSWERS_TO_SCAFFOLDING:
            return (Span(0, len(text), NOTICE),)
        if MEMORY_TAG in text:
            spans += _blocks(text, _MEMORY_ONLY)
    else:
        whole = _opening(text, event.kind)
        if whole is not None and whole.end == len(text):
            return (whole,)
        spans += [whole] if whole is not None else []
        spans += _lines(text)
        if "<" in text:
            spans += _blocks(text, _tags(event.agent))
    spans += [Span(start, end, ENCODED) for start, end in encoded_in(text)]
    return _disjoint(spans) if len(spans) > 1 else tuple(spans)


def said_parts(event: Event) -> tuple[Span, ...]:
    """What is left of the event's text: with the scaffolding, all of it. Some parts may be blank."""
    return complement(scaffolding_of(event), len(event.text))


def said_text(event: Event) -> str:
    """What is left of it as one text, each part on a line of its own; without scaffolding, the text as it is."""
    spans = scaffolding_of(event)
    if not spans:
        return event.text
    return "\n".join([event.text[part.start : part.end] for part in complement(spans, len(event.text))])


def complement(spans: Sequence[Span], size: int) -> tuple[Span, ...]:
    """What sorted, disjoint spans leave of a text of *size* code points."""
    parts, at = [], 0
    for span in spans:
        if at < span.start:
            parts.append(Span(at, span.start))
        at = span.end
    if at < size:
        parts.append(Span(at, size))
    return tuple(parts)


def blanked(text: str, spans: Sequence[Span]) -> str:
    """The text with white space in place of sorted, disjoint spans; empty where nothing but white space is left.

    Every code point stands where it stood, and what stood beside a span is on another line than
    what stood behind it: no sentence reaches across.
    """
    pieces: list[str] = []
    at = 0
    for span in spans:
        size = span.end - span.start
        pieces += (text[at : span.start], "\n" if size == 1 else "\n" + " " * (size - 2) + "\n")
        at = span.end
    pieces.append(text[at:])
    said = "".join(pieces)
    return "" if said.isspace() else said


def as_memory(text: str) -> str:
    """The text as this system injects it into a conversation; found again by `scaffolding_of`, whole.

    Tags of the same name within are bent, so that none of them can end the block early.
    """
    return f"<{MEMORY_TAG}>\n{_MEMORY_TAGS.sub(_bent, text)}\n</{MEMORY_TAG}>"


# What our tags become: where an agent escapes what its hooks say, and in JSON, a line of a transcript for instance,
# where a backslash stands for the end of the line behind them.
_ESCAPED = (
    (f"&lt;{MEMORY_TAG}&gt;", f"&lt;/{MEMORY_TAG}&gt;"),
    (f"<{MEMORY_TAG}>\\", f"</{MEMORY_TAG}>"),
    (f"\\u003c{MEMORY_TAG}\\u003e", f"\\u003c/{MEMORY_TAG}\\u003e"),
)


def _escaped_memories(text: str) -> Iterator[Span]:
    """Our memories as others hand them on; one without an end is talked about."""
    for opens, closes in _ESCAPED:
        at = text.find(opens)
        while at >= 0 and (end := text.find(closes, at)) >= 0:
            end += len(closes)
            if text[at - 1 : at] != "`":
                yield Span(at, end, MEMORY)
            at = text.find(opens, end)


_ASSISTANT = frozenset({Kind.ASSISTANT_MESSAGE, Kind.TOOL_CALL})
_OF_TOOLS = frozenset({Kind.TOOL_CALL, Kind.TOOL_RESULT})
_MEMORY_ONLY = {MEMORY_TAG: MEMORY}
_MEMORY_TAGS = re.compile(rf"<(?=/?{MEMORY_TAG}\b)")


def _bent(_: re.Match[str]) -> str:
    return "‹"


@lru_cache(maxsize=256)
def _tags(agent: str) -> dict[str, str]:
    return tags_of(agent)


# -- openings --------------------------------------------------------------------------------

_BEGINNINGS = tuple(opening.begins for opening in STARTS)
_BEGINNING_MAX = 200
_PARAGRAPH_END = re.compile(r"\n[ \t\r]*\n")


def _opening(text: str, kind: Kind) -> Span | None:
    """What the event begins with, where that is no one's words."""
    head = text[:_BEGINNING_MAX].lstrip()
    if not head.startswith(_BEGINNINGS):
        return None
    rule = next(rule for rule in STARTS if head.startswith(rule.begins))
    if kind is Kind.COMPACTION and rule.what == SUMMARY:
        # Here the summary is what happened; only the words around it are the harness's.
        return Span(0, _paragraph_end(text, 0), rule.what)
    end = UNTIL[rule].search(text) if rule in UNTIL else None
    return Span(0, end.end() if end else len(text), rule.what)


def _lines(text: str) -> Iterator[Span]:
    """What begins a line and is no one's words."""
    for rule in LINES:
        if rule.begins in text:
            yield from _beginning_with(text, rule)


def _beginning_with(text: str, rule: Opening) -> Iterator[Span]:
    fences = fenced(text)
    until = UNTIL.get(rule)
    at = text.find(rule.begins)
    while at >= 0:
        end = at + len(rule.begins)
        if _begins_line(text, at) and not within(fences, at):
            found = until.search(text, end) if until else None
            if found is None:
                # What is not found from here on is not found further on either.
                until = None
            end = found.end() if found else _paragraph_end(text, at)
            yield Span(at, end, rule.what)
        at = text.find(rule.begins, end)


def _begins_line(text: str, at: int) -> bool:
    before = text[max(0, at - 16) : at]
    lead = before.rpartition("\n")[2]
    return not lead.strip(" \t") and (len(lead) < len(before) or len(before) == at)


def _paragraph_end(text: str, at: int) -> int:
    found = _PARAGRAPH_END.search(text, at)
    return found.start() if found else len(text)


# -- blocks between tags ---------------------------------------------------------------------

_TAG = re.compile(r"<(/?)([A-Za-z][\w-]{1,60}+(?: instructions\b)?)(?:\s[^<>\n]{0,400}+)?>")
_QUOTES = "\"'`\\“”‘’«»=("


class _Tag(msgspec.Struct, gc=False):
    """A tag of the table that is not just talked about. ``partner`` is the index of what closes it."""

    start: int
    end: int
    name: str
    what: str
    opens: bool
    begins_line: bool
    partner: int = -1


def _blocks(text: str, table: dict[str, str]) -> list[Span]:
    tags = _tags_in(text, table)
    if not tags:
        return []
    _pair(tags)
    fences = fence_lines(text)
    spans: list[Span] = []
    opened: Fence | None = None
    done = next_fence = at = 0
    while at < len(tags):
        tag = tags[at]
        # Lines of fences inside a block are part of the block.
        while next_fence < len(fences) and fences[next_fence].start < tag.start:
            fence = fences[next_fence]
            next_fence += 1
            if fence.start < done:
                continue
            if opened is None:
                opened = fence if fence.opens else None
            elif fence.closes(opened):
                opened = None
        at += 1
        if not tag.opens or opened is not None or tag.start < done:
            continue
        if tag.partner < 0:
            if not _torn(text, tag):
                continue
            done = _paragraph_end(text, tag.end)
            spans.append(Span(tag.start, done, tag.what))
        elif _stands_alone(text, tag, tags[tag.partner]):
            last = tags[tag.partner]
            if tag.what == MARKUP:
                spans += (Span(tag.start, tag.end, MARKUP), Span(last.start, last.end, MARKUP))
                continue
            done = last.end
            spans.append(Span(tag.start, done, tag.what))
            at = tag.partner + 1
    return spans


def _tags_in(text: str, table: dict[str, str]) -> list[_Tag]:
    tags: list[_Tag] = []
    before, ticks, blank = 0, 0, True
    for found in _TAG.finditer(text):
        name = found[2].replace(" ", "_")
        what = table.get(name)
        if what is None:
            continue
        start, end = found.span()
        # What stands before it on its line: each stretch of the text is looked at once.
        since = text.rfind("\n", before, start) + 1
        if since:
            ticks, blank = text.count("`", since, start), not text[since:start].strip()
        else:
            ticks, blank = ticks + text.count("`", before, start), blank and not text[before:start].strip()
        # One block right behind another stands as that one does.
        leads = blank or (bool(tags) and not tags[-1].opens and start == tags[-1].end)
        before = end
        opens = not found[1]
        left, right = text[start - 1 : start], text[end : end + 1]
        if ticks % 2 or right == "`":
            continue
        if left and left in _QUOTES and (opens or right == left):
            continue
        # Nobody who writes about a tag puts the next word right behind it.
        if opens and not leads and right in " \t":
            continue
        tags.append(_Tag(start, end, name, what, opens, leads))
    return tags


def _pair(tags: list[_Tag]) -> None:
    """Close each tag by its own: one inside another of the same name is closed first."""
    waiting: dict[str, list[_Tag]] = {}
    for index, tag in enumerate(tags):
        if tag.opens:
            waiting.setdefault(tag.name, []).append(tag)
        elif opened := waiting.get(tag.name):
            opened.pop().partner = index


def _stands_alone(text: str, tag: _Tag, last: _Tag) -> bool:
    """Inside a line a block has to hold something; two tags without it are named, not used."""
    return tag.begins_line or bool(text[tag.end : min(last.start, tag.end + 200)].strip())


def _torn(text: str, tag: _Tag) -> bool:
    """Whether what should close it is missing, rather than a sentence beginning with its name."""
    follows = text[tag.end : tag.end + 1]
    return tag.begins_line and tag.what != MARKUP and (follows in "\r\n" or follows.isupper() or follows in "#*-/[{")


# -- all of it -------------------------------------------------------------------------------


def _disjoint(spans: list[Span]) -> tuple[Span, ...]:
    """The spans in order; those that overlap, or follow each other and are of a sort, as one."""
    spans.sort(key=lambda span: (span.start, -span.end))
    merged = [spans[0]]
    for span in spans[1:]:
        last = merged[-1]
        if span.start > last.end or (span.start == last.end and span.what != last.what):
            merged.append(span)
        elif span.end > last.end:
            merged[-1] = Span(last.start, span.end, last.what)
    return tuple(merged)
