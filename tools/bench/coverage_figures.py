"""What a report of `summaries` tells, as a table."""

from __future__ import annotations

from typing import Any

from tools.bench.figures import Figures

_SHARES = ("turns", "asked", "words")


def coverage_figures(report: dict[str, Any]) -> Figures:
    """Each way of picking, at as many bullets and at as many characters as the day's bullets have."""
    rows = []
    for name, found in report["sets"].items():
        for way, row in found["coverage"].items():
            by_count, by_chars = row["bullets"], row["chars"]
            rows.append(
                (
                    name,
                    way,
                    *(f"{by_count[share]:.3f}" for share in _SHARES),
                    f"{by_count['chars']:.0f}",
                    *(f"{by_chars[share]:.3f}" for share in _SHARES),
                    f"{by_chars['bullets']:.1f}",
                )
            )
    said = "; ".join(
        f"{name}: {found['days']} days, {found['events']:,} events, {found['sought']} of them asked about"
        for name, found in report["sets"].items()
    )
    return Figures(
        title="What is asked about, in the summaries of its day",
        headings=(
            "of",
            "picked",
            *("turns", "asked", "words", "characters"),
            *("turns, as long", "asked, as long", "words, as long", "sentences"),
        ),
        rows=tuple(rows),
        words=2,
        below=f"{said}. As many sentences as the day has bullets; *as long*: as many characters as their excerpts. "
        f"`{report['summariser']}`; *random*: mean of {report['drawings']} drawings, seed {report['seed']}; "
        f"model {report['model'] or 'none'}; code memory: {'all' if report['held_out'] else 'dev'} questions.",
    )
