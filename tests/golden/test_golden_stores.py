"""Stores that released versions wrote are opened by this one."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import msgspec
import pytest

from agent_memory.config import Config
from agent_memory.daemon import open_memory
from agent_memory.events import Recorded
from agent_memory.log import RowEventLog
from agent_memory.memory import VIEW_NAMES, VerifyVerdict
from agent_memory.storage import STORE_FORMAT, open_store
from agent_memory.testing.embedders import HashingEmbedder
from agent_memory.testing.events import event

HERE = Path(__file__).parent
FORMATS = range(1, STORE_FORMAT + 1)


@pytest.mark.parametrize("format", FORMATS)
def test_a_store_of_every_format_reads_as_it_was_written(tmp_path: Path, format: int) -> None:
    with tarfile.open(HERE / f"format_{format}.tar.xz") as tar:
        tar.extractall(tmp_path / "store", filter="data")
    written = msgspec.convert(json.loads((HERE / f"format_{format}.json").read_bytes()), list[Recorded])
    with open_store(tmp_path / "store", disk_reserve_bytes=0) as store:
        log = RowEventLog(store.rows)
        first = log.read(limit=1000)
        known = log.append([r.event for r in written])
        [new] = log.append([event("written by this release")])
        verified = log.verify(limit=1000)
        log.close()

        assert "Europe/Berlin" == store.manifest.time_zone
    assert written == first
    # Ids, sources and digests are found under the keys that the old release gave them.
    assert [(r.position, False) for r in written] == [(r.position, r.created) for r in known]
    assert (len(written) + 1, True) == (new.position, new.created)
    assert len(written) + 1 == verified


@pytest.mark.parametrize("format", FORMATS)
async def test_a_store_of_every_format_gets_the_views_of_this_release(tmp_path: Path, format: int) -> None:
    """Those that it was written without, too, by being opened."""
    with tarfile.open(HERE / f"format_{format}.tar.xz") as tar:
        tar.extractall(tmp_path / "store", filter="data")
    config = Config(store=tmp_path / "store", disk_reserve_bytes=0, model=tmp_path / "none")
    async with open_memory(config, embedder=HashingEmbedder(32)) as memory:
        position = (await memory.status()).position
        await memory.wait_for(VIEW_NAMES, position)
        reports = [report async for report in memory.verify()]

    assert position > 0
    assert isinstance(reports[-1], VerifyVerdict)
    assert reports[-1].sound


@pytest.mark.parametrize("format", FORMATS)
def test_a_golden_store_stays_small(format: int) -> None:
    assert (HERE / f"format_{format}.tar.xz").stat().st_size < 100_000
