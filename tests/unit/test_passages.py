"""The passages of an event that are indexed: what was said, and of a long text the telling parts."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_memory.annotation.scaffolding import scaffolding_of
from agent_memory.events import Event, Kind
from agent_memory.indexes import chunks
from agent_memory.indexes import passages as passages_room
from agent_memory.indexes.chunks import CHUNK_MAX, Chunk, _cut, chunks_of
from agent_memory.indexes.passages import _scores, first_passage, passages_for
from agent_memory.testing.events import event
from agent_memory.testing.strategies import texts

SEED = 20260115


def output(text: str) -> Event:
    return event(text, kind=Kind.TOOL_RESULT)


def passages(given_event: Event, *, limit: int = 256) -> list[str]:
    return [given_event.text[p.start : p.end] for p in passages_for(given_event, limit=limit)]


def test_a_text_that_was_said_is_chunked_as_it_is() -> None:
    text = "A sentence of some length stands here. " * 100

    assert chunks_of(text) == passages_for(event(text), limit=256)


def test_where_nothing_was_said_there_is_no_passage() -> None:
    assert [] == passages_for(event(" \n "), limit=4)
    assert [] == passages_for(event("<system-reminder>\nbe brief\n</system-reminder>\n"), limit=4)


def test_a_passage_leaves_scaffolding_out_and_does_not_reach_across_it() -> None:
    """Its place is that in the whole text."""
    text = "fix the login\n\n<system-reminder>\nbe brief\n</system-reminder>\n\n  and the logout  "

    assert ["fix the login", "and the logout"] == passages(event(text))
    assert Chunk(text.index("and the"), text.index("logout") + 6) == passages_for(event(text), limit=4)[1]


PARTS = st.lists(
    st.one_of(
        texts(max_size=60),
        st.just("<system-reminder>\nbe brief\n</system-reminder>"),
        st.just("word " * 400),
        st.just("\n\n"),
    ),
    max_size=12,
).map("\n".join)


@settings(max_examples=150)
@given(text=PARTS, limit=st.integers(1, 9))
def test_passages_are_said_sorted_bounded_and_no_more_than_asked_for(text: str, limit: int) -> None:
    found = passages_for(event(text), limit=limit)
    everything = passages_for(event(text), limit=10_000)
    touched = [span for span in scaffolding_of(event(text)) for p in found if span.start < p.end and p.start < span.end]

    assert limit >= len(found)
    assert min(limit, len(everything)) == len(found)
    assert all(a.start < b.start for a, b in pairwise(found))
    assert set(found) <= set(everything)
    assert [] == touched
    assert all(p.end - p.start <= CHUNK_MAX and text[p.start : p.end].strip() for p in found)


@settings(max_examples=50)
@given(text=PARTS)
def test_all_that_was_said_is_in_some_passage(text: str) -> None:
    covered: set[int] = set()
    for passage in passages_for(event(text), limit=10_000):
        covered.update(range(passage.start, passage.end))
    for span in scaffolding_of(event(text)):
        covered.update(range(span.start, span.end))

    assert "" == "".join(text[at] for at in range(len(text)) if at not in covered).strip()


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 16])
def test_over_the_limit_the_beginning_and_the_end_stay(limit: int) -> None:
    text = " ".join(f"word{n}" for n in range(5_000))
    pieces = chunks_of(text)
    found = passages_for(output(text), limit=limit)

    assert limit == len(found)
    assert pieces[: (limit + 3) // 4] == found[: (limit + 3) // 4]
    assert limit // 4 == sum(chunk in found for chunk in pieces[len(pieces) - limit // 4 :])


# -- needles ---------------------------------------------------------------------------------

Lines = Callable[[random.Random, int], str]


def log_line(draw: random.Random, n: int) -> str:
    request = uuid.UUID(int=draw.getrandbits(128))
    return (
        f"2026-01-15T09:{n // 60 % 60:02d}:{n % 60:02d}.{draw.randint(0, 999):03d}Z INFO  worker-{draw.randint(0, 15)} "
        f"request {request} path=/api/v1/items/{draw.randint(1, 9999)} status=200 in {draw.randint(1, 400)}ms"
    )


def build_line(draw: random.Random, n: int) -> str:
    return f"[{n:>5}/18000] Compiling module_{draw.randint(1, 400)} v0.{draw.randint(1, 30)}.{draw.randint(0, 9)}"


def prose_line(draw: random.Random, n: int) -> str:
    return f"{n}: " + " ".join(draw.choices(["the", "cat", "sat", "on", "mat", "then", "ran", "over", "red"], k=20))


NEEDLES = [
    ("E_QUOTA_4417", "E_QUOTA_4417 exceeded for tenant blue"),
    ("scheduler.rs", "thread 'main' panicked at scheduler.rs:88"),
    ("src/billing/invoice_rounding.py", "src/billing/invoice_rounding.py was rewritten"),
    ("db-replica-07", "connection to db-replica-07 lost"),
    ("FAILED", "test_refunds_round_half_even FAILED"),
    ("512MB", "retry budget is now 512MB"),
    ("maxRetries", "maxRetries overridden by the environment"),
]


@pytest.mark.parametrize("line", [log_line, build_line, prose_line])
@pytest.mark.parametrize(("needle", "sentence"), NEEDLES)
@pytest.mark.parametrize("limit", [16, 256])
def test_a_needle_in_a_long_output_is_in_a_passage(line: Lines, needle: str, sentence: str, limit: int) -> None:
    """Wherever in the middle it stands, among lines that are all alike but for their figures."""
    draw = random.Random(SEED)
    lines = [line(draw, n) for n in range(6_000)]
    lines[draw.randrange(1_500, 4_500)] += f" {sentence}"
    found = [passage for passage in passages(output("\n".join(lines)), limit=limit) if sentence in passage]

    assert len(found) >= 1, f"seed {SEED}"
    assert all(needle in passage for passage in found)


def test_errors_that_repeat_do_not_take_every_place() -> None:
    """A line of trouble among a thousand of its like is no news; the one that differs is."""
    lines = [f"{n:05d} ERROR connection refused, retrying" for n in range(8_000)]
    lines[4_000] += " after certificate_expired_2025"
    found = passages(output("\n".join(lines)), limit=8)

    assert any("certificate_expired_2025" in passage for passage in found)


def test_the_choice_is_a_function_of_the_text() -> None:
    draw = random.Random(SEED)
    text = "\n".join(log_line(draw, n) for n in range(3_000))

    assert passages_for(output(text), limit=32) == passages_for(output(text), limit=32)


@pytest.mark.parametrize(
    "unit", ["a", "é", "\n", "a_1 ", "E{0} ", "\ud800 ", "語", "<system-reminder>x</system-reminder>y ", "0f" * 4 + " "]
)
def test_a_mebibyte_is_chosen_from_in_a_moment(unit: str) -> None:
    hostile = output(unit * ((1 << 20) // len(unit.encode("utf-8", "surrogatepass"))))
    started = time.process_time()

    assert 256 >= len(passages_for(hostile, limit=256))
    assert time.process_time() - started < 4


# -- what it costs ---------------------------------------------------------------------------


def megabyte(seed: int) -> Event:
    draw = random.Random(seed)
    return output("\n".join(log_line(draw, n) for n in range(8_000)))


def test_the_first_passage_is_had_without_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    cuts: list[int] = []

    def counted(text: str, start: int) -> int:
        cuts.append(start)
        return _cut(text, start)

    given = megabyte(SEED)
    monkeypatch.setattr(chunks, "_cut", counted)
    first = first_passage(given)

    assert [0] == cuts
    assert first == chunks_of(given.text)[0] == passages_for(given, limit=1)[0]
    assert first_passage(event(" \n ")) is None


def test_of_a_long_text_the_views_choose_from_one_weighing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one index takes of it, and what another; the weighings that are kept are few."""
    weighed: list[int] = []

    def counted(text: str, found: Sequence[Chunk]) -> list[int]:
        weighed.append(len(text))
        return _scores(text, found)

    monkeypatch.setattr(passages_room, "_scores", counted)
    given = megabyte(SEED + 1)
    both = [passages_for(given, limit=16), passages_for(megabyte(SEED + 1), limit=256)]
    for other in range(2, 14):
        passages_for(megabyte(SEED + other), limit=16)

    assert [16, 256] == [len(found) for found in both]
    assert 13 == len(weighed)
    assert passages_room._KEPT_MAX >= len(passages_room._kept)
    assert both[0] == passages_for(given, limit=16), "the same when weighed again"


def test_the_same_words_of_another_kind_are_chosen_from_anew() -> None:
    """What a harness put there depends on whose words they are."""
    text = "<system-reminder>\nbe brief\n</system-reminder>\n" + "A sentence of some length stands here. " * 4_000

    said, told = (passages_for(event(text, kind=kind), limit=16) for kind in (Kind.ASSISTANT_MESSAGE, Kind.TOOL_RESULT))

    assert 0 == said[0].start < told[0].start
