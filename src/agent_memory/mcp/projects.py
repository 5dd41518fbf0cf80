"""Which projects an agent means: it knows the folder that it works in, or what people call it."""

from __future__ import annotations

import asyncio
import difflib

from agent_memory.capture.project import project_of
from agent_memory.errors import InvalidQuery
from agent_memory.mcp.lines import short_project
from agent_memory.memory import Memory

_SHOWN_MAX = 5
_ALIKE_MAX = 3


async def projects_of(memory: Memory, given: str) -> tuple[str, ...]:
    """The projects of the store that *given* means; none means any.

    It is a project by its whole name, by the last part of it, or a folder inside one or a worktree of it.
    Errors: `InvalidQuery`, naming those that there are.
    """
    given = given.strip()
    if not given:
        return ()
    known = await known_projects(memory)
    if given in known:
        return (given,)
    folder = _folder(given)
    root = await asyncio.to_thread(project_of, given)
    if root in known:
        return (root,)
    inside = [one for one in known if _folder(one) and (folder + "/").startswith(_folder(one) + "/")]
    if inside:
        # The innermost: a repository may hold another.
        return (max(inside, key=len),)
    named = [one for one in known if short_project(one).lower() == short_project(given).lower()]
    if named and "/" not in folder:
        return tuple(named)
    raise InvalidQuery("project", given, "nothing is remembered of it", hint=_hint(given, known, named))


async def known_projects(memory: Memory) -> list[str]:
    """Every project that an event is of, those of the newest year first."""
    years = (await memory.root()).years
    return list(dict.fromkeys(name for year in reversed(years) for name in sorted(year.projects) if name))


def _folder(project: str) -> str:
    return project.replace("\\", "/").rstrip("/")


def _hint(given: str, known: list[str], named: list[str]) -> str:
    if not known:
        return "Leave it out: no event has a project."
    shorts = {short_project(one).lower(): one for one in reversed(known)}
    near = [shorts[name] for name in difflib.get_close_matches(short_project(given).lower(), shorts, _ALIKE_MAX)]
    if alike := list(dict.fromkeys([*named, *near])):
        return f"Perhaps {' or '.join(alike[:_ALIKE_MAX])}? Or leave it out, for every project."
    return f"Leave it out, for every project. There are, for example, {', '.join(known[:_SHOWN_MAX])}."
