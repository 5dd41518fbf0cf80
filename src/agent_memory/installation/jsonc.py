"""JSON with comments, read with the place of everything in its text. Pure functions.

For editing a file that belongs to somebody else: the text stays as it is, and an edit touches only
what it adds or takes out (`edits.py`). Comments (``//``, ``/* */``), commas behind the last item and a
repeated key are taken as JavaScript's readers take them. No kept library of a licence that suits ours
edits in place; those that keep comments print the whole document anew.
"""

from __future__ import annotations

import functools
import json
import re
from typing import Any, NoReturn

import msgspec

from agent_memory.errors import Invalid

# Settings that people write are flat; a deeper text is no settings file.
_DEPTH_MAX = 200

_SPACE = re.compile(r"[ \t\r\n]*")
_LINE_COMMENT = re.compile(r"//[^\r\n]*")
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
_SCALAR = re.compile(r"[-+.0-9A-Za-z]+")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?", re.ASCII)
_WORDS = {"true": True, "false": False, "null": None}


class InvalidSettings(Invalid):
    """A settings file that cannot be edited, because it is not what its agent expects. It was left alone."""

    hint = "Mend the file by hand and run the command again; nothing in it was changed."

    @property
    def details(self) -> dict[str, str]:
        """The field is the file."""
        return {"file": self.field, "problem": self.problem}


class Node(msgspec.Struct, frozen=True):
    """A value, and the text ``[start, end)`` that it stands in."""

    start: int
    end: int


class Scalar(Node, frozen=True):
    """A string, number, true, false or null."""

    value: Any


class Item(msgspec.Struct, frozen=True):
    """A member of an object or an item of an array, from its key to its value.

    ``comma`` is where the comma behind it stands, -1 without one; ``key`` is empty in an array.
    """

    start: int
    node: Node
    key: str = ""
    comma: int = -1

    @property
    def end(self) -> int:
        return self.node.end


class Container(Node, frozen=True):
    """An object or an array."""

    items: tuple[Item, ...]
    is_object: bool

    def get(self, key: str) -> Node | None:
        """The value of *key*; of a repeated one the last, as readers have it."""
        return next((item.node for item in reversed(self.items) if item.key == key), None)


class Document(msgspec.Struct, frozen=True):
    """A whole text; ``comments`` are the places of its comments, in order."""

    text: str
    root: Node
    comments: tuple[tuple[int, int], ...]

    @property
    def is_strict(self) -> bool:
        """Whether plain JSON readers take it: no comment, no comma behind the last item."""
        return not self.comments and not _has_trailing_comma(self.root)


def parse(text: str, *, name: str = "the text") -> Document:
    """The document that *text* is. Errors: `InvalidSettings`, with line and column, called by *name*."""
    try:
        return _document(text)
    except _Problem as problem:
        found = text[problem.at : problem.at + 40]
        raise InvalidSettings(name, found, f"{place(text, problem.at)}: {problem}") from None


# An edit reads the text that the edit before it made.
@functools.lru_cache(maxsize=4)
def _document(text: str) -> Document:
    return _Reader(text).document()


def plain(node: Node) -> Any:
    """The value as Python has it."""
    if isinstance(node, Container):
        if node.is_object:
            return {item.key: plain(item.node) for item in node.items}
        return [plain(item.node) for item in node.items]
    assert isinstance(node, Scalar)
    return node.value


def place(text: str, at: int) -> str:
    """`line 3, column 7`."""
    line_start = text.rfind("\n", 0, at) + 1
    return f"line {text.count(chr(10), 0, at) + 1}, column {at - line_start + 1}"


def _has_trailing_comma(node: Node) -> bool:
    if not isinstance(node, Container) or not node.items:
        return False
    return node.items[-1].comma >= 0 or any(_has_trailing_comma(item.node) for item in node.items)


class _Problem(Exception):
    """Why a text is no document, and where that shows."""

    def __init__(self, at: int, problem: str) -> None:
        super().__init__(problem)
        self.at = at


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0
        self._comments: list[tuple[int, int]] = []

    def document(self) -> Document:
        self._skip()
        root = self._value()
        self._skip()
        if self._at < len(self._text):
            self._fail("something stands behind the end of the document")
        return Document(self._text, root, tuple(self._comments))

    def _value(self) -> Node:
        start = self._at
        if self._at >= len(self._text):
            self._fail("the text ends where a value is expected")
        sign = self._text[start]
        if sign in "{[":
            return self._container(is_object=sign == "{")
        if sign == '"':
            return Scalar(start, start + len(self._quoted()), json.loads(self._text[start : self._at], strict=False))
        found = _SCALAR.match(self._text, start)
        word = found.group() if found else ""
        if word in _WORDS:
            self._at += len(word)
            return Scalar(start, self._at, _WORDS[word])
        if not _NUMBER.fullmatch(word):
            self._fail("a value is expected")
        self._at += len(word)
        return Scalar(start, self._at, self._number(word))

    def _number(self, word: str) -> int | float:
        try:
            number: int | float = json.loads(word)
        except ValueError:
            self._fail("the number is too long")
        return number

    def _quoted(self) -> str:
        found = _STRING.match(self._text, self._at)
        if found is None:
            self._fail("the text in quotes has no end on its line")
        quoted = found.group()
        try:
            json.loads(quoted)
        except ValueError:
            self._fail("the text in quotes holds an unknown escape")
        self._at += len(quoted)
        return quoted

    def _container(self, *, is_object: bool) -> Container:
        start, closing = self._at, "}" if is_object else "]"
        self._depth += 1
        if self._depth > _DEPTH_MAX:
            self._fail("it is nested too deeply")
        self._at += 1
        items: list[Item] = []
        self._skip()
        while not self._sees(closing):
            items.append(self._item(is_object=is_object, closing=closing))
        self._at += 1
        self._depth -= 1
        return Container(start, self._at, tuple(items), is_object)

    def _item(self, *, is_object: bool, closing: str) -> Item:
        start, key = self._at, ""
        if is_object:
            if not self._sees('"'):
                self._fail("a key in double quotes is expected")
            key = json.loads(self._quoted())
            self._skip()
            if not self._sees(":"):
                self._fail("a colon is expected behind the key")
            self._at += 1
            self._skip()
        node = self._value()
        self._skip()
        comma = -1
        if self._sees(","):
            comma = self._at
            self._at += 1
            self._skip()
        elif not self._sees(closing):
            self._fail(f"a comma or {closing} is expected")
        return Item(start, node, key, comma)

    def _sees(self, sign: str) -> bool:
        return self._text.startswith(sign, self._at)

    def _skip(self) -> None:
        """Past white space and comments."""
        while True:
            found = _SPACE.match(self._text, self._at)
            assert found is not None
            self._at = found.end()
            if self._sees("//"):
                comment = _LINE_COMMENT.match(self._text, self._at)
                assert comment is not None
                end = comment.end()
            elif self._sees("/*"):
                end = self._text.find("*/", self._at + 2) + 2
                if end < 2:
                    self._fail("the comment has no end")
            else:
                return
            self._comments.append((self._at, end))
            self._at = end

    def _fail(self, problem: str) -> NoReturn:
        raise _Problem(self._at, problem)
