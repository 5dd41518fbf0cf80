"""Tokens: secrets that tell by their form what they are.

Almost every token is a run of letters, digits and `._~-`, at least 20 of them. Runs are found at the speed
of memory; what begins one, or stands behind a delimiter in it, is looked up by its first three characters.

On the path of the hook: the standard library only, nothing compiled before it is needed.
"""

from __future__ import annotations

from agent_memory.capture.secrets import rules, values
from agent_memory.capture.secrets.patterns import compiled
from agent_memory.capture.secrets.spans import TOKEN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent_memory.capture.secrets.spans import Span

_RUN_MIN = 20
_LONG = b"x" * _RUN_MIN
_RUN_CHARACTERS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~-")
_CLASSES = bytes(120 if code in _RUN_CHARACTERS else 32 for code in range(256))
_NO_DIGITS = bytes(code for code in range(256) if not 48 <= code <= 57)
_END = r"(?![A-Za-z0-9])"

# First three characters → (beginning, row).
_HEADS: dict[str, list[tuple[str, int]]] = {}


def _learn_heads() -> None:
    for row, (_, beginnings, _, _) in enumerate(rules.TOKENS):
        for beginning in beginnings.split():
            if len(beginning) == 2:
                for third in "0123456789abcdef":
                    _HEADS.setdefault(beginning + third, []).append((beginning, row))
            else:
                _HEADS.setdefault(beginning[:3], []).append((beginning, row))


_learn_heads()


def tokens(text: str, data: bytes, spans: list[Span]) -> None:
    """Add every token of *text*; *data* has a byte for each of its code points."""
    classes = data.translate(_CLASSES)
    at = classes.find(_LONG)
    while at >= 0:
        end = classes.find(b" ", at + _RUN_MIN)
        if end < 0:
            end = len(classes)
        done = token_at(text, at, spans) if text[at : at + 3] in _HEADS else 0
        # A token drawn at random has digits; most long runs are names, which have none.
        if not done and data[at:end].translate(None, _NO_DIGITS):
            _inside(text, data, at, end, spans)
        at = classes.find(_LONG, max(end, done))


def slashed(text: str, at: int, spans: list[Span]) -> int:
    """A token of base64, whose `+` and `/` end a run: its beginning was found."""
    return 0 if text[at - 1 : at].isalnum() and at else token_at(text, at, spans)


def token_at(text: str, at: int, spans: list[Span]) -> int:
    """The end of a token that begins here; 0 for none."""
    for beginning, row in _HEADS.get(text[at : at + 3], ()):
        if not text.startswith(beginning, at):
            continue
        kind, _, rest, _ = rules.TOKENS[row]
        found = compiled(rest + _END).match(text, at + len(beginning))
        if found is None:
            continue
        end = found.end()
        while text[end - 1] in ".-":
            end -= 1
        token = text[at:end]
        if beginning == rules.ENCODED_FRAME and not _is_encoded_key(token):
            continue
        if kind == "jwt" and max(map(len, token.split(".")[1:]), default=0) < 10:
            continue
        if values.is_token_placeholder(token, len(beginning)):
            return end
        spans.append((at, end, TOKEN, kind))
        return end
    return 0


def _is_encoded_key(token: str) -> bool:
    import binascii

    try:
        return b"PRIVATE KEY" in binascii.a2b_base64(token[:80])
    except binascii.Error:
        return False


def _inside(text: str, data: bytes, at: int, end: int, spans: list[Span]) -> None:
    """A token in a run that does not begin with it."""
    before = text[at - 1 : at]
    if before in ("\\", "%", "[", ";") and before:
        begins = _behind_escape(text, at, before)
        if begins:
            if token_at(text, begins, spans):
                return
            at, before = begins, ""
    run = data[at:end]
    size = end - at
    if before == ":" and size >= 35:
        for kind, pattern, reach in rules.BEHIND_COLON:
            found = compiled(pattern + _END).search(text, max(0, at - reach), min(end, at + 400))
            if found and not values.is_token_placeholder(found[0], 10):
                spans.append((found.start(), found.end(), TOKEN, kind))
                return
    for kind, marks, offset, pattern in rules.PLACED:
        if run.startswith(marks, offset):
            found = compiled(pattern + _END).match(text, at)
            if found:
                spans.append((at, found.end(), TOKEN, kind))
                return
    if size == 84:
        for kind, mark in rules.MARKED:
            if mark.encode() in run:
                spans.append((at, end, TOKEN, kind))
                return
    if b".atlasv1." in run:
        for found in compiled(rules.TERRAFORM + _END).finditer(text, at, end):
            spans.append((found.start(), found.end(), TOKEN, "terraform-token"))
    if b"Q~" in run:
        found = compiled(rules.ENTRA + _END).search(text, at, end)
        if found:
            spans.append((found.start(), found.end(), TOKEN, "azure-client-secret"))
            return
    # Behind a delimiter: `backup-AKIA…`, `oauth2_ghp_…`.
    inner = _inner(text, at + 1, end)
    while inner >= 0:
        inner = _inner(text, max(token_at(text, inner, spans), inner + 3), end)


# ESC, and what stands for it in JSON and in code.
_ESCAPES = ("\x1b", "\\u001b", "\\u001B", "\\x1b", "\\033", "\\e")


def _behind_escape(text: str, at: int, before: str) -> int:
    """Where the run goes on behind the end of an escape: \\n, \\u003d, %3D, ESC[31m; 0 for none."""
    if before == "\\":
        if text.startswith("u00", at):
            return at + 5
        return at + 1 if text[at] in "ntrbf" else 0
    if before == "%":
        return at + 2
    ends = text.find("m", at, at + 6)
    left = text[max(0, at - 18) : at]
    return ends + 1 if ends >= 0 and any(escape in left for escape in _ESCAPES) else 0


_DELIMITERS = "._~-"
# Compiling a pattern of all beginnings takes as long as walking so far: longer than most hooks ever walk.
_WALKED_MAX = 1 << 14
_walked = 0


def _inner(text: str, begins: int, end: int) -> int:
    """Where the beginning of a token stands behind a delimiter, at or after *begins*; -1 for nowhere."""
    global _walked
    if _walked < _WALKED_MAX:
        _walked += max(0, end - begins)
        return inner_by_walking(text, begins, end)
    return inner_by_pattern(text, begins, end)


def inner_by_walking(text: str, begins: int, end: int) -> int:
    """`_inner`, a step for each character."""
    for at in range(begins, end):
        if text[at - 1] in _DELIMITERS and (heads := _HEADS.get(text[at : at + 3])):
            for beginning, _ in heads:
                if len(beginning) > 3 and text.startswith(beginning, at, end):
                    return at
    return -1


def inner_by_pattern(text: str, begins: int, end: int) -> int:
    """`_inner`, by an expression of all beginnings."""
    global _inner_pattern
    if not _inner_pattern:
        import re

        by_first: dict[str, list[str]] = {}
        for _, beginnings, _, _ in rules.TOKENS:
            for beginning in beginnings.split():
                if len(beginning) > 3:
                    by_first.setdefault(beginning[0], []).append(re.escape(beginning[1:]))
        groups = (f"{re.escape(first)}(?:{'|'.join(rest)})" for first, rest in by_first.items())
        _inner_pattern = f"(?<=[{_DELIMITERS}])(?:{'|'.join(groups)})"
    found = compiled(_inner_pattern).search(text, begins, end)
    return found.start() if found else -1


_inner_pattern = ""
