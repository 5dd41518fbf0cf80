"""What the default summariser tells of an agent's work: files, tests, commits, decisions, and what a week is called."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_memory.events import ROLE_OF_KIND, Kind
from agent_memory.events.ulids import ulid_of
from agent_memory.inference._tool_reading import read_tool_result
from agent_memory.inference.extractive import ExtractiveSummariser
from agent_memory.testing.strategies import texts
from agent_memory.toc import ChildMaterial, Level, Material, Passage, Summary

USER, ASSISTANT, CALL, RESULT = Kind.USER_MESSAGE, Kind.ASSISTANT_MESSAGE, Kind.TOOL_CALL, Kind.TOOL_RESULT
ASKED = (USER, "Please find out why a booking of the same kayak is accepted twice.")
FAILING = "FAILED tests/test_overlap.py::test_two_at_once - assert 2 == 1\n==== 1 failed, 211 passed in 17.40s ===="
PASSING = "==== 212 passed in 17.02s ===="


def summary_of(*said: tuple[Kind, str] | tuple[Kind, str, str], speaker: str = "") -> Summary:
    """The summary of a segment; a third part is the tool's name."""
    passages = tuple(
        Passage(
            event_id=ulid_of(1_767_960_000_000 + n, n),
            kind=one[0],
            role=ROLE_OF_KIND[one[0]],
            speaker=speaker,
            tool_name=one[2] if len(one) > 2 else "",
            text=one[1],
        )
        for n, one in enumerate(said)
    )
    found = ExtractiveSummariser().summarise(Material(level=Level.SEGMENT, label="Friday", passages=passages))
    texts = {passage.event_id: passage.text for passage in passages}
    for point in found.points:
        for place in point.evidence:
            assert texts[place.event_id][place.start : place.end].strip()
    return found


def parent_of(*children: Summary, level: Level = Level.WEEK) -> Summary:
    material = tuple(
        ChildMaterial(node_id=f"day/2026-01-1{n}", summary=child, event_count=20, projects=())
        for n, child in enumerate(children)
    )
    return ExtractiveSummariser().summarise(Material(level=level, label="W03", children=material))


def bullets(found: Summary) -> list[str]:
    return [point.text for point in found.points]


def excerpts(found: Summary, bullet: str, *said: tuple[Kind, str] | tuple[Kind, str, str]) -> list[str]:
    texts = {ulid_of(1_767_960_000_000 + n, n): one[1] for n, one in enumerate(said)}
    point = next(point for point in found.points if point.text == bullet)
    return [texts[place.event_id][place.start : place.end] for place in point.evidence]


def test_the_last_bullet_names_the_files_that_were_changed_and_how_the_tests_ended() -> None:
    said = (
        ASKED,
        (CALL, "src/booking/create.py\n@@\n-    db.commit()\n+    db.commit_or_fail()", "Edit"),
        (CALL, "pytest -q", "Bash"),
        (RESULT, FAILING, "Bash"),
        (CALL, '{"file_path": "src/booking/lock.py", "content": "x = 1"}', "Write"),
        (RESULT, PASSING, "Bash"),
        (ASSISTANT, "The constraint now rejects the second booking."),
    )
    found = summary_of(*said)
    work = "Changed create.py and lock.py; tests: 1 failed, 211 passed, then 212 passed"

    assert work == bullets(found)[-1]
    assert [
        "src/booking/create.py",
        "src/booking/lock.py",
        "1 failed, 211 passed",
        "212 passed",
    ] == excerpts(found, work, *said)


@pytest.mark.parametrize(
    ("tool", "text", "files"),
    [
        ("apply_patch", "*** Begin Patch\n*** Update File: a/b.py\n@@\n*** Add File: c.toml\n+x", "b.py and c.toml"),
        ("apply_patch", "*** firmware/src/radio.c\n-#define A\n+#define B", "radio.c"),
        ("replace", '{"file_path": "modules/moved.tf", "new_string": "x"}', "moved.tf"),
        ("edit", '{"filePath": "crates/prune/mod.rs", "oldString": ""}', "mod.rs"),
        ("write_file", "docs/notes.md\ncontent: text", "notes.md"),
        ("Edit", "/home/ada/src/app.py\nold_string: a\nnew_string: b", "app.py"),
    ],
)
def test_the_files_of_every_agents_editing_tool_are_read(tool: str, text: str, files: str) -> None:
    assert f"Changed {files}" in bullets(summary_of(ASKED, (CALL, text, tool)))


