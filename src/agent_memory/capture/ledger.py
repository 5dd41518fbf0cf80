"""What the drain remembers from one start to the next: `ledger.sqlite3` in the spool's folder.

    repetitions   words, delivery → number, settled     which repetition of the same words a delivery is
    counters      name → value                          drained, redacted kinds …
    finished      name                                  envelopes that are in the log and about to be removed

``words`` and ``delivery`` are digests of 16 bytes. An envelope that is delivered again, because the
daemon was killed between recording its events and removing its file, has the number that it had, and
so the source id; which makes it the same event. *Settled* is a number whose event is in the log.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path

FILE = "ledger.sqlite3"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS repetitions (
    words BLOB NOT NULL, delivery BLOB NOT NULL, number INTEGER NOT NULL, settled INTEGER NOT NULL,
    at_ms INTEGER NOT NULL, PRIMARY KEY (words, delivery)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS finished (name TEXT PRIMARY KEY) WITHOUT ROWID;
"""


class Ledger:
    """Durable `Repetitions` and counters. Nothing of it holds before `commit`."""

    def __init__(self, folder: Path) -> None:
        self._rows = sqlite3.connect(folder / FILE, isolation_level=None, check_same_thread=False)
        (folder / FILE).chmod(0o600)
        self._rows.execute("PRAGMA journal_mode = WAL")
        self._rows.execute("PRAGMA synchronous = FULL")
        self._rows.executescript(_SCHEMA)
        self._now_ms = 0

    def begin(self, now_ms: int) -> None:
        """Changes from here to `commit` are one."""
        self._now_ms = now_ms
        if not self._rows.in_transaction:
            self._rows.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Durable on return."""
        self._rows.execute("COMMIT")

    def roll_back(self) -> None:
        """Forget what was changed since `begin`."""
        if self._rows.in_transaction:
            self._rows.execute("ROLLBACK")

    def number(self, words: str, delivery: str) -> int:
        """As `identity.Repetitions` has it."""
        found = self._rows.execute(
            "SELECT number FROM repetitions WHERE words = ? AND delivery = ?", (_digest(words), _digest(delivery))
        ).fetchone()
        return int(found[0]) if found else self.advance(words, delivery)

    def advance(self, words: str, delivery: str) -> int:
        """Another number for the delivery, after all that the words have: the one it had was taken."""
        key = _digest(words)
        (last,) = self._rows.execute("SELECT max(number) FROM repetitions WHERE words = ?", (key,)).fetchone()
        number = (last or 0) + 1
        self._rows.execute(
            "INSERT OR REPLACE INTO repetitions VALUES (?, ?, ?, 0, ?)", (key, _digest(delivery), number, self._now_ms)
        )
        return number

    def is_settled(self, words: str, delivery: str) -> bool:
        """Whether the delivery's event is known to be in the log."""
        found = self._rows.execute(
            "SELECT settled FROM repetitions WHERE words = ? AND delivery = ?", (_digest(words), _digest(delivery))
        ).fetchone()
        return bool(found and found[0])

    def settle(self, told: Iterable[tuple[str, str]]) -> None:
        """The events of these (words, delivery) are in the log."""
        self._rows.executemany(
            "UPDATE repetitions SET settled = 1 WHERE words = ? AND delivery = ?",
            [(_digest(words), _digest(delivery)) for words, delivery in told],
        )

    def forget(self, *, before_ms: int) -> None:
        """Let go of deliveries that nobody makes again, but for the last number of their words."""
        self._rows.execute(
            "DELETE FROM repetitions AS old WHERE at_ms < ? AND number < "
            "(SELECT max(number) FROM repetitions WHERE words = old.words)",
            (before_ms,),
        )

    def count(self, counts: Mapping[str, int]) -> None:
        """Add to counters."""
        self._rows.executemany(
            "INSERT INTO counters VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
            [(name, value) for name, value in counts.items() if value],
        )

    def finish(self, names: Iterable[str]) -> None:
        """These envelopes are through; those that were named before have been removed."""
        self._rows.execute("DELETE FROM finished")
        self._rows.executemany("INSERT OR IGNORE INTO finished VALUES (?)", [(name,) for name in names])

    def finished(self) -> list[str]:
        """The envelopes that were through last: whoever was killed may not have removed them."""
        return [name for (name,) in self._rows.execute("SELECT name FROM finished")]

    def counters(self) -> dict[str, int]:
        """Every counter by name."""
        return dict(self._rows.execute("SELECT name, value FROM counters"))

    def close(self) -> None:
        """What was not committed is forgotten."""
        self._rows.close()


def set_aside(folder: Path) -> None:
    """Put a damaged ledger out of the way; the next one begins anew.

    What was recorded is known by the log: words whose number it forgot get the next that is free.
    """
    for suffix in ("", "-wal", "-shm"):
        file = folder / f"{FILE}{suffix}"
        if file.exists():
            file.replace(folder / f"damaged-{FILE}{suffix}")


def read_counters(folder: Path) -> dict[str, int]:
    """The counters of a spool's ledger, which is left as it is; none where there is no ledger."""
    if not (folder / FILE).exists():
        return {}
    try:
        rows = sqlite3.connect(f"{(folder / FILE).absolute().as_uri()}?mode=ro", uri=True)
        try:
            return dict(rows.execute("SELECT name, value FROM counters"))
        finally:
            rows.close()
    except sqlite3.Error:
        return {}


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:16]
