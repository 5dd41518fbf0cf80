"""Events of a megabyte: listed, searched and expanded in answers that a message can hold."""

from __future__ import annotations

from agent_memory.api.client import GrpcMemory
from agent_memory.events import Draft, Kind
from agent_memory.memory import Filter

LINE = "a long line of a log that says very little "
COUNT = 40


# All alike, so that they are embedded once.
LARGE = Draft(kind=Kind.TOOL_RESULT, session="large", text=LINE * ((1 << 20) // len(LINE)))


async def test_forty_megabytes_are_read_page_by_page(memory: GrpcMemory) -> None:
    position = 0
    for _ in range(COUNT // 20):
        receipts = await memory.append_batch([LARGE] * 20)
        position = receipts[-1].position
    seen = []
    token = ""
    while True:
        page = await memory.events(where=Filter(sessions=("large",)), token=token)
        seen += [item.position for item in page.items]
        token = page.next_token
        if not token:
            break
    await memory.wait_for(["lexical"], position, timeout_s=120)
    result = await memory.search("a long line of a log", limit=200)
    context = await memory.expand(result.hits[0].grip_id, before=40, after=40)

    assert list(range(position - COUNT + 1, position + 1)) == seen
    assert len(result.hits) >= 1
    assert result.hits[0].recorded.event in [recorded.event for recorded in context.events]
