"""Whatever a model sends is read for what it meant, or refused by one named error."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_memory.summaries.reading import CHARACTERS_MAX, CLAIMS_MAX, Ground, Proposal, UnreadableAnswer, read_answer
from agent_memory.testing.hostile import hostile_strings
from agent_memory.testing.strategies import texts
from tests.unit.summaries.talks import answer, bullet

GOOD = answer(
    bullet("The index is missing.", (4, "has no index")),
    bullet("The index comes in a migration.", (5, "in a migration"), type="decision"),
    title="Export timeouts",
    abstract="The export timed out.",
    keywords=["orders", "export"],
)
PRETTY = json.dumps(json.loads(GOOD), indent=2)


def refs(text: str) -> list[tuple[int, ...]]:
    return [ground.refs for claim in read_answer(text).claims for ground in claim.grounds]


def test_a_plain_answer_is_read() -> None:
    proposal = read_answer(GOOD)

    assert "Export timeouts" == proposal.title
    assert ("orders", "export") == proposal.keywords
    assert ["The index is missing.", "The index comes in a migration."] == [claim.text for claim in proposal.claims]
    assert ["other", "decision"] == [claim.type for claim in proposal.claims]
    assert (Ground((4,), "has no index"),) == proposal.claims[0].grounds


@pytest.mark.parametrize(
    "sent",
    [
        f"```json\n{PRETTY}\n```",
        f"```\n{GOOD}```",
        f"Sure! Here are the minutes:\n\n{GOOD}\n\nLet me know if you need {{anything}} else.",
        f'<think>Perhaps {{"bullets": [1]}}? No.</think>\n{GOOD}',
        f"{{}} {GOOD}",
        f'{{"answer": {GOOD}}}',
        f"[{GOOD}]",
        json.dumps({"name": "minutes", "arguments": GOOD}),
        PRETTY.replace("\n      ]", ",\n      ]").replace("\n}", ",\n}"),
        "\ufeff" + PRETTY.replace('"title"', "// the title\n  title"),
        PRETTY.replace('"', "'"),
        PRETTY.replace("},\n    {", "}\n    {"),
        GOOD.replace("Export timeouts", "Export \n timeouts").replace("Export \\n", "Export"),
    ],
)
def test_the_form_does_not_matter(sent: str) -> None:
    """Fences, prose, thoughts, wrappings, commas too many or too few, other quotes, comments, raw line ends."""
    proposal = read_answer(sent)

    assert ["The index is missing.", "The index comes in a migration."] == [claim.text for claim in proposal.claims]
    assert [4, 5] == [ref for claim in proposal.claims for ground in claim.grounds for ref in ground.refs]
    assert "Export timeouts" == " ".join(proposal.title.split())


def test_quotes_that_nobody_escaped_stay_in_their_text() -> None:
    sent = GOOD.replace("has no index", 'the "customer" table has no "index"')

    assert 'the "customer" table has no "index"' == read_answer(sent).claims[0].grounds[0].quote


@pytest.mark.parametrize("size", range(1, len(GOOD)))
def test_of_an_answer_that_was_cut_off_what_is_whole_is_used(size: int) -> None:
    """A text that was cut is left out; it is not guessed to its end."""
    try:
        proposal = read_answer(GOOD[:size])
    except UnreadableAnswer:
        assert GOOD.index('"The index is missing."') + len('"The index is missing."') > size
        return
    whole = read_answer(GOOD)

    assert [claim.text for claim in whole.claims][: len(proposal.claims)] == [claim.text for claim in proposal.claims]
    quotes = [ground.quote for claim in proposal.claims for ground in claim.grounds]
    assert set(quotes) <= {"has no index", "in a migration"}
    assert proposal.title in ("", whole.title)


@pytest.mark.parametrize(
    ("ref", "meant"),
    [
        (3, (3,)),
        (3.0, (3,)),
        ("3", (3,)),
        ("#3", (3,)),
        ("[3]", (3,)),
        ("event 3", (3,)),
        ("3, 4", (3, 4)),
        ([3, "4"], (3, 4)),
        (-1, ()),
        (3.5, ()),
        (True, ()),
        (None, ()),
        ("v3.2", ()),
        ({"n": 3}, ()),
        (10**40, ()),
        ("9" * 5000, ()),
    ],
)
def test_a_number_is_read_however_it_is_written(ref: object, meant: tuple[int, ...]) -> None:
    assert [meant] == refs(answer(bullet("A line.", (ref, "some words"))))


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        ({"text": "A.", "refs": [1, 2], "quote": "some words"}, [Ground((1, 2), "some words")]),
        ({"text": "A.", "ref": "2", "excerpt": "some words"}, [Ground((2,), "some words")]),
        ({"text": "A.", "evidence": "some words", "ref": 2}, [Ground((2,), "some words")]),
        ({"text": "A.", "evidence": {"ref": 2, "quote": "some words"}}, [Ground((2,), "some words")]),
        ({"text": "A.", "evidence": [2]}, [Ground((2,), "")]),
        ({"text": ["A.", "B."], "evidence": []}, [Ground((), "")]),
        ("A line of entry [2].", [Ground((2,), "")]),
    ],
)
def test_a_bullet_of_another_shape_is_understood(told: object, meant: list[Ground]) -> None:
    assert meant == list(read_answer(answer(told)).claims[0].grounds)


def test_decisions_and_questions_in_lists_of_their_own_are_bullets() -> None:
    sent = {"bullets": [bullet("A.", (1, "x"))], "decisions": [bullet("B.", (1, "x"))], "open_questions": ["C?"]}
    sent["decisions"][0].pop("type")  # type: ignore[attr-defined]

    assert [("A.", "other"), ("B.", "decision"), ("C?", "question")] == [
        (claim.text, claim.type) for claim in read_answer(json.dumps(sent)).claims
    ]


def test_bullets_may_come_as_an_object_and_keywords_as_a_text() -> None:
    sent = {"bullets": {"1": bullet("A.", (1, "x")), "2": bullet("B.", (1, "x"))}, "keywords": "orders, export"}
    proposal = read_answer(json.dumps(sent))

    assert (["A.", "B."], ("orders", "export")) == ([claim.text for claim in proposal.claims], proposal.keywords)


def test_of_a_key_that_is_there_twice_the_last_counts() -> None:
    twice = GOOD[:-1] + ', "title": "Later"}'

    assert "Later" == read_answer(twice).title


def test_of_several_answers_the_fullest_counts_and_of_equals_the_last() -> None:
    one, other = answer(bullet("A.", (1, "x")), title="first"), answer(bullet("A.", (1, "x")), title="second")

    assert "second" == read_answer(f"{one}\n{other}").title
    assert "Export timeouts" == read_answer(f"{one}\n{GOOD}\n{other}").title


@pytest.mark.parametrize(
    ("sent", "problem"),
    [
        ("", "it is empty"),
        ("  \n", "it is empty"),
        ("I cannot help with that.", "it holds no JSON object"),
        ("[1, 2", "it holds no JSON object"),
        ('{"title": "x"}', 'its JSON object has no list "bullets"'),
        ('{"bullets": []}', 'its list "bullets" has no bullet with a text and a quotation'),
        ('{"bullets": [7, null, {}, [[]]]}', 'its list "bullets" has no bullet with a text and a quotation'),
    ],
)
def test_what_holds_no_bullet_is_refused_with_its_problem(sent: str, problem: str) -> None:
    with pytest.raises(UnreadableAnswer) as refused:
        read_answer(sent)

    assert problem == refused.value.problem


def test_an_answer_is_bounded() -> None:
    many = answer(*[bullet(f"Line {n}." + "x" * 9_000, (1, "y" * 9_000)) for n in range(200)])
    proposal = read_answer(many)

    assert CLAIMS_MAX >= len(proposal.claims)
    assert max(len(claim.text) for claim in proposal.claims) <= 4_000


def or_nothing(text: str) -> Proposal | None:
    try:
        return read_answer(text)
    except UnreadableAnswer:
        return None


@given(texts(max_size=200))
def test_garbage_is_refused_by_the_one_error(text: str) -> None:
    or_nothing(text)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["bullets", "text", "evidence", "ref", "refs", "quote", "title", "keywords", "type", "decisions"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=10,
)


@settings(max_examples=40)
@given(st.dictionaries(st.sampled_from(["bullets", "title", "abstract", "keywords", "questions"]), anything))
def test_values_of_any_type_at_any_place_are_refused_or_read(value: dict[str, Any]) -> None:
    proposal = or_nothing(json.dumps(value))

    if proposal is not None:
        assert all(isinstance(claim.text, str) and claim.text for claim in proposal.claims)
        assert all(ref >= 0 for claim in proposal.claims for ground in claim.grounds for ref in ground.refs)


@settings(max_examples=50)
@given(st.data())
def test_an_answer_with_holes_and_scribbles_never_raises_another_error(data: st.DataObject) -> None:
    sent = PRETTY
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(sent)))
        put = data.draw(
            st.sampled_from(['"', "\\", "{", "}", "[", "]", ",", ":", "\n", "'", "//", "/*", "nul", "\ud800"])
        )
        sent = sent[:at] + put + sent[at + data.draw(st.integers(0, 9)) :]

    or_nothing(sent)


@pytest.mark.parametrize("unit", ["{", "[", '{"a":', '{"bullets":[', '"\\', "{'", "{/*"])
def test_a_huge_answer_of_one_thing_is_over_soon(unit: str) -> None:
    """No more than the bound is looked at, each part of it a few times: a slow one would reach the time limit."""
    or_nothing('{"bullets": ' + unit * (CHARACTERS_MAX // len(unit)))


@pytest.mark.slow
def test_hostile_strings_are_refused() -> None:
    for text in hostile_strings().values():
        or_nothing(text)
        or_nothing('{"bullets": [{"text": "' + text)
