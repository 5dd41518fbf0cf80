"""`remember`: a note that an agent wants found again."""

from __future__ import annotations

import hashlib

from agent_memory.clock import SYSTEM_CLOCK
from agent_memory.errors import InvalidQuery
from agent_memory.events import Draft, Kind
from agent_memory.mcp import answers, arguments
from agent_memory.mcp.calls import Call, Reply
from agent_memory.mcp.projects import projects_of

AGENT = "mcp"
SOURCE = "mcp"
_NAME_BYTES_MAX = 200


async def remember(call: Call, asked: arguments.Remember) -> Reply:
    """Record the note as something that an assistant said; the same note of one conversation is recorded once.

    It is no user's message, for no user said it, and none of an unknown kind, for those are no
    one's words. Who wrote it is in the metadata.
    """
    if call.is_internal:
        hint = "AGENT_MEMORY_INTERNAL is set: this conversation works for the memory itself."
        raise InvalidQuery("text", asked.text[:40], "nothing is recorded here", hint=hint)
    text = call.redact(asked.text)
    project = await _project(call, asked.project)
    session = f"mcp/{call.client.conversation or (await _today(call))}"
    words = hashlib.sha256(f"{project}\0{text}".encode("utf-8", "surrogatepass")).hexdigest()[:32]
    receipt = await call.memory.append(
        Draft(
            kind=Kind.ASSISTANT_MESSAGE,
            session=session,
            text=text,
            agent=AGENT,
            project=project,
            source=SOURCE,
            source_id=f"{session}/note/{words}",
            metadata={"client": call.client.name[:_NAME_BYTES_MAX]} if call.client.name else {},
        )
    )
    kept = answers.Kept(id=receipt.event_id, created=receipt.created)
    return Reply(kept, f"Remembered as {kept.id}." if kept.created else f"Already remembered, as {kept.id}.")


async def _project(call: Call, given: str) -> str:
    """The project as the store has it, where a folder inside it or its name is given; else as given."""
    given = given.strip()
    if not given:
        return ""
    try:
        meant = await projects_of(call.memory, given)
    except InvalidQuery:
        return given
    return meant[0] if len(meant) == 1 else given


async def _today(call: Call) -> str:
    """Where the client does not tell one conversation from the next, a day is one."""
    return (await call.clock()).date(SYSTEM_CLOCK.now_ms())
