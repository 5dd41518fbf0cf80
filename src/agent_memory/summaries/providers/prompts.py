"""Prompts on their way out."""

from __future__ import annotations

import msgspec

from agent_memory.summaries.model import Prompt


def sendable(prompt: Prompt) -> Prompt:
    """The prompt as UTF-8 can carry it: half a surrogate pair becomes the sign for what cannot be shown."""
    return msgspec.structs.replace(prompt, system=_whole(prompt.system), user=_whole(prompt.user))


def with_schema(prompt: Prompt) -> str:
    """The system prompt for whoever cannot be held to a schema."""
    schema = msgspec.json.encode(prompt.schema).decode()
    return f"{prompt.system}\n\nAnswer with one JSON object and nothing else. This JSON Schema describes it:\n{schema}"


def _whole(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
