"""Conversations to try things on: 27 sessions of two agents about two projects, all of them invented.

JSON lines as `agent-memory ingest` reads them, one file per agent, in order of time. They run
from 1 December 2025 to 16 January 2026; the local time is Vienna's. Each line has a (source,
source id) of its own, so reading them twice records them once.
"""

from __future__ import annotations

from pathlib import Path

TIME_ZONE = "Europe/Vienna"
"""The zone in which the days of these conversations were lived."""

_HERE = Path(__file__).parent


def paths() -> tuple[Path, ...]:
    """The files, in order of name: `claude-code.jsonl`, `codex.jsonl`."""
    return tuple(sorted(_HERE.glob("*.jsonl")))


__all__ = ["TIME_ZONE", "paths"]
