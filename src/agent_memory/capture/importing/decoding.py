"""Bytes of a history → its records: lines of JSON, or one JSON document.

A line is a record; several objects on one line are several records of that line. A document that is an array is
one record per element, taken out of the stream one at a time, so that an export of any size is read within the
memory of its longest conversation. Any other document is one record.

What is no UTF-8 is replaced, not refused; blank lines, and the NULs that a crash leaves behind, are skipped.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from typing import Any, BinaryIO

import msgspec

from agent_memory.capture.histories import Record
from agent_memory.capture.model import Outcome, Told

LINE_BYTES_MAX = 256 << 20
ELEMENT_CHARACTERS_MAX = 512 << 20

_CHUNK_BYTES = 1 << 20
_BLANK = b" \t\r\n\v\f\0"
_SPACE = " \t\r\n,"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

_scanner = json.JSONDecoder()


class Lines:
    """Reads a file of JSON lines that may still be growing.

    ``consumed`` is the place of the first byte that belongs to no complete line yet, and ``line`` the number of
    the last complete one: so reading can go on there when the file has grown.
    """

    def __init__(self, *, line_bytes_max: int = LINE_BYTES_MAX) -> None:
        self.consumed = 0
        self.line = 0
        self.rest = b""
        """What stands behind the last line break; a line to be, or the last one."""
        self._line_bytes_max = line_bytes_max

    def read(self, file: BinaryIO) -> Iterator[Record | Told]:
        """The records of all complete lines from ``consumed`` on; *file* stands there."""
        while raw := file.readline(self._line_bytes_max + 1):
            size = len(raw)
            if not raw.endswith(b"\n") and size > self._line_bytes_max:
                ended, skipped = self._skip_line(file)
                size += skipped
                if not ended:
                    self.rest = b""
                    return
                raw = b""
            elif not raw.endswith(b"\n"):
                self.rest = raw
                return
            self.consumed += size
            self.line += 1
            if not raw:
                yield Record(line=self.line, problem=f"is longer than {self._line_bytes_max:,} bytes", size=size)
            else:
                yield from _decoded_line(self.line, raw)
        self.rest = b""

    def last(self) -> Iterator[Record | Told]:
        """The record of what stands behind the last line break, as if the file ended there."""
        if self.rest.strip(_BLANK):
            yield from _decoded_line(self.line + 1, self.rest, unfinished=True)

    def _skip_line(self, file: BinaryIO) -> tuple[bool, int]:
        """Whether a line that is too long has an end, and the bytes of it that were left out."""
        skipped = 0
        while raw := file.readline(_CHUNK_BYTES):
            skipped += len(raw)
            if raw.endswith(b"\n"):
                return True, skipped
        return False, skipped


def document_records(file: BinaryIO, *, characters_max: int = ELEMENT_CHARACTERS_MAX) -> Iterator[Record]:
    """The elements of the array that *file* holds, or the one other value."""
    return _Document(file, characters_max).records()


def _decoded_line(line: int, raw: bytes, *, unfinished: bool = False) -> Iterator[Record | Told]:
    size = len(raw)
    if line == 1:
        if raw.startswith(_UTF16):
            yield Record(line=1, problem="is UTF-16; convert the file to UTF-8", size=size)
            return
        raw = raw.removeprefix(codecs.BOM_UTF8)
    raw = raw.strip(_BLANK)
    if not raw:
        yield Told(line=line, outcome=Outcome.SKIPPED, reason="blank line")
        return
    try:
        yield _object(line, msgspec.json.decode(raw), size)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        yield from _decoded_leniently(line, raw, size, unfinished=unfinished)


def _decoded_leniently(line: int, raw: bytes, size: int, *, unfinished: bool) -> Iterator[Record]:
    """By the standard library, which takes lone surrogates, and value by value."""
    text = raw.decode("utf-8", "replace")
    at = 0
    while at < len(text):
        try:
            value, end = _scanner.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            problem = _problem(error)
            if unfinished:
                problem = f"is unfinished: the file ends within it ({problem})"
            yield Record(line=line, problem=problem, size=size)
            return
        yield _object(line, value, size)
        size = 0
        at = end
        while at < len(text) and text[at] in _SPACE:
            at += 1


def _object(line: int, value: Any, size: int) -> Record:
    if isinstance(value, dict):
        return Record(line=line, value=value, size=size)
    return Record(line=line, problem=f"is no JSON object but {_sort(value)}", size=size)


def _sort(value: Any) -> str:
    sorts = {list: "an array", str: "a text", bool: "true or false", type(None): "null"}
    return sorts.get(type(value), "a number")


def _problem(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"is not JSON: {error.msg} (character {error.pos + 1})"
    if isinstance(error, RecursionError):
        return "is nested too deeply"
    return f"is not JSON: {error}"


class _Document:
    """A JSON text in pieces: what is needed of it is in ``_text`` from ``_at`` on."""

    def __init__(self, file: BinaryIO, characters_max: int) -> None:
        self._file = file
        self._characters_max = characters_max
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
        self._text = ""
        self._at = 0
        self._size = 0
        self._ended = False

    def records(self) -> Iterator[Record]:
        self._more()
        if self._text.startswith("\ufffd\ufffd"):
            yield Record(line=1, problem="is no UTF-8 text", size=self._taken())
            return
        self._skip_space()
        if self._ended and self._at >= len(self._text):
            yield Record(line=1, problem="is empty", size=self._taken())
        elif not self._text.startswith("[", self._at):
            yield self._next(1)[0]
        else:
            self._at += 1
            yield from self._elements()

    def _elements(self) -> Iterator[Record]:
        number = 0
        while True:
            self._skip_space()
            if self._text.startswith("]", self._at):
                return
            number += 1
            record, broken = self._next(number)
            yield record
            if broken:
                return

    def _next(self, number: int) -> tuple[Record, bool]:
        """The value that begins here, and whether the document cannot be read any further."""
        while True:
            try:
                value, self._at = _scanner.raw_decode(self._text, self._at)
            except (ValueError, RecursionError) as error:
                # It may be that only its end is missing yet.
                if not self._ended and len(self._text) - self._at < self._characters_max:
                    self._more()
                    continue
                problem = _problem(error)
                if self._ended:
                    problem = f"cannot be read, nor what follows it: {problem}"
                else:
                    problem = f"is longer than {self._characters_max:,} characters"
                return Record(line=number, problem=problem, size=self._taken()), True
            return _object(number, value, self._taken()), False

    def _skip_space(self) -> None:
        while True:
            while self._at < len(self._text) and self._text[self._at] in _SPACE:
                self._at += 1
            if self._at < len(self._text) or self._ended:
                return
            self._more()

    def _more(self) -> None:
        """Twice what is held, so that a long element is tried a few times only."""
        kept = self._text[self._at :]
        raw = self._file.read(max(_CHUNK_BYTES, 2 * len(kept)))
        self._ended = not raw
        self._size += len(raw)
        self._text = kept + self._decoder.decode(raw, final=not raw)
        self._at = 0

    def _taken(self) -> int:
        """The bytes read since this was asked last."""
        size, self._size = self._size, 0
        return size
