"""Whether a query says what it is about, whose words it asks for, and which names it is made of."""

from __future__ import annotations

import pytest

from agent_memory.events import Role
from agent_memory.retrieval.asked import Asked, about, read
from agent_memory.testing.events import NOON_MS
from agent_memory.toc.calendar import calendar_of

UTC = calendar_of("UTC")


def asked(query: str) -> Asked:
    found = read(query, now_ms=NOON_MS, calendar=UTC)
    return about(found, found.time)


@pytest.mark.parametrize(
    "query",
    [
        "what did we do yesterday",
        "What happened on 12 December 2025?",
        "which files were changed last Friday",
        "the last error",
        "what was the last thing I said",
        "what did we talk about between June 3 and 7",
    ],
)
def test_a_query_that_asks_for_a_time_alone_has_no_topic(query: str) -> None:
    assert not asked(query).has_topic


@pytest.mark.parametrize(
    "query",
    [
        "what did we do about Redis yesterday",
        "what did Ada do yesterday",
        "which invoices were changed last Friday",
        "the last error in basket.py",
        "what did we do",
        "what happened",
        "3f9a2c1 yesterday",
    ],
)
def test_a_query_that_names_something_or_no_time_has_one(query: str) -> None:
    assert asked(query).has_topic


@pytest.mark.parametrize(
    ("query", "role"),
    [
        ("what did I say about Redis", Role.USER),
        ("what did the user say about Redis", Role.USER),
        ("the last thing I said about Redis", Role.USER),
        ("what have you proposed for the cache", Role.ASSISTANT),
        ("what did the assistant propose", Role.ASSISTANT),
        ("what you said about the cache", Role.ASSISTANT),
        ("what did we say about Redis", None),
        ("why did the user service fail", None),
    ],
)
def test_whose_words_are_asked_for(query: str, role: Role | None) -> None:
    assert role == asked(query).role


@pytest.mark.parametrize(
    ("query", "phrases"),
    [
        ("--all-nodes", ("all-nodes",)),
        ("where is to_bytes", ("to_bytes",)),
        ("src/mill/token.py", ("src/mill/token.py",)),
        ("why did the deploy of the mill to the new cluster fail in src/mill/token.py", ()),
        ("what happened on 2026-02-03", ()),
        ("make_deploy on 2026-02-03", ("make_deploy",)),
        ('"keep the key" in cache_key.py', ("keep the key",)),
    ],
)
def test_a_query_made_of_names_quotes_them(query: str, phrases: tuple[str, ...]) -> None:
    assert phrases == asked(query).phrases
