"""A desk in memory, a clock that is set by hand, and a model that does as it is told, for tests of the worker."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence

import msgspec

from agent_memory.errors import UnknownNode
from agent_memory.events import Kind, Position, Role
from agent_memory.summaries.desk import Refused, Wanting
from agent_memory.summaries.model import Answer, Prompt, Reply, Usage
from agent_memory.summaries.port import LanguageModel
from agent_memory.testing.events import NOON_MS
from agent_memory.toc.calendar import Calendar
from agent_memory.toc.material import ChildMaterial, Level, Material, Passage, Summary


class ManualClock:
    """Stands still until it is told to go on."""

    def __init__(self, now_ms: int = NOON_MS) -> None:
        self._now_ms = now_ms

    def now_ms(self) -> int:
        return self._now_ms

    def monotonic_s(self) -> float:
        return self._now_ms / 1000

    def go_on(self, seconds: float) -> None:
        """Let so much time pass."""
        self._now_ms += round(seconds * 1000)


class _Segment(msgspec.Struct):
    node_id: str
    text: str
    last_event_ms: int
    project: str


class InMemoryDesk:
    """Segments with the days, weeks, months and years above them, and the answers that were recorded.

    Like the contents it gives a parent another digest when a child's wording changes.
    """

    def __init__(self, *, time_zone: str = "UTC") -> None:
        self.calendar = Calendar(time_zone)
        self.answers: list[Answer] = []
        self.current = True
        self._segments: dict[str, _Segment] = {}
        self._lock = threading.RLock()

    @property
    def time_zone(self) -> str:
        return self.calendar.zone

    def put(self, name: str, text: str, *, last_event_ms: int = NOON_MS, project: str = "") -> str:
        """A segment, new or changed; its id."""
        node_id = f"segment/{name}"
        with self._lock:
            self._segments[node_id] = _Segment(node_id, text, last_event_ms, project)
        return node_id

    # -- Desk -----------------------------------------------------------------------------------

    def is_current(self) -> bool:
        return self.current

    def position(self) -> Position:
        return len(self.answers)

    def tell_at(self, position: Position, listener: Callable[[], None]) -> None:
        listener()

    def unworded(self) -> Iterator[Wanting]:
        with self._lock:
            found = [w for w in self._all() if self.answer(w.digest) is None]
        yield from sorted(found, key=lambda w: (-w.last_event_ms, _DEPTHS[w.level]))

    def set_aside(self) -> Iterator[Refused]:
        with self._lock:
            for wanting in list(self._all()):
                answer = self.answer(wanting.digest)
                if answer is not None and answer.summary is None:
                    yield Refused(
                        node_id=wanting.node_id,
                        level=wanting.level,
                        digest=wanting.digest,
                        last_event_ms=wanting.last_event_ms,
                        refusal=answer.refusal,
                    )

    def nodes(self, node_id: str = "") -> Iterator[Wanting]:
        with self._lock:
            found = [w for w in self._all() if not node_id or self._is_under(w.node_id, node_id)]
        if node_id and not found:
            raise UnknownNode(node_id)
        yield from sorted(found, key=lambda w: _DEPTHS[w.level])

    def projects(self, node_id: str) -> tuple[str, ...]:
        with self._lock:
            return tuple(sorted({s.project for s in self._below(node_id) if s.project}))

    def material(self, node_id: str) -> tuple[str, Material] | None:
        with self._lock:
            material = self._material(node_id)
            return None if material is None else (_digest(material), material)

    def answer(self, digest: str) -> Answer | None:
        with self._lock:
            found = [answer for answer in reversed(self.answers) if answer.digest == digest]
        return next((answer for answer in found if answer.summary is not None), found[0] if found else None)

    def answers_of(self, node_id: str) -> list[Answer]:
        with self._lock:
            return [answer for answer in reversed(self.answers) if answer.node_id == node_id]

    def record(self, answer: Answer) -> Position:
        with self._lock:
            self.answers.append(answer)
            return len(self.answers)

    # -- inside ---------------------------------------------------------------------------------

    def _all(self) -> Iterator[Wanting]:
        ids = dict.fromkeys(node_id for s in self._segments.values() for node_id in self._path(s))
        for node_id in ids:
            material = self._material(node_id)
            assert material is not None
            answer = self.answer(_digest(material))
            yield Wanting(
                node_id=node_id,
                level=material.level,
                digest=_digest(material),
                parent_id=next(iter(self._above(node_id)), ""),
                last_event_ms=max(s.last_event_ms for s in self._below(node_id)),
                worded_by=(answer.provider, answer.model, answer.prompt_version) if answer else ("", "", ""),
                is_ready=all(self.answer(_digest(m)) is not None for m in self._children(node_id).values()),
            )

    def _path(self, segment: _Segment) -> list[str]:
        path, period = [segment.node_id], self.calendar.day(segment.last_event_ms)
        while True:
            path.append(period.id)
            if not period.parent_id:
                return path
            period = self.calendar.period(period.parent_id)

    def _above(self, node_id: str) -> list[str]:
        path = self._path(self._below(node_id)[0])
        return path[path.index(node_id) + 1 :]

    def _below(self, node_id: str) -> list[_Segment]:
        return [s for s in self._segments.values() if node_id in self._path(s)]

    def _is_under(self, node_id: str, above: str) -> bool:
        return any(
            node_id in path and path.index(node_id) <= path.index(above)
            for path in map(self._path, self._segments.values())
            if above in path
        )

    def _children(self, node_id: str) -> dict[str, Material]:
        paths = [self._path(s) for s in self._below(node_id)]
        ids = dict.fromkeys(path[path.index(node_id) - 1] for path in paths if path.index(node_id))
        return {child: material for child in ids if (material := self._material(child)) is not None}

    def _material(self, node_id: str) -> Material | None:
        below = self._below(node_id)
        if not below:
            return None
        projects = tuple(sorted({s.project for s in below if s.project}))
        if node_id.startswith("segment/"):
            return Material(level=Level.SEGMENT, label=node_id, passages=(_passage(below[0]),), projects=projects)
        children = tuple(
            ChildMaterial(node_id=child, summary=self._wording(child, material), event_count=1, projects=projects)
            for child, material in self._children(node_id).items()
        )
        return Material(level=Level(node_id.split("/")[0]), label=node_id, children=children, projects=projects)

    def _wording(self, node_id: str, material: Material) -> Summary:
        answer = self.answer(_digest(material))
        if answer is not None and answer.summary is not None:
            return answer.summary
        return Summary(title=f"as extracted: {node_id}", points=(), keywords=())


_DEPTHS = {Level.SEGMENT: 0, Level.DAY: 1, Level.WEEK: 2, Level.MONTH: 3, Level.YEAR: 4}


def _passage(segment: _Segment) -> Passage:
    return Passage(
        event_id="0" * 26, kind=Kind.USER_MESSAGE, role=Role.USER, speaker="", tool_name="", text=segment.text
    )


def _digest(material: Material) -> str:
    return hashlib.sha256(msgspec.json.encode(material)).hexdigest()


class ObedientModel:
    """Answers what it is told to: with a text, or by raising an error; `prompts` keeps what it was asked."""

    def __init__(self, does: Callable[[Prompt], str] | None = None, *, usage: Usage | None = None) -> None:
        self.does: Callable[[Prompt], str] = does or (lambda prompt: "worded: " + prompt.user.partition("\n")[0])
        self.prompts: list[Prompt] = []
        self.usage = usage or Usage(calls=1, tokens_in=100, tokens_out=10)

    @property
    def provider(self) -> str:
        return "fake"

    @property
    def model(self) -> str:
        return "obedient"

    @property
    def context_tokens(self) -> int:
        return 8_000

    def complete(self, prompt: Prompt) -> Reply:
        self.prompts.append(prompt)
        return Reply(text=self.does(prompt), model=self.model, usage=self.usage)

    def close(self) -> None: ...

    @property
    def asked(self) -> list[str]:
        """The first line of each prompt: of `words_plainly`, the node's label."""
        return [prompt.user.partition("\n")[0] for prompt in self.prompts]


def words_plainly(material: Material, model: LanguageModel, node_id: str, digest: str) -> Answer:
    """One call, whose text becomes the title."""
    told: Sequence[str] = [p.text for p in material.passages] or [c.summary.title for c in material.children]
    prompt = Prompt(system="word this", user="\n".join([material.label, *told]), schema={}, answer_tokens_max=50)
    reply = model.complete(prompt)
    return Answer(
        digest=digest,
        node_id=node_id,
        summary=Summary(title=reply.text, points=(), keywords=()),
        provider=model.provider,
        model=model.model,
        prompt_version="1",
        usage=reply.usage,
        answered_ms=0,
        took_ms=0,
    )
