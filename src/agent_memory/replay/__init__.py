"""Build a view again beside the live one, compare, swap."""

from agent_memory.replay.compare import first_difference
from agent_memory.replay.rebuild import Cancelled, compare_with_rebuild, rebuild

__all__ = ["Cancelled", "compare_with_rebuild", "first_difference", "rebuild"]
