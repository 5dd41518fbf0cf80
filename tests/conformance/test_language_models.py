"""Every provider, against a server that speaks its API."""

from __future__ import annotations

import os
import sys

from agent_memory.summaries.port import LanguageModel
from agent_memory.summaries.providers import ProviderSettings, open_language_model
from agent_memory.testing import asking_program
from agent_memory.testing.language_model_checks import LanguageModelChecks
from agent_memory.testing.language_models import KEY, MODEL, LanguageModelServer


def over_http(provider: str, server: LanguageModelServer, timeout_s: float) -> LanguageModel:
    settings = ProviderSettings(
        provider=provider,
        model=MODEL,
        url=server.url(provider),
        key_variable="THE_KEY",
        timeout_s=timeout_s,
        environ={"THE_KEY": KEY},
    )
    return open_language_model(settings)


class TestOpenAI(LanguageModelChecks):
    make_model = staticmethod(lambda server, timeout_s: over_http("openai", server, timeout_s))


class TestAnthropic(LanguageModelChecks):
    make_model = staticmethod(lambda server, timeout_s: over_http("anthropic", server, timeout_s))


class TestGemini(LanguageModelChecks):
    make_model = staticmethod(lambda server, timeout_s: over_http("gemini", server, timeout_s))


def a_program(server: LanguageModelServer, timeout_s: float) -> LanguageModel:
    settings = ProviderSettings(
        provider="command",
        command=f"'{sys.executable}' -I '{asking_program.__file__}' {server.url('command')}",
        timeout_s=timeout_s,
        environ=dict(os.environ),
    )
    return open_language_model(settings)


class TestCommand(LanguageModelChecks):
    make_model = staticmethod(a_program)
    patience_s = 1.0
