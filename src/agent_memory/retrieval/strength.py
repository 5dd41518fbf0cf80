"""Whether what was found can be what was asked for. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from agent_memory.retrieval.pool import Found

WORDS_WEAK, WORDS_ALONE_WEAK = 0.5, 0.25
"""Words are weak evidence where no event has so much of what they can be worth; the second where meaning is not asked.

A question that is put in other words than its answer may have few of them.
"""

MEANING_WEAK = 0.3
"""Meaning is weak evidence where the nearest stands out by less: of the way from the crowd to the query itself.

The crowd is where the list of the nearest ends. As a share of that way it does not hang on the scale of a
model, as similarities do.

Measured on the splits for development with all-MiniLM-L6-v2: .3 % of the 302 questions of LoCoMo have
evidence that is weak in both, 2.8 % of the 72 of code memory. Asked of the other data, which cannot
answer them, 85 % (code questions asked of LoCoMo) and 65 % have, and so had all of fifteen queries of no known word.
"""


def is_weak(found: Mapping[str, Found], *, filtered: bool) -> bool:
    """Whether neither words nor meaning, as far as they were asked, speak for any event that passes the filter."""
    words, meaning, quoted = found.get("lexical"), found.get("vector"), found.get("phrase")
    if quoted is not None and len(quoted):
        return False
    if words is not None:
        least = WORDS_WEAK if meaning is not None else WORDS_ALONE_WEAK
        if _best(words, filtered) >= least * words.top > 0:
            return False
    if meaning is not None:
        return _best(meaning, filtered) - meaning.floor < MEANING_WEAK * (1.0 - meaning.floor)
    # The contents tell a part of what was said: what they lack speaks against nothing.
    return words is not None


def _best(one: Found, filtered: bool) -> float:
    scores = one.matches.scores[one.admitted] if filtered else one.matches.scores
    return float(scores.max(initial=one.floor))
