"""`agent-memory doctor`: whether every link works, from an agent's settings to the store."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from agent_memory.cli.ending import FAILED, OK
from agent_memory.cli.front import Front, front

if TYPE_CHECKING:
    from pathlib import Path

    from agent_memory.installation.agents import Scope
    from agent_memory.installation.checks import Check
    from agent_memory.memory import Status

# Longer than this nothing waits in a spool that is drained, or before a view that takes it in.
_LATE_S = 60.0


@click.command("doctor", short_help="Check every link by using it.")
@click.option("--ask-model", is_flag=True, help="Ask the language model of the summaries, too, if one is configured.")
@front(store=False)
def command(front: Front, ask_model: bool) -> int:
    """Check every link by using it: settings, hooks, MCP server, daemon, spool, model, folders, clock.

    Each hook is run as its agent would run it, with a test payload that is never captured. Changes
    nothing. Exit code 1 if something fails; warnings do not.
    """
    import msgspec

    checks = list(_checks(front, ask_model=ask_model))
    healthy = all(check.state.value != "fail" for check in checks)
    if front.as_json:
        front.envelope({"healthy": healthy, "checks": msgspec.to_builtins(checks)})
    else:
        _show(front, checks)
    return OK if healthy else FAILED


def _checks(front: Front, *, ask_model: bool) -> Iterator[Check]:
    from agent_memory.cli.installing import record_of
    from agent_memory.cli.model_check import language_model_checks
    from agent_memory.installation import checks
    from agent_memory.installation.agents import user_scope
    from agent_memory.installation.checks import Check, State
    from agent_memory.installation.command import UnknownEntryPoint, program

    config, scope, record = front.config, user_scope(), record_of()
    try:
        entry = program(scope.environ)
    except UnknownEntryPoint as error:
        yield Check(name="program", state=State.FAIL, told=str(error), mend=error.hint)
        return
    yield Check(name="program", state=State.OK, told=f"settings call it {entry}")
    agents = checks.agents_to_check(scope, record)
    if not agents:
        told = "no agent was found on this machine"
        yield Check(name="agents", state=State.WARN, told=told, mend="Name one: `agent-memory install claude`.")
    yield from checks.settings_checks(agents, scope, record, entry)
    yield from checks.hook_checks(agents, scope)
    yield checks.server_check(entry, scope)
    yield _service_check(entry, scope)
    yield checks.spool_check(config.spool, scope)
    yield from _daemon_checks(front)
    yield from language_model_checks(config, ask=ask_model)
    yield from checks.permission_checks((("store", config.store), ("spool", config.spool)))
    yield checks.disk_check(config.store, reserve_bytes=config.disk_reserve_bytes)
    yield checks.clock_check(config.store)


def _service_check(entry: str, scope: Scope) -> Check:
    from agent_memory.installation import services
    from agent_memory.installation.checks import Check, State

    manager = services.manager_of(entry, home=scope.home, environ=scope.environ)
    found = services.status(manager)
    if manager is None:
        told = "nothing on this machine starts programs at login: no systemd for this user, no launchd"
        mend = "After a restart run `agent-memory serve --daemonize`."
        return Check(name="service", state=State.WARN, told=told, mend=mend)
    mend = "Run `agent-memory service install`."
    if not found.is_installed:
        return Check(name="service", state=State.WARN, told="the daemon is no service", mend=mend)
    if not found.is_current:
        told = f"{found.path} is of another release or other settings"
        return Check(name="service", state=State.WARN, told=told, mend=mend)
    if not found.is_running:
        return Check(name="service", state=State.WARN, told=f"{found.path} is not running", mend=mend)
    return Check(name="service", state=State.OK, told=f"{found.path} is running")


def _daemon_checks(front: Front) -> Iterator[Check]:
    from pathlib import Path

    from agent_memory.cli.daemon_start import other_version, status_where_set
    from agent_memory.daemon.control import running
    from agent_memory.errors import AgentMemoryError
    from agent_memory.installation.checks import Check, State

    config = front.config
    holder = running(config.store)
    try:
        status = status_where_set(front)
    except (AgentMemoryError, TimeoutError) as error:
        if holder is None:
            told = "no daemon runs"
            mend = "Start it: `agent-memory serve --daemonize`, or `agent-memory service install`."
        else:
            told = f"{holder} has the store open and does not answer at {config.address}: {error}"
            mend = "If it serves another address, set `address`; else `agent-memory stop`, and start it again."
        yield Check(name="daemon", state=State.FAIL, told=told, mend=mend)
        yield from _undrained_checks(config.spool)
        yield _model_check(front, status=None)
        return
    if Path(status.store_path) != config.store:
        own = f"{holder} has that open" if holder else "no daemon has that open"
        told = f"at {config.address} is the daemon of {status.store_path}; the settings say {config.store}, and {own}"
        mend = "Give the two stores addresses of their own, and start a daemon for this one."
        # How well another store is says nothing of this one.
        yield Check(name="daemon", state=State.FAIL, told=told, mend=mend)
        yield from _undrained_checks(config.spool)
        yield _model_check(front, status=None)
        return
    told = f"answers at {config.address}, {status.event_count:,} events"
    if version := other_version(status):
        told, mend = f"{told}; it is still of release {version}", "Start it again: `agent-memory stop`, then serve."
        yield Check(name="daemon", state=State.WARN, told=told, mend=mend)
    else:
        yield Check(name="daemon", state=State.OK, told=told)
    yield from _spool_checks(status)
    yield from _view_checks(status)
    yield _model_check(front, status=status)
    yield _time_zone_check(status)


def _undrained_checks(folder: Path) -> Iterator[Check]:
    """What waits while nobody takes it in."""
    from agent_memory.capture import spool
    from agent_memory.installation.checks import Check, State

    if count := len(spool.waiting(str(folder))):
        told = f"{count:,} {'payload waits' if count == 1 else 'payloads wait'} in {folder}"
        mend = "None of them is lost; the daemon takes them in when it runs."
        yield Check(name="spool drained", state=State.WARN, told=told, mend=mend)


def _spool_checks(status: Status) -> Iterator[Check]:
    from agent_memory.installation.checks import Check, State

    found = status.spool
    if found.error:
        mend = "`agent-memory status` and the daemon's log tell more; nothing that waits is lost."
        yield Check(name="spool drained", state=State.FAIL, told=found.error, mend=mend)
    elif found.waiting and found.oldest_waiting_s > _LATE_S:
        told = f"{found.waiting:,} payloads wait, the oldest for {found.oldest_waiting_s:,.0f} s"
        yield Check(name="spool drained", state=State.FAIL, told=told, mend="See the daemon's log; start it again.")
    else:
        told = f"{found.drained:,} payloads were taken in, {found.waiting:,} wait"
        yield Check(name="spool drained", state=State.OK, told=told)
    if found.refused or found.lost:
        told = f"{found.refused:,} payloads were set aside, {found.lost:,} could not be kept"
        mend = f"Those set aside are in {found.path}/refused, each with why."
        yield Check(name="spool losses", state=State.WARN, told=told, mend=mend)
    if found.paused:
        yield Check(name="capture", state=State.WARN, told="is paused", mend="Run `agent-memory resume`.")


def _view_checks(status: Status) -> Iterator[Check]:
    from agent_memory.installation.checks import Check, State

    if status.append_error:
        told = f"appends fail: {status.append_error}"
        yield Check(
            name="log", state=State.FAIL, told=told, mend="Look at the disk; appends go on once it takes writes."
        )
    late = [view for view in status.views if view.state.value == "failed"]
    for view in late:
        mend = f"See `agent-memory status`; `agent-memory replay {view.name}` builds it anew."
        yield Check(name=f"view {view.name}", state=State.FAIL, told=view.error or "has failed", mend=mend)
    if not late:
        behind = max((view.lag for view in status.views if view.state.value == "live"), default=0)
        told = f"{len(status.views)} views" + (f", {behind:,} entries behind at most" if behind else ", up to date")
        yield Check(name="views", state=State.OK, told=told)


def _model_check(front: Front, *, status: Status | None) -> Check:
    from agent_memory.errors import AgentMemoryError
    from agent_memory.installation.checks import Check, State

    folder = front.config.model
    if not folder.exists():
        told = f"{folder} does not exist: search is by keyword only"
        mend = "Run `agent-memory model install`, then start the daemon again."
        return Check(name="model", state=State.WARN, told=told, mend=mend)
    from agent_memory.inference.model_install import show_model

    try:
        info = show_model(folder)
    except AgentMemoryError as error:
        return Check(name="model", state=State.FAIL, told=str(error), mend=error.hint)
    if status is not None and not status.model_id:
        told = "the daemon was started before the model was there"
        return Check(name="model", state=State.WARN, told=told, mend="Start the daemon again.")
    return Check(name="model", state=State.OK, told=f"{info.id} in {folder}")


def _time_zone_check(status: Status) -> Check:
    from agent_memory.installation.checks import Check, State, machine_zone

    here = machine_zone()
    if here and here != status.time_zone:
        told = f"the store's days are days of {status.time_zone}, this machine is in {here}"
        mend = "On a journey that is as it should be; a store keeps the zone it was made with."
        return Check(name="time zone", state=State.WARN, told=told, mend=mend)
    return Check(name="time zone", state=State.OK, told=status.time_zone)


def _show(front: Front, checks: list[Check]) -> None:
    from rich.table import Table
    from rich.text import Text

    from agent_memory.cli.terminal import counted, stored

    styles = {"ok": "green", "warn": "yellow", "fail": "bold red"}
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for check in checks:
        told = stored(check.told)
        if check.mend:
            told.append("\n").append_text(stored(check.mend, "dim"))
        table.add_row(Text(check.state.value, styles[check.state.value]), check.name, told)
    front.out.print(table)
    counts = [sum(check.state.value == state for check in checks) for state in ("fail", "warn")]
    summary = f"\n{counted(counts[0], 'failure')}, {counted(counts[1], 'warning')}."
    front.out.print(Text(summary, "bold red" if counts[0] else "yellow" if counts[1] else "green"))
