"""Expressions of time in natural language: what they mean, said at a stated time in a stated zone."""

from agent_memory.temporal.model import TIMELESS, TimeOrder, TimeReading, TimeSpan

__all__ = ["TIMELESS", "TimeOrder", "TimeReading", "TimeSpan"]
