"""Which agent is meant: by the name that events carry, or as people call it."""

from __future__ import annotations

from agent_memory.capture.payloads import agent_named
from agent_memory.errors import InvalidQuery
from agent_memory.memory import Memory


async def agents_of(memory: Memory, given: str) -> tuple[str, ...]:
    """The agent of the store that *given* means (`claude` is `claude-code`); none means any.

    Errors: `InvalidQuery`, naming those that there are: who filters by a name that nobody has would take
    the empty answer for "nothing was said".
    """
    given = given.strip()
    if not given:
        return ()
    years = (await memory.root()).years
    known = list(dict.fromkeys(name for year in reversed(years) for name in sorted(year.agents) if name))
    by_word = {name.lower(): name for name in known}
    for word in (given, by_word.get(given.lower()), agent_named(given)):
        if word in known:
            return (word,)
    there = f"There are {', '.join(known)}." if known else "No event has an agent."
    raise InvalidQuery("agent", given, "nothing is remembered of it", hint=f"{there} Or leave it out, for every agent.")
