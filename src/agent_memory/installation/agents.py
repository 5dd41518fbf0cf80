"""The six agents: how one sees that they are there, which files they read, and what ours looks like in them.

| agent | hooks | time-out | MCP server |
| Claude Code | settings.json | seconds | ~/.claude.json · .mcp.json |
| Codex | hooks.json | seconds | config.toml |
| Gemini CLI | settings.json | milliseconds | settings.json |
| Copilot CLI | hooks/agent-memory.json, a file of its own | seconds | mcp-config.json |
| OpenCode | plugins/agent-memory.js, a file of its own | – | opencode.json |
| Cursor | hooks.json, version 1 | seconds | mcp.json |

A hook ends by itself within 200 ms. The time-outs are for a machine that is busy elsewhere, and short:
the shortest that an agent takes as a whole number of its unit and that such a machine keeps.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from agent_memory.capture.importing.discovery import Homes
from agent_memory.capture.model import Agent
from agent_memory.installation.command import hook_command

AGENTS = (Agent.CLAUDE_CODE, Agent.CODEX, Agent.GEMINI, Agent.COPILOT, Agent.OPENCODE, Agent.CURSOR)

TITLES = {
    Agent.CLAUDE_CODE: "Claude Code",
    Agent.CODEX: "Codex",
    Agent.GEMINI: "Gemini CLI",
    Agent.COPILOT: "Copilot CLI",
    Agent.OPENCODE: "OpenCode",
    Agent.CURSOR: "Cursor",
}

# As their programs are called on a PATH.
_PROGRAMS = {
    Agent.CLAUDE_CODE: ("claude",),
    Agent.CODEX: ("codex",),
    Agent.GEMINI: ("gemini",),
    Agent.COPILOT: ("copilot",),
    Agent.OPENCODE: ("opencode",),
    Agent.CURSOR: ("cursor-agent", "cursor"),
}
# The variable that moves an agent's folder, and where it is without.
_HOMES = {
    Agent.CLAUDE_CODE: ("CLAUDE_CONFIG_DIR", ".claude"),
    Agent.CODEX: ("CODEX_HOME", ".codex"),
    Agent.COPILOT: ("COPILOT_HOME", ".copilot"),
    Agent.CURSOR: ("", ".cursor"),
}

_TIMEOUT_S = 5
_ASYNC_TIMEOUT_S = 10
# Claude Code gives all hooks together 1.5 s when it exits.
_END_TIMEOUT_S = 1

_TOOL_EVENTS = ("PostToolUse", "PostToolUseFailure", "AfterTool")
_CLAUDE_EVENTS = (
    "SessionStart",
    "UserPromptSubmit",
    "PostToolUse",
    "PostToolUseFailure",
    "Stop",
    "SubagentStart",
    "SubagentStop",
    "PreCompact",
    "SessionEnd",
)
# What nobody waits for: fired and forgotten, so that a tool's end is not delayed.
_CLAUDE_ASYNC = ("PostToolUse", "PostToolUseFailure", "SubagentStart")
_CODEX_EVENTS = (
    "SessionStart",
    "UserPromptSubmit",
    "PostToolUse",
    "PreCompact",
    "SubagentStart",
    "SubagentStop",
    "Stop",
)
_GEMINI_EVENTS = ("SessionStart", "BeforeAgent", "AfterTool", "AfterAgent", "PreCompress", "SessionEnd")
# Spelled so, Copilot speaks the dialect with a session id and a time in milliseconds.
_COPILOT_EVENTS = (
    "sessionStart",
    "userPromptSubmitted",
    "postToolUse",
    "postToolUseFailure",
    "agentStop",
    "subagentStart",
    "subagentStop",
    "preCompact",
    "errorOccurred",
    "sessionEnd",
)
_CURSOR_EVENTS = (
    "sessionStart",
    "beforeSubmitPrompt",
    "afterAgentResponse",
    "postToolUse",
    "postToolUseFailure",
    "subagentStart",
    "subagentStop",
    "preCompact",
    "stop",
    "sessionEnd",
)


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """Whose settings are meant: this user's, or those of the project at ``project``."""

    home: Path
    environ: Mapping[str, str]
    project: Path | None = None

    @property
    def of_project(self) -> bool:
        return self.project is not None


class Places(msgspec.Struct, frozen=True, kw_only=True):
    """The files of an agent in one scope; None where it has none."""

    hooks: Path
    server: Path | None


def user_scope(environ: Mapping[str, str] | None = None) -> Scope:
    """This user's settings."""
    return Scope(home=Path.home(), environ=dict(os.environ if environ is None else environ))


def home_of(agent: Agent, scope: Scope) -> Path:
    """The folder of this user's settings for *agent*."""
    under = Homes(home=scope.home, environ=scope.environ).under
    if agent is Agent.GEMINI:
        return under("GEMINI_CLI_HOME", "") / ".gemini"
    if agent is Agent.OPENCODE:
        own = under("XDG_CONFIG_HOME", ".config") / "opencode"
        return under("OPENCODE_CONFIG_DIR", str(own))
    return under(*_HOMES[agent])


