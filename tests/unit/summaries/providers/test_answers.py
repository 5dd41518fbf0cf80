"""What the stand-in server answers by default is minutes that hold, from whichever provider."""

from __future__ import annotations

import pytest

from agent_memory.clock import SystemClock
from agent_memory.summaries.wording import word
from tests.unit.summaries.providers.conftest import MakeModel
from tests.unit.summaries.talks import EXPORT, REDACTOR, TOKENS, segment


@pytest.mark.parametrize("provider", ["openai", "anthropic", "gemini"])
def test_a_conversation_is_worded_by_every_provider(make_model: MakeModel, provider: str) -> None:
    answer = word(
        segment(*EXPORT),
        make_model(provider),
        node_id="segment/x",
        digest="d",
        tokens=TOKENS,
        redactor=REDACTOR,
        said=lambda _: "",
        clock=SystemClock(),
    )

    assert answer.summary is not None
    assert ("", 0, 0) == (answer.refusal, answer.dropped, answer.anchored)
    assert (provider, "some-model-0102") == (answer.provider, answer.model)
    assert [point.text for point in answer.summary.points]
    assert answer.usage.tokens_in > 0
