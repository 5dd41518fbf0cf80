"""Names for groups of kinds, as the rules of the grammar use them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agent_memory.temporal.grammar import Rule
from agent_memory.temporal.grammar import rule as _rule

NAMES = {
    # What a month may be written as, from any word at all to those that are hardly anything else.
    "MONTH": "month|namelike|titled|wordlike|short_month|wordlike_short",
    "LONG_MONTH": "month|namelike|titled|wordlike|short_month",
    "SURE_MONTH": "month|namelike|titled|short_month",
    "WORDLIKE_MONTH": "wordlike|wordlike_short",
    "SEASON": "season|wordlike_season",
    "ANY_WEEKDAY": "weekday|short_weekday|wordlike_weekday",
    # Days that are named but not dated, and days.
    "DAYISH": "day|weekday|yearly_day|monthly_day",
    # Everything that stands for a stretch of time.
    "WHEN": "day|weekday|yearly_day|monthly_day|yearly|period|part_of_day|instant",
    "TO": "to|dash|until|through",
    "COUNT": "number|vague",
}


def rule(pattern: str, kind: str, make: Callable[..., Any]) -> Rule:
    """A rule whose pattern may use `NAMES`."""
    return _rule(pattern, kind, make, NAMES)
