"""Traces and metrics of the three things that matter: append, projection, search.

Spans:       whatever the rooms name, attributes prefixed with `agent_memory.`
Instruments: agent_memory.append.events       counter    events
             agent_memory.append.batch_size   histogram  events
             agent_memory.append.duration     histogram  s
             agent_memory.projection.events   counter    events, by view
             agent_memory.projection.duration histogram  s, by view
             agent_memory.projection.lag      gauge      entries, by view, read when collected
             agent_memory.search.count        counter    searches, by tier
             agent_memory.search.duration     histogram  s, by tier

Nothing is loaded or sent by default: `otlp_endpoint` turns it on, and so does an application
that embeds the library and has an OpenTelemetry SDK of its own.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any

from agent_memory.config import Config
from agent_memory.errors import InvalidConfig
from agent_memory.telemetry.privacy import without_conversations

if TYPE_CHECKING:
    from opentelemetry.metrics import CallbackOptions, MeterProvider, Observation
    from opentelemetry.trace import Tracer, TracerProvider

_NAME = "agent_memory"
_no_lags: Callable[[], Mapping[str, int]] = dict
_lags = _no_lags


class _Instruments:
    def __init__(self, tracer_provider: TracerProvider, meter_provider: MeterProvider) -> None:
        self.tracer = tracer_provider.get_tracer(_NAME)
        meter = meter_provider.get_meter(_NAME)
        self.append_events = meter.create_counter(f"{_NAME}.append.events", "{event}", "Events appended")
        self.append_batch = meter.create_histogram(f"{_NAME}.append.batch_size", "{event}", "Events of one append")
        self.append_s = meter.create_histogram(f"{_NAME}.append.duration", "s", "Append, until it is durable")
        self.projection_events = meter.create_counter(f"{_NAME}.projection.events", "{event}", "Events projected")
        self.projection_s = meter.create_histogram(f"{_NAME}.projection.duration", "s", "Projection of one batch")
        self.search_count = meter.create_counter(f"{_NAME}.search.count", "{search}", "Searches answered")
        self.search_s = meter.create_histogram(f"{_NAME}.search.duration", "s", "Search, start to answer")
        meter.create_observable_gauge(f"{_NAME}.projection.lag", [_observe_lags], "{entry}", "Entries not yet in view")


_instruments: _Instruments | None = None


def _observe_lags(_options: CallbackOptions) -> Iterable[Observation]:
    from opentelemetry.metrics import Observation

    return [Observation(lag, {"view": view}) for view, lag in _lags().items()]


def watch_lags(lags: Callable[[], Mapping[str, int]] | None) -> None:
    """Name the function that tells each view's lag; asked whenever metrics are collected.

    Asked, not told: a view that has stopped would never report that it has. None ends it.
    """
    global _lags
    _lags = lags or _no_lags


def use_providers(tracer_provider: TracerProvider | None, meter_provider: MeterProvider | None) -> None:
    """Send traces and metrics to these providers; None for both: to whatever the process has."""
    global _instruments
    if tracer_provider is None or meter_provider is None:
        _instruments = None
    else:
        _instruments = _Instruments(tracer_provider, meter_provider)


def _live() -> _Instruments | None:
    """The instruments, or None while nobody listens."""
    global _instruments
    if _instruments is None and "opentelemetry.sdk" in sys.modules:
        # The application has an SDK. The API's own providers follow the one that it sets.
        from opentelemetry import metrics, trace

        _instruments = _Instruments(trace.get_tracer_provider(), metrics.get_meter_provider())
    return _instruments


def tracer() -> Tracer:
    """The tracer of this package; without an SDK its spans record nothing."""
    live = _live()
    if live is not None:
        return live.tracer
    from opentelemetry import trace

    return trace.get_tracer(_NAME)


class _NoSpan(AbstractContextManager[None]):
    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        return None


class _Span(AbstractContextManager[None]):
    """A span that tells the kind of an error and never its message, which may quote a text."""

    def __init__(self, live: _Instruments, name: str, attributes: dict[str, Any]) -> None:
        safe = {f"{_NAME}.{key}": value for key, value in without_conversations(attributes).items()}
        self._manager = live.tracer.start_as_current_span(
            name,
            attributes=safe,  # type: ignore[arg-type]  # numbers and text
            record_exception=False,
            set_status_on_exception=False,
        )

    def __enter__(self) -> None:
        self._span = self._manager.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None and issubclass(kind, Exception):
            from opentelemetry.trace import StatusCode

            self._span.set_attribute("error.type", kind.__name__)
            self._span.set_status(StatusCode.ERROR, kind.__name__)
        self._manager.__exit__(kind, error, trace)


_NO_SPAN = _NoSpan()


def span(name: str, **attributes: object) -> AbstractContextManager[None]:
    """A span around the block: `with span("append", events=3): ...`."""
    live = _instruments or _live()
    return _NO_SPAN if live is None else _Span(live, name, attributes)


def record_append(events: int, seconds: float) -> None:
    """Count one append that has become durable."""
    live = _instruments or _live()
    if live is not None:
        live.append_events.add(events)
        live.append_batch.record(events)
        live.append_s.record(seconds)


def record_projection(view: str, events: int, seconds: float) -> None:
    """Count one batch that a view has taken in."""
    live = _instruments or _live()
    if live is not None:
        by_view = {"view": view}
        live.projection_events.add(events, by_view)
        live.projection_s.record(seconds, by_view)


def record_search(tier: str, seconds: float) -> None:
    """Count one search that was answered."""
    live = _instruments or _live()
    if live is not None:
        by_tier = {"tier": tier}
        live.search_count.add(1, by_tier)
        live.search_s.record(seconds, by_tier)


def configure_telemetry(config: Config) -> Callable[[], None]:
    """Start sending to `otlp_endpoint`, if one is set; call what is returned on stop, to flush.

    Errors: `InvalidConfig` where the exporter (extra `otlp`) is not installed.
    """
    if not config.otlp_endpoint:
        return lambda: None
    try:
        from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
    except ImportError:
        hint = "Install it: pip install 'agent-memory[otlp]'; or leave otlp_endpoint out."
        problem = "the OTLP exporter is not installed"
        raise InvalidConfig("otlp_endpoint", config.otlp_endpoint, problem, hint=hint) from None
    from opentelemetry.sdk.metrics import MeterProvider as SdkMeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider as SdkTracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    resource = Resource.create({"service.name": "agent-memory"})
    # The endpoint's scheme decides about TLS: http is plain.
    traces = SdkTracerProvider(resource=resource, shutdown_on_exit=False)
    traces.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=config.otlp_endpoint)))
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(endpoint=config.otlp_endpoint))
    meters = SdkMeterProvider([reader], resource=resource, shutdown_on_exit=False)
    use_providers(traces, meters)

    def stop() -> None:
        use_providers(None, None)
        timeout_ms = max(1, int(config.drain_s * 1000))
        traces.shutdown()
        meters.shutdown(timeout_millis=timeout_ms)

    return stop
