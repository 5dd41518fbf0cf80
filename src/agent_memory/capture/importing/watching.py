"""Following histories that grow.

Files are looked at from outside: those that changed in the last hour every half second while they change and
ever more seldom, up to five seconds, while nothing does; all others, and whether there are new ones, every 15
seconds. What takes long to read is read so seldom that reading takes a tenth of the time at most.
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
_ACTIVE_S = 3600.0
_RETRY_S = 60.0
_DUTY = 10.0


class Watch:
    """Imports what changes, until it is told to stop."""

    def __init__(
        self,
        importer: Importer,
        find: Callable[[], Sequence[History]],
        *,
        wait: Callable[[float], bool],
        tell: Callable[[list[Account]], None],
    ) -> None:
        """*wait* sleeps for so many seconds and says whether to stop; *tell* is given what was found new."""
        self._importer = importer
        self._find = find
        self._wait = wait
        self._tell = tell
        self._histories: Sequence[History] = ()
        self._find_at_s = 0.0
        self._stamps: dict[str, str] = {}
        self._changed_s: dict[str, float] = {}
        self._not_before_s: dict[str, float] = {}

    def run(self) -> None:
        """The first look tells of everything, the later ones of what is new. Errors: the log's."""
        pause_s = LOOK_S_MIN
        while True:
            changed = self._changed()
            if changed:
                self._import(changed)
                pause_s = LOOK_S_MIN
            if self._wait(pause_s):
                return
            if not changed:
                pause_s = min(pause_s * _SLOWER, LOOK_S_MAX)

    def _changed(self) -> list[History]:
        """The histories that look otherwise than they did and may be read now."""
        now_s = time.monotonic()
        every_one = now_s >= self._find_at_s
        if every_one:
            self._histories = self._find()
            self._find_at_s = now_s + _FIND_S
        changed: list[History] = []
        for history in self._histories:
            name = history.name
            is_active = now_s - self._changed_s.get(name, -_ACTIVE_S) < _ACTIVE_S
            if not (every_one or is_active) or now_s < self._not_before_s.get(name, 0.0):
                continue
            stamp = stamp_of(files_of(history))
            if stamp != self._stamps.get(name):
                if name in self._stamps:
                    self._changed_s[name] = now_s
                self._stamps[name] = stamp
                changed.append(history)
        return changed

    def _import(self, histories: list[History]) -> None:
        accounts = self._importer.run(histories, keep=True)
        now_s = time.monotonic()
        for account in accounts:
            name = account.history.name
            self._not_before_s[name] = now_s + account.duration_s * _DUTY
            if account.state is State.FAILED:
                # As if it had changed, but not at once.
                self._stamps.pop(name, None)
                self._not_before_s[name] = now_s + _RETRY_S
        self._tell(accounts)
