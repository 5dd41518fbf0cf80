"""A table of figures, for a terminal and for the docs."""

from __future__ import annotations

import msgspec
from rich.markup import escape
from rich.table import Table


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Headings and rows; the first ``words`` columns are words, the others numbers."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: int = 1
    below: str = ""


def for_terminal(figures: Figures) -> Table:
    found = Table(title=figures.title, title_justify="left", caption=figures.below or None, caption_justify="left")
    # Words may break into lines, but a name that stands alone before its figures may not.
    breaking = figures.words if figures.words > 1 else 0
    for place, heading in enumerate(figures.headings):
        found.add_column(heading, justify="left" if place < figures.words else "right", no_wrap=place >= breaking)
    for row in figures.rows:
        found.add_row(*map(escape, row))
    return found


def for_docs(figures: Figures) -> str:
    """The table in Markdown, without its title."""
    rule = ["---" if place < figures.words else "---:" for place in range(len(figures.headings))]
    lines = [_line(figures.headings), _line(rule), *(_line([_plain(cell) for cell in row]) for row in figures.rows)]
    return "\n".join([*lines, *(["", figures.below] if figures.below else [])]) + "\n"


def _line(cells: tuple[str, ...] | list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _plain(cell: str) -> str:
    return cell.replace("|", "\\|").replace("<", "&lt;")
