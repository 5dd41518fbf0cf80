"""What the contents are made of: nodes, their bullets, and grips."""

from __future__ import annotations

import msgspec

from agent_memory.toc.material import Level


class Bullet(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a node's summary, and what proves it; ``grip_ids`` is never empty."""

    text: str
    grip_ids: tuple[str, ...]
    weight: float = 0.0
    type: str = ""
    """`decision` or `question` (an open one) where whoever worded it says so."""


class Wording(msgspec.Struct, frozen=True, kw_only=True):
    """Who put a node into words.

    ``summariser`` is the id of the method that is built in, or the kind of provider whose ``model``
    answered to a prompt of ``prompt_version`` at ``answered_ms``. ``digest`` is of the material: what was
    answered about it stands in the log under this. ``refusal`` says why a model's answer is not what is shown.
    """

    summariser: str = ""
    model: str = ""
    prompt_version: str = ""
    answered_ms: int = 0
    digest: str = ""
    refusal: str = ""


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the table of contents.

    ``id`` reads `year/2026`, `month/2026-01`, `week/2026-01/W03`, `day/2026-01-15` or
    `segment/<ULID of its first event>`. ``start_ms`` and ``end_ms`` are the period of a day and
    above, end exclusive; of a segment, the times of its first and last event. ``version`` is
    the log position up to which the version reflects the log at the latest: it rises. ``abstract`` is
    one paragraph, empty where nobody wrote one.
    """

    id: str
    level: Level
    parent_id: str
    title: str
    bullets: tuple[Bullet, ...]
    keywords: tuple[str, ...]
    start_ms: int
    end_ms: int
    event_count: int
    child_count: int
    agents: tuple[str, ...]
    projects: tuple[str, ...]
    session: str = ""
    first_event_id: str = ""
    last_event_id: str = ""
    version: int = 0
    abstract: str = ""
    wording: Wording = Wording()


class Grip(msgspec.Struct, frozen=True, kw_only=True):
    """Evidence: a verbatim excerpt and where it stands.

    ``start`` and ``end`` are code points of the event's text. ``segment_id`` is the segment
    that holds the event now, empty while the contents are behind.
    """

    id: str
    excerpt: str
    event_id: str
    start: int
    end: int
    session: str
    segment_id: str = ""
