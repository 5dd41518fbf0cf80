"""Secrets are taken out of what is captured before anything is written.

    text, counts = redact_text("export GITHUB_TOKEN=ghp_…")      # export GITHUB_TOKEN=[redacted: github-token]
    value, counts = redact_value(payload)                        # every text in it, its fields' names considered

In place of a secret its kind is left, so that a reader knows that one was there and which; everything
else stays verbatim. Redacting twice changes nothing. A `Redactor` does the same with settings of its own.

What is a secret, the rules in `secrets/` say. docs/redaction.md tells what is found, what is not, and what it costs.

On the path of the hook: the standard library only, and nothing compiled before it is needed.
"""

from __future__ import annotations

import itertools

from agent_memory.capture import lean_json
from agent_memory.capture.secrets import given, names, values
from agent_memory.capture.secrets.finding import secrets_of
from agent_memory.capture.secrets.spans import OWN, merged

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

__all__ = ["Finding", "Redactor", "redact_text", "redact_value"]

MARK = "[redacted: "
PATTERN = "re:"
"""What a pattern among literals begins with."""

OWN_KIND = "own"

# Taking out one secret may set another free: a text is looked at again until nothing is found, so often at most.
_PASSES_MAX = 4
# A text that is longer is looked at again only so near to what was taken out of it.
_WHOLE_MAX = 1 << 16
_NEAR = 1 << 13
_MARKS_MAX = 64
_PAIR_NAMES = ("name", "key", "Name", "Key", "variable")
_PAIR_VALUES = ("value", "Value")
_PIECE_NAMES = ("text", "output", "stdout", "delta", "chunk")
_COOKIES = frozenset(("cookie", "cookies", "set-cookie"))
# What is looked at of two pieces where they meet; how long a list of texts may be to be looked at as one.
_SEAM = 1 << 12
_LINES_MAX = 1 << 20
# Names for what its structure says is secret: what it holds is called a password.
_SECRET, _SECRETS = "password", "kubernetes secrets"
_PRIVATE_FIELDS = frozenset(("d", "p", "q", "dp", "dq", "qi", "k"))


class Finding:
    """A secret: code points ``[start, end)`` of the text, and its kind."""

    __slots__ = ("end", "kind", "start")

    def __init__(self, start: int, end: int, kind: str) -> None:
        self.start, self.end, self.kind = start, end, kind

    def __repr__(self) -> str:
        return f"Finding({self.start}, {self.end}, {self.kind!r})"


