"""Makes the golden store of the newest format that this release writes.

    python tests/golden/make.py

Run once per format, by the release that introduces it; what it made is never made again, since
its point is to have been written by that release. Ids and times in it are functions of this file.
"""

from __future__ import annotations

import json
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import msgspec

import agent_memory
from agent_memory.events import Event, Kind, Role
from agent_memory.log import RowEventLog
from agent_memory.storage import STORE_FORMAT, InMemoryRows, open_store
from agent_memory.storage.store import MANIFEST_NAME
from agent_memory.summaries.digests import material_digest
from agent_memory.summaries.model import Answer
from agent_memory.sync import SyncMemory
from agent_memory.testing.answers import ANSWERED_MS, answer, places_of, worded
from agent_memory.testing.contents_checks import nodes_of
from agent_memory.testing.events import NOON_MS, event
from agent_memory.testing.wording_checks import AnsweredStore
from agent_memory.toc.material import Excerpt, Material, Point, Summary
from agent_memory.toc.model import Node

HERE = Path(__file__).parent
MINUTE_MS = 60_000
DAY_MS = 24 * 3_600_000

JUNE_MS = NOON_MS - 200 * DAY_MS
"""2025-06-23. Of 2025 every node is answered about, so that none depends on what is extracted."""

LONG_AGO_MS = NOON_MS - 900 * DAY_MS
"""2023-07-24. Of 2023 there are only answers that are not, or not simply, shown."""


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
    plain = [event(text, time_ms=NOON_MS + n * MINUTE_MS) for n, text in enumerate(texts)]
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


def talk(session: str, time_ms: int, *lines: str) -> list[Event]:
    """What two say in turns, a minute apart."""
    kinds = (Kind.USER_MESSAGE, Kind.ASSISTANT_MESSAGE)
    return [
        event(line, kind=kinds[n % 2], time_ms=time_ms + n * MINUTE_MS, session=session, project="/home/ada/engine")
        for n, line in enumerate(lines)
    ]


def conversations() -> list[Event]:
    """Two days of one week in June, a day of the month after, and three afternoons of long ago."""
    return [
        *talk("pump", JUNE_MS, "The pump stops after a minute.", "Its relay is rated for half of what it draws."),
        *talk("pump", JUNE_MS + 3_600_000, "We take the bigger relay.", "Ordered, it comes on Thursday. 🙂"),
        *talk("relay", JUNE_MS + 2 * DAY_MS, "Which pin was the relay on?", "Pin 7, and 8 is free."),
        *talk("valve", JUNE_MS + 20 * DAY_MS, "The valve hums «like a bee».", "It is driven at 50 Hz — set it to 400."),
        *talk("refused", LONG_AGO_MS, "Nobody would word this.", "No."),
        *talk("changed", LONG_AGO_MS + DAY_MS, "There was one more to come.", "It was worded before it came."),
        *talk("kept", LONG_AGO_MS + 2 * DAY_MS, "Worded by one model, refused by the next.", "The words stay."),
    ]


def late() -> list[Event]:
    """What came into a conversation after it had been worded."""
    return talk("changed", LONG_AGO_MS + DAY_MS + 5 * MINUTE_MS, "Here it is.")


def answered(folder: Path) -> None:
    """The store: events, answers, more events, more answers."""
    with open_store(folder, time_zone="Europe/Berlin", disk_reserve_bytes=0) as disk:
        disk.admit_answers()
        store = AnsweredStore([*history()[:5], *conversations()], InMemoryRows(), log_rows=disk.rows)
        for one in history()[5:]:
            store.append(one)
        segments = {node.session: node for node in nodes_of(store.index) if node.session}
        segments_of_2025 = {node.id for node in segments.values() if node.parent_id.startswith("day/2025")}
        # By two models: the later one is shown, the older one stays readable.
        pump = segments["pump"].id
        store.record(again(pump, store.wordings.material(pump), "parrot-1", 0))
        store.record(again(pump, store.wordings.material(pump), "parrot-2", 1, cost_usd=None))
        while ready := [node_id for node_id in waiting(store) if node_id in segments_of_2025 or "/2025" in node_id]:
            store.record(*[worded(node_id, store.wordings.material(node_id)) for node_id in ready])
        digests = {session: node.wording.digest for session, node in segments.items()}
        store.record(answer(segments["refused"].id, None, digest=digests["refused"], refusal="blocked \ud800, 3 times"))
        store.word(segments["changed"].id)
        store.append(*late())
        store.word(segments["kept"].id)
        store.record(answer(segments["kept"].id, None, digest=digests["kept"], answered_ms=ANSWERED_MS + 1))
        store.log.close()
    # When it was made is no part of it.
    manifest = json.loads((folder / MANIFEST_NAME).read_text())
    (folder / MANIFEST_NAME).write_text(json.dumps(manifest | {"created_ms": NOON_MS}, indent=2) + "\n")


