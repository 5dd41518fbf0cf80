"""`python -m tools.demo --model DIR`: the whole way, from conversations to a cited answer, on one screen.

A real daemon on a temporary store, the sample conversations, and the commands a newcomer would
type next. What is shown is what the commands print; this file only says it in order.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.rule import Rule
from rich.text import Text

import agent_memory
from agent_memory import samples
from agent_memory.config import ENVIRONMENT_PREFIX, FILE_VARIABLE, load_config
from agent_memory.errors import ViewBehind
from agent_memory.memory import VIEW_NAMES
from agent_memory.sync import SyncMemory
from agent_memory.testing.daemon import DaemonProcess

QUESTION = "Why did we choose a database constraint over a lock?"
VIEWS_TIMEOUT_S = 300.0
VIEWS_LOOK_S = 0.5
LOG_LINES = 25


class DemoFailed(Exception):
    """A command or a check of the demo did not do what it shows."""


class Show:
    """Prints headings, runs commands of `agent-memory`, and shows both with their output."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.address = ""

    def heading(self, text: str, *, first: bool = False) -> None:
        if not first:
            self.console.print()
        self.console.print(Rule(Text(text, style="bold"), align="left", style="dim"))

    def say(self, text: str) -> None:
        self.console.print(text, highlight=False)

    def prompt(self, *words: str, before: str = "", then: str = "") -> None:
        line = f"$ {before}agent-memory {shlex.join(_short(word) for word in words)}{then}"
        self.console.print(Text(line, style="bold cyan"), soft_wrap=True)

    def command(self, *words: str, read: Sequence[Path] = ()) -> None:
        """Show the command, run it on what *read* holds, show what it prints. Errors: `DemoFailed`."""
        self.prompt(*words, before=f"cat {' '.join(path.name for path in read)} | " if read else "")
        done = subprocess.run(
            [sys.executable, "-m", "agent_memory.cli", *words],
            env=os.environ
            | {
                f"{ENVIRONMENT_PREFIX}ADDRESS": self.address,
                "COLUMNS": str(self.console.width),
                **({"FORCE_COLOR": "1"} if self.console.is_terminal else {}),
            },
            input="".join(path.read_text("utf-8") for path in read),
            capture_output=True,
            encoding="utf-8",
            errors="replace",
        )
        for line in Text.from_ansi(done.stdout).split("\n"):
            line.rstrip()
            self.console.print(line, soft_wrap=True)
        if done.returncode:
            raise DemoFailed(f"agent-memory {words[0]} ended with {done.returncode}:\n{done.stderr}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.demo", description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="folder of the embedding model")
    parser.add_argument("--keep", action="store_true", help="leave the store in place and say where")
    args = parser.parse_args()
    console = Console(highlight=False)
    own_settings = load_config()
    with _alone(keep=args.keep) as folder:
        daemon = DaemonProcess(
            folder / "store",
            model=args.model.absolute(),
            flags=("--time-zone", samples.TIME_ZONE, "--log-format", "json"),
        )
        started_s = time.monotonic()
        try:
            with daemon:
                try:
                    show_all(Show(console), daemon, start_s=time.monotonic() - started_s)
                    code = daemon.stop()
                    if code:
                        raise DemoFailed(f"the daemon ended with {code}")
                except (DemoFailed, agent_memory.AgentMemoryError) as error:
                    _explain(error, log=daemon.log)
                    return 1
        except RuntimeError as error:  # it did not start; its log is in the message
            _explain(error)
            return 1
        point_an_agent_at_it(Show(console), args.model, own_store=own_settings.store, own_address=own_settings.address)
        if args.keep:
            console.print(f"\nThe store was kept: agent-memory serve --store {folder / 'store'}", soft_wrap=True)
    return 0


