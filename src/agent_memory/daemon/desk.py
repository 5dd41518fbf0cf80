"""The store as the worker of the summaries sees it: the contents, and the log that answers go into."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from agent_memory.errors import NodeChanging, UnknownNode
from agent_memory.events import Position
from agent_memory.indexes.port import Contents
from agent_memory.log import EventLog
from agent_memory.projectors.views import Views
from agent_memory.summaries.desk import Refused, Wanting
from agent_memory.summaries.digests import material_digest
from agent_memory.summaries.model import Answer
from agent_memory.toc.material import Excerpt, Level, Material
from agent_memory.toc.model import Node

# So many rows are read at once: reading them holds the interpreter.
_PAGE = 100


class StoreDesk:
    """A `Desk` over the *log* and its *views*."""

    def __init__(self, log: EventLog, views: Views, *, time_zone: str) -> None:
        self._log = log
        self._views = views
        self._time_zone = time_zone
        self._opened_at = log.head()

    @property
    def time_zone(self) -> str:
        return self._time_zone

    def is_current(self) -> bool:
        return self._views.toc.position >= self._opened_at

    def position(self) -> Position:
        return self._views.toc.position

    def tell_at(self, position: Position, listener: Callable[[], None]) -> None:
        self._views.toc.reached(position).add_done_callback(lambda _: listener())

    def unworded(self) -> Iterator[Wanting]:
        after = None
        while True:
            with self._views.wordings() as wordings:
                page = wordings.unworded(limit=_PAGE, after=after)
            for one in page:
                yield Wanting(
                    node_id=one.node_id,
                    level=one.level,
                    digest=one.digest,
                    last_event_ms=one.last_event_ms,
                    is_ready=one.is_ready,
                )
            if len(page) < _PAGE:
                return
            after = page[-1]

    def set_aside(self) -> Iterator[Refused]:
        after = None
        while True:
            with self._views.wordings() as wordings:
                page = wordings.set_aside(limit=_PAGE, after=after)
            for one in page:
                yield Refused(
                    node_id=one.node_id,
                    level=one.level,
                    digest=one.digest,
                    last_event_ms=one.last_event_ms,
                    refusal=one.refusal,
                )
            if len(page) < _PAGE:
                return
            after = page[-1]

    def nodes(self, node_id: str = "") -> Iterator[Wanting]:
        with self._views.contents() as contents:
            level = [contents.node(node_id)] if node_id else contents.years()
        found: list[Node] = []
        while level:
            found += level
            level = [child for node in level if node.level is not Level.SEGMENT for child in self._children(node)]
        last: dict[str, int] = {}
        for node in reversed(found):
            # A period ends with its last day, whatever happened when; its children know.
            last_ms = node.end_ms if node.level is Level.SEGMENT else last.get(node.id, node.start_ms)
            last[node.parent_id] = max(last.get(node.parent_id, 0), last_ms)
            told = node.wording
            yield Wanting(
                node_id=node.id,
                level=node.level,
                digest=told.digest,
                last_event_ms=last_ms,
                parent_id=node.parent_id,
                worded_by=(told.summariser, told.model, told.prompt_version),
            )

    def projects(self, node_id: str) -> tuple[str, ...]:
        try:
            with self._views.contents() as contents:
                return contents.node(node_id).projects
        except UnknownNode:
            return ()

    def material(self, node_id: str) -> tuple[str, Material] | None:
        try:
            with self._views.wordings() as wordings:
                material = wordings.material(node_id)
        except (UnknownNode, NodeChanging):
            return None
        return material_digest(material), material

    def answer(self, digest: str) -> Answer | None:
        with self._views.wordings() as wordings:
            answers = wordings.answers(digest)
        return next((one for one in answers if one.summary is not None), answers[0] if answers else None)

    def answers_of(self, node_id: str) -> list[Answer]:
        with self._views.contents() as contents:
            contents.node(node_id)
        with self._views.wordings() as wordings:
            return wordings.answers_about(node_id)

    def record(self, answer: Answer) -> Position:
        return self._log.record([answer]).result()[0]

    def said(self, place: Excerpt) -> str:
        """The words of an excerpt; empty where its event is gone."""
        found = self._log.get_many([place.event_id])[0]
        return found.event.text[place.start : place.end] if found is not None else ""

    def _children(self, node: Node) -> Iterator[Node]:
        after = ""
        while True:
            with self._views.contents() as contents:
                page = _page(contents, node.id, after)
            yield from page
            if len(page) < _PAGE:
                return
            after = page[-1].id


def _page(contents: Contents, node_id: str, after: str) -> list[Node]:
    try:
        return contents.children(node_id, after=after, limit=_PAGE)
    except UnknownNode:
        # It went while the tree was walked.
        return []
