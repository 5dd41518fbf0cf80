"""The language model behind the summaries, whoever runs it."""

from __future__ import annotations

from typing import Protocol

from agent_memory.summaries.model import Prompt, Reply


class LanguageModel(Protocol):
    """One model of one provider. Safe to use from several threads."""

    @property
    def provider(self) -> str:
        """The kind of provider, as the settings name it: `openai`, `anthropic`, `gemini`, `command`, or another."""
        ...

    @property
    def model(self) -> str:
        """As the settings name it; empty where the program that is called has its own."""
        ...

    @property
    def context_tokens(self) -> int:
        """How many tokens prompt and answer may have together."""
        ...

    def complete(self, prompt: Prompt) -> Reply:
        """Ask once; no retry in here.

        Errors: `ProviderUnavailable` where the same call may succeed later (down, slow, rate-limited, out of
        quota: ``retry_after_s`` where it said so, ``wait_s`` where we think so); `ProviderRefused` where this
        prompt will not be answered (too long, blocked by a filter, answer cut off); `ProviderMisconfigured` where
        no prompt will be (no key, no such model).
        """
        ...

    def close(self) -> None: ...
