"""The bar of `summarise`: drawn where somebody looks, and gone when it is done."""

from __future__ import annotations

import re

import pytest

from agent_memory.summaries.reports import SummariesProgress, SummariesVerdict
from agent_memory.testing.scripted_memory import TIME_MS
from tests.unit.cli.door import Door

REPORTS = (
    SummariesProgress(done=0, total=3, tokens=0, usd=0.0),
    SummariesProgress(done=2, total=3, tokens=1_200, usd=0.01, waiting="it asks for a pause", until_ms=TIME_MS),
    SummariesVerdict(worded=2, set_aside=0, left=1, tokens=1_200, usd=0.01, reason="it asks for a pause"),
)

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_ERASED = "\x1b[2K"


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard error is a terminal for the commands of the test."""
    for name, value in (("TTY_COMPATIBLE", "1"), ("TTY_INTERACTIVE", "1"), ("TERM", "xterm")):
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("terminal")
def test_on_a_terminal_a_bar_shows_how_far_it_is_what_it_took_and_what_it_waits_for(door: Door) -> None:
    door.memory.script = {"summarise": REPORTS}
    told = door.run("summarise", "--yes", width=200)
    *_, drawn = [line for line in _CONTROL.sub("", told.notes).splitlines() if "2/3 nodes" in line]

    assert "━" in drawn
    assert "1,200 tokens, 0.01 USD" in drawn
    assert "waiting: it asks for a pause; goes on at Thu 2026-01-15 10:30:00" in drawn
    # It is taken away again, and no line of its own says the same.
    assert told.notes.rstrip("\n").endswith(_ERASED)
    assert "Waiting:" not in told.notes
    assert "2 nodes worded, 1,200 tokens, 0.01 USD." in told.out


def test_where_nobody_looks_no_bar_is_drawn(door: Door) -> None:
    door.memory.script = {"summarise": REPORTS}
    told = door.run("summarise", "--yes", width=200)

    assert ("━" in told.notes, "\x1b" in told.notes + told.out) == (False, False)


@pytest.mark.usefixtures("terminal")
def test_a_program_that_reads_json_gets_no_bar_even_on_a_terminal(door: Door) -> None:
    door.memory.script = {"summarise": REPORTS}
    told = door.run("summarise", "--yes", "--json")

    assert "\x1b" not in told.notes
    assert (2, 1) == (told.data["verdict"]["worded"], told.data["verdict"]["left"])
