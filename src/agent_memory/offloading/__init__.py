"""Work on plain values in a process of its own: what Python computes there keeps no thread of this one waiting."""

from agent_memory.offloading.port import INLINE, Offload, takes_part, taking_part
from agent_memory.offloading.process import OffloadProcess

__all__ = ["INLINE", "Offload", "OffloadProcess", "takes_part", "taking_part"]
