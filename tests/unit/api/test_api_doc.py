"""docs/api.md tells of every method and every error; that its examples run is test_readme's part."""

from __future__ import annotations

from pathlib import Path

from agent_memory import errors
from agent_memory._pb.agent_memory.v1 import (
    admin_service_pb2,
    contents_service_pb2,
    event_service_pb2,
    grip_service_pb2,
    search_service_pb2,
    session_service_pb2,
)
from agent_memory.api.status import code_of

DOC = (Path(__file__).parents[3] / "docs" / "api.md").read_text("utf-8")

# Raised before there is a daemon to answer, or by the client alone.
NOT_FROM_A_DAEMON = {
    "INVALID_CONFIG",
    "INVALID_MODEL",
    "DIMENSION_MISMATCH",
    "STORE_LOCKED",
    "ADDRESS_IN_USE",
    "DAEMON_UNAVAILABLE",
    "DEADLINE_EXCEEDED",
}


def test_every_method_has_an_example() -> None:
    files = (
        admin_service_pb2,
        contents_service_pb2,
        event_service_pb2,
        grip_service_pb2,
        search_service_pb2,
        session_service_pb2,
    )
    calls = {
        f"{service.full_name}/{method.name}"
        for file in files
        for service in file.DESCRIPTOR.services_by_name.values()
        for method in service.methods
    }

    assert set() == {call for call in calls if call not in DOC}


def test_every_error_stands_in_the_row_of_its_code() -> None:
    rows = {row.split("`")[1]: row for row in DOC.splitlines() if row.startswith("| `")}
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    leaves = [k for k in kinds if issubclass(k, errors.AgentMemoryError) and not k.__subclasses__()]
    wrong = []
    for kind in leaves:
        reason = kind.__new__(kind).reason
        if reason not in NOT_FROM_A_DAEMON and f"`{reason}`" not in rows[code_of(kind).name]:
            wrong.append(reason)

    assert [] == wrong
