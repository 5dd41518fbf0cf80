"""Logs, traces and metrics tell how the work goes and never what was said."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from agent_memory import telemetry
from agent_memory.config import Config
from agent_memory.errors import DiskFull, InvalidConfig, InvalidEvent, UnknownEvent
from agent_memory.telemetry import LOG

SECRET = "the launch code is 4711"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def as_it_was(own_log: None) -> Iterator[None]:
    yield
    telemetry.use_providers(None, None)
    telemetry.watch_lags(None)


def logged(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.fixture
def entries() -> io.StringIO:
    stream = io.StringIO()
    telemetry.configure_logging(Config(log_format="json", log_level="debug"), stream=stream)
    return stream


def test_an_entry_is_one_json_line_with_time_level_and_fields(entries: io.StringIO) -> None:
    LOG.info("view opened", view="toc", position=7)
    (entry,) = logged(entries)

    assert ("view opened", "info", "toc", 7) == tuple(entry[k] for k in ("event", "level", "view", "position"))
    assert entry["timestamp"].endswith("Z")


@pytest.mark.parametrize(
    "key", ["text", "excerpt", "query", "title", "session_title", "bullet", "error", "content", "anything_else"]
)
@pytest.mark.parametrize("value", [SECRET, SECRET.encode(), [SECRET], {"a": SECRET}, (SECRET,)])
def test_text_under_a_key_that_names_no_machinery_is_withheld(entries: io.StringIO, key: str, value: object) -> None:
    LOG.warning("something", **{key: value})

    assert SECRET not in entries.getvalue()
    assert logged(entries)[0][key].startswith("<withheld")


@pytest.mark.parametrize(
    "error",
    [
        InvalidEvent("text", SECRET, "is too long"),
        UnknownEvent(SECRET),
        ValueError(SECRET),
        KeyError(SECRET),
        UnicodeDecodeError("utf-8", SECRET.encode(), 0, 1, SECRET),
    ],
)
def test_an_error_is_told_by_kind_and_place_without_what_it_quotes(entries: io.StringIO, error: Exception) -> None:
    try:
        raise error
    except Exception as caught:
        LOG.error("projection failed", error=caught)
    (entry,) = logged(entries)

    assert "4711" not in entries.getvalue()
    assert entry["error_kind"] in {"INVALID_EVENT", "UNKNOWN_EVENT", type(error).__name__}
    assert "test_telemetry.py" in entry["error_where"]


def test_the_message_of_an_error_without_text_is_told(entries: io.StringIO) -> None:
    LOG.error("append refused", error=DiskFull("/store", 5, 10))

    assert "5 bytes are free on the disk of /store, 10 are kept in reserve" == logged(entries)[0]["error_message"]


def test_entries_of_libraries_pass_the_same_guard(entries: io.StringIO) -> None:
    try:
        raise ValueError(SECRET)
    except ValueError:
        logging.getLogger("asyncio").exception(f"Task exception was never retrieved\nfuture: {SECRET}")
    logging.getLogger("grpc").error("call failed: %s", SECRET)
    first, second = logged(entries)

    assert SECRET not in entries.getvalue()
    assert ("Task exception was never retrieved", "asyncio") == (first["event"], first["logger"])
    assert ("call failed: %s", "error") == (second["event"], second["level"])


def test_entries_below_the_level_are_left_out() -> None:
    stream = io.StringIO()
    telemetry.configure_logging(Config(log_format="json", log_level="warning"), stream=stream)
    LOG.info("unseen")
    LOG.warning("seen")

    assert ["seen"] == [e["event"] for e in logged(stream)]


def test_auto_is_json_in_a_pipe_and_for_a_person_at_a_terminal() -> None:
    pipe, terminal = io.StringIO(), Terminal()
    for stream in (pipe, terminal):
        telemetry.configure_logging(Config(), stream=stream)
        LOG.info("serving", address="127.0.0.1:1")

    assert "serving" == logged(pipe)[0]["event"]
    assert not terminal.getvalue().startswith("{")
    assert "\x1b[" in terminal.getvalue()


def test_no_color_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    terminal = Terminal()
    telemetry.configure_logging(Config(), stream=terminal)
    LOG.info("serving", address="127.0.0.1:1")

    assert "\x1b[" not in terminal.getvalue()


def test_a_log_that_cannot_be_written_stops_nobody() -> None:
    stream = io.StringIO()
    telemetry.configure_logging(Config(log_format="json"), stream=stream)
    stream.close()
    LOG.info("lost")


def test_fields_with_the_names_of_an_entry_s_own_parts_are_kept_beside(entries: io.StringIO) -> None:
    LOG.info("moved", level=3, timestamp=4)
    (entry,) = logged(entries)

    assert ("info", 3, 4) == (entry["level"], entry["level_"], entry["timestamp_"])


def test_before_it_is_configured_the_log_goes_to_the_standard_library(caplog: pytest.LogCaptureFixture) -> None:
    LOG.warning("view failed", view="toc", text=SECRET)

    assert ["view failed view='toc' text='<withheld: 23>'"] == [r.getMessage() for r in caplog.records]


# -- traces and metrics -------------------------------------------------------------------------


class Collected:
    def __init__(self) -> None:
        self._spans = InMemorySpanExporter()
        traces = TracerProvider(shutdown_on_exit=False)
        traces.add_span_processor(SimpleSpanProcessor(self._spans))
        self._metrics = InMemoryMetricReader()
        telemetry.use_providers(traces, MeterProvider([self._metrics], shutdown_on_exit=False))

    @property
    def spans(self) -> tuple[Any, ...]:
        return self._spans.get_finished_spans()

    def points(self) -> dict[str, list[tuple[dict[str, Any], float]]]:
        """By instrument: attributes and value; of a histogram, its sum."""
        data = self._metrics.get_metrics_data()
        return {
            metric.name: [
                (dict(p.attributes or {}), p.sum if hasattr(p, "sum") else p.value) for p in metric.data.data_points
            ]
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }


@pytest.fixture
def collected() -> Collected:
    return Collected()


def test_a_span_has_its_name_and_attributes_and_no_text(collected: Collected) -> None:
    with telemetry.span("search", limit=3, view="toc", query=SECRET):
        pass
    (span,) = collected.spans

    assert "search" == span.name
    assert {
        "agent_memory.limit": 3,
        "agent_memory.view": "toc",
        "agent_memory.query": "<withheld: 23>",
    } == dict(span.attributes)


def test_spans_nest(collected: Collected) -> None:
    with telemetry.span("outer"), telemetry.span("inner"):
        pass
    inner, outer = collected.spans

    assert outer.context.span_id == inner.parent.span_id


def test_a_span_that_failed_tells_the_kind_of_error_and_not_its_message(collected: Collected) -> None:
    with pytest.raises(ValueError, match="4711"), telemetry.span("append"):
        raise ValueError(SECRET)
    (span,) = collected.spans

    assert "ValueError" == span.attributes["error.type"]
    assert not span.status.is_ok
    assert SECRET not in span.to_json()


def test_the_tracer_records_too(collected: Collected) -> None:
    with telemetry.tracer().start_as_current_span("by hand"):
        pass

    assert ["by hand"] == [s.name for s in collected.spans]


def test_appends_projections_and_searches_are_measured(collected: Collected) -> None:
    telemetry.record_append(3, 0.5)
    telemetry.record_append(4, 0.25)
    telemetry.record_projection("toc", 7, 0.125)
    telemetry.record_search("hybrid", 0.5)
    telemetry.watch_lags(lambda: {"toc": 2, "vectors": 9})

    assert {
        "agent_memory.append.events": [({}, 7)],
        "agent_memory.append.batch_size": [({}, 7)],
        "agent_memory.append.duration": [({}, 0.75)],
        "agent_memory.projection.events": [({"view": "toc"}, 7)],
        "agent_memory.projection.duration": [({"view": "toc"}, 0.125)],
        "agent_memory.projection.lag": [({"view": "toc"}, 2), ({"view": "vectors"}, 9)],
        "agent_memory.search.count": [({"tier": "hybrid"}, 1)],
        "agent_memory.search.duration": [({"tier": "hybrid"}, 0.5)],
    } == collected.points()


def test_the_lag_is_asked_for_at_each_collection(collected: Collected) -> None:
    lags = {"toc": 1}
    telemetry.watch_lags(lambda: lags)
    collected.points()
    lags["toc"] = 5

    assert [({"view": "toc"}, 5)] == collected.points()["agent_memory.projection.lag"]


def in_a_new_process(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert 0 == done.returncode, done.stderr
    return done.stdout.strip()


def test_importing_and_using_it_unconfigured_loads_neither_structlog_nor_opentelemetry() -> None:
    code = """