def waiting(store: AnsweredStore) -> list[str]:
    """The nodes that may be answered about now."""
    return [one.node_id for one in store.wordings.unworded(limit=999) if one.is_ready]


def again(node_id: str, material: Material, model: str, number: int, *, cost_usd: float | None = 0.002) -> Answer:
    """An answer with every field in use, and words that are easily broken."""
    places = [*places_of(material), place_of(material, "Thursday. 🙂")]
    summary = Summary(
        title=f"The relay {number} \ud83d",
        points=(
            Point(text="Half of what it draws 日本語", evidence=tuple(places[:2]), type="decision", weight=0.5),
            Point(text="Will it hold?", evidence=(places[-1],), type="question"),
        ),
        keywords=("relay", "👩\u200d👧"),
        abstract=f"The pump stopped.\r\nIts relay was too small ({number}).",
    )
    digest = material_digest(material)
    given = answer(node_id, summary, digest=digest, model=model, answered_ms=ANSWERED_MS + number)
    usage = msgspec.structs.replace(given.usage, cost_usd=cost_usd, calls=2)
    return msgspec.structs.replace(given, usage=usage, anchored=3, prompt_version="minutes/0")


def place_of(material: Material, words: str) -> Excerpt:
    """Where *words* were said."""
    passage = next(passage for passage in material.passages if words in passage.text)
    start = passage.text.index(words)
    return Excerpt(event_id=passage.event_id, start=start, end=start + len(words))


def told_of(node: Node, memory: SyncMemory) -> dict[str, Any]:
    """What a node that an answer words must read like in every release to come."""
    bullets = [
        {"text": bullet.text, "type": bullet.type, "excerpts": [memory.grip(id).excerpt for id in bullet.grip_ids]}
        for bullet in node.bullets
    ]
    return {
        "id": node.id,
        "title": node.title,
        "abstract": node.abstract,
        "keywords": list(node.keywords),
        "bullets": bullets,
        "wording": as_json(node.wording),
    }


def worded_nodes(memory: SyncMemory) -> list[dict[str, Any]]:
    """All nodes that show what was answered, from the root down."""
    found: list[Node] = []
    ahead = list(memory.root().years)
    while ahead:
        node = ahead.pop(0)
        found.append(node)
        ahead += memory.children(node.id, limit=1000).items
    return [told_of(node, memory) for node in found if node.wording.model and not node.wording.refusal]


def versions(memory: SyncMemory, node_ids: list[str]) -> dict[str, list[Any]]:
    """What was answered about each node, the latest first."""
    return {id: as_json(memory.summary_versions(id)) for id in node_ids}


def as_json(found: Any) -> Any:
    """What it is once it has been written and read."""
    return json.loads(written(msgspec.to_builtins(found)))


def written(found: Any) -> str:
    # ASCII, since lone surrogates are legal in JSON as escapes alone.
    return json.dumps(found, ensure_ascii=True, indent=1, sort_keys=True)


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
        answered(path)
        with tarfile.open(archive, "w:xz") as tar:
            for file in sorted(path.rglob("*")):
                # The engine's diary, locks and notes on its settings are not part of the format.
                if file.is_file() and not file.name.startswith(("LOG", "LOCK", "OPTIONS", "owner.lock")):
                    tar.add(file, arcname=str(file.relative_to(path)), filter=anonymous)
        with open_store(path, disk_reserve_bytes=0) as store:
            log = RowEventLog(store.rows)
            entries = msgspec.to_builtins(log.read(limit=1000))
            log.close()
        settings: dict[str, Any] = {"summaries_provider": "command", "summaries_command": "false"}
        with agent_memory.open(path, model=Path(folder) / "none", disk_reserve_bytes=0, **settings) as memory:
            memory.wait_for(["toc"], memory.status().position)
            answered_nodes = list(dict.fromkeys(e["answer"]["node_id"] for e in entries if "answer" in e))
            told = {
                "entries": entries,
                "worded": worded_nodes(memory),
                "versions": versions(memory, answered_nodes),
                "set_aside": as_json(memory.set_aside().items),
            }
    (HERE / f"format_{STORE_FORMAT}.json").write_text(written(told) + "\n")


if __name__ == "__main__":
    main()
