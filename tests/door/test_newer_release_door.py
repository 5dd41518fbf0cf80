"""A daemon of this release over a store in which a newer one has written what it does not know."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import agent_memory
from agent_memory.log import RowEventLog
from agent_memory.memory import VIEW_NAMES, ViewState
from agent_memory.storage import open_store
from agent_memory.testing.daemon import DaemonProcess
from agent_memory.testing.entries import record_of_tomorrow
from agent_memory.testing.events import draft, events
from agent_memory.testing.waiting import eventually
from tests.door.command_line import Line

pytestmark = pytest.mark.usefixtures("without_model")

TOLD = "the entry at position 3 is of kind 7, which only a newer agent-memory knows. Install the newest agent-memory"


def test_it_serves_what_it_knows_and_says_everywhere_what_to_install(tmp_path: Path) -> None:
    with open_store(tmp_path / "store", time_zone="UTC") as store:
        log = RowEventLog(store.rows)
        log.append(events(2))
        log.close()
        record_of_tomorrow(store.rows, 3)
    with DaemonProcess(tmp_path / "store") as daemon, agent_memory.connect(daemon.address, timeout_s=60) as memory:

        def are_told() -> bool:
            standing = [view for view in memory.status().views if view.name != "vectors"]
            return all(view.state is ViewState.FAILED and view.position == 2 for view in standing)

        eventually(are_told)
        [receipt] = memory.append_batch([draft("later")])
        listed = [item.event.text for item in memory.events(limit=9).items]
        told = {view.name: view.error for view in memory.status().views}
        run = Line(tmp_path, "--address", daemon.address)
        status, verified = run("status"), run("verify", "--json")

    assert 4 == receipt.position
    assert {"message 1", "message 2", "later"} == set(listed)
    assert all(told[name].startswith(TOLD) for name in VIEW_NAMES if name != "vectors")
    # A terminal breaks the line where it likes.
    assert TOLD in " ".join(status.out.split())
    assert [TOLD] == [found["message"][: len(TOLD)] for found in json.loads(verified.out)["data"]["findings"]]
