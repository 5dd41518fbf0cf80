"""What `doctor` says of the language model."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_memory.cli.model_check import language_model_checks
from agent_memory.config import Config, load_config
from agent_memory.testing.language_models import KEY, MODEL, LanguageModelServer, Turn, fail, say


def configured(server: LanguageModelServer, **given: object) -> Config:
    usual = {"summaries_provider": "openai", "summaries_model": MODEL, "summaries_url": server.url("openai")}
    return load_config(environ={}, flags={**usual, "summaries_key_variable": "THE_KEY", **given})


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THE_KEY", KEY)


def test_without_a_provider_there_is_nothing_to_check() -> None:
    assert [] == list(language_model_checks(load_config(environ={}), ask=True))


def test_a_model_is_asked_only_where_that_is_wished(key: None) -> None:
    with LanguageModelServer() as server:
        (check,) = language_model_checks(configured(server), ask=False)

    assert [] == server.calls
    assert ("ok", True) == (check.state, "--ask-model" in check.told)


@pytest.mark.parametrize(
    ("turn", "state", "told"),
    [
        (say('{"answer": "yes"}'), "ok", "openai some-model-0102 answered in"),
        (say("Yes!"), "warn", "not in the form"),
        (fail(401), "fail", "it does not take the key"),
        (fail(503), "fail", "it does not answer now"),
        (Turn(ending="cut"), "fail", "cut off"),
    ],
    ids=["answers", "answers in words", "wrong key", "down", "cut off"],
)
def test_what_comes_of_asking_is_told_with_its_mending(key: None, turn: Turn, state: str, told: str) -> None:
    with LanguageModelServer() as server:
        server.will(turn)
        (check,) = language_model_checks(configured(server), ask=True)

    assert state == check.state
    assert told in check.told
    assert (state == "ok") == (check.mend == "")
    assert 1 == len(server.calls)


def test_a_provider_that_there_is_not_is_told_without_asking() -> None:
    config = load_config(environ={}, flags={"summaries_provider": "opnai"})
    (check,) = language_model_checks(config, ask=False)

    assert "fail" == check.state
    assert "openai, anthropic, gemini, command" in check.mend


def test_a_key_that_others_can_read_is_told(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(KEY)
    file.chmod(0o644)
    flags = {"summaries_key_file": str(file), "summaries_key_variable": None}
    with LanguageModelServer() as server:
        first, _ = language_model_checks(configured(server, **flags), ask=False)

    assert ("warn", f"Run `chmod 600 {file}`.") == (first.state, first.mend)


def test_what_goes_through_a_network_in_the_clear_is_told() -> None:
    config = load_config(
        environ={},
        flags={"summaries_provider": "openai", "summaries_model": "m", "summaries_url": "http://box.example:8000/v1"},
    )
    first, _ = language_model_checks(config, ask=False)

    assert ("warn", "what is sent to box.example can be read on its way") == (first.state, first.told)
