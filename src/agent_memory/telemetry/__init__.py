"""What an operator sees: logs, traces and metrics, none of which holds a word of a conversation.

Importing this room is cheap: structlog and OpenTelemetry are loaded when they are configured.
"""

from agent_memory.telemetry.logs import LOG, configure_logging
from agent_memory.telemetry.signals import (
    configure_telemetry,
    record_append,
    record_projection,
    record_search,
    span,
    tracer,
    use_providers,
    watch_lags,
)

__all__ = [
    "LOG",
    "configure_logging",
    "configure_telemetry",
    "record_append",
    "record_projection",
    "record_search",
    "span",
    "tracer",
    "use_providers",
    "watch_lags",
]
