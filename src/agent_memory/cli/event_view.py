"""An event on a terminal."""

from __future__ import annotations

from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from agent_memory.annotation.scaffolding import MARKUP, scaffolding_of
from agent_memory.annotation.types import in_order, types_of
from agent_memory.cli.terminal import stored
from agent_memory.cli.times import Zone
from agent_memory.events import Event, Recorded

_BORDERS = {"user": "cyan", "assistant": "green", "tool": "yellow", "system": "bright_black"}
EXCERPT_STYLE = "bold black on yellow"


def event_panel(
    recorded: Recorded,
    zone: Zone,
    *,
    excerpt: tuple[int, int] | None = None,
    lines_max: int | None = None,
    with_id: bool = True,
) -> Panel:
    """Who said it and when in the border, the words inside, the excerpt set off."""
    event = recorded.event
    style = _BORDERS[event.role.value]
    title = Text.assemble(
        stored(event.speaker or event.role.value, f"bold {style}"),
        (f"  {event.kind.value.replace('_', ' ')}", "dim"),
    )
    if event.tool_name:
        title.append_text(stored(f"  {event.tool_name}", "bold", one_line=False))
    subtitle = Text.assemble((zone.full(event.time_ms), "dim"))
    if with_id:
        subtitle.append(f"  {event.id}", "dim green")
    return Panel(
        _body(event, excerpt, lines_max),
        title=title,
        title_align="left",
        subtitle=subtitle,
        subtitle_align="right",
        border_style=style if excerpt else f"dim {style}",
        padding=(0, 1),
    )


def _body(event: Event, excerpt: tuple[int, int] | None, lines_max: int | None) -> Text:
    text = event.text
    if not text:
        return Text("(no text)", "dim")
    start, _ = excerpt or (0, 0)
    body = _words(event, excerpt)
    lines = body.split("\n", allow_blank=True)
    if lines_max is None or len(lines) <= lines_max:
        return body
    # The lines around the excerpt, or the first ones.
    at = text[:start].count("\n") if excerpt else 0
    first = max(0, min(at - lines_max // 3, len(lines) - lines_max))
    shown = Text("\n").join(lines[first : first + lines_max])
    before, after = first, len(lines) - first - lines_max
    return Text("\n").join(
        [
            *([Text(f"… {before:,} lines before", "dim")] if before else []),
            shown,
            *([Text(f"… {after:,} lines more", "dim")] if after else []),
        ]
    )


def _words(event: Event, excerpt: tuple[int, int] | None) -> Text:
    """The text, its excerpt set off, what nobody said dimmed and named."""
    text = event.text
    parts = [(span.start, span.end, "dim", span.what) for span in scaffolding_of(event)]
    if excerpt:
        start, end = excerpt
        parts = [part for part in parts if part[1] <= start or end <= part[0]]
        parts.append((start, end, EXCERPT_STYLE, ""))
    words, at = Text(), 0
    for start, end, style, what in sorted(parts):
        words.append_text(stored(text[at:start], one_line=False))
        # A tag that stands alone says itself what it is.
        if what and what != MARKUP:
            words.append(f"‹{what}› ", "dim italic")
        words.append_text(stored(text[start:end], style, one_line=False))
        at = end
    words.append_text(stored(text[at:], one_line=False))
    return words


def fields_of(recorded: Recorded, zone: Zone) -> Table:
    """Everything about an event but its text."""
    event = recorded.event
    rows = [
        ("id", event.id),
        ("position", f"{recorded.position:,}"),
        ("time", f"{zone.full(event.time_ms)} {zone.name}"),
        ("session", event.session),
        ("agent", event.agent),
        ("project", event.project),
        ("tool", " ".join(filter(None, (event.tool_name, event.tool_call_id)))),
        ("source", " ".join(filter(None, (event.source, event.source_id)))),
        ("types", ", ".join(type.value for type in in_order(types_of(event)))),
        *((key, value) for key, value in sorted(event.metadata.items())),
    ]
    return field_table(rows)


def field_table(rows: list[tuple[str, str]]) -> Table:
    """Names and values, the empty ones left out."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(ratio=1)
    for name, value in rows:
        if value:
            table.add_row(stored(name), stored(value))
    return table
