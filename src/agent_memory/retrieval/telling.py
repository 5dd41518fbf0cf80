"""Telling what search goes without: once when it begins and once when it is over, not with every search."""

from __future__ import annotations

from agent_memory.telemetry import LOG


class Telling:
    """What went wrong the last time that it was tried. Safe to use from several threads."""

    def __init__(self) -> None:
        self._failing: set[tuple[str, ...]] = set()

    def tell(self, without: str, *, error: Exception | None, **place: str) -> None:
        """Search goes *without* something of a *place* for an error; with it (again) where there is none."""
        told = (without, *place.values())
        if error is not None and told not in self._failing:
            self._failing.add(told)
            LOG.warning(f"search goes without {without}", error=error, **place)
        elif error is None and told in self._failing:
            self._failing.discard(told)
            LOG.info(f"search has {without} again", **place)
