"""Stored text made harmless for a terminal, and still readable."""

from __future__ import annotations

import re

# What could move the cursor, change colours or the title, ring, or turn the reading direction of
# what follows: C0 without tab and line feed, DEL, C1, bidirectional controls; and lone
# surrogates, which no terminal can print.
_HARMFUL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_TAB = "    "


def safe(text: str, *, one_line: bool = False) -> str:
    """*text* with every harmful character replaced by a picture or name of itself."""
    text = text.replace("\r\n", "\n").replace("\t", _TAB)
    text = _HARMFUL.sub(_pictured, text)
    return " ".join(text.split()) if one_line else text


def _pictured(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
