"""What is captured and what is not: a few facts that the hook reads beside its spool, as JSON.

    policy.json   {"version": 1, "ignore_paths": ["/home/me/private", "**/*-secret"],
                   "ignore_agents": ["cursor"], "inject_agents": ["claude-code"], "redaction": {…}, "rules": …}
    pauses.json   {"version": 1, "spans": [[from ms, until ms], [from ms, null]]}

The daemon writes the first from the settings whenever it starts, and so does whoever installs hooks;
`agent-memory pause` and `resume` write the second. Both are replaced whole. Where `policy.json` is missing or
damaged, nothing is ignored and nobody reminded: the daemon asks the settings themselves before anything
reaches the log. Where `pauses.json` is damaged, capture is paused since it was last written, for that it
is there says that somebody did not want to be recorded.

A path is ignored with all that is below it. A pattern that begins with neither `/` nor `~` may stand
anywhere; `*`, `?` and `[…]` match within a name, `**` any number of names. A file `.agent-memory-ignore`
in a folder does the same for that folder.

This is on the path of the hook: the standard library only, and little of it.
"""

from __future__ import annotations

import os

from agent_memory.capture import lean_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path
    from typing import Any, Protocol

    class CaptureSettings(Protocol):
        """What of the settings hooks need to know; `Config` is one."""

        @property
        def spool(self) -> Path: ...
        @property
        def capture_ignore_paths(self) -> Sequence[str]: ...
        @property
        def capture_ignore_agents(self) -> Sequence[str]: ...
        @property
        def inject_agents(self) -> Sequence[str]: ...
        @property
        def redact(self) -> str: ...
        @property
        def redact_extra(self) -> Sequence[str]: ...
        @property
        def redact_allow(self) -> Sequence[str]: ...


POLICY_FILE = "policy.json"
PAUSES_FILE = "pauses.json"
MARKER_FILE = ".agent-memory-ignore"
GUARD_VARIABLE = "AGENT_MEMORY_INTERNAL"
"""Whoever works for this system sets it, and nothing that is done under it is captured."""

OWN_FOLDER_BEGINS = "agent-memory-asks-"
"""The folders in which an agent's program is asked for summaries: what it keeps of that is no conversation."""

VERSION = 1

_FOLDERS = ("cwd", "working_directory", "workingDirectory", "directory")
# No folder that exists has a longer path.
_FOLDER_CHARACTERS_MAX = 4096
_REMEMBERED_MAX = 1024


class Policy:
    """What holds at the moment it was read. ``spans`` are the pauses, from when until when, if that is known.

    ``rules`` names ``redaction`` (`rules_of`), so that the daemon knows by which rules a hook redacted.
    """

    __slots__ = ("_known", "_patterns", "ignore_agents", "inject_agents", "redaction", "rules", "spans")

    def __init__(
        self,
        *,
        ignore_paths: Iterable[str] = (),
        ignore_agents: Iterable[str] = (),
        inject_agents: Iterable[str] = (),
        redaction: Mapping[str, Any] | None = None,
        rules: str = "",
        spans: Iterable[tuple[int, int | None]] = (),
    ) -> None:
        self.ignore_agents = frozenset(ignore_agents)
        self.inject_agents = frozenset(inject_agents)
        self.redaction = dict(redaction or {})
        self.rules = rules
        self._patterns = [_pattern(path) for path in ignore_paths]
        self.spans = tuple(spans)
        self._known: dict[str, str] = {}

    def ignored(self, agent: str, folder: str) -> str:
        """Why nothing is captured of this agent in this folder, in a few words; empty where it is."""
        if agent in self.ignore_agents:
            return "the agent is ignored"
        if not folder.startswith("/"):
            return ""
        reason = self._known.get(folder)
        if reason is None:
            if len(self._known) >= _REMEMBERED_MAX:
                self._known.clear()
            reason = self._known[folder] = self._about(folder)
        return reason

    def paused(self, at_ms: int) -> bool:
        """Whether capture is, or was, paused at this time."""
        return any(start <= at_ms and (end is None or at_ms < end) for start, end in self.spans)

    def pause_end_ms(self, now_ms: int) -> int | None:
        """When the present pause ends; None where that is by `resume` alone, or there is none."""
        ends = [end for start, end in self.spans if start <= now_ms and (end is None or now_ms < end)]
        known = [end for end in ends if end is not None]
        return max(known) if known and len(known) == len(ends) else None

    def _about(self, folder: str) -> str:
        folder = os.path.normpath(folder[:_FOLDER_CHARACTERS_MAX])
        if any(name.startswith(OWN_FOLDER_BEGINS) for name in folder.split("/")):
            return "it was asked for a summary"
        if self._patterns:
            # An agent may tell the way that it was started by, or where that leads.
            for path in dict.fromkeys((folder, _resolved(folder))):
                names = _names(path)
                if any(_covers(pattern, names) for pattern in self._patterns):
                    return "the folder is ignored"
        return f"the folder has a {MARKER_FILE}" if _is_marked(folder) else ""


