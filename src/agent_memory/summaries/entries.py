"""What a prompt shows of a node, numbered: its events, or the bullets of its children.

An entry is what one number stands for. Its stretches are what may be quoted of it, each with the way back to the
code points of an event: what a harness put there, what holds a secret and what was cut away for length belong to
no stretch, so no quotation can reach into them. Pure; nothing outside of the material is looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property

import msgspec

from agent_memory.capture.redaction import MARK, Redactor
from agent_memory.courtesy import giving_way
from agent_memory.events import Kind
from agent_memory.summaries.folding import Folded, Span, fold, is_invisible
from agent_memory.toc.grips import PLACE_MAX
from agent_memory.toc.material import ChildMaterial, Excerpt, Level, Material, Passage, Point

Said = Callable[[Excerpt], str]
"""An excerpt's words; empty where they are not at hand."""

NAME_MAX = 40
_PASSES_MAX = 4
_SNAP = 40
_NEW_LINE = re.compile("\r\n|[\n\v\f\r\x1c-\x1e\x85\u2028\u2029]")
_BLANK_LINES = re.compile(r"\n(?:[^\S\n]*\n)+")
# Joiners make one emoji of several and spell Persian; beside plain letters they only hide.
_JOINERS = "\u200c\u200d\ufe0e\ufe0f"
_LOOSE_JOINERS = re.compile(rf"(?:(?<=[\x00-\x7f])|^)[{_JOINERS}]+|[{_JOINERS}]{{3,}}|[{_JOINERS}]+(?=[\x00-\x7f]|$)")
_NAMES_OF_KIND = {
    Kind.USER_MESSAGE: "user",
    Kind.ASSISTANT_MESSAGE: "assistant",
    Kind.TOOL_CALL: "tool call",
    Kind.TOOL_RESULT: "tool result",
}


class Stretch:
    """Code points ``[start, end)`` of a text that may be quoted, and what a quotation of them proves.

    ``whole`` is what is cited whatever of the stretch is quoted: a child's evidence stands as it was given.
    Else the quoted code points themselves, of the event ``event_id``.
    """

    def __init__(self, text: str, start: int, end: int, *, event_id: str = "", whole: tuple[Excerpt, ...] = ()) -> None:
        self.text = text
        self.start = start
        self.end = end
        self.event_id = event_id
        self.whole = whole

    @cached_property
    def plain(self) -> Folded:
        """As it is compared first."""
        return fold(self.text, self.start, self.end)

    @cached_property
    def caseless(self) -> Folded:
        """As it is compared last."""
        return fold(self.text, self.start, self.end, caseless=True)


class _Part(msgspec.Struct, frozen=True, gc=False):
    """Code points of an entry's text, or, where something else is shown for them, what."""

    start: int
    end: int
    instead: str | None = None


