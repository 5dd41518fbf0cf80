"""Runs of characters that are no words: base64, data URIs, keys."""

from __future__ import annotations

import re

_RUN_MIN = 256
_WRAPPED_MIN = 60
_WRAPPED_LINES_MIN = 4
_SEGMENT_MEAN_MIN = 16
# A data URI; lines of base64; one long run of letters and digits.
_DATA = re.compile(r"data:[\w.+-]{1,80}/[\w.+-]{1,80}(?:;[\w=-]{1,60}){0,4};base64,[A-Za-z0-9+/=_%-]*+")
_LINE = r"[A-Za-z0-9+/]{60,80}+"
_WRAPPED = re.compile(
    rf"^{_LINE}(?:\r?\n{_LINE}){{{_WRAPPED_LINES_MIN - 1},}}+(?:\r?\n[A-Za-z0-9+/]{{1,80}}+={{0,2}}(?=\s|$))?",
    re.MULTILINE,
)
_RUN = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{256,}+={0,2}")
# Somebody may look for one of them.
_HASHES = re.compile(r"[0-9a-f\r\n]+|[0-9A-F\r\n]+")
_SEPARATORS = re.compile(r"[+/_-]")


def encoded_in(text: str) -> list[tuple[int, int]]:
    """Data URIs, base64, and runs so long that they are no words; paths, however long, are."""
    if len(text) < _RUN_MIN and ";base64," not in text:
        return []
    spans: list[tuple[int, int]] = []
    if ";base64," in text:
        spans += [found.span() for found in _DATA.finditer(text)]
    if not _has_run(text, _WRAPPED_MIN):
        return spans
    if text.count("\n") >= _WRAPPED_LINES_MIN - 1:
        spans += [found.span() for found in _WRAPPED.finditer(text) if not _HASHES.fullmatch(found[0])]
    if _has_run(text, _RUN_MIN):
        spans += [found.span() for found in _RUN.finditer(text) if not _has_words(found[0])]
    return spans


def _has_run(text: str, size: int) -> bool:
    """Whether so many characters stand together without a space. Far quicker than any expression."""
    at = 0
    while at + size <= len(text):
        space = text.rfind(" ", at, at + size)
        if space < 0:
            space = text.rfind("\n", at, at + size)
            if space < 0:
                return True
        at = space + 1
    return False


def _has_words(run: str) -> bool:
    """Names held together by slashes and dashes are short; what is encoded has those by chance, and seldom."""
    return len(run) < _SEGMENT_MEAN_MIN * (len(_SEPARATORS.findall(run)) + 1)
