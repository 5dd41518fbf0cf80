"""What a history begins with a copy of: as its own history told it, so that it is told of that one once more."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from agent_memory.capture.histories import Record
from agent_memory.capture.histories.port import words_of
from agent_memory.capture.importing.decoding import Lines
from agent_memory.capture.importing.formats import Form, History, copied_from, new_reader, opened
from agent_memory.capture.importing.port import Redact
from agent_memory.capture.model import Captured

_DEPTH_MAX = 32


def told_earlier(history: History, *, redact: Redact, depth: int = 0) -> tuple[Captured, ...]:
    """What the history that this one was copied from tells, for `Place.earlier`; nothing if it is not there."""
    if history.form is not Form.LINES or depth == _DEPTH_MAX:
        return ()
    try:
        original = copied_from(history)
        return tuple(_told(original, redact, depth)) if original else ()
    except OSError:
        return ()


def _told(history: History, redact: Redact, depth: int) -> Iterator[Captured]:
    modified_ms = history.path.stat().st_mtime_ns // 1_000_000
    earlier = told_earlier(history, redact=redact, depth=depth + 1)
    reader = new_reader(history, modified_ms=modified_ms, earlier=earlier)
    lines = Lines()
    with opened(history) as file:
        for record in lines.read(file):
            if isinstance(record, Record) and not record.problem:
                value, _ = redact(record.value)
                for told in reader.read(record.line, value):
                    yield from map(_remembered, told.captured)
    for told in reader.end():
        yield from map(_remembered, told.captured)


def _remembered(captured: Captured) -> Captured:
    return msgspec.structs.replace(captured, text=words_of(captured.text))
