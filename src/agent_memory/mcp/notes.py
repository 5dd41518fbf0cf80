"""What may be remembered, and as what: the rules that hold for what hooks capture hold for notes, too."""

from __future__ import annotations

from pathlib import Path

import msgspec

from agent_memory.capture.policy import read_policy
from agent_memory.capture.project import project_of
from agent_memory.capture.redaction import Redactor
from agent_memory.errors import AgentMemoryError

AGENT = "mcp"


class NotRemembered(AgentMemoryError):
    """Nothing may be recorded here or now."""

    hint = "Do not try again; go on without."

    def __init__(self, why: str) -> None:
        super().__init__(f"nothing was recorded: {why}")


class Note(msgspec.Struct, frozen=True):
    """A note as it is recorded: without secrets, of a project rather than of a folder in it."""

    text: str
    project: str


class NoteRules:
    """As the policy beside the spool has them at the moment of each note; *is_internal*: nothing is recorded."""

    def __init__(self, spool: Path, *, is_internal: bool = False) -> None:
        self.is_internal = is_internal
        self._spool = spool

    def admitted(self, text: str, folder: str, *, now_ms: int) -> Note:
        """The note to record. Errors: `NotRemembered`, with the reason."""
        if self.is_internal:
            raise NotRemembered("this conversation works for the memory itself (AGENT_MEMORY_INTERNAL is set)")
        policy = read_policy(self._spool)
        if policy.paused(now_ms):
            raise NotRemembered("the user has paused recording (`agent-memory resume` ends that)")
        if why := policy.ignored(AGENT, folder):
            raise NotRemembered(why)
        redactor = Redactor.from_policy(policy.redaction)
        return Note(redactor.clean(text), redactor.clean(project_of(folder)))
