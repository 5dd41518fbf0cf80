"""`verify` finds what is damaged: every family of rows, and the files of the indexes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from agent_memory import Draft, Kind
from agent_memory.config import Config
from agent_memory.daemon import open_memory
from agent_memory.errors import AgentMemoryError
from agent_memory.memory import VIEW_NAMES, VerifyFinding, VerifyVerdict
from agent_memory.storage import Family, RocksRows, open_store
from agent_memory.testing.embedders import HashingEmbedder

TEXTS = [f"Number {n}: we decided to keep part {n} in file_{n}.py, because test {n} failed." for n in range(12)]
Damage = Callable[[Path], None]


def config(store: Path) -> Config:
    return Config(store=store, time_zone="UTC", model=store / "none")


async def recorded(store: Path) -> None:
    async with open_memory(config(store), embedder=HashingEmbedder(32)) as memory:
        drafts = [
            Draft(kind=Kind.USER_MESSAGE, session=f"s{n % 2}", text=text, source="test", source_id=str(n))
            for n, text in enumerate(TEXTS)
        ]
        receipts = await memory.append_batch(drafts)
        await memory.wait_for(VIEW_NAMES, receipts[-1].position)


async def findings(store: Path) -> list[str]:
    """What verify says; a store that cannot even be opened has been found out, too."""
    try:
        async with open_memory(config(store), embedder=HashingEmbedder(32), create=False) as memory:
            reports = [report async for report in memory.verify()]
    except AgentMemoryError as error:
        return [str(error)]
    found = [report.message for report in reports if isinstance(report, VerifyFinding)]
    verdict = reports[-1]
    assert isinstance(verdict, VerifyVerdict)
    assert verdict.sound is (not found)
    return found


def changed(family: Family, *, which: int, view: str = "catalog") -> Damage:
    """Flip a bit in the middle of one value, or in the key where there is no value."""

    def damage(store: Path) -> None:
        with open_store(store) as opened:
            rows = opened.rows
            key, value = rows_of(rows, family, view)[which]
            batch = rows.batch()
            if value:
                middle = len(value) // 2
                batch.put(family, key, value[:middle] + bytes([value[middle] ^ 1]) + value[middle + 1 :])
            else:
                batch.delete(family, key)
            rows.write(batch, durable=True)

    return damage


def dropped(family: Family, *, which: int) -> Damage:
    def damage(store: Path) -> None:
        with open_store(store) as opened:
            batch = opened.rows.batch()
            batch.delete(family, rows_of(opened.rows, family)[which][0])
            opened.rows.write(batch, durable=True)

    return damage


def rows_of(rows: RocksRows, family: Family, view: str = "catalog") -> list[tuple[bytes, bytes]]:
    found = rows.scan(family, first=b"", end=b"\xff" * 64, limit=10_000)
    if family is Family.VIEWS:
        # Of a view alone: the pointers say which generation is live, and another is a fresh one.
        return [row for row in found if row[0].startswith(f"{view}/".encode()) and b"checkpoint" not in row[0]]
    return found


DAMAGES: dict[str, Damage] = {
    "an event's text": changed(Family.EVENTS, which=5),
    "an event that is gone": dropped(Family.EVENTS, which=5),
    "an entry of the log": changed(Family.LOG, which=5),
    "an entry that is gone from the middle": dropped(Family.LOG, which=5),
    "an entry that is gone from the end": dropped(Family.LOG, which=-1),
    "a source that is forgotten": dropped(Family.IDS, which=3),
    "a session's row": dropped(Family.SESSIONS, which=3),
    "a node": changed(Family.TOC_NODES, which=2),
    "a node that is gone": dropped(Family.TOC_NODES, which=1),
    "a grip that is gone": dropped(Family.GRIPS, which=1),
    "a row of the catalog": changed(Family.VIEWS, which=2),
    "an event's entities": changed(Family.VIEWS, which=1, view="entities"),
    "an entity's posting": changed(Family.VIEWS, which=-2, view="entities"),
}


@pytest.mark.parametrize("what", DAMAGES)
async def test_damage_is_found(tmp_path: Path, what: str) -> None:
    store = tmp_path / "store"
    await recorded(store)
    assert [] == await findings(store)
    DAMAGES[what](store)

    assert await findings(store)


async def test_a_vector_file_with_other_bytes_is_not_used(tmp_path: Path) -> None:
    """Found when the index is opened: what the log gives takes its place."""
    store = tmp_path / "store"
    await recorded(store)
    for path in (store / "views" / "vectors").rglob("vectors.npy"):
        raw = bytearray(path.read_bytes())
        raw[-3] ^= 0x55
        path.write_bytes(raw)
    async with open_memory(config(store), embedder=HashingEmbedder(32)) as memory:
        await memory.wait_for(["vectors"], len(TEXTS))
        hit = (await memory.search(TEXTS[-1])).hits[0]

        assert TEXTS[-1] == hit.recorded.event.text
    assert [] == await findings(store)
