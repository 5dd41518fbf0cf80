"""Row of the start: from the command to a daemon that serves."""

from __future__ import annotations

import compileall
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

import agent_memory
from agent_memory.testing.daemon import DaemonProcess
from tools.bench.rows import Row
from tools.bench.workshop import Workshop

START_S_MAX = 1.0
_ROUNDS = 5
_SERVING_WAIT_S = 60.0


def rows(shop: Workshop) -> Iterator[Row]:
    store = shop.store if shop.model is None else shop.store_with_vectors
    model = shop.no_model if shop.model is None else shop.model
    ours, floor = [], []
    # As whoever installs it has: pip compiles what it installs, a checkout may have been told not to.
    compileall.compile_dir(Path(agent_memory.__file__).parent, quiet=1)
    for _ in range(_ROUNDS):
        floor.append(_import_s())
        ours.append(_start_s(store, model))
    yield Row(
        name="cold start to serving",
        what=f"`agent-memory serve` on {shop.events:,} events until health says SERVING; median of {_ROUNDS}, "
        f"and under {START_S_MAX:g} s",
        value=median(ours),
        unit="s",
        floor=median(floor),
        floor_what='`python -c "import grpc, onnxruntime"`',
        bound="at most",
        limit=5.0,
        extra_ok=median(ours) < START_S_MAX,
        also={"slowest, s": max(ours)},
    )


def _import_s() -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import grpc, onnxruntime"], check=True)
    return time.perf_counter() - started


def _start_s(store: Path, model: Path) -> float:
    started = time.perf_counter()
    with DaemonProcess(store, model=model) as daemon, grpc.insecure_channel(daemon.address) as channel:
        stub = health_pb2_grpc.HealthStub(channel)  # type: ignore[no-untyped-call]  # generated
        while True:
            answer = stub.Check(health_pb2.HealthCheckRequest(service=""), wait_for_ready=True, timeout=_SERVING_WAIT_S)
            if answer.status == health_pb2.HealthCheckResponse.SERVING:
                return time.perf_counter() - started
            if time.perf_counter() - started > _SERVING_WAIT_S:
                raise RuntimeError("the daemon does not serve")
            time.sleep(0.005)
