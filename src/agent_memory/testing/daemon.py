"""A real daemon in a process of its own, started through the CLI."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from types import TracebackType
from typing import IO

_START_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 60.0


class DaemonProcess:
    """`agent-memory serve` on a store and a free port; ready when the block begins.

    The model is the folder that ``AGENT_MEMORY_TEST_MODEL`` names, or none. *prefix* is put
    before the command, for example a tracer. Without *awaited* the block begins while the daemon
    is still starting, and it has no address.
    """

    def __init__(
        self,
        store: Path,
        *,
        flags: tuple[str, ...] = (),
        prefix: tuple[str, ...] = (),
        model: Path | None = None,
        awaited: bool = True,
    ) -> None:
        self.store = store
        self._awaited = awaited
        self.address = self.mcp_url = ""
        self._command = (
            *prefix,
            sys.executable,
            "-m",
            "agent_memory.cli",
            "serve",
            "--store",
            str(store),
            "--address",
            "127.0.0.1:0",
            "--mcp-address",
            "127.0.0.1:0",
            "--model",
            str(model or os.environ.get("AGENT_MEMORY_TEST_MODEL") or store.parent / "no-model"),
            "--json",
            *flags,
        )
        self._process: subprocess.Popen[str] | None = None
        self._errors: IO[str] = tempfile.TemporaryFile("w+")  # noqa: SIM115 - read after the process is gone

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        """What it wrote to standard error so far."""
        self._errors.seek(0)
        return self._errors.read()

    def __enter__(self) -> DaemonProcess:
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._errors, text=True
        )
        if not self._awaited:
            return self
        assert self._process.stdout is not None
        watchdog = threading.Timer(_START_TIMEOUT_S, self._process.kill)
        watchdog.start()
        line = self._process.stdout.readline()
        watchdog.cancel()
        # An address comes on one line; an error, on several.
        if not line.endswith("}\n"):
            told = line + self._process.stdout.read()
            self._process.wait()
            raise RuntimeError(f"the daemon did not start:\n{told}{self.log}")
        data = json.loads(line)["data"]
        self.address, self.mcp_url = data["address"], data["mcp_url"]
        return self

    def kill(self) -> None:
        """SIGKILL: no goodbye."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        return self._process.wait(_STOP_TIMEOUT_S)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        if self._process.poll() is None:
            self.stop()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._errors.close()
