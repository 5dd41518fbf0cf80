"""A small engine for grammars: rules over kinds of words, applied one after the other.

A text becomes a row of tokens, each of a *kind*. A rule is a pattern over kinds and a function:

    rule("the? (last|past) number units", "span", last_units)

Wherever the pattern fits, its tokens are replaced by one token of the rule's kind, whose value the
function makes; if it makes None, the tokens stay. Rules run in the order in which they are
written, so what is more specific stands first. A pattern is a regular expression in which each
name of a kind is one character, so matching runs in C, and groups such as ``(?<=in|during)`` and
``(?!units)`` mean what they mean there.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

_NAME = re.compile(r"[a-z_]+")
_PIECE = re.compile(r"\((?:\?(?:<?[=!]|:))?|[a-z_]+|[|)?$]")
_CAPITALS = re.compile(r"[A-Z_]{2,}")
_ALTERNATIVES = re.compile(
    r"\((?:\?:)?(?:[\u4E00-\u9FFF]|\[[\u4E00-\u9FFF]+\])(?:\|(?:[\u4E00-\u9FFF]|\[[\u4E00-\u9FFF]+\]))*\)"
)
_NO_NAMES: Mapping[str, str] = {}
_FIRST_SYMBOL = 0x4E00
_ANY = -1  # every bit
_symbols: dict[str, str] = {}


class Token(NamedTuple):
    """Code points ``[start, end)`` of a text: a word, or what rules have made of several."""

    kind: str
    value: Any
    start: int
    end: int


class Match(NamedTuple):
    """The tokens that a rule's pattern fitted, and those beside them."""

    tokens: Sequence[Token]
    before: Token | None
    after: Token | None

    def has(self, *kinds: str) -> bool:
        """Whether there is a token of one of these kinds."""
        return any(token.kind in kinds for token in self.tokens)

    def all(self, *kinds: str) -> list[Any]:
        """The values of all tokens of these kinds, in order."""
        return [token.value for token in self.tokens if token.kind in kinds]

    def get(self, *kinds: str) -> Any:
        """The value of the first token of one of these kinds; `LookupError` if there is none."""
        for token in self.tokens:
            if token.kind in kinds:
                return token.value
        raise LookupError(kinds)

    def first(self, *kinds: str) -> str:
        """The kind of the first token that is of one of these kinds, or an empty string."""
        return next((token.kind for token in self.tokens if token.kind in kinds), "")


class Rule(NamedTuple):
    """A pattern, the kind of what it makes, and how.

    ``needs`` and ``needs_too`` are sets of kinds, as bits: a row without any kind of one cannot match.
    Most rules are passed over by that, several times faster than by a search, and their patterns
    are never compiled.
    """

    pattern: str
    kind: str
    make: Callable[..., Any]
    needs: int
    needs_too: int


def rule(pattern: str, kind: str, make: Callable[..., Any], names: Mapping[str, str] = _NO_NAMES) -> Rule:
    """A rule; *names* stand for alternations of kinds, written in capitals in the pattern."""
    pattern = _CAPITALS.sub(lambda found: f"(?:{names[found[0]]})", pattern)
    return Rule(pattern, kind, make, *needs_of(pattern))


@functools.cache
def compile_pattern(pattern: str) -> re.Pattern[str]:
    """The expression over symbols that *pattern* means."""
    symbols = _NAME.sub(lambda found: symbol(found[0]), pattern).replace(" ", "")
    joined = ""
    while joined != symbols:  # a set of characters compiles and matches faster than alternatives
        joined, symbols = symbols, _ALTERNATIVES.sub(_as_set, symbols)
    return re.compile(symbols)


def _as_set(found: re.Match[str]) -> str:
    return "[" + re.sub(r"[^\u4E00-\u9FFF]", "", found[0]) + "]"


def symbol(kind: str) -> str:
    """The character that stands for a kind."""
    if kind not in _symbols:
        _symbols[kind] = chr(_FIRST_SYMBOL + len(_symbols))
    return _symbols[kind]


def row_of(tokens: Sequence[Token]) -> str:
    """The kinds of tokens as the string that patterns are matched against."""
    return "".join([_symbols.get(token.kind) or symbol(token.kind) for token in tokens])


def needs_of(pattern: str) -> tuple[int, int]:
    """Sets of kinds of which a row that *pattern* matches has one each; the two smallest, as bits."""
    parts = _PIECE.findall(pattern)
    needs, rest = _alternatives(parts)
    if rest:
        raise ValueError(f"{pattern!r} closes a group that it did not open")
    smallest = sorted(needs, key=int.bit_count)
    return (smallest[0], smallest[-1 if len(smallest) == 1 else 1]) if smallest else (_ANY, _ANY)


def _alternatives(parts: list[str]) -> tuple[list[int], list[str]]:
    """The needs of alternatives, up to the end of their group: what each needs one of, together."""
    branches: list[list[int]] = [[]]
    while parts and parts[0] != ")":
        part, parts = parts[0], parts[1:]
        if part == "|":
            branches.append([])
            continue
        if part == "$":
            branches[-1].append(0)  # nothing of the row is needed
            continue
        if part.startswith("("):
            needs, parts = _alternatives(parts)
            parts = parts[1:]
        else:
            needs = [_bit(part)]
        optional = bool(parts) and parts[0] == "?"
        parts = parts[1:] if optional else parts
        if not optional and part not in ("(?!", "(?<!"):
            branches[-1] += needs
    branches = [[need for need in branch if need] if 0 not in branch else [] for branch in branches]
    if len(branches) == 1:
        return branches[0], parts
    if not all(branches):
        return [], parts
    together = 0
    for branch in branches:
        together |= min(branch, key=int.bit_count)
    return [together], parts


def _bit(kind: str) -> int:
    return 1 << (ord(symbol(kind)) - _FIRST_SYMBOL)


def bits_of(tokens: Sequence[Token]) -> int:
    """The kinds of tokens as bits."""
    bits = 0
    for kind in {token.kind for token in tokens}:
        bits |= _bit(kind)
    return bits


def reduce(tokens: list[Token], rules: Sequence[Rule], context: object) -> list[Token]:
    """Apply *rules* to *tokens*, each from left to right."""
    tokens = list(tokens)
    row = row_of(tokens)
    bits = bits_of(tokens)
    for pattern, kind, make, needs, needs_too in rules:
        if not (bits & needs and bits & needs_too):
            continue
        at = 0
        search = compile_pattern(pattern).search
        while found := search(row, at):
            start, end = found.span()
            before = tokens[start - 1] if start else None
            after = tokens[end] if end < len(tokens) else None
            value = _made(make, Match(tokens[start:end], before, after), context)
            if value is not None:
                tokens[start:end] = [Token(kind, value, tokens[start].start, tokens[end - 1].end)]
                row = row[:start] + symbol(kind) + row[end:]
                bits |= _bit(kind)
            at = start + 1
    return tokens


def _made(make: Callable[..., Any], match: Match, context: object) -> Any:
    """What a rule makes; None also where the calendar has no such day (31 June, the year 0)."""
    try:
        return make(match, context)
    except (ValueError, OverflowError):
        return None
