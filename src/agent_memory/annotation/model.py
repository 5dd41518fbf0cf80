"""What an event is said to be about: the vocabulary of annotations."""

from __future__ import annotations

import enum

import msgspec


class MemoryType(enum.Enum):
    """What sort of thing a text states. One text may state several, or none of these."""

    DECISION = "decision"
    PREFERENCE = "preference"
    PROCEDURE = "procedure"
    CONSTRAINT = "constraint"
    DEFINITION = "definition"
    QUESTION = "question"
    ERROR = "error"
    OBSERVATION = "observation"

    # Members are singletons; an Enum's own way is Python code, and they are looked up for every event.
    __hash__ = object.__hash__


class EntityType(enum.StrEnum):
    """What an entity is."""

    PERSON = "person"
    PROJECT = "project"
    FILE = "file"
    IDENTIFIER = "identifier"
    URL = "url"
    ISSUE = "issue"


class Entity(msgspec.Struct, frozen=True, order=True, gc=False):
    """Something with a name that events mention.

    ``name`` is in the form in which it is compared: one entity, one name, however it was written.
    """

    type: EntityType
    name: str
