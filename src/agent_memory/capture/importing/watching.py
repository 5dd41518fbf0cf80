"""Following histories that grow.

Files are looked at from outside, every half second while they change and ever more seldom, up to five seconds,
while nothing does; whether there are new ones, every 15 seconds. Looking takes a hundredth of the time at most,
however many files there are, and reading one that takes long to read a tenth.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from agent_memory.capture.importing.accounts import Account, State
from agent_memory.capture.importing.engine import Importer
from agent_memory.capture.importing.formats import History, files_of
from agent_memory.capture.importing.marks import stamp_of

LOOK_S_MIN = 0.5
LOOK_S_MAX = 5.0
_SLOWER = 1.5
_FIND_S = 15.0
_RETRY_S = 60.0
_LOOKING = 100.0
_READING = 10.0


class Watch:
    """Imports what changes, until it is told to stop."""

    def __init__(
        self,
        importer: Importer,
        find: Callable[[], Sequence[History]],
        *,
        wait: Callable[[float], bool],
        tell: Callable[[list[Account]], None],
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """*wait* sleeps for so many seconds and says whether to stop; *tell* is given what was found new."""
        self._importer = importer
        self._find = find
        self._wait = wait
        self._tell = tell
        self._now_s = now_s
        self._histories: Sequence[History] = ()
        self._find_at_s = 0.0
        self._stamps: dict[str, str] = {}
        self._not_before_s: dict[str, float] = {}

    def run(self) -> None:
        """The first look tells of everything, the later ones of what is new. Errors: the log's."""
        pause_s = LOOK_S_MIN
        while True:
            begun_s = self._now_s()
            changed = self._changed()
            looked_s = self._now_s() - begun_s
            if changed:
                self._import(changed)
                pause_s = LOOK_S_MIN
            if self._wait(max(pause_s, looked_s * _LOOKING)):
                return
            if not changed:
                pause_s = min(pause_s * _SLOWER, LOOK_S_MAX)

    def _changed(self) -> list[History]:
        """The histories that look otherwise than they did and may be read now."""
        now_s = self._now_s()
        if now_s >= self._find_at_s:
            self._histories = self._find()
            self._find_at_s = now_s + _FIND_S
        changed: list[History] = []
        for history in self._histories:
            name = history.name
            if now_s < self._not_before_s.get(name, 0.0):
                continue
            stamp = stamp_of(files_of(history))
            if stamp != self._stamps.get(name):
                self._stamps[name] = stamp
                # One that has gone says nothing until it is back.
                if stamp:
                    changed.append(history)
        return changed

    def _import(self, histories: list[History]) -> None:
        accounts = self._importer.run(histories, keep=True)
        now_s = self._now_s()
        for account in accounts:
            name = account.history.name
            self._not_before_s[name] = now_s + account.duration_s * _READING
            if account.state is State.FAILED:
                # As if it had changed, but not at once.
                self._stamps.pop(name, None)
                self._not_before_s[name] = now_s + _RETRY_S
        self._tell(accounts)