class Redactor:
    """Redaction as the settings have it.

    *extra*: own patterns, `KIND=PATTERN` or a pattern alone. *allow*: texts that are never taken out, or
    patterns (`re:PATTERN`) of such. Patterns are checked where settings are read (`own_patterns`); one that
    cannot be compiled is left out here, for a hook has nobody to tell.
    """

    def __init__(self, *, on: bool = True, extra: Iterable[str] = (), allow: Iterable[str] = ()) -> None:
        self.on = on
        self._told = (tuple(extra), tuple(allow))
        self._extra: list[tuple[str, re.Pattern[str]]] = []
        for told in self._told[0]:
            kind, pattern = split_own(told)
            compiled = _compiled(pattern)
            if compiled is not None:
                self._extra.append((kind, compiled))
        allowed = self._told[1]
        self._allowed = frozenset(text for text in allowed if not text.startswith(PATTERN))
        patterns = (_compiled(text.removeprefix(PATTERN)) for text in allowed if text.startswith(PATTERN))
        self._allowed_patterns = [pattern for pattern in patterns if pattern is not None]

    @classmethod
    def from_policy(cls, told: Mapping[str, Any]) -> Redactor:
        """As `policy` wrote it; what is missing or damaged is as by default: on."""
        return cls(on=told.get("on") is not False, extra=_texts(told.get("extra")), allow=_texts(told.get("allow")))

    @property
    def policy(self) -> dict[str, Any]:
        """What `from_policy` takes, for JSON."""
        return {"on": self.on, "extra": list(self._told[0]), "allow": list(self._told[1])}

    def find(self, text: str) -> list[Finding]:
        """The secrets of *text*, in order, disjoint. Takes time linear in the text, whatever it holds."""
        spans = secrets_of(text)
        if not spans and not self._extra:
            return []
        for kind, pattern in self._extra:
            for found in pattern.finditer(text):
                if found.end() > found.start():
                    spans.append((found.start(), found.end(), OWN, kind))
        return [
            Finding(start, end, kind) for start, end, kind in merged(spans) if not self._is_allowed(text[start:end])
        ]

    def text(self, text: str) -> tuple[str, dict[str, int]]:
        """The text without its secrets, and how many there were of each kind."""
        counts: dict[str, int] = {}
        return (self._text(text, counts) if self.on else text), counts

    def clean(self, text: str) -> str:
        """The text without its secrets."""
        return self.text(text)[0]

    def value(self, value: Any) -> tuple[Any, dict[str, int]]:
        """A copy of a JSON value without secrets: in any text, name of a field, or field named for one."""
        counts: dict[str, int] = {}
        return (self._value(value, counts) if self.on else value), counts

    def payload(self, text: str) -> tuple[str, dict[str, int]]:
        """The same of JSON as text: one value or several. As it came where there is no secret in it.

        What is not JSON is looked through as text, from where it stops being that.
        """
        counts: dict[str, int] = {}
        if not self.on:
            return text, counts
        parts: list[str] = []
        at, plain = 0, 0
        doubles: list[bool] = []
        while at < len(text):
            begins = at + len(text[at : at + 4096]) - len(text[at : at + 4096].lstrip(" \t\r\n\ufeff\x00,;"))
            if begins >= len(text) or text[begins] not in '{["':
                break
            before = sum(counts.values())
            doubles.clear()
            try:
                found, end = lean_json.raw_decode(text, begins, lambda pairs: _unique(pairs, doubles))
                new = self._value(found, counts)
            except (ValueError, RecursionError):
                break
            parts.append(text[at:begins])
            if sum(counts.values()) == before and not doubles:
                parts.append(text[begins:end])
            else:
                parts.append(lean_json.dumps(new, ascii=False, compact=True))
            at = plain = end
        if plain < len(text):
            parts.append(self._text(text[plain:], counts))
        return "".join(parts), counts

    # -- texts

    def _text(self, text: str, counts: dict[str, int]) -> str:
        marks: list[int] = []
        for _ in range(_PASSES_MAX):
            findings = self._find_near(text, marks) if marks and len(text) > _WHOLE_MAX else self.find(text)
            if not findings:
                break
            marks = []
            pieces: list[str] = []
            at = size = 0
            for finding in findings:
                mark = f"{MARK}{finding.kind}]"
                pieces += (text[at : finding.start], mark)
                marks.append(size := size + finding.start - at)
                size += len(mark)
                at = finding.end
                _count(counts, finding.kind)
            pieces.append(text[at:])
            text = "".join(pieces)
        return text

    def _find_near(self, text: str, marks: list[int]) -> list[Finding]:
        """What was set free by what stands at *marks* now: nothing that is far from all of them."""
        found: list[Finding] = []
        done = 0
        for index, mark in enumerate(marks):
            if mark < done:
                continue
            begin, end = max(done, mark - _NEAR), mark + _NEAR
            for following in marks[index + 1 : index + 1 + _MARKS_MAX]:
                if following > end:
                    break
                end = following + _NEAR
            done = end = min(end, len(text))
            # What a window cuts through may look like something that it is not.
            first = begin + _NEAR // 2 if begin else 0
            last = end - _NEAR // 2 if end < len(text) else end
            found += [
                Finding(begin + one.start, begin + one.end, one.kind)
                for one in self.find(text[begin:end])
                if first <= begin + one.start and begin + one.end <= last
            ]
        return found

    def _is_allowed(self, secret: str) -> bool:
        return secret in self._allowed or any(pattern.fullmatch(secret) for pattern in self._allowed_patterns)

    # -- values

    def _value(self, root: Any, counts: dict[str, int]) -> Any:
        holder: list[Any] = [root]
        # Where a value stands, and what it is the value of.
        waiting: list[tuple[Any, Any, Any, str]] = [(holder, 0, root, "")]
        while waiting:
            place, key, item, name = waiting.pop()
            if isinstance(item, str):
                new = self._named(name, item, counts)
                if new is not item:
                    place[key] = new
            elif isinstance(item, dict):
                fields = place[key] = self._fields(item, counts)
                for at, within in fields.items():
                    waiting.append((fields, at, within, _name_of(fields, at, name)))
            elif isinstance(item, list):
                members = place[key] = self._members(item, counts)
                flag = ""
                for index, within in enumerate(members):
                    waiting.append((members, index, within, flag or name))
                    flag = within if isinstance(within, str) and within[:1] == "-" and "=" not in within else ""
            elif _is_code(item) and name and given.family_of(name) == names.PASSWORD:
                _count(counts, "password")
                place[key] = f"{MARK}password]"
        return holder[0]

    def _fields(self, fields: dict[str, Any], counts: dict[str, int]) -> dict[str, Any]:
        long = [name for name in fields if isinstance(name, str) and len(name) >= 16]
        renamed = {name: new for name in long if (new := self._text(name, counts)) != name}
        if not renamed:
            return dict(fields)
        copy: dict[str, Any] = {}
        for name, value in fields.items():
            new = renamed.get(name, name)
            while new in copy:
                new += "'"
            copy[new] = value
        return copy

    def _members(self, members: list[Any], counts: dict[str, int]) -> list[Any]:
        """A copy without what no member tells alone: arguments of a command, lines of a key, pieces of a text."""
        if len(members) < 2:
            return list(members)
        if all(isinstance(member, str) for member in members):
            return self._lines(members, counts)
        copy = list(members)
        for at, (one, other) in enumerate(itertools.pairwise(members)):
            name = _piece_name(one, other)
            if name:
                tail, head = copy[at][name], other[name]
                texts = self._cut([tail[-_SEAM:], head[:_SEAM]], "", counts, crossing=True)
                if texts[0] != tail[-_SEAM:]:
                    copy[at] = {**copy[at], name: tail[:-_SEAM] + texts[0]}
                    copy[at + 1] = {**other, name: texts[1] + head[_SEAM:]}
        return copy

    def _lines(self, members: list[str], counts: dict[str, int]) -> list[str]:
        size = sum(map(len, members))
        if not 12 <= size <= _LINES_MAX:
            return list(members)
        if any(member[:1] == "-" for member in members) and "\n" not in "".join(members[:1]):
            return self._cut(members, " ", counts)
        return self._cut(members, "" if members[0].endswith("\n") else "\n", counts)

    def _cut(self, texts: list[str], between: str, counts: dict[str, int], *, crossing: bool = False) -> list[str]:
        """The texts without the secrets that they have together; *crossing*: of two, only what goes over the seam."""
        told = [f"'{text}'" if between == " " and " " in text and "'" not in text else text for text in texts]
        whole = between.join(told)
        findings = self.find(whole)
        if not findings:
            return list(texts)
        cut: list[str] = []
        begin = 0
        for text, shown in zip(texts, told, strict=True):
            shift = begin + (shown != text)
            pieces: list[str] = []
            at = 0
            for finding in findings:
                start, end = max(finding.start - shift, 0), min(finding.end - shift, len(text))
                if start >= end or (crossing and not finding.start < len(told[0]) < finding.end):
                    continue
                pieces += (text[at:start], f"{MARK}{finding.kind}]")
                at = end
                if finding.start >= shift:
                    _count(counts, finding.kind)
            cut.append("".join((*pieces, text[at:])))
            begin += len(shown) + len(between)
        return cut

    def _named(self, name: str, text: str, counts: dict[str, int]) -> str:
        if len(text) < 4:
            return text
        family = given.family_of(name) if name else None
        # A header, told apart into name and value.
        lead = "authorization: " if family == names.AUTH else "cookie: " if name.lower() in _COOKIES else ""
        if lead:
            return self._text(lead + text, counts)[len(lead) :]
        if family is None:
            return self._text(text, counts)
        if values.is_secret(family, text, quoted=True, plain=True) and not self._is_allowed(text):
            within = self.find(text)
            whole = len(within) == 1 and within[0].start == 0 and within[0].end == len(text)
            kind = within[0].kind if whole else names.kind_of(family, name, text)
            _count(counts, kind)
            return f"{MARK}{kind}]"
        return self._text(text, counts)


