"""The questions that each index answers. Safe to ask from several threads, beside its projector."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from agent_memory.indexes.event_ids import EventKeys
from agent_memory.indexes.matches import Matches
from agent_memory.indexes.model import DayCount, DayMention, Session, SetAside, Unworded, Where
from agent_memory.indexes.turns import Turns
from agent_memory.inference.port import Vectors
from agent_memory.summaries.model import Answer
from agent_memory.toc.material import Level, Material
from agent_memory.toc.model import Grip, Node


class LexicalSearch(Protocol):
    """BM25 over chunks of event text."""

    def search(self, query: str, *, where: Where, limit: int) -> Matches:
        """Up to *limit* events, each with its best passage, best first; ties in order of id.

        Any string is a query; one without a word finds nothing. The filter applies before the
        ranking is cut. Scores are BM25.
        """
        ...

    def edge_ms(self, query: str, *, where: Where, count: int, latest: bool) -> int | None:
        """The time since which, or until which, *count* passages hold every word of the query that any holds.

        Where there are fewer, the time of the last of these; None where there is none.
        """
        ...

    def in_time(self, *, where: Where, limit: int, latest: bool) -> Matches:
        """Of what passes, the earliest or the *latest* passages, as their events with a score of 0, in order of time.

        At most *limit*; without a word, for a question that holds none.
        """
        ...

    def whole_score(self, query: str) -> float:
        """What a passage of average length scores that holds each word of the query once.

        Words that no passage holds count too: how much of it the best match has tells how far
        words alone can be trusted.
        """
        ...


class VectorSearch(Protocol):
    """Nearest neighbours over embeddings of the same chunks."""

    def search(self, vector: Vectors, *, where: Where, limit: int) -> Matches:
        """Up to *limit* events, each with its nearest passage, nearest first; ties in order of id.

        Shapes: *vector* is float32 ``(dim,)`` of unit norm. Scores are cosine similarity.
        The filter applies before the ranking is cut. Errors: `DimensionMismatch`.
        """
        ...

    def search_each(self, vector: Vectors, asked: Sequence[tuple[Where, int]]) -> list[Matches]:
        """What `search` finds for each filter and limit, all in one state of the index, for less than one by one.

        An approximate index may look at more than for each by itself.
        """
        ...


class Contents(Protocol):
    """Nodes and grips."""

    def node(self, node_id: str, *, version: int | None = None) -> Node:
        """The latest version, or the newest that is not later than *version*. Errors: `UnknownNode`."""
        ...

    def versions(self, node_id: str) -> list[int]:
        """The versions kept, newest first. Errors: `UnknownNode`."""
        ...

    def years(self) -> list[Node]: ...

    def children(self, node_id: str, *, after: str = "", limit: int) -> list[Node]:
        """Up to *limit* children in time order, from the one after node *after*. Errors: `UnknownNode`."""
        ...

    def at(self, level: Level, time_ms: int) -> Node | None:
        """The node of that level, day or above, whose period holds the instant."""
        ...

    def segment_of(self, event_id: str, session: str) -> Node | None:
        """The segment that holds the event; None while the contents do not contain it."""
        ...

    def segment_ids_of(self, events: Iterable[tuple[str, str]]) -> list[str]:
        """The ids alone of the segments of several (event, session), which takes no reading of nodes.

        Empty for what the contents do not contain yet.
        """
        ...

    def grip(self, grip_id: str) -> Grip | None:
        """A grip that some current node cites."""
        ...


class Wordings(Protocol):
    """What a language model may be asked about, and what it answered. A part of the view `toc`."""

    def unworded(self, *, limit: int, after: Unworded | None = None) -> list[Unworded]:
        """Up to *limit* nodes that wait for an answer, from the one after *after*: the most recent first.

        Children come before a parent that ends with them. A node is gone from here, and is worded by
        its answer, as soon as the view contains the position at which the answer was recorded.
        """
        ...

    def set_aside(self, *, limit: int, after: SetAside | None = None) -> list[SetAside]:
        """Up to *limit* nodes whose answer words nothing, from the one after *after*: the most recent first."""
        ...

    def material(self, node_id: str) -> Material:
        """What a summariser is given of a node: its `material_digest` is the one that `unworded` names.

        Errors: `UnknownNode`; `NodeChanging` where the node changed while it was read.
        """
        ...

    def answers(self, digest: str) -> list[Answer]:
        """All that was answered about a material, the latest first: the first summary among them words its node."""
        ...

    def answers_about(self, node_id: str) -> list[Answer]:
        """All that was answered about a node, as it is and as it was, the latest first. Takes time by all answers."""
        ...


class Catalog(Protocol):
    """Sessions, agents, projects, and counts per local day."""

    def session(self, session_id: str) -> Session:
        """Errors: `UnknownSession`."""
        ...

    def sessions(
        self, *, where: Where, after: tuple[int, str] | None = None, limit: int, newest_first: bool = False
    ) -> list[Session]:
        """Up to *limit* sessions by (start, id), from the one after *after*.

        Edges in time keep the sessions that overlap them; the other fields, those that have
        such an event (each field on its own).
        """
        ...

    def titles(self, session_ids: Sequence[str]) -> list[str]:
        """Their titles, in the order asked; empty for an unknown one."""
        ...

    def days(
        self,
        *,
        first: str,
        until: str,
        agents: frozenset[str] = frozenset(),
        projects: frozenset[str] = frozenset(),
    ) -> list[DayCount]:
        """The days with events between two local dates, both inclusive, in order."""
        ...

    def span(self) -> tuple[str, str] | None:
        """The first and the last local date with events; None for an empty store."""
        ...

    def event_count(self) -> int: ...

    def turns(self, found: Mapping[int, EventKeys]) -> dict[int, Turns]:
        """What stands around events: those of each session in order, with their traits, by session key.

        *found* are keys of events by session key, those that matter most first; under key 0 are those
        whose session is not known, which are looked for in the other sessions. A session that is
        not long is given whole; none of an unknown one.
        Errors: `Corrupt` where a row of one of the sessions cannot be read.
        """
        ...


class Entities(Protocol):
    """Which events mention what, and which days.

    Keys of entities are those of `entity_key`; events are their ULIDs as numbers, for a search reads hundreds.
    """

    def event_count(self) -> int:
        """How many events the view contains, with entities or without."""
        ...

    def counts(self, keys: Sequence[int]) -> list[int]:
        """How many events mention each entity, in the order asked; 0 for an unknown one."""
        ...

    def postings(self, keys: Sequence[int], *, limit: int) -> list[list[int]]:
        """For each entity, in the order asked, up to *limit* of the events that mention it, newest first."""
        ...

    def mentioned(self, events: Sequence[int]) -> list[tuple[int, ...]]:
        """For each event, in the order asked, keys of what it mentions: the most distinctive first, not all of many."""
        ...

    def mentioning(self, first: str, until: str, *, limit: int) -> list[DayMention]:
        """Up to *limit* mentions of days between two local dates, both inclusive, the nearest first.

        First those that lie within the dates, by the day on which they begin, the shorter first.
        Then those that overlap them: days of a week at most before those of a month, and each by
        how near to *first* they begin. Longer stretches are not known.
        """
        ...
