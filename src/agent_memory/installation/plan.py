"""What installing and uninstalling would change, file by file, before anything is changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from agent_memory.capture.model import Agent
from agent_memory.errors import AgentMemoryError
from agent_memory.installation import codex_toml, entries
from agent_memory.installation.agents import Scope, hooks_of, places, root_of, server_of
from agent_memory.installation.command import PROGRAM
from agent_memory.installation.entries import Wanted
from agent_memory.installation.files import Change, Record, read
from agent_memory.installation.jsonc import Container, InvalidSettings, parse, plain
from agent_memory.installation.plugin import is_plugin, plugin_text

_BOM = "\ufeff"
# Agents whose own reader takes plain JSON only.
_STRICT = (Agent.CLAUDE_CODE, Agent.CODEX, Agent.CURSOR)


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One file of one agent: how it changes, or why it cannot."""

    agent: Agent
    path: Path
    holds: tuple[str, ...]
    """What of ours belongs there: `hooks`, `mcp`."""
    change: Change | None = None
    base: bytes | None = None
    """What the file is without ours; what uninstalling goes back to."""
    problem: AgentMemoryError | None = None
    notes: tuple[str, ...] = ()

    @property
    def is_done(self) -> bool:
        """Whether the file is as it should be."""
        return self.problem is None and self.change is not None and self.change.is_none


def installing(agents: Iterable[Agent], scope: Scope, record: Record, *, entry: str, with_server: bool) -> list[Step]:
    """How the settings of *agents* come to call *entry* for hooks and, *with_server*, for MCP."""
    steps = []
    for agent in agents:
        where = places(agent, scope)
        server = where.server if with_server else None
        for path in dict.fromkeys(filter(None, (where.hooks, server))):
            holds = tuple(name for name, at in (("hooks", where.hooks), ("mcp", server)) if at == path)
            steps.append(_guarded(agent, path, holds, lambda step: _install(step, record, entry)))
    return steps


def uninstalling(agents: Iterable[Agent], scope: Scope, record: Record) -> list[Step]:
    """How the settings of *agents* come to be without anything of ours, in this scope and wherever the record tells."""
    agents = tuple(agents)
    found: dict[Path, tuple[Agent, tuple[str, ...]]] = {}
    for agent in agents:
        where = places(agent, scope)
        for name, path in (("hooks", where.hooks), ("mcp", where.server)):
            if path is not None:
                found[path] = (agent, (*found.get(path, (agent, ()))[1], name))
    if not scope.of_project:
        for path, name in record.paths():
            if name in agents:
                found.setdefault(path, (Agent(name), ("hooks", "mcp")))
    steps = [
        _guarded(agent, path, holds, lambda step: _uninstall(step, record)) for path, (agent, holds) in found.items()
    ]
    return [step for step in steps if not step.is_done]


def carry_out(step: Step, record: Record, *, install: bool) -> Step:
    """Do what the step says. Of what fails the step then tells; the file is as it was."""
    if step.change is None or step.problem is not None:
        return step
    try:
        if not install:
            record.give_back(step.change)
        elif not step.change.is_none:
            record.keep(step.change, agent=step.agent.value, base=step.base)
    except AgentMemoryError as error:
        return msgspec.structs.replace(step, problem=error)
    return step


def _guarded(agent: Agent, path: Path, holds: tuple[str, ...], work: Callable[[Step], Step]) -> Step:
    step = Step(agent=agent, path=path, holds=holds)
    try:
        return work(step)
    except AgentMemoryError as error:
        return msgspec.structs.replace(step, problem=error)


def _install(step: Step, record: Record, entry: str) -> Step:
    now = read(step.path)
    if _is_plugin_file(step):
        if now is not None and not is_plugin(now):
            raise InvalidSettings(str(step.path), now[:40].decode("utf-8", "replace"), "it is another plugin's file")
        change = Change(path=step.path, before=now, after=plugin_text(entry))
        return msgspec.structs.replace(step, change=change)
    mark, text = _decoded(step.path, now)
    if step.path.suffix == ".toml":
        after = codex_toml.merged(text, server_of(step.agent, entry)[1], name=str(step.path))
        notes = _foreign_server_note(codex_toml.foreign_server(text))
    else:
        wanted = _wanted(step, entry)
        after = entries.merged(text, wanted, name=str(step.path))
        notes = (*_foreign_server_note(entries.foreign_server(text, wanted.servers_key)), *_notes(step.agent, text))
    content = (mark + after).encode()
    if after == text and now is not None:
        content = now
    is_as_written, before = record.original(step.path, now)
    base = before if is_as_written else _without_ours(step, now, record)
    change = Change(path=step.path, before=now, after=content)
    return msgspec.structs.replace(step, change=change, base=base, notes=notes)


