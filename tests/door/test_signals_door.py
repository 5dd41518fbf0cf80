"""Every signal of a search, heard through the door of a running daemon."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import pytest

from agent_memory.api.client import GrpcMemory
from agent_memory.events import Draft, Kind
from agent_memory.memory import VIEW_NAMES, Filter
from agent_memory.retrieval.model import SIGNALS, SearchOptions, SearchResult

MONDAY_MS = int(datetime(2023, 2, 6, 9, tzinfo=UTC).timestamp() * 1000)
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS

TALK = (
    (0, "Ines", Kind.USER_MESSAGE, "Which queue feeds src/kiln/glaze_mixer.py at night?"),
    (1, "", Kind.ASSISTANT_MESSAGE, "The one that is called amber."),
    (24, "Ines", Kind.USER_MESSAGE, "We decided to fire the kiln at 1240 degrees, because the stoneware cracked."),
    (48, "Otto", Kind.USER_MESSAGE, "The kiln opening is on Friday 10 February 2023, with all the neighbours."),
    (72, "Otto", Kind.USER_MESSAGE, "Nothing new of the stoneware, but the shelves have come."),
)


@pytest.fixture
async def where(memory: GrpcMemory) -> Filter:
    """A talk of four days, in a project of its own, in every view that there is."""
    project = f"kiln-{uuid.uuid4()}"
    receipts = await memory.append_batch(
        [
            Draft(
                kind=kind,
                session=project,
                project=project,
                speaker=speaker,
                text=text,
                time_ms=MONDAY_MS + at * HOUR_MS,
            )
            for at, speaker, kind, text in TALK
        ]
    )
    views = [view for view in VIEW_NAMES if view != "vectors" or (await memory.status()).model_id]
    await memory.wait_for(views, receipts[-1].position, timeout_s=60)
    return Filter(projects=(project,))


async def ask(memory: GrpcMemory, where: Filter, query: str) -> SearchResult:
    return await memory.search(query, where=where, limit=9, options=SearchOptions(now_ms=MONDAY_MS + 5 * DAY_MS))


ASKED = {
    "lexical": ("stoneware cracked", 2),
    "vector": ("stoneware cracked", 2),
    "phrase": ('what was that about "fire the kiln at 1240"', 2),
    "entity": ("glaze_mixer.py", 0),
    "context": ("Which queue feeds the glaze mixer at night?", 1),
    "time": ("what about the stoneware yesterday", 4),
    "type": ("what did we decide about the kiln", 2),
    "speaker": ("what did Otto say of the stoneware", 4),
    "substance": ("stoneware cracked", 2),
}
"""For each signal a query to which it has something to say, and the place in the talk of whom it says it."""


@pytest.mark.parametrize("name", SIGNALS)
async def test_every_signal_speaks_for_the_event_that_it_is_about(memory: GrpcMemory, where: Filter, name: str) -> None:
    if name == "vector" and not (await memory.status()).model_id:
        pytest.skip("AGENT_MEMORY_TEST_MODEL names no model; `make test` sets it")
    query, place = ASKED[name]
    hits = {hit.recorded.event.text: hit for hit in (await ask(memory, where, query)).hits}

    said = {signal.name: signal for signal in hits[TALK[place][3]].signals}
    assert said[name].contribution > 0
    assert said[name].rank > 0


async def test_a_time_told_from_an_event_is_that_which_the_event_names(memory: GrpcMemory, where: Filter) -> None:
    """`Before the opening` is before the day that was said, not before the day on which it was said."""
    result = await ask(memory, where, "what did we decide in the week before the kiln opening")
    # Whichever telling of it in this store: an anchor is looked up without the filter.
    anchor = await memory.event(result.understood.anchor_event_id)

    assert TALK[3][3] == anchor.event.text
    assert TALK[3][3] == result.understood.anchor_sentence
    (span,) = result.understood.spans
    assert span.until_ms is not None
    assert span.until_ms < MONDAY_MS + 4 * DAY_MS
    assert TALK[2][3] in [hit.recorded.event.text for hit in result.hits[:2]]
