"""`python -m tools.bench perf|locomo|code|summaries`: measure, show, and keep as JSON."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path

import click
from rich.console import Console

_SYNTHETIC_FROM_EVENTS = 20_001
_FOLDER = click.Path(file_okay=False, path_type=Path)
_COUNT = click.IntRange(min=0)
_GROUP_NAMES = ("append", "disk", "replay", "start", "hook", "memory", "search", "summaries")


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
    _check_model(model)
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
@click.option("--ablate", is_flag=True, help="Ask everything again with each signal off in turn.")
@click.option("--baselines", is_flag=True, help="BM25 alone, vectors alone, the newest first, and any order.")
@click.option("--contexts", is_flag=True, help="How much of what answers stands in a context of so many tokens.")
@click.option(
    "--bootstrap", "drawings", type=_COUNT, default=2_000, show_default=True, help="Drawings for intervals; 0 for none."
)
@click.option("--seed", default=7, show_default=True, help="Of drawings and of the random baseline.")
@click.option("--json", "target", type=click.Path(dir_okay=False, path_type=Path))
def locomo(
    data: Path,
    model: Path | None,
    ablate: bool,
    baselines: bool,
    contexts: bool,
    drawings: int,
    seed: int,
    target: Path | None,
) -> None:
    """Retrieval quality on LoCoMo, through daemons and gRPC."""
    from tools.bench.locomo import Plan, measure

    _check_model(model)
    plan = Plan(ablate=ablate, baselines=baselines, contexts=contexts, drawings=drawings, seed=seed)
    with tempfile.TemporaryDirectory(prefix="agent-memory-locomo-") as name:
        report = measure(data, plan, model=model, folder=Path(name), console=Console(stderr=True))
        _tell({**report, "data": data.name}, Path(name), target)


@main.command()
@click.option("--model", type=_FOLDER, help="Folder of an embedding model; without one, search is by keyword.")
@click.option("--without", multiple=True, help="A signal to leave out, by name; may be given more than once.")
@click.option("--ablate", is_flag=True, help="Ask everything again with each signal off in turn.")
@click.option("--contexts", is_flag=True, help="How much of what answers stands in a context of so many tokens.")
@click.option(
    "--bootstrap", "drawings", type=_COUNT, default=2_000, show_default=True, help="Drawings for intervals; 0 for none."
)
@click.option("--seed", default=7, show_default=True, help="Of drawings.")
@click.option(
    "--show-held-out", is_flag=True, help="Tell the misses of held-out questions, and what signals do to them."
)
@click.option("--json", "target", type=click.Path(dir_okay=False, path_type=Path))
def code(
    model: Path | None,
    without: tuple[str, ...],
    ablate: bool,
    contexts: bool,
    drawings: int,
    seed: int,
    show_held_out: bool,
    target: Path | None,
) -> None:
    """Retrieval quality on coding transcripts and long dialogues, through a daemon and gRPC."""
    from tools.bench.code_memory import Plan, measure

    _check_model(model)
    plan = Plan(
        without=without, ablate=ablate, contexts=contexts, show_held_out=show_held_out, drawings=drawings, seed=seed
    )
    with tempfile.TemporaryDirectory(prefix="agent-memory-code-") as name:
        report = measure(plan, model=model, folder=Path(name))
        _tell(report, Path(name), target)


@main.command()
@click.option("--data", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A file of LoCoMo's.")
@click.option("--model", type=_FOLDER, help="Folder of an embedding model, for centrality by vectors.")
@click.option("--drawings", type=click.IntRange(min=1), default=200, show_default=True, help="Of random sentences.")
@click.option("--seed", default=7, show_default=True, help="Of the random sentences.")
@click.option("--show-held-out", is_flag=True, help="Count the held-out questions about code as well.")
@click.option("--json", "target", type=click.Path(dir_okay=False, path_type=Path))
def summaries(
    data: Path | None, model: Path | None, drawings: int, seed: int, show_held_out: bool, target: Path | None
) -> None:
    """How much of what is asked about stands in the summaries of its day; in memory, in seconds."""
    from tools.bench.summaries import Plan, measure

    _check_model(model)
    plan = Plan(drawings=drawings, seed=seed, held_out=show_held_out)
    with tempfile.TemporaryDirectory(prefix="agent-memory-summaries-") as name:
        _tell(measure(data, plan, model=model), Path(name), target)


@main.command()
@click.argument("reports", type=click.Path(exists=True, dir_okay=False, path_type=Path), nargs=-1, required=True)
@click.option(
    "--into",
    "pages",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A page whose figures are replaced where it marks their places; may be given more than once.",
)
def markdown(reports: tuple[Path, ...], pages: tuple[Path, ...]) -> None:
    """Kept REPORTS as tables: printed, or put into pages at `<!-- figures: locomo ablation -->`."""
    from tools.bench.markdown import in_markdown, renewed

    kept = [json.loads(report.read_text()) for report in reports]
    if not pages:
        click.echo("\n".join(in_markdown(report) for report in kept), nl=False)
    for page in pages:
        text, left = renewed(page.read_text(), kept)
        page.write_text(text)
        for place in left:
            click.echo(f"{page}: {place} stays as it was, no report has it", err=True)


def _check_model(model: Path | None) -> None:
    if model is not None and not model.exists():
        raise click.BadParameter(f"there is no model in {model}")


def _tell(report: dict[str, object], folder: Path, target: Path | None) -> None:
    """Show the tables of a report on quality, and keep it."""
    from datetime import UTC, datetime

    from tools.bench.figures import for_terminal
    from tools.bench.machine import facts
    from tools.bench.quality_figures import quality_figures

    report |= {"time": datetime.now(UTC).isoformat(timespec="seconds"), "machine": facts(folder)}
    if target is not None:
        _keep(report, target)
    console = _out()
    for figures in quality_figures(report).values():
        console.print(for_terminal(figures))


def _out() -> Console:
    """Standard output, wide enough for a table also where it is no terminal."""
    console = Console()
    return console if console.is_terminal else Console(width=140)


def _keep(report: dict[str, object], target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
