"""Whether every link works, found out by using it: settings, hooks, folders, disk, clock. Changes nothing.

A hook is run as its agent would run it: the very command line of the settings, by `sh -c`, with little more
of an environment than a home. Its payload goes into a spool of its own that is removed afterwards, so it is
never captured; all else on its way is what every payload takes.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path

import msgspec

from agent_memory.capture import spool
from agent_memory.capture.model import Agent
from agent_memory.config import ENVIRONMENT_PREFIX
from agent_memory.installation import plan
from agent_memory.installation.agents import TITLES, Scope, found_agents, places
from agent_memory.installation.command import SYSTEM_PATH, is_hook_command
from agent_memory.installation.files import Record, read
from agent_memory.installation.jsonc import InvalidSettings, parse, plain

# Above the first, agents have to wait; above the second, some of them give up.
_HOOK_SLOW_S = 0.2
_HOOK_TOO_SLOW_S = 1.0
# What is slow is run again: the first time the program comes from the disk, and other work comes and goes.
_TRIES = 3
_RUN_TIMEOUT_S = 20.0
_DISK_LOW_BYTES = 1 << 30
_CLOCK_APART_S = 5.0
# When this was written: a clock that shows less has not been set.
_WRITTEN_S = 1_760_000_000

_PLUGIN_COMMAND = re.compile(r"^const COMMAND = (\[[^\n]*\])$", re.MULTILINE)


class State(StrEnum):
    """How a link is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One link: how it is, what was found, and how to mend it."""

    name: str
    state: State
    told: str
    mend: str = ""


def settings_checks(agents: Iterable[Agent], scope: Scope, record: Record, entry: str) -> list[Check]:
    """Whether the settings of each agent call this program, as this release has it."""
    return [_settings_check(step) for step in plan.installing(agents, scope, record, entry=entry, with_server=True)]


def _settings_check(step: plan.Step) -> Check:
    name, what = f"{step.agent.value} {' and '.join(step.holds)}", TITLES[step.agent]
    again = f"`agent-memory install {step.agent.value}`"
    if step.problem is not None:
        return Check(name=name, state=State.FAIL, told=str(step.problem), mend=step.problem.hint)
    if step.notes:
        return Check(name=name, state=State.WARN, told=f"{step.path}: {' '.join(step.notes)}", mend="Edit the file.")
    if step.is_done:
        return Check(name=name, state=State.OK, told=f"{step.path} is as it should be")
    has_hooks = "hooks" not in step.holds or bool(hook_commands(step.path))
    if has_hooks and step.change is not None and step.change.before is not None:
        told = f"{step.path} is of another release, or lacks something"
        return Check(name=name, state=State.WARN, told=told, mend=f"Run {again}.")
    told = f"{what} is on this machine, and {step.path} has nothing of ours"
    return Check(name=name, state=State.WARN, told=told, mend=f"Run {again} to have it remembered.")


def hook_commands(path: Path) -> list[str]:
    """The command lines of ours in a settings file, each once."""
    content = read(path)
    if content is None:
        return []
    text = content.decode("utf-8-sig", "replace")
    if path.suffix == ".js":
        found = _PLUGIN_COMMAND.search(text)
        words = json.loads(found.group(1)) if found else []
        return [shlex.join(words)] if words else []
    try:
        return list(dict.fromkeys(_commands_in(plain(parse(text or "{}", name=str(path)).root))))
    except InvalidSettings:
        return []


def _commands_in(value: object) -> list[str]:
    if isinstance(value, Mapping):
        own = [text for text in value.values() if isinstance(text, str) and is_hook_command(text)]
        return own + [text for inner in value.values() for text in _commands_in(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in _commands_in(inner)]
    return []


def hook_checks(agents: Iterable[Agent], scope: Scope) -> list[Check]:
    """Whether the hook of each agent that has one spools what it is given, and how long that takes."""
    return [
        _hook_check(agent, command, scope) for agent in agents for command in hook_commands(places(agent, scope).hooks)
    ]


def _hook_check(agent: Agent, command: str, scope: Scope) -> Check:
    took_s = _RUN_TIMEOUT_S
    for _ in range(_TRIES):
        found = _hook_run(agent, command, scope)
        if isinstance(found, Check):
            return found
        took_s = min(took_s, found)
        if took_s < _HOOK_SLOW_S:
            break
    state = State.OK if took_s < _HOOK_SLOW_S else State.WARN if took_s < _HOOK_TOO_SLOW_S else State.FAIL
    slow = "" if state is State.OK else "Look what keeps the machine or its disk busy, and run this again."
    told = f"`{command}` kept a test payload in {took_s * 1000:.0f} ms"
    return Check(name=f"{agent.value} hook runs", state=state, told=told, mend=slow)


def _hook_run(agent: Agent, command: str, scope: Scope) -> Check | float:
    """How many seconds the hook took; or what is wrong with it."""
    name, mend = f"{agent.value} hook runs", f"Run `agent-memory install {agent.value}`; then try the command by hand."
    payload = {"hook_event_name": "agent-memory doctor", "session_id": "doctor", "agent_memory_test": True}
    with tempfile.TemporaryDirectory(prefix="agent-memory-doctor-") as folder:
        environ = {"HOME": str(scope.home), "PATH": SYSTEM_PATH, "AGENT_MEMORY_SPOOL": folder}
        start = time.perf_counter()
        try:
            done = subprocess.run(
                ["sh", "-c", command],
                input=json.dumps({**payload, "cwd": folder}),
                cwd=folder,
                env=environ,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=_RUN_TIMEOUT_S,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return Check(name=name, state=State.FAIL, told=f"`{command}`: {error}", mend=mend)
        took_s = time.perf_counter() - start
        kept = spool.waiting(folder)
    if done.returncode or not kept:
        told = done.stderr.strip() or f"exit code {done.returncode}, and {len(kept)} payloads kept"
        return Check(name=name, state=State.FAIL, told=f"`{command}`: {told}", mend=mend)
    if done.stdout.strip() and not _is_json(done.stdout):
        told = f"`{command}` prints what no agent expects: {done.stdout[:80]!r}"
        return Check(name=name, state=State.FAIL, told=told, mend=mend)
    return took_s


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def server_check(entry: str, scope: Scope) -> Check:
    """Whether the MCP server answers, started as an agent would."""
    asked = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "agent-memory doctor", "version": "1"},
        },
    }
    environ = {**scope.environ, "HOME": str(scope.home), "PATH": SYSTEM_PATH, "AGENT_MEMORY_INTERNAL": "1"}
    mend = "Try `agent-memory mcp` by hand: it reads JSON-RPC, a message a line."
    start = time.perf_counter()
    try:
        done = subprocess.run(
            [entry, "mcp"],
            input=json.dumps(asked) + "\n",
            env=environ,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_RUN_TIMEOUT_S,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Check(name="mcp server", state=State.FAIL, told=f"`{entry} mcp`: {error}", mend=mend)
    took_s = time.perf_counter() - start
    for line in done.stdout.splitlines():
        if _is_json(line) and "result" in json.loads(line):
            told = f"`{entry} mcp` answered, and ended, in {took_s:.1f} s"
            return Check(name="mcp server", state=State.OK, told=told)
    said = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}, no answer"]
    return Check(name="mcp server", state=State.FAIL, told=f"`{entry} mcp`: {said[0]}", mend=mend)


def spool_check(configured: Path, scope: Scope) -> Check:
    """Whether hooks, which read no settings, leave their payloads where the daemon of these settings looks."""
    bare = {name: text for name, text in scope.environ.items() if not name.startswith(ENVIRONMENT_PREFIX)}
    here, elsewhere = spool.spool_of(scope.environ), spool.spool_of(bare)
    mend = "Set `store` or `spool` in the settings' file, and start the daemon again: it lets the hooks know."
    if Path(here) != configured:
        told = f"hooks leave payloads in {here}, the settings say {configured}"
        return Check(name="spool", state=State.FAIL, told=told, mend=mend)
    if Path(elsewhere) != configured:
        told = f"an agent that is started without this shell's variables leaves payloads in {elsewhere}"
        return Check(name="spool", state=State.WARN, told=told, mend=mend)
    return Check(name="spool", state=State.OK, told=f"hooks and settings agree on {configured}")


def permission_checks(folders: Sequence[tuple[str, Path]]) -> list[Check]:
    """Whether what was said is for its owner alone, and whether the owner may write it."""
    return [_permission_check(name, path) for name, path in folders]


def _permission_check(name: str, path: Path) -> Check:
    name = f"{name} permissions"
    try:
        about = path.stat()
    except FileNotFoundError:
        told = f"{path} does not exist yet; the daemon makes it"
        return Check(name=name, state=State.WARN, told=told, mend="Start the daemon: `agent-memory serve --daemonize`.")
    except OSError as error:
        return Check(name=name, state=State.FAIL, told=f"{path}: {error.strerror}", mend="Let its owner read it.")
    if about.st_uid != os.getuid() or not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        told, mend = f"{path} is not yours to write", f"chown -R $(id -u) {shlex.quote(str(path))}"
        return Check(name=name, state=State.FAIL, told=told, mend=f"Run `{mend}` as its owner.")
    if stat.S_IMODE(about.st_mode) & 0o077:
        mend = f"Run `chmod 700 {shlex.quote(str(path))}`."
        return Check(name=name, state=State.WARN, told=f"{path} is open to other users", mend=mend)
    return Check(name=name, state=State.OK, told=f"{path} is for you alone")


def disk_check(path: Path, *, reserve_bytes: int) -> Check:
    """Whether there is room on the store's disk."""
    there = next(folder for folder in (path, *path.parents) if folder.exists())
    free = shutil.disk_usage(there).free
    told = f"{free / (1 << 30):,.1f} GiB free at {there}"
    if free < reserve_bytes:
        told += f", less than the reserve of {reserve_bytes / (1 << 20):,.0f} MiB: appends are refused"
        return Check(name="disk", state=State.FAIL, told=told, mend="Make room, or move the store.")
    if free < max(_DISK_LOW_BYTES, 2 * reserve_bytes):
        return Check(name="disk", state=State.WARN, told=told, mend="Make room before appends are refused.")
    return Check(name="disk", state=State.OK, told=told)


