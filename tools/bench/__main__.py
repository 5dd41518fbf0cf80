"""`python -m tools.bench perf|locomo|code`: measure, show, and keep as JSON."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path

import click
from rich.console import Console

_SYNTHETIC_FROM_EVENTS = 20_001
_FOLDER = click.Path(file_okay=False, path_type=Path)
_GROUP_NAMES = ("append", "disk", "replay", "start", "memory", "search")


@click.group()
def main() -> None:
    """Measure speed against the bare engines, and retrieval quality."""


@main.command()
@click.option("--events", type=click.IntRange(min=1000), default=100_000, show_default=True)
@click.option("--seed", default=7, show_default=True, help="Of the generated conversations.")
@click.option("--model", type=_FOLDER, help="Folder of an embedding model; without one, vectors are left out.")
@click.option(
    "--vectors",
    type=click.Choice(["model", "synthetic"]),
    help="Compute the vectors of the events, or store blends of some in their place; "
    f"by default computed up to {_SYNTHETIC_FROM_EVENTS - 1:,} events, which takes two minutes.",
)
@click.option("--rows", default=",".join(_GROUP_NAMES), show_default=True, help="Which groups, by name.")
@click.option("--folder", type=_FOLDER, help="Where the stores are made, and removed again.")
@click.option("--json", "target", type=click.Path(dir_okay=False, path_type=Path), required=True)
def perf(
    events: int, seed: int, model: Path | None, vectors: str | None, rows: str, folder: Path | None, target: Path
) -> None:
    """Speed, memory and disk, each beside the bare engine on the same data."""
    from tools.bench.perf import as_json, measure, vectors_in_words
    from tools.bench.rows import table
    from tools.bench.workshop import Workshop

    names = [name.strip() for name in rows.split(",")]
    if unknown := set(names) - set(_GROUP_NAMES):
        raise click.BadParameter(f"{', '.join(sorted(unknown))}: the groups are {', '.join(_GROUP_NAMES)}")
    if model is not None and not model.exists():
        raise click.BadParameter(f"there is no model in {model}")
    console = Console(stderr=True)
    started = time.perf_counter()
    with Workshop(
        events=events,
        seed=seed,
        model=model,
        synthetic=(vectors == "synthetic") if vectors else events >= _SYNTHETIC_FROM_EVENTS,
        console=console,
        folder=folder,
    ) as shop:
        console.print(f"vectors: {vectors_in_words(shop)}", highlight=False)
        found = measure(shop, names)
        report = as_json(shop, found, started=started, seed=seed)
    _keep(report, target)
    _out().print(table(found, title=f"{events:,} events; vectors {report['vectors']}"))


@main.command()
@click.option("--data", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True)
@click.option("--model", type=_FOLDER, help="Folder of an embedding model; without one, search is by keyword.")
@click.option("--json", "target", type=click.Path(dir_okay=False, path_type=Path), required=True)
def locomo(data: Path, model: Path | None, target: Path) -> None:
    """Retrieval quality on LoCoMo, through daemons and gRPC."""
    from datetime import UTC, datetime

    from tools.bench.locomo import measure, table
    from tools.bench.machine import facts

    if model is not None and not model.exists():
        raise click.BadParameter(f"there is no model in {model}")
    with tempfile.TemporaryDirectory(prefix="agent-memory-locomo-") as name:
        report = measure(data, model=model, folder=Path(name), console=Console(stderr=True))
        report["time"] = datetime.now(UTC).isoformat(timespec="seconds")
        report["data"] = data.name
        report["machine"] = facts(Path(name))
    _keep(report, target)
    console = _out()
    console.print(table(report["metrics"]))  # type: ignore[arg-type]  # as `measure` made it
    console.print({"tiers": report["tiers"], "search_ms": report["search_ms"]})


@main.command()
@click.option("--model", type=_FOLDER, help="Folder of an embedding model; without one, search is by keyword.")
@click.option("--without", multiple=True, help="A signal to leave out, by name; may be given more than once.")
@click.option("--show-held-out", is_flag=True, help="List the misses of held-out questions as well.")
@click.option("--json", "target", type=click.Path(dir_okay=False, path_type=Path), required=True)
def code(model: Path | None, without: tuple[str, ...], show_held_out: bool, target: Path) -> None:
    """Retrieval quality on coding transcripts and long dialogues, through a daemon and gRPC."""
    from datetime import UTC, datetime

    from tools.bench.code_memory import measure, table
    from tools.bench.machine import facts

    if model is not None and not model.exists():
        raise click.BadParameter(f"there is no model in {model}")
    with tempfile.TemporaryDirectory(prefix="agent-memory-code-") as name:
        report = measure(model=model, folder=Path(name), without=without, show_held_out=show_held_out)
        report["time"] = datetime.now(UTC).isoformat(timespec="seconds")
        report["machine"] = facts(Path(name))
    _keep(report, target)
    console = _out()
    console.print(table(report["metrics"]))  # type: ignore[arg-type]  # as `measure` made it
    console.print({"tiers": report["tiers"], "search_ms": report["search_ms"]})


@main.command()
@click.argument("report", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def markdown(report: Path) -> None:
    """The rows of a kept REPORT as a table for docs/benchmarks.md."""
    from tools.bench.markdown import in_markdown

    click.echo(in_markdown(json.loads(report.read_text())), nl=False)


def _out() -> Console:
    """Standard output, wide enough for a table also where it is no terminal."""
    console = Console()
    return console if console.is_terminal else Console(width=120)


def _keep(report: dict[str, object], target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
