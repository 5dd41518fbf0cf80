"""Stores that released versions wrote are opened by this one."""

from __future__ import annotations

import json
import sys
import tarfile
from pathlib import Path
from typing import Any

import msgspec
import pytest

import agent_memory
from agent_memory.config import Config
from agent_memory.daemon import open_memory
from agent_memory.events import Recorded
from agent_memory.log import Entry, RecordedAnswer, RowEventLog, events_of
from agent_memory.memory import VIEW_NAMES, ReplayVerdict, VerifyVerdict
from agent_memory.storage import STORE_FORMAT, open_store
from agent_memory.testing.embedders import HashingEmbedder
from agent_memory.testing.events import event
from tests.golden.make import as_json, versions, worded_nodes

HERE = Path(__file__).parent
FORMATS = range(1, STORE_FORMAT + 1)
WITH_ANSWERS = range(2, STORE_FORMAT + 1)


def unpacked(format: int, folder: Path) -> dict[str, Any]:
    """The store in *folder*, and what was written into it."""
    with tarfile.open(HERE / f"format_{format}.tar.xz") as tar:
        tar.extractall(folder, filter="data")
    told = json.loads((HERE / f"format_{format}.json").read_bytes())
    return {"entries": told} if isinstance(told, list) else told


def entries_of(told: dict[str, Any]) -> list[Entry]:
    return [msgspec.convert(one, Recorded if "event" in one else RecordedAnswer) for one in told["entries"]]


@pytest.mark.parametrize("format", FORMATS)
def test_a_store_of_every_format_reads_as_it_was_written(tmp_path: Path, format: int) -> None:
    written = entries_of(unpacked(format, tmp_path / "store"))
    answers = [entry for entry in written if isinstance(entry, RecordedAnswer)]
    with open_store(tmp_path / "store", disk_reserve_bytes=0) as store:
        log = RowEventLog(store.rows)
        first = log.read(limit=1000)
        known = log.append([r.event for r in events_of(written)])
        again = log.record([entry.answer for entry in answers]).result()
        [new] = log.append([event("written by this release")])
        verified = log.verify(limit=1000)
        checked = [*log.verify_answers()][-1]
        log.close()

        assert ("Europe/Berlin", format) == (store.manifest.time_zone, store.manifest.format)
    assert written == first
    # Ids, sources and digests are found under the keys that the old release gave them.
    assert [(r.position, False) for r in events_of(written)] == [(r.position, r.created) for r in known]
    assert [entry.position for entry in answers] == again
    assert (len(written) + 1, True) == (new.position, new.created)
    assert (len(written) + 1, len(answers)) == (verified, checked)


@pytest.mark.parametrize("format", FORMATS)
async def test_a_store_of_every_format_gets_the_views_of_this_release(tmp_path: Path, format: int) -> None:
    """Those that it was written without, too, by being opened."""
    unpacked(format, tmp_path / "store")
    config = Config(store=tmp_path / "store", disk_reserve_bytes=0, model=tmp_path / "none")
    async with open_memory(config, embedder=HashingEmbedder(32)) as memory:
        position = (await memory.status()).position
        await memory.wait_for(VIEW_NAMES, position)
        reports = [report async for report in memory.verify()]

    assert position > 0
    assert isinstance(reports[-1], VerifyVerdict)
    assert reports[-1].sound


@pytest.mark.parametrize("format", WITH_ANSWERS)
def test_what_was_answered_words_the_contents_in_every_release_and_nobody_is_asked(tmp_path: Path, format: int) -> None:
    """Every node that an answer words, the answers before it, what was refused; a replay gives the same.

    What a node is asked about has a digest, and so its form is durable, too: where it has to change, what was paid
    for is asked about anew, in every store. Should that be meant, this store is no witness of the wording any more.
    """
    told = unpacked(format, tmp_path / "store")
    asked = tmp_path / "asked"
    program = f"{sys.executable} -c \"open('{asked}', 'w')\""
    settings = {"summaries_provider": "command", "summaries_command": program, "disk_reserve_bytes": 0}
    with agent_memory.open(tmp_path / "store", model=tmp_path / "none", **settings) as memory:
        memory.wait_for(["toc"], memory.status().position)
        shown = worded_nodes(memory)
        listed = versions(memory, list(told["versions"]))
        refused = as_json(memory.set_aside().items)
        replayed = [report for report in memory.replay(["toc"]) if isinstance(report, ReplayVerdict)]
        again = worded_nodes(memory)
        status = memory.status()

    assert told["worded"] == shown == again
    assert told["versions"] == listed
    assert told["set_aside"] == refused
    assert [(True, "")] == [(verdict.identical, verdict.first_difference) for verdict in replayed]
    assert (format, len(events_of(entries_of(told)))) == (status.store_format, status.event_count)
    assert not asked.exists()


@pytest.mark.parametrize("format", FORMATS)
def test_a_golden_store_stays_small(format: int) -> None:
    assert (HERE / f"format_{format}.tar.xz").stat().st_size < 100_000
    assert (HERE / f"format_{format}.json").stat().st_size < 100_000