def clock_check(path: Path) -> Check:
    """Whether the clock is set, and the disk's is the same: times of events and of files are compared."""
    there = next(folder for folder in (path, *path.parents) if folder.exists())
    now_s = time.time()
    if now_s < _WRITTEN_S:
        told = f"the clock shows {time.strftime('%Y-%m-%d', time.gmtime(now_s))}"
        return Check(name="clock", state=State.FAIL, told=told, mend="Set it; events without a time get the clock's.")
    try:
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(b".")
            file.flush()
            apart_s = os.fstat(file.fileno()).st_mtime - time.time()
    except OSError as error:
        return Check(name="clock", state=State.WARN, told=f"{there} takes no file: {error.strerror}", mend="See disk.")
    if abs(apart_s) > _CLOCK_APART_S:
        told = f"the clock of {there} and this machine's are {apart_s:+,.0f} s apart"
        return Check(name="clock", state=State.WARN, told=told, mend="Set both by the same time server.")
    return Check(name="clock", state=State.OK, told="is set, and the disk's agrees")


def machine_zone() -> str:
    """The IANA name of this machine's time zone; empty where it does not say."""
    import tzlocal

    try:
        return tzlocal.get_localzone_name() or ""
    except Exception:
        # A machine that says something that the zone database does not know.
        return ""


def agents_to_check(scope: Scope, record: Record) -> tuple[Agent, ...]:
    """Those that are on this machine, and those that were installed."""
    installed = {Agent(name) for _, name in record.paths()}
    there = found_agents(scope)
    return tuple(agent for agent in TITLES if agent in there or agent in installed)
