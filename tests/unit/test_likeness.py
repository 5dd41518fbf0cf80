"""Texts that say the same again are told from others in the same words."""

from __future__ import annotations

import random
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_memory.annotation import likeness
from agent_memory.annotation.likeness import WORDS_MIN, Page, _alike, _form, collapse, normal_form
from agent_memory.testing.strategies import texts

DECISION = (
    "We looked at the three options for the cache last week and in the end the whole team agreed that it is best to "
    "keep {store} for the sessions on port {port} because nobody wants to run one more thing in production"
)
KEPT = DECISION.format(store="Redis", port="8080")
SUITE = "collected {n} items from tests/unit and tests/door on linux with python and pytest and the usual plugins"
RUN = f"{SUITE}\n14 passed, 2 skipped in {{s}}s\nno warnings, coverage not measured, cache cleared, seed kept"

REPEATS = [
    ("ok", "OK"),
    ("ok", " ok.\n"),
    ("We ship on Friday", "we ship  on\nFRIDAY!"),
    (KEPT, KEPT.upper()),
    (KEPT, KEPT.replace(" ", "\n")),
    (KEPT, f"Well, {KEPT}"),
    (KEPT, KEPT.replace("whole team", "entire team")),
    (KEPT, f"{KEPT}, thanks"),
    # Progress: the figures are readings.
    ("Downloading 45% (450/1000)", "Downloading 46% (460/1000)"),
    ("Downloading... 45%", "Downloading... 100%"),
    ("[ 12%] Building CXX object", "[ 13%] Building CXX object"),
    ("[3/10] Compiling shop", "[4/10] Compiling shop"),
    ("pulling layer ━━━━ 40%", "pulling layer ━━━━ 70%"),
    ("12:00:01 heartbeat 4", "12:00:31 heartbeat 5"),
    ("[2026-01-15T09:30:00Z] queue empty", "[2026-01-15T09:31:00.5+01:00] queue empty"),
    ("2026-01-15 09:30:00,123 INFO tick 88", "2026-01-16 10:31:00,004 INFO tick 93"),
    ("Epoch 3/10 step 120 loss 0.231", "Epoch 3/10 step 130 loss 0.229"),
    (
        "Receiving objects: 45% (450/1000), 1.2 MiB | 3.4 MiB/s",
        "Receiving objects: 99% (990/1000), 2.6 MiB | 3.1 MiB/s",
    ),
]
OTHERS = [
    ("yes", "no"),
    ("yes", "yes?"),
    ("C++", "C#"),
    ("👍", "👎"),
    ("port is 8080", "port is 9090"),
    ("the discount is 20%", "the discount is 30%"),
    ("20% discount", "30% discount"),
    ("we meet at 14:00", "we meet at 15:00"),
    ("I saw it on 3/10", "I saw it on 4/10"),
    ("rated it (8/10)", "rated it (9/10)"),
    ("sales grew 20% to 3.5 million last year", "sales grew 30% to 4.5 million last year"),
    ("the timeout is 30s", "the timeout is 60s"),
    ("use Python 3.11", "use Python 3.12"),
    ("Alice beat Bob", "Bob beat Alice"),
    ("step 3/10: run the migration", "step 4/10: run the migration"),
    (KEPT, DECISION.format(store="Redis", port="9090")),
    (KEPT, DECISION.format(store="Postgres", port="8080")),
    (KEPT, KEPT.replace("it is best", "it is not best")),
    (KEPT, KEPT.replace("nobody wants", "nobody wants in src/shop/cart.py")),
    (KEPT, " ".join(reversed(KEPT.split()))),
    (KEPT, KEPT[: len(KEPT) // 2]),
    (KEPT, f"{KEPT}. {KEPT}"),
    ("", "x"),
]


def same_again(a: str, b: str, *, printed: bool = False) -> bool:
    """Whether either text repeats the other: what `collapse` looks for, asked of two alone."""
    one, other = _form(a, printed), _form(b, printed)
    return one.text == other.text or _alike(one, other)


@pytest.mark.parametrize(("a", "b"), REPEATS)
def test_a_repeat_is_told(a: str, b: str) -> None:
    assert same_again(a, b)
    assert same_again(b, a)
    assert [0, 0] == collapse([a, b])


@pytest.mark.parametrize(("a", "b"), OTHERS)
def test_a_text_in_the_same_words_that_says_something_else_is_none(a: str, b: str) -> None:
    assert not same_again(a, b)
    assert not same_again(b, a)
    assert [0, 1] == collapse([a, b])


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("14 passed in 0.31s", "14 passed in 0.35s"),
        ("started at 2026-01-15T09:30:00Z", "started at 2026-01-15T09:31:00Z"),
        ("<Cart object at 0x7f3a1c>", "<Cart object at 0x7f3b2d>"),
        (RUN.format(n=16, s="0.31"), RUN.format(n=17, s="0.35")),
    ],
)
def test_what_a_program_prints_again_is_a_repeat(a: str, b: str) -> None:
    """Another run of the same tests; from a person each of these would be another answer."""
    assert same_again(a, b, printed=True)
    assert not same_again(a, b)
    assert [0, 0] == collapse([a, b], printed=[True, True])


