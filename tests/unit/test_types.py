"""What sort of thing a text states: a table of what each type is and is not, and what any text may cost."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agent_memory.annotation import MemoryType
from agent_memory.annotation._told_cues import PROSE
from agent_memory.annotation.types import READ_MAX, in_order, types_in_query, types_of
from agent_memory.events import ROLE_OF_KIND, Event, Kind, Role
from agent_memory.events.ulids import ulid_of

SOURCE = Path(__file__).parents[2] / "src" / "agent_memory"


def said(text: str, kind: Kind = Kind.USER_MESSAGE) -> Event:
    return Event(id=ulid_of(1_768_469_400_000, 1), kind=kind, role=ROLE_OF_KIND[kind], session="s", text=text)


def told(text: str, kind: Kind = Kind.USER_MESSAGE) -> str:
    return " ".join(type.value for type in in_order(types_of(said(text, kind))))


SENTENCES = {
    # decisions, and what only sounds like one
    "We decided to keep the old logo.": "decision",
    "After the call they decided against a rewrite.": "decision",
    "Decision: readings go into SQLite, one file per apiary.": "decision",
    "Let's go with the second layout.": "decision",
    "Let's use Postgres for this.": "decision",
    "Let’s drop the old endpoint.": "decision",
    "We'll use a queue instead of polling.": "decision",
    "We will stick with the monthly plan.": "decision",
    "We settled on blue for the bedroom.": "decision",
    "I chose the early train.": "decision",
    "The team has chosen Rust for the agent.": "decision",
    "We agreed to meet every second Thursday.": "decision",
    "We won't support Windows in this release.": "decision",
    "We switched from npm to pnpm last week.": "decision",
    "She opted for the smaller flat.": "decision",
    "From now on everything is UTC.": "decision",
    "My wife and I finally made up our minds about the house.": "decision",
    "We haven't decided yet.": "",
    "I wonder whether they decided to move.": "",
    "Once we decide, I will tell you.": "",
    "Let's go for it!": "",
    "Let's keep in touch!": "",
    "I went with my sister to the market.": "",
    "A decision tree has leaves and branches.": "",
    # preferences
    "I prefer tabs over spaces.": "preference",
    "Mara prefers plain SQL in migrations.": "preference",
    "I like short commit messages.": "preference",
    "She really loves hiking in the rain.": "preference",
    "I can't stand loud restaurants.": "preference",
    "My favourite editor is vim.": "preference",
    "I'd rather take the bus.": "preference",
    "I'm a big fan of black coffee.": "preference",
    "I don't want pop-ups in the editor.": "preference",
    "Always use tabs.": "preference",
    "Please always answer in Norwegian.": "preference",
    "For the tests: don't use mocks.": "constraint preference",
    "Use ruff, not black.": "preference",
    "I like it!": "",
    "I love you.": "",
    "I'd like to see the log.": "",
    "It looks like rain.": "",
    "We always use the back door when it snows.": "",
    "Set prefers-color-scheme in the style sheet.": "",
    # procedures
    "To release, run `make release` and push the tag.": "procedure",
    "If you want to reset the cache, delete the folder .cache.": "procedure",
    "First install the dependencies, then run the migrations.": "procedure",
    "Open the settings, click Advanced and then enable the flag.": "procedure",
    "1. Stop the worker\n2. Restore the dump\n3. Start the worker": "procedure",
    "Steps to reproduce are below.": "procedure",
    "Here's how to rotate the keys.": "procedure",
    "You can reset it by running the seed script.": "procedure",
    "Before you push, run the linter.": "procedure",
    "To build the docs:\n```sh\nmake docs\n```": "procedure",
    "First we went to the lake, then we had lunch.": "",
    "1. The restore drill\n2. The load test": "",
    "I will run the tests.": "",
    # constraints
    "The id must be unique per tenant.": "constraint",
    "Passwords must never be logged.": "constraint",
    "At most 10 requests per second.": "constraint",
    "No more than two people in the boat.": "constraint",
    "The field `name` is required.": "constraint",
    "Merge only if CI is green.": "constraint",
    "The deadline is Friday at noon.": "constraint",
    "The report is due by Monday.": "constraint",
    "Never commit to main.": "constraint",
    "Don't touch the vendor folder.": "constraint",
    "Uploads are limited to 5 MB.": "constraint",
    "Phones are not allowed in the exam.": "constraint",
    "This requires Python 3.11.": "constraint",
    "Maximum size is 64 KiB.": "constraint",
    "You must be tired after the flight.": "",
    "I've never been to Rome.": "",
    "It must have been lovely.": "",
    "You must try the soup.": "",
    "I never knew that.": "",
    "Don't worry about me.": "",
    # definitions
    "A grip is a verbatim excerpt of an event.": "definition",
    "PR stands for pull request.": "definition",
    "`head` is the last durable position.": "definition",
    "The head refers to the last durable position.": "definition",
    "Backpressure means that the producer waits.": "definition",
    "TTL is short for time to live.": "definition",
    "A lease is also called a claim.": "definition",
    "RocksDB is an embedded store that keeps keys sorted.": "definition",
    "We call it the outbox.": "definition",
    "That means a lot to me.": "",
    "This means we have to wait.": "",
    "The function is called twice.": "",
    "This is a bug.": "",
    "My sister is a nurse.": "",
    # questions
    "Which port does the daemon listen on?": "question",
    "Can we prove it before I climb up there?": "question",
    "how do i reset the database": "question",
    "I was wondering if there is a faster way": "question",
    "このテストは何を確認しますか？": "question",
    "Kannst du das bitte reparieren?": "question",
    "هل يمكن إصلاحه؟": "question",
    "Right?": "",
    "How are you?": "",
    "Sounds good?": "",
    "See https://example.com/a?b=c": "",
    "```js\nconst x = a ? b : c\n```": "",
    "What a lovely day": "",
    # observations
    "It turns out that the cache was stale.": "observation",
    "I noticed that node 4 goes silent at night.": "observation",
    "Root cause: the year and the ISO week are mixed.": "observation",
    "The outage was caused by a full disk.": "observation",
    "The result is 312 MB.": "observation",
    "We measured 41 ms at the median.": "observation",
    "The index takes 1.9 s now.": "observation",
    "The new parser is 3x faster.": "observation",
    "All 240 tests pass now.": "observation",
    "We found a race in the writer.": "observation",
    "It turned out great, thanks!": "",
    "Check whether the cause is the cache.": "",
    "If it turns out to be slow, tell me.": "",
    # errors
    "The build fails with a linker error.": "error",
    "I got a KeyError when the list is empty.": "error",
    "The deploy crashed again.": "error",
    "It exited with code 137.": "error",
    "The endpoint returns 503 when the pool is empty.": "error",
    "main.c doesn't compile.": "error",
    "ValueError: invalid literal for int()": "error",
    "Here:\n```\nTraceback (most recent call last):\n  File x\nKeyError: 'a'\n```": "error",
    "Add error handling to the client.": "",
    "What if the build fails?": "question",
    "It should fail with InvalidQuery.": "",
    "No errors so far.": "",
    "We learn by trial and error.": "",
    # several at once
    "Let's use Postgres. Uploads must be under 5 MB. Which port?": "constraint decision question",
    # none
    "Good morning!": "",
    "I'll look at the two bookings first.": "",
    "": "",
}


@pytest.mark.parametrize("text", SENTENCES)
def test_a_text_is_of_the_types_that_its_phrases_tell(text: str) -> None:
    """Said by a user; an assistant's words are read the same way but for questions without a mark."""
    assert SENTENCES[text] == told(text)


