"""Expressions of time in natural language: what they mean, said at a stated time in a stated zone."""

from agent_memory.temporal.mentions import MENTIONS, MENTIONS_MAX, mentions
from agent_memory.temporal.model import TIMELESS, TimeOrder, TimeReading, TimeSpan
from agent_memory.temporal.reading import QUERY_CHARS_READ, read_query
from agent_memory.temporal.wording import describe, describe_anchor, describe_span

__all__ = [
    "MENTIONS",
    "MENTIONS_MAX",
    "QUERY_CHARS_READ",
    "TIMELESS",
    "TimeOrder",
    "TimeReading",
    "TimeSpan",
    "describe",
    "describe_anchor",
    "describe_span",
    "mentions",
    "read_query",
]