def test_what_was_only_read_or_run_was_not_changed() -> None:
    found = summary_of(ASKED, (CALL, "src/booking/create.py", "Read"), (CALL, "cat src/a.py", "Bash"))

    assert not [text for text in bullets(found) if text.startswith("Changed")]


def test_many_files_are_counted() -> None:
    edits = [(CALL, f"src/file{n}.py", "Edit") for n in range(7)]

    assert "Changed file0.py, file1.py, file2.py and 4 more" in bullets(summary_of(ASKED, *edits))


def test_an_error_is_told_with_its_resolution() -> None:
    said = (ASKED, (RESULT, FAILING, "Bash"), (ASSISTANT, "The test was right."), (RESULT, PASSING, "Bash"))
    found = summary_of(*said)
    mended = "FAILED tests/test_overlap.py::test_two_at_once - assert 2 == 1; then 212 passed"

    assert mended in bullets(found)
    assert "212 passed" == excerpts(found, mended, *said)[-1]


def test_an_error_that_stays_is_told_alone() -> None:
    found = summary_of(ASKED, (RESULT, PASSING, "Bash"), (RESULT, FAILING, "Bash"))

    assert "FAILED tests/test_overlap.py::test_two_at_once - assert 2 == 1" in bullets(found)


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\n\n", "\x0b", "\u2028"])
def test_only_the_lines_that_say_how_it_ended_are_read_of_what_a_tool_gave_back(ending: str) -> None:
    lines = ("Warning: no cache", "fatal: no such branch", "errors.log: 3 lines", "12 PASSED in 3 s")
    text = ending.join(lines)

    assert [lines[1], lines[3]] == [text[said.start : said.end] for said in read_tool_result(text).sentences]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (CALL, 'git add -A && git commit -qm "Reject the second booking of a kayak" && git push'),
        (CALL, '{"command": "git commit -am \'Reject the second booking of a kayak\'"}'),
        (CALL, "git commit -m \"$(cat <<'EOF'\nReject the second booking of a kayak\n\nIt was a race.\nEOF\n)\""),
        (RESULT, "[main 4be19c2] Reject the second booking of a kayak\n 3 files changed"),
    ],
)
def test_what_a_commit_says_is_a_bullet(kind: Kind, text: str) -> None:
    assert "Committed: Reject the second booking of a kayak" in bullets(summary_of(ASKED, (kind, text, "Bash")))


@pytest.mark.parametrize(
    ("text", "type"),
    [
        ("Decision: we keep RocksDB, because its batches are atomic.", "decision"),
        ("We decided to keep RocksDB because its batches are atomic.", "decision"),
        ("Entscheidung: RocksDB bleibt, weil Batches atomar sind.", "decision"),
        ("If we decided to keep RocksDB, its batches would be atomic.", ""),
        ("We haven't decided on RocksDB, as its batches may not be atomic.", ""),
        ("Have we decided to keep RocksDB for its atomic batches?", ""),
        ("Open question: which batches of RocksDB are atomic.", "question"),
        ("RocksDB writes its batches atomically.", ""),
    ],
)
def test_a_bullet_is_typed_only_where_its_words_leave_no_doubt(text: str, type: str) -> None:
    assert [type] == [point.type for point in summary_of((ASSISTANT, text)).points]


def test_a_long_sentence_ends_at_a_clause_and_says_that_it_goes_on() -> None:
    clause = "the updater wrote past the end of the slot without a check of the image's size or of its signature at all"
    (bullet,) = bullets(summary_of((ASSISTANT, f"We found that {clause}; {clause}; {clause}.")))

    assert f"We found that {clause} …" == bullet


def test_several_events_each_say_something_before_one_says_two_things() -> None:
    long = "The cause is the encoding of names. We decided to fix the encoding of every receipt. Export is fixed too."
    others = [
        (ASSISTANT, f"The {thing} was renamed and moved to {thing}s.py.") for thing in ("cat", "dog", "fox", "owl")
    ]
    found = summary_of((ASSISTANT, long), *others)

    assert 5 == len({point.evidence[0].event_id for point in found.points})


