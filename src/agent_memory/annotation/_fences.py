"""Fenced blocks of code in a text: what stands in one is shown, not meant."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence

import msgspec

_FENCE = re.compile(r"^[ \t]*(`{3,}(?![^\n]*`)|~{3,})([^\n]*)$", re.MULTILINE)


class Fence(msgspec.Struct, frozen=True, gc=False):
    """A line that may open a block of code, for a later one closes it, or close one, for it is bare."""

    start: int
    end: int
    mark: str
    bare: bool
    opens: bool

    def closes(self, other: Fence) -> bool:
        return self.bare and self.mark.startswith(other.mark)


def fence_lines(text: str) -> list[Fence]:
    """The fences of the text in order. One that nothing closes is none."""
    if "```" not in text and "~~~" not in text:
        return []
    # From the end, with the longest bare line of each sort that is still to come.
    longest = {"`": "", "~": ""}
    fences = []
    for found in reversed(list(_FENCE.finditer(text))):
        mark, bare = found[1], not found[2].strip()
        opens = longest[mark[0]].startswith(mark)
        if opens or bare:
            fences.append(Fence(found.start(1), found.end(), mark, bare, opens))
        if bare:
            longest[mark[0]] = max(longest[mark[0]], mark)
    fences.reverse()
    return fences


def fenced(text: str) -> list[int]:
    """Where blocks of code begin and end, in turns."""
    edges: list[int] = []
    opened: Fence | None = None
    for fence in fence_lines(text):
        if opened is not None:
            if fence.closes(opened):
                opened = None
                edges.append(fence.end)
        elif fence.opens:
            opened = fence
            edges.append(fence.start)
    return edges


def within(edges: Sequence[int], at: int) -> bool:
    return bisect_left(edges, at) % 2 == 1
