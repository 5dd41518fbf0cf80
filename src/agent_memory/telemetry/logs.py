"""The daemon's log: structured entries on stderr, as JSON lines or for a person at a terminal."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, MutableMapping
from contextlib import suppress
from typing import Any, TextIO, cast

from agent_memory.config import Config
from agent_memory.telemetry.privacy import without_conversations

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_FOREIGN_CHARS_MAX = 160


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
        self._write: Callable[[int, str, dict[str, object]], None] = _write_to_standard_library

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
    import structlog

    stream = stream or sys.stderr
    level = _LEVELS[config.log_level]
    renderer: Any
    if config.log_format == "json" or (config.log_format == "auto" and not stream.isatty()):
        renderer = structlog.processors.JSONRenderer()
    else:
        colours = stream.isatty() and "NO_COLOR" not in os.environ
        renderer = structlog.dev.ConsoleRenderer(colors=colours, pad_event_to=28)
    logger = structlog.wrap_logger(
        structlog.WriteLogger(cast("TextIO", _Quiet(stream))),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _guard,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
    )

    def write(level: int, event: str, fields: dict[str, object]) -> None:
        # structlog names its own parts so.
        taken = {f"{key}_": fields.pop(key) for key in ("event", "level", "timestamp") if key in fields}
        logger.log(level, event, **fields, **taken)

    LOG._write = write
    root = logging.getLogger()
    for handler in [h for h in root.handlers if isinstance(h, _Foreign)]:
        root.removeHandler(handler)
    root.addHandler(_Foreign())
    root.setLevel(max(level, logging.WARNING))


def _guard(_logger: object, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The structlog processor that keeps conversations out of every entry."""
    event = str(entry.pop("event", ""))
    return {"event": event[:_FOREIGN_CHARS_MAX], **without_conversations(entry)}


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