def test_what_a_user_says_of_an_error_is_the_title_and_not_what_was_pasted() -> None:
    found = summary_of(
        (
            USER,
            "The container dies as soon as it starts since this morning.\n\nError [ERR_REQUIRE_ESM]: require() failed",
        ),
        (ASSISTANT, "The new version of nanoid is an ES module only, so that require() cannot load it."),
    )

    assert "The container dies as soon as it starts" == found.title


def test_months_and_weekdays_are_no_keywords() -> None:
    found = summary_of(
        (USER, "Move the Lisbon launch from Thursday in March to Friday."), (ASSISTANT, "The launch is on Friday.")
    )

    assert {"lisbon", "launch"} <= {keyword.lower() for keyword in found.keywords}
    assert not {"thursday", "friday", "march"} & {keyword.lower() for keyword in found.keywords}


def test_a_week_is_called_by_what_was_decided_and_not_by_what_was_asked() -> None:
    asked = summary_of((USER, "What thresholds would you start with?"), (ASSISTANT, "Perhaps with 1.5 kg an hour."))
    decided = summary_of(
        (USER, "Could the gateway survive another power cut in winter?"),
        (ASSISTANT, "Decision: readings are stored in SQLite, one file per apiary, because power fails."),
    )

    assert "Readings are stored in SQLite, one file per apiary" == parent_of(asked, decided).title


def test_a_week_tells_decisions_before_failures_on_the_way() -> None:
    days = [
        summary_of(
            (USER, f"Please look at the {thing} of the shop."),
            (RESULT, f"FAILED tests/test_{thing}.py::test_{thing} - AssertionError: {thing} is broken", "Bash"),
            (ASSISTANT, f"Decision: {decision}."),
        )
        for thing, decision in (
            ("refund", "amounts are integers of cents, because floats lose some"),
            ("voucher", "codes are random and not derived from the customer's number"),
            ("calendar", "no cache, one query over an index of ranges"),
            ("export", "files are UTF-8 with a byte order mark"),
            ("backup", "dumps are restored on a blank machine every quarter"),
        )
    ]

    assert ["decision"] * 5 == [point.type for point in parent_of(*days).points]


def test_among_people_who_tells_of_themselves_comes_before_who_praises() -> None:
    found = summary_of(
        (ASSISTANT, "How was your weekend, Ana? You always inspire me with your courage and your kindness."),
        (USER, "We hiked to the lake near Bergen with my sister and her two dogs."),
        (ASSISTANT, "Your support means the world to me, and we can make a real difference together."),
        speaker="Ana",
    )

    assert (
        "Ana: We hiked to the lake near Bergen with my sister and her two dogs."
        == max(found.points, key=lambda point: point.weight).text
    )


PIECES = [
    "src/a.py",
    "*** Update File: ",
    '{"file_path": "',
    '"}',
    "\n",
    "3 failed, 4 passed",
    "FAILED ",
    "git commit -m '",
    "[main 4be19c2] ",
    "$(cat <<'EOF'\n",
    "\ud83d",
]
TOOLS = ["Edit", "apply_patch", "Bash", ""]


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([USER, ASSISTANT, CALL, RESULT]),
            st.lists(st.one_of(st.sampled_from(PIECES), texts(max_size=20)), max_size=6).map("".join),
            st.sampled_from(TOOLS),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_whatever_tools_are_told_and_give_back_every_bullet_is_one_line_with_words_that_stand_there(
    said: list[tuple[Kind, str, str]],
) -> None:
    found = summary_of(*said)
    texts_of = {ulid_of(1_767_960_000_000 + n, n): one[1] for n, one in enumerate(said)}

    assert found == summary_of(*said)
    for point in found.points:
        assert point.text.isprintable()
        point.text.encode()
        for place in point.evidence:
            assert 0 <= place.start < place.end <= len(texts_of[place.event_id])
            texts_of[place.event_id][place.start : place.end].encode()


@pytest.mark.parametrize("piece", ["a/", "a.", "1,", "git commit -m ", "*** a/", "9 passed "])
def test_hostile_repetition_is_read_to_an_end(piece: str) -> None:
    """An expression that takes the square of a text's length would not come back from this."""
    text = piece * 200_000

    assert summary_of(
        (CALL, text, "Edit"), (CALL, "*** " + text, "apply_patch"), (RESULT, text + " pass", "Bash")
    ).title
