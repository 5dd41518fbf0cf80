"""Patterns compiled when they are first needed, each once.

On the path of the hook: most texts need none of them, nor `re`, which takes longer to import than they to be
looked through.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re

_compiled: dict[str, re.Pattern[str]] = {}
_compiled_bytes: dict[bytes, re.Pattern[bytes]] = {}


def compiled(pattern: str) -> re.Pattern[str]:
    """The pattern, ready to be matched. Flags stand in it."""
    found = _compiled.get(pattern)
    if found is None:
        import re

        found = _compiled[pattern] = re.compile(pattern)
    return found


def compiled_bytes(pattern: bytes) -> re.Pattern[bytes]:
    """The same for bytes."""
    found = _compiled_bytes.get(pattern)
    if found is None:
        import re

        found = _compiled_bytes[pattern] = re.compile(pattern)
    return found
