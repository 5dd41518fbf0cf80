"""Prompts on their way out."""

from __future__ import annotations

import msgspec

from agent_memory.summaries.model import Prompt
from agent_memory.summaries.providers.tolerant import whole


def sendable(prompt: Prompt) -> Prompt:
    """The prompt as UTF-8 can carry it: half a surrogate pair becomes the sign for what cannot be shown."""
    return msgspec.structs.replace(prompt, system=whole(prompt.system), user=whole(prompt.user))


def with_schema(prompt: Prompt) -> str:
    """The system prompt for whoever cannot be held to a schema."""
    schema = msgspec.json.encode(prompt.schema).decode()
    return f"{prompt.system}\n\nAnswer with one JSON object and nothing else. This JSON Schema describes it:\n{schema}"
