"""Nodes, grips, days and sessions: what the views answer."""

from __future__ import annotations

from agent_memory._pb.agent_memory.v1 import contents_service_pb2 as pb
from agent_memory._pb.agent_memory.v1 import grip_service_pb2 as grip_pb
from agent_memory._pb.agent_memory.v1 import session_service_pb2 as session_pb
from agent_memory.api.wire.enums import LEVELS
from agent_memory.api.wire.events import event_from_pb, event_to_pb
from agent_memory.api.wire.text import exact_bytes, exact_text, shown, time_ms_of, timestamp
from agent_memory.indexes.model import Session
from agent_memory.memory import Day, Days, GripContext, Root
from agent_memory.toc.model import Bullet, Grip, Node, Wording

# A bullet's weight stays inside: it is how a parent chooses among its children's bullets, in a
# scale that may change with any release.


def node_to_pb(node: Node) -> pb.Node:
    """An entry of the table of contents."""
    return pb.Node(
        id=node.id,
        level=LEVELS.number_of[node.level],
        parent_id=node.parent_id,
        title=shown(node.title),
        bullets=[
            pb.Bullet(text=shown(bullet.text), grip_ids=bullet.grip_ids, type=shown(bullet.type))
            for bullet in node.bullets
        ],
        keywords=[shown(word) for word in node.keywords],
        start_time=timestamp(node.start_ms),
        end_time=timestamp(node.end_ms),
        event_count=node.event_count,
        child_count=node.child_count,
        agents=node.agents,
        projects=node.projects,
        session=node.session,
        first_event_id=node.first_event_id,
        last_event_id=node.last_event_id,
        version=node.version,
        abstract=shown(node.abstract),
        wording=_wording_to_pb(node.wording),
    )


def node_from_pb(message: pb.Node) -> Node:
    """The inverse of `node_to_pb`, without the bullets' weights."""
    return Node(
        id=message.id,
        level=LEVELS.read(message.level),
        parent_id=message.parent_id,
        title=message.title,
        bullets=tuple(
            Bullet(text=bullet.text, grip_ids=tuple(bullet.grip_ids), type=bullet.type) for bullet in message.bullets
        ),
        keywords=tuple(message.keywords),
        start_ms=time_ms_of(message.start_time),
        end_ms=time_ms_of(message.end_time),
        event_count=message.event_count,
        child_count=message.child_count,
        agents=tuple(message.agents),
        projects=tuple(message.projects),
        session=message.session,
        first_event_id=message.first_event_id,
        last_event_id=message.last_event_id,
        version=message.version,
        abstract=message.abstract,
        wording=_wording_from_pb(message.wording),
    )


def _wording_to_pb(wording: Wording) -> pb.Wording:
    return pb.Wording(
        summariser=wording.summariser,
        model=wording.model,
        prompt_version=wording.prompt_version,
        answer_time=timestamp(wording.answered_ms) if wording.answered_ms else None,
        digest=wording.digest,
        refusal=shown(wording.refusal),
    )


def _wording_from_pb(message: pb.Wording) -> Wording:
    return Wording(
        summariser=message.summariser,
        model=message.model,
        prompt_version=message.prompt_version,
        answered_ms=time_ms_of(message.answer_time) if message.HasField("answer_time") else 0,
        digest=message.digest,
        refusal=message.refusal,
    )


def root_to_pb(root: Root) -> pb.Root:
    """The top of the contents."""
    return pb.Root(
        years=[node_to_pb(year) for year in root.years], event_count=root.event_count, time_zone=root.time_zone
    )


def root_from_pb(message: pb.Root) -> Root:
    """The inverse of `root_to_pb`."""
    return Root(
        years=tuple(node_from_pb(year) for year in message.years),
        event_count=message.event_count,
        time_zone=message.time_zone,
    )


def days_to_pb(days: Days) -> pb.BrowseDaysResponse:
    """Every local day of a range."""
    return pb.BrowseDaysResponse(
        days=[
            pb.Day(
                date=day.date,
                event_count=day.event_count,
                session_count=day.session_count,
                agents=day.agents,
                projects=day.projects,
                node_id=day.node_id,
                title=shown(day.title),
            )
            for day in days.days
        ],
        time_zone=days.time_zone,
    )


def days_from_pb(message: pb.BrowseDaysResponse) -> Days:
    """The inverse of `days_to_pb`."""
    return Days(
        days=tuple(
            Day(
                date=day.date,
                event_count=day.event_count,
                session_count=day.session_count,
                agents=tuple(day.agents),
                projects=tuple(day.projects),
                node_id=day.node_id,
                title=day.title,
            )
            for day in message.days
        ),
        time_zone=message.time_zone,
    )


def grip_to_pb(grip: Grip) -> grip_pb.Grip:
    """Evidence: the excerpt and where it stands."""
    return grip_pb.Grip(
        id=grip.id,
        excerpt=shown(grip.excerpt),
        event_id=grip.event_id,
        start=grip.start,
        end=grip.end,
        session=grip.session,
        segment_id=grip.segment_id,
        excerpt_wtf8=exact_bytes(grip.excerpt),
    )


def grip_from_pb(message: grip_pb.Grip) -> Grip:
    """The inverse of `grip_to_pb`."""
    return Grip(
        id=message.id,
        excerpt=exact_text(message.excerpt, message.excerpt_wtf8),
        event_id=message.event_id,
        start=message.start,
        end=message.end,
        session=message.session,
        segment_id=message.segment_id,
    )


def grip_context_to_pb(context: GripContext) -> grip_pb.ExpandGripResponse:
    """A grip among the events around it."""
    return grip_pb.ExpandGripResponse(
        grip=grip_to_pb(context.grip), events=[event_to_pb(recorded) for recorded in context.events]
    )


def grip_context_from_pb(message: grip_pb.ExpandGripResponse) -> GripContext:
    """The inverse of `grip_context_to_pb`."""
    return GripContext(grip=grip_from_pb(message.grip), events=tuple(event_from_pb(event) for event in message.events))


def session_to_pb(session: Session) -> session_pb.Session:
    """One conversation."""
    return session_pb.Session(
        id=session.id,
        title=shown(session.title),
        agents=session.agents,
        projects=session.projects,
        start_time=timestamp(session.start_ms),
        end_time=timestamp(session.end_ms),
        event_count=session.event_count,
        first_event_id=session.first_event_id,
        last_event_id=session.last_event_id,
    )


def session_from_pb(message: session_pb.Session) -> Session:
    """The inverse of `session_to_pb`."""
    return Session(
        id=message.id,
        title=message.title,
        agents=tuple(message.agents),
        projects=tuple(message.projects),
        start_ms=time_ms_of(message.start_time),
        end_ms=time_ms_of(message.end_time),
        event_count=message.event_count,
        first_event_id=message.first_event_id,
        last_event_id=message.last_event_id,
    )
