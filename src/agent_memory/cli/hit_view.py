"""A hit on a terminal, and with `--explain` why it is where it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from agent_memory.cli.event_view import field_table
from agent_memory.cli.terminal import counted, marked, stored
from agent_memory.cli.times import Zone
from agent_memory.events.ulids import ulid_time_ms
from agent_memory.retrieval.model import Hit, SearchOptions, SearchResult
from agent_memory.retrieval.wanted import Wanted
from agent_memory.temporal import TimeOrder, TimeReading, TimeSpan, describe_anchor

_WORD = re.compile(r"[^\W_]+")
_BEFORE = ("read",)
_SIDE_BY_SIDE = ("lexical", "embed", "vector", "phrase", "entity", "time", "contents")
_AFTER = ("weigh", "resolve", "context")


def hits_table(query: str, hits: list[tuple[int, Hit]], zone: Zone, *, titled: bool, explain: bool) -> Table:
    """Ranked hits, one below the other; *titled*: each with the title of its session."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 1, 0), show_header=False)
    table.add_column("rank", justify="right", style="bold", no_wrap=True)
    table.add_column("when", no_wrap=True)
    table.add_column("what", ratio=1)
    for rank, hit in hits:
        clock = zone.clock(hit.recorded.event.time_ms)
        when = Text.assemble((hit.date, "cyan"), "\n", (clock, "cyan dim"))
        what: RenderableType = _what(query, hit, titled=titled, signals=not explain)
        table.add_row(f"{rank}", when, Group(what, signals_table(hit)) if explain else what)
    return table


def _what(query: str, hit: Hit, *, titled: bool, signals: bool) -> Text:
    event = hit.recorded.event
    who = Text.assemble(stored(event.speaker or event.role.value, "bold"))
    for name in (event.tool_name, event.agent, event.project):
        if name:
            who.append_text(Text.assemble((" · ", "dim"), stored(name, "dim")))
    for type in hit.types:
        who.append_text(Text.assemble((" · ", "dim"), (type.value, "magenta")))
    lines = [who, marked(hit.excerpt, matches(query, hit.excerpt), "bold yellow")]
    if titled and hit.session_title:
        lines.append(Text.assemble(("in ", "dim"), stored(hit.session_title, "italic dim")))
    last = Text.assemble(("grip ", "dim"), (hit.grip_id, "green dim"))
    if signals:
        ranks = " ".join(f"{s.name} #{s.rank}" for s in hit.signals if s.rank)
        last.append(f"  {ranks}  score {hit.score:.2f}", "dim")
    lines.append(last)
    if hit.repeat_count:
        others = counted(hit.repeat_count, "other event")
        lines.append(Text(f"{others} said almost the same; --repeats shows such", "dim"))
    return Text("\n").join(lines)


def matches(query: str, excerpt: str) -> list[tuple[int, int]]:
    """Where the excerpt has words of the query, as search looks for them."""
    spans = []
    for at, word in Wanted(query).places(excerpt):
        whole = _WORD.match(excerpt, at) if word.isascii() else None
        spans.append((at, whole.end() if whole else at + len(word)))
    return spans


# -- why ------------------------------------------------------------------------------------------


def signals_table(hit: Hit) -> RenderableType:
    """What each signal said of a hit, and what that made of its score; last, those that said nothing."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim", style="dim")
    table.add_column("signal", no_wrap=True)
    for name in ("rank", "score", "contribution"):
        table.add_column(name, justify="right", no_wrap=True)
    silent = []
    for signal in hit.signals:
        if not signal.rank and not signal.contribution:
            silent.append(signal.name)
            continue
        rank = f"#{signal.rank}" if signal.rank else "-"
        table.add_row(stored(signal.name), rank, _number(signal.score), f"{signal.contribution:+.4f}")
    table.add_row("all", "", "", f"{hit.score:.4f}", style="bold")
    said: list[RenderableType] = [table]
    if hit.factor != 1.0:
        said.append(Text(f"recency and salience: × {hit.factor:.4f}, in each contribution", "dim"))
    if silent:
        said.append(Text(f"silent: {', '.join(silent)}", "dim"))
    return Group(*said)


def explanation(query: str, options: SearchOptions, result: SearchResult, zone: Zone) -> Table:
    """What was understood, which part of the system served, and where the milliseconds went."""
    reading = result.understood
    shares = {"recency": options.recency, "salience": options.salience, "diversity": options.diversity}
    ranking = [f"{name} {share:g}" for name, share in shares.items() if share]
    ranking += ["by session"] if options.group_by_session else []
    ranking += ["with repeats"] if options.repeats else []
    rows = [
        ("time", "; ".join(told_of(query, reading, zone)) or "nothing understood"),
        ("now", f"{zone.full(result.now_ms)} {zone.name}" if result.now_ms else ""),
        ("without", ", ".join(options.without)),
        ("ranking", ", ".join(ranking)),
        ("tier", result.tier.value),
        ("ms", " · ".join(_took(result.timings_ms))),
    ]
    return field_table(rows)


def _took(timings_ms: dict[str, float]) -> Iterator[str]:
    """The steps in the order in which they begin, those that run side by side in brackets."""
    known = [*_BEFORE, *_SIDE_BY_SIDE, *_AFTER, "total"]
    others = sorted(timings_ms.keys() - set(known))

    def told(names: Iterable[str]) -> list[str]:
        return [f"{name} {timings_ms[name]:.1f}" for name in names if name in timings_ms]

    side_by_side = told(_SIDE_BY_SIDE)
    yield from told(_BEFORE)
    if len(side_by_side) > 1:
        yield f"({' · '.join(side_by_side)}, some of them at the same time)"
    else:
        yield from side_by_side
    yield from told([*_AFTER, *others, "total"])


def told_of(query: str, reading: TimeReading, zone: Zone) -> Iterator[str]:
    """What was read of time, a phrase each."""
    anchor = describe_anchor(reading)
    for span in reading.spans:
        words = query[span.start : span.end]
        if anchor and words == reading.anchor:
            # The time of what the words name has been found.
            yield f"{anchor} is {_stretch(span, zone)}{_found(reading, zone)}"
            anchor = ""
        else:
            yield f"“{words}” is {_stretch(span, zone)}"
    if anchor:
        yield anchor
    if reading.order is not TimeOrder.ANY:
        yield f"the {reading.order.value} of what fits gains"


def _stretch(span: TimeSpan, zone: Zone) -> str:
    first = None if span.from_ms is None else zone.full(span.from_ms)
    last = None if span.until_ms is None else zone.full(span.until_ms)
    # Whole days are told as days.
    if (first is None or first.endswith("00:00:00")) and (last is None or last.endswith("23:59:59")):
        first, last = (edge and edge[: -len(" 00:00:00")] for edge in (first, last))
    if first is None or last is None:
        return f"from {first} on" if first else f"up to {last}" if last else "any time"
    return first if first == last else f"{first} to {last}"


def _found(reading: TimeReading, zone: Zone) -> str:
    """Who is to blame: what was taken for the event that the words name."""
    if not reading.anchor_event_id:
        return ""
    said = zone.date(ulid_time_ms(reading.anchor_event_id))
    return f" (said {said} in {reading.anchor_event_id}: “{' '.join(reading.anchor_sentence.split())}”)"


def _number(score: float) -> str:
    return f"{score:.3f}" if abs(score) < 1_000 else f"{score:.3g}"
