"""Panics of engines in Rust, as errors of ours.

PyO3 raises them as a `BaseException`, so that nothing that catches `Exception` would know of
them: a damaged file of one view would take down whoever asks it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from agent_memory.errors import Corrupt

_MODULE = "pyo3_runtime"


@contextmanager
def panics_told(view: str) -> Iterator[None]:
    """Raise `Corrupt`, naming the *view*, where its engine panics."""
    try:
        yield
    except BaseException as error:
        # The class can be had from no module; its name is all there is to know it by.
        if type(error).__module__ != _MODULE:
            raise
        told = Corrupt(f"the engine of the view {view} broke down: {error}")
        told.hint = f"`agent-memory replay {view}` builds the view again; the log is not affected."
        raise told from error
