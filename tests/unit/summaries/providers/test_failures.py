"""Each way in which a provider fails is a wait, a refusal of this question, or a setting to mend."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from agent_memory.summaries.errors import ProviderMisconfigured, ProviderRefused, ProviderUnavailable
from agent_memory.summaries.providers.failures import QUOTA_WAIT_S, Problem, failure, retry_after_s
from agent_memory.testing.language_model_checks import PROMPT
from agent_memory.testing.language_models import LanguageModelServer, Turn, fail, rate_limit
from tests.unit.summaries.providers.conftest import MakeModel

NOW = datetime(2026, 1, 15, 12, 0, 0, tzinfo=UTC)
WAIT, REFUSED, MEND = ProviderUnavailable, ProviderRefused, ProviderMisconfigured


@pytest.mark.parametrize(
    ("status", "code", "message", "expected"),
    [
        (408, "", "Request timeout", WAIT),
        (409, "", "Conflict", WAIT),
        (429, "rate_limit_exceeded", "Rate limit reached for requests", WAIT),
        (429, "", "", WAIT),
        (500, "server_error", "The server had an error", WAIT),
        (503, "unavailable_error", "Loading model", WAIT),
        (529, "overloaded_error", "Overloaded", WAIT),
        (400, "exceed_context_size_error", "the request exceeds the available context size", REFUSED),
        (400, "context_length_exceeded", "This model's maximum context length is 8192 tokens", REFUSED),
        (400, "", "'max_tokens' is too large: 4096. This model's maximum context length is 4096 tokens", REFUSED),
        (400, "invalid_request_error", "prompt is too long: 250000 tokens > 200000 maximum", REFUSED),
        (400, "INVALID_ARGUMENT", "The input token count (2000000) exceeds the maximum number of tokens", REFUSED),
        (429, "rate_limit_exceeded", "Request too large for gpt-x on tokens per min: Limit 30000", REFUSED),
        (500, "", "the request exceeds the available context size. try increasing the context size", REFUSED),
        (413, "request_too_large", "Request exceeds the maximum size", REFUSED),
        (400, "content_filter", "The response was filtered due to the prompt", REFUSED),
        (400, "invalid_request_error", "something that nobody has seen before", REFUSED),
        (401, "invalid_api_key", "Incorrect API key provided", MEND),
        (403, "permission_error", "Your API key does not have permission", MEND),
        (400, "INVALID_ARGUMENT API_KEY_INVALID", "API key not valid. Please pass a valid API key.", MEND),
        (404, "model_not_found", "The model does not exist", MEND),
        (404, "", "model 'x' not found, try pulling it first", MEND),
        (400, "", "No models loaded. Please load a model", MEND),
        (400, "", "max_tokens is too large: 200000. This model supports at most 16384 completion tokens", MEND),
        (302, "", "", MEND),
        (405, "", "Method not allowed", MEND),
        (501, "", "not supported", MEND),
    ],
)
def test_every_status_has_one_meaning(status: int, code: str, message: str, expected: type[Exception]) -> None:
    problem = Problem(message=message, code=code)

    assert expected is type(failure("openai", "some-model", status, {}, problem, PROMPT))


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (429, "insufficient_quota credit_balance_exhausted", "You exceeded your current quota"),
        (429, "insufficient_quota project_spend_limit_exceeded", ""),
        (429, "rate_limit_error enforced_spend_limit_reached", "This request would exceed your limit"),
        (400, "invalid_request_error", "You have reached your specified API usage limits. Spend limit reached."),
        (402, "billing_error", "There's an issue with your billing"),
        (400, "invalid_request_error", "Your credit balance is too low to access the API"),
    ],
)
def test_a_quota_that_is_used_up_is_a_long_wait(status: int, code: str, message: str) -> None:
    """Nothing of the settings is wrong, and it comes back by itself, or by paying."""
    error = failure("openai", "some-model", status, {"retry-after": "2"}, Problem(message=message, code=code), PROMPT)

    assert isinstance(error, ProviderUnavailable)
    assert (2.0, QUOTA_WAIT_S) == (error.retry_after_s, error.wait_s)


@pytest.mark.parametrize(
    ("headers", "body_s", "expected_s"),
    [
        ({}, None, 0.0),
        ({"retry-after": "7"}, None, 7.0),
        ({"retry-after": "0.5"}, None, 0.5),
        ({"retry-after": "Thu, 15 Jan 2026 12:01:30 GMT"}, None, 90.0),
        ({"retry-after": "Thu, 15 Jan 2026 11:00:00 GMT"}, None, 0.0),
        ({"retry-after-ms": "1500"}, None, 1.5),
        ({"retry-after-ms": "1500", "retry-after": "2"}, None, 2.0),
        ({}, 34.5, 34.5),
        ({"retry-after": "-3"}, None, 0.0),
        ({"retry-after": "soon"}, None, 0.0),
        ({"retry-after": "nan"}, None, 0.0),
        ({"retry-after": "inf"}, None, 0.0),
        ({"retry-after": "1e300"}, None, 86_400.0),
        ({"retry-after": "Thu, 99 Foo 2026"}, None, 0.0),
    ],
)
def test_how_long_to_wait_is_read_wherever_it_is_told(
    headers: dict[str, str], body_s: float | None, expected_s: float
) -> None:
    assert expected_s == retry_after_s(headers, Problem(retry_after_s=body_s), now=NOW)


@pytest.mark.parametrize(
    ("provider", "turn", "expected_s"),
    [
        ("openai", rate_limit("3"), 3.0),
        ("openai", rate_limit("250", header="retry-after-ms"), 0.25),
        ("anthropic", rate_limit("11"), 11.0),
        ("gemini", rate_limit("", retry_s=34.5), 34.5),
        ("openai", rate_limit(""), None),
    ],
)
def test_a_rate_limit_tells_when_to_come_back(
    server: LanguageModelServer, make_model: MakeModel, provider: str, turn: Turn, expected_s: float | None
) -> None:
    server.will(turn)
    with pytest.raises(ProviderUnavailable) as caught:
        make_model(provider).complete(PROMPT)

    assert expected_s == caught.value.retry_after_s


def test_a_quota_of_the_day_is_a_long_wait_whatever_gemini_says_beside(
    server: LanguageModelServer, make_model: MakeModel
) -> None:
    body = (
        b'{"error": {"code": 429, "message": "You exceeded it", "status": "RESOURCE_EXHAUSTED", "details": ['
        b'{"violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]}, {"retryDelay": "9s"}]}}'
    )
    server.will(Turn(status=429, body=body))
    with pytest.raises(ProviderUnavailable) as caught:
        make_model("gemini").complete(PROMPT)

    assert (9.0, QUOTA_WAIT_S) == (caught.value.retry_after_s, caught.value.wait_s)


@pytest.mark.parametrize("provider", ["openai", "anthropic", "gemini"])
@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b"{}", b"<html>Bad gateway</html>", b'{"choices": 3}', b"\xff\xfe", b"[" * 100_000],
    ids=lambda body: repr(body[:16]),
)
def test_what_is_no_answer_of_the_api_is_a_wait(
    server: LanguageModelServer, make_model: MakeModel, provider: str, body: bytes
) -> None:
    server.will(Turn(body=body), Turn(status=503, body=body))
    model = make_model(provider)
    for _ in range(2):
        with pytest.raises(ProviderUnavailable):
            model.complete(PROMPT)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"error": {"message": "Rate limit exceeded", "code": 429}}', WAIT),
        (
            b'{"error": "The number of tokens to keep from the initial prompt is greater than the context length"}',
            REFUSED,
        ),
        (b'{"error": {"message": "Provider returned error", "code": 502}}', WAIT),
        (b'{"error": {"message": "the model crashed"}}', WAIT),
        (b'{"error": "Unexpected endpoint or method. (POST /chat/completions)"}', MEND),
    ],
)
def test_an_error_that_comes_with_200_is_an_error(
    server: LanguageModelServer, make_model: MakeModel, body: bytes, expected: type[Exception]
) -> None:
    server.will(Turn(body=body))
    with pytest.raises(expected):
        make_model("openai").complete(PROMPT)


@pytest.mark.parametrize(
    ("provider", "body", "text"),
    [
        ("openai", b'{"choices": [{"message": {"content": "half a pair \\ud83d"}}]}', "half a pair �"),
        ("openai", b'{"choices": [{"message": {"content": "two\nlines"}}]}', "two\nlines"),
        ("openai", b'{"choices": [{"message": {"content": "not \xff UTF-8"}}]}', "not � UTF-8"),
        ("openai", b'{"choices": [{"message": {"content": [{"type": "text", "text": "parts"}]}}]}', "parts"),
        ("openai", b'{"choices": [{"message": {"content": "<think>hm {}</think>\\n{}"}}]}', "{}"),
        ("anthropic", b'{"content": [{"type": "tool_use", "input": {"a": "\\ud83d"}}]}', '{"a": "�"}'),
        ("gemini", b'{"candidates": [{"content": {"parts": [{"text": "a"}, {"text": "b"}]}}]}', "ab"),
    ],
)
def test_an_answer_that_can_be_read_is_read(
    server: LanguageModelServer, make_model: MakeModel, provider: str, body: bytes, text: str
) -> None:
    """Else what one answer holds would be an outage for all of them, for ever."""
    server.will(Turn(body=body))

    assert text == make_model(provider).complete(PROMPT).text


@pytest.mark.parametrize("told", [b"-5", b"1e300", b"9" * 30, b'"many"', b"null"], ids=lambda told: told.decode()[:8])
def test_a_count_that_is_none_is_not_reckoned_with(
    server: LanguageModelServer, make_model: MakeModel, told: bytes
) -> None:
    """A negative one would make room in the day's budget, a huge one end it."""
    server.will(Turn(body=b'{"choices": [{"message": {"content": "{}"}}], "usage": {"prompt_tokens": %b}}' % told))

    assert 0 == make_model("openai").complete(PROMPT).usage.tokens_in


