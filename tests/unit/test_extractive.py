"""The default summariser: titles a person would write, bullets that stand word for word."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_memory.events import ROLE_OF_KIND, Kind
from agent_memory.events.ulids import ulid_of
from agent_memory.inference import _sentences
from agent_memory.inference.extractive import ExtractiveSummariser
from agent_memory.testing.contents_checks import TALK
from agent_memory.testing.strategies import texts
from agent_memory.toc import ChildMaterial, Level, Material, Passage, Summary
from agent_memory.toc.grips import has_lone_surrogate

USER, ASSISTANT, CALL, RESULT = Kind.USER_MESSAGE, Kind.ASSISTANT_MESSAGE, Kind.TOOL_CALL, Kind.TOOL_RESULT


def passages(*said: tuple[Kind, str], speaker: str = "") -> tuple[Passage, ...]:
    return tuple(
        Passage(
            event_id=ulid_of(1_767_960_000_000 + n, n),
            kind=kind,
            role=ROLE_OF_KIND[kind],
            speaker=speaker,
            tool_name="bash" if kind in (CALL, RESULT) else "",
            text=text,
        )
        for n, (kind, text) in enumerate(said)
    )


def summary_of(*said: tuple[Kind, str], speaker: str = "") -> Summary:
    return summarise(passages(*said, speaker=speaker))


def summarise(of: tuple[Passage, ...]) -> Summary:
    return ExtractiveSummariser().summarise(Material(level=Level.SEGMENT, label="Friday, 9 January 2026", passages=of))


def parent_of(*children: Summary) -> Summary:
    material = tuple(
        ChildMaterial(node_id=f"segment/{n}", summary=child, event_count=10 + n, projects=())
        for n, child in enumerate(children)
    )
    return ExtractiveSummariser().summarise(Material(level=Level.DAY, label="Friday", children=material))


DEBUGGING = (
    (USER, "Hi! Can you please look into why the nightly export of the orders table times out? It began on Monday."),
    (ASSISTANT, "I'll look at the export job and the recent changes to it."),
    (CALL, '{"command": "git log -20 -- jobs/export_orders.py"}'),
    (RESULT, "Seq Scan on orders (cost=0.00..431920.00)\nERROR: canceling statement due to statement timeout"),
    (
        ASSISTANT,
        "Found it. The root cause is the customer join: `orders.customer_id` has no index.\n\n"
        "```sql\nCREATE INDEX CONCURRENTLY idx_orders_customer ON orders(customer_id);\n```\n",
    ),
    (USER, "Let's go with the index, but in a migration."),
    (ASSISTANT, "Done. The migration adds the index and the export now takes 38 seconds instead of timing out."),
    (USER, "Great, thanks!"),
)


def test_the_title_is_what_was_asked_for() -> None:
    assert "Look into why the nightly export of the orders table times out" == summary_of(*DEBUGGING).title


def test_bullets_say_what_was_asked_found_decided_and_done() -> None:
    assert [
        "Asked: Can you please look into why the nightly export of the orders table times out?",
        "ERROR: canceling statement due to statement timeout",
        "The root cause is the customer join: orders.customer_id has no index.",
        "Asked: Let's go with the index, but in a migration.",
        "The migration adds the index and the export now takes 38 seconds instead of timing out.",
    ] == [point.text for point in summary_of(*DEBUGGING).points]


def test_keywords_name_files_and_identifiers_first() -> None:
    assert "orders.customer_id" in summary_of(*DEBUGGING).keywords
    assert "jobs/export_orders.py" in summary_of(*DEBUGGING).keywords


def test_code_and_courtesy_do_not_become_bullets() -> None:
    shown = " ".join(point.text for point in summary_of(*DEBUGGING).points)

    assert "CREATE INDEX" not in shown
    assert "Great, thanks" not in shown


def test_among_people_the_title_tells_what_someone_did() -> None:
    found = summary_of(
        (ASSISTANT, "Hey Mel! Good to see you! How have you been?"),
        (USER, "I went to a pottery workshop in Oslo last Friday and it was so much fun!"),
        (USER, "Wow, that's great!"),
        speaker="Caroline",
    )

    assert "Caroline went to a pottery workshop in Oslo" == found.title
    assert ["Caroline: I went to a pottery workshop in Oslo last Friday and it was so much fun!"] == [
        point.text for point in found.points if "Oslo" in point.text
    ]
    assert "Caroline" not in found.keywords


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("我们需要把用户登录改成 OAuth。先看一下现在的实现。", "我们需要把用户登录改成 OAuth"),
        ("ログイン画面が真っ白になる不具合を直してください。", "ログイン画面が真っ白になる不具合を直してください"),
        ("wie kann ich in der CI den Cache aktivieren?", "Wie kann ich in der CI den Cache aktivieren?"),
        ("¿Puedes revisar la migración de facturas?", "¿Puedes revisar la migración de facturas?"),
        ("أصلح الخطأ في صفحة تسجيل الدخول", "أصلح الخطأ في صفحة تسجيل الدخول"),
        ("Please rename `parse_query` to `read_query` in search.py", "Rename parse_query to read_query in search.py"),
        ("could you help me understand how Python decorators work?", "Understand how Python decorators work"),
        ("We need to migrate e.g. the invoices, i.e. all of them", "Migrate e.g. the invoices, i.e. all of them"),
    ],
)
def test_a_request_in_any_language_is_a_title(text: str, title: str) -> None:
    assert title == summary_of((USER, text)).title


def test_a_decision_is_the_title_where_the_request_is_background() -> None:
    found = summary_of(
        (USER, "Until now the gateway writes CSV files. What do you suggest?"),
        (ASSISTANT, "SQLite would survive the power cuts."),
        (
            ASSISTANT,
            "Decision: readings are stored in SQLite, because a power cut must not lose more than one round.",
        ),
    )

    assert "Readings are stored in SQLite" == found.title


def test_the_closing_note_of_a_session_is_its_title() -> None:
    found = summary_of(*DEBUGGING, (Kind.SESSION_END, "orders export fixed with an index, in migration 0041"))

    assert "Orders export fixed with an index, in migration 0041" == found.title


def test_an_agent_with_two_people_is_still_asked_for_something() -> None:
    found = summarise(
        passages((USER, "The monthly export crashed. Please fix it."), speaker="Mara")
        + passages((ASSISTANT, ""), (ASSISTANT, "It is the encoding: cp1252 knows no Polish letters."))[1:]
        + passages((ASSISTANT, ""), (ASSISTANT, ""), (USER, "Ich nehme UTF-8."), speaker="Jonas")[2:]
    )

    assert "The monthly export crashed" == found.title


def test_what_a_message_opens_with_leads_the_title_where_the_talk_comes_back_to_it() -> None:
    found = summary_of(
        (USER, "Alarms. What thresholds would you start with?"),
        (ASSISTANT, "The alarms could begin at 1.5 kg."),
        (USER, "No alarms at night, then."),
    )

    assert "Alarms: what thresholds would you start with?" == found.title


def test_how_many_tests_passed_is_no_bullet_beside_what_was_said() -> None:
    found = summary_of(
        *DEBUGGING[:5],
        (RESULT, "FAILED tests/test_export.py::test_time - assert 61 < 60\n==== 1 failed, 11 passed in 0.88s ===="),
        *DEBUGGING[5:],
    )
    shown = [point.text for point in found.points]

    assert not [text for text in shown if "passed" in text]
    assert [text for text in shown if "test_export.py" in text or "statement timeout" in text]


def test_a_few_words_do_not_outrank_a_rich_talk() -> None:
    rich, poor = summary_of(*DEBUGGING), summary_of((USER, "We decided to fix the failing test, because it failed!"))
    children = tuple(
        ChildMaterial(node_id=f"segment/{n}", summary=summary, event_count=events, projects=())
        for n, (summary, events) in enumerate([(poor, 1), (rich, 40)])
    )
    found = ExtractiveSummariser().summarise(Material(level=Level.DAY, label="Friday", children=children))

    assert rich.title == found.title


def test_a_year_of_one_month_has_another_title_than_the_month() -> None:
    month = summary_of(*DEBUGGING)
    child = ChildMaterial(node_id="month/2026-01", summary=month, event_count=8, projects=())
    year = ExtractiveSummariser().summarise(Material(level=Level.YEAR, label="2026", children=(child,)))

    assert month.title != year.title
    assert month.points == year.points
    assert 0 < len(year.title) <= 70


def test_a_named_user_of_an_agent_is_named() -> None:
    found = summarise(
        passages((USER, "Please fix the billing export."), speaker="Mara")
        + passages((ASSISTANT, ""), (ASSISTANT, "I fixed the billing export in export.py."))[1:]
    )

    assert ("Fix the billing export", "Mara asked: Please fix the billing export.") == (
        found.title,
        found.points[0].text,
    )


def test_the_line_of_a_failing_test_is_a_bullet() -> None:
    found = summary_of(
        (CALL, '{"command": "pytest -q"}'),
        (
            RESULT,
            "....F\nFAILED tests/test_login.py::test_expiry - AssertionError: 401 != 200\n=== 1 failed in 2 s ===",
        ),
    )

    assert "FAILED tests/test_login.py::test_expiry - AssertionError: 401 != 200" in [p.text for p in found.points]


def test_where_there_are_only_tools_the_command_speaks() -> None:
    found = summary_of((CALL, '{"command": "ls -la"}'), (RESULT, "total 8"))

    assert ("bash: ls -la", ["bash: ls -la"]) == (found.title, [point.text for point in found.points])


def test_a_session_without_a_word_still_has_a_title() -> None:
    found = summary_of((Kind.SESSION_START, ""), (Kind.SESSION_END, ""))

    assert ("Session opened", ()) == (found.title, found.points)


def test_the_same_thing_said_twice_is_one_bullet() -> None:
    found = summary_of(*[(ASSISTANT, "We decided to keep RocksDB because batches are atomic.")] * 4)

    assert 1 == len(found.points)


def test_a_long_event_is_summarised_from_its_ends() -> None:
    padding = "Lorem ipsum dolor sit amet. " * 40_000
    found = summary_of((ASSISTANT, f"The root cause was a missing index. {padding} We decided to add it in 4.2."))

    assert {"The root cause was a missing index.", "We decided to add it in 4.2."} <= {p.text for p in found.points}


def test_a_parent_takes_from_different_children_in_their_order() -> None:
    children = [
        summary_of((USER, f"Please fix the {thing} module of the {place}."), (ASSISTANT, f"I fixed {thing} errors."))
        for thing, place in [("billing", "shop"), ("radar", "station"), ("import", "library"), ("search", "archive")]
    ]
    found = parent_of(*children)

    order = [next(i for i, child in enumerate(children) if point in child.points) for point in found.points]
    assert sorted(order) == order
    assert {0, 1, 2, 3} == set(order)
    assert 5 == len(found.points)


def test_a_parent_joins_the_titles_of_its_weightiest_children() -> None:
    one = summary_of((USER, "Please fix the billing export."), (ASSISTANT, "We decided to rewrite the export."))
    other = summary_of((USER, "Please add a dark theme."), (ASSISTANT, "Added the dark theme to settings.css."))

    assert "Fix the billing export; add a dark theme" == parent_of(one, other).title
    assert one == parent_of(one)


any_passages = st.lists(
    st.tuples(st.sampled_from(Kind), st.one_of(st.sampled_from(TALK), texts(max_size=80))), min_size=1, max_size=12
)


@settings(deadline=None)
@given(any_passages, st.sampled_from(["", "Ana", "日本"]))
def test_any_text_gives_a_fit_summary(said: list[tuple[Kind, str]], speaker: str) -> None:
    of = passages(*said, speaker=speaker)
    found = summarise(of)
    text_of = {passage.event_id: passage.text for passage in of}

    assert found == summarise(of)
    assert 0 < len(found.title) <= 70
    assert not found.title.endswith(".")
    assert found.title == " ".join(found.title.split())
    assert len(found.points) <= 5
    assert len(found.keywords) <= 8
    for point in found.points:
        assert point.text.strip()
        assert "\n" not in point.text
        for place in point.evidence:
            text = text_of[place.event_id]
            assert 0 <= place.start < place.end <= len(text)
            assert not has_lone_surrogate(text, place.start, place.end)
    if any(c.isalnum() for text in text_of.values() for c in text):
        assert found.points
    for shown in (found.title, *found.keywords, *(point.text for point in found.points)):
        shown.encode()


@settings(deadline=None)
@given(st.lists(any_passages, min_size=1, max_size=6))
def test_a_parent_cites_only_its_children(many: list[list[tuple[Kind, str]]]) -> None:
    children = [summary_of(*said) for said in many]
    found = parent_of(*children)
    there = {point for child in children for point in child.points}

    assert set(found.points) <= there
    assert bool(found.points) == bool(there)
    assert 0 < len(found.title) <= 70
    assert len(found.points) <= 5


def test_the_summary_does_not_depend_on_the_order_of_hashing() -> None:
    """Sets of words have another order in each process; what is written must not."""
    program = (
        "import test_extractive as t\n"
        "s = t.summary_of(*[(t.ASSISTANT, x) for x in t.TALK])\n"
        "print(t.parent_of(s, t.summary_of(*t.DEBUGGING)), s)"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parent)},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }

    assert 1 == len(outputs)


def test_a_sentence_reads_the_same_however_full_the_memory_of_words_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether a token is the first of its sentence is told by what is remembered of it."""
    said = "Redis keeps every single token of ours, and so Redis has the last word"

    def read() -> tuple[object, dict[str, tuple[int, str]]]:
        named: dict[str, tuple[int, str]] = {}
        _sentences._LEXICON.clear()
        return _sentences.read_sentence(said, 0, len(said), 0, _sentences.OTHER, named), named

    alone = read()
    monkeypatch.setattr(_sentences, "_LEXICON_MAX", 3)

    assert alone == read()
