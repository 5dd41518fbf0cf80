"""The main job, through the door: what was said is found again, from the year down and by search."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from agent_memory.api.client import GrpcMemory
from agent_memory.events import Draft, Kind, Receipt, Role
from agent_memory.memory import AppendRefused, Filter, ReplayVerdict, VerifyFinding, VerifyVerdict
from agent_memory.toc.material import Level

SAID = (
    (Kind.USER_MESSAGE, "Where does the checkout lose the discount code? It was decided to keep it."),
    (Kind.ASSISTANT_MESSAGE, "The cart forgets it in apply_discount() when the zip code changes. I fixed cart.py."),
    (Kind.TOOL_CALL, "pytest tests/test_cart.py"),
    (Kind.TOOL_RESULT, "14 passed"),
    (Kind.USER_MESSAGE, "Good. We decided to release on Friday, after the load test."),
    (Kind.ASSISTANT_MESSAGE, "Noted: release on Friday after the load test, with apply_discount() fixed."),
)


def at(year: int, month: int, day: int, hour: int = 12, minute: int = 0) -> int:
    return int(datetime(year, month, day, hour, minute, tzinfo=UTC).timestamp() * 1000)


def conversation(session: str, start_ms: int, *, agent: str = "claude-code", project: str = "/src/shop") -> list[Draft]:
    return [
        Draft(
            kind=kind,
            session=session,
            text=text,
            time_ms=start_ms + 20_000 * n,
            agent="claude-code",
            project="/src/shop",
        )
        for n, (kind, text) in enumerate(SAID)
    ]


@pytest.fixture
def session() -> str:
    """A name that no other test of this file has."""
    return f"session-{uuid.uuid4()}"


async def append(memory: GrpcMemory, drafts: list[Draft]) -> list[Receipt]:
    return await memory.append_batch(drafts)


async def test_from_the_year_down_to_the_sentence_that_was_said(memory: GrpcMemory, session: str) -> None:
    receipts = await append(memory, conversation(session, at(2024, 3, 5)))
    root = await memory.root(min_position=receipts[-1].position)
    (node,) = [year for year in root.years if year.id == "year/2024"]
    path = [node.id]
    while node.level is not Level.SEGMENT:
        (node,) = (await memory.children(node.id)).items
        path.append(node.id)
    bullet = node.bullets[0]
    context = await memory.expand(bullet.grip_ids[0], before=1, after=1)
    (cited,) = [r.event for r in context.events if r.event.id == context.grip.event_id]

    assert ["year/2024", "month/2024-03", "week/2024-03/W10", "day/2024-03-05", path[-1]] == path
    assert path[-1] == f"segment/{receipts[0].event_id}"
    assert context.grip.excerpt == cited.text[context.grip.start : context.grip.end]
    assert context.grip.excerpt in "".join(text for _, text in SAID)
    assert {session} == {r.event.session for r in context.events}
    assert "Europe/Oslo" == root.time_zone


async def test_what_was_said_is_found_by_search(memory: GrpcMemory, session: str) -> None:
    receipts = await append(memory, conversation(session, at(2024, 4, 2)))
    result = await memory.search(
        "apply_discount zip code", where=Filter(sessions=(session,)), min_position=receipts[-1].position
    )
    best = result.hits[0]
    grip = await memory.grip(best.grip_id)

    assert receipts[1].event_id == best.recorded.event.id
    assert "2024-04-02" == best.date
    assert best.excerpt == grip.excerpt
    assert best.excerpt in SAID[1][1]
    assert best.signals[0].rank >= 1
    assert f"segment/{receipts[0].event_id}" == best.node_id


async def test_every_filter_of_search_lets_something_through_and_keeps_something_out(
    memory: GrpcMemory, session: str
) -> None:
    last = (await append(memory, conversation(session, at(2024, 5, 6))))[-1].position
    passes: dict[str, Filter] = {
        "time": Filter(sessions=(session,), from_="2024-05-06", until="2024-05-06"),
        "agent": Filter(sessions=(session,), agents=("claude-code", "codex")),
        "project": Filter(sessions=(session,), projects=("/src/shop",)),
        "role": Filter(sessions=(session,), roles=(Role.ASSISTANT,)),
        "kind": Filter(sessions=(session,), kinds=(Kind.ASSISTANT_MESSAGE,)),
    }
    stops: dict[str, Filter] = {
        "time": Filter(sessions=(session,), from_="2024-05-07"),
        "agent": Filter(sessions=(session,), agents=("codex",)),
        "project": Filter(sessions=(session,), projects=("/src/other",)),
        "role": Filter(sessions=(session,), roles=(Role.SYSTEM,)),
        "kind": Filter(sessions=(session,), kinds=(Kind.COMPACTION,)),
    }
    found = {
        n: len((await memory.search("apply_discount", where=w, min_position=last)).hits) for n, w in passes.items()
    }
    kept_out = {n: len((await memory.search("apply_discount", where=w)).hits) for n, w in stops.items()}

    assert [] == [name for name, count in found.items() if not count]
    assert dict.fromkeys(stops, 0) == kept_out


async def test_events_are_listed_in_both_directions_page_by_page(memory: GrpcMemory, session: str) -> None:
    receipts = await append(memory, conversation(session, at(2024, 6, 3)))
    expected = [r.event_id for r in receipts]
    for newest_first in (False, True):
        ids: list[str] = []
        token, pages = "", 0
        while pages == 0 or token:
            page = await memory.events(
                where=Filter(sessions=(session,)), newest_first=newest_first, limit=4, token=token
            )
            ids += [r.event.id for r in page.items]
            token, pages = page.next_token, pages + 1

        assert (expected[::-1] if newest_first else expected) == ids
        assert 2 == pages


async def test_events_are_listed_by_each_filter(memory: GrpcMemory, session: str) -> None:
    await append(memory, conversation(session, at(2024, 7, 1, 22, 30)))
    # 22:30 in UTC is past midnight in Oslo.
    counts = [
        len((await memory.events(where=Filter(sessions=(session,), **fields))).items)
        for fields in (
            {"from_": "2024-07-02", "until": "2024-07-02"},
            {"from_": "2024-07-01", "until": "2024-07-01"},
            {"until": "2024-07-02T00:30:00+02:00"},
            {"roles": (Role.USER,)},
            {"kinds": (Kind.TOOL_CALL, Kind.TOOL_RESULT)},
            {"agents": ("nobody",)},
            {"projects": ("/src/shop",)},
        )
    ]

    assert [6, 0, 1, 2, 2, 0, 6] == counts


async def test_sessions_and_days_are_there_without_a_keyword(memory: GrpcMemory, session: str) -> None:
    last = (await append(memory, conversation(session, at(2024, 8, 8))))[-1].position
    known = await memory.session(session, min_position=last)
    listed = await memory.sessions(where=Filter(from_="2024-08-08", until="2024-08-08"))
    days = await memory.days(from_="2024-08-07", until="2024-08-09", min_position=last)

    assert (6, ("claude-code",), ("/src/shop",)) == (known.event_count, known.agents, known.projects)
    assert [session] == [s.id for s in listed.items]
    assert [("2024-08-07", 0), ("2024-08-08", 6), ("2024-08-09", 0)] == [(d.date, d.event_count) for d in days.days]
    assert ["", "day/2024-08-08", ""] == [d.node_id for d in days.days]


async def test_an_earlier_version_of_a_node_can_be_read(memory: GrpcMemory, session: str) -> None:
    """A node keeps its last state of every thousand positions."""
    first = await append(memory, conversation(session, at(2024, 9, 10)))
    before = await memory.node("day/2024-09-10", min_position=first[-1].position)
    elsewhere = [
        Draft(kind=Kind.TOOL_RESULT, session=f"{session}-elsewhere", text=f"{n}", time_ms=at(2023, 9, 10) + n)
        for n in range(1000)
    ]
    await append(memory, elsewhere)
    second = await append(memory, conversation(f"{session}-later", at(2024, 9, 10, 15)))
    after = await memory.node("day/2024-09-10", min_position=second[-1].position)
    versions = await memory.node_versions("day/2024-09-10")
    past = await memory.node("day/2024-09-10", version=before.version)

    assert (6, 12, 6) == (before.event_count, after.event_count, past.event_count)
    assert before == past
    assert [after.version, before.version] == versions


async def test_the_same_event_twice_is_one_event(memory: GrpcMemory, session: str) -> None:
    by_source = Draft(kind=Kind.OTHER, session=session, text="once", source="hook", source_id=session)
    first, again = await memory.append(by_source), await memory.append(by_source)
    event = (await memory.event(first.event_id)).event
    third = await memory.append(msgspec.structs.replace(by_source, id=event.id))

    assert (True, False, False) == (first.created, again.created, third.created)
    assert {(first.event_id, first.position)} == {(r.event_id, r.position) for r in (first, again, third)}


async def test_a_stream_acknowledges_in_order_around_a_bad_event(memory: GrpcMemory, session: str) -> None:
    async def drafts() -> AsyncIterator[Draft]:
        for n in range(500):
            text = "" if n == 250 else f"streamed line {n}"
            yield Draft(kind=Kind.USER_MESSAGE, session=session, text=text, time_ms=at(2024, 10, 1) + n)

    outcomes = [outcome async for outcome in memory.append_stream(drafts())]
    receipts = [o for o in outcomes if isinstance(o, Receipt)]
    page = await memory.events(where=Filter(sessions=(session,)), limit=1000)

    assert [250] == [n for n, o in enumerate(outcomes) if isinstance(o, AppendRefused)]
    assert "INVALID_EVENT" == outcomes[250].reason  # type: ignore[union-attr]
    assert [r.event_id for r in receipts] == [r.event.id for r in page.items]
    assert list(range(receipts[0].position, receipts[0].position + 499)) == [r.position for r in receipts]


TEXTS = {
    "scripts": "Ærlig talt: 日本語, العربية, हिन्दी, ไทย, עברית, Ελληνικά",
    "emoji": "👩‍👩‍👧 🇳🇴 👍🏽 \U0001f9d1\u200d\U0001f680",
    "surrogates": "half \ud83d, other half \ude00, and both \ud83d\ude00",
    "line ends": "one\r\ntwo\rthree\n\u2028four\u0085",
    "nul": "before\0after\0",
    "query": '"AND (OR NOT* field:value ~2 ^3 [a TO b] \\',
    "controls": "".join(map(chr, range(1, 32))) + "\x7f\ufeff\ufffe\uffff",
    "combining": "e\u0301 is not é",
    "a mebibyte": "x" * (1 << 20),
    "a mebibyte in letters": "й" * (1 << 19),
}


@pytest.mark.parametrize("name", TEXTS)
async def test_text_is_stored_verbatim(memory: GrpcMemory, session: str, name: str) -> None:
    text = TEXTS[name]
    receipt = await memory.append(
        Draft(kind=Kind.USER_MESSAGE, session=session, text=text, time_ms=at(2024, 11, 1), metadata={"is": name})
    )
    event = (await memory.event(receipt.event_id)).event

    assert (text, {"is": name}) == (event.text, event.metadata)


async def test_the_views_take_in_any_text(memory: GrpcMemory, session: str) -> None:
    drafts = [
        Draft(kind=Kind.USER_MESSAGE, session=session, text=text, time_ms=at(2024, 12, 3) + n)
        for n, text in enumerate(TEXTS.values())
    ]
    last = (await append(memory, drafts))[-1].position
    segment = (await memory.children("day/2024-12-03", min_position=last)).items[0]
    grips = [await memory.expand(g, before=0, after=0) for b in segment.bullets for g in b.grip_ids]
    result = await memory.search("日本語 both halves", where=Filter(sessions=(session,)), min_position=last)

    assert [] == [g.grip for g in grips if g.grip.excerpt != g.events[0].event.text[g.grip.start : g.grip.end]]
    assert [] == [h.excerpt for h in result.hits if h.excerpt not in h.recorded.event.text]
    assert result.hits


@pytest.mark.parametrize(
    "query", ["", " ", "\0", "\ud800", '"', "AND", "*:*", "(((", "a" * 20_000, "👩‍👩‍👧", "\\", "field:", "[a TO"]
)
async def test_any_string_is_a_legal_query(memory: GrpcMemory, query: str) -> None:
    assert (await memory.search(query)).hits is not None


async def test_within_a_second_an_event_is_in_search_and_contents(memory: GrpcMemory, session: str) -> None:
    """On an idle machine; here it is asked with some room for a busy one."""
    receipt = await memory.append(
        Draft(kind=Kind.USER_MESSAGE, session=session, text="the xylophone lesson moved", time_ms=at(2025, 1, 7))
    )
    await memory.wait_for(["toc", "lexical", "catalog"], receipt.position, timeout_s=5.0)
    result = await memory.search("xylophone")
    day = await memory.node("day/2025-01-07")

    assert receipt.event_id == result.hits[0].recorded.event.id
    assert 1 == day.event_count


async def test_replay_finds_the_views_as_they_are_and_changes_no_answer(memory: GrpcMemory, session: str) -> None:
    last = (await append(memory, conversation(session, at(2025, 2, 4))))[-1].position
    where = Filter(sessions=(session,))

    async def answers() -> list[Any]:
        return [
            await memory.root(min_position=last),
            await memory.node("day/2025-02-04"),
            [
                (hit.recorded, hit.excerpt)
                for hit in (await memory.search("release on Friday", where=where, min_position=last)).hits
            ],
            await memory.session(session, min_position=last),
        ]

    before = await answers()
    verdicts = [
        r async for r in memory.replay(["toc", "lexical", "catalog", "entities"]) if isinstance(r, ReplayVerdict)
    ]
    after = await answers()

    assert [("toc", True), ("lexical", True), ("catalog", True), ("entities", True)] == [
        (v.view, v.identical) for v in verdicts
    ]
    assert before == after


async def test_verify_finds_a_sound_store(memory: GrpcMemory) -> None:
    reports = [report async for report in memory.verify()]
    verdict = reports[-1]

    assert [] == [r for r in reports if isinstance(r, VerifyFinding)]
    assert isinstance(verdict, VerifyVerdict)
    assert (True, 0) == (verdict.sound, verdict.finding_count)
    assert verdict.checks


async def test_status_tells_of_every_view(memory: GrpcMemory) -> None:
    status = await memory.status()

    assert ["toc", "lexical", "vectors", "catalog", "entities"] == [view.name for view in status.views]
    assert status.healthy
    assert status.event_count == status.position > 0
    assert "Europe/Oslo" == status.time_zone