def show_all(show: Show, daemon: DaemonProcess, *, start_s: float) -> None:
    show.address = daemon.address
    show.heading("1  Conversations go in, and are durable when acknowledged", first=True)
    show.prompt("serve", "--store", str(daemon.store), "--address", "127.0.0.1:0", then=" &")
    show.say(f"Serving an empty store at {daemon.address} [dim]after {start_s:.1f} s[/dim]")
    show.command("ingest", "-", read=samples.paths())
    with agent_memory.connect(daemon.address) as memory:
        status = memory.status()
        if not status.model_id:
            raise DemoFailed(
                "there is no embedding model in the folder; `agent-memory model install --to DIR` gets one"
            )
        position = status.position
        waited_s = wait_for_views(show.console, memory, position)
        sessions = memory.sessions(limit=1000).items
        result = memory.search(QUESTION, limit=1)
    if not result.hits:
        raise DemoFailed("the question found nothing")
    best = result.hits[0]
    show.say(
        f"[dim]{position} events of {len(sessions)} sessions are on disk; "
        f"{waited_s:.1f} s later every view has them.[/dim]"
    )

    show.heading("2  They become contents, from the year to the sentence with its grip")
    show.command("toc", f"year/{best.date[:4]}", "--depth", "week")
    show.command("toc", best.node_id, "--bullets")

    show.heading("3  A question finds its answer, and the grip the evidence: the words among their neighbours")
    show.command("search", QUESTION, "--limit", "1")
    show.command("grip", best.grip_id, "--before", "1", "--after", "0")


def wait_for_views(console: Console, memory: SyncMemory, position: int) -> float:
    """Until every view contains *position*; how long that took, in seconds. Errors: `DemoFailed`."""
    started_s = time.monotonic()
    with console.status("") as shown:
        while True:
            try:
                memory.wait_for(VIEW_NAMES, position, timeout_s=VIEWS_LOOK_S)
            except ViewBehind:
                views = memory.status().views
            else:
                return time.monotonic() - started_s
            progress = ", ".join(f"{view.name} {view.position:,}" for view in views)
            waited_s = time.monotonic() - started_s
            shown.update(f"{waited_s:.0f} s: the views take in {position:,} entries ({progress})")
            if waited_s > VIEWS_TIMEOUT_S:
                raise DemoFailed(f"after {waited_s:.0f} s the views are not there yet: {progress} of {position:,}")


def point_an_agent_at_it(show: Show, model: Path, *, own_store: Path, own_address: str) -> None:
    show.heading("4  Yours: JSON lines, gRPC and Python go in and out; README.md has more")
    show.say(f"The demo's store is gone again; your own will be [bold]{_tilde(own_store)}[/bold].")
    commands = f"""\
.venv/bin/agent-memory serve --model {model} &
.venv/bin/agent-memory ingest events.jsonl         # or - for standard input
.venv/bin/agent-memory search "what did we decide about refunds" --json
grpcurl -plaintext -d '{{"query": "refunds"}}' {own_address} agent_memory.v1.SearchService/Search"""
    show.console.print(Text(commands, style="bold cyan"), soft_wrap=True)


@contextlib.contextmanager
def _alone(*, keep: bool) -> Iterator[Path]:
    """A folder for the store; settings of this user and machine stay out of the demo."""
    folder = Path(tempfile.mkdtemp(prefix="agent-memory-demo-"))
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith(ENVIRONMENT_PREFIX)]:
        del os.environ[name]
    settings = folder / "config.toml"
    settings.write_text("")
    os.environ[FILE_VARIABLE] = str(settings)
    try:
        yield folder
    finally:
        os.environ.clear()
        os.environ.update(before)
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def _explain(error: Exception, *, log: str = "") -> None:
    errors = Console(stderr=True, highlight=False, markup=False)
    errors.print(f"\nThe demo failed: {error}", getattr(error, "hint", ""), sep="\n", soft_wrap=True)
    if log:
        errors.print("The daemon's last words:", *log.splitlines()[-LOG_LINES:], sep="\n", soft_wrap=True)


def _short(word: str) -> str:
    """Long paths by their names: a newcomer's are others anyway."""
    return Path(word).name if word.startswith("/") else word


def _tilde(path: Path) -> str:
    home = str(Path.home())
    return "~" + str(path)[len(home) :] if str(path).startswith(home + "/") else str(path)


if __name__ == "__main__":
    sys.exit(main())
