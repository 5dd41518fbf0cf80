"""The work of `install`: plan, change, start, import, tell."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
import msgspec

from agent_memory.capture.model import Agent
from agent_memory.capture.policy import POLICY_FILE, save_policy
from agent_memory.cli.daemon_start import DaemonStart, DaemonState
from agent_memory.cli.ending import FAILED, OK, exit_code
from agent_memory.cli.front import Front
from agent_memory.cli.own_command import run_own
from agent_memory.cli.step_view import note, show_steps, step_shape
from agent_memory.config import user_data_dir
from agent_memory.errors import NotFound
from agent_memory.installation.agents import AGENTS, TITLES, Scope, found_agents, user_scope
from agent_memory.installation.command import PROGRAM, is_on_path, program
from agent_memory.installation.files import Record
from agent_memory.installation.plan import Step, carry_out, installing

_FIRST_USE = {
    Agent.CODEX: "Codex runs a new hook only once you have trusted it: start `codex`, type /hooks, and trust ours.",
}
_OF_PROJECT = "The repository's settings are read by everybody who works in it; each of them needs agent-memory."


class NoAgentFound(NotFound):
    """There is nothing to install for."""

    hint = "Name the ones that you are going to use: `agent-memory install claude`."

    def __init__(self) -> None:
        Exception.__init__(self, f"none of {_titles(AGENTS)} was found on this machine")


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the import: its own envelope, in a run that prints JSON."""

    code: int
    data: Any = None


def agents_named(names: Sequence[str]) -> tuple[Agent, ...]:
    """Errors: `click.BadParameter`."""
    from agent_memory.capture.payloads import agent_named

    agents = []
    for name in names:
        found = agent_named(name)
        if not found or Agent(found) not in AGENTS:
            known = ", ".join(agent.value for agent in AGENTS)
            raise click.BadParameter(f"{name!r} is none of {known}.", param_hint="AGENT")
        agents.append(Agent(found))
    return tuple(dict.fromkeys(agents))


def scope_of(*, of_user: bool, of_project: bool) -> Scope:
    """This user's settings, or those of the repository that the working directory is in. Errors: `click.UsageError`."""
    if of_user and of_project:
        raise click.UsageError("--user or --project: one of them, or none.")
    scope = user_scope()
    if not of_project:
        return scope
    here = Path.cwd()
    root = next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), here)
    return msgspec.structs.replace(scope, project=root)


def record_of() -> Record:
    """What was installed where. One for this user, as the agents' settings are, wherever the store is."""
    return Record(user_data_dir() / "installation")


