"""Lengths of time as people write them."""

from __future__ import annotations

import re

import click

_PART = re.compile(r"(\d{1,6})\s*(s|m|h|d|w)", re.IGNORECASE)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_SECONDS_MAX = 3650 * 86_400


def seconds(text: str) -> int:
    """How long `90s`, `30m`, `2h`, `1d` or `1h30m` is. Errors: `click.BadParameter`."""
    parts = _PART.findall(text)
    total = sum(int(count) * _SECONDS[unit.lower()] for count, unit in parts)
    if _PART.sub("", text).strip() or not 0 < total <= _SECONDS_MAX:
        raise click.BadParameter(f"{text!r} is no length of time; write 90s, 30m, 2h, 1d or 1h30m.", param_hint="--for")
    return total
