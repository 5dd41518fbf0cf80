"""Where each agent keeps its history, by its own rules: its variables first, then the home folder.

    claude-code  $CLAUDE_CONFIG_DIR, or ~/.claude and ~/.config/claude: projects/**/*.jsonl, sub-agents included
    codex        $CODEX_HOME or ~/.codex: sessions/ and archived_sessions/, rollout-*.jsonl in folders by day
    gemini       $GEMINI_CLI_HOME or ~, .gemini/tmp/<project>/chats/: *.jsonl, and *.json of older releases
    copilot      $COPILOT_HOME or ~/.copilot: session-state/<id>/events.jsonl, and what older releases left
    opencode     $OPENCODE_DB, or opencode*.db in $XDG_DATA_HOME/opencode or ~/.local/share/opencode;
                 storage/session/<project>/*.json of older releases, unless a store has taken them in
    cursor       ~/.cursor and $CURSOR_CONFIG_DIR: chats/*/*/store.db, projects/*/agent-transcripts/**/*.jsonl;
                 the editor's globalStorage/state.vscdb

Where a conversation is kept twice, both are read: its events are known by what they say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from agent_memory.capture.importing.formats import Form, History
from agent_memory.capture.model import Agent

_EDITOR_FOLDERS = (".config/Cursor", "Library/Application Support/Cursor", "AppData/Roaming/Cursor")


class Homes:
    """The places of one user on one machine."""

    def __init__(self, *, home: Path, environ: Mapping[str, str]) -> None:
        self._home = home
        self._environ = environ

    def histories(self, agents: Iterable[Agent]) -> list[History]:
        """Everything that these agents have left, oldest first by when it was last written."""
        found = {history.name: history for agent in agents if agent in _FINDERS for history in _FINDERS[agent](self)}
        return sorted(found.values(), key=lambda history: (_modified(history.path), history.name))

    def folders(self, agent: Agent) -> list[Path]:
        """Where an agent's history is looked for, whether or not there is any."""
        return _FOLDERS[agent](self) if agent in _FOLDERS else []

    def under(self, variable: str, default: str) -> Path:
        """The folder that *variable* names; without it, *default* in the home folder."""
        return self._named(variable) or self._home / default

    def _named(self, variable: str) -> Path | None:
        value = self._environ.get(variable, "").strip()
        if not value:
            return None
        path = Path(value)
        return self._home / value.removeprefix("~/") if value.startswith("~/") else path if path.is_absolute() else None

    # -- by agent --------------------------------------------------------------------------------

    def _claude_code(self) -> Iterator[History]:
        for folder in self._claude_code_folders():
            yield from _each(Agent.CLAUDE_CODE, Form.LINES, folder.glob("**/*.jsonl"))

    def _claude_code_folders(self) -> list[Path]:
        if named := self._named("CLAUDE_CONFIG_DIR"):
            return [named / "projects"]
        config = self.under("XDG_CONFIG_HOME", ".config")
        return [self._home / ".claude" / "projects", config / "claude" / "projects"]

    def _codex(self) -> Iterator[History]:
        for folder in self._codex_folders():
            yield from _each(Agent.CODEX, Form.LINES, folder.glob("**/rollout-*.jsonl"))

    def _codex_folders(self) -> list[Path]:
        folder = self.under("CODEX_HOME", ".codex")
        return [folder / "sessions", folder / "archived_sessions"]

    def _gemini(self) -> Iterator[History]:
        for folder in self._gemini_folders():
            yield from _each(Agent.GEMINI, Form.LINES, folder.glob("*/chats/**/*.jsonl"))
            yield from _each(Agent.GEMINI, Form.DOCUMENT, folder.glob("*/chats/**/*.json"))

    def _gemini_folders(self) -> list[Path]:
        return [(self._named("GEMINI_CLI_HOME") or self._home) / ".gemini" / "tmp"]

    def _copilot(self) -> Iterator[History]:
        for folder in self._copilot_folders():
            yield from _each(Agent.COPILOT, Form.LINES, folder.glob("*/events.jsonl"))
            yield from _each(Agent.COPILOT, Form.LINES, folder.glob("*.jsonl"))

    def _copilot_folders(self) -> list[Path]:
        folder = self.under("COPILOT_HOME", ".copilot")
        return [folder / "session-state", folder / "history-session-state"]

    def _opencode(self) -> Iterator[History]:
        folder = self._opencode_folder()
        stores = [path for path in self._opencode_stores() if path.is_file()]
        yield from _each(Agent.OPENCODE, Form.DATABASE, stores)
        # The first start of a release that has a store takes the older files into it and leaves them there.
        yield from _each(Agent.OPENCODE, Form.FOLDER, folder.glob("storage/session/*/*.json"))

    def _opencode_stores(self) -> Iterable[Path]:
        folder, named = self._opencode_folder(), self._environ.get("OPENCODE_DB", "").strip()
        if named == ":memory:":
            return []
        return [folder / named] if named else sorted(folder.glob("opencode*.db"))

    def _opencode_folder(self) -> Path:
        return self.under("XDG_DATA_HOME", ".local/share") / "opencode"

    def _opencode_folders(self) -> list[Path]:
        return [self._opencode_folder()]

    def _cursor(self) -> Iterator[History]:
        for folder in self._cursor_folders():
            yield from _each(Agent.CURSOR, Form.DATABASE, folder.glob("chats/*/*/store.db"))
            yield from _each(Agent.CURSOR, Form.LINES, folder.glob("projects/*/agent-transcripts/**/*.jsonl"))
            yield from _each(Agent.CURSOR, Form.DATABASE, folder.glob("User/globalStorage/state.vscdb"))

    def _cursor_folders(self) -> list[Path]:
        config = self.under("XDG_CONFIG_HOME", ".config")
        agents = [self._home / ".cursor", config / "cursor"]
        if named := self._named("CURSOR_CONFIG_DIR"):
            agents.insert(0, named)
        editors = [self._home / folder for folder in _EDITOR_FOLDERS]
        return list(dict.fromkeys([*agents, *editors, config / "Cursor"]))


_FINDERS: dict[Agent, Callable[[Homes], Iterator[History]]] = {
    Agent.CLAUDE_CODE: Homes._claude_code,
    Agent.CODEX: Homes._codex,
    Agent.GEMINI: Homes._gemini,
    Agent.COPILOT: Homes._copilot,
    Agent.OPENCODE: Homes._opencode,
    Agent.CURSOR: Homes._cursor,
}
_FOLDERS: dict[Agent, Callable[[Homes], list[Path]]] = {
    Agent.CLAUDE_CODE: Homes._claude_code_folders,
    Agent.CODEX: Homes._codex_folders,
    Agent.GEMINI: Homes._gemini_folders,
    Agent.COPILOT: Homes._copilot_folders,
    Agent.OPENCODE: Homes._opencode_folders,
    Agent.CURSOR: Homes._cursor_folders,
}
DISCOVERED = tuple(_FINDERS)
"""The agents whose history is found by itself; of the others, a file must be named."""


def _each(agent: Agent, form: Form, paths: Iterable[Path]) -> Iterator[History]:
    """A folder that cannot be read has none."""
    iterator = iter(paths)
    while True:
        try:
            path = next(iterator)
        except (StopIteration, OSError):
            return
        if form is not Form.LINES or path.is_file():
            yield History(agent=agent, form=form, path=path)


def _modified(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
