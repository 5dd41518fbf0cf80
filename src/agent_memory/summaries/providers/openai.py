"""OpenAI's chat completions, which Ollama, llama.cpp, vLLM, LM Studio and most others speak too.

Source: https://platform.openai.com/docs/api-reference/chat, and what the others' servers take of it.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from agent_memory.summaries.model import Prompt
from agent_memory.summaries.port import LanguageModel
from agent_memory.summaries.providers.failures import Problem
from agent_memory.summaries.providers.http_model import CUT_OFF, Answered, HttpLanguageModel, Manner
from agent_memory.summaries.providers.prompts import with_schema
from agent_memory.summaries.providers.settings import ProviderSettings
from agent_memory.summaries.providers.tolerant import NotJson, count, read_as

_STRICT, _SCHEMA, _OBJECT, _TEXT = range(4)
# What models newer than o1 take, and what everybody else's servers took first.
_NEW_LIMIT, _OLD_LIMIT = "max_completion_tokens", "max_tokens"

_FORM = re.compile(r"response_?format|json_?schema|json_?object|structured output|grammar|guided", re.IGNORECASE)
_LIMIT = re.compile(
    rf"({_NEW_LIMIT}|{_OLD_LIMIT})['\"`]* (is|are) not (supported|permitted|allowed)|extra inputs", re.I
)
_TEMPERATURE = re.compile(r"temperature", re.IGNORECASE)
_SYSTEM = re.compile(r"system.{0,20}(role|message|prompt)|roles? must alternate|developer", re.IGNORECASE)
_REFUSALS = {
    "length": CUT_OFF,
    "content_filter": "a filter of it cut the answer off",
    "refusal": "the model declines to answer",
}
# Models that think aloud do so in front of the answer, where the server does not set it apart.
_THOUGHTS = re.compile(r"\A\s*<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL | re.IGNORECASE)


class _Message(msgspec.Struct):
    content: str | list[dict[str, Any]] | None = None
    refusal: str | None = None


class _Choice(msgspec.Struct):
    message: _Message
    finish_reason: str | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: object = None
    completion_tokens: object = None


class _Error(msgspec.Struct):
    message: str | None = None
    type: str | None = None
    code: str | int | None = None
    param: str | None = None


class _Completion(msgspec.Struct):
    choices: list[_Choice] = []
    model: str | None = None
    usage: _Usage | None = None
    error: _Error | str | None = None


class _Failure(msgspec.Struct):
    """OpenAI's ``error``, Ollama's older one that is a text, vLLM's older one without a frame, FastAPI's ``detail``."""

    error: _Error | str | None = None
    message: str | None = None
    type: str | None = None
    code: str | int | None = None
    param: str | None = None
    detail: Any = None


class OpenAIDialect:
    """How chat completions are asked for and read."""

    provider = "openai"
    url = "https://api.openai.com/v1"
    key_variable = "OPENAI_API_KEY"

    def __init__(self, *, own_url: bool) -> None:
        self.manner = Manner(form=_STRICT, limit_field=_NEW_LIMIT if own_url else _OLD_LIMIT)

    def headers(self, key: str) -> dict[str, str]:
        return {"authorization": f"Bearer {key}"} if key else {}

    def path(self, model: str) -> str:
        return "/chat/completions"

    def body(self, prompt: Prompt, model: str, answer_tokens_max: int, manner: Manner) -> dict[str, object]:
        system = prompt.system if manner.form <= _SCHEMA else with_schema(prompt)
        if manner.system_role:
            messages = [{"role": "system", "content": system}, {"role": "user", "content": prompt.user}]
        else:
            messages = [{"role": "user", "content": f"{system}\n\n{prompt.user}"}]
        body: dict[str, object] = {
            "model": model,
            "messages": messages,
            "stream": False,
            manner.limit_field: answer_tokens_max,
        }
        if manner.temperature:
            # What is quoted has to be copied, not invented.
            body["temperature"] = 0
        if manner.form <= _SCHEMA:
            schema = {"name": "minutes", "strict": manner.form == _STRICT, "schema": prompt.schema}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        elif manner.form == _OBJECT:
            body["response_format"] = {"type": "json_object"}
        return body

    def read(self, body: bytes) -> Answered | Problem:
        answer = read_as(body, _Completion)
        if answer.error is not None and not answer.choices:
            return self.problem(body)
        if not answer.choices:
            raise NotJson("no choices")
        choice, usage = answer.choices[0], answer.usage or _Usage()
        finish = "refusal" if choice.message.refusal else choice.finish_reason
        return Answered(
            text=_THOUGHTS.sub("", _text_of(choice.message.content)).strip(),
            refusal=_REFUSALS.get(finish or "", ""),
            model=answer.model or "",
            tokens_in=count(usage.prompt_tokens),
            tokens_out=count(usage.completion_tokens),
        )

    def problem(self, body: bytes) -> Problem:
        found = read_as(body, _Failure)
        if isinstance(found.error, str):
            return Problem(message=found.error)
        if found.error is None and found.detail is not None:
            return Problem(message=_detail(found.detail))
        error = found.error or _Error(message=found.message, type=found.type, code=found.code, param=found.param)
        code = " ".join(str(name) for name in (error.type, error.code) if name)
        return Problem(message=error.message or "", code=code, param=error.param or "")

    def other_manner(self, manner: Manner, problem: Problem) -> Manner | None:
        words = problem.words
        if manner.temperature and _TEMPERATURE.search(words):
            return msgspec.structs.replace(manner, temperature=False)
        if manner.limit_field == _OLD_LIMIT and _LIMIT.search(words) and _OLD_LIMIT in words:
            return msgspec.structs.replace(manner, limit_field=_NEW_LIMIT)
        if manner.limit_field == _NEW_LIMIT and _LIMIT.search(words) and _NEW_LIMIT in words:
            return msgspec.structs.replace(manner, limit_field=_OLD_LIMIT)
        if manner.form < _TEXT and _FORM.search(words):
            return msgspec.structs.replace(manner, form=manner.form + 1)
        if manner.system_role and _SYSTEM.search(words):
            return msgspec.structs.replace(manner, system_role=False)
        return None


def open_openai(settings: ProviderSettings) -> LanguageModel:
    """The factory of the provider `openai`."""
    return HttpLanguageModel(OpenAIDialect(own_url=not settings.url), settings)


def _text_of(content: str | list[dict[str, Any]] | None) -> str:
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content if part.get("type") == "text")
    return content or ""


def _detail(detail: Any) -> str:
    """What was wrong and where; FastAPI repeats the input beside it, which is left out."""
    if isinstance(detail, str):
        return detail
    items = detail if isinstance(detail, list) else [detail]
    told = [f"{item.get('msg', '')} at {item.get('loc', '')}" for item in items if isinstance(item, dict)]
    return "; ".join(told)
