"""The views are a function of the set of events: arrival, batching and restarts do not show."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent_memory import Draft, Kind, Memory
from agent_memory.config import Config
from agent_memory.daemon import open_memory
from agent_memory.events.ulids import derived_ulid
from agent_memory.memory import VIEW_NAMES
from agent_memory.testing.embedders import HashingEmbedder
from agent_memory.toc.model import Node

PROSE = "we decided to keep the log because replay failed with error TypeError in src/app.py and tests pass"
WORDS = [*PROSE.split(), "café", "日本語", "🙂"]
QUERIES = ["why do we keep the log", "TypeError src/app.py", "日本語", "café tests", "nothing of the kind", '"([']

DAY_MS = 86_400_000
START_MS = 1_774_000_000_000  # Two days before the clocks change in Europe.


@st.composite
def conversations(draw: st.DrawFn) -> list[Draft]:
    count = draw(st.integers(2, 25))
    drafts = []
    for n in range(count):
        time_ms = START_MS + draw(st.integers(0, 9)) * DAY_MS // 3 + draw(st.integers(0, 5)) * 17 * 60_000
        text = " ".join(draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=12)))
        drafts.append(
            Draft(
                id=derived_ulid(time_ms, str(n)),
                kind=draw(st.sampled_from([Kind.USER_MESSAGE, Kind.ASSISTANT_MESSAGE, Kind.TOOL_RESULT])),
                session=f"s{draw(st.integers(0, 2))}",
                agent=draw(st.sampled_from(["claude-code", "codex"])),
                project=draw(st.sampled_from(["shop", "station"])),
                text=text,
            )
        )
    return drafts


async def arrive(folder: Path, drafts: Sequence[Draft], chance: random.Random, *, restarts: int) -> dict[str, object]:
    """Append in random batches, reopen the store now and then, and tell all that a reader can see."""
    config = Config(store=folder, time_zone="Europe/Berlin", model=folder / "no-model")
    parts = [drafts]
    for _ in range(restarts):
        at = chance.randrange(len(parts[-1]) + 1)
        parts[-1:] = [parts[-1][:at], parts[-1][at:]]
    for part in parts:
        async with open_memory(config, embedder=HashingEmbedder(64)) as memory:
            left = list(part)
            while left:
                size = chance.randrange(1, len(left) + 1)
                await memory.append_batch(left[:size])
                del left[:size]
    async with open_memory(config, embedder=HashingEmbedder(64)) as memory:
        return await all_of(memory, len(drafts))


async def all_of(memory: Memory, position: int) -> dict[str, object]:
    await memory.wait_for(VIEW_NAMES, position)
    nodes: dict[str, Node] = {}
    open_nodes = list((await memory.root()).years)
    while open_nodes:
        node = open_nodes.pop()
        # Versions tell the history of arrival, which is not what is compared.
        nodes[node.id] = msgspec.structs.replace(node, version=0)
        open_nodes += (await memory.children(node.id, limit=1000)).items
    grips = [await memory.grip(g) for node in nodes.values() for b in node.bullets for g in b.grip_ids]
    hits = {}
    for query in QUERIES:
        result = await memory.search(query, limit=25)
        hits[query] = [
            (h.recorded.event.id, round(h.score, 6), h.excerpt, h.grip_id, h.node_id, h.session_title)
            for h in result.hits
        ]
    return {
        "nodes": msgspec.msgpack.encode(dict(sorted(nodes.items()))),
        "grips": msgspec.msgpack.encode(sorted(grips, key=lambda g: g.id)),
        "sessions": (await memory.sessions()).items,
        "days": await memory.days(),
        "hits": hits,
    }


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(drafts=conversations(), seed=st.integers(0, 1 << 30))
async def test_arrival_batching_and_restarts_do_not_show_in_any_view(drafts: list[Draft], seed: int) -> None:
    chance = random.Random(seed)
    shuffled = list(drafts)
    chance.shuffle(shuffled)
    with TemporaryDirectory() as folder:
        live = await arrive(Path(folder) / "live", sorted(drafts, key=lambda d: d.id), chance, restarts=0)
        imported = await arrive(Path(folder) / "imported", shuffled, chance, restarts=2)

        for what, expected in live.items():
            assert expected == imported[what], what