OUTPUTS = {
    'Traceback (most recent call last):\n  File "a.py", line 1\nNameError: name x': "error",
    "E   AssertionError: assert 1 == 2": "error",
    "src/a.c:3:5: error: expected ';' before '}'": "error",
    "error[E0382]: borrow of moved value: `x`": "error",
    "src/a.ts(3,5): error TS2304: Cannot find name 'y'.": "error",
    "fatal: not a git repository": "error",
    "bash: foo: command not found": "error",
    "cat: ops/watch.sh: No such file or directory": "error",
    "make: *** [all] Error 2": "error",
    "npm ERR! code ELIFECYCLE": "error",
    "Process exited with code 1": "error",
    "exit status 2": "error",
    "FAILED tests/test_cart.py::test_discount - assert 1 == 2": "error",
    "1 failed, 11 passed in 0.88s": "error",
    "--- FAIL: TestCart (0.00s)": "error",
    "test result: FAILED. 3 passed; 1 failed": "error",
    "Found 3 errors in 1 file (checked 40 source files)": "error",
    "thread 'main' panicked at src/main.rs:2:5": "error",
    "Segmentation fault (core dumped)": "error",
    "2026-01-15 09:30:00,123 ERROR worker died": "error",
    '{"level":"error","msg":"boom"}': "error",
    "java.lang.NullPointerException: Cannot invoke size()": "error",
    "Caused by: java.io.IOException: disk full": "error",
    "git@example.com: Permission denied (publickey).": "error",
    "curl: (7) Failed to connect to localhost: Connection refused": "error",
    "14 passed in 3.2s": "",
    "0 errors, 0 warnings": "",
    "Process exited with code 0": "",
    'raise ValueError("bad token")': "",
    "class NotFoundError(Exception):": "",
    '    12→    raise TimeoutError("timed out after 30 s")': "",
    "   12\tValueError: what is raised for a bad token": "",
    'src/a.py:12:    raise LookupError("command not found")': "",
    "except KeyError:": "",
    '"error": null,': "",
    "error: str": "",
    " M src/agent_memory/errors.py": "",
    "import { ParseError } from './errors';": "",
    "We decided to keep it. Which port?": "",
    "": "",
}


