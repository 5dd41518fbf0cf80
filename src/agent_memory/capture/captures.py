"""How things that were said and done become `Captured`, the same from a hook and from a history.

Where an agent's hooks do not know the id of a tool's call, although its history does, neither uses it
as a key: call and result are then told apart by their words, as what is said is, and know each other by
an id that is made of the call, `<tool>:<digest>`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from agent_memory.capture.model import Captured
from agent_memory.capture.rendering import details, error_text, tool_call_text, tool_output_text, within_limit
from agent_memory.events import Kind

_NOTHING: Mapping[str, Any] = {}


class Setting(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Where and when something happened. ``known`` and ``unknown`` become metadata (see `details`)."""

    session: str
    time_ms: int | None = None
    folder: str = ""
    speaker: str = ""
    known: Mapping[str, Any] = _NOTHING
    unknown: Mapping[str, Any] = _NOTHING

    def at(self, time_ms: int | None) -> Setting:
        """The same at another time, if that is known."""
        return self if time_ms is None else msgspec.structs.replace(self, time_ms=time_ms)

    def before(self, ms: Any = None) -> Setting:
        """The same *ms* earlier, or as little as tells what was first; for what is told of when it is over."""
        if self.time_ms is None:
            return self
        earlier = ms if isinstance(ms, int | float) and not isinstance(ms, bool) and 1 <= ms <= self.time_ms else 1
        return msgspec.structs.replace(self, time_ms=self.time_ms - int(earlier))

    def with_known(self, **known: Any) -> Setting:
        """The same with more in the metadata."""
        return msgspec.structs.replace(self, known={**self.known, **known})


def words(kind: Kind, text: str, setting: Setting, *, key: str = "", delivery: str = "") -> list[Captured]:
    """What was said; nothing where the text is blank."""
    if not text.strip():
        return []
    return [_captured(kind, text, setting, key=key, delivery=delivery)]


def mark(kind: Kind, setting: Setting, *, text: str = "", key: str = "", delivery: str = "") -> Captured:
    """Something that says enough by having happened, such as the start of a session."""
    return _captured(kind, text, setting, key=key, delivery=delivery)


def call(
    name: str, given: Any, setting: Setting, *, call_id: str = "", key: str = "", delivery: str = ""
) -> list[Captured]:
    """A tool's call, by its own id or one that is made of it; nothing where not even the tool has a name."""
    text = tool_call_text(name, given)
    if not text.strip():
        return []
    call_id = call_id or made_id(name, given)
    return [_captured(Kind.TOOL_CALL, text, setting, key=key, delivery=delivery, tool=name, call_id=call_id)]


def result(name: str, output: Any, setting: Setting, *, call_id: str, key: str = "", delivery: str = "") -> Captured:
    """What a tool gave back, if it is only that it was done."""
    text = tool_output_text(output)
    return _captured(Kind.TOOL_RESULT, text, setting, key=key, delivery=delivery, tool=name, call_id=call_id)


def failure(name: str, error: Any, setting: Setting, *, call_id: str, key: str = "", delivery: str = "") -> Captured:
    """What a tool's failure said."""
    setting = setting.with_known(failed=True)
    text = error_text(error)
    return _captured(Kind.TOOL_RESULT, text, setting, key=key, delivery=delivery, tool=name, call_id=call_id)


def made_id(name: str, given: Any) -> str:
    """An id of a tool's call that has none: the same for the same tool with the same input."""
    text = " ".join(tool_call_text(name, given).split())
    return f"{name}:{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


def _captured(
    kind: Kind, text: str, setting: Setting, *, key: str, delivery: str, tool: str = "", call_id: str = ""
) -> Captured:
    kept, size = within_limit(text)
    return Captured(
        kind=kind,
        session=setting.session,
        text=kept,
        time_ms=setting.time_ms,
        folder=setting.folder,
        speaker=setting.speaker,
        tool_name=tool,
        tool_call_id=call_id,
        key=key,
        delivery=delivery,
        metadata=details(setting.known, setting.unknown, text_bytes=size if kept != text else 0),
    )
