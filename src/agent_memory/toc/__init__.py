"""The shape of the contents: days and weeks, segments, grips; pure functions of events."""

from agent_memory.toc.calendar import Calendar, Period
from agent_memory.toc.grips import GripAddress, grip_address, grip_id, matches, settle
from agent_memory.toc.material import ChildMaterial, Excerpt, Level, Material, Passage, Point, Summary
from agent_memory.toc.model import Bullet, Grip, Node, Wording
from agent_memory.toc.segments import SegmentMark, SegmentRule, Turn, segments, token_count

__all__ = [
    "Bullet",
    "Calendar",
    "ChildMaterial",
    "Excerpt",
    "Grip",
    "GripAddress",
    "Level",
    "Material",
    "Node",
    "Passage",
    "Period",
    "Point",
    "SegmentMark",
    "SegmentRule",
    "Summary",
    "Turn",
    "Wording",
    "grip_address",
    "grip_id",
    "matches",
    "segments",
    "settle",
    "token_count",
]