import sys
from agent_memory import telemetry
with telemetry.span("x", events=1):
    telemetry.record_append(1, .1), telemetry.record_projection("toc", 1, .1), telemetry.record_search("x", .1)
telemetry.LOG.info("x")
print([m for m in sys.modules if m.split(".")[0] in ("structlog", "opentelemetry")])
"""

    assert "[]" == in_a_new_process(code)


def test_a_log_of_json_lines_needs_no_structlog() -> None:
    code = """
import sys
from agent_memory import telemetry
from agent_memory.config import Config
telemetry.configure_logging(Config())
telemetry.LOG.info("x")
print([m for m in sys.modules if m.split(".")[0] in ("structlog", "rich")])
"""

    assert "[]" == in_a_new_process(code)


def test_an_application_with_an_sdk_of_its_own_gets_our_spans() -> None:
    code = """
from agent_memory import telemetry
with telemetry.span("before"): pass
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
with telemetry.span("between"): pass
spans = InMemorySpanExporter()
provider = TracerProvider(); provider.add_span_processor(SimpleSpanProcessor(spans))
trace.set_tracer_provider(provider)
with telemetry.span("after"): pass
print([s.name for s in spans.get_finished_spans()])
"""

    assert "['after']" == in_a_new_process(code)


def test_without_an_endpoint_nothing_is_set_up() -> None:
    code = """
