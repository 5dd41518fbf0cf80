"""`remember`: a note that an agent wants found again."""

from __future__ import annotations

import asyncio
import hashlib

from agent_memory.clock import SYSTEM_CLOCK
from agent_memory.errors import InvalidQuery
from agent_memory.events import Draft, Kind
from agent_memory.mcp import answers, arguments
from agent_memory.mcp.calls import Call, Reply
from agent_memory.mcp.notes import AGENT
from agent_memory.mcp.projects import projects_of

SOURCE = "mcp"
_NAME_CHARACTERS_MAX = 200


async def remember(call: Call, asked: arguments.Remember) -> Reply:
    """Record the note as something that an assistant said; the same note of one conversation is recorded once.

    It is no user's message, for no user said it, and none of an unknown kind, for those are no
    one's words. Who wrote it is in the metadata. Errors: `NotRemembered`.
    """
    now_ms = SYSTEM_CLOCK.now_ms()
    folder = await _folder(call, asked.project)
    note = await asyncio.to_thread(call.rules.admitted, asked.text, folder, now_ms=now_ms)
    # Where the client does not tell one conversation from the next, a day is one.
    session = f"{AGENT}/{call.client.conversation or (await call.clock()).date(now_ms)}"
    words = hashlib.sha256(f"{note.project}\0{note.text}".encode("utf-8", "surrogatepass")).hexdigest()[:32]
    receipt = await call.memory.append(
        Draft(
            kind=Kind.ASSISTANT_MESSAGE,
            session=session,
            text=note.text,
            agent=AGENT,
            project=note.project,
            source=SOURCE,
            source_id=f"{session}/{words}",
            metadata={"client": call.client.name[:_NAME_CHARACTERS_MAX]} if call.client.name else {},
        )
    )
    kept = answers.Kept(id=receipt.event_id, created=receipt.created)
    return Reply(kept, f"Remembered as {kept.id}." if kept.created else f"Already remembered, as {kept.id}.")


async def _folder(call: Call, given: str) -> str:
    """The project as the store has it, where its name or a folder inside it is given; else as given."""
    given = given.strip()
    try:
        meant = await projects_of(call.memory, given)
    except InvalidQuery:
        return given
    return meant[0] if len(meant) == 1 else given
