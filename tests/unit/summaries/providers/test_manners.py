"""A server that does not take all of an API is asked in the way that it takes, and from then on at once."""

from __future__ import annotations

import pytest

from agent_memory.summaries.errors import ProviderRefused
from agent_memory.testing.language_model_checks import PROMPT
from agent_memory.testing.language_models import LanguageModelServer, Turn
from tests.unit.summaries.providers.conftest import MakeModel


@pytest.mark.parametrize(
    ("provider", "refuses", "form"),
    [
        ("openai", "", "json_schema"),
        ("openai", "json_schema", "json_object"),
        ("openai", "json_schema json_object", "text"),
        ("openai", "temperature", "json_schema"),
        ("openai", "max_tokens", "json_schema"),
        ("openai", "system", "json_schema"),
        ("openai", "json_schema json_object temperature max_tokens system", "text"),
        ("anthropic", "", "output_config"),
        ("anthropic", "output_config", "tools"),
        ("anthropic", "output_config tools", "text"),
        ("gemini", "", "responseJsonSchema"),
        ("gemini", "responseJsonSchema", "responseSchema"),
        ("gemini", "responseJsonSchema responseSchema", "json"),
        ("gemini", "responseJsonSchema responseSchema responseMimeType", "text"),
    ],
    ids=str,
)
def test_what_a_server_refuses_is_left_out_from_then_on(
    server: LanguageModelServer, make_model: MakeModel, provider: str, refuses: str, form: str
) -> None:
    server.refuses = set(refuses.split())
    model = make_model(provider)
    model.complete(PROMPT)
    before = len(server.calls)
    model.complete(PROMPT)

    assert before + 1 == len(server.calls)
    assert {2} == set(server.answered.values()) - {0}
    (asked,) = (call.asked for call in server.calls[-1:])
    assert asked is not None
    assert form == asked.form
    # Who is not held to a schema is told it.
    assert (asked.schema is None) == ('"additionalProperties":false' in asked.system + asked.user)


def test_a_server_that_refuses_every_way_is_not_asked_for_ever(
    server: LanguageModelServer, make_model: MakeModel
) -> None:
    server.will(*[Turn(status=400, message="temperature response_format max_tokens system role")] * 50)
    with pytest.raises(Exception) as caught:  # noqa: PT011 - which one is not what matters
        make_model("openai").complete(PROMPT)

    assert type(caught.value).__name__ in ("ProviderRefused", "ProviderMisconfigured")
    assert len(server.calls) < 9


@pytest.mark.parametrize(
    ("said", "form"),
    [
        ("Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.", "json_object"),
        ("'response_format.type' must be 'json_schema' or 'text'", "json_object"),
        ('Either "json_schema" or "grammar" can be specified, but not both', "json_object"),
        ("Failed to parse grammar", "json_object"),
    ],
)
def test_servers_say_in_words_of_their_own_that_a_schema_is_too_much(
    server: LanguageModelServer, make_model: MakeModel, said: str, form: str
) -> None:
    """The first refusal may be of `strict` alone; the second is of the schema."""
    server.will(Turn(status=400, message=said), Turn(status=400, message=said))
    make_model("openai").complete(PROMPT)
    asked = server.calls[-1].asked

    assert asked is not None
    assert form == asked.form


def test_at_its_own_address_openai_is_asked_as_its_newest_models_want_it() -> None:
    from agent_memory.summaries.providers.openai import OpenAIDialect

    assert "max_completion_tokens" == OpenAIDialect(own_url=True).manner.limit_field
    assert "max_tokens" == OpenAIDialect(own_url=False).manner.limit_field


def test_the_url_of_anthropic_is_taken_with_its_version_too(server: LanguageModelServer, make_model: MakeModel) -> None:
    assert make_model("anthropic", url=server.url("anthropic") + "/v1").complete(PROMPT).text


def test_a_context_that_cuts_the_prompt_is_said_aloud(server: LanguageModelServer, make_model: MakeModel) -> None:
    """Ollama drops half of what does not fit, the instructions first, and answers with 200."""
    answer = b'{"choices": [{"message": {"content": "{}"}}], "usage": {"prompt_tokens": 2050, "completion_tokens": 9}}'
    server.will(Turn(body=answer))
    long = type(PROMPT)(system="s", user="word " * 10_000, schema=PROMPT.schema, answer_tokens_max=10)
    with pytest.raises(ProviderRefused, match="OLLAMA_CONTEXT_LENGTH"):
        make_model("openai").complete(long)
