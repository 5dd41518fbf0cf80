"""Any string may be asked through the door: it is answered before the deadline, and the daemon stays well."""

from __future__ import annotations

import time

from agent_memory.api.client import GrpcMemory, connect_memory
from agent_memory.events import Draft, Kind
from agent_memory.memory import Filter
from agent_memory.retrieval import SearchOptions
from agent_memory.testing.daemon import DaemonProcess
from agent_memory.testing.hostile import CHARACTERS, hostile_strings

DEADLINE_S = 5.0
"""On processors that others use as well; alone, the slowest takes a fortieth of it."""

HOSTILE = hostile_strings()
ASKED = [name for name in HOSTILE if name.startswith(("syntax", "many", "blocks first", "blocks last from 0x1f400"))]
ASKED += [f"much {unit!r}" for unit in ("a", '"', "(", "\U0001f44d", "\u0301", "1-2", "a.b.c/", "\n", "שלום ", "\0")]
ASKED += [f"much {unit!r}" for unit in ("\ud800", "2024-01-", "last week ", '"a b" ', "(a+)+$", "\ufdfa", "日")]


async def test_any_string_is_answered_within_the_deadline(daemon: DaemonProcess, memory: GrpcMemory) -> None:
    """With a filter and without; nothing is logged as an error."""
    texts = [f"The cache moved to RocksDB in week {week}." for week in range(40)]
    texts += [text[:2_000] for text in HOSTILE.values() if text.strip()]
    receipts = await memory.append_batch(
        [Draft(kind=Kind.USER_MESSAGE, session=f"any-{n % 9}", text=text) for n, text in enumerate(texts)]
    )
    position = receipts[-1].position
    await memory.wait_for(["lexical", "catalog", "entities", "toc"], position, timeout_s=60)
    assert max(len(HOSTILE[name]) for name in ASKED) >= CHARACTERS
    where = Filter(sessions=("any-1", "any-2"))
    slowest = 0.0
    async with connect_memory(daemon.address, timeout_s=DEADLINE_S) as impatient:
        for name in ASKED:
            before = time.monotonic()
            narrow = await impatient.search(HOSTILE[name], where=where, limit=50)
            slowest = max(slowest, time.monotonic() - before)
            wide = await impatient.search(HOSTILE[name], options=SearchOptions(repeats=True))

            assert {hit.recorded.event.session for hit in narrow.hits} <= {*where.sessions}, name
            assert len(wide.hits) <= 10
        found = await impatient.search("cache week 7", limit=3)

    assert "The cache moved to RocksDB in week 7." in [hit.recorded.event.text for hit in found.hits]
    assert slowest < DEADLINE_S
    assert [] == [line for line in daemon.log.splitlines() if '"level": "error"' in line]
    assert (await memory.status()).healthy


async def test_any_string_gives_a_context(memory: GrpcMemory) -> None:
    for name in ASKED[::8]:
        block = await memory.build_context(HOSTILE[name], token_budget=500)

        assert block.token_count <= 500


async def test_what_was_just_recorded_is_found_and_so_is_what_stands_beside_it(memory: GrpcMemory) -> None:
    """The next search that asks for its position finds it by its words, and its answer by standing next to it."""
    for turn in range(5):
        _, answer = await memory.append_batch(
            [
                Draft(kind=Kind.USER_MESSAGE, session=f"own-{turn}", text=f"Which port has zeppelin{turn}?"),
                Draft(kind=Kind.ASSISTANT_MESSAGE, session=f"own-{turn}", text="It listens at 8443."),
            ]
        )
        # A search waits for the words; for what stands beside them two seconds, which a busy machine may exceed.
        await memory.wait_for(["lexical", "catalog"], answer.position, timeout_s=60)
        result = await memory.search(f"zeppelin{turn}", limit=5, min_position=answer.position)
        found = {hit.recorded.event.text: hit for hit in result.hits}
        question, said = f"Which port has zeppelin{turn}?", "It listens at 8443."

        # The vectors of both are still to come, so any string in this store that has one may come between.
        assert {question, said} <= found.keys()
        assert question in [hit.recorded.event.text for hit in result.hits[:2]]
        assert f"own-{turn}" == found[said].recorded.event.session
        assert {signal.name: signal.score for signal in found[said].signals}["context"] > 0
        assert {"Which port has"} == {found[text].session_title[:14] for text in (question, said)}
