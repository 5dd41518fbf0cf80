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

        Where it runs beside the caller, the next is asked for while the one before is used; or both do some of the
        parts, where the caller is `taking_part`. Errors: as `call`, at the place of the part.
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
def taking_part() -> Iterator[None]:
    """A block in which this thread does what it asks an `Offload` for itself: of many parts, some, beside the other.

    For who takes in very much, one thing after the other, and has nothing to do while it waits.
    """
    before, _here.takes_part = takes_part(), True
    try:
        yield
    finally:
        _here.takes_part = before


def takes_part() -> bool:
    """Whether this is such a block."""
    return getattr(_here, "takes_part", False)


INLINE = Inline()
"""For whoever computes little, or is alone in its process."""
