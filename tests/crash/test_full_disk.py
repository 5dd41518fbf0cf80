"""A disk that is full for a while, through the public door."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import agent_memory
from agent_memory import Draft, Kind, Receipt
from agent_memory.errors import DiskFull
from agent_memory.testing.daemon import DaemonProcess

SIZE_MIB = 192


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MIB}m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("mounting a small disk takes root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_refuses_appends_until_there_is_room_and_loses_nothing(small_disk: Path) -> None:
    with (
        DaemonProcess(small_disk / "store") as daemon,
        agent_memory.connect(daemon.address, timeout_s=60) as memory,
    ):
        acknowledged: list[Receipt] = [append(memory, "before")]
        filler = small_disk / "filler"
        fill(filler)
        with pytest.raises(DiskFull) as caught:
            append(memory, "refused")
        assert "Free some space" in caught.value.hint
        status = memory.status()
        assert not status.healthy
        assert "bytes are free" in status.append_error
        # Reads go on.
        assert "before" == memory.event(acknowledged[0].event_id).event.text

        filler.unlink()
        acknowledged.append(append(memory, "after"))

        assert memory.status().healthy
        assert [1, 2] == [receipt.position for receipt in acknowledged]
        assert ["before", "after"] == [item.event.text for item in memory.events().items]


def append(memory: agent_memory.SyncMemory, text: str) -> Receipt:
    return memory.append(Draft(kind=Kind.USER_MESSAGE, session="s", text=text))


def fill(path: Path) -> None:
    """Take all but a few MiB of what is free, which is less than the reserve."""
    free = os.statvfs(path.parent)
    with path.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, free.f_bavail * free.f_frsize - (4 << 20))