class Entry(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """What one number of a prompt stands for: a line that says what it is, a body, and what may be quoted of it.

    ``event_id`` is empty where it is a bullet of a child.
    """

    head: str
    body: str
    stretches: tuple[Stretch, ...]
    event_id: str = ""
    text: str = ""
    parts: tuple[_Part, ...] = ()

    def shortened(self, characters: int) -> Entry:
        """The same with its middle cut out, so that about *characters* code points are shown."""
        if not self.event_id:
            # A bullet's own line goes first in its body; the last quotations are what it can do without.
            return msgspec.structs.replace(self, body=self.body[: max(characters, 1)])
        head, tail = characters - characters // 2, characters // 2
        start, end = _cut(self.text, self.parts, head, tail)
        if start >= end:
            return self
        mark = _Part(start, end, f"\n[… {end - start} characters left out …]\n")
        before = [_clipped(part, part.start, start) for part in self.parts if part.start < start]
        after = [_clipped(part, end, part.end) for part in self.parts if part.end > end]
        return _of_event(self.head, self.event_id, self.text, (*before, mark, *after))


def entries_of(material: Material, *, redactor: Redactor, said: Said | None = None) -> tuple[Entry, ...]:
    """What there is to word, in its order; empty where nobody said anything.

    *said* is asked for the evidence of children.
    """
    if material.level is Level.SEGMENT:
        return tuple(_of_passages(material.passages, redactor))
    return tuple(entry for child in material.children for entry in _of_child(child, redactor, said))


def of_points(points: Iterable[Point], head: str, *, redactor: Redactor, said: Said) -> Iterator[Entry]:
    """Bullets as entries: a line, and the words that prove it."""
    for point in giving_way(points):
        told = [(place, said(place)) for place in point.evidence]
        quoted = [(place, text) for place, text in told if text and not _holds_secret(text, redactor)]
        lines = [visible(redactor.clean(point.text)), *(f"“{visible(text)}”" for _, text in quoted)]
        stretches = [Stretch(text, 0, len(text), whole=(place,)) for place, text in quoted]
        # Who quotes the line itself means all that proves it.
        stretches.append(Stretch(point.text, 0, len(point.text), whole=point.evidence))
        named = f"{head}, {point.type}" if point.type else head
        if point.evidence:
            yield Entry(head=named, body="\n".join(lines), stretches=tuple(stretches))


def visible(text: str) -> str:
    """The text as a reader sees it: one kind of line end, and nothing that cannot be seen."""
    if not text.isascii() or not text.isprintable():
        text = _NEW_LINE.sub("\n", text)
        text = _LOOSE_JOINERS.sub("", text) if not text.isascii() else text
        unseen = [c for c in set(text) if c not in _JOINERS and is_invisible(c)]
        if unseen:
            text = text.translate(dict.fromkeys(map(ord, unseen)))
    return text


def named(text: str) -> str:
    """A name or title on one line, without what could end a heading."""
    line = " ".join(visible(text[: 4 * NAME_MAX]).translate(_NO_BRACKETS).split())
    return line[:NAME_MAX].rstrip()


_NO_BRACKETS = str.maketrans("[]<>", "()‹›")


def _of_passages(passages: Sequence[Passage], redactor: Redactor) -> Iterator[Entry]:
    for passage in giving_way(passages):
        text = passage.text
        if not text or text.isspace():
            continue
        head = " ".join(filter(None, (_name_of(passage.kind), named(passage.tool_name), named(passage.speaker))))
        parts = tuple(_parts(text, passage.left_out, _secrets(text, redactor)))
        yield _of_event(head, passage.event_id, text, parts)


def _name_of(kind: Kind) -> str:
    return _NAMES_OF_KIND.get(kind, kind.value.replace("_", " "))


def _of_child(child: ChildMaterial, redactor: Redactor, said: Said | None) -> Iterator[Entry]:
    level, _, name = child.node_id.partition("/")
    title = named(redactor.clean(child.summary.title))
    head = title if level == Level.SEGMENT.value else f"{named(name)}, {title}"
    yield from of_points(child.summary.points, head, redactor=redactor, said=said or _unsaid)


def _unsaid(_: Excerpt) -> str:
    return ""


def _of_event(head: str, event_id: str, text: str, parts: Sequence[_Part]) -> Entry:
    shown = "".join(text[part.start : part.end] if part.instead is None else part.instead for part in parts)
    stretches = [
        Stretch(text, part.start, min(part.end, PLACE_MAX), event_id=event_id)
        for part in parts
        if part.instead is None and part.start < PLACE_MAX
    ]
    return Entry(
        head=head,
        body=_BLANK_LINES.sub("\n", visible(shown)).strip(),
        stretches=tuple(stretches),
        event_id=event_id,
        text=text,
        parts=tuple(parts),
    )


# -- parts ------------------------------------------------------------------------------------


def _parts(text: str, left_out: Sequence[Span], secrets: Sequence[tuple[int, int, str]]) -> Iterator[_Part]:
    """The text from its first to its last code point, each in one part."""
    hidden = sorted([*((start, end, "\n") for start, end in left_out), *secrets])
    at = 0
    for start, end, instead in hidden:
        start, end = max(start, at), min(end, len(text))
        if start >= end:
            continue
        if at < start:
            yield _Part(at, start)
        yield _Part(start, end, instead)
        at = end
    if at < len(text):
        yield _Part(at, len(text))


def _secrets(text: str, redactor: Redactor) -> list[tuple[int, int, str]]:
    """Where secrets stand that capture had no chance to take out; taking out one may show another."""
    if not redactor.on:
        return []
    found: list[tuple[int, int, str]] = []
    hidden = text
    for _ in range(_PASSES_MAX):
        new = redactor.find(hidden)
        # A mark of its own length in a secret's place keeps every code point where it is.
        for secret in new:
            found.append((secret.start, secret.end, f"{MARK}{secret.kind}]"))
            hidden = hidden[: secret.start] + " " * (secret.end - secret.start) + hidden[secret.end :]
        if not new:
            break
    return found


def _holds_secret(text: str, redactor: Redactor) -> bool:
    return redactor.on and bool(redactor.find(text))


def _clipped(part: _Part, start: int, end: int) -> _Part:
    """What of the part lies within; what is shown in its place stays whole."""
    return _Part(max(part.start, start), min(part.end, end), part.instead)


def _cut(text: str, parts: Sequence[_Part], head: int, tail: int) -> Span:
    """What to cut out for *head* code points before and *tail* behind it to be shown, at white space if near."""
    start = _counted(parts, head)
    end = len(text) - _counted([_Part(-p.end, -p.start, p.instead) for p in reversed(parts)], tail, -len(text))
    back = next((at for at in range(start, max(start - _SNAP, 0), -1) if text[at - 1].isspace()), start)
    on = next((at for at in range(end, min(end + _SNAP, len(text))) if text[at].isspace()), end)
    return back, on


def _counted(parts: Sequence[_Part], count: int, origin: int = 0) -> int:
    """How far from *origin* one must read for *count* code points to be shown."""
    for part in parts:
        if part.instead is not None:
            continue
        size = part.end - part.start
        if count <= size:
            return part.start + count - origin
        count -= size
    return (parts[-1].end - origin) if parts else 0
