"""Which project a folder belongs to: the root of its repository.

    a repository's folder, or one below it   the folder that holds `.git`
    a worktree                               the root of the repository it is a worktree of: all are one project
    a worktree of a bare repository          the bare repository, or the folder around it if it hides in one (`.bare`)
    a submodule                              its own root: it is a repository that others contain, too
    outside of any repository                the folder itself
    a folder that has gone                   the repository that it lay in, if that is still there; else the folder

A path that is too long to be an event's project ends in a digest of all of it.

A repository in the home folder itself (people keep their dotfiles so) is not the project of all that is below.
Only a few small files of `.git` are read; no other program is run.
"""

from __future__ import annotations

import configparser
import os
from pathlib import Path

from agent_memory.capture.payloads import as_name
from agent_memory.events import EventLimits

# What git writes there is one line; a file that is longer is something else.
_POINTER_BYTES_MAX = 4096
_CONFIG_BYTES_MAX = 1 << 20
_REMEMBERED_MAX = 4096
_PROJECT_BYTES_MAX = EventLimits().name_bytes_max


class Projects:
    """Projects of folders, each looked up once: for one run over many events."""

    def __init__(self, *, home: Path | None = None) -> None:
        self._home = home
        self._known: dict[str, str] = {}

    def of(self, folder: str) -> str:
        """As `project_of`."""
        project = self._known.get(folder)
        if project is None:
            if len(self._known) >= _REMEMBERED_MAX:
                self._known.clear()
            project = self._known[folder] = project_of(folder, home=self._home)
        return project


def project_of(folder: str, *, home: Path | None = None) -> str:
    """The project of what happened in *folder*, as the module's docstring has it; empty for an empty one.

    *home* is the user's home folder by default.
    """
    project = _found(folder, home)
    encoded = project.encode("utf-8", "surrogatepass")
    return project if len(encoded) <= _PROJECT_BYTES_MAX else as_name(project, bytes_max=_PROJECT_BYTES_MAX)


def _found(folder: str, home: Path | None) -> str:
    if "\0" in folder or not Path(folder).is_absolute():
        # Another system's path, or none: there is nothing here to look at.
        return folder
    path, home = _normal(Path(folder)), _normal(home if home is not None else Path.home())
    for at in (path, *path.parents):
        if (at != home or at == path) and (root := _root_at(at)) is not None:
            return str(root)
    return str(path)


def _root_at(folder: Path) -> Path | None:
    """The root of the repository that *folder* is the top of; None where it is none."""
    git = folder / ".git"
    pointer = _first_line(git)
    if not pointer.startswith("gitdir:"):
        # An empty folder of that name is no repository.
        return folder if _exists(git / "HEAD") else None
    target = _normal(folder / pointer.removeprefix("gitdir:").strip())
    common = _first_line(target / "commondir")
    # Without: a submodule, or a repository whose folder was put elsewhere. Its own root is this one.
    return (_main_root(_normal(target / common)) if common else None) or folder


def _main_root(common: Path) -> Path | None:
    """The root that worktrees of the repository in *common* have in common."""
    if common.name == ".git":
        return common.parent
    if worktree := _configured_worktree(common):
        return _normal(common / worktree)
    if not _exists(common):
        return None
    # `.bare` within the folder that its worktrees are in is a habit; the folder is what people call the project.
    return common.parent if common.name.startswith(".") else common


def _configured_worktree(common: Path) -> str:
    """Where a submodule's repository says that its files are."""
    text = _read(common / "config", _CONFIG_BYTES_MAX)
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
    try:
        parser.read_string("\n".join(line.strip() for line in text.splitlines()))
    except configparser.Error:
        return ""
    return parser.get("core", "worktree", fallback="") or ""


def _normal(path: Path) -> Path:
    # Without following links: a project is called as its people call it.
    return Path(os.path.normpath(path))


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _first_line(file: Path) -> str:
    return _read(file, _POINTER_BYTES_MAX).partition("\n")[0].strip()


def _read(file: Path, bytes_max: int) -> str:
    try:
        with file.open("rb") as opened:
            return opened.read(bytes_max).decode("utf-8", "replace")
    except (OSError, ValueError):
        return ""
