"""Query to signals to ranked hits; reads only.

What searches is in `search`, which brings numpy; whoever only reads results does without.
"""

from agent_memory.retrieval.bounds import parse_date, resolve
from agent_memory.retrieval.model import DEFAULT_OPTIONS, SIGNALS, Hit, SearchOptions, SearchResult, Signal, Tier

__all__ = [
    "DEFAULT_OPTIONS",
    "SIGNALS",
    "Hit",
    "SearchOptions",
    "SearchResult",
    "Signal",
    "Tier",
    "parse_date",
    "resolve",
]
