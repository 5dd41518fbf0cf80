"""Query to signals to ranked hits; reads only."""

from agent_memory.retrieval.bounds import parse_date, resolve
from agent_memory.retrieval.fusion import Fused, Ranking, fuse
from agent_memory.retrieval.model import DEFAULT_OPTIONS, SIGNALS, Hit, SearchOptions, SearchResult, Signal, Tier
from agent_memory.retrieval.search import Searcher

__all__ = [
    "DEFAULT_OPTIONS",
    "SIGNALS",
    "Fused",
    "Hit",
    "Ranking",
    "SearchOptions",
    "SearchResult",
    "Searcher",
    "Signal",
    "Tier",
    "fuse",
    "parse_date",
    "resolve",
]
