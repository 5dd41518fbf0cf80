"""From a ranking to hits: how much is read for it, and what a page of repeats or of long texts costs."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import pytest

from agent_memory.annotation import MemoryType
from agent_memory.annotation.likeness import Page
from agent_memory.errors import Corrupt
from agent_memory.events import Event, Kind, Recorded, Role
from agent_memory.events.ulids import ulid_of
from agent_memory.indexes.chunks import each_chunk
from agent_memory.indexes.model import EVERYWHERE, Match
from agent_memory.indexes.turns import Turns
from agent_memory.paging import PAGE_TEXT_MAX
from agent_memory.retrieval import answering
from agent_memory.retrieval.answering import READ_CHARACTERS_MAX, Answering
from agent_memory.retrieval.arranging import spread
from agent_memory.retrieval.asked import read
from agent_memory.retrieval.fusion import WEIGHTS, Ranking
from agent_memory.retrieval.model import Hit, SearchOptions
from agent_memory.retrieval.pool import Found, Pool
from agent_memory.toc.calendar import Calendar

NOON = 1_768_478_400_000
UTC = Calendar("UTC")


class CountingLog:
    def __init__(self, events: Sequence[Recorded]) -> None:
        self.events = {one.event.id: one for one in events}
        self.read: list[str] = []

    def get_many(self, event_ids: Sequence[str]) -> list[Recorded | None]:
        self.read += event_ids
        return [self.events[event_id] for event_id in event_ids]


class Nameless:
    def titles(self, sessions: Sequence[str]) -> list[str]:
        return ["" for _ in sessions]

    def segment_ids_of(self, events: Sequence[tuple[str, str]]) -> list[str]:
        return ["" for _ in events]


def log_of(texts: Sequence[str], **fields: Any) -> CountingLog:
    given: dict[str, Any] = {"kind": Kind.TOOL_RESULT, "role": Role.TOOL, "session": "s1", **fields}
    return CountingLog(
        [
            Recorded(place, Event(id=ulid_of(NOON + place * 1000, place), text=text, **given))
            for place, text in enumerate(texts, 1)
        ]
    )


class PartlyUnreadable(Nameless):
    """Contents of which the rows of one event cannot be read."""

    def __init__(self, event_id: str) -> None:
        self._event_id = event_id

    def segment_ids_of(self, events: Sequence[tuple[str, str]]) -> list[str]:
        if any(event_id == self._event_id for event_id, _ in events):
            raise Corrupt("block checksum mismatch")
        return ["segment/x" for _ in events]


def hits_of(
    log: CountingLog, limit: int, *, found: bool = True, contents: Nameless | None = None, **options: Any
) -> list[Hit]:
    """The events of the log as keywords might have ranked them: in their order; or as neighbours of nothing."""
    size = len(log.events)
    matches = [Match(event_id, 0, 9 * found, float(size - place)) for place, event_id in enumerate(log.events)]
    chosen = SearchOptions(**options)
    pool = Pool({"lexical": Found(matches, floor=0.0)}, WEIGHTS, turns=no_turns)
    ranking = Ranking(pool, {}, chosen, now_ms=NOON)
    parts: Any = {"contents": lambda: nullcontext(contents or Nameless()), "catalog": lambda: nullcontext(Nameless())}
    asked = read("what was it", now_ms=NOON, calendar=UTC)
    of_log = Answering(log, calendar=UTC, **parts)  # type: ignore[arg-type]  # of a log only what is read
    return of_log.hits(asked, pool, ranking, where=EVERYWHERE, limit=limit, options=chosen)


def no_turns(_: Any) -> dict[int, Turns]:
    return {}


def words(draw: random.Random, size: int) -> str:
    return " ".join("".join(draw.choices("etaoinshrdlu", k=draw.randint(2, 9))) for _ in range(size))


@pytest.mark.parametrize("limit", [1, 5, 50])
def test_where_everything_says_the_same_not_everything_is_read(limit: int) -> None:
    """A build that printed the same fifteen hundred times over shows once, and costs no more than a few pages."""
    line = words(random.Random(1), 60)
    log = log_of([f"{line} done in {n}.5s" for n in range(1_500)])
    found = hits_of(log, limit)

    assert 1 == len(found)
    assert len(log.read) <= 5 * limit + 200
    assert len(log.read) - 1 == found[0].repeat_count


def test_repeats_are_passed_over_for_what_comes_after_them() -> None:
    line = words(random.Random(1), 60)
    log = log_of([*(f"{line} in {n}.5s" for n in range(60)), *(words(random.Random(n), 60) for n in range(2, 9))])

    assert [59, 0, 0, 0, 0] == [hit.repeat_count for hit in hits_of(log, 5)]
    assert 5 == len(hits_of(log, 5, repeats=True))


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_a_short_page_has_one_hit_of_a_series(limit: int) -> None:
    """Which is told by four: more is read than a page shows."""
    draw = random.Random(4)
    log = log_of([*(f"building image {share}%" for share in (9, 18, 27, 36, 45)), *(words(draw, 30) for _ in range(9))])
    hits = hits_of(log, limit)

    assert "building image 9%" == hits[0].recorded.event.text
    assert limit == len(hits)
    assert not [hit for hit in hits[1:] if hit.recorded.event.text.startswith("building image")]


def test_a_hit_whose_node_cannot_be_read_costs_the_others_nothing() -> None:
    log = log_of([words(random.Random(n), 30) for n in range(5)])
    found = hits_of(log, 5, contents=PartlyUnreadable(list(log.events)[2]))

    assert ["segment/x", "segment/x", "", "segment/x", "segment/x"] == [hit.node_id for hit in found]


def test_each_text_is_formed_once_however_many_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    formed: list[str] = []
    line = words(random.Random(1), 60)
    log = log_of([f"{line} done in {n}.5s" for n in range(500)])
    add = Page.add

    def counted(page: Page, text: str, *, printed: bool = False) -> None:
        formed.append(text)
        add(page, text, printed=printed)

    monkeypatch.setattr(Page, "add", counted)
    hits_of(log, 5)

    assert len(set(formed)) == len(formed) == len(log.read)


def test_of_the_longest_texts_no_more_is_read_than_an_answer_holds() -> None:
    """Two hundred events of a mebibyte are no reason to hold all of them in memory."""
    base = words(random.Random(1), 140_000)
    log = log_of([base[n * 9_000 :] + base[: n * 9_000] for n in range(60)], kind=Kind.USER_MESSAGE)
    size = max(len(one.event.text) for one in log.events.values())
    found = hits_of(log, 200)

    assert len(log.read) * size < READ_CHARACTERS_MAX + 33 * size
    assert PAGE_TEXT_MAX // size <= len(found) <= PAGE_TEXT_MAX // size + 2


def test_a_neighbour_is_cut_once_and_no_further_than_its_first_passage(monkeypatch: pytest.MonkeyPatch) -> None:
    cuts: list[int] = []

    def counted(given: Event) -> Any:
        chunk = next(each_chunk(given.text), None)
        cuts.append(len(given.text))
        return chunk

    log = log_of([words(random.Random(n), 2_000) for n in range(3)], kind=Kind.USER_MESSAGE)
    monkeypatch.setattr(answering, "first_passage", counted)
    found = hits_of(log, 3, found=False)

    assert 3 == len(cuts)
    assert all(hit.excerpt and hit.recorded.event.text.startswith(hit.excerpt) for hit in found)


def test_the_types_of_a_hit_are_those_of_its_event_whatever_is_known_of_its_session() -> None:
    """Traits are of the catalog, which may be behind; the words of the event are at hand."""
    log = log_of(["We decided to keep sessions in Redis.", "lunch"], kind=Kind.USER_MESSAGE, role=Role.USER)

    assert [(MemoryType.DECISION,), ()] == [hit.types for hit in hits_of(log, 2)]


# -- a diverse page --------------------------------------------------------------------------


def test_a_diverse_page_is_chosen_from_twice_as_many_and_never_from_more_than_a_page() -> None:
    for limit, most in ((5, 10 + 8), (50, 100 + 8), (200, 208 + 8)):
        log = log_of([words(random.Random(n), 40) for n in range(600)], kind=Kind.USER_MESSAGE)
        found = hits_of(log, limit, diversity=0.5)

        assert limit == len(found)
        assert len(log.read) <= most


def test_what_repeats_less_of_the_page_comes_earlier() -> None:
    texts = ["red apples in the garden", "red apples in a garden", "green pears on the table"]

    assert [0, 2, 1] == spread(texts, [1.0, 0.9, 0.8], 3, diversity=0.5)
    assert [0, 1, 2] == spread(texts, [1.0, 0.9, 0.8], 3, diversity=0.01)
    assert [0, 1] == spread(["", ""], [0.0, 0.0], 5, diversity=1.0)


@pytest.mark.parametrize(("limit", "most_ms"), [(50, 150), (200, 400)])
def test_a_page_is_spread_in_little_time(limit: int, most_ms: int) -> None:
    """Generous: measured on an idle core, a tenth of it."""
    draw = random.Random(3)
    vocabulary = words(draw, 3_000).split()
    texts = [" ".join(draw.choices(vocabulary, k=250)) for _ in range(min(2 * limit, 208))]
    best_s = 1e9
    for _ in range(3):
        started = time.process_time()
        spread(texts, [1 / (n + 1) for n in range(len(texts))], limit, diversity=0.5)
        best_s = min(best_s, time.process_time() - started)

    assert best_s * 1000 < most_ms
