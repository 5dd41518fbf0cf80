"""What the commands print with: a console that is gentle to pipes, stored text that stays text."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, TextIO

from rich.console import Console
from rich.text import Text

from agent_memory.cli.safe import safe

# Without a terminal there is no width to fit; wide lines suit grep and editors.
_PIPE_WIDTH = 120


def make_console(*, stderr: bool = False) -> Console:
    """A console that never takes text for markup, numbers for something to colour, or `:x:` for emoji."""
    stream = sys.stderr if stderr else sys.stdout
    with suppress(AttributeError, OSError):
        # An old locale must not stop an answer.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    console = Console(stderr=stderr, markup=False, highlight=False, emoji=False)
    if not console.is_terminal:
        console.file = _Unpadded(stream)  # type: ignore[assignment]  # of a stream, what a console asks for
        if "COLUMNS" not in os.environ:
            console.width = _PIPE_WIDTH
    return console


class _Unpadded:
    """A stream without the spaces that fill the lines of a table up to the width."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        return self._stream.write("\n".join(line.rstrip(" ") for line in text.split("\n")[:-1]) + _last(text))


def _last(text: str) -> str:
    """What stands behind the last line end, that included: its line may go on."""
    at = text.rfind("\n")
    return text[max(at, 0) :]


def stored(text: str, style: str = "", *, one_line: bool = True) -> Text:
    """Text of a conversation, harmless."""
    return Text(safe(text, one_line=one_line), style=style)


def marked(text: str, spans: Iterable[tuple[int, int]], style: str, *, one_line: bool = True) -> Text:
    """Text of a conversation with code points ``[start, end)`` set off.

    The pieces are made harmless one by one, because that changes their lengths.
    """
    whole, at = Text(), 0
    for start, end in sorted(spans):
        if start >= at:
            whole.append(_piece(text[at:start], one_line))
            whole.append(_piece(text[start:end], one_line), style)
            at = end
    whole.append(_piece(text[at:], one_line))
    return whole


def _piece(text: str, one_line: bool) -> str:
    plain = safe(text)
    if not one_line:
        return plain
    lead = " " if plain[:1].isspace() else ""
    trail = " " if plain[-1:].isspace() and plain.strip() else ""
    return lead + " ".join(plain.split()) + trail


def counted(count: int, noun: str) -> str:
    """`1 event`, `1,234 events`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
