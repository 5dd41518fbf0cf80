"""An event in one line, for agents that read many and then ask for few."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from agent_memory.annotation.scaffolding import said_parts, scaffolding_of
from agent_memory.cli.safe import safe
from agent_memory.cli.times import Zone
from agent_memory.events import Event, Recorded

if TYPE_CHECKING:
    from rich.console import Console

LINE_CHARACTERS = 120
"""Of what was said. With id, time and speaker: 53 tokens (o200k_base) on average, over 100 hits of the samples."""

_LEAD_CHARACTERS = 40
_SEEN_CHARACTERS = 4 * LINE_CHARACTERS
_CUT = "…"


def print_line(console: Console, recorded: Recorded, zone: Zone, text: str, *, around: int = 0, note: str = "") -> None:
    """Print id, local time, who and the words of *text* around code point *around*, on one line however wide."""
    event = recorded.event
    who = " ".join(filter(None, (event.speaker or event.role.value, event.tool_name)))
    line = Text.assemble(
        (event.id, "green"),
        (f" {zone.date(event.time_ms)} {zone.clock(event.time_ms)} ", "cyan"),
        (safe(who, one_line=True), "bold"),
        (f" [{note}]" if note else "", "magenta"),
        ": ",
        cut(text, around=around),
    )
    console.print(line, soft_wrap=True)


def opening_words(event: Event) -> str:
    """The first of what was said; of an event in which nothing was, what stands there instead."""
    said = [event.text[part.start : min(part.end, part.start + _SEEN_CHARACTERS + 1)] for part in said_parts(event)]
    if any(part.strip() for part in said):
        return " ".join(said)
    whats = dict.fromkeys(span.what for span in scaffolding_of(event))
    return f"({', '.join(whats)})" if whats else event.text


def cut(text: str, *, around: int = 0, most: int = LINE_CHARACTERS) -> str:
    """At most about *most* characters of *text*, harmless and in one line; code point *around* is among them."""
    # What is far away is not looked at: a text may have millions of characters.
    start = 0 if around < most - _LEAD_CHARACTERS else around - _LEAD_CHARACTERS
    if start:
        space = text.find(" ", start, around)
        start = space + 1 if space >= 0 else start
    line = safe(text[start : start + _SEEN_CHARACTERS], one_line=True)
    more = len(text) > start + _SEEN_CHARACTERS
    if len(line) > most:
        space = line.rfind(" ", most // 2, most)
        line, more = line[: space if space > 0 else most], True
    return f"{_CUT if start else ''}{line}{_CUT if more else ''}"
