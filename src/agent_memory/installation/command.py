"""The commands that are written into other programs' settings: short, constant, found from any PATH.

An agent runs a hook with the PATH that it has itself, and one that is started from a desktop has
little more than the system's. So the bare name is written only where the system's own PATH finds this
very installation by it; else the absolute path by which the user's PATH finds it, links unresolved
(`pipx` and `uv tool` keep those over upgrades), else the one beside this interpreter. The same
installation thus always writes the same line, which matters to an agent that trusts a hook by its bytes.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from agent_memory.errors import NotFound

SYSTEM_PATH = os.pathsep.join(("/usr/local/bin", "/usr/bin", "/bin"))
"""Where a program is looked for that got nothing of a login shell."""

PROGRAM = "agent-memory"
HOOK_PROGRAM = "agent-memory-hook"


class UnknownEntryPoint(NotFound):
    """The installed program has lost its command."""

    noun = "entry point"
    hint = "Install the package again, so that its commands are made: `pip install --force-reinstall agent-memory`."


def program(environ: Mapping[str, str]) -> str:
    """How the program of this installation is called from anywhere. Errors: `UnknownEntryPoint`."""
    own = Path(sys.executable).parent / PROGRAM
    if not os.access(own, os.X_OK):
        found = shutil.which(PROGRAM, path=environ.get("PATH", ""))
        if found is None:
            raise UnknownEntryPoint(PROGRAM)
        own = Path(found)
    if _is_same(shutil.which(PROGRAM, path=SYSTEM_PATH), own):
        return PROGRAM
    for folder in environ.get("PATH", "").split(os.pathsep):
        link = Path(folder) / PROGRAM
        if link.is_absolute() and link.is_symlink() and _is_same(str(link), own):
            return str(link)
    return str(own)


def is_on_path(environ: Mapping[str, str]) -> bool:
    """Whether the bare name finds the program, from a shell of this user."""
    return shutil.which(PROGRAM, path=environ.get("PATH", "")) is not None


def hook_command(agent: str, *, entry: str) -> str:
    """The line that an agent runs for each of its events, for `sh -c`."""
    return f"{shlex.quote(entry)} hook {agent}"


def is_hook_command(command: object) -> bool:
    """Whether a hook's command line is one of ours, of this release or an older one, wherever it is installed."""
    if not isinstance(command, str) or PROGRAM not in command:
        return False
    try:
        words = shlex.split(command)
    except ValueError:
        return False
    if len(words) == 2:
        return Path(words[0]).name == HOOK_PROGRAM
    return len(words) == 3 and Path(words[0]).name == PROGRAM and words[1] == "hook"


def is_own_program(word: object) -> bool:
    """Whether *word* names this program."""
    return isinstance(word, str) and Path(word).name == PROGRAM


def _is_same(found: str | None, own: Path) -> bool:
    return found is not None and Path(found).resolve() == own.resolve()
