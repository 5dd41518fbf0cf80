"""A command line on a store: what was typed, and what came of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec

COMMAND = (sys.executable, "-m", "agent_memory.cli")


SECRET = "zirconium-4711"


class Told(msgspec.Struct):
    code: int
    out: str
    notes: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)["data"]

    @property
    def error(self) -> Any:
        return json.loads(self.out)["error"]


class Line:
    """A command line with an address or a store."""

    def __init__(self, folder: Path, *where: str) -> None:
        self._where = where
        self._environ = {
            **os.environ,
            "XDG_CONFIG_HOME": str(folder),
            "XDG_DATA_HOME": str(folder),
            "AGENT_MEMORY_MODEL": os.environ.get("AGENT_MEMORY_TEST_MODEL", str(folder / "no-model")),
            "AGENT_MEMORY_TIME_ZONE": "Europe/Oslo",
            "COLUMNS": "100",
        }

    def __call__(self, *args: str, stdin: bytes = b"") -> Told:
        rest = args if args[0] in ("model", "config") else (*args, *self._where)
        if "--" in args:
            at = args.index("--")
            rest = (*args[:at], *self._where, *args[at:])
        done = subprocess.run([*COMMAND, *rest], input=stdin, capture_output=True, env=self._environ, timeout=120)
        return Told(done.returncode, done.stdout.decode(), done.stderr.decode())

    def start(self, *args: str, **pipes: Any) -> subprocess.Popen[bytes]:
        return subprocess.Popen([*COMMAND, *args, *self._where], env=self._environ, **pipes)


def line(text: str, time: str | None, **fields: Any) -> bytes:
    values = {"kind": "user_message", "session": "s1", "agent": "a", "project": "p", "text": text, **fields}
    return json.dumps({**values, **({"time": time} if time else {})}).encode() + b"\n"


CONVERSATION = (
    line(f"We decided to label the crates {SECRET}.", "2026-01-15T09:00:00+01:00", speaker="Ann")
    + line("I label them in crates.py.", "2026-01-15T09:00:20+01:00", kind="assistant_message")
    + line("[bold]\x1b[31mred\ud800", "2026-01-15T09:00:40+01:00", kind="tool_result", tool_name="Bash")
    + line("And the lids are blue.", "2026-01-17T10:00:00+01:00", session="s2")
)


def hit_of(run: Line) -> dict[str, Any]:
    data = run("search", f"what did we decide about {SECRET}", "--json").data
    hit: dict[str, Any] = data["hits"][0]
    return hit
