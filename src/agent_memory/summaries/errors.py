"""What may come of asking a language model, sorted by what its caller can do next."""

from __future__ import annotations

from agent_memory.errors import InferenceUnavailable, Invalid
from agent_memory.summaries.model import Usage


class ProviderUnavailable(InferenceUnavailable):
    """The same call may succeed later: the provider is down, slow, limits the rate, or broke off."""

    hint = "Nothing to do: it is asked again later."
    spent: Usage | None = None
    """What calls about the same node took before this one, where that is known."""

    def __init__(
        self, provider: str, problem: str, *, retry_after_s: float | None = None, wait_s: float | None = None
    ) -> None:
        super().__init__(f"{provider}: {problem}")
        self.provider = provider
        self.problem = problem
        self.retry_after_s = retry_after_s
        """For how long it asks to be left alone; None where it says nothing of that. Nobody asks it before."""
        self.wait_s = wait_s
        """How long it is of no use to ask, as we see it; None for a moment. Somebody may know better."""


class ProviderCutOff(ProviderUnavailable):
    """Somebody ended the call from outside, as who stops a service does, and nobody knows whether it was answered."""


class ProviderRefused(Exception):
    """This prompt will not be answered: too long, blocked, cut off, or never as the schema has it."""

    spent: Usage | None = None
    """What calls about the node took until then, where that is known."""

    def __init__(self, provider: str, problem: str, *, usage: Usage | None = None, begun: str = "") -> None:
        super().__init__(f"{provider}: {problem}")
        self.provider = provider
        self.problem = problem
        self.usage = usage
        """What this one call took all the same, where the provider tells."""
        self.begun = begun
        """What there is of an answer that was cut off at the most tokens that it may have."""


class ProviderMisconfigured(Invalid):
    """No prompt will be answered as the settings are: no key, no such model, no such program."""
