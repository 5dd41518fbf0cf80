"""The small engine that rules of the grammar run on."""

from __future__ import annotations

import itertools

import pytest

from agent_memory.temporal.grammar import Token, bits_of, compile_pattern, needs_of, reduce, row_of, rule


def test_rules_run_in_their_order_and_leave_what_they_do_not_make() -> None:
    def twice(match: object, context: object) -> int:
        return 2

    def refused(match: object, context: object) -> None:
        return None

    tokens = [Token(kind, None, at, at + 1) for at, kind in enumerate(["number", "unit", "ago", "unit"])]
    rules = [
        rule("number unit ago", "never", refused),
        rule("number unit", "pair", twice),
        rule("unit", "late", refused),
    ]

    assert [("pair", 0, 2), ("ago", 2, 3), ("unit", 3, 4)] == [
        (token.kind, token.start, token.end) for token in reduce(tokens, rules, None)
    ]


@pytest.mark.parametrize(
    "pattern", ["a", "a? b", "(a|b) c", "(?<=a|b) c? d", "(?!a) b", "a (b|(c d))? (?=e|$)", "a|b c", "a? b?"]
)
def test_a_rule_is_never_passed_over_where_it_matches(pattern: str) -> None:
    """Every row of up to four kinds that the pattern matches has what the rule is said to need."""
    matcher = compile_pattern(pattern)
    needs = needs_of(pattern)
    for size in range(5):
        for kinds in itertools.product("abcde", repeat=size):
            tokens = [Token(kind, None, 0, 1) for kind in kinds]
            found = matcher.search(row_of(tokens))
            if found is not None and found[0]:
                assert all(bits_of(tokens) & need for need in needs)
