"""What every `LanguageModel` of a provider promises, checked against a server that can be told to misbehave."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from agent_memory.summaries.errors import ProviderRefused, ProviderUnavailable
from agent_memory.summaries.model import Prompt
from agent_memory.summaries.port import LanguageModel
from agent_memory.testing.language_models import (
    BLOCK,
    CUT,
    DROP,
    HANG,
    LanguageModelServer,
    Turn,
    digest_of,
    fail,
    minutes_of,
    say,
)
from agent_memory.testing.waiting import eventually

SCHEMA: dict[str, object] = {
    "type": "object",
    "properties": {"title": {"type": "string"}},
    "required": ["title"],
    "additionalProperties": False,
}
USER = "===== begin =====\n[1] user Mara:\n    Why did the deploy of the shop fail?\n===== end ====="
PROMPT = Prompt(system="Write the minutes.", user=USER, schema=SCHEMA, answer_tokens_max=500)


class LanguageModelChecks:
    """Give it ``make_model``: from the server and a time limit to an open model that asks the server."""

    make_model: Callable[[LanguageModelServer, float], LanguageModel]
    patience_s = 0.2
    """The time limit where the server will not answer; as short as the provider's own start allows."""

    @pytest.fixture
    def server(self) -> Iterator[LanguageModelServer]:
        with LanguageModelServer() as server:
            yield server

    @pytest.fixture
    def model(self, server: LanguageModelServer) -> Iterator[LanguageModel]:
        model = self.make_model(server, 20.0)
        yield model
        model.close()

    @pytest.fixture
    def impatient(self, server: LanguageModelServer) -> Iterator[LanguageModel]:
        model = self.make_model(server, self.patience_s)
        yield model
        model.close()

    def test_an_answer_comes_back_with_what_it_took(self, server: LanguageModelServer, model: LanguageModel) -> None:
        reply = model.complete(PROMPT)

        assert minutes_of("", USER) == reply.text
        assert "some-model-0102" == reply.model
        assert (1, True, True) == (reply.usage.calls, reply.usage.tokens_in > 0, reply.usage.tokens_out > 0)
        assert {digest_of(USER): 1} == server.answered

    def test_the_whole_prompt_arrives(self, server: LanguageModelServer, model: LanguageModel) -> None:
        """Whatever is in it: other scripts, quotes, control characters, half a surrogate pair."""
        user = 'Grüße 你好 🎉 "quoted" \\n \x07 </s>\n' + "x" * 200_000
        model.complete(Prompt(system="Ä", user=user, schema=SCHEMA, answer_tokens_max=500))
        (call,) = server.calls

        assert call.asked is not None
        assert (user, SCHEMA) == (call.asked.user, call.asked.schema)
        assert "Ä" in call.asked.system
        assert call.asked.limit >= 500

    def test_half_a_surrogate_pair_does_not_stop_it(self, model: LanguageModel) -> None:
        assert model.complete(
            Prompt(system="a", user="[1] x:\n    \ud83d b", schema=SCHEMA, answer_tokens_max=500)
        ).text

    @pytest.mark.parametrize(
        "text", ["not JSON", '{"title": "cut o', "```json\n{}\n```", '{"a": "\\ud800"}', "[" * 5000]
    )
    def test_what_the_model_says_comes_back_as_it_said_it(
        self, server: LanguageModelServer, model: LanguageModel, text: str
    ) -> None:
        """Reading it is somebody else's part."""
        server.will(say(text))

        assert text.encode("utf-8", "replace") == model.complete(PROMPT).text.encode("utf-8", "replace")

    @pytest.mark.parametrize("status", [500, 502, 503])
    def test_an_outage_is_a_wait(self, server: LanguageModelServer, model: LanguageModel, status: int) -> None:
        server.will(fail(status))
        with pytest.raises(ProviderUnavailable):
            model.complete(PROMPT)

        assert model.complete(PROMPT).text

    def test_a_connection_that_drops_is_a_wait(self, server: LanguageModelServer, model: LanguageModel) -> None:
        server.will(DROP)
        with pytest.raises(ProviderUnavailable):
            model.complete(PROMPT)

        assert model.complete(PROMPT).text

    def test_an_answer_that_never_comes_is_a_wait(self, server: LanguageModelServer, impatient: LanguageModel) -> None:
        server.will(HANG)
        with pytest.raises(ProviderUnavailable):
            impatient.complete(PROMPT)

    @pytest.mark.parametrize("turn", [CUT, BLOCK], ids=["cut off", "blocked"])
    def test_an_answer_that_is_cut_off_or_blocked_is_a_refusal(
        self, server: LanguageModelServer, model: LanguageModel, turn: Turn
    ) -> None:
        server.will(turn)
        with pytest.raises(ProviderRefused):
            model.complete(PROMPT)

        assert model.complete(PROMPT).text

    def test_no_answer_is_a_refusal(self, server: LanguageModelServer, model: LanguageModel) -> None:
        server.will(say(""))
        with pytest.raises(ProviderRefused):
            model.complete(PROMPT)

    def test_a_server_that_does_not_count_is_not_guessed_for(
        self, server: LanguageModelServer, model: LanguageModel
    ) -> None:
        server.counts_tokens = False
        usage = model.complete(PROMPT).usage

        assert (1, 0, 0) == (usage.calls, usage.tokens_in, usage.tokens_out)

    def test_several_are_asked_at_once(self, server: LanguageModelServer, model: LanguageModel) -> None:
        server.will(HANG, HANG)
        threads = [threading.Thread(target=_asked, args=(model,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        eventually(lambda: server.under_way == 2)
        assert model.complete(PROMPT).text
        model.close()
        for thread in threads:
            thread.join(20)

        assert [False, False] == [thread.is_alive() for thread in threads]

    def test_closing_ends_what_is_under_way(self, server: LanguageModelServer, model: LanguageModel) -> None:
        server.will(HANG)
        thread = threading.Thread(target=_asked, args=(model,))
        thread.start()
        eventually(lambda: server.under_way == 1)
        model.close()
        thread.join(20)

        assert not thread.is_alive()

    def test_it_says_who_it_is_and_what_fits(self, model: LanguageModel) -> None:
        assert model.provider
        assert model.context_tokens > 0


def _asked(model: LanguageModel) -> None:
    """Ask, and let it be cut off."""
    try:
        model.complete(PROMPT)
    except ProviderUnavailable:
        return
