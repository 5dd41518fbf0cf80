"""Google's Gemini, generateContent.

Source: https://ai.google.dev/api/generate-content, https://ai.google.dev/gemini-api/docs/structured-output.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import msgspec

from agent_memory.summaries.model import Prompt
from agent_memory.summaries.port import LanguageModel
from agent_memory.summaries.providers.failures import Problem
from agent_memory.summaries.providers.http_model import CUT_OFF, Answered, HttpLanguageModel, Manner
from agent_memory.summaries.providers.prompts import with_schema
from agent_memory.summaries.providers.settings import ProviderSettings
from agent_memory.summaries.providers.tolerant import NotJson, count, read_as

# JSON Schema, which 2.5 and later take; the part of OpenAPI's that came before; JSON of any form; words.
_JSON_SCHEMA, _OPENAPI_SCHEMA, _OBJECT, _TEXT = range(4)
_FORM = re.compile(
    r"response_?(json_?)?schema|json mode|response_?mime_?type|additional_?properties|json schema", re.IGNORECASE
)
_CUT = "MAX_TOKENS"
_COMPLETE = ("STOP", "FINISH_REASON_UNSPECIFIED", "")


class _Part(msgspec.Struct):
    text: str = ""
    thought: bool = False


class _Content(msgspec.Struct):
    parts: list[_Part] = []


class _Candidate(msgspec.Struct, rename="camel"):
    content: _Content | None = None
    finish_reason: str = ""


class _Feedback(msgspec.Struct, rename="camel"):
    block_reason: str = ""


class _Usage(msgspec.Struct, rename="camel"):
    prompt_token_count: object = None
    candidates_token_count: object = None
    thoughts_token_count: object = None


class _Answer(msgspec.Struct, rename="camel"):
    candidates: list[_Candidate] = []
    prompt_feedback: _Feedback | None = None
    usage_metadata: _Usage | None = None
    model_version: str = ""


class _Error(msgspec.Struct):
    message: str = ""
    status: str = ""
    details: list[dict[str, Any]] = []


class _Failure(msgspec.Struct):
    error: _Error


class GeminiDialect:
    """How content is asked for and read."""

    provider = "gemini"
    url = "https://generativelanguage.googleapis.com/v1beta"
    key_variable = "GEMINI_API_KEY"
    manner = Manner()

    def headers(self, key: str) -> dict[str, str]:
        # Not in the URL, as some examples have it: URLs end up in logs.
        return {"x-goog-api-key": key} if key else {}

    def path(self, model: str) -> str:
        named = model if "/" in model else f"models/{model}"
        return f"/{quote(named, safe='/')}:generateContent"

    def body(self, prompt: Prompt, model: str, answer_tokens_max: int, manner: Manner) -> dict[str, object]:
        system = prompt.system if manner.form <= _OPENAPI_SCHEMA else with_schema(prompt)
        generation: dict[str, object] = {"maxOutputTokens": answer_tokens_max, "candidateCount": 1}
        if manner.form < _TEXT:
            generation["responseMimeType"] = "application/json"
        if manner.form == _JSON_SCHEMA:
            generation["responseJsonSchema"] = prompt.schema
        elif manner.form == _OPENAPI_SCHEMA:
            generation["responseSchema"] = _openapi(prompt.schema)
        return {
            "systemInstruction": {"parts": [{"text": system}]},
            "contents": [{"role": "user", "parts": [{"text": prompt.user}]}],
            "generationConfig": generation,
        }

    def read(self, body: bytes) -> Answered | Problem:
        answer = read_as(body, _Answer)
        if not answer.candidates and answer.prompt_feedback is None:
            raise NotJson("no candidates")
        candidate = answer.candidates[0] if answer.candidates else _Candidate()
        parts = candidate.content.parts if candidate.content else []
        usage = answer.usage_metadata or _Usage()
        return Answered(
            text="".join(part.text for part in parts if not part.thought).strip(),
            refusal=_refusal(candidate.finish_reason, answer.prompt_feedback or _Feedback()),
            model=answer.model_version,
            tokens_in=count(usage.prompt_token_count),
            tokens_out=count(usage.candidates_token_count) + count(usage.thoughts_token_count),
        )

    def problem(self, body: bytes) -> Problem:
        error = read_as(body, _Failure).error
        codes, wait_s = [error.status], None
        for detail in error.details:
            codes.append(str(detail.get("reason", "")))
            if "retryDelay" in detail:
                wait_s = max(wait_s or 0.0, _seconds(str(detail["retryDelay"])))
            quotas = detail.get("violations")
            if isinstance(quotas, list) and any("perday" in str(quota).lower() for quota in quotas):
                # Its `retryDelay` is of the minute all the same.
                codes.append("quota per day")
        return Problem(message=error.message, code=" ".join(filter(None, codes)), retry_after_s=wait_s)

    def other_manner(self, manner: Manner, problem: Problem) -> Manner | None:
        if manner.form < _TEXT and _FORM.search(problem.words):
            return msgspec.structs.replace(manner, form=manner.form + 1)
        return None


def open_gemini(settings: ProviderSettings) -> LanguageModel:
    """The factory of the provider `gemini`."""
    return HttpLanguageModel(GeminiDialect(), settings)


def _refusal(finish_reason: str, feedback: _Feedback) -> str:
    if feedback.block_reason:
        return f"the question is blocked ({feedback.block_reason})"
    if finish_reason == _CUT:
        return CUT_OFF
    return "" if finish_reason in _COMPLETE else f"the answer is blocked ({finish_reason})"


def _openapi(schema: Any) -> Any:
    """The schema without what OpenAPI's subset does not know, properties in the order in which they are told."""
    if isinstance(schema, list):
        return [_openapi(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {name: _openapi(value) for name, value in schema.items() if name not in ("additionalProperties", "$schema")}
    if isinstance(kept.get("properties"), dict):
        kept["propertyOrdering"] = list(kept["properties"])
    return kept


def _seconds(duration: str) -> float:
    """A `google.protobuf.Duration` as JSON has it: `34.5s`."""
    try:
        return max(0.0, float(duration.removesuffix("s")))
    except ValueError:
        return 0.0
