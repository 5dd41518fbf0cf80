"""Whatever somebody's settings look like: installing adds ours alone, uninstalling gives the text back."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import settings as held_to
from hypothesis import strategies as st

from agent_memory.capture.model import Agent
from agent_memory.installation import codex_toml
from agent_memory.installation.agents import hooks_of, root_of, server_of
from agent_memory.installation.edits import add, replace, take_out
from agent_memory.installation.entries import Wanted, merged, without_ours
from agent_memory.installation.jsonc import InvalidSettings, parse, plain

ENTRY = "/home/me/.local/bin/agent-memory"
WANTED = {
    agent: Wanted(
        hooks=hooks_of(agent, ENTRY),
        root=root_of(agent),
        servers_key=server_of(agent, ENTRY)[0],
        server=server_of(agent, ENTRY)[1],
    )
    for agent in (Agent.CLAUDE_CODE, Agent.GEMINI, Agent.COPILOT, Agent.CURSOR)
}

names = st.text(max_size=6) | st.sampled_from(["hooks", "Stop", "mcpServers", "version"])
scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9)
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3), max_leaves=6
)
commands = st.sampled_from(["say done", "./agent-memory-notes", "echo agent-memory hook claude", "my agent-memory"])
handlers = st.fixed_dictionaries({"type": st.just("command"), "command": commands})
events = st.sampled_from(["Stop", "PostToolUse", "BeforeAgent", "stop", "sessionStart", "Other"])
nested = st.lists(st.fixed_dictionaries({"hooks": st.lists(handlers, min_size=1, max_size=2)}), min_size=1, max_size=2)
flat = st.lists(handlers, min_size=1, max_size=2)
hooks = st.dictionaries(events, nested | flat, min_size=1, max_size=3)
servers = st.dictionaries(st.sampled_from(["git", "agent memory"]), st.just({"command": "uvx"}), min_size=1)
others = st.dictionaries(
    st.text(max_size=6).filter(lambda k: k not in ("hooks", "mcpServers", "mcp", "version")), values
)
settings = st.builds(
    lambda rest, own, parts: {**rest, **({"hooks": own} if own else {}), **parts},
    others,
    st.none() | hooks,
    st.just({}) | st.builds(lambda found: {"mcpServers": found}, servers),
)
COMMENTS = ["", "", "", "/* a, b */", "// c: {\n", "/*\n*/ // d\n"]


@st.composite
def written(draw: st.DrawFn, value: Any, depth: int = 0) -> str:
    """A text that says *value*, in one of the many ways that people write."""
    if depth == 0:
        ways = draw(st.sampled_from(["compact", "spaced", "lines"]))
        unit = draw(st.sampled_from(["  ", "    ", "\t", ""]))
        separators = (",", ":") if ways == "compact" else None
        text = json.dumps(value, indent=unit if ways == "lines" else None, separators=separators, ensure_ascii=False)
        if not draw(st.booleans()):
            return text + draw(st.sampled_from(["", "\n", "\n\n"]))
    blank = st.sampled_from(["", " ", "\n", "\r\n  ", "\t"])
    comment = st.sampled_from(COMMENTS)
    gap = lambda: draw(blank) + draw(comment) + draw(blank)  # noqa: E731 - drawn anew each time
    if isinstance(value, dict):
        inner = [json.dumps(k) + gap() + ":" + gap() + draw(written(v, depth + 1)) for k, v in value.items()]
    elif isinstance(value, list):
        inner = [draw(written(v, depth + 1)) for v in value]
    else:
        return json.dumps(value)
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    last = "," if inner and draw(st.booleans()) else ""
    return opening + gap() + (gap() + "," + gap()).join(inner) + gap() + last + gap() + closing


documents = settings.flatmap(lambda value: st.tuples(st.just(value), written(value)))


@held_to(deadline=None, max_examples=30)
@given(documents)
def test_a_text_says_what_was_written(document: tuple[Any, str]) -> None:
    value, text = document

    assert value == plain(parse(text).root)


@held_to(deadline=None, max_examples=30)
@given(documents, st.sampled_from(list(WANTED)))
def test_what_was_merged_in_is_taken_out_to_the_byte(document: tuple[Any, str], agent: Agent) -> None:
    value, text = document
    wanted = WANTED[agent]
    if set(wanted.root) - set(value):
        text = add(text, (), 1, key="version")
    after = merged(text, wanted, name="settings.json")

    assert after == merged(after, wanted, name="settings.json")
    assert text == without_ours(after, name="settings.json", original=text)


@held_to(deadline=None, max_examples=30)
@given(documents, st.sampled_from(list(WANTED)))
def test_merging_adds_ours_and_changes_no_value_of_others(document: tuple[Any, str], agent: Agent) -> None:
    value, text = document
    wanted = WANTED[agent]
    after = plain(parse(merged(text, wanted, name="settings.json")).root)
    own = value.get("hooks", {})
    expected = {**wanted.root, **value}
    expected["hooks"] = own | {event: [*own.get(event, []), entry] for event, entry in wanted.hooks.items()}
    expected["mcpServers"] = {**value.get("mcpServers", {}), "agent-memory": wanted.server}

    assert expected == after


@held_to(deadline=None, max_examples=30)
@given(st.text(max_size=80) | st.text(alphabet='{}[]",:/*\\ \n1ea', max_size=40))
def test_any_text_is_read_or_refused_with_its_place(text: str) -> None:
    told = ""
    try:
        document = parse(text)
    except InvalidSettings as error:
        told = str(error)

    assert "line " in told or not document.is_strict or json.loads(text) == plain(document.root)


@held_to(deadline=None, max_examples=30)
@given(written([1, [2], {"a": 3}]), st.integers(0, 2), values)
def test_an_item_is_replaced_or_taken_out_alone(text: str, at: int, value: Any) -> None:
    before = [1, [2], {"a": 3}]

    assert [*before[:at], value, *before[at + 1 :]] == plain(parse(replace(text, (at,), value)).root)
    assert [*before[:at], *before[at + 1 :]] == plain(parse(take_out(text, (at,))).root)


keys = st.from_regex(r"[a-z]{1,5}", fullmatch=True)
lines = st.builds(
    lambda key, value: f"{key} = {json.dumps(value)}", keys, st.integers() | st.text("abc[]#' ", max_size=9)
)
tables = st.builds(
    lambda name, body: f"[{name}]\n{body} # note", st.sampled_from(["mcp_servers.git", "a", "x.y"]), lines
)


@held_to(deadline=None, max_examples=30)
@given(st.lists(lines, max_size=2, unique_by=lambda line: line.split()[0]), st.lists(tables, max_size=3), st.booleans())
def test_a_table_is_added_to_any_toml_and_taken_out_to_the_byte(top: list[str], below: list[str], ends: bool) -> None:
    unique = {table.split("\n")[0]: table for table in below if not any(line.startswith("a ") for line in top)}
    text = "\n".join([*top, *unique.values()]) + ("\n" if ends else "")
    server = server_of(Agent.CODEX, ENTRY)[1]
    try:
        after = codex_toml.merged(text, server, name="config.toml")
    except InvalidSettings:
        assert "x = " in text  # a value and a table of one name: no TOML
        return

    assert after == codex_toml.merged(after, server, name="config.toml")
    if ends or not text:
        assert text == codex_toml.without_ours(after, name="config.toml")