@pytest.mark.parametrize("text", OUTPUTS)
def test_output_of_a_program_is_read_for_errors_alone(text: str) -> None:
    assert OUTPUTS[text] == told(text, Kind.TOOL_RESULT)


def test_what_a_tool_is_told_states_nothing() -> None:
    """`git commit -m "We decided ..."` was typed, not said."""
    assert "" == told('git commit -m "We decided to fail with an error: x"', Kind.TOOL_CALL)


def test_an_assistant_asks_with_a_mark_only() -> None:
    assert ("question", "") == (told("how do i reset it"), told("how do i reset it", Kind.ASSISTANT_MESSAGE))


def test_what_a_harness_put_into_a_text_is_not_stated() -> None:
    """Reminders are full of rules that nobody of the conversation made."""
    text = "Hello there.\n<system-reminder>\nYou must never commit. We decided to use tabs.\n</system-reminder>"

    assert "" == told(text)


def test_a_question_decides_nothing() -> None:
    assert "question" == told("Have we decided to use Postgres?")


def test_of_a_long_text_head_and_tail_are_read() -> None:
    filler = "Nothing of note happened here. " * 2_000
    decided = "We decided to stay. "

    assert READ_MAX < len(filler)
    assert ("decision", "decision", "") == (
        told(decided + filler),
        told(filler + decided),
        told(filler + decided + filler),
    )


def test_the_source_of_this_package_shows_next_to_no_errors() -> None:
    """An agent that reads a source file sees nothing go wrong, though half of them are about errors."""
    pieces = [
        text[at : at + 3_000]
        for file in sorted(SOURCE.rglob("*.py"))
        for text in [file.read_text("utf-8")]
        for at in range(0, len(text), 3_000)
    ]
    showing = [piece for piece in pieces if told(piece, Kind.TOOL_RESULT)]

    assert len(showing) <= len(pieces) / 50


