"""Texts that a reader takes for the same fold to the same, and what folded leads back to where it stood."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_memory.summaries.folding import fold, folded_text
from agent_memory.testing.strategies import texts


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("We  said:\n\tno", "We said: no"),
        ("it’s “fine”", 'it\'s "fine"'),
        ("a — b – c", "a - b - c"),
        ("wait…", "wait..."),
        ("e\u0301te\u0301", "été"),
        ("ﬁne ｆｕｌｌ", "fine full"),
        ("in\u200bvisi\u00adble", "invisible"),
        ("**bold** `code`", "bold code"),
        ("\u3000日本\u3000語 ", "日本 語"),
        ("a\U000e0041\U000e0042b", "ab"),
        ("a \ud800 b", "a b"),
    ],
)
def test_what_reads_the_same_folds_to_the_same(one: str, other: str) -> None:
    assert folded_text(one) == folded_text(other)


def test_case_is_kept_unless_it_is_not_to_matter() -> None:
    assert "Groß RocksDB" == folded_text("Groß RocksDB")
    assert "gross rocksdb" == folded_text("Groß RocksDB", caseless=True)


@given(texts(max_size=80), st.booleans())
def test_every_folded_stretch_folds_from_where_it_leads(text: str, caseless: bool) -> None:
    """Cut the source anywhere a folded stretch leads to, and it folds to something that holds the stretch."""
    folded = fold(text, caseless=caseless)
    for start in range(len(folded.text)):
        for end in range(start + 1, min(start + 6, len(folded.text)) + 1):
            first, last = folded.source(start, end)

            assert 0 <= first < last <= len(text)
            assert folded.text[start:end].strip() in folded_text(text[first:last], caseless=caseless)


@given(texts(max_size=80), st.data())
def test_a_part_of_a_text_folds_within_its_bounds(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    folded = fold(text, start, end)

    assert folded_text(text[start:end]) == folded.text
    if folded.text:
        first, last = folded.source(0, len(folded.text))
        assert start <= first < last <= end


@given(texts(max_size=80))
def test_folding_twice_is_folding_once(text: str) -> None:
    once = folded_text(text, caseless=True)

    assert once == folded_text(once, caseless=True)
