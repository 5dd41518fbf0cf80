"""Patterns of a user's own, `redact_extra` and `redact_allow`: taken only if no text can make them slow.

Python's expressions go back and try again, so one pattern can take time quadratic in a text or worse. A
pattern is taken if

- it begins with two or more characters that are given, or with a class of at most 4 characters among
  them: there are few places where it can begin to match;
- what repeats without end (`+`, `*`, `{3,}`) is one character or class, and the last thing in the
  pattern: there is nothing behind it that could fail and send it back;
- what repeats otherwise has a bound, and all that is left open (`?`, `{2,40}`, `a|b`) can be chosen in at most
  256 ways;
- it refers back to nothing (`\\1`) and does not match the empty text.

Then each place costs a bounded number of steps, and a text takes linear time. Possessive and atomic
parts are welcome: they leave nothing open.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from agent_memory.capture.redaction import PATTERN, Redactor, split_own
from agent_memory.errors import InvalidConfig

WAYS_MAX = 256
REPEATS_MAX = 1000
PATTERN_CHARACTERS_MAX = 1000
PATTERNS_MAX = 100
_FIXED_MIN = 2
_FIXED_CLASS_MAX = 4

_HINT = "docs/redaction.md tells which patterns are taken, for example ACME-[A-Za-z0-9]{20,40}."


class RedactionSettings(Protocol):
    """What of the settings redaction needs to know; `Config` is one."""

    @property
    def redact(self) -> str: ...
    @property
    def redact_extra(self) -> Sequence[str]: ...
    @property
    def redact_allow(self) -> Sequence[str]: ...


def redactor_of(settings: RedactionSettings) -> Redactor:
    """The redactor that the settings ask for. Errors: `InvalidConfig` for a pattern that is not taken."""
    return checked_redactor(on=settings.redact == "on", extra=settings.redact_extra, allow=settings.redact_allow)


def checked_redactor(*, on: bool, extra: Sequence[str], allow: Sequence[str]) -> Redactor:
    """A redactor with these settings. Errors: `InvalidConfig`, which says what is wrong with which pattern."""
    _check("redact_extra", extra, ((told, split_own(told)[1]) for told in extra))
    _check("redact_allow", allow, ((told, told.removeprefix(PATTERN)) for told in allow if told.startswith(PATTERN)))
    return Redactor(on=on, extra=extra, allow=allow)


def _check(name: str, given: Sequence[str], patterns: Iterable[tuple[str, str]]) -> None:
    if len(given) > PATTERNS_MAX:
        raise InvalidConfig(name, f"{len(given)} patterns", f"at most {PATTERNS_MAX} are taken", hint=_HINT)
    for told, pattern in patterns:
        problem = problem_of(pattern)
        if problem:
            raise InvalidConfig(name, told, problem, hint=_HINT)


def problem_of(pattern: str) -> str:
    """Why *pattern* is not taken, in a few words; empty where it is."""
    if len(pattern) > PATTERN_CHARACTERS_MAX:
        return f"the pattern is longer than {PATTERN_CHARACTERS_MAX:,} characters"
    try:
        compiled = re.compile(pattern)
        # The parser is not part of the library's interface, and nothing else tells what a pattern is made of.
        tree = re._parser.parse(pattern)  # type: ignore[attr-defined]
    except (re.error, RecursionError, OverflowError) as error:
        return f"it is no pattern: {error}"
    if compiled.match(""):
        return "it matches the empty text"
    if _fixed(list(tree)) < _FIXED_MIN:
        return "it has to begin with at least two characters that are given"
    try:
        ways = _ways(list(tree), is_last=True)
    except _NotTakenError as problem:
        return str(problem)
    return "" if ways <= WAYS_MAX else f"it leaves more than {WAYS_MAX} ways open; give it fewer choices and bounds"


class _NotTakenError(Exception):
    """What of a pattern could take long."""


def _fixed(items: list[tuple[Any, Any]]) -> int:
    """How many characters at the beginning are given."""
    count = 0
    for what, given in items:
        name = str(what)
        if name == "LITERAL" or (name == "IN" and _size(given) <= _FIXED_CLASS_MAX):
            count += 1
        elif name in ("AT", "ASSERT", "ASSERT_NOT"):
            continue
        elif name == "SUBPATTERN":
            within = list(given[3])
            inside = _fixed(within)
            count += inside
            if inside < len(within):
                break
        elif name == "BRANCH":
            count += min((_fixed(list(branch)) for branch in given[1]), default=0)
            break
        else:
            break
    return count


def _size(members: list[tuple[Any, Any]]) -> int:
    size = 0
    for what, given in members:
        name = str(what)
        if name == "LITERAL":
            size += 1
        elif name == "RANGE":
            size += given[1] - given[0] + 1
        else:
            return 1 << 20
    return size


def _ways(items: list[tuple[Any, Any]], *, is_last: bool) -> int:
    """In how many ways these can match from one place, at most."""
    ways = 1
    for at, (what, given) in enumerate(items):
        name, last = str(what), is_last and at == len(items) - 1
        if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            ways *= _repeat_ways(name, given, is_last=last)
        elif name == "SUBPATTERN":
            ways *= _ways(list(given[3]), is_last=last)
        elif name == "ATOMIC_GROUP":
            _ways(list(given), is_last=last)
        elif name == "BRANCH":
            ways *= sum(_ways(list(branch), is_last=last) for branch in given[1])
        elif name in ("ASSERT", "ASSERT_NOT"):
            ways *= _ways(list(given[1]), is_last=False)
        elif name in ("GROUPREF", "GROUPREF_EXISTS", "GROUPREF_IGNORE"):
            raise _NotTakenError("it refers back to a group")
        if ways > 1 << 40:
            break
    return ways


def _repeat_ways(name: str, given: Any, *, is_last: bool) -> int:
    least, most, inner = given
    within = list(inner)
    if most is not re._constants.MAXREPEAT and most > REPEATS_MAX:  # type: ignore[attr-defined]
        raise _NotTakenError(f"it repeats something more than {REPEATS_MAX:,} times")
    unbounded = most is re._constants.MAXREPEAT  # type: ignore[attr-defined]
    simple = len(within) == 1 and str(within[0][0]) in ("LITERAL", "NOT_LITERAL", "IN", "ANY", "CATEGORY")
    if unbounded:
        if not (is_last and simple and name != "MIN_REPEAT"):
            raise _NotTakenError("only one character or class at the very end may repeat without a bound")
        return 1
    if not simple and _ways(within, is_last=False) > 1:
        raise _NotTakenError("what is repeated leaves something open itself")
    return 1 if name == "POSSESSIVE_REPEAT" or (is_last and simple) else int(most) - int(least) + 1
