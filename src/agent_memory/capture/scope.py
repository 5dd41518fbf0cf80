"""What is captured, and whose project it is: what the daemon and an import ask before anything reaches the log."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path

from agent_memory.capture.policy import Policy, expanded, read_policy
from agent_memory.capture.project import Projects

_FRESH_S = 1.0
"""How long what was seen on disk (markers, pauses, repositories) is taken to hold."""


class CaptureScope:
    """The ignore lists of the settings, the markers in folders, and the pauses beside the spool.

    For one thread at a time.
    """

    def __init__(
        self,
        spool: Path,
        *,
        ignore_paths: Iterable[str],
        ignore_agents: Iterable[str],
        home: Path | None = None,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._spool = spool
        self._ignore_paths = tuple(ignore_paths)
        self._ignore_agents = frozenset(ignore_agents)
        self._home = home
        self._monotonic_s = monotonic_s
        self._look()

    def ignored(self, agent: str, folder: str, at_ms: int) -> str:
        """Why nothing is captured of this agent in this folder at this time, in a few words; empty where it is."""
        self._look_again()
        return self._policy.ignored(agent, folder) or ("capture was paused" if self._policy.paused(at_ms) else "")

    def project(self, folder: str) -> str:
        """The project that the folder belongs to; empty for none."""
        self._look_again()
        return self._projects.of(folder)

    def _look_again(self) -> None:
        if self._monotonic_s() - self._looked_s >= _FRESH_S:
            self._look()

    def _look(self) -> None:
        self._policy = Policy(
            ignore_paths=expanded(self._ignore_paths),
            ignore_agents=self._ignore_agents,
            spans=read_policy(self._spool).spans,
        )
        self._projects = Projects(home=self._home)
        self._looked_s = self._monotonic_s()
