"""What agents leave behind, turned into drafts of events; and the spool that their hooks write to.

Importing this room does no work: a hook is a process of its own, and pays for every import.
"""

from __future__ import annotations

TYPE_CHECKING = False  # As in `typing`, which takes longer to import than all that a hook needs.
if TYPE_CHECKING:
    from agent_memory.capture.jsonl import BadLine, JsonLines, Line

__all__ = ["BadLine", "JsonLines", "Line"]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from agent_memory.capture import jsonl

        return getattr(jsonl, name)
