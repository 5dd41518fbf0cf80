"""`python -m tools.readme --model DIR`: the output shown in README.md, made anew by the commands above it.

Blocks fenced as `console` hold commands (`$ agent-memory …`) and what they print on the sample
conversations. `tests/door/test_readme.py` compares; this writes.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from agent_memory import samples
from agent_memory.testing.daemon import DaemonProcess

README = Path(__file__).parents[1] / "README.md"
WIDTH = 96

_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_TIMES = re.compile(r"\b\d+ ms\b")


def refreshed(text: str, run: Callable[[str], str]) -> str:
    """The document with the output of every command as *run* gives it now."""

    def anew(block: re.Match[str]) -> str:
        commands = [line for line in block[1].splitlines() if line.startswith("$ ")]
        return "```console\n" + "\n\n".join(f"{line}\n{run(line[2:])}" for line in commands) + "\n```"

    return _BLOCK.sub(anew, text)


def comparable(text: str) -> str:
    """The document without what differs from run to run."""
    return _TIMES.sub("… ms", text)


def output_of(command: str, address: str) -> str:
    """What a shell prints for the command, with the daemon at *address*."""
    scripts = Path(sys.executable).parent
    env = os.environ | {
        "AGENT_MEMORY_ADDRESS": address,
        "COLUMNS": str(WIDTH),
        "PATH": f"{scripts}:{os.environ['PATH']}",
    }
    done = subprocess.run(["bash", "-euc", command], env=env, cwd=README.parent, capture_output=True, encoding="utf-8")
    if done.returncode:
        raise RuntimeError(f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return "\n".join(line.rstrip() for line in done.stdout.rstrip().split("\n"))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.readme", description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="folder of the embedding model")
    args = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        DaemonProcess(
            Path(folder) / "store", model=args.model.absolute(), flags=("--time-zone", samples.TIME_ZONE)
        ) as daemon,
    ):
        for path in samples.paths():
            output_of(f"agent-memory ingest '{path}' --wait", daemon.address)
        text = README.read_text("utf-8")
        README.write_text(refreshed(text, lambda command: output_of(command, daemon.address)), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
