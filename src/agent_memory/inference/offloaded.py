"""The default summariser, where it keeps nobody waiting."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agent_memory.inference.port import EXTRACTIVE
from agent_memory.offloading import Offload, takes_part
from agent_memory.toc.material import Material, Summary


class OffloadedSummariser:
    """An `ExtractiveSummariser` that *offload* works for. Safe to use from several threads."""

    def __init__(self, offload: Offload) -> None:
        self._offload = offload

    @property
    def summariser_id(self) -> str:
        return EXTRACTIVE

    def summarise(self, material: Material) -> Summary:
        # Not above: a daemon serves before it sums anything up.
        from agent_memory.inference.extractive import extract

        return self._offload.call(extract, material)

    def summarise_each(self, materials: Sequence[Material]) -> Iterator[Summary]:
        if not takes_part():
            # There are mostly one or two of them.
            return map(self.summarise, materials)
        from agent_memory.inference.extractive import extract

        return self._offload.each(extract, materials)
