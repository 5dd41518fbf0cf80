"""What agents leave behind, turned into drafts of events. Pure functions."""

from agent_memory.capture.jsonl import BadLine, JsonLines, Line

__all__ = ["BadLine", "JsonLines", "Line"]
