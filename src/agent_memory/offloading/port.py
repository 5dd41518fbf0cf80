"""Where background work on plain values is done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
A = TypeVar("A")
T = TypeVar("T")


class Offload(Protocol):
    """Does pure functions of values for background work. Safe to use from several threads."""

    def call(self, function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """What *function* returns, wherever it runs: a function of a module, of values that can be pickled.

        Errors: those of the function.
        """
        ...

    def each(self, function: Callable[[A], T], parts: Iterable[A]) -> Iterator[T]:
        """What *function* returns for each of the parts, in order.

        Where it runs beside the caller, the next is asked for while the one before is used. Errors: as `call`.
        """
        ...


class Inline:
    """An `Offload` that calls at once, on the caller's thread."""

    def call(self, function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        return function(*arguments, **named)

    def each(self, function: Callable[[A], T], parts: Iterable[A]) -> Iterator[T]:
        return map(function, parts)


INLINE = Inline()
"""For whoever computes little, or is alone in its process."""
