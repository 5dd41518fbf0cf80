"""What a language model is asked and answers, and what of that the log keeps."""

from __future__ import annotations

import msgspec

from agent_memory.toc.material import Summary


class Prompt(msgspec.Struct, frozen=True, kw_only=True):
    """One call: what the model is told, and the JSON schema that its answer is held to."""

    system: str
    user: str
    schema: dict[str, object]
    answer_tokens_max: int


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """What calls took. ``cost_usd`` is None where no price is known."""

    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float | None = None


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider sent back: the answer's text, as it came, and which model says it gave it."""

    text: str
    model: str
    usage: Usage


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What is recorded of the wording of one node: an entry of the log, found by its digest.

    ``digest`` is that of the material that was asked about. ``summary`` has passed every check; it is None
    where the node was set aside, and ``refusal`` then says why.
    """

    digest: str
    node_id: str
    summary: Summary | None
    refusal: str = ""
    provider: str
    model: str
    prompt_version: str
    usage: Usage
    answered_ms: int
    took_ms: int
    dropped: int = 0
    """Bullets that nothing proved."""
    anchored: int = 0
    """Excerpts that were not verbatim and found the words that they meant."""