def _count(counts: dict[str, int], kind: str) -> None:
    counts[kind] = counts.get(kind, 0) + 1


def _is_code(item: object) -> bool:
    return isinstance(item, int) and not isinstance(item, bool) and abs(item) > 999


def _name_of(fields: Mapping[str, Any], at: str, above: str) -> str:
    """What a field is the value of: its own name, or the one that a field beside it tells."""
    if at in _PAIR_VALUES:
        if fields.get("sensitive") is True or fields.get("Type") == "SecureString":
            return _SECRET
        return next((told for name in _PAIR_NAMES if isinstance(told := fields.get(name), str)), at)
    if at in _PRIVATE_FIELDS and "kty" in fields:
        return "private_key"
    if at in ("data", "stringData") and fields.get("kind") == "Secret":
        return _SECRETS
    if above == _SECRETS:
        from agent_memory.capture.secrets import structures

        return at if at.lower() in structures.OPEN_FIELDS else _SECRET
    return at


def _piece_name(one: object, other: object) -> str:
    """The field that both have and that holds a piece of one text; empty for none."""
    if isinstance(one, dict) and isinstance(other, dict):
        for name in _PIECE_NAMES:
            if isinstance(one.get(name), str) and isinstance(other.get(name), str):
                return name
    return ""


def _unique(pairs: list[tuple[str, Any]], doubles: list[bool]) -> dict[str, Any]:
    """The object; of a field that is there twice a reader sees the last, and the text had both."""
    found = dict(pairs)
    if len(found) != len(pairs):
        doubles.append(True)
    return found


def split_own(told: str) -> tuple[str, str]:
    """`KIND=PATTERN` → both; a pattern alone is of the kind `own`."""
    import re

    found = re.match(r"([a-z][a-z0-9-]{0,39})=(?=.)", told, re.DOTALL)
    return (found[1], told[found.end() :]) if found else (OWN_KIND, told)


def _compiled(pattern: str) -> re.Pattern[str] | None:
    import re

    try:
        return re.compile(pattern)
    except (re.error, RecursionError, OverflowError):
        return None


def _texts(found: object) -> Sequence[str]:
    return [text for text in found if isinstance(text, str) and text] if isinstance(found, list) else []


_DEFAULT = Redactor()


def redact_text(text: str) -> tuple[str, dict[str, int]]:
    """The text without its secrets, each replaced by its kind, and how many there were of each kind."""
    return _DEFAULT.text(text)


def redact_value(value: Any) -> tuple[Any, dict[str, int]]:
    """A copy of a JSON value without secrets, and how many there were of each kind."""
    return _DEFAULT.value(value)
