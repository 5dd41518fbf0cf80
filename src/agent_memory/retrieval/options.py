"""Which options a search can be asked with."""

from __future__ import annotations

import math

from agent_memory.errors import InvalidQuery
from agent_memory.retrieval.model import SIGNALS, SearchOptions

NOW_MAX_MS = 253_370_764_800_000 - 1
"""The end of 9998: `next year` must still be a year that calendars know."""

TOKEN_BUDGET_MIN, TOKEN_BUDGET_MAX = 50, 32_000


def check_options(options: SearchOptions) -> SearchOptions:
    """*options*, if they make sense. Errors: `InvalidQuery`, naming the one that does not."""
    now_ms = options.now_ms
    if now_ms is not None and (type(now_ms) is not int or not 0 <= now_ms <= NOW_MAX_MS):
        raise InvalidQuery(
            "options.now",
            now_ms,
            "must be a time from 1970 to 9998",
            hint="Give the time that `yesterday` is relative to, or leave it out for the present one.",
        )
    for index, name in enumerate(options.without):
        if name not in SIGNALS:
            raise InvalidQuery(
                f"options.without[{index}]",
                name,
                "is no signal",
                hint=f"The signals are {', '.join(SIGNALS[:-1])} and {SIGNALS[-1]}.",
            )
    for field in ("recency", "salience", "diversity"):
        share = getattr(options, field)
        if not isinstance(share, int | float) or not math.isfinite(share) or not 0 <= share <= 1:
            raise InvalidQuery(f"options.{field}", share, "must be from 0 (off) to 1", hint="Try 0.5.")
    return options


def check_token_budget(token_budget: int) -> int:
    """*token_budget*, if a context can be of that size. Errors: `InvalidQuery`."""
    if not TOKEN_BUDGET_MIN <= token_budget <= TOKEN_BUDGET_MAX:
        problem = f"must be {TOKEN_BUDGET_MIN} to {TOKEN_BUDGET_MAX:,} tokens"
        raise InvalidQuery("token_budget", token_budget, problem)
    return token_budget
