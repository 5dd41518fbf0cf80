"""Hypothesis strategies for any text, name, id and event."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from agent_memory.events import KINDS_WITH_TEXT, Event, Kind, Role
from agent_memory.events.ulids import ULID_RANDOM_MAX, ulid_of

_AWKWARD = [
    "",
    "\x00",
    "a\x00b",
    "line\r\nline\rline\n",
    "\ud800",
    "a\udfff b",
    "\udc00\ud800",
    "👩\u200d👩\u200d👧 and 🇪🇺",
    "e\u0301 is é",
    "日本語のテキスト",
    "نص عربي",
    '"AND OR NOT (*:* [a TO b] ~2^3',
    "   ",
    "\ufeffBOM",
    "\u2028\u2029\x85",
]


def texts(*, min_size: int = 0, max_size: int = 40) -> st.SearchStrategy[str]:
    """Any text: every script, NUL, all line endings, emoji, lone surrogates."""
    # `exclude_categories=()` lets surrogates in, which hypothesis leaves out by itself.
    anything = st.text(st.characters(exclude_categories=()), min_size=min_size, max_size=max_size)
    return st.one_of(anything, st.sampled_from([t for t in _AWKWARD if len(t) >= min_size]))


def names(*, min_size: int = 0, max_size: int = 12) -> st.SearchStrategy[str]:
    """Well-formed Unicode, as sessions, agents and other names are."""
    return st.text(st.characters(codec="utf-8"), min_size=min_size, max_size=max_size)


def ulids(*, time_ms_max: int = 4_000_000_000_000) -> st.SearchStrategy[str]:
    """Any ULID up to that time."""
    return st.builds(ulid_of, st.integers(0, time_ms_max), st.integers(0, ULID_RANDOM_MAX))


def any_events() -> st.SearchStrategy[Event]:
    """Any event that `complete` could have made."""

    def build(kind: Kind, text: str, source: tuple[str, str], **fields: Any) -> Event:
        if not text and kind in KINDS_WITH_TEXT:
            text = "."
        return Event(kind=kind, text=text, source=source[0], source_id=source[1], **fields)

    return st.builds(
        build,
        kind=st.sampled_from(Kind),
        text=texts(),
        source=st.one_of(st.just(("", "")), st.tuples(names(min_size=1), names(min_size=1))),
        id=ulids(),
        role=st.sampled_from(Role),
        session=names(min_size=1),
        agent=names(),
        project=names(),
        speaker=names(),
        tool_name=names(),
        tool_call_id=names(),
        metadata=st.dictionaries(names(min_size=1), names(), max_size=4),
    )
