"""Patterns compiled when they are first needed, each once.

On the path of the hook: most texts need none of them.
"""

from __future__ import annotations

import re

_compiled: dict[str, re.Pattern[str]] = {}


def compiled(pattern: str) -> re.Pattern[str]:
    """The pattern, ready to be matched. Flags stand in it."""
    found = _compiled.get(pattern)
    if found is None:
        found = _compiled[pattern] = re.compile(pattern)
    return found