@given(st.text(max_size=300), st.sampled_from(Kind), st.sampled_from(Role))
@example("\ud800?", Kind.USER_MESSAGE, Role.USER)
@example("İ" * 50 + " error: x", Kind.TOOL_RESULT, Role.TOOL)
@example("\x01 run: \x01", Kind.USER_MESSAGE, Role.USER)
def test_any_text_has_types_and_the_same_ones_each_time(text: str, kind: Kind, role: Role) -> None:
    event = Event(id=ulid_of(1, 1), kind=kind, role=role, session="s", text=text)

    assert types_of(event) == types_of(event)
    assert types_in_query(text) == types_in_query(text)


# Every word that opens a row, so that all patterns meet a text that almost fits them.
_OPENERS = sorted(
    {
        phrase.replace("_", " ")
        for cues in PROSE
        for rows in (cues.anywhere, cues.clauses, cues.starts, cues.openings)
        for words, _ in rows
        for phrase in words.split(" ")
    }
)
_TROUBLE = "error exception fail fatal panic denied exit could not 1 failed: java.lang.X.Y.Z"
_HOSTILE = {
    "one letter": "a",
    "white space": " ",
    "lines": "\n",
    "questions": "so, and, but, how are you? ",
    "fences": "```",
    "names": "A",
    "dotted names": "a.b",
    "every opener": " ".join(_OPENERS) + " ",
    "every opener, a line each": "\n".join(_OPENERS) + "\n",
    "every opener, a clause each": ", ".join(_OPENERS) + ", ",
    "every opener after a subject": "".join(f"we {opener} the " for opener in _OPENERS),
    "trouble": _TROUBLE,
    "trouble, a line each": _TROUBLE.replace(" ", "\n"),
    "almost an error": " > " * 20 + "[x] error",
    "almost a path": "a/" * 60 + ":1:1: error ",
    "almost a step": "1. " + " " * 40,
    "marks": "\"'`*(_-#>",
    "digits": "1234567890",
    "high letters": "\U0001f600\u0130\ud800",
}


@pytest.mark.parametrize("name", _HOSTILE)
@pytest.mark.parametrize("kind", [Kind.USER_MESSAGE, Kind.TOOL_RESULT])
def test_a_mebibyte_of_anything_takes_no_longer_than_its_ends(name: str, kind: Kind) -> None:
    """The bound is some ten times what an idle machine needs; what grows as a square would take minutes."""
    unit = _HOSTILE[name]
    event = said((unit * (1 + (1 << 20) // len(unit)))[: 1 << 20], kind)
    types_of(event)
    started = time.process_time()
    types_of(event)
    types_in_query(event.text)

    assert time.process_time() - started < 0.5


QUERIES = {
    "what did we decide about the cache": "decision",
    "why did we choose sqlite": "decision",
    "which error did the deploy give": "error",
    "where was the KeyError from": "error",
    "how do I release a new version": "procedure",
    "steps to rotate the keys": "procedure",
    "what does lag mean": "definition",
    "what is a grip?": "definition",
    "what is RocksDB?": "definition",
    "what editor does Mara prefer": "preference",
    "what is Jonas' favourite food": "preference",
    "what is the limit of uploads": "constraint",
    "when is the report due": "constraint",
    "what did I ask about the gateway": "question",
    "what did we find out about node 4": "observation",
    "why is the calendar slow": "observation",
    "where did Mara go in July": "",
    "who brought the cake": "",
    "": "",
}


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_asks_for_types(query: str) -> None:
    assert QUERIES[query] == " ".join(type.value for type in in_order(types_in_query(query)))


def test_types_are_told_in_the_order_of_their_names() -> None:
    assert (MemoryType.DECISION, MemoryType.ERROR, MemoryType.QUESTION) == in_order(
        {MemoryType.QUESTION, MemoryType.ERROR, MemoryType.DECISION}
    )
