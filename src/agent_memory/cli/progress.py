"""Progress bars on stderr, where someone is looking."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from agent_memory.cli.front import Front


@contextmanager
def bars(front: Front, noun: str) -> Iterator[Callable[[str, int, int], None]]:
    """What is given (name, done, total) draws a bar for each name."""
    if front.as_json or not front.notes.is_terminal:
        yield lambda _name, _done, _total: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn(noun))
    with Progress(*columns, TimeRemainingColumn(), console=front.notes, transient=True) as progress:
        tasks: dict[str, TaskID] = {}

        def show(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = progress.add_task(name, total=total)
            progress.update(tasks[name], completed=done, total=total)

        yield show
