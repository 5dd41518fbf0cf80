"""Kept reports as Markdown, and into the docs.

A page says where figures go, by the benchmark and the name of the table:

    <!-- figures: locomo ablation -->
    ... replaced ...
    <!-- end of figures -->
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tools.bench.figures import for_docs
from tools.bench.quality_figures import quality_figures
from tools.bench.rows import shown

_END = "<!-- end of figures -->"
_PLACE = re.compile(rf"(<!-- figures: (\w+) (\w+) -->\n).*?({re.escape(_END)})", re.DOTALL)

Report = dict[str, Any]


def tables(report: Report) -> dict[str, str]:
    """What the report tells, in Markdown, by name; `machine` is what it was measured on."""
    if report["benchmark"] == "perf":
        found = {"rows": _lines(_perf_rows(report)), "beside": _lines(_perf_beside(report))}
    else:
        found = {name: for_docs(figures) for name, figures in quality_figures(report).items()}
    return {**found, "machine": _lines([_machine(report)])}


def in_markdown(report: Report) -> str:
    """All tables of the report, one after the other."""
    return "\n".join(tables(report).values())


def renewed(page: str, reports: Sequence[Report]) -> tuple[str, list[str]]:
    """The page with the figures of *reports* at their places, and the places that none of them has figures for."""
    given: Mapping[tuple[str, str], str] = {
        (report["benchmark"], name): text for report in reports for name, text in tables(report).items()
    }
    left: list[str] = []

    def put(place: re.Match[str]) -> str:
        begin, benchmark, name, end = place.groups()
        text = given.get((benchmark, name))
        if text is None:
            left.append(f"{benchmark} {name}")
            return place[0]
        return f"{begin}\n{text}\n{end}"

    return _PLACE.sub(put, page), left


def _machine(report: Report) -> str:
    machine = report["machine"]
    engines = ", ".join(f"{name} {version}" for name, version in machine["engines"].items())
    return (
        f"{report['time'][:10]}; {machine['processor']}, {machine['cores']} cores, "
        f"{machine['memory_bytes'] / 2**30:.0f} GiB, {machine['file_system']}; Python {machine['python']}; {engines}."
    )


def _perf_rows(report: Report) -> list[str]:
    lines = [
        f"{report['events']:,} events; vectors {report['vectors']}.",
        "",
        "| what | value | floor | ratio | budget | kept |",
        "| --- | ---: | ---: | ---: | ---: | --- |",
    ]
    for row in report["rows"]:
        unit = row["unit"]
        floor = "–" if row["floor"] is None else f"{shown(row['floor'])} {unit}"
        ratio = "–" if row["ratio"] is None else f"{row['ratio']:.2f} ×"
        kept = "yes" if row["ok"] else "**no**"
        lines.append(f"| {row['name']} | {shown(row['value'])} {unit} | {floor} | {ratio} | {row['budget']} | {kept} |")
    return lines + [f"| {absent['name']} | – | – | – | – | {absent['why']} |" for absent in report["not_measured"]]


def _perf_beside(report: Report) -> list[str]:
    lines = []
    for row in report["rows"]:
        also = "; ".join(f"{name}: {shown(value)}" for name, value in row["also"].items())
        lines.append(f"- *{row['name']}*: {also}.")
    return lines


def _lines(lines: Sequence[str]) -> str:
    return "\n".join(lines) + "\n"
