"""A store of which the disk has lost blocks: its daemon says so, answers with what is left, and mends what it can."""

from __future__ import annotations

from pathlib import Path

import pytest

import agent_memory
from agent_memory import Draft, Kind
from agent_memory.errors import Corrupt
from agent_memory.memory import ReplayVerdict, VerifyFinding, VerifyVerdict
from agent_memory.storage import Family
from agent_memory.sync import SyncMemory
from agent_memory.testing.daemon import DaemonProcess

COUNT = 600
TEXTS = [f"Number {n}: we decided to keep part {n} in file_{n}.py, because test {n} failed." for n in range(COUNT)]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Filled by a daemon that has closed."""
    path = tmp_path / "store"
    drafts = [
        Draft(kind=Kind.USER_MESSAGE, session=f"s{n % 4}", text=text, source="test", source_id=str(n))
        for n, text in enumerate(TEXTS)
    ]
    with DaemonProcess(path) as daemon, agent_memory.connect(daemon.address, timeout_s=60) as memory:
        receipts = memory.append_batch(drafts)
        memory.wait_for(["toc", "catalog", "lexical", "entities"], receipts[-1].position, timeout_s=60)
    return path


def test_contents_that_cannot_be_read_cost_no_search_and_replay_mends_them(store: Path) -> None:
    _lose_blocks(store, Family.TOC_NODES)
    with DaemonProcess(store) as daemon, agent_memory.connect(daemon.address, timeout_s=60) as memory:
        hits = memory.search("part 7 in file_7.py", limit=5).hits
        with pytest.raises(Corrupt, match="block checksum mismatch"):
            memory.root()
        sound, findings = _verified(memory)
        (verdict,) = [report for report in memory.replay(["toc"]) if isinstance(report, ReplayVerdict)]
        after = _verified(memory)

        assert TEXTS[7] == hits[0].recorded.event.text
        assert not sound
        assert [finding for finding in findings if "the live view cannot be read" in finding]
        assert not verdict.identical
        assert "the live view cannot be read" in verdict.first_difference
        assert (True, []) == after
        assert memory.root().years
        assert memory.search("part 7 in file_7.py", limit=5).hits[0].node_id


def test_an_entry_of_the_log_that_cannot_be_read_is_named_by_its_position(store: Path) -> None:
    _lose_blocks(store, Family.LOG)
    with DaemonProcess(store) as daemon, agent_memory.connect(daemon.address, timeout_s=60) as memory:
        assert TEXTS[7] == memory.search("part 7 in file_7.py", limit=5).hits[0].recorded.event.text
        sound, findings = _verified(memory)

        assert not sound
        assert [finding for finding in findings if "position 1: the entry cannot be read" in finding]


def _verified(memory: SyncMemory) -> tuple[bool, list[str]]:
    reports = list(memory.verify())
    (verdict,) = [report for report in reports if isinstance(report, VerifyVerdict)]
    return verdict.sound, [report.message for report in reports if isinstance(report, VerifyFinding)]


def _lose_blocks(store: Path, family: Family) -> None:
    """Flip bits in the first half of the family's tables, which say behind their rows whose they are."""
    tables = [path for path in store.rglob("*.sst") if _is_of(path.read_bytes(), family)]
    assert tables
    for path in tables:
        table = bytearray(path.read_bytes())
        half = table.index(b"rocksdb.") // 2
        table[:half] = bytes(byte ^ 0x5A for byte in table[:half])
        path.write_bytes(table)


def _is_of(table: bytes, family: Family) -> bool:
    return family.value.encode() in table[table.index(b"rocksdb.") :]
