"""A language model behind HTTP: what all of them have in common, and what a dialect has to say."""

from __future__ import annotations

import threading
from typing import Protocol

import msgspec

from agent_memory.summaries.errors import ProviderMisconfigured, ProviderRefused, ProviderUnavailable
from agent_memory.summaries.model import Prompt, Reply, Usage
from agent_memory.summaries.providers.failures import Problem, failure, is_about_question
from agent_memory.summaries.providers.http import Endpoint
from agent_memory.summaries.providers.prompts import sendable
from agent_memory.summaries.providers.settings import KeySource, ProviderSettings
from agent_memory.summaries.providers.tolerant import NotJson, whole

_MANNERS_MAX = 8
_CHARACTERS_PER_TOKEN_MAX = 8
"""More than any tokeniser makes of words, code or script; twice the 4 that a prompt has of most, since half is left."""
_SOME_TOKENS = 1000
"""Below that, what is counted may be what was not in the server's cache."""


CUT_OFF = "the answer was cut off at the most tokens that it may have"


class Manner(msgspec.Struct, frozen=True, kw_only=True):
    """How a server is asked: what of the API it takes, as far as is known by now.

    ``form`` counts down the dialect's ways to ask for JSON, the strictest first.
    """

    form: int = 0
    limit_field: str = ""
    temperature: bool = True
    system_role: bool = True


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """What a dialect read out of an answer; tokens are 0 where the server does not count.

    ``refusal`` says why there is no text to use.
    """

    text: str
    refusal: str = ""
    model: str = ""
    tokens_in: int = 0
    tokens_out: int = 0


class Dialect(Protocol):
    """One API: how it is asked, and how its answers are read."""

    provider: str
    url: str
    """Where the provider itself is."""
    key_variable: str
    """Where its key is, by custom."""
    manner: Manner
    """How it is asked first."""

    def headers(self, key: str) -> dict[str, str]: ...

    def path(self, model: str) -> str: ...

    def body(self, prompt: Prompt, model: str, answer_tokens_max: int, manner: Manner) -> dict[str, object]: ...

    def read(self, body: bytes) -> Answered | Problem:
        """The answer, or what stands there in its place.

        Errors: `NotJson` for what is no answer of this API.
        """
        ...

    def problem(self, body: bytes) -> Problem:
        """What an error says of itself. Errors: as `read`."""
        ...

    def other_manner(self, manner: Manner, problem: Problem) -> Manner | None:
        """How to ask a server that refused this manner; None where the manner was not the reason."""
        ...


class HttpLanguageModel:
    """A `LanguageModel` that speaks a dialect."""

    def __init__(self, dialect: Dialect, settings: ProviderSettings) -> None:
        self._dialect = dialect
        self._settings = settings
        self._key = KeySource(settings, dialect.key_variable)
        self._endpoint = Endpoint(dialect.provider, settings.url or dialect.url, timeout_s=settings.timeout_s)
        self._lock = threading.Lock()
        self._manner = dialect.manner

    def __repr__(self) -> str:
        return f"HttpLanguageModel({self.provider!r}, {self.model!r})"

    @property
    def provider(self) -> str:
        return self._dialect.provider

    @property
    def model(self) -> str:
        return self._settings.model

    @property
    def context_tokens(self) -> int:
        return self._settings.context_tokens - self._settings.thinking_tokens

    def complete(self, prompt: Prompt) -> Reply:
        prompt = sendable(prompt)
        key = self._key.read()
        headers = self._dialect.headers(key)
        limit = prompt.answer_tokens_max + self._settings.thinking_tokens
        for _ in range(_MANNERS_MAX):
            manner = self._manner
            body = self._dialect.body(prompt, self.model, limit, manner)
            response = self._endpoint.post(self._dialect.path(self.model), body, headers)
            if response.status == 200:
                found = self._read(response.body, prompt)
                if isinstance(found, Reply):
                    return found
                # Some say with 200 that they failed.
                status, problem = _status_in(found), found
            else:
                status, problem = response.status, self._problem_in(response.body)
            if key:
                problem = msgspec.structs.replace(problem, message=problem.message.replace(key, "…"))
            # A question that is too long is refused in words that name all that it has, `response_format` too.
            may_be_manner = status in (400, 422, 500, 501) and not is_about_question(problem)
            if may_be_manner and (other := self._dialect.other_manner(manner, problem)):
                with self._lock:
                    if self._manner == manner:
                        self._manner = other
                continue
            raise failure(self.provider, self.model, status, response.headers, problem, prompt)
        raise ProviderMisconfigured(
            "summaries_url", self._settings.url, f"{self.provider} refuses every way to ask it that there is"
        )

    def close(self) -> None:
        self._endpoint.close()

    def _read(self, body: bytes, prompt: Prompt) -> Reply | Problem:
        try:
            found = self._dialect.read(body)
        except NotJson:
            told = "what it answers is no answer of its API"
            raise ProviderUnavailable(self.provider, told) from None
        if isinstance(found, Problem):
            return found
        usage = Usage(calls=1, tokens_in=found.tokens_in, tokens_out=found.tokens_out)
        if found.refusal or not found.text:
            begun = whole(found.text) if found.refusal == CUT_OFF else ""
            raise ProviderRefused(self.provider, found.refusal or "the answer is empty", usage=usage, begun=begun)
        self._check_read_whole(prompt, usage)
        return Reply(text=whole(found.text), model=whole(found.model) or self.model, usage=usage)

    def _check_read_whole(self, prompt: Prompt, usage: Usage) -> None:
        """Ollama cuts a prompt that is longer than its context to half of that and says nothing of it."""
        asked, tokens_in = len(prompt.system) + len(prompt.user), usage.tokens_in
        if _SOME_TOKENS <= tokens_in < asked / _CHARACTERS_PER_TOKEN_MAX:
            # No setting to mend for certain: rows of one character can look like that, and would end it for all.
            problem = (
                f"it read {tokens_in:,} tokens of about {asked // 4:,} and dropped the rest: give the server a longer "
                "context (Ollama: OLLAMA_CONTEXT_LENGTH), or lower summaries_context_tokens to the one it has"
            )
            raise ProviderRefused(self.provider, problem, usage=usage)

    def _problem_in(self, body: bytes) -> Problem:
        try:
            return self._dialect.problem(body)
        except NotJson:
            # A page of a proxy, say. Its status is all that is taken from it.
            return Problem()


def _status_in(problem: Problem) -> int:
    """The status that an error names which came with 200."""
    for word in problem.code.split():
        if word.isdecimal() and 400 <= int(word) < 600:
            return int(word)
    # LM Studio has nothing at that path, which it says with 200.
    return 404 if problem.message.startswith("Unexpected endpoint") else 500