def _uninstall(step: Step, record: Record) -> Step:
    now = read(step.path)
    # Without our name in it nothing of ours is, whatever else may be wrong with the file.
    if now is None or PROGRAM.encode() not in now or (_is_plugin_file(step) and not is_plugin(now)):
        return msgspec.structs.replace(step, change=Change(path=step.path, before=now, after=now))
    is_as_written, before = record.original(step.path, now)
    after = before if is_as_written else _without_ours(step, now, record)
    return msgspec.structs.replace(step, change=Change(path=step.path, before=now, after=after))


def _without_ours(step: Step, now: bytes | None, record: Record) -> bytes | None:
    """The file without ours, by its text. None where nothing but ours was in it."""
    if now is None or _is_plugin_file(step):
        return None
    mark, text = _decoded(step.path, now)
    if not text.strip():
        return now
    name = str(step.path)
    if step.path.suffix == ".toml":
        rest = codex_toml.without_ours(text, name=name)
        is_empty = not rest.strip()
    else:
        original = record.before(step.path)
        shown = original.decode("utf-8", "replace") if original is not None else None
        rest = entries.without_ours(text, name=name, original=shown)
        root = plain(parse(rest).root)
        is_empty = not root or root in (root_of(step.agent), {**root_of(step.agent), "hooks": {}})
    if rest == text:
        return now
    return None if is_empty and record.made(step.path) else (mark + rest).encode()


def _wanted(step: Step, entry: str) -> Wanted:
    with_hooks, with_server = "hooks" in step.holds, "mcp" in step.holds
    key, server = server_of(step.agent, entry)
    return Wanted(
        hooks=hooks_of(step.agent, entry) if with_hooks else {},
        root=root_of(step.agent) if with_hooks else {},
        servers_key=key,
        server=server if with_server else None,
    )


def _is_plugin_file(step: Step) -> bool:
    return step.path.suffix == ".js"


def _decoded(path: Path, content: bytes | None) -> tuple[str, str]:
    """The byte-order mark, if there is one, and the text behind it."""
    try:
        text = (content or b"").decode("utf-8")
    except UnicodeDecodeError as error:
        shown = (content or b"")[:20].decode("utf-8", "replace")
        raise InvalidSettings(str(path), shown, f"it is not UTF-8 (byte {error.start + 1})") from None
    mark = _BOM if text.startswith(_BOM) else ""
    return mark, text.removeprefix(_BOM)


def _foreign_server_note(is_foreign: bool) -> tuple[str, ...]:
    told = "Another program's MCP server has the name agent-memory; it was left alone, and ours not added."
    return (told,) if is_foreign else ()


def _notes(agent: Agent, text: str) -> tuple[str, ...]:
    """What in the settings keeps our hooks from being called."""
    if not text.strip():
        return ()
    document = parse(text)
    root = plain(document.root) if isinstance(document.root, Container) else {}
    notes = []
    if agent in _STRICT and not document.is_strict:
        notes.append("The file has comments or a comma behind the last item, which this agent itself may refuse.")
    notes += [told for keys, value, told in _SWITCHES if _found(root, keys) is value]
    return tuple(notes)


_SWITCHES: tuple[tuple[tuple[str, ...], bool, str], ...] = (
    (("disableAllHooks",), True, "The settings switch all hooks off: disableAllHooks is true."),
    (("hooksConfig", "enabled"), False, "The settings switch hooks off: hooksConfig.enabled is false."),
    (("tools", "enableHooks"), False, "The settings switch hooks off: tools.enableHooks is false."),
)


def _found(root: Mapping[str, Any], keys: tuple[str, ...]) -> Any:
    found: Any = root
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found
