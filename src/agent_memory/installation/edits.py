"""Edits of a JSON text that touch only what they add or take out. Pure functions of text.

What is added follows the file's own ways: its indentation, its line ends, one line where all of it is
on one. `take_out` is the inverse of `add`: of a text to which a member or an item was added at the end
it makes the text that was there before, comments and blanks included.
"""

from __future__ import annotations

import json
import re
from typing import Any

from agent_memory.installation.jsonc import Container, Document, Item, Node, parse

_INDENT = re.compile(r"[ \t]*")
_DEFAULT_UNIT = "  "


Path = tuple[str | int, ...]


def add(text: str, path: Path, value: Any, *, key: str | None = None) -> str:
    """*text* with *value* at the end of the container at *path*, under *key* in an object.

    The containers of *path* are there.
    """
    document = parse(text)
    container = container_at(document, path)
    assert container is not None
    assert container.is_object == (key is not None)
    style = _Style(document)
    last = container.items[-1] if container.items else None
    behind_last = container.start + 1 if last is None else max(last.end, last.comma + 1)
    at = _after_comments(document, behind_last, container.end)
    # Behind a comment, which may end with its line, a line begins.
    on_one_line = at == behind_last and (_on_one_line(text, container) if last else style.compact)
    outer = _line_indent(text, container.start)
    has_lines = last is not None and not _on_one_line(text, container)
    inner = _line_indent(text, container.items[0].start) if has_lines else outer + style.unit
    shown = ("" if key is None else json.dumps(key, ensure_ascii=False) + style.colon) + (
        style.on_one_line(value) if on_one_line else style.on_lines(value, inner)
    )
    if on_one_line:
        lead, tail = (style.gap if last else ""), ""
    else:
        lead, tail = style.line_end + inner, style.line_end + outer
    if last is None:
        return text[:at] + lead + shown + tail + text[container.end - 1 :]
    if last.comma >= 0:
        return text[:at] + lead + shown + "," + text[at:]
    return text[: last.end] + "," + text[last.end : at] + lead + shown + text[at:]


def replace(text: str, path: Path, value: Any) -> str:
    """*text* with *value* in place of what stands at *path*."""
    document = parse(text)
    item = _item_at(document, path)
    style = _Style(document)
    if style.compact and "\n" not in text[item.node.start : item.node.end]:
        shown = style.on_one_line(value)
    else:
        shown = style.on_lines(value, _line_indent(text, item.start))
    return text[: item.node.start] + shown + text[item.node.end :]


def take_out(text: str, path: Path) -> str:
    """*text* without what stands at *path*. Comments around it stay."""
    document = parse(text)
    container = container_at(document, path[:-1])
    item = _item_at(document, path)
    assert container is not None
    index = container.items.index(item)
    if index + 1 < len(container.items):
        following = container.items[index + 1].start
        keep = next((start for start, _ in document.comments if item.comma < start < following), following)
        return text[: item.start] + text[keep:]
    end = max(item.end, item.comma + 1)
    if index == 0:
        begin = _after_comments(document, container.start + 1, item.start)
        closing = container.end - 1
        # A comment, which may end with its line, keeps what stands before the closing sign apart from it.
        has_comments = begin > container.start + 1 or bool(text[end:closing].strip())
        return _joined(document, begin, end if has_comments else closing)
    before = container.items[index - 1]
    begin = _after_comments(document, before.comma + 1, item.start)
    shorter = _joined(document, begin, end)
    return shorter if item.comma >= 0 else shorter[: before.comma] + shorter[before.comma + 1 :]


def _joined(document: Document, begin: int, end: int) -> str:
    """The text without ``[begin, end)``. A comment before that, if it runs to the end of its line, keeps that end."""
    text = document.text
    is_behind_comment = any(at == begin and text.startswith("//", start) for start, at in document.comments)
    has_line_end = text[end:].lstrip(" \t")[:1] in ("\r", "\n")
    return text[:begin] + ("\n" if is_behind_comment and not has_line_end else "") + text[end:]


def container_at(document: Document, path: Path) -> Container | None:
    """The object or array that *path* leads to; None where it leads to none."""
    node: Node | None = document.root
    for step in path:
        if not isinstance(node, Container):
            return None
        if isinstance(step, str):
            node = node.get(step) if node.is_object else None
        else:
            node = node.items[step].node if not node.is_object and step < len(node.items) else None
    return node if isinstance(node, Container) else None


def _item_at(document: Document, path: Path) -> Item:
    container = container_at(document, path[:-1])
    assert container is not None
    step = path[-1]
    if isinstance(step, int):
        return container.items[step]
    return next(item for item in reversed(container.items) if item.key == step)


class _Style:
    """The ways of a file."""

    def __init__(self, document: Document) -> None:
        text, root = document.text, document.root
        self.line_end = "\r\n" if "\r\n" in text else "\n"
        self.unit = _unit(text, root)
        has_items = isinstance(root, Container) and bool(root.items)
        self.compact = has_items and isinstance(root, Container) and _on_one_line(text, root)
        bare = self.compact and '": ' not in text
        self.colon = ":" if bare else ": "
        self.gap = "" if bare else " "

    def on_one_line(self, value: Any) -> str:
        return json.dumps(value, ensure_ascii=False, separators=("," + self.gap, self.colon))

    def on_lines(self, value: Any, indent: str) -> str:
        lines = json.dumps(value, ensure_ascii=False, indent=self.unit).split("\n")
        return (self.line_end + indent).join(lines)


def _unit(text: str, root: Any) -> str:
    """How far one level stands from the next."""
    if isinstance(root, Container) and root.items and not _on_one_line(text, root):
        return _line_indent(text, root.items[0].start).removeprefix(_line_indent(text, root.start)) or _DEFAULT_UNIT
    return _DEFAULT_UNIT


def _on_one_line(text: str, container: Container) -> bool:
    return "\n" not in text[container.start : container.items[0].start]


def _line_indent(text: str, at: int) -> str:
    found = _INDENT.match(text, text.rfind("\n", 0, at) + 1)
    return found.group() if found else ""


def _after_comments(document: Document, begin: int, until: int) -> int:
    """Behind the last comment that lies in ``[begin, until)``, else *begin*."""
    return max((end for start, end in document.comments if begin <= start < until), default=begin)
