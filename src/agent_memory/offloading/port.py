"""Where background work on plain values is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Offload(Protocol):
    """Does pure functions of values for background work. Safe to use from several threads."""

    def call(self, function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """What *function* returns, wherever it runs: a function of a module, of values that can be pickled.

        Errors: those of the function.
        """
        ...


class Inline:
    """An `Offload` that calls at once, on the caller's thread."""

    def call(self, function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        return function(*arguments, **named)


INLINE = Inline()
"""For whoever computes little, or is alone in its process."""
