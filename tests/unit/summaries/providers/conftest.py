"""A server that stands in for every provider, and models that ask it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from agent_memory.summaries.port import LanguageModel
from agent_memory.summaries.providers import ProviderSettings, open_language_model
from agent_memory.testing.language_models import KEY, MODEL, LanguageModelServer

MakeModel = Callable[..., LanguageModel]


@pytest.fixture
def server() -> Iterator[LanguageModelServer]:
    with LanguageModelServer() as server:
        yield server


@pytest.fixture
def make_model(server: LanguageModelServer) -> Iterator[MakeModel]:
    """A model of a provider that asks the server; what is given beside wins."""
    with ExitStack() as stack:

        def make(provider: str, **given: object) -> LanguageModel:
            usual: dict[str, object] = {"model": MODEL, "url": server.url(provider), "key_variable": "THE_KEY"}
            usual |= {"timeout_s": 20.0, "environ": {"THE_KEY": KEY}}
            model = open_language_model(ProviderSettings(provider=provider, **{**usual, **given}))
            stack.callback(model.close)
            return model

        yield make
