"""A kept report as a table for the docs."""

from __future__ import annotations

from typing import Any

from tools.bench.locomo import COLUMNS
from tools.bench.rows import shown


def in_markdown(report: dict[str, Any]) -> str:
    """The report's table, and under it what it was measured on."""
    lines = _locomo(report) if report["benchmark"] == "locomo" else _perf(report)
    machine = report["machine"]
    engines = ", ".join(f"{name} {version}" for name, version in machine["engines"].items())
    lines += [
        "",
        f"{report['time'][:10]}; {machine['processor']}, {machine['cores']} cores, "
        f"{machine['memory_bytes'] / 2**30:.0f} GiB, {machine['file_system']}; Python {machine['python']}; {engines}.",
    ]
    return "\n".join(lines) + "\n"


def _perf(report: dict[str, Any]) -> list[str]:
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
    lines += [f"| {absent['name']} | – | – | – | – | {absent['why']} |" for absent in report["not_measured"]]
    lines += ["", "Beside them:", ""]
    for row in report["rows"]:
        also = "; ".join(f"{name}: {shown(value)}" for name, value in row["also"].items())
        lines.append(f"- *{row['name']}*: {also}.")
    return lines


def _locomo(report: dict[str, Any]) -> list[str]:
    lines = [
        f"| {' | '.join(('category', *COLUMNS))} |",
        f"| --- |{' ---: |' * len(COLUMNS)}",
    ]
    for category, row in report["metrics"].items():
        count, *shares = (row[name] for name in COLUMNS)
        lines.append(f"| {category} | {count} | {' | '.join(f'{share:.3f}' for share in shares)} |")
    times = ", ".join(f"{name.replace('_', ' ')} {shown(value)} ms" for name, value in report["search_ms"].items())
    return [*lines, "", f"Search: {times}; {report['limit']} hits each; tier {', '.join(report['tiers'])}."]
