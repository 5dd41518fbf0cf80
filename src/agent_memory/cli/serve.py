"""`agent-memory serve`: the daemon."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, cast

import click

from agent_memory.cli.ending import OK
from agent_memory.cli.front import Front, guarded
from agent_memory.errors import Unavailable

if TYPE_CHECKING:
    from agent_memory.config import Config


class Serve(click.Command):
    """Has every setting as a flag. The table of settings is read when the flags are asked for."""

    @functools.cached_property
    def _settings(self) -> list[click.Parameter]:
        from agent_memory.config import SETTINGS

        metavars = {"path": "PATH", "text": "TEXT", "whole number": "N", "number": "N", "list": "A,B"}
        return [
            click.Option([s.flag, s.name], metavar=metavars.get(s.kind) or "|".join(s.choices), help=s.help)
            for s in SETTINGS
        ]

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        return [*self._settings, *super().get_params(ctx)]


@click.command("serve", cls=Serve, short_help="Run the daemon.")
@click.option("--config", "config_file", type=click.Path(path_type=Path), metavar="FILE", help="Read this file.")
@click.option("--json", "as_json", is_flag=True, help="Tell the bound address as one line of JSON.")
@click.option("--daemonize", is_flag=True, help="Return once it serves, and leave it running; `stop` ends it.")
def command(as_json: bool, config_file: Path | None, daemonize: bool, **settings: Any) -> int:
    """Run the daemon until Ctrl-C or SIGTERM.

    It owns the store, takes in events, keeps the views up to date and answers on 127.0.0.1. Its
    log goes to stderr; with --daemonize, to a file in the store's folder.
    """
    given = {name: _as_typed(value) for name, value in settings.items()}
    front = Front("serve", as_json=as_json, config_file=config_file, flags=given)
    if daemonize:
        return guarded(front, lambda: _serve_behind(front, config_file, given))
    return guarded(front, lambda: _serve(front))


def _serve_behind(front: Front, config_file: Path | None, flags: dict[str, object]) -> int:
    """Start a daemon that stays when this process ends; what it says of its start is told here."""
    import json

    from agent_memory.cli.ending import exit_code_of, print_problem
    from agent_memory.daemon.control import detach, log_path

    config = front.config
    log = log_path(config.store)

    def work() -> None:
        from agent_memory.daemon.log_file import LogFile

        behind = Front("serve", as_json=True, config_file=config_file, flags=flags)
        guarded(behind, lambda: _serve(behind, log=cast("TextIO", LogFile(log))))

    said = detach(work)
    if not said.strip():
        raise DaemonGone(str(log))
    told = json.loads(said)
    if told["error"] is not None:
        error = told["error"]
        if front.as_json:
            print(said, end="")
        else:
            print_problem(error["message"], error["hint"])
        return exit_code_of(error["code"])
    data = {**told["data"], "log": str(log)}
    if front.as_json:
        front.envelope(data, compact=True)
    else:
        front.out.print(f"Serving {data['store']} at {data['address']}, behind. Its log is {log}.", soft_wrap=True)
        front.out.print("Stop it with `agent-memory stop`.")
        if not config.model.exists():
            front.out.print(_no_model(config), soft_wrap=True)
    return OK


class DaemonGone(Unavailable):
    """The daemon ended before it served and could not say why."""

    hint = "Its log may tell; `agent-memory serve` without --daemonize shows it at once."

    def __init__(self, log: str) -> None:
        super().__init__(f"the daemon ended before it served; see {log}")
        self.log = log


def _serve(front: Front, *, log: TextIO | None = None) -> int:
    import gc

    # Until it serves, a daemon makes what stays. To walk all of that again and again, for a few hundred objects
    # out of 85,000, took a tenth of the start; `spare_what_stays` turns collections on again.
    gc.disable()
    try:
        return _run(front, log)
    finally:
        gc.enable()


def _run(front: Front, log: TextIO | None) -> int:
    import asyncio

    from agent_memory import telemetry
    from agent_memory.daemon import run_daemon
    from agent_memory.daemon.control import tell_manager

    config = front.config
    telemetry.configure_logging(config, stream=log)
    stop_telemetry = telemetry.configure_telemetry(config)

    def on_ready(address: str, mcp_url: str) -> None:
        tell_manager("READY=1")
        telemetry.LOG.info("serving", address=address, store=str(config.store))
        has_model = config.model.exists()
        if not has_model:
            telemetry.LOG.warning("no model, search is by keyword only", model=str(config.model))
        if front.as_json:
            front.envelope({"address": address, "store": str(config.store), "mcp_url": mcp_url}, compact=True)
        else:
            front.out.print(f"Serving {config.store} at {address}. Stop with Ctrl-C.", soft_wrap=True)
            if mcp_url:
                front.out.print(f"Agents connect by MCP at {mcp_url}; see docs/mcp.md.", soft_wrap=True)
            if not has_model:
                front.out.print(_no_model(config), soft_wrap=True)

    try:
        asyncio.run(run_daemon(config, on_ready=on_ready))
        telemetry.LOG.info("stopped", store=str(config.store))
    finally:
        stop_telemetry()
    return OK


def _no_model(config: Config) -> str:
    origin = config.origins["model"]
    where, to = ("", "") if origin == "default" else (f" (from {origin})", f" --to {config.model}")
    return (
        f"Search is by keyword only: {config.model}{where} does not exist. "
        f"Run `agent-memory model install{to}` and start again."
    )


def _as_typed(value: str | None) -> object:
    """A flag's text as TOML would have it: a number is a number."""
    if value is None:
        return None
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    return value