def test_a_question_that_is_too_long_is_not_asked_in_every_way(
    server: LanguageModelServer, make_model: MakeModel
) -> None:
    said = "This model's maximum context length is 8192 tokens, you sent 9000 (80 in the response_format, temperature)"
    server.will(fail(400, said, "context_length_exceeded"))
    with pytest.raises(ProviderRefused):
        make_model("openai").complete(PROMPT)

    assert 1 == len(server.calls)


def test_a_refusal_tells_what_it_took(server: LanguageModelServer, make_model: MakeModel) -> None:
    usage = b'"usage": {"prompt_tokens": 70, "completion_tokens": 9}'
    body = b'{"choices": [{"message": {"content": "{"}, "finish_reason": "length"}], ' + usage + b"}"
    server.will(Turn(body=body))
    with pytest.raises(ProviderRefused) as caught:
        make_model("openai").complete(PROMPT)

    assert caught.value.usage is not None
    assert (1, 70, 9) == (caught.value.usage.calls, caught.value.usage.tokens_in, caught.value.usage.tokens_out)


@pytest.mark.parametrize("status", [400, 422, 500])
def test_an_error_that_repeats_what_was_asked_is_not_repeated(
    server: LanguageModelServer, make_model: MakeModel, status: int
) -> None:
    """Errors go into logs, and no word of a conversation does."""
    server.will(fail(status, f"cannot make sense of {PROMPT.user}"))
    with pytest.raises((ProviderRefused, ProviderUnavailable)) as caught:
        make_model("openai").complete(PROMPT)

    assert "deploy" not in str(caught.value)


def test_the_input_that_fastapi_repeats_is_left_out(server: LanguageModelServer, make_model: MakeModel) -> None:
    body = b'{"detail": [{"loc": ["body", "n"], "msg": "Field required", "input": {"said": "a secret thing"}}]}'
    server.will(Turn(status=422, body=body))
    with pytest.raises(ProviderRefused) as caught:
        make_model("openai").complete(PROMPT)

    assert "Field required" in str(caught.value)
    assert "secret" not in str(caught.value)