def read_policy(spool: str | Path) -> Policy:
    """The policy beside this spool. No errors: what cannot be read is as the module's docstring tells."""
    told = _read(os.path.join(spool, POLICY_FILE))
    redaction, rules = told.get("redaction"), told.get("rules")
    return Policy(
        ignore_paths=_texts(told.get("ignore_paths")),
        ignore_agents=_texts(told.get("ignore_agents")),
        inject_agents=_texts(told.get("inject_agents")),
        redaction=redaction if isinstance(redaction, dict) else {},
        rules=rules if isinstance(rules, str) else "",
        spans=_read_spans(os.path.join(spool, PAUSES_FILE)),
    )


def folder_of(payload: Mapping[str, Any]) -> str:
    """Where the agent works, as its hook's payload tells; empty if it does not."""
    roots = payload.get("workspace_roots")
    told = [payload.get(name) for name in _FOLDERS] + (roots[:1] if isinstance(roots, list) else [])
    return next((folder for folder in told if isinstance(folder, str) and folder), "")


def save_policy(settings: CaptureSettings) -> None:
    """Let the hooks of this spool know the settings. Pauses stay as they are.

    Errors: `OSError`; `InvalidConfig` for a pattern of the user's own that is not taken.
    """
    # Not on the path of the hook, which reads a policy and writes none.
    from agent_memory.capture.own_patterns import redactor_of

    redactor = redactor_of(settings)
    write_policy(
        settings.spool,
        ignore_paths=settings.capture_ignore_paths,
        ignore_agents=settings.capture_ignore_agents,
        inject_agents=settings.inject_agents,
        redaction=redactor.policy,
    )


def write_policy(
    spool: str | Path,
    *,
    ignore_paths: Sequence[str],
    ignore_agents: Sequence[str],
    inject_agents: Sequence[str] = (),
    redaction: Mapping[str, Any] | None = None,
) -> None:
    """Replace the policy beside this spool. Pauses stay as they are. Errors: `OSError`."""
    told = {
        "version": VERSION,
        "ignore_paths": expanded(ignore_paths),
        "ignore_agents": list(ignore_agents),
        "inject_agents": list(inject_agents),
        "redaction": dict(redaction or {}),
        "rules": rules_of(redaction or {}),
    }
    _write(spool, POLICY_FILE, told)


def rules_of(redaction: Mapping[str, Any]) -> str:
    """A name for these settings of redaction: the same for the same."""
    # Not on the path of the hook.
    import json
    from hashlib import sha256

    return sha256(json.dumps(redaction, sort_keys=True).encode()).hexdigest()[:16]


def expanded(paths: Iterable[str]) -> list[str]:
    """The patterns with `~` for this user's home and, where a folder is a link, where it leads beside it."""
    found: dict[str, None] = {}
    for path in paths:
        whole = os.path.expanduser(path)
        found[whole] = None
        if whole.startswith("/"):
            names = _names(whole)
            fixed = next((at for at, name in enumerate(names) if _is_wild(name)), len(names))
            found["/".join([_resolved("/" + "/".join(names[:fixed])).rstrip("/"), *names[fixed:]])] = None
    return list(found)


def pause(spool: str | Path, *, now_ms: int, until_ms: int | None = None) -> None:
    """Pause capture from now on until then, or until `resume`; the present pause gets a new end. Errors: `OSError`."""
    spans = _ended(_read_spans(os.path.join(spool, PAUSES_FILE)), now_ms)
    _write_spans(spool, [*spans, (now_ms, until_ms)])


