"""A disk that is full for a while, through the public door."""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import agent_memory
from agent_memory import Draft, Kind, Receipt
from agent_memory.errors import DiskFull
from agent_memory.memory import ViewState
from agent_memory.testing.daemon import DaemonProcess

pytestmark = pytest.mark.usefixtures("without_model")

SIZE_MIB = 192
SMALL_MIB = 48
LEFT_BYTES = 300 << 10


@pytest.fixture
def small_disk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={getattr(request, 'param', SIZE_MIB)}m", "tmpfs", str(folder)]
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


@pytest.mark.parametrize("small_disk", [SMALL_MIB], indirect=True)
def test_a_disk_that_is_full_to_the_last_byte_loses_nothing_either(small_disk: Path) -> None:
    """Without a reserve it is the engine that meets the end of the disk, in the midst of its work."""
    with (
        DaemonProcess(small_disk / "store", flags=("--disk-reserve-bytes", "0")) as daemon,
        agent_memory.connect(daemon.address, timeout_s=60) as memory,
    ):
        acknowledged = {append(memory, f"before {n}").event_id: f"before {n}" for n in range(20)}
        filler = small_disk / "filler"
        fill(filler, leave=LEFT_BYTES)
        refused = None
        for n in range(200):
            text = f"meanwhile {n} {random.Random(n).randbytes(50_000).hex()}"
            try:
                acknowledged[append(memory, text).event_id] = text
            except DiskFull as error:
                refused = error
                break
        assert refused is not None
        assert refused.free_bytes < LEFT_BYTES

        filler.unlink()
        # The engine takes writes again when it has opened anew.
        last = append(memory, "after")
        acknowledged[last.event_id] = "after"
        memory.wait_for(["toc", "lexical", "catalog"], last.position, timeout_s=90)

        status = memory.status()
        assert status.healthy
        assert "" == status.append_error
        assert {ViewState.LIVE} == {view.state for view in status.views if view.name != "vectors"}
        stored = {item.event.id: item.event.text for item in memory.events(limit=1000).items}
        assert acknowledged == {event_id: stored.get(event_id) for event_id in acknowledged}

    # And after a restart.
    with DaemonProcess(small_disk / "store") as daemon, agent_memory.connect(daemon.address) as memory:
        stored = {item.event.id: item.event.text for item in memory.events(limit=1000).items}
        assert acknowledged == {event_id: stored.get(event_id) for event_id in acknowledged}


def append(memory: agent_memory.SyncMemory, text: str) -> Receipt:
    return memory.append(Draft(kind=Kind.USER_MESSAGE, session="s", text=text))


def fill(path: Path, *, leave: int = 4 << 20) -> None:
    """Take all of what is free but *leave*; by default a few MiB, which is less than the reserve."""
    free = os.statvfs(path.parent)
    with path.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, free.f_bavail * free.f_frsize - leave)
