"""The account of an import, for people and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from agent_memory.capture.importing.accounts import Account, State, total, total_of
from agent_memory.capture.importing.formats import Form
from agent_memory.capture.model import Outcome
from agent_memory.cli.front import Front
from agent_memory.cli.terminal import counted, stored

_SHOWN_MAX = 20
_LISTED_MAX = 1000
# What is numbered; of a document and a folder of small files, what it is made of.
_PARTS = {Form.LINES: "line", Form.DATABASE: "row"}
_COUNTS = ("events", "created", "known", "imported_before", "refused_count")


def shape_of(
    accounts: Sequence[Account], unknown: Sequence[tuple[str, str]], *, complete: bool, dry_run: bool
) -> dict[str, Any]:
    """All of it as JSON. Lists of single lines are cut after 1,000; the counts are whole."""
    complete = complete and not any(account.state is State.INTERRUPTED for account in accounts)
    return {
        "complete": complete,
        "dry_run": dry_run,
        **_sums(accounts),
        "malformed": _lines(accounts, "malformed"),
        "refused": _lines(accounts, "refused"),
        "unexplained": [
            {"file": account.history.name, "line": line} for account in _ended(accounts) for line in account.unexplained
        ][:_LISTED_MAX],
        "failed": [
            *({"file": path, "problem": problem} for path, problem in unknown),
            *({"file": a.history.name, "problem": a.problem} for a in accounts if a.state is State.FAILED),
        ],
        "agents": [{"agent": agent, **_sums(of_agent)} for agent, of_agent in _by_agent(accounts)],
        "files": [
            {
                "file": account.history.name,
                "agent": account.history.agent.value,
                "state": account.state.value,
                "problem": account.problem,
                **_sums([account]),
            }
            for account in accounts
        ],
    }


def has_news(account: Account) -> bool:
    """Whether there is something to tell of it after the first time."""
    return bool(account.created or account.malformed or account.refused_count or account.state is State.FAILED)


def show(front: Front, accounts: Sequence[Account], *, dry_run: bool, files: bool) -> None:
    """What came, on stdout; what could not be read, on stderr."""
    from rich.table import Table

    _show_troubles(front, accounts)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("history" if files else "agent", overflow="fold")
    names = ("histories", "unchanged", "lines", "events", "to come" if dry_run else "new", "known", "merged", "skipped")
    for name in (*names, "malformed"):
        table.add_column(name, justify="right")
    for name, of_name in _by_file(accounts) if files else _by_agent(accounts):
        table.add_row(stored(name), *_row(of_name))
    if len(table.rows) > 1:
        table.add_row("in all", *_row(accounts), style="bold")
    front.out.print(table)
    _show_reasons(front, accounts)


def show_news(front: Front, accounts: Sequence[Account]) -> None:
    """A line for each history that has something new."""
    _show_troubles(front, accounts)
    for account in accounts:
        if account.created:
            name = stored(account.history.name)
            front.out.print(stored(f"{account.history.agent.value}  {account.created:,} new  ").append_text(name))


def show_interrupted(front: Front, accounts: Sequence[Account]) -> None:
    """How far it came."""
    done = sum(account.state in (State.READ, State.UNCHANGED) for account in accounts)
    new = total(accounts, "created")
    front.notes.print(f"{counted(new, 'event')} recorded, {done:,} of the histories done. Import again to go on.")


def show_unknown(front: Front, unknown: Iterable[tuple[str, str]]) -> None:
    """Paths that hold no history that is known, and why."""
    for path, problem in unknown:
        front.notes.print(stored(f"{path}: {problem}", "red"), soft_wrap=True)


def show_nothing(front: Front, places: Sequence[str]) -> None:
    """That nothing was found, and where it was looked for."""
    front.out.print("There is no history here that could be imported.")
    if places:
        front.notes.print("Looked in " + ", ".join(places), style="dim", soft_wrap=True)


# -- counting --------------------------------------------------------------------------------


def _by_agent(accounts: Sequence[Account]) -> list[tuple[str, list[Account]]]:
    ordered = sorted(accounts, key=lambda account: account.history.agent.value)
    return [(agent, list(of)) for agent, of in groupby(ordered, key=lambda account: account.history.agent.value)]


def _by_file(accounts: Sequence[Account]) -> list[tuple[str, list[Account]]]:
    return [(account.history.name, [account]) for account in accounts if account.state is not State.UNCHANGED]


def _sums(accounts: Sequence[Account]) -> dict[str, Any]:
    left_out, redacted = Counter[str](), Counter[str]()
    for account in accounts:
        left_out.update(account.left_out)
        redacted.update(account.redacted)
    return {
        "histories": len(accounts),
        "unchanged": sum(account.state is State.UNCHANGED for account in accounts),
        "lines": total(accounts, "lines"),
        "outcomes": {outcome.value: total_of(accounts, outcome) for outcome in Outcome},
        **{count: total(accounts, count) for count in _COUNTS},
        "left_out": dict(left_out),
        "merged": _reasons(accounts, Outcome.MERGED),
        "skipped": _reasons(accounts, Outcome.SKIPPED),
        "redacted": dict(redacted),
    }


def _reasons(accounts: Iterable[Account], outcome: Outcome) -> dict[str, int]:
    reasons = Counter[str]()
    for account in accounts:
        reasons.update(account.reasons_of(outcome))
    return dict(reasons.most_common())


def _lines(accounts: Iterable[Account], name: str) -> list[dict[str, Any]]:
    listed = [
        {"file": account.history.name, "line": line, "problem": problem}
        for account in accounts
        for line, problem in getattr(account, name)
    ]
    return listed[:_LISTED_MAX]


def _ended(accounts: Iterable[Account]) -> list[Account]:
    return [account for account in accounts if account.state is State.READ]


# -- showing ---------------------------------------------------------------------------------


def _row(accounts: Sequence[Account]) -> list[str]:
    known = total(accounts, "known") + total(accounts, "imported_before")
    values = (
        len(accounts),
        sum(account.state is State.UNCHANGED for account in accounts),
        total(accounts, "lines"),
        total(accounts, "events"),
        total(accounts, "created"),
        known,
        *(total_of(accounts, outcome) for outcome in (Outcome.MERGED, Outcome.SKIPPED, Outcome.MALFORMED)),
    )
    return [f"{value:,}" if value else "–" for value in values]


def _show_reasons(front: Front, accounts: Sequence[Account]) -> None:
    sums = _sums(accounts)
    for title, counts in (
        ("merged", sums["merged"]),
        ("skipped", sums["skipped"]),
        ("left out", sums["left_out"]),
        ("secrets taken out", sums["redacted"]),
    ):
        if counts:
            told = ", ".join(f"{reason} {count:,}" for reason, count in counts.items())
            front.out.print(stored(f"{title}: {told}", "dim"), soft_wrap=True)


def _show_troubles(front: Front, accounts: Sequence[Account]) -> None:
    """Each with its file and line, on stderr; a long list is cut."""
    troubles = [f"{account.history.name}: {account.problem}" for account in accounts if account.state is State.FAILED]
    for account in accounts:
        lines = [*account.malformed, *((line, f"refused: {problem}") for line, problem in account.refused)]
        lines += [(line, "is not accounted for") for line in account.unexplained if account.state is State.READ]
        part = _PARTS.get(account.history.form, "item")
        troubles += [f"{account.history.name}, {part} {line:,}: {problem}" for line, problem in sorted(lines)]
    for trouble in troubles[:_SHOWN_MAX]:
        front.notes.print(stored(trouble, "red"), soft_wrap=True)
    if len(troubles) > _SHOWN_MAX:
        front.notes.print(f"… and {len(troubles) - _SHOWN_MAX:,} more; --json lists them.", style="red")
