"""A quotation is found where it was said, however it was copied; or it is not found."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_memory.summaries import quotations
from agent_memory.summaries.entries import entries_of
from agent_memory.summaries.likeness import nearest
from agent_memory.summaries.quotations import Found, locate
from agent_memory.summaries.schema import EXCERPT_MAX
from agent_memory.testing.strategies import texts
from agent_memory.toc import Material
from tests.unit.summaries.talks import EXPORT, REDACTOR, of, passage, segment, unproven

TALK = segment(*EXPORT)


def found(material: Material, quote: str, *refs: int) -> Found | None:
    entries = entries_of(material, redactor=REDACTOR)
    cited = [entries[ref - 1] for ref in refs]
    return locate(quote, cited, [entry for entry in entries if entry not in cited])


def said(material: Material, quote: str, *refs: int) -> tuple[str, bool] | None:
    """The words that it leads to, and whether it was verbatim."""
    place = found(material, quote, *refs)
    if place is None:
        return None
    assert [] == unproven(material, place.places)
    texts = {one.event_id: one.text for one in material.passages}
    return " | ".join(texts[e.event_id][e.start : e.end] for e in place.places), place.verbatim


@pytest.mark.parametrize(
    ("quote", "ref", "words"),
    [
        ("has no index", 4, "has no index"),
        ("Let's go with the index - but", 5, "Let’s go with the index — but"),
        ("“let's  go with\nthe index”", 5, "Let’s go with the index"),
        ("customer join: orders.customer_id has no index", 4, "customer join: `orders.customer_id` has no index"),
        ("error: CANCELING statement", 3, "ERROR: canceling statement"),
        ("... the export now takes 38 seconds ...", 6, "the export now takes 38 seconds"),
        ("The root cause is the customer join…", 4, "The root cause is the customer join"),
        ("nightly exp", 1, "nightly export"),
        ("oot cause is the cust", 4, "root cause is the customer"),
    ],
)
def test_what_was_said_is_found_verbatim_and_cut_at_words(quote: str, ref: int, words: str) -> None:
    assert (words, True) == said(TALK, quote, ref)


@pytest.mark.parametrize(
    ("quote", "ref", "words"),
    [
        ("has no index", 1, "has no index"),
        ("The rot cause is teh customer join", 4, "The root cause is the customer join"),
        ("the root cause was the customer join", 2, "The root cause is the customer join"),
        ("The migration adds the index … instead of timing out", 6, "The migration adds the index"),
        ("canceling the statement due to statement timeout", 3, "canceling statement due to statement timeout"),
        ("takes 38 seconds in stead of timing out", 5, "takes 38 seconds instead of timing out"),
    ],
)
def test_what_was_copied_badly_is_anchored_at_what_was_meant(quote: str, ref: int, words: str) -> None:
    assert (words, False) == said(TALK, quote, ref)


@pytest.mark.parametrize(
    "quote",
    [
        "We use Postgres 17 and deploy on Friday.",
        "the export now takes 83 seconds instead of timing out",
        "The root cause is not the customer join",
        "It began on Sunday",
        "Can you look into why the nightly export of the Invoices table times out?",
        "has an index now and then some more that nobody ever said",
        "but in a migration, please.Done. The migration adds the index and the export",
        "",
        "…",
        "\u200b\u200b",
        "?!",
    ],
)
def test_what_nobody_said_is_not_found(quote: str) -> None:
    """Nor is a number, a day or a denial that differs from what was said, however alike the rest is."""
    assert None is said(TALK, quote, 1, 4, 6)


def test_a_cited_entry_is_preferred_to_another_that_says_the_same() -> None:
    talk = segment("We ship on Friday then.", "Sure.", "We ship on Friday then.")
    place = found(talk, "we ship on Friday", 3)

    assert place is not None
    assert [talk.passages[2].event_id] == [one.event_id for one in place.places]


def test_a_nearly_right_cited_entry_is_preferred_to_a_quite_right_other() -> None:
    talk = segment("We keep the old cache until the release.", "We keep the old caches until the release.")

    assert ("We keep the old cache until the release", False) == said(
        talk, "We keep the old caches until the release", 1
    )


@pytest.mark.parametrize(("quote", "words"), [("ok", "ok, do that then"), ("no", "no")])
def test_what_is_too_short_to_prove_anything_proves_by_its_line(quote: str, words: str) -> None:
    talk = segment("first\nok, do that then\nlast", "no")

    assert (words, True) == said(talk, quote, 1, 2)


def test_characters_without_blanks_are_words_by_themselves() -> None:
    talk = segment("我们决定使用缓存来加快查询速度。")

    assert ("使用缓存来加快", True) == said(talk, "使用缓存来加快", 1)
    assert ("我们决定使用缓存来加快查询速度", False) == said(talk, "我们决定使用缓冲来加快查询速度", 1)


def test_nothing_reaches_into_what_was_left_out() -> None:
    """Neither a quotation of scaffolding nor one that goes over it."""
    text = "Why did it fail?" + "\n" + " " * 30 + "\n" + "Tell me before noon, please."
    talk = of(passage(1, text, left_out=((16, 48),)))

    assert None is said(talk, "Why did it fail? Tell me before noon, please.", 1)
    assert ("Why did it fail", False) == said(talk, "Why did it fail … Tell me", 1)
    assert ("Tell me before noon", True) == said(talk, "Tell me before noon", 1)


def test_a_secret_is_not_evidence() -> None:
    secret = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    talk = segment(f"The token is {secret} and works in staging.")

    assert None is said(talk, secret, 1)
    assert ("works in staging", True) == said(talk, "works in staging", 1)
    assert "[redacted: github-token]" in entries_of(talk, redactor=REDACTOR)[0].body


def test_an_excerpt_is_bounded_and_ends_with_a_word() -> None:
    talk = segment("What we measured: " + "alpha beta gamma delta " * 60)
    place = found(talk, "What we measured: " + "alpha beta gamma delta " * 40, 1)

    assert place is not None
    start, end = place.places[0].start, place.places[0].end
    assert EXCERPT_MAX - 6 <= end - start <= EXCERPT_MAX
    assert talk.passages[0].text[start:end].endswith(("alpha", "beta", "gamma", "delta"))


@given(texts(max_size=120), st.data())
def test_what_is_cut_out_of_a_text_is_found_in_it_or_says_nothing(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    talk = segment(text)
    if not talk.passages or not text.strip():
        return
    quote = text[start:end]
    place = found(talk, quote, 1)

    assert [] == unproven(talk, place.places if place else ())
    if sum(c.isalnum() and c.isascii() for c in quote) >= 8 and "\ud800" > max(quote) and "..." not in quote:
        assert place is not None


@given(texts(max_size=120), texts(max_size=60), st.data())
def test_whatever_is_quoted_what_is_found_stands_in_what_may_be_quoted(
    text: str, quote: str, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    talk = of(passage(1, text, left_out=((start, end),) if start < end else ()))
    entries = entries_of(talk, redactor=REDACTOR)
    place = locate(quote, entries, ())

    assert [] == unproven(talk, place.places if place else ())


def test_a_quotation_that_many_entries_nearly_say_is_laid_beside_few_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer full of inventions costs no more than an honest one."""
    laid_beside: list[str] = []

    def counted(pattern: str, text: str) -> tuple[int, int, int] | None:
        laid_beside.append(text)
        return nearest(pattern, text)

    monkeypatch.setattr(quotations, "nearest", counted)
    said_of = "of the billing service ended without an error on the first host."
    material = segment(*(f"Deploy {number} {said_of}" for number in range(400)))

    assert found(material, "Deploy of the billing service never ended without an error on the Zurich host.", 1) is None
    assert 0 < len(laid_beside) <= quotations._ALIGNED_MAX
