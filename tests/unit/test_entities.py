"""What is read out of texts: people, projects, files, identifiers, URLs, issues; and what is not."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agent_memory.annotation import Entity, EntityType
from agent_memory.annotation.entities import CANDIDATES_MAX, ENTITIES_MAX, entities_in_query, entities_of
from agent_memory.events import Kind
from agent_memory.testing.events import event
from agent_memory.testing.strategies import any_events, texts

PERSON, PROJECT, FILE = EntityType.PERSON, EntityType.PROJECT, EntityType.FILE
IDENTIFIER, URL, ISSUE = EntityType.IDENTIFIER, EntityType.URL, EntityType.ISSUE

FOUND = [
    # people
    ("Yesterday I met Ada in the park", PERSON, {"ada"}),
    ("Wow, Grace! That is great.", PERSON, {"grace"}),
    ("It was Ada Lovelace's idea", PERSON, {"ada lovelace", "ada", "lovelace"}),
    ("we asked O'Brien and Jean-Luc about it", PERSON, {"o'brien", "jean-luc"}),
    ("a letter to Mr. Smith and Prof. Moriarty", PERSON, {"smith", "moriarty"}),
    ("my sister saw Łukasz and Élodie", PERSON, {"łukasz", "élodie"}),
    ("вчера я видел Анну в парке", PERSON, {"анну"}),
    ("χθες είδα τον Γιώργο", PERSON, {"γιώργο"}),
    ("please ask @ada-l about it", PERSON, {"ada-l"}),
    ("thanks (cc @grace)", PERSON, {"grace"}),
    ("I told Ada Ada's secret", PERSON, {"ada ada", "ada"}),
    # files
    ("look at src/app/config.py", FILE, {"src/app/config.py", "app/config.py", "config.py"}),
    ("look at ./src/config.py please", FILE, {"src/config.py", "config.py"}),
    ("see config.toml.", FILE, {"config.toml"}),
    ("it is in `README.md`", FILE, {"readme.md"}),
    ("see /etc/hosts", FILE, {"/etc/hosts", "hosts"}),
    ("in ~/code/kelpie/app.ts:12:5", FILE, {"~/code/kelpie/app.ts", "kelpie/app.ts", "app.ts"}),
    (r"open C:\Users\Ada\notes.txt", FILE, {"c:/users/ada/notes.txt", "ada/notes.txt", "notes.txt"}),
    (r"open src\app\main.rs", FILE, {"src/app/main.rs", "app/main.rs", "main.rs"}),
    ("the folder docs/decisions/ has it", FILE, {"docs/decisions", "decisions"}),
    ("edit .gitignore and .env.local", FILE, {".gitignore", ".env.local"}),
    ("build with the Dockerfile", FILE, {"dockerfile"}),
    ('File "/srv/app/run.py", line 3', FILE, {"/srv/app/run.py", "app/run.py", "run.py"}),
    ('{"path":"src/x.py"}', FILE, {"src/x.py", "x.py"}),
    ("我修改了config.py文件", FILE, {"config.py"}),
    ("from file:///srv/data/in.csv", FILE, {"/srv/data/in.csv", "data/in.csv", "in.csv"}),
    ("archive.tar.gz is done", FILE, {"archive.tar.gz"}),
    ("FAILED tests/test_login.py::test_expiry", FILE, {"tests/test_login.py", "test_login.py"}),
    # identifiers
    ("call parse_header here", IDENTIFIER, {"parse_header"}),
    ("set MAX_RETRIES=5", IDENTIFIER, {"max_retries"}),
    ("the getUserName method", IDENTIFIER, {"getusername"}),
    ("an HTMLParser subclass", IDENTIFIER, {"htmlparser"}),
    ("got a TypeError there", IDENTIFIER, {"typeerror"}),
    ("we use os.path there", IDENTIFIER, {"os.path"}),
    ("then `flush()` is called", IDENTIFIER, {"flush"}),
    ("via db.session.commit()", IDENTIFIER, {"db.session.commit", "commit"}),
    ("std::vec::Vec is it", IDENTIFIER, {"std::vec::vec", "vec"}),
    ("rustc says E0308", IDENTIFIER, {"e0308"}),
    ("tsc says TS2345:", IDENTIFIER, {"ts2345"}),
    ("connect ECONNREFUSED 127.0.0.1", IDENTIFIER, {"econnrefused"}),
    ("it failed with SQLSTATE[42P01]", IDENTIFIER, {"sqlstate 42p01"}),
    ("it failed with SQLSTATE 23505", IDENTIFIER, {"sqlstate 23505"}),
    ("the server said HTTP 404", IDENTIFIER, {"http 404"}),
    ("HTTP/1.1 503 from upstream", IDENTIFIER, {"http 503"}),
    ("fixed in a1b2c3d", IDENTIFIER, {"a1b2c3d"}),
    ("at 2fd4e1c67a2d28fced849ee1bb76e7391b93eb12", IDENTIFIER, {"2fd4e1c67a2d28fced849ee1bb76e7391b93eb12"}),
    ("id 123e4567-e89b-12d3-a456-426614174000", IDENTIFIER, {"123e4567-e89b-12d3-a456-426614174000"}),
    ("kayak K-07 is out", IDENTIFIER, {"k-07"}),
    ("encode as UTF-8", IDENTIFIER, {"utf-8"}),
    ("in __init__ it says", IDENTIFIER, {"__init__"}),
    ("FAILED tests/test_login.py::test_expiry", IDENTIFIER, {"test_expiry"}),
    ("the größe_max setting", IDENTIFIER, {"grösse_max"}),
    # projects
    ("cloned basic-org/basic-memory today", PROJECT, {"basic-org/basic-memory"}),
    ("git clone git@github.com:ada/engine.git", PROJECT, {"ada/engine"}),
    ("see https://gitlab.com/ada/engine/-/merge_requests/7", PROJECT, {"ada/engine"}),
    ("as in ada/engine#12", PROJECT, {"ada/engine"}),
    # URLs
    ("see https://Example.com/Guide/", URL, {"example.com/guide", "example.com"}),
    ("see http://www.example.com.", URL, {"example.com"}),
    ("(https://example.com/a_(b))", URL, {"example.com/a_(b)", "example.com"}),
    ("[docs](https://example.com/x#part)", URL, {"example.com/x", "example.com"}),
    ("http://ada:secret@example.com/x", URL, {"example.com/x", "example.com"}),
    ("https://example.com:443/x", URL, {"example.com/x", "example.com"}),
    ("http://localhost:7433/x", URL, {"localhost:7433/x", "localhost"}),
    ("看https://example.com/a。好", URL, {"example.com/a", "example.com"}),
    # issues
    ("closes #123", ISSUE, {"#123"}),
    ("closes (#123), #124.", ISSUE, {"#123", "#124"}),
    ("see GH-77", ISSUE, {"#77"}),
    ("see ada/engine#12", ISSUE, {"ada/engine#12", "#12"}),
    ("blocked by PROJ-42", ISSUE, {"proj-42"}),
    ("CVE-2024-12345 hits us", ISSUE, {"cve-2024-12345"}),
    ("https://github.com/ada/engine/issues/9", ISSUE, {"ada/engine#9", "#9"}),
    ("https://github.com/ada/engine/pull/9/files", ISSUE, {"ada/engine#9", "#9"}),
]

NOTHING = [
    "",
    "   \n\t ",
    "Yesterday was fine. Today is better! Tomorrow? Who knows: Perhaps.",
    "I think I'm right and I've said so",
    "we meet on Monday, or in March",
    "OK, TV and PDF are fine",
    "either this and/or that, he/she, w/o km/h",
    "it is 3.14 or 1,000 or 12/01/2025 or 2025-12-01 or 10:30",
    "version 1.2.3 and v2.0",
    "e.g. this, i.e. that, U.S. law, etc.",
    "It is done.Then we left",
    "we wait...then go",
    "_emphasis_ and **bold** and ~~gone~~",
    "1234567 12345678901234567890",
    "deadbeef defaced effaced",
    "mail me at ada@example or so",
    "a - b -- c --- d",
    "e = m * c ** 2 / 4 % 3",
    "#fff #heading # title",
    "// a comment /* more */",
    "ERROR: EVERYTHING IS BROKEN, HELP",
    "don't can't won't it's we'll",
    "42",
    "`Ada Lovelace` in code only",
    "```\nString Foo Bar = new Baz Qux\n```",
    "# A Heading With Words",
    "he read The Rise And Fall Of Everything",
    "日本語のテキストです。",
    "نص عربي بسيط",
    "👩‍👩‍👧 🇪🇺 🎉",
    "see http:// and ://x",
    "</div></span>",
    "@property\n    def name(self): pass",
]


def names(text: str, type: EntityType, **fields: Any) -> set[str]:
    return {entity.name for entity in entities_of(event(text, **fields)) if entity.type is type}


@pytest.mark.parametrize(("text", "type", "expected"), FOUND)
def test_what_a_text_names_is_found(text: str, type: EntityType, expected: set[str]) -> None:
    """All of its type, and no more."""

    assert expected == names(text, type)


@pytest.mark.parametrize("text", NOTHING)
def test_what_names_nothing_is_left_alone(text: str) -> None:
    assert () == entities_of(event(text))


def test_speaker_and_project_are_named_by_the_event_itself() -> None:
    """The project by the last part of its path; the speaker whole, and by each name."""
    said = event("hello", speaker="Ada Lovelace", project="/home/ada/Engine/")

    assert (
        Entity(PERSON, "ada lovelace"),
        Entity(PERSON, "ada"),
        Entity(PERSON, "lovelace"),
        Entity(PROJECT, "engine"),
    ) == entities_of(said)


@pytest.mark.parametrize(
    "project", ["engine", "/home/ada/engine", "C:\\code\\Engine\\", "git@example.com:ada/engine.git"]
)
def test_a_project_has_one_name_however_its_folder_is_written(project: str) -> None:
    assert (Entity(PROJECT, "engine"),) == entities_of(event("hello", project=project))


@pytest.mark.parametrize("kind", [Kind.TOOL_CALL, Kind.TOOL_RESULT, Kind.SESSION_START])
def test_what_tools_print_has_files_and_no_people(kind: Kind) -> None:
    text = "moved by Ada Lovelace to src/app.py"

    assert {"src/app.py", "app.py"} == names(text, FILE, kind=kind)
    assert set() == names(text, PERSON, kind=kind)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("see SRC/App.py", "see src/app.py"),
        ("see src\\app.py", "see src/app.py"),
        ("see ./src/app.py:12", "see `src/app.py`"),
        ("see HTTPS://Example.com/x/", "see http://www.example.com/x"),
        ("met ADA_LOVELACE", "met ada_lovelace"),
        ("about Jose\u0301 there", "about Jos\u00e9 there"),
        ("GH-12", "(#12)"),
    ],
)
def test_one_entity_has_one_name_however_it_is_written(first: str, second: str) -> None:
    found = entities_of(event(first))

    assert found
    assert found == entities_of(event(second))


def test_the_most_distinctive_come_first_and_speaker_and_project_are_always_among_them() -> None:
    said = event("ask @grace about config.py, src/a/b.py and #7", speaker="Ada", project="engine")
    many = event(" ".join(f"file_{n}.py" for n in range(200)), speaker="Ada", project="engine")

    assert ["#7", "src/a/b.py"] == sorted(entity.name for entity in entities_of(said)[:2])
    assert ["ada", "engine"] == [entity.name for entity in entities_of(said)[-2:]]
    assert ENTITIES_MAX == len(entities_of(many))
    assert ["ada", "engine"] == [entity.name for entity in entities_of(many)[-2:]]


def test_of_a_very_long_text_head_and_tail_are_read() -> None:
    said = event("first_one " + "word " * 100_000 + " last_one")

    assert {"first_one", "last_one"} == {entity.name for entity in entities_of(said)}


# -- queries --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("what did ada say", Entity(PERSON, "ada")),
        ("What did Ada's sister say", Entity(PERSON, "ada")),
        ("letters of ada lovelace", Entity(PERSON, "ada lovelace")),
        ("what is hivewatch for", Entity(PROJECT, "hivewatch")),
        ("the kelpie-bookings repository", Entity(PROJECT, "kelpie-bookings")),
        ("who uses facebook/react", Entity(PROJECT, "facebook/react")),
        ("where is config.py", Entity(FILE, "config.py")),
        ("where is src/app/config.py", Entity(FILE, "app/config.py")),
        ("what does the dockerfile do", Entity(FILE, "dockerfile")),
        ("who calls typeerror", Entity(IDENTIFIER, "typeerror")),
        ("who calls parse_header()", Entity(IDENTIFIER, "parse_header")),
        ("why e0308", Entity(IDENTIFIER, "e0308")),
        ("what of issue 123", Entity(ISSUE, "#123")),
        ("what of #123", Entity(ISSUE, "#123")),
        ("links to example.com", Entity(URL, "example.com")),
        ("links to example.com/guide", Entity(URL, "example.com/guide")),
    ],
)
def test_a_query_asks_for_what_it_may_name(query: str, expected: Entity) -> None:
    """Without capitals, too: whether there is such an entity the view tells."""

    assert expected in entities_in_query(query)


def test_a_query_of_white_space_asks_for_nothing() -> None:
    assert () == entities_in_query(" \n ")


@pytest.mark.parametrize(("text", "type", "expected"), FOUND)
def test_a_query_that_repeats_a_text_asks_for_what_the_text_names(
    text: str, type: EntityType, expected: set[str]
) -> None:
    asked = {entity.name for entity in entities_in_query(text) if entity.type is type}

    assert expected <= asked


# -- any text -------------------------------------------------------------------------------------


@given(said=any_events(), query=texts(max_size=200))
@settings(max_examples=200, deadline=None)
@example(said=event("Ada\ud800 met Ada\udfff Lovelace in src/\ud800.py"), query="\ud800 src/\udfff.py")
def test_any_event_and_any_query_can_be_read(said: object, query: str) -> None:
    """Within the bounds, the same each time, and each name in the form in which it is compared."""
    found, asked = entities_of(said), entities_in_query(query)  # type: ignore[arg-type]

    assert found == entities_of(said)  # type: ignore[arg-type]
    assert len(found) <= ENTITIES_MAX
    assert len(asked) <= CANDIDATES_MAX
    for entities in (found, asked):
        assert len(set(entities)) == len(entities)
        for entity in entities:
            assert entity.name
            assert entity.name == entity.name.strip()
            entity.name.encode()


WORDS = [
    "ada",
    "Ada",
    "src/app.py",
    "foo_bar",
    "#12",
    "https://x.example/y",
    "@b",
    "GH-1",
    "::",
    "\\",
    "/",
    "``",
    "。",
    "é",
]


@given(st.lists(st.sampled_from(WORDS), max_size=300), st.sampled_from([" ", "", "\n", "."]))
@settings(max_examples=100, deadline=None)
def test_any_mixture_of_what_is_read_stays_within_bounds(words: list[str], between: str) -> None:
    assert len(entities_of(event(between.join(words) or "."))) <= ENTITIES_MAX


MIB = 1 << 20
HOSTILE = {
    "one letter": "a" * MIB,
    "capitals": "A" * MIB,
    "humps": "aA" * (MIB // 2),
    "names": "Ab " * (MIB // 3),
    "names in a row": "x " + "Ab " * (MIB // 3),
    "names with hyphens": "x A" + "b-C" * (MIB // 3),
    "underscores": "_" * MIB,
    "snake": "a_" * (MIB // 2),
    "dots": "." * MIB,
    "dotted": "a." * (MIB // 2),
    "slashes": "/" * MIB,
    "path": "a/" * (MIB // 2),
    "backslashes": "\\a" * (MIB // 2),
    "colons": "a:" * (MIB // 2),
    "double colons": "a::" * (MIB // 3),
    "schemes": "a://" * (MIB // 4),
    "scheme": "a" * MIB + "://",
    "url": "http://" + "a" * MIB,
    "url of brackets": "http://x/" + ")" * MIB,
    "hosts": "https://github.com/" * (MIB // 19),
    "git": "git@" * (MIB // 4),
    "hashes": "#" * MIB,
    "headings": "# x\n" * (MIB // 4),
    "mentions": "@a" * (MIB // 2),
    "mentions on lines": "@a\n" * (MIB // 3),
    "mention and lines": "@a" + " \n" * (MIB // 2),
    "calls": "a()" * (MIB // 3),
    "open calls": "a(" * (MIB // 2),
    "backticks": "`" * MIB,
    "open code": "`a\n" * (MIB // 3),
    "fences": "```" * (MIB // 3),
    "HTTP": "HTTP " * (MIB // 5),
    "SQLSTATE": "SQLSTATE " * (MIB // 9),
    "hex": "0a" * (MIB // 2),
    "digits": "1" * MIB,
    "CJK": "漢" * MIB,
    "accents": "e\u0301" * (MIB // 2),
    "spaces": " " * MIB,
    "distinct words": " ".join(f"w{n}.py" for n in range(MIB // 8)),
    "quotes": "'" * MIB,
    "NUL": "\x00" * MIB,
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_mebibyte_of_anything_is_read_in_no_time(what: str) -> None:
    """Generous: what is not linear takes minutes."""
    said = event(HOSTILE[what])
    started = time.thread_time()
    assert len(entities_of(said)) <= ENTITIES_MAX
    assert len(entities_in_query(HOSTILE[what])) <= CANDIDATES_MAX

    assert time.thread_time() - started < 1.0
