"""A store with recorded answers, and nobody to ask: the daemon words its contents by them, and replays them."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from agent_memory.api.client import connect_memory
from agent_memory.memory import ReplayVerdict, VerifyVerdict
from agent_memory.storage import InMemoryRows, open_store
from agent_memory.testing.contents_checks import HOUR_MS, nodes_of
from agent_memory.testing.daemon import DaemonProcess
from agent_memory.testing.events import NOON_MS, event
from agent_memory.testing.wording_checks import AnsweredStore
from agent_memory.toc.model import Node


def answered_store(folder: Path, segments: int) -> tuple[list[Node], int, int]:
    """Every node of it worded by an answer in its log; the nodes, how many answers, and the last position."""
    with open_store(folder, time_zone="Europe/Berlin") as disk:
        said = [event(f"We decided on part {n} of the plan.", time_ms=NOON_MS + n * HOUR_MS) for n in range(segments)]
        store = AnsweredStore(said, InMemoryRows(), log_rows=disk.rows)
        count = store.word_all()
        # The last of all changes its day, and what is above.
        store.append(event("One more thing.", time_ms=NOON_MS + segments * HOUR_MS))
        nodes, head = nodes_of(store.index), store.log.head()
        store.log.close()
    return nodes, count, head


@pytest.mark.parametrize("segments", [50, pytest.param(1_000, marks=pytest.mark.slow)])
async def test_recorded_answers_are_shown_verified_and_replayed_though_nobody_can_be_asked(
    tmp_path: Path, segments: int
) -> None:
    nodes, count, head = answered_store(tmp_path / "store", segments)
    with DaemonProcess(tmp_path / "store") as daemon:
        async with connect_memory(daemon.address, timeout_s=300) as memory:
            await memory.wait_for(["toc"], head, timeout_s=300)
            status = await memory.status()
            shown = [await memory.node(node.id) for node in nodes]
            grips = [await memory.grip(id) for node in shown for bullet in node.bullets[:1] for id in bullet.grip_ids]
            texts = {said.event.id: said.event.text for said in (await memory.events(limit=1000)).items}
            replayed = [report async for report in memory.replay(["toc"])]
            again = [await memory.node(node.id) for node in nodes]
            verified = [report async for report in memory.verify()]
    worded = [node for node in shown if node.wording.model]

    assert (head, segments + 1) == (status.position, status.event_count)
    assert count >= segments + 5
    assert list(map(without_weights, nodes)) == list(map(without_weights, shown)) == list(map(without_weights, again))
    assert {"scripted"} == {node.wording.summariser for node in worded}
    assert len(worded) >= segments
    assert all(node.abstract == "In short: said." for node in worded)
    assert all(texts[grip.event_id][grip.start : grip.end] == grip.excerpt for grip in grips if grip.event_id in texts)
    assert [True] == [report.identical for report in replayed if isinstance(report, ReplayVerdict)]
    assert [(True, 0)] == [(r.sound, r.finding_count) for r in verified if isinstance(r, VerifyVerdict)]


def without_weights(node: Node) -> Node:
    """As it comes through the door."""
    bullets = tuple(msgspec.structs.replace(bullet, weight=0.0) for bullet in node.bullets)
    return msgspec.structs.replace(node, bullets=bullets)
