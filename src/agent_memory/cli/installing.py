"""The work of `install` and `uninstall`: plan, change, start, import, tell."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from agent_memory.capture.model import Agent
from agent_memory.capture.policy import POLICY_FILE, save_policy
from agent_memory.cli.ending import FAILED, OK, exit_code, hint_of
from agent_memory.cli.front import Front
from agent_memory.errors import AgentMemoryError, NotFound
from agent_memory.installation import services
from agent_memory.installation.agents import AGENTS, TITLES, Scope, found_agents, user_scope
from agent_memory.installation.command import PROGRAM, is_on_path, program
from agent_memory.installation.files import Record
from agent_memory.installation.plan import Step, carry_out, installing, uninstalling

if TYPE_CHECKING:
    from rich.text import Text

_FIRST_USE = {
    Agent.CODEX: "Codex runs a new hook only once you have trusted it: start `codex`, type /hooks, and trust ours.",
}
_OF_PROJECT = "The repository's settings are read by everybody who works in it; each of them needs agent-memory."


class NoAgentFound(NotFound):
    """There is nothing to install for."""

    noun = "agent on this machine among"
    hint = "Name the ones that you are going to use: `agent-memory install claude`."

    def __init__(self) -> None:
        super().__init__(", ".join(TITLES.values()))


class DaemonState(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the daemon."""

    state: str
    """`running`, `started`, `service`, `absent`, `stopped` or `failed`."""
    told: str
    address: str = ""


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


def record_of(front: Front) -> Record:
    """What was installed where: beside the store, as the spool is."""
    return Record(front.config.spool.parent / "installation")


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
        record = record_of(self._front)
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
            for note in (*notes, *_first_uses(steps)):
                self._front.out.print(_note(note), soft_wrap=True)
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
            self._tell_end(agents, daemon)
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

    # -- the daemon --------------------------------------------------------------------------

    def _daemon(self, entry: str) -> DaemonState | None:
        """Have a daemon, now and after the next login."""
        from agent_memory.daemon.control import running

        holder = running(self._front.config.store)
        if not self._service or self._dry_run:
            return self._as_it_is(holder is not None)
        manager = services.manager_of(entry, home=self._scope.home, environ=self._scope.environ)
        try:
            if manager is not None:
                return self._as_service(manager, holder is not None)
            if holder is not None:
                told = f"The daemon runs already (process {holder.pid}). "
                return DaemonState(state="running", told=told + _NO_MANAGER, address=holder.address)
            return self._behind(_NO_MANAGER)
        except AgentMemoryError as error:
            told = f"The daemon could not be started: {error}. {hint_of(error, 'install', own_store=False)}"
            return DaemonState(state="failed", told=told)

    def _as_it_is(self, is_running: bool) -> DaemonState | None:
        if self._dry_run:
            return None
        if is_running:
            return DaemonState(state="running", told="The daemon runs already.")
        told = "No daemon runs. Start it with `agent-memory serve`; until then, what hooks are told is kept for it."
        return DaemonState(state="absent", told=told)

    def _as_service(self, manager: services.Manager, is_running: bool) -> DaemonState:
        from agent_memory.daemon.control import NotServing, wait_until_serving

        # One that was started by hand has the store open, and keeps it until it is stopped.
        by_hand = is_running and not manager.is_running()
        try:
            change = services.install(manager, start=not is_running or (not by_hand and self._is_new(manager)))
            if not by_hand:
                wait_until_serving(self._front.config.store, timeout_s=_START_S)
        except (services.ServiceFailed, NotServing) as error:
            why = f"As a service it did not start: {error}."
            if is_running:
                return DaemonState(state="running", told=f"The daemon runs already. {why}")
            return self._behind(why)
        how = "is a service already" if change.is_none else "is a service now"
        told = f"The daemon {how} ({manager.name}: {manager.path}) and starts at every login."
        if by_hand:
            told += " The one that runs was started by hand; the service takes over at the next login."
        return DaemonState(state="service", told=told)

    def _is_new(self, manager: services.Manager) -> bool:
        return not services.status(manager).is_current

    def _behind(self, why: str) -> DaemonState:
        done = _own(self._front, "serve", "--daemonize", "--json", capture=True)
        try:
            answer = json.loads(done.stdout)
        except ValueError:
            return DaemonState(state="failed", told=f"The daemon could not be started: {done.stderr.strip()}")
        if answer["error"] is not None:
            told = f"The daemon could not be started: {answer['error']['message']}. {answer['error']['hint']}"
            return DaemonState(state="failed", told=told)
        address = answer["data"]["address"]
        told = f"The daemon was started behind, at {address}; its log is {answer['data']['log']}. {why}"
        return DaemonState(state="started", told=told, address=address)

    # -- the past ----------------------------------------------------------------------------

    def _import(self, agents: Sequence[Agent], daemon: DaemonState | None) -> Imported | None:
        """Take in what the agents have on disk, by the command for that: in a process of its own."""
        if not self._past or self._dry_run:
            return None
        if daemon is None or daemon.state in ("absent", "failed"):
            return None
        words = ["import", *(agent.value for agent in agents)]
        if not self._front.as_json:
            self._front.out.print("\nNow the past; it can be interrupted, and goes on with `agent-memory import`.")
            return Imported(code=_own(self._front, *words).returncode)
        done = _own(self._front, *words, "--json", capture=True)
        try:
            return Imported(code=done.returncode, data=json.loads(done.stdout)["data"])
        except (ValueError, KeyError):
            return Imported(code=done.returncode or FAILED)

    def _tell_end(self, agents: Sequence[Agent], daemon: DaemonState | None) -> None:
        out = self._front.out
        if self._dry_run:
            out.print("\nNothing was written. Without --dry-run, the daemon is started and the past imported, too.")
            return
        if self._past and daemon is not None and daemon.state in ("absent", "failed"):
            out.print("The past was not imported, for want of a daemon: `agent-memory import` does that.")
        if not self._front.config.model.exists():
            out.print("Search is by keyword only until `agent-memory model install` has fetched the embedding model.")
        names = ", ".join(TITLES[agent] for agent in agents)
        told = f"From its next start on, {names} is" if len(agents) == 1 else f"From their next start on, {names} are"
        out.print(f"\n{told} remembered. `agent-memory doctor` checks every link.", soft_wrap=True)


