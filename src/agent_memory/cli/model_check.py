"""What `doctor` says of the language model behind the summaries; it is asked a question only where that is wished."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent_memory.config import Config
    from agent_memory.installation.checks import Check
    from agent_memory.summaries.model import Prompt
    from agent_memory.summaries.port import LanguageModel

_NAME = "language model"
_ANSWER_TOKENS_MAX = 300


def language_model_checks(config: Config, *, ask: bool) -> Iterator[Check]:
    """Whether it can be asked, and with *ask* whether it answers, which sends a few words of ours and costs a little.

    Nothing where no provider is configured.
    """
    from agent_memory.errors import Invalid
    from agent_memory.installation.checks import Check, State
    from agent_memory.summaries.providers import ProviderSettings, open_language_model

    if not config.summaries_provider.strip():
        return
    yield from _privacy_checks(config)
    try:
        model = open_language_model(ProviderSettings.from_config(config))
    except Invalid as error:
        yield Check(name=_NAME, state=State.FAIL, told=str(error), mend=error.hint)
        return
    with contextlib.closing(model):
        if ask:
            yield _asked(model)
        else:
            told = f"{' '.join(filter(None, (model.provider, model.model)))} is set, and was not asked"
            yield Check(name=_NAME, state=State.OK, told=f"{told}; `agent-memory doctor --ask-model` asks it")


def _asked(model: LanguageModel) -> Check:
    from agent_memory.errors import Invalid
    from agent_memory.installation.checks import Check, State
    from agent_memory.summaries.errors import ProviderRefused, ProviderUnavailable

    begun_s = time.monotonic()
    try:
        reply = model.complete(_question())
    except Invalid as error:
        return Check(name=_NAME, state=State.FAIL, told=str(error), mend=error.hint)
    except ProviderUnavailable as error:
        mend = "What wants wording waits, and nothing is lost. See whether it runs, and whether summaries_url is right."
        return Check(name=_NAME, state=State.FAIL, told=str(error), mend=mend)
    except ProviderRefused as error:
        mend = "Try another model, or raise summaries_thinking_tokens: some think for long before they answer."
        return Check(name=_NAME, state=State.FAIL, told=str(error), mend=mend)
    took_s, usage = time.monotonic() - begun_s, reply.usage
    who = " ".join(filter(None, (model.provider, reply.model)))
    told = f"{who} answered in {took_s:.1f} s; it read {usage.tokens_in:,} tokens and wrote {usage.tokens_out:,}"
    if '"answer"' in reply.text:
        return Check(name=_NAME, state=State.OK, told=told)
    mend = "Summaries need JSON: try a model that can be held to a schema."
    return Check(name=_NAME, state=State.WARN, told=f"{told}, not in the form that was asked for", mend=mend)


def _question() -> Prompt:
    from agent_memory.summaries.model import Prompt

    text = {"type": "string", "description": "One word."}
    return Prompt(
        system="You check a connection. Answer with one JSON object that has the text `answer`.",
        user="Does this reach you? Say yes.",
        schema={
            "type": "object",
            "properties": {"answer": text},
            "required": ["answer"],
            "additionalProperties": False,
        },
        answer_tokens_max=_ANSWER_TOKENS_MAX,
    )


def _privacy_checks(config: Config) -> Iterator[Check]:
    """What others can read: a key in its file, or all that is sent on its way."""
    from pathlib import Path
    from urllib.parse import urlsplit

    from agent_memory.installation.checks import Check, State

    file = Path(config.summaries_key_file)
    if config.summaries_key_file and file.exists() and file.stat().st_mode & 0o077:
        mend = f"Run `chmod 600 {file}`."
        yield Check(name="key", state=State.WARN, told=f"others can read {file}", mend=mend)
    url = urlsplit(config.summaries_url)
    is_near = url.hostname in ("localhost", "127.0.0.1", "::1")
    if url.scheme == "http" and not is_near:
        told = f"what is sent to {url.hostname} can be read on its way"
        mend = "Use https://, or a tunnel to that machine."
        yield Check(name=_NAME, state=State.WARN, told=told, mend=mend)
