"""Telling what search goes without: once when it begins and once when it is over, not with every search."""

from __future__ import annotations

from agent_memory.telemetry import LOG


class Telling:
    """What went wrong the last time that it was tried. Safe to use from several threads."""

    def __init__(self) -> None:
        self._failing: set[tuple[str, str]] = set()

    def tell(self, without: str, *, view: str, error: Exception | None) -> None:
        """Search goes *without* something of a view for an error; with it (again) where there is none."""
        known = (without, view) in self._failing
        if error is not None and not known:
            self._failing.add((without, view))
            LOG.warning(f"search goes without {without}", view=view, error=error)
        elif error is None and known:
            self._failing.discard((without, view))
            LOG.info(f"search has {without} again", view=view)
