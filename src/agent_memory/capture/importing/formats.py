"""What kinds of history there are: which reader reads them, and how records come out of them."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from agent_memory.capture.histories import HistoryReader, Place, Record
from agent_memory.capture.importing.decoding import document_records
from agent_memory.capture.model import Agent, Captured, Told


class Form(StrEnum):
    """How a history is kept."""

    LINES = "lines"
    DOCUMENT = "document"
    DATABASE = "database"
    FOLDER = "folder"


class History(msgspec.Struct, frozen=True, kw_only=True):
    """A history that was found. ``member`` names the file within an archive at ``path``."""

    agent: Agent
    form: Form
    path: Path
    member: str = ""

    @property
    def name(self) -> str:
        """How it is called in reports, and known by: its path, with the member behind a `!`."""
        return f"{self.path}!{self.member}" if self.member else str(self.path)


NO_ORIGINS: Mapping[bytes, str] = {}

_READERS = {
    Agent.CLAUDE_CODE: ("claude_code", "ClaudeCodeHistory"),
    Agent.CODEX: ("codex", "CodexHistory"),
    Agent.GEMINI: ("gemini", "GeminiHistory"),
    Agent.COPILOT: ("copilot", "CopilotHistory"),
    Agent.OPENCODE: ("opencode", "OpenCodeHistory"),
    Agent.CURSOR: ("cursor", "CursorHistory"),
    Agent.CHATGPT: ("chatgpt", "ChatGptHistory"),
    Agent.CLAUDE_AI: ("claude_ai", "ClaudeAiHistory"),
}


def new_reader(
    history: History,
    *,
    modified_ms: int,
    origins: Mapping[bytes, str] = NO_ORIGINS,
    earlier: tuple[Captured, ...] = (),
) -> HistoryReader:
    """A reader for the history, at its beginning. For *origins* and *earlier* see `Place`."""
    name = _READERS[history.agent][1]
    path = history.path / history.member if history.member else history.path
    module = _module(history.agent)
    make: Callable[[Place], HistoryReader] = getattr(module, name)
    folder = module.folder_of(history.path) if hasattr(module, "folder_of") else ""
    return make(Place(path=path, modified_ms=modified_ms, folder=folder, origins=origins, earlier=earlier))


def origins_of(history: History) -> dict[bytes, str]:
    """Whose the lines are that the history copied from others that lie beside it."""
    module = _module(history.agent)
    return module.origins_in(history.path) if hasattr(module, "origins_in") else {}


def copied_from(history: History) -> History | None:
    """The history that this one begins with a copy of, if that is still there. Errors: `OSError`."""
    module = _module(history.agent)
    path = module.copied_from(history.path) if hasattr(module, "copied_from") and not history.member else None
    return History(agent=history.agent, form=history.form, path=path) if path else None


def records_of(history: History) -> Iterator[Record | Told]:
    """All records of a history that is no file of lines. Errors: `OSError`; `ValueError` for what is none."""
    if history.form is Form.DATABASE:
        yield from _module(history.agent).records(history.path)
    elif history.form is Form.FOLDER:
        yield from _module(history.agent).storage_records(history.path)
    else:
        with opened(history) as file:
            yield from document_records(file)


@contextmanager
def opened(history: History) -> Iterator[BinaryIO]:
    """The bytes of a history that is one file. Errors: `OSError`, `zipfile.BadZipFile`."""
    if not history.member:
        with history.path.open("rb", buffering=1 << 20) as file:
            yield file
        return
    with zipfile.ZipFile(history.path) as archive, archive.open(history.member) as member:
        yield member  # type: ignore[misc]  # reads as a binary file does


def files_of(history: History) -> list[Path]:
    """The files that a history lies in, which change if it does."""
    if history.form is Form.FOLDER:
        return [history.path, *_module(history.agent).storage_files(history.path)]
    if history.form is Form.DATABASE:
        # What was committed last is in the log beside the store.
        return [history.path, history.path.with_name(history.path.name + "-wal")]
    return [history.path]


def _module(agent: Agent) -> Any:
    # Not before it is needed: a command that imports one agent's history pays for no other's.
    return import_module(f"agent_memory.capture.histories.{_READERS[agent][0]}")
