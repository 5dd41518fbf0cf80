"""What an event is about, read out of its text: deterministic, pure functions of one event."""

from agent_memory.annotation.model import Entity, EntityType, MemoryType

__all__ = ["Entity", "EntityType", "MemoryType"]
