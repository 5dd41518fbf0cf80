"""What is ours in an agent's settings: hooks and the entry of the MCP server, merged in and taken out.

Two shapes of hooks are about. Claude Code, Codex and Gemini nest them, Copilot and Cursor do not:

    {"hooks": {"Stop": [{"matcher": "*", "hooks": [{"type": "command", "command": …}]}]}}
    {"version": 1, "hooks": {"stop": [{"command": …}]}}

What belongs to others is neither moved nor rewritten: an agent that remembers whom it trusts by place
or bytes (Codex does) need not be asked again. So ours is replaced where it stands, added at the end,
and left alone where it is as it should be.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from agent_memory.installation.command import is_hook_command, is_own_program
from agent_memory.installation.edits import add, container_at, replace, take_out
from agent_memory.installation.jsonc import Container, Document, InvalidSettings, Node, parse, place, plain

SERVER_NAME = "agent-memory"
_COMMAND_KEYS = ("command", "bash", "powershell")


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a JSON settings file is to hold of ours.

    ``hooks`` are the entries by event, empty where the file holds none; ``server`` is the MCP server's
    entry and ``servers_key`` the member that it belongs into. ``root`` are members that the file needs.
    """

    hooks: Mapping[str, Any] = {}
    is_nested: bool = True
    root: Mapping[str, Any] = {}
    servers_key: str = ""
    server: Mapping[str, Any] | None = None


NOTHING = Wanted()


def merged(text: str, wanted: Wanted, *, name: str) -> str:
    """*text* with all that is *wanted* in it. Errors: `InvalidSettings`, the file called by *name*."""
    text = text if text.strip() else "{}\n"
    text = _checked(text, name)
    for key, value in wanted.root.items():
        if _node(text, (key,)) is None:
            text = add(text, (), value, key=key)
    text = _with_hooks(text, wanted, name)
    if wanted.server is not None:
        text = _with_server(text, wanted.servers_key, wanted.server, name)
    return text


def without_ours(text: str, *, name: str, original: str | None = None) -> str:
    """*text* without anything of ours. Errors: `InvalidSettings`.

    Objects and arrays that are empty then go too, unless *original*, the text before ours came in, has them.
    """
    text = _checked(text, name)
    before = parse(original.removeprefix("\ufeff")) if original and original.strip() else None
    hooks = container_at(parse(text), ("hooks",))
    for event in [item.key for item in hooks.items] if hooks and hooks.is_object else []:
        shorter = _without_hooks(text, event, keep=())
        if shorter != text:
            text = _without_empty(shorter, ("hooks", event), before)
    if hooks is not None and hooks.items:
        text = _without_empty(text, ("hooks",), before)
    for key in ("mcpServers", "mcp"):
        found = _node(text, (key, SERVER_NAME))
        if found is not None and _is_own_server(plain(found)):
            text = _without_empty(take_out(text, (key, SERVER_NAME)), (key,), before)
    return _without_empty(text, (), before)


def is_current(text: str, wanted: Wanted, *, name: str) -> bool:
    """Whether *text* holds just what is wanted. Errors: `InvalidSettings`."""
    return merged(text, wanted, name=name) == text


def foreign_server(text: str, key: str) -> bool:
    """Whether another program's MCP server has our name."""
    found = _node(text, (key, SERVER_NAME)) if text.strip() else None
    return found is not None and not _is_own_server(plain(found))


def _checked(text: str, name: str) -> str:
    document = parse(text, name=name)
    root = document.root
    if not isinstance(root, Container) or not root.is_object:
        raise InvalidSettings(name, text[:40], f"{place(text, root.start)}: an object is expected")
    return text


def _node(text: str, path: tuple[str, ...]) -> Node | None:
    container = container_at(parse(text), path[:-1])
    return container.get(path[-1]) if container is not None and container.is_object else None


def _expect(text: str, path: tuple[str, ...], *, is_object: bool, name: str) -> Container | None:
    node = _node(text, path)
    if node is None:
        return None
    if not isinstance(node, Container) or node.is_object is not is_object:
        shape = "an object" if is_object else "a list"
        problem = f"{place(text, node.start)}: {'.'.join(path)} is expected to be {shape}"
        raise InvalidSettings(name, text[node.start : node.start + 40], problem)
    return node


