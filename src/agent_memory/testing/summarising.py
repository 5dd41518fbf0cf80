"""Settings of a language model that a `LanguageModelServer` plays, and waiting until it has worded what there is."""

from __future__ import annotations

from pathlib import Path

from agent_memory.summaries.reports import SummariesStatus
from agent_memory.sync import SyncMemory
from agent_memory.testing.events import draft
from agent_memory.testing.language_models import KEY, MODEL, LanguageModelServer
from agent_memory.testing.waiting import eventually

MONDAY_MS = 1_759_737_600_000
"""Monday, 6 October 2025, 08:00 UTC: whatever is above a day is over by now."""

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


def settings_of(
    server: LanguageModelServer, folder: Path, provider: str = "openai", **others: object
) -> dict[str, object]:
    """The settings by name: a key in a file in *folder*, four calls at once, nothing to wait for."""
    key = folder / "key"
    key.write_text(KEY)
    named: dict[str, object] = {
        "provider": provider,
        "model": MODEL,
        "url": server.url(provider),
        "key_file": str(key),
        "quiet_min": 0,
        "calls_per_minute_max": 0,
        "in_flight_max": 4,
        "timeout_s": 1.0,
    }
    return {"time_zone": "UTC", **{f"summaries_{name}": value for name, value in (named | others).items()}}


def flags_of(settings: dict[str, object]) -> tuple[str, ...]:
    """The same as flags of `serve`."""
    return tuple(word for name, value in settings.items() for word in (f"--{name.replace('_', '-')}", str(value)))


def tell(memory: SyncMemory, *lines: str, session: str, time_ms: int, project: str = "") -> int:
    """Append a conversation, a second between its lines; the last position, with the contents at it."""
    receipts = memory.append_batch(
        [
            draft(line, session=session, time_ms=time_ms + number * 1000, project=project)
            for number, line in enumerate(lines)
        ]
    )
    return receipts[-1].position


def settled(memory: SyncMemory, nodes: int, *, timeout_s: float = 60.0) -> SummariesStatus:
    """The status, once so many nodes are worded or set aside, and none waits."""
    found: list[SummariesStatus] = []

    def is_over() -> bool:
        found[:] = [memory.status().summaries]
        return found[0].waiting == 0 and found[0].worded + found[0].set_aside >= nodes

    try:
        eventually(is_over, timeout_s=timeout_s)
    except AssertionError:
        raise AssertionError(f"{nodes} nodes are not settled: {found}") from None
    return found[0]


def times_too_often(server: LanguageModelServer) -> int:
    """How many answers were given to a prompt beyond its first."""
    return sum(server.answered.values()) - len([count for count in server.answered.values() if count])


def prompts_of(server: LanguageModelServer) -> list[str]:
    """What was sent of conversations, in the order in which it came."""
    return [call.asked.user for call in server.calls if call.asked is not None]


__all__ = [
    "DAY_MS",
    "HOUR_MS",
    "MONDAY_MS",
    "flags_of",
    "prompts_of",
    "settings_of",
    "settled",
    "tell",
    "times_too_often",
]
