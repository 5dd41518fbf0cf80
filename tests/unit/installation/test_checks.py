"""What the doctor finds: each link is used, and each way in which it can be broken is told with its mending."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from agent_memory.capture.model import Agent
from agent_memory.installation import checks
from agent_memory.installation.agents import AGENTS, Scope
from agent_memory.installation.checks import State
from agent_memory.installation.files import Record
from agent_memory.installation.plan import carry_out, installing

# A hook that keeps its payload as ours does, and one for each way to fail at that.
KEEPS = 'mkdir -p "$AGENT_MEMORY_SPOOL/waiting"; cat > "$AGENT_MEMORY_SPOOL/waiting/00001760000000000000-1a2b3c4d-9"'
HOOKS = {
    "keeps": (KEEPS, State.OK, "kept a test payload in"),
    "keeps and answers": (f"{KEEPS}; echo '{{}}'", State.OK, "kept a test payload in"),
    "keeps nothing": ("cat > /dev/null", State.FAIL, "0 payloads kept"),
    "fails": ("echo 'no such module' >&2; exit 1", State.FAIL, "no such module"),
    "chatters": (f"{KEEPS}; echo hello", State.FAIL, "prints what no agent expects"),
}


@pytest.fixture
def scope(tmp_path: Path) -> Scope:
    return Scope(home=tmp_path, environ={"PATH": ""})


@pytest.fixture(autouse=True)
def a_busy_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is slow depends on the machine that the tests run on."""
    monkeypatch.setattr(checks, "_HOOK_SLOW_S", 60.0)


def entry_that(tmp_path: Path, script: str) -> str:
    entry = tmp_path / "bin" / "agent-memory"
    entry.parent.mkdir(exist_ok=True)
    entry.write_text(f"#!/bin/sh\n{script}\n")
    entry.chmod(0o755)
    return str(entry)


def install(scope: Scope, entry: str, *agents: Agent) -> Record:
    record = Record(scope.home / "data")
    with record.held():
        for step in installing(agents, scope, record, entry=entry, with_server=True):
            carry_out(step, record, install=True)
    return record


@pytest.mark.parametrize("case", HOOKS)
def test_a_hook_is_run_by_the_line_in_the_settings(case: str, scope: Scope, tmp_path: Path) -> None:
    script, state, told = HOOKS[case]
    install(scope, entry_that(tmp_path, script), Agent.CLAUDE_CODE)
    (found,) = checks.hook_checks([Agent.CLAUDE_CODE], scope)

    assert (state, True) == (found.state, told in found.told), found
    assert bool(found.mend) is (state is not State.OK)


@pytest.mark.parametrize(("too_slow_s", "state"), [(60.0, State.WARN), (0.0, State.FAIL)])
def test_a_hook_that_takes_long_is_told_of(
    too_slow_s: float, state: State, scope: Scope, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "_HOOK_SLOW_S", 0.0)
    monkeypatch.setattr(checks, "_HOOK_TOO_SLOW_S", too_slow_s)
    install(scope, entry_that(tmp_path, KEEPS), Agent.CLAUDE_CODE)

    assert [state] == [found.state for found in checks.hook_checks([Agent.CLAUDE_CODE], scope)]


@pytest.mark.parametrize("agent", AGENTS)
def test_the_line_of_every_agent_is_found_in_its_settings(agent: Agent, scope: Scope, tmp_path: Path) -> None:
    install(scope, entry_that(tmp_path, KEEPS), agent)

    assert [(f"{agent.value} hook runs", State.OK)] == [(c.name, c.state) for c in checks.hook_checks([agent], scope)]


def test_a_program_that_is_gone_is_found_missing(scope: Scope, tmp_path: Path) -> None:
    """As after an environment was removed without `uninstall`."""
    install(scope, str(tmp_path / "gone" / "agent-memory"), Agent.CODEX)
    (found,) = checks.hook_checks([Agent.CODEX], scope)

    assert (State.FAIL, True) == (found.state, "not found" in found.told)


def test_settings_are_current_old_absent_or_broken(scope: Scope, tmp_path: Path) -> None:
    old = str(tmp_path / "old" / "agent-memory")
    record = install(scope, old, Agent.CURSOR)
    broken = tmp_path / ".codex" / "hooks.json"
    broken.parent.mkdir()
    broken.write_text('{"hooks": [')

    def state(agent: Agent, entry: str) -> list[State]:
        return [found.state for found in checks.settings_checks([agent], scope, record, entry)]

    assert [State.OK, State.OK] == state(Agent.CURSOR, old)
    assert [State.WARN, State.WARN] == state(Agent.CURSOR, "/new/agent-memory")
    assert [State.WARN, State.WARN] == state(Agent.COPILOT, old)
    assert State.FAIL is state(Agent.CODEX, old)[0]


@pytest.mark.parametrize(
    ("script", "state", "told"),
    [
        ("""read line; echo '{"jsonrpc": "2.0", "id": 1, "result": {}}'""", State.OK, "answered"),
        ("read line; echo 'cannot reach the daemon' >&2; exit 3", State.FAIL, "cannot reach the daemon"),
        ("exit 0", State.FAIL, "no answer"),
    ],
)
def test_the_mcp_server_is_asked(script: str, state: State, told: str, scope: Scope, tmp_path: Path) -> None:
    found = checks.server_check(entry_that(tmp_path, script), scope)

    assert (state, True) == (found.state, told in found.told), found


def test_a_spool_that_hooks_do_not_find_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    default = tmp_path / ".local" / "share" / "agent-memory" / "spool"
    if sys.platform == "darwin":
        default = tmp_path / "Library" / "Application Support" / "agent-memory" / "spool"
    bare = Scope(home=tmp_path, environ={})
    shell = Scope(home=tmp_path, environ={"AGENT_MEMORY_STORE": "/data/store"})

    assert State.OK is checks.spool_check(default, bare).state
    assert State.FAIL is checks.spool_check(Path("/data/spool"), bare).state
    assert State.WARN is checks.spool_check(Path("/data/spool"), shell).state


def test_folders_are_for_their_owner_alone(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir(mode=0o755)
    (tmp_path / "shut").mkdir(mode=0o700)
    found = checks.permission_checks([(name, tmp_path / name) for name in ("open", "shut", "absent")])

    assert [State.WARN, State.OK, State.WARN] == [check.state for check in found]
    assert f"Run `chmod 700 {tmp_path / 'open'}`." == found[0].mend


def test_room_and_clock_are_looked_at_where_the_store_will_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = tmp_path / "not" / "there" / "yet"

    assert State.OK is checks.disk_check(store, reserve_bytes=0).state
    assert State.FAIL is checks.disk_check(store, reserve_bytes=1 << 62).state
    assert State.OK is checks.clock_check(store).state
    monkeypatch.setattr("time.time", lambda: 3600.0)
    assert (State.FAIL, "the clock shows 1970-01-01") == (
        checks.clock_check(store).state,
        checks.clock_check(store).told,
    )
    monkeypatch.setattr("time.time", lambda: 4e9)
    assert State.WARN is checks.clock_check(store).state
