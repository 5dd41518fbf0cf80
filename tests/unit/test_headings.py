"""What a sentence is called: its content, whole or cut where a clause ends."""

from __future__ import annotations

import pytest

from agent_memory.inference._headings import heading, tidy
from agent_memory.inference._titles import flaws_of


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Decision (10 May 2025): readings are stored in SQLite.", "Readings are stored in SQLite"),
        ("Root cause, api/pool.py line 29: the handler never closes it.", "The handler never closes it"),
        ("Gefunden: Die Schriften können nur Latin-1.", "Die Schriften können nur Latin-1"),
        ("Two bugs: the encoding, and the joining of letters.", "Two bugs: the encoding, and the joining of letters"),
        ("Error: the disk is full.", "Error: the disk is full"),
        (
            "Their bank wrote to me: the endpoint answered 400 to 23 of the 180 deliveries of May.",
            "The endpoint answered 400 to 23 of the 180 deliveries of May",
        ),
        (
            "Keep 10 dBm as the default (the gateway still hears it) and raise it only when it asks.",
            "Keep 10 dBm as the default and raise it only when it asks",
        ),
        (
            "Node 4 (the one at the far edge of the wood, near the road) goes silent every night.",
            "Node 4 goes silent every night",
        ),
        ("Shopping list for the spring, please.", "Shopping list for the spring"),
        ("I decided against new cells.", "Decided against new cells"),
        ("Last weekend I joined a choir.", "I joined a choir"),
    ],
)
def test_a_heading_is_the_content_and_not_its_label(text: str, title: str) -> None:
    assert title == heading(text)


def test_a_heading_that_ends_in_a_stub_after_its_colon_is_flawed() -> None:
    said = "I decided against new cells: with 10 dBm and the capacitors nothing browned out in all of December."

    assert flaws_of(said, "Decided against new cells: with 10 dBm") > flaws_of(said, "Decided against new cells")


def test_a_question_is_a_heading_only_whole() -> None:
    long = "Is there any reason why the fix of the calendar should wait until all the other services are deployed?"

    assert ("Is the fix a deploy?", "") == (heading("Is the fix a deploy?"), heading(long))
    assert "Which Python do we use?" == heading("Quick one: which Python do we use?")


def test_a_list_is_announced_whole_or_not_at_all() -> None:
    thefts = "I want to know of three things: a swarm leaves, someone steals a hive, the food for the winter runs out."
    places = "Seven places compute a price: the calendar, the mail, the receipt, the report, the export and others."

    assert ("", "Seven places compute a price") == (heading(thefts), heading(places))


def test_marks_of_emphasis_go_and_the_same_characters_in_names_and_sums_stay() -> None:
    assert "pool_size is 3 * 4, not 12" == tidy("`pool_size` is *3* * 4,\n _not_  **12**")
