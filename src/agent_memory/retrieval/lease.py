"""How retrieval is lent an index."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TypeVar

T = TypeVar("T")

Lease = Callable[[], AbstractContextManager[T]]
"""Gives the live generation of an index for as long as a block runs."""