def found_agents(scope: Scope) -> tuple[Agent, ...]:
    """The agents that are on this machine: their folder is there, or their program on the PATH."""
    path = scope.environ.get("PATH", "")
    return tuple(
        agent
        for agent in AGENTS
        if home_of(agent, scope).is_dir() or any(shutil.which(name, path=path) for name in _PROGRAMS[agent])
    )


def places(agent: Agent, scope: Scope) -> Places:
    """Where *agent* looks for hooks and MCP servers."""
    if scope.project is not None:
        return _project_places(agent, scope.project)
    home = home_of(agent, scope)
    if agent is Agent.CLAUDE_CODE:
        state = Homes(home=scope.home, environ=scope.environ).under("CLAUDE_CONFIG_DIR", "")
        return Places(hooks=home / "settings.json", server=state / ".claude.json")
    if agent is Agent.CODEX:
        return Places(hooks=home / "hooks.json", server=home / "config.toml")
    if agent is Agent.GEMINI:
        return Places(hooks=home / "settings.json", server=home / "settings.json")
    if agent is Agent.COPILOT:
        return Places(hooks=home / "hooks" / "agent-memory.json", server=home / "mcp-config.json")
    if agent is Agent.OPENCODE:
        return Places(hooks=home / "plugins" / "agent-memory.js", server=_opencode_config(home))
    return Places(hooks=home / "hooks.json", server=home / "mcp.json")


def _project_places(agent: Agent, project: Path) -> Places:
    if agent is Agent.CLAUDE_CODE:
        return Places(hooks=project / ".claude" / "settings.json", server=project / ".mcp.json")
    if agent is Agent.CODEX:
        return Places(hooks=project / ".codex" / "hooks.json", server=project / ".codex" / "config.toml")
    if agent is Agent.GEMINI:
        settings = project / ".gemini" / "settings.json"
        return Places(hooks=settings, server=settings)
    if agent is Agent.COPILOT:
        return Places(hooks=project / ".github" / "hooks" / "agent-memory.json", server=None)
    if agent is Agent.OPENCODE:
        return Places(hooks=project / ".opencode" / "plugins" / "agent-memory.js", server=_opencode_config(project))
    return Places(hooks=project / ".cursor" / "hooks.json", server=project / ".cursor" / "mcp.json")


def _opencode_config(folder: Path) -> Path:
    """The one that is there, of the two names that OpenCode reads."""
    commented = folder / "opencode.jsonc"
    return commented if commented.exists() else folder / "opencode.json"


def hooks_of(agent: Agent, entry: str) -> dict[str, Any]:
    """Our entry for each event of *agent*, which calls *entry*; none for OpenCode, whose plugin is a program."""
    command = hook_command(agent.value, entry=entry)
    if agent is Agent.CLAUDE_CODE:
        return {event: _claude(event, command) for event in _CLAUDE_EVENTS}
    if agent is Agent.CODEX:
        handler = {"type": "command", "command": command, "timeout": _TIMEOUT_S}
        return {event: {"hooks": [dict(handler)]} for event in _CODEX_EVENTS}
    if agent is Agent.GEMINI:
        named = {"name": "agent-memory", "type": "command", "command": command, "timeout": _TIMEOUT_S * 1000}
        return {event: _matching(event, dict(named)) for event in _GEMINI_EVENTS}
    if agent is Agent.COPILOT:
        return {event: {"type": "command", "bash": command, "timeoutSec": _TIMEOUT_S} for event in _COPILOT_EVENTS}
    if agent is Agent.CURSOR:
        return {event: {"command": command, "timeout": _TIMEOUT_S} for event in _CURSOR_EVENTS}
    return {}


def _claude(event: str, command: str) -> dict[str, Any]:
    if event in _CLAUDE_ASYNC:
        handler = {"type": "command", "command": command, "async": True, "timeout": _ASYNC_TIMEOUT_S}
    else:
        timeout_s = _END_TIMEOUT_S if event == "SessionEnd" else _TIMEOUT_S
        handler = {"type": "command", "command": command, "timeout": timeout_s}
    return _matching(event, handler)


def _matching(event: str, handler: dict[str, Any]) -> dict[str, Any]:
    return {"matcher": "*", "hooks": [handler]} if event in _TOOL_EVENTS else {"hooks": [handler]}


def server_of(agent: Agent, entry: str) -> tuple[str, dict[str, Any]]:
    """The member of a settings file that MCP servers belong into, and our server's entry there."""
    plain = {"command": entry, "args": ["mcp"]}
    if agent is Agent.CLAUDE_CODE:
        return "mcpServers", {"type": "stdio", **plain}
    if agent is Agent.COPILOT:
        return "mcpServers", {"type": "local", **plain, "tools": ["*"]}
    if agent is Agent.OPENCODE:
        return "mcp", {"type": "local", "command": [entry, "mcp"], "enabled": True}
    return ("mcp_servers" if agent is Agent.CODEX else "mcpServers"), plain


def root_of(agent: Agent) -> dict[str, Any]:
    """The members that a file of hooks needs besides."""
    return {"version": 1} if agent in (Agent.COPILOT, Agent.CURSOR) else {}