_START_S = 60.0
_NO_MANAGER = (
    "Nothing on this machine starts programs at login (no systemd for this user, no launchd): after a restart, run "
    "`agent-memory serve --daemonize`."
)


class Uninstall:
    """One run of `uninstall`."""

    def __init__(self, front: Front, *, scope: Scope, dry_run: bool) -> None:
        self._front = front
        self._scope = scope
        self._dry_run = dry_run

    def run(self, named: tuple[Agent, ...]) -> int:
        record = record_of(self._front)
        agents = named or AGENTS
        if self._dry_run:
            steps = uninstalling(agents, self._scope, record)
        else:
            with record.held():
                planned = uninstalling(agents, self._scope, record)
                steps = [carry_out(step, record, install=False) for step in planned]
        if not self._front.as_json:
            show_steps(self._front, steps, record, dry_run=self._dry_run, install=False)
        # Some agents may stay, and then the daemon does.
        daemon = None if named or self._dry_run or self._scope.of_project else self._end_daemon()
        if self._front.as_json:
            files = [step_shape(step, record, dry_run=self._dry_run) for step in steps]
            builtins = msgspec.to_builtins(daemon) if daemon else None
            self._front.envelope({"dry_run": self._dry_run, "files": files, "daemon": builtins})
        else:
            if daemon is not None:
                self._front.out.print(daemon.told, soft_wrap=True)
            self._front.out.print(f"What was recorded stays: {self._front.config.store}", soft_wrap=True)
        codes = [exit_code(step.problem) for step in steps if step.problem is not None]
        if daemon is not None and daemon.state == "failed":
            codes.append(FAILED)
        return codes[0] if codes else OK

    def _end_daemon(self) -> DaemonState:
        from agent_memory.daemon.control import stop

        try:
            manager = services.manager_of(program(self._scope.environ), home=self._scope.home, environ=os.environ)
            was_service = manager is not None and services.uninstall(manager)
            holder = stop(self._front.config.store, timeout_s=self._front.config.drain_s + 60)
        except AgentMemoryError as error:
            return DaemonState(state="failed", told=f"The daemon could not be ended: {error}")
        if was_service:
            return DaemonState(state="stopped", told="The daemon was ended, and is no service any more.")
        told = f"The daemon was ended (process {holder.pid})." if holder else "No daemon was running."
        return DaemonState(state="stopped" if holder else "absent", told=told)


