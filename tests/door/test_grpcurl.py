"""grpcurl itself, through reflection: list, describe, append, search. Nothing of ours on its side."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import Any

import pytest

from agent_memory.testing.daemon import DaemonProcess

pytestmark = pytest.mark.skipif(
    shutil.which("grpcurl") is None, reason="grpcurl is not installed; .ci/run builds it with Go"
)


def grpcurl(daemon: DaemonProcess, *words: str, data: Any = None) -> subprocess.CompletedProcess[str]:
    given = ["-d", "@"] if data is not None else []
    # -d and its like come before the address, the method after it.
    return subprocess.run(
        ["grpcurl", "-plaintext", *given, daemon.address, *words],
        input=json.dumps(data) if data is not None else None,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )


def answer(daemon: DaemonProcess, method: str, data: Any) -> Any:
    done = grpcurl(daemon, f"agent_memory.v1.{method}", data=data)
    assert 0 == done.returncode, done.stderr
    return snake_case(json.loads(done.stdout))


def snake_case(value: Any) -> Any:
    """Releases of grpcurl differ in how they spell the names of fields."""
    if isinstance(value, dict):
        return {re.sub("[A-Z]", lambda m: "_" + m[0].lower(), k): snake_case(v) for k, v in value.items()}
    return [snake_case(part) for part in value] if isinstance(value, list) else value


def test_grpcurl_lists_the_services_and_their_methods(daemon: DaemonProcess) -> None:
    services = grpcurl(daemon, "list").stdout.split()
    methods = grpcurl(daemon, "list", "agent_memory.v1.EventService").stdout.split()

    assert {
        f"agent_memory.v1.{name}Service" for name in ("Event", "Session", "Contents", "Grip", "Search", "Admin")
    } <= {*services}
    assert [
        f"agent_memory.v1.EventService.{name}"
        for name in (
            "AppendEvent",
            "BatchAppendEvents",
            "BatchGetEvents",
            "GetEvent",
            "GetTimeline",
            "ListEvents",
            "StreamAppendEvents",
        )
    ] == methods


def test_grpcurl_describes_a_message(daemon: DaemonProcess) -> None:
    described = grpcurl(daemon, "describe", "agent_memory.v1.SearchRequest").stdout

    assert "string query = 1;" in described
    assert ".agent_memory.v1.Filter filter = 2;" in described


def test_what_grpcurl_appends_it_finds_by_search_and_in_the_contents(daemon: DaemonProcess) -> None:
    event = {
        "kind": "EVENT_KIND_USER_MESSAGE",
        "session": "from-grpcurl",
        "time": "2025-03-04T10:00:00.123Z",
        "text": "Vi fant feilen: the kangaroo cache was never invalidated. 🦘",
    }
    receipt = answer(daemon, "EventService/AppendEvent", {"event": event})["receipt"]
    found = answer(
        daemon,
        "SearchService/Search",
        {"query": "kangaroo cache", "filter": {"from": "2025-03-04"}, "minPosition": receipt["position"]},
    )
    root = answer(daemon, "ContentsService/GetRoot", {"minPosition": receipt["position"]})
    grip = answer(daemon, "GripService/ExpandGrip", {"id": found["hits"][0]["grip_id"], "before": 0})

    assert receipt["created"]
    assert event["text"] == found["hits"][0]["event"]["text"]
    assert event["time"] == found["hits"][0]["event"]["time"]
    assert "year/2025" in [year["id"] for year in root["years"]]
    assert grip["grip"]["excerpt"] in event["text"]


def test_grpcurl_asks_for_a_context_a_timeline_and_full_texts(daemon: DaemonProcess) -> None:
    events = [
        {
            "kind": "EVENT_KIND_USER_MESSAGE",
            "session": "by-grpcurl",
            "time": f"2025-03-05T10:0{n}:00Z",
            "text": f"The wombat gate number {n} is painted green.",
        }
        for n in range(3)
    ]
    receipts = answer(daemon, "EventService/BatchAppendEvents", {"events": events})["receipts"]
    ids = [receipt["event_id"] for receipt in receipts]
    asked = {
        "query": "which wombat gate is green",
        "filter": {"sessions": ["by-grpcurl"]},
        "minPosition": receipts[-1]["position"],
        "options": {"now": "2025-03-06T09:00:00+01:00", "without": ["entity"], "repeats": True},
    }
    block = answer(daemon, "SearchService/BuildContext", {**asked, "tokenBudget": 400})
    timeline = answer(daemon, "EventService/GetTimeline", {"id": ids[1], "after": 0})
    whole = answer(daemon, "EventService/BatchGetEvents", {"ids": ids[::-1]})

    assert 0 < block["token_count"] <= 400
    assert "wombat gate" in block["text"]
    assert {citation["event_id"] for citation in block["citations"]} <= {*ids}
    assert ids[:2] == [event["id"] for event in timeline["events"]]
    assert timeline["more_after"]
    assert ids[::-1] == [event["id"] for event in whole["events"]]


def test_grpcurl_shows_what_is_wrong_with_a_call(daemon: DaemonProcess) -> None:
    done = grpcurl(daemon, "agent_memory.v1.EventService/ListEvents", data={"pageSize": 5000})

    assert done.returncode
    assert "InvalidArgument" in done.stderr
    assert "page_size: must be 1 to 1,000" in done.stderr
    assert '"reason": "INVALID_QUERY"' in done.stderr.replace('":"', '": "')


def test_grpcurl_streams_appends(daemon: DaemonProcess) -> None:
    texts = ["one", "", "three"]
    requests = "".join(
        json.dumps({"event": {"kind": "EVENT_KIND_OTHER", "session": "stream", "text": text}}) for text in texts
    )
    done = subprocess.run(
        ["grpcurl", "-plaintext", "-d", "@", daemon.address, "agent_memory.v1.EventService/StreamAppendEvents"],
        input=requests,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )
    decoder, rest, results = json.JSONDecoder(), done.stdout.strip(), []
    while rest:
        response, end = decoder.raw_decode(rest)
        results += response["results"]
        rest = rest[end:].strip()

    assert ["1", "2", "3"] == [result["sequence"] for result in results]
    assert ["receipt", "error", "receipt"] == ["error" if "error" in result else "receipt" for result in results]
