"""What whoever controls the wording is told: how it is, what it would cost, what would be sent, how far it came."""

from __future__ import annotations

import enum

import msgspec

from agent_memory.toc.material import Level


class SummariesState(enum.Enum):
    """What the worker does."""

    OFF = "off"
    """No provider is configured: nothing is sent anywhere."""
    IDLE = "idle"
    """Nothing is to be worded now."""
    WORKING = "working"
    WAITING = "waiting"
    """For the provider, or for a limit: it goes on by itself."""
    STOPPED = "stopped"
    """Until settings change."""


class SummariesStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How the wording of the contents is. Of a worker that is off, the rest says nothing.

    ``reason`` says why it waits or stopped, ``until_ms`` when it goes on, 0 where nobody knows. ``waiting``,
    ``worded``, ``set_aside`` and ``left_out`` count nodes; they may be some seconds old. What today's calls took
    is of a local day of the store; 0 is no limit, and ``unpriced`` counts calls of which nobody knows the price.
    """

    state: SummariesState = SummariesState.OFF
    provider: str = ""
    model: str = ""
    reason: str = ""
    until_ms: int = 0
    waiting: int = 0
    worded: int = 0
    set_aside: int = 0
    left_out: int = 0
    under_way: tuple[str, ...] = ()
    calls_today: int = 0
    tokens_today: int = 0
    tokens_per_day_max: int = 0
    usd_today: float = 0.0
    usd_per_day_max: float = 0.0
    unpriced_today: int = 0
    refused_today: int = 0
    failed_today: int = 0
    interrupted_today: int = 0
    last_error: str = ""
    last_error_ms: int = 0


class SummariesWanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which nodes somebody wants worded now.

    ``node_id`` is one node with all that is under it, ``since`` keeps what happened from then on (a local date or
    an RFC 3339 time). Of these: the ones that wait; with *again* also those that another provider, model or prompt
    has worded, or under *node_id* whichever has; with *set_aside* none but those that were set aside.
    """

    node_id: str = ""
    since: str = ""
    again: bool = False
    set_aside: bool = False


EVERYTHING_WAITING = SummariesWanted()


class SummariesEstimate(msgspec.Struct, frozen=True, kw_only=True):
    """About what it would take; nothing was sent.

    ``usd_max`` is what it costs if every answer is as long as it may be; None where no price is known.
    ``left_out`` counts nodes of which nothing is sent.
    """

    nodes: int
    calls: int
    tokens_in: int
    tokens_out_max: int
    usd_max: float | None
    left_out: int
    provider: str
    model: str


class PreviewedCall(msgspec.Struct, frozen=True, kw_only=True):
    """One call, word for word. ``schema`` is the JSON Schema that the answer is held to, as JSON."""

    system: str
    user: str
    schema: str
    tokens_in: int
    answer_tokens_max: int


class SummaryPreview(msgspec.Struct, frozen=True, kw_only=True):
    """Exactly what would be sent for a node; ``later`` counts calls over the answers to these.

    ``left_out`` says that nothing would, for the node holds something of a project that is left out.
    """

    node_id: str
    provider: str
    model: str
    calls: tuple[PreviewedCall, ...]
    later: int
    left_out: bool


class SummariesProgress(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """How far it is: nodes, and what their calls took.

    ``waiting`` says what it waits for, empty while it goes on; ``until_ms`` until when, 0 where nobody knows.
    """

    done: int
    total: int
    tokens: int
    usd: float
    waiting: str = ""
    until_ms: int = 0


class SummariesVerdict(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What became of it. ``reason`` says why some are left; empty where none is."""

    worded: int
    set_aside: int
    left: int
    tokens: int
    usd: float
    reason: str


SummariesReport = SummariesProgress | SummariesVerdict


class SummaryVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One answer about a node. ``is_shown``: it is what the node reads now.

    ``digest`` is of the material that was asked about; of no two equal ones more than the latest is shown.
    """

    provider: str
    model: str
    prompt_version: str
    answered_ms: int
    digest: str
    is_shown: bool
    title: str
    abstract: str
    bullets: tuple[str, ...]
    refusal: str
    tokens: int
    usd: float | None
    dropped: int
    anchored: int


class SetAsideNode(msgspec.Struct, frozen=True, kw_only=True):
    """A node that waits for no wording, and why: it was refused, or cut off."""

    node_id: str
    level: Level
    refusal: str
