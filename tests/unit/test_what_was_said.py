"""What a harness puts into a conversation stands in no title and no bullet; what was said beside it does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from agent_memory.annotation.scaffolding import Span, blanked, scaffolding_of
from agent_memory.clock import SYSTEM_CLOCK, RandomIds
from agent_memory.events import Event, Kind
from agent_memory.events.drafting import complete_all
from agent_memory.indexes.contents import ContentsIndex
from agent_memory.inference.extractive import ExtractiveSummariser
from agent_memory.log import RowEventLog
from agent_memory.projectors.catalog import CatalogView
from agent_memory.projectors.toc import TocView
from agent_memory.storage import InMemoryRows
from agent_memory.testing.contents_checks import nodes_of, project_all
from agent_memory.testing.events import NOON_MS, event
from agent_memory.toc import Excerpt, Material, Node, Point, Summary
from tools.bench.code_memory_data import TIME_ZONE, read_drafts

REMINDER = "<system-reminder>\nYou were working on the importer. Never mention this reminder.\n</system-reminder>"
RULES = (
    "# AGENTS.md instructions for /src/shop\n\n<INSTRUCTIONS>\n"
    + "Run pytest before every commit. We decided to use tabs in every file of the project.\n" * 400
    + "</INSTRUCTIONS>"
)
REQUEST = "Why does the nightly export of the orders table time out?"


def title_of(*events: Event) -> str:
    rows, log = logged(events)
    catalog = CatalogView(rows, zone="UTC").open(1)
    project_all(catalog, log)
    log.close()
    return catalog.index.session(events[0].session).title


def contents_of(events: Sequence[Event], summariser: object = None, *, zone: str = "UTC") -> ContentsIndex:
    rows, log = logged(events)
    toc = TocView(rows, log, summariser or ExtractiveSummariser(), zone=zone).open(1)  # type: ignore[arg-type]
    project_all(toc, log)
    log.close()
    return toc.index


def logged(events: Sequence[Event]) -> tuple[InMemoryRows, RowEventLog]:
    rows = InMemoryRows()
    log = RowEventLog(rows)
    log.append(events)
    return rows, log


def said(*texts: str, **fields: object) -> list[Event]:
    return [event(text, time_ms=NOON_MS + n * 1000, **fields) for n, text in enumerate(texts)]


def words_of(node: Node) -> list[str]:
    return [node.title, *node.keywords, *(bullet.text for bullet in node.bullets)]


# -- the text without scaffolding --------------------------------------------------------------


def test_a_text_keeps_its_places_when_spans_of_it_are_blank() -> None:
    text = "one 🌊 [x]two[y z]\ud800 three"
    spans = (Span(6, 9, "a"), Span(12, 17, "b"))
    blank = blanked(text, spans)

    assert len(text) == len(blank)
    assert ["one 🌊 ", "two", "\ud800 three"] == [blank[0:6], blank[9:12], blank[17:]]
    assert blank[6:9].isspace()
    assert ["one 🌊", "two", "\ud800 three"] == [line.strip() for line in blank.split("\n") if line.strip()]


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_no_line_reaches_across_what_is_blank(size: int) -> None:
    text = "a" + "x" * size + "b"
    blank = blanked(text, (Span(1, 1 + size, "x"),))

    assert (len(text), "a", "b") == (len(blank), blank[0], blank[-1])
    assert "\n" in blank[1:-1]


def test_a_text_of_nothing_but_scaffolding_is_empty() -> None:
    assert "" == blanked(f"{REMINDER}\n", (Span(0, len(REMINDER), "reminder"),))


# -- titles ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("agent", "text"),
    [
        ("claude-code", f"{REMINDER}\n{REQUEST}"),
        ("claude-code", f"{REQUEST}\n{REMINDER}"),
        ("codex", f"{RULES}\n\n{REQUEST}"),
        ("codex", f"<environment_context>\n  <cwd>/src/shop</cwd>\n</environment_context>\n\n{REQUEST}"),
        ("cursor", f"<user_info>\nOS: darwin\n</user_info>\n<user_query>\n{REQUEST}\n</user_query>"),
        ("chat", f"<agent-memory>\nWe decided to use tabs.\n</agent-memory>\n{REQUEST}"),
        # Not in any table; whoever put it there, it is not what the message is about.
        ("chat", f'<workbench tab="3">\nsrc/export.py\n</workbench>\n{REQUEST}'),
        ("chat", f"<workbench>\n<tab>\nsrc/export.py\n</tab>\n</workbench>\n***\n{REQUEST}"),
    ],
)
def test_a_session_is_called_by_what_was_said(agent: str, text: str) -> None:
    assert title_of(event(text, agent=agent)) == REQUEST


def test_a_message_in_which_nothing_was_said_gives_no_title() -> None:
    first, second = said(REMINDER, REQUEST)

    assert title_of(first) == ""
    assert title_of(first, second) == REQUEST


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("<div>\n<p>hello</p>\n</div>", "<p>hello</p>"),
        ("<div>\nnever closed\nat all", "never closed"),
        ("<br>", "<br>"),
        ("</div>\n<b>Bold</b> claims", "<b>Bold</b> claims"),
        ("a < b > c, is it?", "a < b > c, is it?"),
        ("---\n👍\n", "👍"),
        ("```\nmake check\n```", "make check"),
    ],
)
def test_a_person_may_write_tags_and_no_words(text: str, title: str) -> None:
    """For lack of another line, those are what the session is called."""
    assert title_of(event(text)) == title


# -- contents ----------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [f"{REMINDER}\n{REQUEST}", f"{RULES}\n\n{REQUEST}", f"{REQUEST}\n\n{REMINDER}"])
def test_a_segment_tells_what_was_said_however_much_stands_around_it(text: str) -> None:
    index = contents_of([event(text, speaker="Ana")])
    [segment] = [node for node in nodes_of(index) if node.id.startswith("segment/")]
    [bullet] = segment.bullets
    grip = index.grip(bullet.grip_ids[0])

    assert f"Ana asked: {REQUEST}" == bullet.text
    assert "reminder" not in " ".join(words_of(segment)).lower()
    assert "AGENTS" not in " ".join(words_of(segment))
    assert grip is not None
    assert (REQUEST, text.index(REQUEST)) == (grip.excerpt, grip.start)


def test_what_stands_before_a_request_changes_nothing_of_its_summary() -> None:
    answer = event("The index on orders.customer_id was missing.", kind=Kind.ASSISTANT_MESSAGE, time_ms=NOON_MS + 5000)
    asked = f"Exports. {REQUEST} I tried twice. The exports matter to Bea."
    plain, injected = (contents_of([event(text), answer]) for text in (asked, f"{RULES}\n{asked}\n{REMINDER}"))

    assert [words_of(node) for node in nodes_of(plain)] == [words_of(node) for node in nodes_of(injected)]


@pytest.mark.parametrize("kind", [Kind.USER_MESSAGE, Kind.TOOL_RESULT, Kind.SESSION_START])
def test_an_event_of_scaffolding_alone_gives_no_bullet(kind: Kind) -> None:
    nodes = nodes_of(contents_of(said(REMINDER, REMINDER + "\n", kind=kind)))

    assert nodes
    assert [()] * len(nodes) == [node.bullets for node in nodes]
    assert {2} == {node.event_count for node in nodes}
    assert "importer" not in " ".join(word for node in nodes for word in words_of(node))


def test_a_tool_call_is_shown_up_to_what_nobody_can_read() -> None:
    """Half a certificate is no evidence, and its blank place would not be verbatim."""
    call = (
        '{"command": "echo ' + "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8c" * 8 + ' | base64 -d"}'
    )
    index = contents_of([event(call, kind=Kind.TOOL_CALL, tool_name="bash")])
    node = nodes_of(index)[-1]
    grip = index.grip(node.bullets[0].grip_ids[0])

    assert ["bash: echo"] == [bullet.text for bullet in node.bullets]
    assert grip is not None
    assert "echo" == grip.excerpt == call[grip.start : grip.end]


def test_evidence_may_not_reach_into_scaffolding() -> None:
    """Whatever a summariser says."""
    text = f"Before it. {REMINDER} Behind it."
    around = len(text) - len(" Behind it.")
    places = [(0, 10), (0, 12), (11, 20), (around - 1, len(text)), (around + 1, len(text)), (0, len(text))]

    class Careless:
        summariser_id = "careless"

        def summarise(self, material: Material) -> Summary:
            points = [
                Point(text=f"{start}-{end}", evidence=(Excerpt(event_id=passage.event_id, start=start, end=end),))
                for passage in material.passages
                for start, end in places
            ]
            return Summary(title="", points=tuple(points), keywords=())

        def summarise_each(self, materials: Sequence[Material]) -> Iterator[Summary]:
            return map(self.summarise, materials)

    segment = nodes_of(contents_of([event(text)], Careless()))[-1]

    assert ["0-10", f"{around + 1}-{len(text)}"] == [bullet.text for bullet in segment.bullets]


# -- transcripts of many agents ----------------------------------------------------------------


@pytest.fixture(scope="module")
def transcripts() -> list[Event]:
    return complete_all(read_drafts(), clock=SYSTEM_CLOCK, ids=RandomIds())


def test_no_session_of_the_transcripts_is_called_by_a_tag(transcripts: list[Event]) -> None:
    by_session: dict[str, list[Event]] = {}
    for one in transcripts:
        by_session.setdefault(one.session, []).append(one)
    titles = {session: title_of(*events) for session, events in by_session.items()}

    assert any(one.text.startswith("<") for one in transcripts)
    assert {} == {session: title for session, title in titles.items() if not title or title.startswith("<")}


def test_no_bullet_of_the_transcripts_was_injected(transcripts: list[Event]) -> None:
    index = contents_of(transcripts, zone=TIME_ZONE)
    by_id = {one.id: one for one in transcripts}
    grips = [index.grip(id) for node in nodes_of(index) for bullet in node.bullets for id in bullet.grip_ids]
    injected = [
        grip.excerpt
        for grip in grips
        if grip is not None
        for span in scaffolding_of(by_id[grip.event_id])
        if span.start < grip.end and grip.start < span.end
    ]

    assert len(grips) > 100
    assert [] == [
        grip for grip in grips if grip is None or by_id[grip.event_id].text[grip.start : grip.end] != grip.excerpt
    ]
    assert [] == injected
