r"""The one form of everything that is printed with ``--json``.

    {"version": 1, "command": "search", "data": {...}, "error": null}

Either `data` or `error` is null, but for a command that failed half way and tells how far it
came. Characters that would disturb a terminal stand as escapes; parsed, every text is verbatim.
"""

from __future__ import annotations

import json
import re
import sys
from typing import Any

VERSION = 1

# Those that JSON lets stand although a terminal obeys them, or that UTF-8 cannot carry.
_TO_ESCAPE = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def print_envelope(command: str, data: Any, *, error: dict[str, object] | None = None, compact: bool = False) -> None:
    """Print one envelope on stdout: indented, or on one line if *compact*."""
    whole = {"version": VERSION, "command": command, "data": data, "error": error}
    text = json.dumps(whole, ensure_ascii=False, indent=None if compact else 2)
    escaped = _TO_ESCAPE.sub(lambda m: f"\\u{ord(m.group()):04x}", text)
    # Bytes, because JSON is UTF-8 whatever the locale says.
    sys.stdout.flush()
    sys.stdout.buffer.write(escaped.encode() + b"\n")
    sys.stdout.buffer.flush()
