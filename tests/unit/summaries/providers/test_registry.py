"""Providers are found by name, ours and those of plug-ins, and loaded when they are asked for."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest

from agent_memory.config import load_config
from agent_memory.summaries.errors import ProviderMisconfigured
from agent_memory.summaries.port import LanguageModel
from agent_memory.summaries.providers import ProviderSettings, known_providers, open_language_model, registry
from agent_memory.testing.language_models import ScriptedLanguageModel


def scripted(settings: ProviderSettings) -> LanguageModel:
    return ScriptedLanguageModel(context_tokens=settings.context_tokens)


def plug_in(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    points = [EntryPoint(name, value, registry.ENTRY_POINTS)]

    def found(*, group: str, name: str = "") -> list[EntryPoint]:
        return [point for point in points if point.group == group and name in ("", point.name)]

    monkeypatch.setattr(registry, "entry_points", found)


def test_an_unknown_provider_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(ProviderMisconfigured) as caught:
        open_language_model(ProviderSettings(provider="opnai"))

    assert "summaries_provider" == caught.value.field
    assert "openai, anthropic, gemini, command" in caught.value.hint


def test_a_plug_in_brings_a_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    plug_in(monkeypatch, "house", f"{__name__}:scripted")

    assert "house" in known_providers()
    assert 9_000 == open_language_model(ProviderSettings(provider="house", context_tokens=9_000)).context_tokens


def test_a_plug_in_takes_no_name_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    plug_in(monkeypatch, "openai", f"{__name__}:scripted")

    assert 4 == len(known_providers())
    assert "openai" == open_language_model(ProviderSettings(provider="openai", model="m")).provider


def test_a_plug_in_that_cannot_be_loaded_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    plug_in(monkeypatch, "broken", "no_such_module_anywhere:factory")
    with pytest.raises(ProviderMisconfigured, match="no_such_module_anywhere"):
        open_language_model(ProviderSettings(provider="broken"))


def test_the_settings_say_whom_to_ask() -> None:
    environ = {
        "AGENT_MEMORY_SUMMARIES_PROVIDER": "openai",
        "AGENT_MEMORY_SUMMARIES_MODEL": "some-model",
        "AGENT_MEMORY_SUMMARIES_URL": "http://127.0.0.1:11434/v1/",
        "AGENT_MEMORY_SUMMARIES_CONTEXT_TOKENS": "16000",
        "AGENT_MEMORY_SUMMARIES_THINKING_TOKENS": "1000",
    }
    settings = ProviderSettings.from_config(load_config(environ=environ), environ)
    model = open_language_model(settings)

    assert ("openai", "some-model", 15_000) == (model.provider, model.model, model.context_tokens)
    assert "http://127.0.0.1:11434/v1" == settings.url


def test_naming_a_provider_loads_no_http_until_it_is_asked() -> None:
    code = """
import sys
from agent_memory.summaries.providers import ProviderSettings, open_language_model
for provider in ("openai", "anthropic", "gemini", "command"):
    open_language_model(ProviderSettings(provider=provider, model="m", command="x"))
print(sorted({"httpx2", "httpcore2", "ssl", "asyncio"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)

    assert "[]" == done.stdout.strip()
