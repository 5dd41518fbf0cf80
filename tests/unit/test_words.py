"""What the lexical index reads out of a text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_memory.indexes.words import folded, parts_of_humps, wholes_of


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("call parseLine now", "parse Line"),
        ("HTTPServer and parseHTMLPage", "HTTP Server parse HTML Page"),
        ("sha256Sum", "sha256 Sum"),
        ("The APIs of PDFs. Plain English Words, USA", ""),
    ],
)
def test_camel_case_words_are_taken_apart_and_no_others(text: str, parts: str) -> None:
    assert parts == parts_of_humps(text, text.encode())


@pytest.mark.parametrize(
    ("text", "wholes"),
    [
        ("see src/a_b/log.py:42.", "src/a_b/log.py:42"),
        ("pip --no-deps foo::bar v1.2.3, snake_case!", "no-deps foo::bar v1.2.3 snake_case"),
        ("at https://example.com/a/b", "https://example.com/a/b"),
        ("Nothing here, really. Not - even + this", ""),
        ("größe_max", "größe_max"),
    ],
)
def test_names_of_several_parts_are_kept_whole(text: str, wholes: str) -> None:
    assert wholes == wholes_of(text, text.encode())


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Café Straße", "Cafe Strasse"),
        ("Cafe\u0301", "Cafe"),
        ("한국어", "한국어"),
        ("日本", " 日  本 "),
        ("ＡＢＣ", "ABC"),
        ("a\ud800b", "a?b"),
    ],
)
def test_accents_are_folded_and_scripts_without_spaces_spaced(text: str, plain: str) -> None:
    assert plain == folded(text)


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_is_read(text: str) -> None:
    plain = folded(text)
    plain.encode()

    assert isinstance(parts_of_humps(plain, plain.encode()) + wholes_of(plain, plain.encode()), str)
