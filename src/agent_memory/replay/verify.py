"""Checks on a store that everything holds which must: design by design, entry by entry."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from agent_memory.bridge import Cancelled as CancelledCheck
from agent_memory.bridge import Emit, reports
from agent_memory.errors import AgentMemoryError, UnknownEvent, UnknownFormat, UnknownKind
from agent_memory.events import START, Position
from agent_memory.events.ulids import next_ulid
from agent_memory.indexes.port import Contents
from agent_memory.log import EventLog
from agent_memory.memory import VerifyFinding, VerifyProgress, VerifyReport, VerifyVerdict
from agent_memory.projectors.port import Projector
from agent_memory.projectors.runner import ViewRunner
from agent_memory.projectors.views import Views
from agent_memory.replay.rebuild import Cancelled, compare_with_rebuild
from agent_memory.toc.model import Node

_PAGE = 1000

Scratch = Callable[[str, Path], Projector]
"""An empty projector for the named view that writes to a folder of its own."""


class Verifier:
    """Walks the log and the contents, and holds every view against its rebuild.

    Writes nothing to the store but embeddings that were missing there, which are computed once ever.
    """

    def __init__(self, log: EventLog, views: Views, *, scratch: Scratch) -> None:
        self._log = log
        self._views = views
        self._scratch = scratch

    def run(self) -> AsyncIterator[VerifyReport]:
        """Progress, findings as they turn up, and a verdict."""
        return reports(self._produce, name="verify")

    def _produce(self, emit: Emit[VerifyReport], cancelled: CancelledCheck) -> None:
        checks: dict[str, Callable[[Emit[VerifyReport], CancelledCheck], Iterator[str]]] = {
            "log": self._check_log,
            "contents": self._check_contents,
            **{runner.view.name: self._check_view(runner) for runner in self._views},
        }
        count = 0
        for name, check in checks.items():
            try:
                for message in check(emit, cancelled):
                    count += 1
                    emit(VerifyFinding(check=name, message=message))
            except Cancelled:
                return
            except Exception as error:
                # A check that damaged bytes bring down has found something; the others go on.
                count += 1
                emit(VerifyFinding(check=name, message=_told(error)))
        emit(VerifyVerdict(sound=count == 0, checks=tuple(checks), finding_count=count))

    def _check_log(self, emit: Emit[VerifyReport], cancelled: CancelledCheck) -> Iterator[str]:
        """The digest chain, and that every entry has its event and rows."""
        head = self._log.head()
        at = START
        newer: list[UnknownKind] = []
        while at < head:
            if cancelled():
                raise Cancelled("log")
            try:
                at = self._log.verify(after=at, limit=_PAGE)
            except UnknownKind as error:
                # Nothing is wrong with it, nor with what comes after.
                newer.append(error)
                at = error.position
            emit(VerifyProgress(check="log", done=at, total=head))
        if newer:
            others = f" ({len(newer) - 1:,} more are of such kinds)" if len(newer) > 1 else ""
            yield f"{newer[0]}{others}. {newer[0].hint}"
        # The entries that are there are sound; what the end of the log lost is known by its rows elsewhere.
        checked = self._log.verify_events(limit=_PAGE)
        while checked:
            if cancelled():
                raise Cancelled("log")
            checked = self._log.verify_events(after=checked, limit=_PAGE)
        for _ in self._log.verify_answers():
            if cancelled():
                raise Cancelled("log")

    def _check_contents(self, emit: Emit[VerifyReport], cancelled: CancelledCheck) -> Iterator[str]:
        """Every event in exactly one segment, the tree whole, every bullet proven."""
        with self._views.toc.view.projecting, self._views.toc.view.lease() as projector:
            checkpoint = projector.checkpoint()
            # Told after the view is let go: whoever reads slowly must not hold it up.
            count = checkpoint - projector.index.wording.answer_count()
            findings = list(self._contents_findings(projector.index, checkpoint, count, cancelled))
        emit(VerifyProgress(check="contents", done=checkpoint, total=checkpoint))
        yield from findings

    def _contents_findings(
        self, contents: Contents, checkpoint: Position, event_count: int, cancelled: CancelledCheck
    ) -> Iterator[str]:
        covered = 0
        for node in _walk(contents, contents.years()):
            if cancelled():
                raise Cancelled("contents")
            yield from self._check_bullets(contents, node)
            if node.child_count:
                children = list(_children(contents, node))
                if node.child_count != len(children):
                    yield f"{node.id} counts {node.child_count} children and has {len(children)}"
                if node.event_count != sum(child.event_count for child in children):
                    yield f"{node.id} counts {node.event_count} events, its children count otherwise"
            else:
                covered += node.event_count
                yield from self._check_segment(node, checkpoint)
        if covered != event_count:
            yield f"the segments hold {covered} events, the view contains {event_count}"

    def _check_segment(self, node: Node, checkpoint: Position) -> Iterator[str]:
        count, first = 0, node.first_event_id
        while first <= node.last_event_id:
            page = self._log.scan(first=first, until=node.last_event_id, session=node.session, limit=_PAGE)
            # What came after the view's checkpoint is not in its segments yet.
            count += sum(recorded.position <= checkpoint for recorded in page)
            if len(page) < _PAGE:
                break
            first = next_ulid(page[-1].event.id)
        if count != node.event_count:
            yield f"{node.id} counts {node.event_count} events, its session has {count} there"

    def _check_bullets(self, contents: Contents, node: Node) -> Iterator[str]:
        for bullet in node.bullets:
            if not bullet.grip_ids:
                yield f"{node.id}: a bullet has no grip"
            for grip_id in bullet.grip_ids:
                grip = contents.grip(grip_id)
                if grip is None:
                    yield f"{node.id}: grip {grip_id} is missing"
                    continue
                try:
                    text = self._log.get(grip.event_id).event.text
                except UnknownEvent:
                    yield f"{node.id}: grip {grip_id} cites event {grip.event_id}, which is not in the log"
                    continue
                if not grip.excerpt or text[grip.start : grip.end] != grip.excerpt:
                    yield f"{node.id}: the excerpt of grip {grip_id} is not verbatim"

    def _check_view(self, runner: ViewRunner[Any]) -> Callable[[Emit[VerifyReport], CancelledCheck], Iterator[str]]:
        """That the view is what the log gives."""

        def check(emit: Emit[VerifyReport], cancelled: CancelledCheck) -> Iterator[str]:
            name = runner.view.name
            if runner.standing is not None and runner.standing.waiting and runner.position == START:
                return
            if runner.position > self._log.head():
                yield f"it contains position {runner.position}, and the log ends at {self._log.head()}"
            with _folder() as folder:
                scratch = self._scratch(name, Path(folder))
                try:
                    difference = compare_with_rebuild(
                        runner.view,
                        scratch,
                        self._log,
                        progress=lambda p: emit(VerifyProgress(check=name, done=p.position, total=p.target)),
                        cancelled=cancelled,
                    )
                finally:
                    scratch.close()
            if difference:
                yield difference

        return check


def _told(error: Exception) -> str:
    if isinstance(error, UnknownFormat):
        return error.advice
    return str(error) if isinstance(error, AgentMemoryError) else f"{type(error).__name__}: {error}"


def _folder() -> AbstractContextManager[str]:
    return tempfile.TemporaryDirectory(prefix="agent-memory-verify-")


def _children(contents: Contents, node: Node) -> Iterator[Node]:
    after = ""
    while page := contents.children(node.id, after=after, limit=_PAGE):
        yield from page
        after = page[-1].id


def _walk(contents: Contents, nodes: list[Node]) -> Iterator[Node]:
    for node in nodes:
        yield node
        if node.child_count:
            yield from _walk(contents, list(_children(contents, node)))
