"""Lengths of time as people write them."""

from __future__ import annotations

import click
import pytest

from agent_memory.cli.durations import seconds


@pytest.mark.parametrize(
    ("text", "expected"),
    [("90s", 90), ("30m", 1800), ("2h", 7200), ("1d", 86_400), ("1h30m", 5400), ("1 h 30 m", 5400), ("2W", 1_209_600)],
)
def test_a_length_of_time_is_read(text: str, expected: int) -> None:
    assert expected == seconds(text)


@pytest.mark.parametrize("text", ["", "0m", "2", "h", "-1h", "1y", "1h later", "9" * 5000 + "s", "999999w"])
def test_anything_else_is_refused_with_a_way_out(text: str) -> None:
    with pytest.raises(click.BadParameter, match="1h30m"):
        seconds(text)
