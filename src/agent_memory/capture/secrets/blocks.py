"""Blocks of a text that are secret whole: private keys, and what its writer marked as private.

On the path of the hook: the standard library only.
"""

from __future__ import annotations

from agent_memory.capture.secrets.patterns import compiled

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

PRIVATE = "private"
KEY = "private-key"

Block = tuple[int, int, str]

_KEY_CHARACTERS_MAX = 100_000
_BODY_CHARACTERS_MIN = 40


def blocks_of(text: str, lowered: bytes) -> Iterator[Block]:
    """Each block with its kind; *lowered* is the text in lower case, a byte for each code point."""
    if b"<private" in lowered:
        yield from _private(text)
    if b"-----begin" in lowered:
        yield from _armoured(text, lowered)
    at = lowered.find(b"private-lines:")
    while at >= 0:
        yield from _putty(text, at)
        at = lowered.find(b"private-lines:", at + 14)


# -- what is marked --------------------------------------------------------------------------------------

_TAG = r"(?i)<(/?)private(?:\s[^<>]{0,200}+)?>"


_NAMED = r"[A-Za-z0-9_]<"


def _private(text: str) -> Iterator[Block]:
    """From an opening tag to what closes it, or to the end; a tag in a pair of quotes is talked about.

    Blocks may lie within each other. What follows a name as in `List<Private>` opens nothing unless it is closed.
    """
    opened: list[re.Match[str]] = []
    for tag in compiled(_TAG).finditer(text):
        if _is_mentioned(text, tag.start(), tag.end()):
            continue
        if not tag[1]:
            opened.append(tag)
        elif opened:
            yield opened.pop().start(), tag.end(), PRIVATE
    for tag in opened:
        if not compiled(_NAMED).match(text, max(0, tag.start() - 1)):
            yield tag.start(), len(text), PRIVATE
            return


def _is_mentioned(text: str, start: int, end: int) -> bool:
    before, behind = text[start - 1 : start], text[end : end + 1]
    return before != "" and before in "`\"'" and before == behind


# -- private keys -----------------------------------------------------------------------------------

_BEGIN = r"-----BEGIN ([A-Z0-9 ]{0,40}+)-----"
# One line of a key as it stands in text, JSON, YAML, code or a diff, with what divides lines there.
_LINES = r"""(?x)(?:
        (?:\\{1,4}[nrt]|[\s"'+,|>\\;]|[-](?!-))*+
        (?: (?:Proc-Type|DEK-Info|Version|Comment|Hash|Charset|MessageID):[ ]?[^\r\n\\"']{0,200}+
          | [A-Za-z0-9+/=]++ )
    )*+"""
_WORDS = r"[A-Za-z0-9+/=]{16,}+"


def _armoured(text: str, lowered: bytes) -> Iterator[Block]:
    """PEM, OpenSSH and PGP; whole, or the lines that are left of one."""
    at = lowered.find(b"-----begin")
    while at >= 0:
        following = lowered.find(b"-----begin", at + 10)
        frame = compiled(_BEGIN).match(text, at)
        if frame and "PRIVATE KEY" in frame[1]:
            until = min(len(text), following if following >= 0 else len(text), at + _KEY_CHARACTERS_MAX)
            body = _body_end(text, frame.end(), until)
            if body:
                closing = compiled(rf"\s*+(?:\\+[nr])*+[\s\"'+,|>\\-]{{0,40}}?-----END {frame[1]}-----").match(
                    text, body
                )
                yield at, closing.end() if closing else body, KEY
        at = following


def _body_end(text: str, start: int, until: int) -> int:
    """Where the lines of a key end; 0 where there are none."""
    end, size, at = 0, 0, start
    found = compiled(_LINES).match(text, start, until)
    if found is None:
        return 0
    for word in compiled(_WORDS).finditer(text, at, found.end()):
        end, size = word.end(), size + word.end() - word.start()
    if size < _BODY_CHARACTERS_MIN:
        return 0
    # The last line may be short.
    last = compiled(r"(?:\\{1,4}[nrt]|[\s\"'+,|>\\])*+[A-Za-z0-9+/=]{1,15}+(?=[\s\"'\\]|-----|$)").match(
        text, end, until
    )
    return last.end() if last and "-----END" in text[last.end() : last.end() + 60] else end


_PUTTY = r"(?i)Private-Lines:[ ]?\d{1,4}((?:(?:\\r)?\\n|\r?\n)(?:[A-Za-z0-9+/]{1,64}={0,2}))++"


def _putty(text: str, at: int) -> Iterator[Block]:
    found = compiled(_PUTTY).match(text, at)
    if found:
        start = text.find(":", at) + 1
        yield start, found.end(), KEY
