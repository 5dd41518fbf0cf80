"""The arrows between the rooms: who may lean on whom."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import agent_memory

HOUSE = Path(agent_memory.__file__).parent

# Each room and what it may import, besides itself. docs/architecture.md tells what each is for.
VOCABULARY = {"errors", "events", "clock"}
PORTS = VOCABULARY | {"storage", "toc", "annotation", "temporal", "inference", "log", "indexes", "summaries"}
LEANS_ON: dict[str, set[str]] = {
    "_pb": set(),
    "errors": set(),
    "events": {"errors", "clock", "_pb"},
    "clock": {"events"},
    "config": {"errors"},
    "courtesy": set(),
    "telemetry": {"config", "errors"},
    "offloading": {"", "clock", "courtesy", "telemetry"},
    "samples": set(),
    "capture": {"errors", "events"},
    "installation": {"errors", "capture", "config", "events"},
    "storage": {"errors"},
    "toc": {"errors", "events"},
    "annotation": {"errors", "events"},
    "temporal": {"errors", "toc"},
    "inference": {"courtesy", "errors", "events", "offloading", "toc", "telemetry"},
    "summaries": VOCABULARY
    | {"_pb", "annotation", "capture", "config", "courtesy", "inference", "storage", "telemetry", "toc"},
    "log": VOCABULARY | {"storage", "summaries"},
    "indexes": VOCABULARY | {"courtesy", "storage", "summaries", "toc", "annotation", "inference"},
    "projectors": PORTS | {"courtesy", "offloading", "telemetry"},
    "retrieval": VOCABULARY
    | {"courtesy", "log", "indexes", "inference", "annotation", "temporal", "toc", "telemetry", "paging"},
    "memory": {"events", "annotation", "indexes", "retrieval", "summaries", "temporal", "toc"},
    "bridge": set(),
    "paging": {"errors"},
    "reminders": {"annotation", "capture", "errors", "events", "indexes", "inference", "memory", "retrieval"}
    | {"telemetry", "toc"},
    "reading": VOCABULARY | {"annotation", "log", "indexes", "memory", "paging", "retrieval", "toc"},
    "local": VOCABULARY
    | {"annotation", "bridge", "courtesy", "inference", "log", "indexes", "memory", "paging", "projectors"}
    | {"reading", "retrieval", "summaries", "telemetry", "toc"},
    "sync": {"errors", "events", "annotation", "indexes", "memory", "retrieval", "summaries", "toc"},
    "replay": VOCABULARY | {"bridge", "indexes", "log", "memory", "offloading", "projectors", "toc"},
    "api": VOCABULARY
    | {"_pb", "annotation", "bridge", "indexes", "memory", "retrieval", "summaries", "telemetry", "temporal", "toc"}
    | {"paging"},
    "mcp": VOCABULARY | {"", "annotation", "capture", "memory", "paging", "retrieval", "telemetry", "temporal", "toc"},
    "cli": VOCABULARY
    | {"annotation", "capture", "config", "daemon", "inference", "memory", "retrieval", "telemetry", "temporal", "toc"}
    | {"bridge", "indexes", "installation", "", "mcp", "samples", "summaries"},
}
# The composition root and the shipped test kit see everything.
EVERYTHING = {"", "daemon", "testing"}


def imports(file: Path) -> list[tuple[int, str]]:
    """Every module of this package that the file imports, with its line; inside functions too."""
    found = []
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names = [f"{node.module}.{alias.name}" for alias in node.names] if node.module == "agent_memory" else []
            found += [(node.lineno, name) for name in names or [node.module]]
    return [(line, name) for line, name in found if name.split(".")[0] == "agent_memory"]


def room_of(module: str) -> str:
    parts = module.split(".")
    rooms = {p.stem if p.is_file() else p.name for p in HOUSE.iterdir()}
    return parts[1] if len(parts) > 1 and parts[1] in rooms else ""


def test_every_arrow_points_toward_the_vocabulary() -> None:
    """A room can be read knowing only the rooms it leans on."""
    wrong = []
    for file in sorted(HOUSE.rglob("*.py")):
        module = ".".join(["agent_memory", *file.relative_to(HOUSE).with_suffix("").parts]).removesuffix(".__init__")
        room = room_of(module)
        if room in EVERYTHING or room == "_pb":
            continue
        wrong += [
            f"{file.relative_to(HOUSE)}:{line} imports {name}"
            for line, name in imports(file)
            if room_of(name) not in LEANS_ON[room] | {room}
        ]

    assert [] == wrong


@pytest.mark.parametrize(
    ("library", "room"),
    [
        ("rocksdict", "storage"),
        ("tantivy", "indexes"),
        ("hnswlib", "indexes"),
        ("onnxruntime", "inference"),
        ("onnx", "inference"),
        ("tokenizers", "inference"),
        ("splintr", "inference"),
        ("grpc", "api"),
        ("rich", "cli"),
        ("mcp", "mcp"),
        ("mcp_types", "mcp"),
        ("uvicorn", "mcp"),
        ("httpx2", "summaries"),
    ],
)
def test_each_engine_stays_in_the_room_that_wraps_it(library: str, room: str) -> None:
    """Everything else asks the room's port."""
    assert {room} == users_of(library)


def users_of(library: str) -> set[str]:
    using = set()
    for file in HOUSE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            if any(name.split(".")[0] == library for name in names):
                using.add(file.relative_to(HOUSE).parts[0])
    return using - {"testing", "_pb"}


def test_retrieval_writes_nothing() -> None:
    """Reads leave the store as it is: no batch is made and nothing is appended or projected."""
    writers = {"write", "batch", "append", "submit", "project", "put"}
    calls = []
    for file in [*(HOUSE / "retrieval").glob("*.py"), HOUSE / "reading.py"]:
        for node in ast.walk(ast.parse(file.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in writers - {"append", "submit"}
            ):
                calls.append(f"{file.name}:{node.lineno} calls {node.func.attr}")

    assert [] == calls
