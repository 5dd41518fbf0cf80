"""What `search`, `context` and `events` can be asked with: where to look, and how to rank."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from agent_memory.cli.times import Zone
    from agent_memory.memory import Filter
    from agent_memory.retrieval.model import SearchOptions

KINDS = (
    "user_message",
    "assistant_message",
    "tool_call",
    "tool_result",
    "session_start",
    "session_end",
    "compaction",
    "subagent_start",
    "subagent_stop",
    "other",
)
ROLES = ("user", "assistant", "tool", "system")
TYPES = ("decision", "preference", "procedure", "constraint", "definition", "question", "error", "observation")

_WHERE = (
    click.option("--from", "from_", default="", metavar="WHEN", help="From this local date or RFC 3339 time on."),
    click.option("--until", default="", metavar="WHEN", help="Up to this date or time, itself included."),
    click.option("--agent", "agents", multiple=True, metavar="NAME", help="Only this agent; may be repeated."),
    click.option("--project", "projects", multiple=True, metavar="NAME", help="Only this project; may be repeated."),
    click.option("--session", "sessions", multiple=True, metavar="ID", help="Only this session; may be repeated."),
    click.option("--role", "roles", multiple=True, type=click.Choice(ROLES), help="Only this role; may be repeated."),
    click.option("--kind", "kinds", multiple=True, type=click.Choice(KINDS), help="Only this kind; may be repeated."),
    click.option("--type", "types", multiple=True, type=click.Choice(TYPES), help="Only this type; may be repeated."),
)
_SHARE = click.FLOAT
_HOW = (
    click.option("--now", default="", metavar="WHEN", help="What `yesterday` is relative to; by default, now."),
    click.option("--without", multiple=True, metavar="SIGNAL", help="Leave this signal out; may be repeated."),
    click.option("--recency", type=_SHARE, default=0.0, metavar="0..1", help="Prefer what is new; 0 is off."),
    click.option("--salience", type=_SHARE, default=0.0, metavar="0..1", help="Prefer what is weighty; 0 is off."),
    click.option("--diversity", type=_SHARE, default=0.0, metavar="0..1", help="Prefer what differs; 0 is off."),
    click.option("--repeats", is_flag=True, help="Keep hits that say almost the same as another."),
)


class Asked:
    """The filter, and the ranking once the store's time zone is known."""

    def __init__(self, where: Filter, now: str, ranking: dict[str, Any]) -> None:
        self.where = where
        self._now = now
        self._ranking = ranking

    def options(self, zone: Zone, **more: Any) -> SearchOptions:
        """How to rank. Errors: `InvalidQuery` for a `--now` that is no time."""
        from agent_memory.retrieval.model import SearchOptions

        return SearchOptions(now_ms=self._now_ms(zone), **self._ranking, **more)

    def _now_ms(self, zone: Zone) -> int | None:
        from agent_memory.retrieval.bounds import edge_ms
        from agent_memory.toc.calendar import calendar_of

        if not self._now:
            return None
        # The same forms as those of an edge in time. Of a date it is the end: all of the day has happened.
        return edge_ms(self._now, calendar=calendar_of(zone.name), last=True, field="now")


def filtering(work: Callable[..., int]) -> Callable[..., int]:
    """Give a command the options of a filter; it is called with them as `where`."""

    @functools.wraps(work)
    def run(
        *args: Any,
        from_: str,
        until: str,
        agents: tuple[str, ...],
        projects: tuple[str, ...],
        sessions: tuple[str, ...],
        roles: tuple[str, ...],
        kinds: tuple[str, ...],
        types: tuple[str, ...],
        **others: Any,
    ) -> int:
        from agent_memory.annotation import MemoryType
        from agent_memory.events import Kind, Role
        from agent_memory.memory import Filter

        where = Filter(
            from_=from_,
            until=until,
            agents=agents,
            projects=projects,
            sessions=sessions,
            roles=tuple(map(Role, roles)),
            kinds=tuple(map(Kind, kinds)),
            types=tuple(map(MemoryType, types)),
        )
        return work(*args, where=where, **others)

    return _with(_WHERE, run)


def asking(work: Callable[..., int]) -> Callable[..., int]:
    """Give a command the options of a search; it is called with them as `asked`."""

    @functools.wraps(work)
    def run(
        *args: Any,
        where: Filter,
        now: str,
        without: tuple[str, ...],
        recency: float,
        salience: float,
        diversity: float,
        repeats: bool,
        **others: Any,
    ) -> int:
        ranking = {
            "without": without,
            "recency": recency,
            "salience": salience,
            "diversity": diversity,
            "repeats": repeats,
        }
        return work(*args, asked=Asked(where, now, ranking), **others)

    return filtering(_with(_HOW, run))


def _with(options: Sequence[Callable[..., Any]], work: Callable[..., int]) -> Callable[..., int]:
    for option in reversed(options):
        work = option(work)
    return work
