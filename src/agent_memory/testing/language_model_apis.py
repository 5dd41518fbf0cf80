"""The APIs of the providers, as their documentation has them, from the side of the server.

Each reads a request as strictly as the real one: keys, headers, fields that there are not, schemas that a strict
mode does not take. ``refuses`` names what an older server, or another one that speaks the API, would not take:

    openai     json_schema, json_object, temperature, max_tokens, max_completion_tokens, system
    anthropic  output_config, tools
    gemini     responseJsonSchema, responseSchema, responseMimeType
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from typing import Any

import msgspec


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_OPENAI_FIELDS = _names(
    "model messages stream temperature max_tokens max_completion_tokens response_format seed top_p n stop"
)
_ANTHROPIC_FIELDS = _names("model messages system max_tokens output_config tools tool_choice temperature stream")
_GEMINI_FIELDS = _names("contents systemInstruction generationConfig safetySettings tools toolConfig")
_GENERATION_FIELDS = _names(
    "maxOutputTokens candidateCount responseMimeType responseJsonSchema responseSchema temperature topP topK seed "
    "thinkingConfig stopSequences"
)
_OPENAPI_KEYWORDS = _names(
    "type description enum items properties required propertyOrdering nullable format minItems maxItems title anyOf"
)
_STRICT_KEYWORDS = _names("type description enum items properties required additionalProperties")


class BadRequest(Exception):
    """The request is refused, with what the API says of it."""

    def __init__(self, status: int, message: str, code: str = "invalid_request_error") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a request asks, whatever the API. ``form`` is how it asks for JSON, ``tool`` the one it has to call."""

    system: str
    user: str
    form: str
    limit: int
    schema: Any = None
    tool: str = ""

    @property
    def digest(self) -> str:
        """Of the words alone: a prompt that is asked in another form is the same prompt."""
        return digest_of(self.user)


class Api(ABC):
    """One provider's API: where it is, how a request is read, how it answers."""

    name: str
    base: str

    @abstractmethod
    def read(
        self, path: str, headers: Mapping[str, str], body: bytes, *, key: str, model: str, refuses: Collection[str]
    ) -> Asked:
        """Errors: `BadRequest`."""

    @abstractmethod
    def answer(self, asked: Asked, text: str, ending: str, *, counts: bool) -> bytes: ...

    @abstractmethod
    def error(self, status: int, message: str, code: str, retry_s: float | None) -> bytes: ...


