"""Names in a filter that the store does not know: told when nothing was found, with those that look alike."""

from __future__ import annotations

import difflib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from agent_memory.errors import NotFound

if TYPE_CHECKING:
    from agent_memory.cli.front import Front
    from agent_memory.memory import Filter, Memory

_SESSIONS_MAX = 1_000
"""How many of the newest sessions are looked at for ids that look alike."""

_ALIKE_MAX = 3
_LOOKED_AT_MAX = 200
"""Characters of a name: the time it takes grows with the square of them."""


async def tell_of_unknown(front: Front, memory: Memory, where: Filter) -> None:
    """On stderr, a line for each agent, project and session of *where* that has no event."""
    from agent_memory.cli.safe import safe

    async for line in _unknown(memory, where):
        front.notes.print(safe(line, one_line=True), style="yellow", soft_wrap=True)


async def _unknown(memory: Memory, where: Filter) -> AsyncIterator[str]:
    from agent_memory.memory import Filter

    unknown = {
        "agent": [name for name in where.agents if not await _has(memory, Filter(agents=(name,)))],
        "project": [name for name in where.projects if not await _has(memory, Filter(projects=(name,)))],
        "session": [id for id in where.sessions if not await _is_session(memory, id)],
    }
    known: dict[str, list[str]] = {"agent": [], "project": [], "session": []}
    if unknown["agent"] or unknown["project"]:
        years = (await memory.root()).years
        known["agent"] = sorted({name for year in years for name in year.agents if name})
        known["project"] = sorted({name for year in years for name in year.projects if name})
    if unknown["session"]:
        page = await memory.sessions(newest_first=True, limit=_SESSIONS_MAX)
        known["session"] = [session.id for session in page.items]
    for what, names in unknown.items():
        for name in names:
            yield f"There is no {what} {name!r}.{_alike(name, known[what])}"


async def _has(memory: Memory, where: Filter) -> bool:
    return bool((await memory.sessions(where=where, limit=1)).items)


async def _is_session(memory: Memory, id: str) -> bool:
    try:
        await memory.session(id)
    except NotFound:
        return False
    return True


def _alike(name: str, known: list[str]) -> str:
    """What may have been meant: names that hold it, then those that are written alike; else a few that there are."""
    low = name.lower()[:_LOOKED_AT_MAX]
    by_low = {one.lower()[:_LOOKED_AT_MAX]: one for one in reversed(known)}
    holding = [one for written, one in by_low.items() if low in written or (written and written in low)]
    # A project is a path, and known by its last part.
    near = [by_low[written] for written in difflib.get_close_matches(low, by_low, _ALIKE_MAX)]
    parts = {written.rstrip("/\\").replace("\\", "/").rpartition("/")[2]: one for written, one in by_low.items()}
    near += [parts[written] for written in difflib.get_close_matches(low, parts, _ALIKE_MAX)]
    alike = list(dict.fromkeys(holding + near))[:_ALIKE_MAX]
    if alike:
        return f" Perhaps {' or '.join(alike)}?"
    return f" There are, for example, {', '.join(known[:_ALIKE_MAX])}." if known else ""
