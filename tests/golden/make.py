"""Makes the golden store of the format that this release writes.

    python tests/golden/make.py

Run once per format, by the release that introduces it; what it made is never made again, since
its point is to have been written by that release.
"""

from __future__ import annotations

import json
import sys
import tarfile
import tempfile
from pathlib import Path

import msgspec

from agent_memory.events import Event, Kind, Role
from agent_memory.log import RowEventLog
from agent_memory.storage import STORE_FORMAT, open_store
from agent_memory.testing.events import NOON_MS, event

HERE = Path(__file__).parent
DAY_MS = 24 * 3_600_000


def history() -> list[Event]:
    """One event of each kind, every field in use, and the texts that are easily broken."""
    texts = [
        "plain",
        "a\x00b",
        "line\r\nline\rline\n",
        "lone \ud800 surrogate",
        "👩\u200d👩\u200d👧",
        "日本語",
        "x" * 20_000,
    ]
    plain = [event(text, time_ms=NOON_MS + n * 60_000) for n, text in enumerate(texts)]
    kinds = [
        event(f"what {kind.value} says", kind=kind, time_ms=NOON_MS + DAY_MS + n, session="kinds", agent="codex")
        for n, kind in enumerate(Kind)
    ]
    full = event(
        "every field",
        time_ms=NOON_MS - 400 * DAY_MS,
        kind=Kind.TOOL_RESULT,
        role=Role.SYSTEM,
        session="séance",
        agent="claude-code",
        project="/home/ada/engine",
        speaker="Ada",
        source="transcript",
        source_id="line 12",
        tool_name="bash",
        tool_call_id="call-1",
        metadata={"model": "m", "empty": "", "ключ": "значение"},
    )
    return [*plain, *kinds, full]


def anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mtime = 0
    return entry


def main() -> None:
    archive = HERE / f"format_{STORE_FORMAT}.tar.xz"
    if archive.exists():
        sys.exit(f"{archive.name} exists, and stays as it is")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store"
        with open_store(path, time_zone="Europe/Berlin", disk_reserve_bytes=0) as store:
            log = RowEventLog(store.rows)
            events = history()
            log.append(events[:5])
            for one in events[5:]:
                log.append([one])
            recorded = log.read(limit=1000)
            log.close()
        with tarfile.open(archive, "w:xz") as tar:
            for file in sorted(path.rglob("*")):
                # The engine's diary, locks and notes on its settings are not part of the format.
                if file.is_file() and not file.name.startswith(("LOG", "LOCK", "OPTIONS", "owner.lock")):
                    tar.add(file, arcname=str(file.relative_to(path)), filter=anonymous)
    # ASCII, since lone surrogates are legal in JSON as escapes alone.
    text = json.dumps(msgspec.to_builtins(recorded), ensure_ascii=True, indent=1)
    (HERE / f"format_{STORE_FORMAT}.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
