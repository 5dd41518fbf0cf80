"""Projects of which nothing may leave the machine."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from agent_memory.capture.policy import Policy, expanded


class LeftOut:
    """Which projects are left out: by name, by folder with all below it, or by a pattern of either.

    A folder that has the marker which keeps it from being captured is left out too, whatever was captured before.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        told = tuple(patterns)
        self._names = tuple(pattern.removeprefix("**/") for pattern in told)
        self._folders = Policy(ignore_paths=expanded(told))
        self._known: dict[str, bool] = {}

    def any_of(self, projects: Iterable[str]) -> bool:
        """Whether one of them is left out; what belongs to no project is not."""
        return any(self._is_left_out(project) for project in projects)

    def _is_left_out(self, project: str) -> bool:
        known = self._known.get(project)
        if known is None:
            known = self._known[project] = any(
                project == name or fnmatchcase(project, name) for name in self._names
            ) or bool(self._folders.ignored("", project))
        return known
