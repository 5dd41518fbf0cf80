"""Events for the checks of the search ports, hand-made and drawn."""

from __future__ import annotations

from hypothesis import strategies as st

from agent_memory.annotation import MemoryType
from agent_memory.events import Event, Kind, Role
from agent_memory.events.ulids import derived_ulid
from agent_memory.indexes.model import Where

START_MS = 1_760_000_000_000
MINUTE_MS = 60_000

_WORDS = "deploy failed timeout index vector parser merge branch cache token retry schema"
_VOCABULARY = [
    *_WORDS.split(),
    "parseLine",
    "ValueError: token",
    "we decided to retry",
    "src/app/main.py",
    "café",
    "日本語",
]


def said(number: int, text: str, **fields: object) -> Event:
    """The event number *number*, one minute after the one before it."""
    time_ms = START_MS + number * MINUTE_MS
    defaults: dict[str, object] = {"kind": Kind.USER_MESSAGE, "role": Role.USER, "session": "s"}
    return Event(id=derived_ulid(time_ms, str(number)), text=text, **{**defaults, **fields})  # type: ignore[arg-type]


@st.composite
def conversations(draw: st.DrawFn, *, max_size: int = 25) -> list[Event]:
    """Events with few words and few names, so that much is shared and much is tied."""
    texts = st.lists(st.sampled_from(_VOCABULARY), max_size=8).map(" ".join)
    return [
        said(
            number,
            draw(texts),
            kind=draw(st.sampled_from([Kind.USER_MESSAGE, Kind.TOOL_RESULT])),
            role=draw(st.sampled_from([Role.USER, Role.TOOL])),
            session=draw(st.sampled_from(["s1", "s2", "s3"])),
            agent=draw(st.sampled_from(["", "claude-code", "codex"])),
            project=draw(st.sampled_from(["", "/home/a b", "\\x", "\ud800"])),
        )
        for number in range(draw(st.integers(0, max_size)))
    ]


def queries() -> st.SearchStrategy[str]:
    """Words that events have."""
    return st.lists(st.sampled_from(_VOCABULARY), min_size=1, max_size=6).map(" ".join)


def filters() -> st.SearchStrategy[Where]:
    """Filters that let some, all or none of `conversations` through."""
    times = st.none() | st.integers(-1, 27).map(lambda n: START_MS + n * MINUTE_MS)
    types = [MemoryType.ERROR, MemoryType.DECISION, MemoryType.QUESTION]
    return st.builds(
        Where,
        from_ms=times,
        until_ms=times,
        agents=st.frozensets(st.sampled_from(["claude-code", "codex", "other"]), max_size=2),
        projects=st.frozensets(st.sampled_from(["/home/a b", "\\x", "\ud800"]), max_size=2),
        sessions=st.frozensets(st.sampled_from(["s1", "s2", "s9"]), max_size=2),
        roles=st.frozensets(st.sampled_from([Role.USER, Role.SYSTEM]), max_size=1),
        kinds=st.frozensets(st.sampled_from([Kind.TOOL_RESULT, Kind.OTHER]), max_size=2),
        types=st.frozensets(st.sampled_from(types), max_size=1),
    )