def resume(spool: str | Path, *, now_ms: int) -> bool:
    """Capture again; whether it was paused. Errors: `OSError`."""
    spans = _read_spans(os.path.join(spool, PAUSES_FILE))
    ended = _ended(spans, now_ms)
    if ended == spans:
        return False
    _write_spans(spool, ended)
    return True


def _ended(spans: Sequence[tuple[int, int | None]], now_ms: int) -> list[tuple[int, int | None]]:
    """What of them lies before now."""
    ended: list[tuple[int, int | None]] = []
    for start, end in spans:
        until = now_ms if end is None else min(end, now_ms)
        if start < until:
            ended.append((start, until))
    return ended


# -- paths -----------------------------------------------------------------------------------


def _pattern(path: str) -> list[str]:
    names = _names(path)
    # `a/**` is all that is below `a`, and so is `a`.
    while names and names[-1] == "**":
        names.pop()
    return names if path.startswith("/") else ["**", *names]


def _names(path: str) -> list[str]:
    return [name for name in path.split("/") if name and name != "."]


def _covers(pattern: Sequence[str], names: Sequence[str]) -> bool:
    """Whether the pattern matches the path, or a folder above it; a step for each name and part of the pattern."""
    at = _onward({0}, pattern)
    for name in names:
        if len(pattern) in at:
            return True
        at = _onward({i if pattern[i] == "**" else i + 1 for i in at if _matches(pattern[i], name)}, pattern)
    return len(pattern) in at


def _onward(at: set[int], pattern: Sequence[str]) -> set[int]:
    """Those places, and those that `**` lets be reached without a name."""
    reached = set(at)
    for place in at:
        while place < len(pattern) and pattern[place] == "**":
            place += 1
            reached.add(place)
    return reached


def _matches(part: str, name: str) -> bool:
    if part == "**" or part == name:
        return True
    if not _is_wild(part):
        return False
    from fnmatch import fnmatchcase

    return fnmatchcase(name, part)


def _is_wild(part: str) -> bool:
    return "*" in part or "?" in part or "[" in part


def _resolved(folder: str) -> str:
    try:
        return os.path.realpath(folder)
    except (OSError, ValueError):
        return folder


def _is_marked(folder: str) -> bool:
    """Whether the folder or one above it has the marker."""
    while True:
        try:
            os.stat(os.path.join(folder, MARKER_FILE))
            return True
        except (OSError, ValueError):
            pass
        above = os.path.dirname(folder)
        if above == folder:
            return False
        folder = above


# -- files -----------------------------------------------------------------------------------


def _read(path: str) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:
            found = lean_json.loads(file.read())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _texts(found: object) -> list[str]:
    return [text for text in found if isinstance(text, str) and text] if isinstance(found, list) else []


def _read_spans(path: str) -> list[tuple[int, int | None]]:
    try:
        written_ms = os.stat(path).st_mtime_ns // 1_000_000
    except OSError:
        return []
    spans = _read(path).get("spans")
    if not isinstance(spans, list):
        return [(written_ms, None)]
    found: list[tuple[int, int | None]] = []
    for span in spans:
        if isinstance(span, list) and len(span) == 2 and isinstance(span[0], int) and isinstance(span[1], int | None):
            found.append((span[0], span[1]))
        else:
            return [(written_ms, None)]
    return found


def _write_spans(spool: str | Path, spans: Sequence[tuple[int, int | None]]) -> None:
    _write(spool, PAUSES_FILE, {"version": VERSION, "spans": [list(span) for span in spans]})


def _write(spool: str | Path, name: str, told: Mapping[str, Any]) -> None:
    """Replace the file whole: a reader meets the old bytes or the new."""
    # Not on the path of the hook.
    import json

    os.makedirs(spool, mode=0o700, exist_ok=True)
    path = os.path.join(spool, name)
    aside = f"{path}.{os.getpid()}.tmp"
    file = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with open(file, "wb") as out:
            out.write(json.dumps(told, indent=1).encode("ascii"))
            out.flush()
            os.fsync(out.fileno())
        os.replace(aside, path)
    except BaseException:
        os.unlink(aside)
        raise
    folder = os.open(spool, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