@pytest.mark.parametrize(("a", "b"), [("14 passed in 0.3s", "13 passed in 0.3s"), ("PORT=8080", "PORT=9090")])
def test_a_program_too_has_numbers_that_are_the_message(a: str, b: str) -> None:
    assert not same_again(a, b, printed=True)


def test_one_percentage_is_an_answer_and_four_are_a_series() -> None:
    assert [0, 1, 2] == collapse(["done 10%", "done 20%", "done 30%"])
    assert [0, 0, 0, 0] == collapse(["done 10%", "done 20%", "done 30%", "done 40%"])
    assert [0, 1, 2, 3] == collapse(["port 1", "port 2", "port 3", "port 4"])


def test_a_page_keeps_the_first_of_each() -> None:
    page = ["We ship on Friday.", KEPT, "we ship on friday", "ok", f"Well, {KEPT}", KEPT.lower(), "no"]

    assert [0, 1, 0, 3, 1, 1, 6] == collapse(page)


def test_small_changes_do_not_add_up_along_a_chain() -> None:
    """Every text is compared with the one that is shown, not with the last that was hidden."""
    words = [f"w{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(60)]
    chain = [" ".join(["changed"] * n + words[n:]) for n in range(0, 30, 2)]
    firsts = collapse(chain)

    assert 1 < len(set(firsts)) < len(chain)
    assert all(same_again(chain[first], chain[place]) for place, first in enumerate(firsts))


def test_the_normal_form_keeps_what_tells_words_apart() -> None:
    assert "we ship on friday" == normal_form("  We ship\ton FRIDAY. ")
    assert "really?" == normal_form("Really?")


SENTENCES = st.one_of(texts(max_size=80), st.sampled_from([a for pair in REPEATS + OTHERS for a in pair]))


@given(st.lists(SENTENCES, max_size=12))
def test_a_collapsed_page_points_at_what_it_shows(page: list[str]) -> None:
    firsts = collapse(page)

    assert len(page) == len(firsts)
    assert all(first <= place for place, first in enumerate(firsts))
    assert firsts == [firsts[first] for first in firsts]
    assert all(
        normal_form(a) != normal_form(b)
        for i, a in enumerate(page)
        for j, b in enumerate(page)
        if firsts[i] == i != j == firsts[j]
    )


@given(SENTENCES, SENTENCES)
def test_two_texts_are_alike_both_ways_and_with_themselves(a: str, b: str) -> None:
    assert same_again(a, a)
    assert same_again(a, b) == same_again(b, a)


def page_of(count: int, size: int, *, shuffled: bool = False) -> list[str]:
    """Texts of words that English has about as often as these are drawn."""
    draw = random.Random(20260115)
    words = ["".join(draw.choices("etaoinshrdlu", k=draw.randint(2, 9))) for _ in range(4_000)]
    weights = [1 / rank for rank in range(1, 4_001)]
    drawn = [draw.choices(words, weights, k=size // 6) for _ in range(count)]
    if shuffled:
        drawn = [draw.sample(drawn[0], len(drawn[0])) for _ in drawn]
    return [" ".join(text)[:size] for text in drawn]


@pytest.mark.parametrize(
    ("page", "most_ms"),
    [
        (page_of(50, 500), 8),
        (page_of(50, 500, shuffled=True), 80),
        ([f"{text} at 12:30:05, {n}% of 3/4" for n, text in enumerate(page_of(50, 500))], 20),
        (page_of(50, 500)[:5] * 10, 8),
        (["1:2:3:4%" * 250_000] * 50, 400),
        (["% of 1/1 " * 120_000] * 50, 400),
    ],
    ids=["distinct", "the same words", "figures", "copies", "colons", "shares"],
)
def test_a_page_is_collapsed_in_little_time(page: list[str], most_ms: int) -> None:
    """The best of several tries, with room for a slow machine; measured: 1 ms for fifty distinct texts."""
    best_s = 1e9
    for _ in range(5):
        started = time.process_time()
        collapse(page)
        best_s = min(best_s, time.process_time() - started)

    assert best_s * 1000 < most_ms


def test_a_long_text_is_compared_by_its_length_and_samples() -> None:
    text = page_of(1, 400_000)[0]

    assert WORDS_MIN < len(text.split())
    assert same_again(text, text.upper())
    assert not same_again(text, text[: len(text) // 2])


def mutated(draw: random.Random, count: int) -> list[str]:
    """A page of a few texts with up to three words changed, of some of them the copies."""
    words = ["".join(draw.choices("etaoinshrdlu", k=draw.randint(3, 9))) for _ in range(400)]
    bases = [draw.sample(words, draw.randint(WORDS_MIN, 60)) for _ in range(4)]
    page = []
    for _ in range(count):
        text = list(draw.choice(bases))
        for _ in range(draw.randint(0, 3)):
            text[draw.randrange(len(text))] = draw.choice(words)
        page.append(" ".join(text))
    return page


@pytest.mark.parametrize("seed", range(5))
def test_a_page_is_collapsed_as_if_each_were_compared_with_each(seed: int) -> None:
    page = mutated(random.Random(seed), 60)
    expected: list[int] = []
    for place, text in enumerate(page):
        kept = (first for first in sorted(set(expected)) if same_again(page[first], text))
        expected.append(next(kept, place))

    assert 4 <= len(set(expected)) < 60
    assert expected == collapse(page), f"seed {seed}"


def test_a_page_that_grows_is_what_it_would_be_at_once_and_each_text_is_read_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[str] = []

    def counted(text: str, printed: bool) -> likeness._Form:
        read.append(text)
        return _form(text, printed)

    texts_of_page = [*(f"done {n}0%" for n in range(5)), *mutated(random.Random(7), 30)]
    expected = [collapse(texts_of_page[:size]) for size in range(1, len(texts_of_page) + 1)]
    monkeypatch.setattr(likeness, "_form", counted)
    page = Page()
    grown = []
    for text in texts_of_page:
        page.add(text)
        grown.append(page.firsts())

    assert expected == grown
    assert texts_of_page == read


PLAIN_MEASURED = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?|\b\d\d:\d\d:\d\d\b"
    r"|\b\d+\.\d+\s?(?:[nµu]?s|ms|sec|seconds|minutes)\b|\b0x[0-9a-fA-F]+\b"
    r"|\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"
)
PIECES = [
    "2026-01-15T10:11:12",
    " 10:11:12",
    ".5+02:00",
    "Z",
    "0.35",
    "s",
    " ms",
    "12",
    "0x",
    "a9",
    "G",
    "٣",
    "_",
    "-",
    " ",
]
PIECES += ["deadbeef-1234-5678-9abc-0123456789ab"]


@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join))
def test_readings_are_found_where_a_plainer_and_slower_expression_finds_them(text: str) -> None:
    assert PLAIN_MEASURED.sub("#", text) == likeness._MEASURED.sub("#", text)


def test_what_has_no_other_of_its_size_repeats_nothing_and_the_rest_is_compared() -> None:
    """A long text between two that say the same, and one that begins as they do and goes on."""
    page = [KEPT, " ".join([KEPT] * 4), f"Well, {KEPT}", f"{KEPT} {RUN}"]

    assert [0, 1, 0, 3] == collapse(page)
