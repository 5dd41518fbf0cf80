"""What a report of `locomo`, `code` or `summaries` tells, as tables by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tools.bench.coverage_figures import coverage_figures
from tools.bench.figures import Figures
from tools.bench.metrics import PLACE_DEPTHS, SESSION_DEPTHS, TURN_DEPTHS

LOCOMO_COLUMNS = (
    *(f"R@{k}" for k in TURN_DEPTHS),
    *(f"any@{k}" for k in SESSION_DEPTHS[:2]),
    *(f"frac@{k}" for k in SESSION_DEPTHS[2:]),
)
CODE_COLUMNS = ("any@1", "any@5", "hit@1", "hit@3", "hit@5", "hit@10", "R@5", "R@10", "R@25", "MRR")

SURE = "†"
"""Beside a difference whose interval leaves out zero."""

_CONVERSATIONS_TELLING = 6

Report = dict[str, Any]
Scores = Mapping[str, float]


def quality_figures(report: Report) -> dict[str, Figures]:
    """The tables of a report, by name; those that it has no figures for are left out."""
    if report["benchmark"] == "summaries":
        return {"coverage": coverage_figures(report)}
    columns = LOCOMO_COLUMNS if report["benchmark"] == "locomo" else CODE_COLUMNS
    found = {"metrics": _metrics(report, columns)}
    if "by_conversation" in report:
        found["conversations"] = _by_conversation(report, columns)
    if "places" in report:
        found["places"] = _places(report)
    if any(report.get("intervals", {}).values()):
        found["intervals"] = _intervals(report, columns)
    if "baselines" in report:
        found["baselines"] = _baselines(report, columns)
    if "ablation" in report:
        found["ablation"] = _ablation(report, columns)
    if report.get("contexts"):
        found["contexts"] = _contexts(report)
    if "misses" in report:
        found["misses"] = _misses(report)
    found["latency"] = _latency(report)
    return found


def _metrics(report: Report, columns: Iterable[str]) -> Figures:
    return Figures(
        title=f"{report['benchmark']}: what is found",
        headings=("questions of", "questions", *columns),
        rows=tuple(_scored(name, row, columns) for name, row in report["metrics"].items()),
        below=f"{report['events']:,} events; {report['limit']} hits each; tier {', '.join(report['tiers'])}; "
        f"model {report['model'] or 'none'}.",
    )


def _by_conversation(report: Report, columns: Iterable[str]) -> Figures:
    return Figures(
        title="By conversation",
        headings=("conversation", "questions", *columns),
        rows=tuple(_scored(name, row["overall"], columns) for name, row in report["by_conversation"].items()),
    )


def _places(report: Report) -> Figures:
    names = [f"to {depth}" for depth in PLACE_DEPTHS] + ["later", "later, session found"]
    return Figures(
        title="Where the evidence turns stand",
        headings=("questions of", "turns", *names),
        rows=tuple(
            (group, str(row["turns"]), *(str(row[name]) for name in names)) for group, row in report["places"].items()
        ),
        below="*later, session found*: of those that came late or never, how many belong to one of the first five "
        "sessions.",
    )


def _intervals(report: Report, columns: Iterable[str]) -> Figures:
    ways = {way: row for way, row in report["intervals"].items() if row}
    below = f"Bootstrap, {report['drawings']:,} drawings, seed {report['seed']}."
    if 0 < len(report.get("by_conversation", ())) < _CONVERSATIONS_TELLING:
        below += " So few conversations say next to nothing of others."
    return Figures(
        title="95 % intervals",
        headings=("", "found", *(f"drawn {way}" for way in ways)),
        rows=tuple(
            (
                name,
                f"{report['metrics']['overall'][name]:.3f}",
                *(f"{row[name][0]:.3f} to {row[name][1]:.3f}" for row in ways.values()),
            )
            for name in columns
        ),
        below=below,
    )


def _baselines(report: Report, columns: Iterable[str]) -> Figures:
    rows = {"all signals": report["metrics"], **report["baselines"]}
    return Figures(
        title="Baselines",
        headings=("ranked by", *columns),
        rows=tuple((name, *_shares(row["overall"], columns)) for name, row in rows.items()),
        below=f"*random*: seed {report['seed']}.",
    )


def _ablation(report: Report, columns: Iterable[str]) -> Figures:
    # Of `code`, who may not look at what is held out is told of the rest.
    group = "overall" if report.get("misses_shown", "all") == "all" else "dev"
    rows = [("none", "", *_shares(report["metrics"][group], columns))]
    for name, off in report["ablation"].items():
        lost = off["by_group"][group] if "by_group" in off else off
        rows.append((f"`{name}`", f"{report['weights'][name]:g}", *(_difference(lost, column) for column in columns)))
    return Figures(
        title=f"Without a signal ({group})",
        headings=("off", "weight", *columns),
        rows=tuple(rows),
        below=f"Questions: {group}. The first row is what is found, the others differ from it by so much; {SURE}: the "
        "95 % interval of the difference, question by question, leaves out zero.",
    )


def _contexts(report: Report) -> Figures:
    return Figures(
        title="What stands in a context",
        headings=("budget", "share of the evidence", "tokens"),
        rows=tuple(
            (f"{int(budget):,}", f"{row['evidence']:.3f}", f"{row['tokens']:,.0f}")
            for budget, row in report["contexts"].items()
        ),
        below=f"Means over {report['metrics']['overall']['questions']:.0f} questions of {report['benchmark']}.",
    )


def _misses(report: Report) -> Figures:
    rows = []
    for one in report["misses"]:
        if 0 < one["rank"] <= 5:
            continue
        instead = f"{one['instead'][0]['event']}: {one['instead'][0]['excerpt']}" if one["instead"] else ""
        ranks = (str(one[name] or "–") for name in ("rank", "session_rank"))
        rows.append((one["id"], one["question"], ", ".join(one["evidence"]), instead, *ranks))
    return Figures(
        title=f"No event that answers among the first five ({report['misses_shown']})",
        headings=("question", "asked", "answered by", "came first", "event's place", "session's place"),
        rows=tuple(rows),
        words=4,
        below=f"Questions: {report['misses_shown']}.",
    )


def _latency(report: Report) -> Figures:
    """Of each number of hits that was asked for, two columns."""
    asked = {report["page"]: report["page_ms"]} if "page" in report else {}
    asked[report["limit"]] = report["search_ms"]
    rows = [
        (f"seen by the {end}", "", *(f"{of[f'{end}_{p}']:.1f}" for of in asked.values() for p in ("p50", "p99")))
        for end in ("client", "server")
    ]
    rows += [
        (f"step `{name}`", str(row["searches"]), *_milliseconds(name, asked.values()))
        for name, row in report["search_ms"]["steps"].items()
    ]
    headings = (f"{hits} hits: {p}" for hits in asked for p in ("p50", "p99"))
    return Figures(title="Milliseconds of a search", headings=("", "searches", *headings), rows=tuple(rows))


def _milliseconds(step: str, asked: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for of in asked:
        took = of["steps"].get(step)
        yield from (f"{took[p]:.2f}" if took else "" for p in ("p50", "p99"))


def _scored(name: str, row: Scores, columns: Iterable[str]) -> tuple[str, ...]:
    return (name, f"{row['questions']:.0f}", *_shares(row, columns))


def _shares(row: Scores, columns: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"{row[column]:.3f}" for column in columns)


def _difference(lost: Mapping[str, Any], column: str) -> str:
    difference = lost["differences"][column]
    low, high = lost["intervals"].get(column, (0.0, 0.0))
    text = f"{difference:+.3f}".replace("-", "−") if round(difference, 3) else "0"
    return f"{text}{SURE}" if low > 0 or high < 0 else text
