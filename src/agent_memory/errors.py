"""Every error that a caller can meet, sorted by what the caller can do next.

Each carries its numbers as attributes and a ``hint``: the way out, in one sentence.
"""

from __future__ import annotations

from typing import ClassVar


class AgentMemoryError(Exception):
    """Base of all errors of this package."""

    hint: str = ""

    @property
    def reason(self) -> str:
        """The error's name in UPPER_SNAKE_CASE, stable across releases."""
        name = type(self).__name__
        return "".join("_" + c if c.isupper() and i else c for i, c in enumerate(name)).upper()

    @property
    def details(self) -> dict[str, str]:
        """The numbers of the error, as text."""
        return {k: str(v) for k, v in vars(self).items() if not k.startswith("_") and k != "hint"}

    @property
    def advice(self) -> str:
        """What is wrong, where, and the way out: the message with its hint."""
        return f"{self}. {self.hint}" if self.hint else str(self)


# -- fix the call ---------------------------------------------------------------------------


class Invalid(AgentMemoryError):
    """The call cannot be served as it is; nothing was changed."""

    hint = "Fix the field and call again."

    def __init__(self, field: str, found: object, problem: str, *, hint: str = "") -> None:
        shown = _shown(found)
        super().__init__(f"{field}: {problem} (found {shown})")
        self.field = field
        self.found = shown
        self.problem = problem
        if hint:
            self.hint = hint

    def within(self, place: str) -> Invalid:
        """The same error, its field seen from an outer message: ``events[3].text``."""
        return type(self)(f"{place}.{self.field}", _Shown(self.found), self.problem, hint=self.hint)


class InvalidEvent(Invalid):
    """An event that cannot be recorded."""


class InvalidQuery(Invalid):
    """A read that makes no sense: an inverted range, a page size out of range, a broken token."""


class InvalidConfig(Invalid):
    """A setting that cannot be used."""

    hint = "See `agent-memory config show` for every setting and where it came from."


class InvalidModel(Invalid):
    """A folder that holds no usable embedding model."""

    hint = "Run `agent-memory model install`."


class DimensionMismatch(Invalid):
    """A vector of another length than the index holds."""


# -- ask for another ------------------------------------------------------------------------


class NotFound(AgentMemoryError):
    """There is no such thing."""

    noun: ClassVar[str] = "thing"

    def __init__(self, id: str) -> None:
        super().__init__(f"no {self.noun} {_shown(id)}")
        self.id = id


class UnknownEvent(NotFound):
    """No event has this id."""

    noun = "event"
    hint = "List the events of a session or a day, or search, to get ids."


class UnknownSession(NotFound):
    """No event belongs to this session."""

    noun = "session"
    hint = "List the sessions to get ids."


class UnknownNode(NotFound):
    """The contents have no such node."""

    noun = "node"
    hint = "Read the root of the contents and follow its children."


class UnknownGrip(NotFound):
    """The id addresses no excerpt of any event."""

    noun = "grip"
    hint = "Take grip ids from bullets or hits."


class UnknownView(NotFound):
    """There is no view of this name."""

    noun = "view"
    hint = "The views are toc, lexical, vectors, catalog and entities."


# -- read again, or choose another ------------------------------------------------------------


class Conflict(AgentMemoryError):
    """Something else is already there."""


class EventConflict(Conflict):
    """The id is taken by an event with other content; the stored event stays."""

    hint = "Give the new event an id of its own; an event, once recorded, never changes."

    def __init__(self, event_id: str, position: int) -> None:
        super().__init__(f"event {event_id} is already recorded at position {position} with other content")
        self.event_id = event_id
        self.position = position

    def within(self, place: str) -> EventConflict:
        """The same error, naming its place in a batch."""
        error = EventConflict(self.event_id, self.position)
        error.args = (f"{place}: {self}",)
        return error


class ReplayRunning(Conflict):
    """Another replay of the view is under way."""

    hint = "Wait for it, or follow it with `agent-memory status`."

    def __init__(self, view: str) -> None:
        super().__init__(f"a replay of {view} is running")
        self.view = view


class SummariesRunning(Conflict):
    """Somebody else is having nodes worded."""

    hint = "Wait for it, or follow it with `agent-memory summaries status`."

    def __init__(self) -> None:
        super().__init__("nodes are being worded for somebody else already")


# -- wait, retry ------------------------------------------------------------------------------


class Unavailable(AgentMemoryError):
    """It cannot be done now; the same call may succeed later."""


class StoreLocked(Unavailable):
    """Another process owns the store."""

    hint = "Stop that process, or connect to its daemon instead."

    def __init__(self, path: str, holder: str) -> None:
        super().__init__(f"the store {path} is in use by {holder}")
        self.path = path
        self.holder = holder


