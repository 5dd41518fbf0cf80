"""`agent-memory config`: the settings in force."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from agent_memory.cli.ending import OK
from agent_memory.cli.front import Front, front

# What holds where a setting is empty.
_LEFT_OPEN = {
    "time_zone": "the machine's, or the store's own",
    "otlp_endpoint": "nowhere",
    "capture_ignore_paths": "none",
    "capture_ignore_agents": "none",
    "redact_extra": "none",
    "redact_allow": "none",
    "inject_agents": "none",
    "summaries_provider": "none: nothing is sent anywhere",
    "summaries_model": "none",
    "summaries_url": "the provider's own",
    "summaries_key_variable": "the provider's usual one, at its own URL",
    "summaries_key_file": "none",
    "summaries_command": "none",
    "summaries_usd_per_million_in": "unknown",
    "summaries_usd_per_million_out": "unknown",
    "summaries_ignore_projects": "none",
}


@click.group("config", short_help="Show the settings and where they came from.")
def command() -> None:
    """Show the settings, and where each of them came from."""


@command.command("show")
@click.option("--help-texts", "texts", is_flag=True, help="Tell what each setting is for and may be.")
@front(store=False)
def show(front: Front, texts: bool) -> int:
    """Show every setting: its value, and whether a default, a file or a variable gave it.

    Flags of `agent-memory serve` beat variables, which beat the file, which beats the defaults.
    """
    from agent_memory.config import SETTINGS, default_file

    config = front.config
    if front.as_json:
        settings = [
            {
                "name": setting.name,
                "value": _plain(getattr(config, setting.name)),
                "origin": config.origins[setting.name],
                "default": _plain(setting.default),
                "variable": setting.variable,
                "flag": setting.flag,
                "expected": setting.expected,
                "help": setting.help,
            }
            for setting in SETTINGS
        ]
        front.envelope({"file": str(default_file()), "settings": settings})
        return OK
    from rich.table import Table
    from rich.text import Text

    from agent_memory.cli.terminal import stored

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("setting", style="bold", no_wrap=True)
    table.add_column("value", overflow="fold")
    table.add_column("from", overflow="fold")
    for setting in SETTINGS:
        origin = config.origins[setting.name]
        given = setting.told(getattr(config, setting.name))
        value = stored(given) if given else Text(_LEFT_OPEN.get(setting.name, "-"), "dim")
        if texts:
            value.append(f"\n{setting.help} {setting.expected.capitalize()}; {setting.variable}.", "dim")
        table.add_row(setting.name, value, Text(origin, "dim" if origin == "default" else "yellow"))
    front.out.print(table)
    if not texts:
        front.out.print(f"\nThe file is looked for at {default_file()}; --help-texts explains.", style="dim")
    return OK


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value
