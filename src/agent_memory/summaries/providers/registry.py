"""Which providers there are: ours, and those that plug-ins bring."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points

from agent_memory.summaries.errors import ProviderMisconfigured
from agent_memory.summaries.port import LanguageModel
from agent_memory.summaries.providers.settings import ProviderSettings

ENTRY_POINTS = "agent_memory.language_models"
"""The group that a plug-in names its provider in: name = "module:factory", where factory(settings) -> LanguageModel."""

Factory = Callable[[ProviderSettings], LanguageModel]

# Loaded when one is asked for: HTTP and processes cost nobody who has no provider.
_OURS = {
    "openai": "agent_memory.summaries.providers.openai:open_openai",
    "anthropic": "agent_memory.summaries.providers.anthropic:open_anthropic",
    "gemini": "agent_memory.summaries.providers.gemini:open_gemini",
    "command": "agent_memory.summaries.providers.command:open_command",
}


def known_providers() -> tuple[str, ...]:
    """Every name that `summaries_provider` may have, ours first."""
    return (*_OURS, *sorted({point.name for point in entry_points(group=ENTRY_POINTS)} - set(_OURS)))


def open_language_model(settings: ProviderSettings) -> LanguageModel:
    """The model that the settings name. Nothing is sent yet.

    Errors: `ProviderMisconfigured` for a provider that there is not, or one that cannot be loaded.
    """
    return _factory(settings.provider)(settings)


def _factory(name: str) -> Factory:
    if name in _OURS:
        module, _, factory = _OURS[name].partition(":")
        made: Factory = getattr(importlib.import_module(module), factory)
        return made
    points = tuple(entry_points(group=ENTRY_POINTS, name=name))
    if not points:
        hint = f"Those known are {', '.join(known_providers())}; a plug-in brings more."
        raise ProviderMisconfigured("summaries_provider", name, "there is no such provider", hint=hint)
    return _loaded(points[0])


def _loaded(point: EntryPoint) -> Factory:
    try:
        loaded: Factory = point.load()
    except Exception as error:
        # Whatever a plug-in does while it is loaded, it is the setting that has to change.
        problem = f"the plug-in {point.value} cannot be loaded: {type(error).__name__}: {error}"
        hint = "Install it again, or choose another provider."
        raise ProviderMisconfigured("summaries_provider", point.name, problem, hint=hint) from error
    return loaded
