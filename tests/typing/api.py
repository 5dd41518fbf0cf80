"""Type-checked, never run: what users write must have the types that the docs promise."""

from __future__ import annotations

from typing import assert_type

import agent_memory
from agent_memory import Draft, Filter, Kind, Memory, Receipt, Recorded, Role, SearchOptions, SyncMemory
from agent_memory.api.client import GrpcMemory
from agent_memory.local import LocalMemory
from agent_memory.memory import Page, Root, Timeline
from agent_memory.retrieval.context import ContextBlock
from agent_memory.retrieval.model import SearchResult


def plain_calls() -> None:
    with agent_memory.open("somewhere", time_zone="Europe/Berlin") as memory:
        assert_type(memory, SyncMemory)
        assert_type(memory.append(Draft(kind=Kind.USER_MESSAGE, session="s", text="hello")), Receipt)
        assert_type(memory.search("hello", where=Filter(roles=(Role.USER,))), SearchResult)
        assert_type(memory.search("hello", options=SearchOptions(recency=0.5, without=("time",))), SearchResult)
        block = memory.build_context("hello", token_budget=500, options=SearchOptions(now_ms=0))
        assert_type(block, ContextBlock)
        assert_type([citation.event_id for citation in block.citations], list[str])
        assert_type(memory.timeline("01KF0FV2E00000000000000009", before=1, across_sessions=True), Timeline)
        assert_type(memory.get_events(["01KF0FV2E00000000000000009"]), list[Recorded])


async def coroutines() -> None:
    async with agent_memory.connect("127.0.0.1:7433") as memory:
        assert_type(memory, Memory)
        assert_type(await memory.root(), Root)
        assert_type(await memory.events(newest_first=True), Page[Recorded])
        assert_type(await memory.build_context("hello"), ContextBlock)
        assert_type(await memory.timeline("01KF0FV2E00000000000000009"), Timeline)
        async for report in memory.replay(["toc"]):
            print(report)


def forms_are_memories(local: LocalMemory, remote: GrpcMemory) -> list[Memory]:
    """Both forms have the whole protocol."""
    return [local, remote]
