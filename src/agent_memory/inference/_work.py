"""What was done with tools: the files that were changed, and how the tests ended that were run."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from agent_memory.events import Kind
from agent_memory.inference._headings import tidy
from agent_memory.toc.grips import settle
from agent_memory.toc.material import Excerpt, Passage, Point

WORK_WEIGHT = 35.0
"""Less than what was said: parents take it where little else is."""

_NAMED_MAX, _NAME_MAX = 3, 60
_TOLD_MAX, _ENDING_MAX, _LINE_MAX = 8_000, 4_000, 200
# fmt: off
_EDITORS = frozenset({
    "edit", "write", "multiedit", "notebookedit", "apply_patch", "write_file", "replace", "edit_file", "create_file",
    "create", "search_replace", "str_replace_editor", "str_replace_based_edit_tool", "insert_edit_into_file", "patch",
})
# fmt: on
_JSON_PATH = re.compile(r"\"(?:file_?path|target_file|notebook_path|path)\"\s*:\s*\"([^\"\\\n]{1,300})\"", re.I)
_PATCHED = re.compile(
    r"^\*\*\* (?:(?:Update|Add|Delete) File: )?([\w./@+-]{0,290}\w\.\w{1,10}|[\w./@+-]{1,290}/[\w.@+-]{1,90})[ \t]*$",
    re.M,
)
_FIRST_LINE = re.compile(r"\s*([\w./@+~\\: -]{0,290}\w\.\w{1,10}|[\w./@+~-]{1,290}/[\w.@+-]{1,90})[ \t]*(?:\n|$)")
_TALLY = re.compile(r"\b\d[\d,]{0,12} (?:tests? )?(?:passed|failed|passing|failing|timed out)\b[^\n]{0,80}")
_BAD = re.compile(r"\b([1-9][\d,]{0,12}) (?:tests? )?(?:failed|failing|failures?|errors?|timed out)\b")
_GOOD = re.compile(r"\b([1-9][\d,]{0,12}) (?:tests? )?(?:passed|passing)\b")


class Check(msgspec.Struct, frozen=True, gc=False):
    """A run of tests: the place of what it says of itself, in code points, and what that is."""

    index: int
    start: int
    end: int
    failed: bool
    told: str


def checks_of(passages: Sequence[Passage]) -> list[Check]:
    """How tests ended, in order."""
    found = []
    for index, passage in enumerate(passages):
        if passage.kind is Kind.TOOL_RESULT and (" pass" in passage.text or " fail" in passage.text):
            check = _check(index, passage.text)
            if check is not None:
                found.append(check)
    return found


def _check(index: int, text: str) -> Check | None:
    # How it ended stands at the end.
    tallies = list(_TALLY.finditer(text, max(0, len(text) - _ENDING_MAX)))
    if not tallies:
        return None
    tally = tallies[-1]
    line = text[max(text.rfind("\n", 0, tally.start()) + 1, tally.start() - _LINE_MAX) : tally.end()]
    bad, good = _BAD.search(line), _GOOD.search(line)
    if bad is None and good is None:
        return None
    parts = [part[0] for part in (bad, good) if part is not None]
    first = min(part.start() for part in (bad, good) if part is not None) + tally.end() - len(line)
    last = max(part.end() for part in (bad, good) if part is not None) + tally.end() - len(line)
    return Check(index, first, last, bad is not None, ", ".join(parts))


def mended_by(checks: Sequence[Check], index: int, told: str) -> Check | None:
    """The run without failures that followed, where passage *index* tells with *told* that a test failed."""
    if "FAIL" not in told and not any(check.index == index and check.failed for check in checks):
        return None
    return next((check for check in checks if check.index > index and not check.failed), None)


def work_point(passages: Sequence[Passage], checks: Sequence[Check]) -> Point | None:
    """`Changed create.py and cancel.py; tests: 1 failed, then 12 passed`; None where no file was changed."""
    files: dict[str, Excerpt] = {}
    for passage in passages:
        if passage.kind is Kind.TOOL_CALL and passage.tool_name.lower() in _EDITORS:
            for path, place in _paths(passage):
                files.setdefault(path, place)
    if not files:
        return None
    evidence = list(files.values())[:_NAMED_MAX]
    text = f"Changed {_in_words(list(files))}"
    if checks:
        failed = next((check for check in checks if check.failed), None)
        last = checks[-1]
        told = [last] if failed is None or failed is last else [failed, last]
        text += f"; tests: {', then '.join(check.told for check in told)}"
        evidence += [evidence_of(passages, check) for check in told]
    return Point(text=text, evidence=tuple(evidence), weight=WORK_WEIGHT)


def evidence_of(passages: Sequence[Passage], check: Check) -> Excerpt:
    return Excerpt(event_id=passages[check.index].event_id, start=check.start, end=check.end)


def _paths(passage: Passage) -> list[tuple[str, Excerpt]]:
    text = passage.text[:_TOLD_MAX]
    if text.lstrip()[:1] == "{":
        found = [match for match in (_JSON_PATH.search(text),) if match is not None]
    else:
        found = list(_PATCHED.finditer(text)) if "***" in text else []
        if not found and (first := _FIRST_LINE.match(text)) is not None:
            found = [first]
    paths = []
    for match in found:
        start, end = settle(text, match.start(1), match.end(1))
        if start < end:
            paths.append((text[start:end], Excerpt(event_id=passage.event_id, start=start, end=end)))
    return paths


def _in_words(paths: Sequence[str]) -> str:
    """The first few by their last names, and how many more."""
    shown = [tidy(re.split(r"[/\\]", path)[-1])[:_NAME_MAX] or path for path in paths[:_NAMED_MAX]]
    shown = list(dict.fromkeys(shown))
    if len(paths) > _NAMED_MAX:
        return f"{', '.join(shown)} and {len(paths) - _NAMED_MAX} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
