"""Who runs the language model: HTTP APIs, a program, or a plug-in; each behind `LanguageModel`."""

from agent_memory.summaries.providers.registry import known_providers, open_language_model
from agent_memory.summaries.providers.settings import ProviderSettings

__all__ = ["ProviderSettings", "known_providers", "open_language_model"]
