"""What an answer that is none means: wait, leave this prompt, or mend the settings. One table for every HTTP API."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import msgspec

from agent_memory.summaries.errors import ProviderMisconfigured, ProviderRefused, ProviderUnavailable
from agent_memory.summaries.model import Prompt

QUOTA_WAIT_S = 3600.0
"""How long is waited where money or a quota has run out. Asking once an hour costs nothing and sees it is back."""

_RETRY_AFTER_MAX_S = 86_400.0
_MESSAGE_MAX = 200
_ECHO_LENGTH = 24
"""So many code points of a prompt, found in an error, are a quotation."""

_QUOTA = re.compile(
    r"insufficient_quota|credit_balance|(spend|usage)_limit|billing|(spend|usage) limit|credit balance|"
    r"exceeded your current quota|quota.*per ?day",
    re.IGNORECASE,
)
_TOO_LONG = re.compile(
    r"context.{0,3}(length|size|window)|context_(length|size|window)|maximum context|too many (input )?tokens|"
    r"prompt is too long|input.{0,12}too long|request too large|string_above_max_length|"
    r"tokens to keep from the initial prompt|exceeds the (maximum|max) number of tokens|reduce the length",
    re.IGNORECASE,
)
_BLOCKED = re.compile(
    r"content_?filter|content management policy|content_policy|safety|prohibited|usage polic", re.IGNORECASE
)
_ANSWER_LIMIT = re.compile(r"at most \d+ (completion|output) tokens|max(imum)?_?(completion|output)?_?tokens", re.I)
_KEY = re.compile(r"api[ _-]?key|unauthenticated|credential", re.IGNORECASE)
_MODEL = re.compile(r"no models? (is |are )?loaded|model.{0,60}(not (found|exist)|does not exist|unknown)", re.I)
# What is left of a key that a provider repeats with stars in it, or whole.
_KEY_LIKE = re.compile(r"\S*\*{3,}\S*|\b(?:sk|key|AIza)[-_]?[A-Za-z0-9_-]{8,}")


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider says of why it did not answer. ``retry_after_s`` where the body says when to come back."""

    message: str = ""
    code: str = ""
    """Names of the error, all of them that it has, with blanks between."""
    param: str = ""
    retry_after_s: float | None = None

    @property
    def words(self) -> str:
        return f"{self.code} {self.param} {self.message}"


def is_about_question(problem: Problem) -> bool:
    """Whether it was refused for what it asks or costs, however it is asked."""
    return any(kind.search(problem.words) for kind in (_TOO_LONG, _QUOTA, _BLOCKED))


def failure(
    provider: str, model: str, status: int, headers: Mapping[str, str], problem: Problem, prompt: Prompt
) -> Exception:
    """The error that a status with a body stands for."""
    words = problem.words
    told = _told(status, problem, prompt)
    after_s = retry_after_s(headers, problem)
    if status == 402 or (status in (400, 403, 429) and _QUOTA.search(words)):
        spent = f"its quota is used up, {told}"
        return ProviderUnavailable(provider, spent, retry_after_s=after_s or None, wait_s=QUOTA_WAIT_S)
    if status == 413 or (status in (400, 422, 429, 500) and _TOO_LONG.search(words)):
        return ProviderRefused(provider, f"the question is too long, {told}")
    if status == 401 or (status in (400, 403) and _KEY.search(words)):
        hint = "Check summaries_key_file or summaries_key_variable, and whom the key is of."
        return ProviderMisconfigured("summaries_provider", provider, f"it does not take the key, {told}", hint=hint)
    if status == 404 or (status in (400, 422) and _MODEL.search(words)):
        hint = "Check summaries_model against the provider's list, and whether summaries_url ends as it should (/v1)."
        return ProviderMisconfigured("summaries_model", model, f"{provider} knows no such model, {told}", hint=hint)
    if status in (408, 409, 425, 429) or (status >= 500 and status != 501):
        wait_s = after_s if after_s > 0 else None
        return ProviderUnavailable(provider, f"it does not answer now, {told}", retry_after_s=wait_s)
    if status in (400, 422):
        if _BLOCKED.search(words):
            return ProviderRefused(provider, f"a filter of it blocks the question, {told}")
        if _ANSWER_LIMIT.search(words):
            hint = "Lower summaries_thinking_tokens: the model answers in fewer tokens than it is allowed."
            return ProviderMisconfigured("summaries_thinking_tokens", model, f"{provider} refuses, {told}", hint=hint)
        return ProviderRefused(provider, f"it does not take the question, {told}")
    if 300 <= status < 400:
        hint = "Write the URL that it sends you on to, if that is whom you mean; a key goes nowhere else by itself."
        return ProviderMisconfigured("summaries_url", provider, f"it answers with a redirect, {told}", hint=hint)
    hint = "See what the provider's documentation says of it; summaries_url and summaries_model say what is asked."
    return ProviderMisconfigured("summaries_provider", provider, f"it refuses to serve, {told}", hint=hint)


def _told(status: int, problem: Problem, prompt: Prompt) -> str:
    message = safe_words(problem.message, prompt)
    return f"status {status}" + (f": {message}" if message else "")


def safe_words(message: str, prompt: Prompt) -> str:
    """What a provider says, fit for a log: short, in one line, without keys, and nothing where it quotes the prompt."""
    text = " ".join(message.split())[: 4 * _MESSAGE_MAX]
    text = _KEY_LIKE.sub("…", text)
    asked = " ".join(prompt.user.split())
    for start in range(0, max(1, len(text) - _ECHO_LENGTH + 1)):
        if len(text) >= _ECHO_LENGTH and text[start : start + _ECHO_LENGTH] in asked:
            return ""
    return text if len(text) <= _MESSAGE_MAX else text[:_MESSAGE_MAX] + "…"


def retry_after_s(headers: Mapping[str, str], problem: Problem, *, now: datetime | None = None) -> float:
    """How long to wait by header and body; 0 where neither says."""
    told = [
        _number(headers.get("retry-after-ms")) / 1000.0,
        _retry_after(headers.get("retry-after", ""), now or datetime.now(UTC)),
        problem.retry_after_s or 0.0,
    ]
    return min(max(told), _RETRY_AFTER_MAX_S)


def _number(text: str | None) -> float:
    """A number that is not negative; 0 for anything else."""
    try:
        value = float(text or 0)
    except ValueError:
        return 0.0
    return value if 0.0 < value < float("inf") else 0.0


def _retry_after(text: str, now: datetime) -> float:
    """Seconds, or the date of RFC 9110."""
    if number := _number(text):
        return number
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return 0.0
    return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds())
