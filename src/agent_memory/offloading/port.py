"""Where background work on plain values is done."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
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


_here = threading.local()


@contextmanager
def on_this_thread() -> Iterator[None]:
    """A block in which this thread does itself whatever it asks of an `Offload`.

    For who takes in very much, one thing after the other: to hand it over and to wait for it costs a third more.
    """
    before, _here.is_asked = is_on_this_thread(), True
    try:
        yield
    finally:
        _here.is_asked = before


def is_on_this_thread() -> bool:
    """Whether this is such a block."""
    return getattr(_here, "is_asked", False)


INLINE = Inline()
"""For whoever computes little, or is alone in its process."""