class _OpenAI(Api):
    name = "openai"
    base = "/v1"

    def read(
        self, path: str, headers: Mapping[str, str], body: bytes, *, key: str, model: str, refuses: Collection[str]
    ) -> Asked:
        _need(path == "/v1/chat/completions", f"Invalid URL (POST {path})", 404, "not_found")
        given = headers.get("authorization", "")
        _need(given == f"Bearer {key}" or not key, f"Incorrect API key provided: {given}.", 401, "invalid_api_key")
        asked = _object(body, headers)
        unknown = set(asked) - _OPENAI_FIELDS
        _need(not unknown, f"Unrecognized request argument supplied: {', '.join(sorted(unknown))}")
        _need(asked.get("model") == model, f"The model '{asked.get('model')}' does not exist", 404, "model_not_found")
        _need(asked.get("stream", False) is False, "This server does not stream.")
        for name in ("temperature", "max_tokens", "max_completion_tokens"):
            other = "max_completion_tokens" if name == "max_tokens" else "max_tokens"
            told = f"Unsupported parameter: '{name}' is not supported with this model. Use '{other}' instead."
            _need(not (name in asked and name in refuses), told, code="unsupported_parameter")
        messages = asked.get("messages")
        _need(isinstance(messages, list) and bool(messages), "[] is too short - 'messages'")
        said: dict[str, str] = {"system": "", "user": ""}
        for message in messages:
            _need(set(message) == {"role", "content"}, "messages: additional properties are not allowed")
            _need(message["role"] in said, f"'{message['role']}' is not one of ['system', 'user']")
            _need(isinstance(message["content"], str), "Invalid type for 'messages.content'")
            said[message["role"]] += message["content"]
        _need(not (said["system"] and "system" in refuses), "System role not supported by this chat template")
        form, schema = self._form(asked.get("response_format") or {"type": "text"}, refuses, str(said))
        limit = asked.get("max_completion_tokens", asked.get("max_tokens"))
        _need(isinstance(limit, int) and limit > 0, "Invalid type for 'max_tokens': an integer is expected")
        return Asked(system=said["system"], user=said["user"], form=form, limit=limit, schema=schema)

    def _form(self, format: Any, refuses: Collection[str], said: str) -> tuple[str, Any]:
        form = format.get("type")
        told = f"Invalid parameter: 'response_format' of type '{form}' is not supported with this model."
        _need(form in ("json_schema", "json_object", "text") and form not in refuses, told)
        if form == "json_object":
            _need("json" in said.lower(), "'messages' must contain the word 'json' in some form")
        if form != "json_schema":
            return form, None
        named = format.get("json_schema")
        _need(isinstance(named, dict) and bool(named.get("name")), "Missing required parameter: 'json_schema.name'")
        if named.get("strict"):
            wrong = _not_strict(named.get("schema"))
            _need(not wrong, f"Invalid schema for response_format '{named['name']}': {wrong}")
        return form, named.get("schema")

    def answer(self, asked: Asked, text: str, ending: str, *, counts: bool) -> bytes:
        finish = {"complete": "stop", "cut": "length", "blocked": "content_filter"}[ending]
        text = text[: len(text) // 2] if ending != "complete" else text
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": text, "refusal": None},
            "finish_reason": finish,
        }
        usage = {"prompt_tokens": _tokens(asked), "completion_tokens": len(text) // 4 + 1}
        told = {"id": "c1", "object": "chat.completion", "model": "some-model-0102", "choices": [choice]}
        return _json({**told, "usage": usage} if counts else told)

    def error(self, status: int, message: str, code: str, retry_s: float | None) -> bytes:
        kind = "insufficient_quota" if "quota" in code else "invalid_request_error"
        return _json({"error": {"message": message, "type": kind, "param": None, "code": code}})


class _Anthropic(Api):
    name = "anthropic"
    base = "/anthropic"

    def read(
        self, path: str, headers: Mapping[str, str], body: bytes, *, key: str, model: str, refuses: Collection[str]
    ) -> Asked:
        _need(path == f"{self.base}/v1/messages", "Not Found", 404, "not_found_error")
        _need(headers.get("x-api-key", "") == key or not key, "invalid x-api-key", 401, "authentication_error")
        _need(headers.get("anthropic-version") == "2023-06-01", "anthropic-version: header is required")
        asked = _object(body, headers)
        for name in asked:
            unknown = name not in _ANTHROPIC_FIELDS or name in refuses
            _need(not unknown, f"{name}: Extra inputs are not permitted")
        _need(asked.get("model") == model, f"model: {asked.get('model')}", 404, "not_found_error")
        limit = asked.get("max_tokens")
        _need(isinstance(limit, int) and limit > 0, "max_tokens: Field required")
        messages = asked.get("messages")
        _need(isinstance(messages, list) and bool(messages), "messages: at least one message is required")
        _need(all(set(m) == {"role", "content"} for m in messages), "messages.0: Extra inputs are not permitted")
        _need(messages[0]["role"] == "user", 'messages: first message must use the "user" role')
        form, schema, tool = "text", None, ""
        if "output_config" in asked:
            format = asked["output_config"].get("format", {})
            _need(format.get("type") == "json_schema", "output_config.format.type: Input should be 'json_schema'")
            form, schema = "output_config", format.get("schema")
            wrong = _not_strict(schema)
            _need(not wrong, f"output_config.format.schema: {wrong}")
        elif asked.get("tools"):
            choice = asked.get("tool_choice", {})
            tool = asked["tools"][0].get("name", "")
            _need(choice == {"type": "tool", "name": tool}, "tool_choice: the tool is not in tools")
            form, schema = "tools", asked["tools"][0].get("input_schema")
            _need(isinstance(schema, dict), "tools.0.custom.input_schema: Field required")
        system = asked.get("system", "")
        return Asked(system=system, user=messages[0]["content"], form=form, limit=limit, schema=schema, tool=tool)

    def answer(self, asked: Asked, text: str, ending: str, *, counts: bool) -> bytes:
        stop = {"complete": "tool_use" if asked.tool else "end_turn", "cut": "max_tokens", "blocked": "refusal"}[ending]
        block: dict[str, Any] = {"type": "text", "text": text if ending == "complete" else text[: len(text) // 2]}
        if asked.tool and ending == "complete":
            block = {"type": "tool_use", "id": "t1", "name": asked.tool, "input": _loosely(text)}
        usage = {"input_tokens": _tokens(asked), "output_tokens": len(text) // 4 + 1}
        told = {"id": "m1", "type": "message", "role": "assistant", "model": "some-model-0102", "content": [block]}
        return _json({**told, "stop_reason": stop, "usage": usage if counts else None})

    def error(self, status: int, message: str, code: str, retry_s: float | None) -> bytes:
        kinds = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 413: "request_too_large"}
        kinds |= {402: "billing_error", 429: "rate_limit_error", 500: "api_error", 529: "overloaded_error"}
        kind = kinds.get(status, "invalid_request_error")
        error = {"type": kind, "message": message, "details": {"error_code": code}}
        return _json({"type": "error", "error": error, "request_id": "r1"})


class _Gemini(Api):
    name = "gemini"
    base = "/v1beta"

    def read(
        self, path: str, headers: Mapping[str, str], body: bytes, *, key: str, model: str, refuses: Collection[str]
    ) -> Asked:
        _need("key=" not in path, "the key is in the URL, where logs will have it")
        given = headers.get("x-goog-api-key", "")
        _need(given == key or not key, "API key not valid. Please pass a valid API key.", 400, "API_KEY_INVALID")
        told = f"models/{path} is not found for API version v1beta"
        _need(path == f"{self.base}/models/{model}:generateContent", told, 404, "NOT_FOUND")
        asked = _object(body, headers)
        generation = asked.get("generationConfig", {})
        for names, known, where in (
            (asked, _GEMINI_FIELDS, ""),
            (generation, _GENERATION_FIELDS, " at 'generation_config'"),
        ):
            for name in names:
                told = f'Invalid JSON payload received. Unknown name "{name}"{where}: Cannot find field.'
                _need(name in known and name not in refuses, told, code="INVALID_ARGUMENT")
        form, schema = "text", None
        if "responseMimeType" in generation:
            _need(generation["responseMimeType"] == "application/json", "response_mime_type: not supported")
            form = "json"
        for name in ("responseJsonSchema", "responseSchema"):
            if name in generation:
                _need(form == "json", f"{name} needs response_mime_type: application/json")
                _need(schema is None, "only one of response_schema and response_json_schema may be set")
                form, schema = name, generation[name]
        if form == "responseSchema":
            unknown = _keywords(schema) - _OPENAPI_KEYWORDS
            told = f"Invalid JSON payload received. Unknown name {unknown} at 'generation_config.response_schema'"
            _need(not unknown, told, code="INVALID_ARGUMENT")
        contents = asked.get("contents")
        _need(isinstance(contents, list) and bool(contents), "contents is not specified", code="INVALID_ARGUMENT")
        _need(contents[0].get("role") == "user", "Please use a valid role: user, model.", code="INVALID_ARGUMENT")
        system = "".join(part["text"] for part in asked.get("systemInstruction", {}).get("parts", []))
        user = "".join(part["text"] for part in contents[0]["parts"])
        return Asked(system=system, user=user, form=form, limit=generation.get("maxOutputTokens", 0), schema=schema)

    def answer(self, asked: Asked, text: str, ending: str, *, counts: bool) -> bytes:
        usage = {"promptTokenCount": _tokens(asked), "candidatesTokenCount": len(text) // 4, "thoughtsTokenCount": 1}
        frame: dict[str, Any] = {"modelVersion": "some-model-0102", "responseId": "g1"}
        if counts:
            frame["usageMetadata"] = usage
        if ending == "blocked":
            return _json({**frame, "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}})
        finish = "STOP" if ending == "complete" else "MAX_TOKENS"
        parts = [
            {"text": "thinking …", "thought": True},
            {"text": text if finish == "STOP" else text[: len(text) // 2]},
        ]
        content = {"role": "model", "parts": parts}
        return _json({**frame, "candidates": [{"content": content, "finishReason": finish, "index": 0}]})

    def error(self, status: int, message: str, code: str, retry_s: float | None) -> bytes:
        statuses = {400: "INVALID_ARGUMENT", 403: "PERMISSION_DENIED", 404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED"}
        details: list[dict[str, Any]] = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": code}]
        if retry_s is not None:
            details.append({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{retry_s}s"})
        error = {"code": status, "message": message, "status": statuses.get(status, "INTERNAL"), "details": details}
        return _json({"error": error})


class _Program(Api):
    """What `asking_program` says for a program: the question as it read it, and the answer as it is to print it."""

    name = "command"
    base = "/command"

    def read(
        self, path: str, headers: Mapping[str, str], body: bytes, *, key: str, model: str, refuses: Collection[str]
    ) -> Asked:
        asked = _object(body, headers)
        fields = {"system", "user", "schema", "answer_tokens_max"}
        _need(set(asked) == fields, f"{sorted(fields)} are expected")
        limit = asked["answer_tokens_max"]
        return Asked(system=asked["system"], user=asked["user"], form="json", limit=limit, schema=asked["schema"])

    def answer(self, asked: Asked, text: str, ending: str, *, counts: bool) -> bytes:
        if ending != "complete":
            told = "error_max_structured_output_retries"
            return _json({"type": "result", "subtype": told, "is_error": True, "result": "no answer"})
        usage = {"tokens_in": _tokens(asked), "tokens_out": len(text) // 4 + 1}
        told_usage = {"usage": usage} if counts else {}
        return _json({"answer": text, "model": "some-model-0102", **told_usage})

    def error(self, status: int, message: str, code: str, retry_s: float | None) -> bytes:
        return message.encode()


APIS: dict[str, Api] = {api.name: api for api in (_OpenAI(), _Anthropic(), _Gemini(), _Program())}


def digest_of(user: str) -> str:
    """How a prompt is named in what the server counts."""
    return hashlib.sha256(user.encode("utf-8", "replace")).hexdigest()


def _need(holds: object, message: str, status: int = 400, code: str = "invalid_request_error") -> None:
    if not holds:
        raise BadRequest(status, message, code)


def _object(body: bytes, headers: Mapping[str, str]) -> Any:
    _need(headers.get("content-type", "").startswith("application/json"), "content-type: application/json", 415)
    try:
        found = json.loads(body)
    except ValueError:
        raise BadRequest(400, "We could not parse the JSON body of your request.") from None
    _need(isinstance(found, dict), "We could not parse the JSON body of your request.")
    return found


def _not_strict(schema: Any) -> str:
    """What a strict mode does not take of a schema; empty where it takes it."""
    if not isinstance(schema, dict):
        return "schema must be an object"
    unknown = _keywords(schema) - _STRICT_KEYWORDS
    if unknown:
        return f"{sorted(unknown)} is not permitted"
    if schema.get("type") == "object":
        if schema.get("additionalProperties") is not False:
            return "'additionalProperties' is required to be supplied and to be false"
        if set(schema.get("required", [])) != set(schema.get("properties", {})):
            return "'required' is required to be supplied and to include every key in properties"
    below = [*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])]
    return next((wrong for each in below if (wrong := _not_strict(each))), "")


def _keywords(schema: Any) -> set[str]:
    if not isinstance(schema, dict):
        return set()
    below = [*schema.get("properties", {}).values(), schema.get("items")]
    return set(schema).union(*map(_keywords, below))


def _tokens(asked: Asked) -> int:
    return (len(asked.system) + len(asked.user)) // 4 + 1


def _loosely(text: str) -> Any:
    """A tool's input is JSON whatever the model says."""
    try:
        return json.loads(text)
    except ValueError:
        return {"said": text}


def _json(told: Any) -> bytes:
    return json.dumps(told).encode()
