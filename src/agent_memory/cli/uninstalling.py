"""The work of `uninstall`: plan, change, end, tell."""

from __future__ import annotations

import os

import msgspec

from agent_memory.capture.model import Agent
from agent_memory.cli.daemon_start import DaemonState
from agent_memory.cli.ending import FAILED, OK, exit_code
from agent_memory.cli.front import Front
from agent_memory.cli.installing import record_of
from agent_memory.cli.step_view import show_steps, step_shape
from agent_memory.errors import AgentMemoryError
from agent_memory.installation import services
from agent_memory.installation.agents import AGENTS, Scope
from agent_memory.installation.command import program
from agent_memory.installation.plan import carry_out, uninstalling


class Uninstall:
    """One run of `uninstall`."""

    def __init__(self, front: Front, *, scope: Scope, dry_run: bool) -> None:
        self._front = front
        self._scope = scope
        self._dry_run = dry_run

    def run(self, named: tuple[Agent, ...]) -> int:
        record = record_of()
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
            if self._front.config.store.exists():
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