def _with_hooks(text: str, wanted: Wanted, name: str) -> str:
    if wanted.hooks and _expect(text, ("hooks",), is_object=True, name=name) is None:
        text = add(text, (), {}, key="hooks")
    for event, entry in wanted.hooks.items():
        listed = _expect(text, ("hooks", event), is_object=False, name=name)
        if listed is None:
            text = add(text, ("hooks",), [entry], key=event)
            continue
        entries = plain(listed)
        whole = [at for at, found in enumerate(entries) if _is_wholly_ours(found)]
        as_wanted = [at for at in whole if entries[at] == entry]
        keep = (as_wanted or whole or [-1])[0]
        if keep < 0:
            text = add(text, ("hooks", event), entry)
            keep = len(entries)
        elif not as_wanted:
            text = replace(text, ("hooks", event, keep), entry)
        text = _without_hooks(text, event, keep=(keep,))
    hooks = container_at(parse(text), ("hooks",))
    for event in [item.key for item in hooks.items] if hooks and wanted.hooks else []:
        if event not in wanted.hooks:
            # An older release asked for an event that this one leaves alone.
            shorter = _without_hooks(text, event, keep=())
            text = _without_empty(shorter, ("hooks", event), None) if shorter != text else text
    return text


def _without_hooks(text: str, event: str, *, keep: tuple[int, ...]) -> str:
    """*text* without our entries of *event*, but for those of the places *keep*."""
    listed = container_at(parse(text), ("hooks", event))
    entries = plain(listed) if listed is not None and not listed.is_object else []
    for at in reversed(range(len(entries))):
        if at in keep:
            continue
        if _is_wholly_ours(entries[at]):
            text = take_out(text, ("hooks", event, at))
            continue
        handlers = _handlers(entries[at])
        for inner in reversed(range(len(handlers))):
            if _is_own_handler(handlers[inner]):
                text = take_out(text, ("hooks", event, at, "hooks", inner))
    return text


def _without_empty(text: str, path: tuple[str, ...], before: Document | None) -> str:
    """*text* without the object or array at *path* if it is empty; as it was, if it was there *before*."""
    container = container_at(parse(text), path)
    if container is None or container.items:
        return text
    had = container_at(before, path) if before is not None else None
    if had is None or before is None:
        return take_out(text, path) if path else text
    now, then = text[container.start : container.end], before.text[had.start : had.end]
    if "".join(now.split()) != "".join(then.split()):
        return text
    return text[: container.start] + then + text[container.end :]


def _handlers(entry: Any) -> list[Any]:
    handlers = entry.get("hooks") if isinstance(entry, dict) else None
    return handlers if isinstance(handlers, list) else []


def _is_wholly_ours(entry: Any) -> bool:
    handlers = _handlers(entry)
    return all(map(_is_own_handler, handlers)) if handlers else _is_own_handler(entry)


def _is_own_handler(handler: Any) -> bool:
    return isinstance(handler, dict) and any(is_hook_command(handler.get(key)) for key in _COMMAND_KEYS)


def _with_server(text: str, key: str, server: Mapping[str, Any], name: str) -> str:
    servers = _expect(text, (key,), is_object=True, name=name)
    if servers is None:
        return add(text, (), {SERVER_NAME: dict(server)}, key=key)
    found = servers.get(SERVER_NAME)
    if found is None:
        return add(text, (key,), dict(server), key=SERVER_NAME)
    if plain(found) == dict(server) or not _is_own_server(plain(found)):
        return text
    return replace(text, (key, SERVER_NAME), dict(server))


def _is_own_server(entry: Any) -> bool:
    """Whether an MCP server's entry calls this program."""
    command = entry.get("command") if isinstance(entry, dict) else None
    words = [command, *entry.get("args", [])] if isinstance(command, str) else command
    return isinstance(words, list) and len(words) >= 2 and is_own_program(words[0]) and "mcp" in words[1:]