# -- telling -----------------------------------------------------------------------------------


def show_steps(front: Front, steps: Sequence[Step], record: Record, *, dry_run: bool, install: bool) -> None:
    """A line for each file; with *dry_run* what would change in it."""
    from rich.text import Text

    if not steps:
        front.out.print("There is nothing of ours in any settings." if not install else "There is nothing to do.")
    for step in steps:
        line = Text(f"{TITLES[step.agent]}  ", "bold").append(str(step.path), "not bold")
        front.out.print(line.append("  ").append_text(_outcome(step, dry_run=dry_run, install=install)), soft_wrap=True)
        if step.problem is not None:
            front.notes.print(Text(f"  {hint_of(step.problem, 'install', own_store=False)}", "dim"), soft_wrap=True)
        for note in step.notes:
            front.out.print(_note(note), soft_wrap=True)
        if dry_run and step.change is not None and step.problem is None and not step.is_done:
            front.out.print(_coloured(step.change.diff()), soft_wrap=True)
        elif install and not dry_run and not step.is_done and (backup := record.backup_of(step.path)):
            front.out.print(Text(f"  as it was: {backup}", "dim"), soft_wrap=True)


def step_shape(step: Step, record: Record, *, dry_run: bool) -> dict[str, object]:
    """A step as JSON."""
    changed = step.change is not None and not step.change.is_none
    state = "failed" if step.problem else "unchanged" if not changed else "would change" if dry_run else "changed"
    backup = record.backup_of(step.path)
    return {
        "agent": step.agent.value,
        "path": str(step.path),
        "holds": list(step.holds),
        "state": state,
        "diff": step.change.diff() if step.change is not None and step.problem is None else "",
        "backup": str(backup) if backup else "",
        "problem": str(step.problem) if step.problem else "",
        "notes": list(step.notes),
    }


def _outcome(step: Step, *, dry_run: bool, install: bool) -> Text:
    from rich.text import Text

    if step.problem is not None:
        return Text(str(step.problem), "red")
    if step.is_done:
        return Text("is as it should be", "dim")
    what = " and ".join({"hooks": "hooks", "mcp": "MCP server"}[name] for name in step.holds)
    gone = step.change is not None and step.change.after is None
    verb = ("removed" if gone else "given back") if not install else "added"
    return Text(f"{what} would be {verb}" if dry_run else f"{what} {verb}", "yellow" if dry_run else "green")


def _first_uses(steps: Sequence[Step]) -> list[str]:
    """What the user has to do once."""
    changed = dict.fromkeys(s.agent for s in steps if "hooks" in s.holds and not s.is_done and s.problem is None)
    return [told for agent in changed if (told := _FIRST_USE.get(agent, ""))]


def _note(told: str) -> Text:
    from rich.text import Text

    return Text(f"  {told}", "yellow")


def _coloured(diff: str) -> Text:
    from rich.text import Text

    from agent_memory.cli.safe import safe

    styles = {"+": "green", "-": "red", "@": "cyan"}
    shown = Text()
    for line in diff.splitlines():
        shown.append(safe(line) + "\n", styles.get(line[:1], ""))
    return shown


def _own(front: Front, *words: str, capture: bool = False) -> subprocess.CompletedProcess[str]:
    """Run a command of ours with the settings of this one."""
    file = front.config_file
    given = [*words, *(["--config", str(file)] if file else [])]
    return subprocess.run(
        [sys.executable, "-m", "agent_memory.cli", *given],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if capture else None,
        stderr=subprocess.PIPE if capture else None,
        encoding="utf-8",
    )