import sys
from agent_memory import telemetry
from agent_memory.config import Config
telemetry.configure_telemetry(Config())()
print("opentelemetry" in sys.modules)
"""

    assert "False" == in_a_new_process(code)


def test_an_endpoint_without_the_exporter_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.grpc.metric_exporter", None)
    with pytest.raises(InvalidConfig) as caught:
        telemetry.configure_telemetry(Config(otlp_endpoint="http://127.0.0.1:4317"))

    assert "otlp_endpoint" == caught.value.field
    assert "agent-memory[otlp]" in caught.value.hint


def test_what_is_collected_arrives_at_the_endpoint_when_it_is_stopped() -> None:
    collector = pytest.importorskip("opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc")
    from concurrent.futures import ThreadPoolExecutor

    import grpc
    from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2, metrics_service_pb2_grpc
    from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

    names: set[str] = set()

    class Traces(collector.TraceServiceServicer):
        def Export(self, request: Any, context: Any) -> Any:  # noqa: N802 - named by the protocol
            names.update(s.name for r in request.resource_spans for c in r.scope_spans for s in c.spans)
            return trace_service_pb2.ExportTraceServiceResponse()

    class Metrics(metrics_service_pb2_grpc.MetricsServiceServicer):
        def Export(self, request: Any, context: Any) -> Any:  # noqa: N802 - named by the protocol
            names.update(m.name for r in request.resource_metrics for c in r.scope_metrics for m in c.metrics)
            return metrics_service_pb2.ExportMetricsServiceResponse()

    server = grpc.server(ThreadPoolExecutor(2))
    collector.add_TraceServiceServicer_to_server(Traces(), server)
    metrics_service_pb2_grpc.add_MetricsServiceServicer_to_server(Metrics(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        stop = telemetry.configure_telemetry(Config(otlp_endpoint=f"http://127.0.0.1:{port}"))
        with telemetry.span("append", events=1):
            telemetry.record_append(1, 0.1)
        stop()
    finally:
        server.stop(None).wait()

    assert {"append", "agent_memory.append.events"} <= names
