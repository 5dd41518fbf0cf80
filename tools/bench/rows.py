"""A measurement beside its floor: the same work by the bare engine, in the same run."""

from __future__ import annotations

from typing import Literal

import msgspec
from rich.table import Table


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table. ``ratio`` is value by floor; ``ok`` says whether it keeps the budget.

    *limit* bounds the ratio from below (``at least``) or above (``at most``), or the value
    itself where there is no floor.
    """

    name: str
    what: str
    value: float
    unit: str
    bound: Literal["at least", "at most"]
    limit: float
    floor: float | None = None
    floor_what: str = ""
    also: dict[str, float | str] = msgspec.field(default_factory=dict)
    """Whatever else was measured on the way."""
    extra_ok: bool = True
    """A second condition of the budget, told in ``also``."""

    @property
    def ratio(self) -> float | None:
        return self.value / self.floor if self.floor else None

    @property
    def ok(self) -> bool:
        measured = self.value if self.floor is None else self.value / self.floor
        return self.extra_ok and (measured >= self.limit if self.bound == "at least" else measured <= self.limit)

    @property
    def budget(self) -> str:
        sign = "≥" if self.bound == "at least" else "≤"
        return f"{sign} {self.limit:,g}{f' {self.unit}' if self.floor is None else ' ×'}"

    def as_json(self) -> dict[str, object]:
        return {
            "name": self.name,
            "what": self.what,
            "value": self.value,
            "unit": self.unit,
            "floor": self.floor,
            "floor_what": self.floor_what,
            "ratio": self.ratio,
            "budget": self.budget,
            "ok": self.ok,
            "also": self.also,
        }


class Absent(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the budgets that cannot be measured, and why."""

    name: str
    why: str


def table(rows: list[Row | Absent], *, title: str) -> Table:
    """The rows for a terminal; what else was measured stands under each."""
    found = Table(title=title, title_justify="left", show_lines=True)
    found.add_column("what", overflow="fold", ratio=1)
    for heading in ("value", "floor", "ratio", "budget", "ok"):
        found.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        if isinstance(row, Absent):
            found.add_row(f"[bold]{row.name}[/]\n[dim]{row.why}[/]", "–", "–", "–", "–", "–")
            continue
        below = "\n".join(f"  {name}: {shown(value)}" for name, value in row.also.items())
        what = f"[bold]{row.name}[/]\n{row.what}" + (f"\n[dim]floor: {row.floor_what}[/]" if row.floor_what else "")
        found.add_row(
            what + (f"\n[dim]{below}[/]" if below else ""),
            f"{shown(row.value)} {row.unit}",
            "–" if row.floor is None else f"{shown(row.floor)} {row.unit}",
            "–" if row.ratio is None else f"{row.ratio:.2f} ×",
            row.budget,
            "[green]yes[/]" if row.ok else "[red]no[/]",
        )
    return found


def shown(value: float | str) -> str:
    """A number with as many digits as were measured; text as it is."""
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
