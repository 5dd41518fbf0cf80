"""Secrets that the structure around them tells: manifests of Kubernetes, what is marked as sensitive, JSON web keys.

On the path of the hook: the standard library only, nothing compiled before it is needed.
"""

from __future__ import annotations

from agent_memory.capture.secrets import values
from agent_memory.capture.secrets.patterns import compiled
from agent_memory.capture.secrets.spans import BLOCK, PLACE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent_memory.capture.secrets.spans import Span

_WINDOW = 4096
_MANIFEST_WINDOW = 1 << 15

OPEN_FIELDS = frozenset(
    ("username", "user", "host", "hostname", "port", "database", "dbname", "engine", "ca.crt", "tls.crt")
)
"""What a secret store holds beside its secrets."""

_KIND = r"""(?i)kind\\{0,3}["']?[ \t]{0,4}:[ \t]{0,4}\\{0,3}["']?secret(?![\w-])"""
_HOLDER = r"""(?m)^([ \t]*+)(?:data|stringData):[ \t]*+\r?$"""
_ENTRY = r"""(?x)[ \t]*+\r?\n([ \t]++)(["']?[A-Za-z0-9_./-]{1,253}+["']?):[ \t]{1,8}+
    (?:(?P<block>[|>][+-]?)|["']?(?P<value>[^\s"']++)["']?)"""
_LINE = r"[ \t]*+\r?\n([ \t]++)([^\s][^\r\n]*+)"
_JSON_HOLDER = r"""\\{0,3}"(?:data|stringData)\\{0,3}"\s{0,8}:\s{0,8}\{([^{}]{0,30000}+)\}"""
_JSON_ENTRY = r"""\\{0,3}"([A-Za-z0-9_./-]{1,253}+)\\{0,3}"\s{0,8}:\s{0,8}(\\{0,3}")((?:(?!\2)[^\r\n]){4,20000}+)\2"""
_VALUE_FIELD = r"""\\{0,3}["'][Vv]alue\\{0,3}["']\s{0,8}:\s{0,8}(\\{0,3}["'])((?:(?!\1)[^\r\n]){4,4096}+)\1"""
_SENSITIVE = r"""sensitive\\{0,3}["']\s{0,8}:\s{0,8}true"""
_JWK = r'"(?:d|p|q|dp|dq|qi|k)"[ \t\r\n]{0,8}:[ \t\r\n]{0,8}"([A-Za-z0-9_-]{20,2048}+)"'


def manifest(text: str, at: int, spans: list[Span]) -> int:
    """What a manifest holds that says `kind: Secret` at *at*, before it or behind it."""
    found = compiled(_KIND).search(text, max(0, at - 16), at + 8)
    if found is None:
        return 0
    begin, end = _manifest_around(text, found.start())
    for holder in compiled(_HOLDER).finditer(text, begin, end):
        _entries(text, holder.end(), end, len(holder[1]), spans)
    for holder in compiled(_JSON_HOLDER).finditer(text, begin, end):
        for entry in compiled(_JSON_ENTRY).finditer(text, *holder.span(1)):
            if entry[1].lower() not in OPEN_FIELDS:
                _add(text, *entry.span(3), spans)
    return end


def _manifest_around(text: str, at: int) -> tuple[int, int]:
    """From where the version of its API stands before it, to the next manifest."""
    begin = max(0, at - _MANIFEST_WINDOW)
    version = text.rfind("apiVersion", begin, at)
    other = max(text.rfind("kind:", begin, at), text.rfind('kind"', begin, at), text.rfind("\n---", begin, at))
    begin = version if version > other else at
    end = min(len(text), at + _MANIFEST_WINDOW)
    following = [text.find("\n---", at, end)]
    own = begin if begin != at else text.find("apiVersion", at, end)
    if own >= 0:
        following.append(text.find("apiVersion", max(own + 10, at), end))
    return begin, min([mark for mark in following if mark > at], default=end)


def _entries(text: str, at: int, end: int, indent: int, spans: list[Span]) -> None:
    while entry := compiled(_ENTRY).match(text, at, end):
        if len(entry[1]) <= indent:
            return
        at = entry.end()
        open_field = entry[2].strip("\"'").lower() in OPEN_FIELDS
        if entry["block"] is None:
            if not open_field:
                _add(text, *entry.span("value"), spans)
            rest = text.find("\n", at, end)
            at = rest - (text[rest - 1] == "\r") if rest >= 0 else end
            continue
        start = 0
        while (line := compiled(_LINE).match(text, at, end)) and len(line[1]) > len(entry[1]):
            start = start or line.start(2)
            at = line.end()
        if start and not open_field:
            _add(text, start, at, spans)


def _add(text: str, start: int, end: int, spans: list[Span]) -> None:
    value = text[start:end]
    if len(value) >= 4 and not values.is_placeholder(value):
        spans.append((start, end, PLACE, "kubernetes-secret"))


def marked(text: str, at: int, spans: list[Span]) -> int:
    """The value beside `"sensitive": true` (Terraform), `"Type": "SecureString"` (AWS)."""
    if text.startswith("sensitive", at) and not compiled(_SENSITIVE).match(text, at):
        return 0
    begin = max(text.rfind("{", max(0, at - _WINDOW), at), at - _WINDOW, 0)
    end = text.find("}", at, at + _WINDOW)
    for found in compiled(_VALUE_FIELD).finditer(text, begin, end if end >= 0 else at + _WINDOW):
        if not values.is_placeholder(found[2]):
            spans.append((*found.span(2), PLACE, "secret"))
    return end if end >= 0 else at + _WINDOW


def jwk(text: str, at: int, spans: list[Span]) -> int:
    """The private parts of a JSON web key."""
    for found in compiled(_JWK).finditer(text, max(0, at - _WINDOW), at + _WINDOW):
        spans.append((*found.span(1), BLOCK, "private-key"))
    return at + _WINDOW