class DiskFull(Unavailable):
    """There is no room to record more; what was acknowledged is safe."""

    hint = "Free some space; appends are accepted again without a restart."

    def __init__(self, path: str, free_bytes: int, needed_bytes: int) -> None:
        # With little or nothing in reserve, a disk is full before it has no byte left.
        kept = f", {needed_bytes:,} are kept in reserve" if free_bytes < needed_bytes else "; a write did not fit"
        super().__init__(f"{free_bytes:,} bytes are free on the disk of {path}{kept}")
        self.path = path
        self.free_bytes = free_bytes
        self.needed_bytes = needed_bytes


class StorageUnavailable(Unavailable):
    """The disk refused a write; nothing of it was acknowledged."""

    hint = "See `agent-memory status` and the log of the daemon; the call may be repeated."


class NodeChanging(Unavailable):
    """Events keep arriving in the node, so that what was read of it belongs to no one state."""

    hint = "Ask again in a moment."

    def __init__(self, node_id: str) -> None:
        super().__init__(f"{node_id} changed while it was read")
        self.node_id = node_id


class InferenceUnavailable(Unavailable):
    """A model or its provider does not answer now."""


class DaemonUnavailable(Unavailable):
    """No daemon answers at the address."""

    hint = "Start it with `agent-memory serve`."

    def __init__(self, address: str, problem: str) -> None:
        super().__init__(f"no daemon answers at {address}: {problem}")
        self.address = address


class DaemonStopping(Unavailable):
    """The daemon ends; what it acknowledged is safe."""

    hint = "Call again when it has started anew."

    def __init__(self) -> None:
        super().__init__("the daemon is stopping")


class DeadlineExceeded(Unavailable):
    """No answer came within the time that the caller allows."""

    hint = "Allow more time, or ask for less in one call; an append may be repeated with the same id."

    def __init__(self, address: str) -> None:
        super().__init__(f"{address} gave no answer in time")
        self.address = address


class AddressInUse(Unavailable):
    """Another program listens at the address."""

    hint = "Stop that program, or choose another address; port 0 takes any free one."

    def __init__(self, address: str, problem: str) -> None:
        super().__init__(f"cannot listen at {address}: {problem}")
        self.address = address


class OtherForm(Unavailable):
    """A view was built with other settings, or another model, than are in force now."""

    hint = "Use the settings it was built with, or `agent-memory replay VIEW` to build it again with these."

    def __init__(self, view: str, found: str, wanted: str) -> None:
        super().__init__(f"{view} was built as {found}; the settings ask for {wanted}")
        self.view = view
        self.found = found
        self.wanted = wanted


class ViewBehind(Unavailable):
    """The view does not contain the position yet."""

    hint = "Repeat with a longer deadline, or see `agent-memory status` for what holds the view up."

    def __init__(self, view: str, position: int, target: int) -> None:
        super().__init__(f"{view} is at position {position}, {target} was asked for")
        self.view = view
        self.position = position
        self.target = target


# -- open it first ----------------------------------------------------------------------------


class Closed(AgentMemoryError):
    """Used after it was closed."""

    hint = "Open it again."


class ProjectionError(AgentMemoryError):
    """A view could not take in an event; the event is kept and the view stands before it."""

    hint = "See `agent-memory status`; `agent-memory replay VIEW` builds the view again."

    def __init__(self, view: str, position: int, problem: str) -> None:
        super().__init__(f"{view} stands before position {position}: {problem}")
        self.view = view
        self.position = position


class InternalError(AgentMemoryError):
    """A bug; the log of the daemon has where, without the words it was working on."""

    hint = "Please report it with the daemon's log; nothing else is affected."


# -- install a newer release ------------------------------------------------------------------


class UnknownFormat(AgentMemoryError):
    """A format that this release cannot read, written by a newer one; nothing is damaged."""

    hint = "Install a newer agent-memory; this release changed nothing in the store."

    def __init__(self, what: str, found: int, supported: int) -> None:
        super().__init__(f"{what} has format {found}; this release reads up to {supported}")
        self.what = what
        self.found = found
        self.supported = supported


class UnknownKind(UnknownFormat):
    """An entry of the log of a kind that this release does not know; the digest chain vouches for it."""

    hint = "Install the newest agent-memory; this release leaves the entry, and what comes after it, as it is."

    def __init__(self, position: int, found: int, supported: int) -> None:
        super().__init__(f"the entry at position {position}", found, supported)
        self.args = (f"the entry at position {position} is of kind {found}, which only a newer agent-memory knows",)
        self.position = position


# -- stop, restore ----------------------------------------------------------------------------


class Corrupt(AgentMemoryError):
    """Bytes on disk are not what was written."""

    hint = "Stop the daemon and restore the store from a backup; views alone are rebuilt by `agent-memory replay`."


class ChecksumMismatch(Corrupt):
    """The log is broken at a position: its digest, or a row that belongs to it."""

    def __init__(self, position: int, problem: str = "the digest does not match") -> None:
        super().__init__(f"position {position}: {problem}")
        self.position = position


class _Shown(str):
    """Text that is already fit to be shown."""


def _shown(value: object, *, limit: int = 80) -> str:
    if isinstance(value, _Shown):
        return value
    text = repr(value)
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text):,} characters)"