class Install:
    """One run of `install`."""

    def __init__(self, front: Front, *, scope: Scope, dry_run: bool, mcp: bool, service: bool, past: bool) -> None:
        self._front = front
        self._scope = scope
        self._dry_run = dry_run
        self._mcp = mcp
        self._service = service
        # A project's settings say nothing of other projects, and an import takes in all of them.
        self._past = past and not scope.of_project

    def run(self, named: tuple[Agent, ...]) -> int:
        agents = named or found_agents(self._scope)
        if not agents:
            raise NoAgentFound
        entry, notes = self._entry()
        record = record_of()
        if self._dry_run:
            steps = installing(agents, self._scope, record, entry=entry, with_server=self._mcp)
        else:
            with suppress(OSError):
                # Hooks run before a daemon has: they are not to capture what the settings keep out.
                if not (self._front.config.spool / POLICY_FILE).exists():
                    save_policy(self._front.config)
            with record.held():
                planned = installing(agents, self._scope, record, entry=entry, with_server=self._mcp)
                steps = [carry_out(step, record, install=True) for step in planned]
        if not self._front.as_json:
            show_steps(self._front, steps, record, dry_run=self._dry_run, install=True)
            for told in (*notes, *_first_uses(steps)):
                self._front.out.print(note(told), soft_wrap=True)
        daemon = self._daemon(entry)
        if daemon is not None and not self._front.as_json:
            self._front.out.print(daemon.told, soft_wrap=True)
        imported = self._import(agents, daemon)
        if self._front.as_json:
            self._front.envelope(
                {
                    "dry_run": self._dry_run,
                    "command": entry,
                    "files": [step_shape(step, record, dry_run=self._dry_run) for step in steps],
                    "notes": [*notes, *_first_uses(steps)],
                    "daemon": msgspec.to_builtins(daemon) if daemon else None,
                    "import": imported.data if imported else None,
                }
            )
        else:
            self._tell_end(steps, daemon)
        codes = [exit_code(step.problem) for step in steps if step.problem is not None]
        if daemon is not None and daemon.state == "failed":
            codes.append(FAILED)
        if imported is not None and imported.code:
            codes.append(imported.code)
        return codes[0] if codes else OK

    def _entry(self) -> tuple[str, list[str]]:
        """The program as it is written into settings, and what there is to say of that."""
        entry = program(self._scope.environ)
        if not self._scope.of_project:
            return entry, []
        if is_on_path(self._scope.environ):
            return PROGRAM, [_OF_PROJECT]
        told = f"{PROGRAM} is not on your PATH, so the repository's settings name {entry}, a path of this machine."
        return entry, [_OF_PROJECT, told]

    def _daemon(self, entry: str) -> DaemonState | None:
        if self._dry_run:
            return None
        start = DaemonStart(self._front, self._scope, entry)
        return start.have() if self._service else start.as_it_is()

    # -- the past ----------------------------------------------------------------------------

    def _import(self, agents: Sequence[Agent], daemon: DaemonState | None) -> Imported | None:
        """Take in what the agents have on disk, by the command for that: in a process of its own."""
        if not self._past or self._dry_run:
            return None
        if daemon is None or not daemon.takes_in:
            return None
        words = ["import", *(agent.value for agent in agents)]
        if not self._front.as_json:
            self._front.out.print("\nNow the past; it can be interrupted, and goes on with `agent-memory import`.")
            return Imported(code=run_own(self._front, *words).returncode)
        done = run_own(self._front, *words, "--json", capture=True)
        try:
            return Imported(code=done.returncode, data=json.loads(done.stdout)["data"])
        except (ValueError, KeyError):
            return Imported(code=done.returncode or FAILED)

    def _tell_end(self, steps: Sequence[Step], daemon: DaemonState | None) -> None:
        out = self._front.out
        if self._dry_run:
            out.print("\nNothing was written. Without --dry-run, the daemon is started and the past imported, too.")
            return
        if self._past and daemon is not None and not daemon.takes_in:
            out.print("The past was not imported, for want of a daemon: `agent-memory import` does that.")
        if not self._front.config.model.exists():
            out.print("Search is by keyword only until `agent-memory model install` has fetched the embedding model.")
        hooks = {step.agent: step.problem is None for step in steps if "hooks" in step.holds}
        told = [agent for agent, is_well in hooks.items() if is_well]
        silent = [agent for agent, is_well in hooks.items() if not is_well]
        if told:
            start = "its next start" if len(told) == 1 else "their next start"
            are = "is" if len(told) == 1 else "are"
            well = f"{_titles(told)} {are} remembered"
            kept = f"what {_titles(told)} {'tells' if len(told) == 1 else 'tell'} is kept, for the daemon that will run"
            out.print(f"\nFrom {start} on, {well if daemon and daemon.takes_in else kept}.", soft_wrap=True)
        if silent:
            out.print(f"Not {_titles(silent)}, for the reason above.", style="red", soft_wrap=True)
        out.print("`agent-memory doctor` checks every link.")


def _first_uses(steps: Sequence[Step]) -> list[str]:
    """What the user has to do once."""
    changed = dict.fromkeys(s.agent for s in steps if "hooks" in s.holds and not s.is_done and s.problem is None)
    return [told for agent in changed if (told := _FIRST_USE.get(agent, ""))]


def _titles(agents: Sequence[Agent]) -> str:
    *most, last = (TITLES[agent] for agent in agents)
    return f"{', '.join(most)} and {last}" if most else last
