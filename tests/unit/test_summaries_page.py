"""docs/summaries.md shows what the default makes of the sample conversations now."""

from __future__ import annotations

from tools.contents import PAGE, renewed


def test_the_page_shows_the_contents_of_the_samples_as_they_are() -> None:
    """`python -m tools.contents` writes them anew."""
    text = PAGE.read_text("utf-8")

    assert renewed(text) == text
    assert "Readings are stored in SQLite" in text
