"""The settings that docs/providers.md shows are settings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agent_memory.config import load_config
from agent_memory.summaries.providers import ProviderSettings, open_language_model

DOC = (Path(__file__).parents[4] / "docs" / "providers.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"^## ([^\n]+)\n\n```toml\n(summaries_.*?)```", DOC, re.DOTALL | re.MULTILINE)


def test_each_provider_is_shown() -> None:
    names = ["OpenAI", "Anthropic", "Google Gemini", "Ollama", "llama.cpp", "vLLM", "LM Studio", "Claude Code", "Codex"]

    assert [*names, "A program of your own"] == [name for name, _ in SHOWN]


@pytest.mark.parametrize(("name", "settings"), SHOWN, ids=[name for name, _ in SHOWN])
def test_what_is_shown_opens_a_model(tmp_path: Path, name: str, settings: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(settings, encoding="utf-8")
    config = load_config(file=file, environ={})
    model = open_language_model(ProviderSettings.from_config(config, {}))

    assert config.summaries_provider == model.provider
    assert model.context_tokens >= 12_000
