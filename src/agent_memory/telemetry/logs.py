"""The daemon's log: structured entries on stderr, as JSON lines or for a person at a terminal."""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import TextIO, cast

from agent_memory.config import Config
from agent_memory.telemetry.privacy import without_conversations

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_FOREIGN_CHARS_MAX = 160

Write = Callable[[int, str, dict[str, object]], None]
"""Level, phrase and fields of an entry, on their way out."""


_STANDARD = logging.getLogger("agent_memory")
_STANDARD.addHandler(logging.NullHandler())


def _write_to_standard_library(level: int, event: str, fields: dict[str, object]) -> None:
    if _STANDARD.isEnabledFor(level):
        shown = " ".join(f"{key}={value!r}" for key, value in without_conversations(fields).items())
        _STANDARD.log(level, "%s %s", event, shown)


class Log:
    """Where every room writes its log: `LOG.info("view opened", view=name, position=n)`.

    The first argument is a fixed phrase; what varies goes into fields. Until
    `configure_logging` has run, entries go to the standard library's logger `agent_memory`,
    as a library's should.
    """

    def __init__(self) -> None:
        self._write: Write = _write_to_standard_library

    def debug(self, event: str, /, **fields: object) -> None:
        self._write(logging.DEBUG, event, fields)

    def info(self, event: str, /, **fields: object) -> None:
        self._write(logging.INFO, event, fields)

    def warning(self, event: str, /, **fields: object) -> None:
        self._write(logging.WARNING, event, fields)

    def error(self, event: str, /, **fields: object) -> None:
        self._write(logging.ERROR, event, fields)


LOG = Log()


def configure_logging(config: Config, *, stream: TextIO | None = None) -> None:
    """Send the log of this process to *stream*, stderr by default, in the configured form."""
    stream = stream or sys.stderr
    level = _LEVELS[config.log_level]
    as_lines = config.log_format == "json" or (config.log_format == "auto" and not stream.isatty())
    form = _json_lines(_Quiet(stream)) if as_lines else _for_a_person(stream)

    def write(at: int, event: str, fields: dict[str, object]) -> None:
        if at >= level:
            # The names of an entry's own parts.
            taken = {f"{key}_": fields.pop(key) for key in ("event", "level", "timestamp") if key in fields}
            form(at, event[:_FOREIGN_CHARS_MAX], without_conversations({**fields, **taken}))

    LOG._write = write
    root = logging.getLogger()
    for handler in [h for h in root.handlers if isinstance(h, _Foreign)]:
        root.removeHandler(handler)
    root.addHandler(_Foreign())
    root.setLevel(max(level, logging.WARNING))


def _json_lines(stream: _Quiet) -> Write:
    """One object a line. Written here, and not by structlog: importing that was a tenth of the daemon's start."""
    writing = threading.Lock()

    def write(level: int, event: str, fields: dict[str, object]) -> None:
        entry = {"event": event, **fields, "level": logging.getLevelName(level).lower(), "timestamp": _now()}
        line = json.dumps(entry) + "\n"
        with writing:
            stream.write(line)
            stream.flush()

    return write


def _for_a_person(stream: TextIO) -> Write:
    """In columns and, at a terminal, in colours."""
    # Here, not above: it brings rich, pygments and attrs, which a daemon that nobody watches does without.
    import structlog

    colours = stream.isatty() and "NO_COLOR" not in os.environ
    logger = structlog.wrap_logger(
        structlog.WriteLogger(cast("TextIO", _Quiet(stream))),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer(colors=colours, pad_event_to=28),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
    )

    def write(level: int, event: str, fields: dict[str, object]) -> None:
        logger.log(level, event, **fields)

    return write


def _now() -> str:
    return f"{datetime.now(UTC).replace(tzinfo=None).isoformat()}Z"


class _Foreign(logging.Handler):
    """Entries of the libraries, through the same guard.

    Of their message the unformatted first line is kept: asyncio and gRPC put the `repr` of
    whatever failed into the rest.
    """

    def emit(self, record: logging.LogRecord) -> None:
        fields: dict[str, object] = {"logger": record.name}
        if record.exc_info and record.exc_info[1] is not None:
            fields["error"] = record.exc_info[1]
        LOG._write(record.levelno, str(record.msg).partition("\n")[0], fields)


class _Quiet:
    """A stream that takes no offence: a log that cannot be written must stop no worker."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        with suppress(OSError, ValueError):
            self._stream.write(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._stream.flush()
