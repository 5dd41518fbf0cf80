"""`agent-memory import` against a running daemon: a home folder in which every agent has left something."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agent_memory.api.client import GrpcMemory
from agent_memory.capture.model import Agent
from agent_memory.events import Kind, Recorded
from agent_memory.memory import Filter
from agent_memory.testing.agent_homes import FOLDER, SECRET, SUBAGENT_SAID, iso, make_home, said_by
from agent_memory.testing.daemon import DaemonProcess
from agent_memory.testing.waiting import eventually

pytestmark = pytest.mark.usefixtures("without_model")

ON_DISK = [agent for agent in Agent if agent not in (Agent.CHATGPT, Agent.CLAUDE_AI)]
CLAUDE = ".claude/projects/-work-sloop/5f0c1e7a-0000-4c0e-9d1f-2a6b7c8d9e01.jsonl"


class Line:
    """`agent-memory import` of one user, at one daemon."""

    def __init__(self, home: Path, daemon: DaemonProcess) -> None:
        self.home = home
        self.where = ("--address", daemon.address)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "AGENT_MEMORY_"))}
        self.environ = {**kept, "HOME": str(home), "COLUMNS": "120"}

    def __call__(self, *args: str, code: int = 0) -> Any:
        done = subprocess.run(
            self.command(*args, "--json"), capture_output=True, env=self.environ, timeout=120, check=False
        )
        assert code == done.returncode, (done.stdout, done.stderr)
        return json.loads(done.stdout)["data"]

    def shown(self, *args: str) -> str:
        done = subprocess.run(self.command(*args), capture_output=True, env=self.environ, timeout=120, check=True)
        return done.stdout.decode() + done.stderr.decode()

    def command(self, *args: str) -> list[str]:
        return [sys.executable, "-m", "agent_memory.cli", "import", *args, *self.where]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    make_home(home)
    return home


@pytest.fixture(scope="module")
def run(home: Path, daemon: DaemonProcess) -> Line:
    return Line(home, daemon)


@pytest.fixture(scope="module")
def first(run: Line, home: Path) -> Any:
    """What the first import told, and a dry run before it; the later tests look at what came of it."""
    before = tree(home)
    dry = run("--dry-run")
    everything = run(*[agent.value for agent in ON_DISK], str(home / "Downloads"))
    return {"dry": dry, "all": everything, "before": before, "after": tree(home)}


def tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Every file and folder below, with its time and content."""
    return {
        str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else b"")
        for path in folder.rglob("*")
    }


async def events_of(memory: GrpcMemory, agent: Agent) -> list[Recorded]:
    page = await memory.events(where=Filter(agents=(agent.value,)), limit=1000)
    return list(page.items)


def test_every_line_is_accounted_for(first: Any) -> None:
    """Each with one outcome, of each agent; and a dry run says beforehand what will come."""
    data, dry = first["all"], first["dry"]
    exports = sum(row["created"] for row in data["agents"] if row["agent"] in ("chatgpt", "claude-ai"))

    assert ([], [], [], []) == (data["malformed"], data["unexplained"], data["refused"], data["failed"])
    assert sorted(agent.value for agent in Agent) == [row["agent"] for row in data["agents"]]
    assert (True, dry["created"] + exports) == (dry["dry_run"], data["created"])
    assert data["lines"] == sum(data["outcomes"].values())
    assert {"github-token": 1} == data["redacted"]


def test_nothing_is_written_where_agents_keep_their_history(first: Any) -> None:
    """No file is made, changed or touched, a store's log and shared memory included."""
    assert first["before"] == first["after"]


@pytest.mark.parametrize("agent", ON_DISK)
async def test_prompt_reply_and_tool_output_of_each_agent_are_found(
    memory: GrpcMemory, first: Any, agent: Agent
) -> None:
    """By search; with call and result linked, and the folder as their project."""
    prompt, called, shown, reply = said_by(agent)
    events = [recorded.event for recorded in await events_of(memory, agent)]
    position = (await memory.status()).position
    (call,) = [event for event in events if event.kind is Kind.TOOL_CALL]
    (result,) = [event for event in events if event.kind is Kind.TOOL_RESULT]

    assert [prompt] == [event.text for event in events if event.kind is Kind.USER_MESSAGE][:1]
    assert call.tool_call_id == result.tool_call_id != ""
    assert called in call.text
    assert {FOLDER if agent is not Agent.CURSOR else ""} == {event.project for event in events}
    for words in (prompt, shown, reply):
        found = await memory.search(words, where=Filter(agents=(agent.value,)), min_position=position)

        assert words in [hit.recorded.event.text[: len(words)] for hit in found.hits]


@pytest.mark.parametrize("agent", [Agent.CHATGPT, Agent.CLAUDE_AI])
async def test_exports_come_in_out_of_the_archive(memory: GrpcMemory, first: Any, agent: Agent) -> None:
    prompt, _, _, reply = said_by(agent)
    texts = [recorded.event.text for recorded in await events_of(memory, agent)]

    assert [prompt, reply] == [text for text in texts if text]


async def test_a_sub_agent_has_a_session_of_its_own_that_names_its_parent(memory: GrpcMemory, first: Any) -> None:
    events = [recorded.event for recorded in await events_of(memory, Agent.CLAUDE_CODE)]
    (said,) = [event for event in events if event.text == SUBAGENT_SAID]
    parent = next(event.session for event in events if event.text == said_by(Agent.CLAUDE_CODE)[0])

    assert f"{parent}/a7c31f0e5" == said.session
    assert parent == said.metadata["parent_session"]


async def test_no_secret_reaches_the_store(memory: GrpcMemory, daemon: DaemonProcess, first: Any) -> None:
    """Neither what is asked of it, nor the bytes on disk."""
    events = await events_of(memory, Agent.CLAUDE_CODE)
    files = [path for path in daemon.store.parent.rglob("*") if path.is_file() and "home" not in path.parts]

    assert any("[redacted: github-token]" in recorded.event.text for recorded in events)
    assert not any(SECRET in recorded.event.text + str(recorded.event.metadata) for recorded in events)
    assert [] == [path for path in files if SECRET.encode() in path.read_bytes()]


def test_importing_again_reads_nothing_and_records_nothing(run: Line, first: Any) -> None:
    """Nor does a user whose marks are gone record anything twice."""
    again = run()
    everything = run("--again")

    assert (again["histories"], 0) == (again["unchanged"], again["created"])
    assert (0, first["dry"]["created"]) == (everything["created"], everything["known"])


def test_a_history_that_grows_is_followed(run: Line, home: Path, first: Any) -> None:
    """A line, half a line, its other half without a line break, a new file; and Ctrl-C ends it well."""
    path = home / CLAUDE
    line = json.loads(path.read_text().splitlines()[1])

    def grown(text: str, step: int) -> str:
        message = {"role": "user", "content": text}
        return json.dumps({**line, "uuid": f"w{step}", "timestamp": iso(step), "message": message})

    process = subprocess.Popen(
        run.command("claude", "--watch", "--json"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=run.environ
    )
    assert process.stdout is not None
    try:
        told = [json.loads(process.stdout.readline())["data"]]
        half = grown("Now the boom.", 12)
        for more in (grown("And the tiller?", 11) + "\n" + half[:40], half[40:]):
            with path.open("a") as file:
                file.write(more)
            told.append(json.loads(process.stdout.readline())["data"])
        process.send_signal(signal.SIGINT)
        rest, notes = process.communicate(timeout=60)
    finally:
        process.kill()

    assert (0, b"", b"") == (process.returncode, rest, notes)
    assert [0, 1, 1] == [data["created"] for data in told]
    assert [[], [], []] == [data["malformed"] for data in told]


def test_since_and_files_and_people(run: Line, home: Path, first: Any) -> None:
    """What a person reads names agents, histories, counts and reasons."""
    told = run.shown("--again", "--files", "--since", "2026-03-02")

    for part in ("events", "known", "permission mode 1", "rollout-2026-03-02", "opencode.db"):
        assert part in told.replace("\n", "")
    assert {"before --since"} == set(run("--again", "--since", "2026-12-01", "codex")["left_out"])


@pytest.mark.parametrize(
    ("args", "code", "part"),
    [
        (("nobody",), 2, "is no file or folder"),
        (("chatgpt",), 2, "download its export"),
        (("--since", "yesterday-ish"), 2, "since"),
        (("--watch", "--dry-run"), 2, "--dry-run"),
    ],
)
def test_wrong_usage_is_explained(run: Line, args: tuple[str, ...], code: int, part: str) -> None:
    done = subprocess.run(run.command(*args), capture_output=True, env=run.environ, timeout=60, check=False)

    assert code == done.returncode
    assert part in done.stderr.decode()


def test_a_file_that_is_no_history_is_told_and_the_rest_comes_in(run: Line, home: Path, tmp_path: Path) -> None:
    (tmp_path / "shopping.txt").write_text("milk, bread")
    data = run(str(tmp_path / "shopping.txt"), str(home / ".codex"), "--again", code=1)

    assert [str(tmp_path / "shopping.txt")] == [row["file"] for row in data["failed"]]
    assert 4 == data["known"]


def test_a_dry_run_needs_no_daemon(home: Path, run: Line, first: Any) -> None:
    done = subprocess.run(
        [*run.command("codex", "--dry-run", "--json")[:-2], "--address", "127.0.0.1:1"],
        capture_output=True,
        env=run.environ,
        timeout=60,
        check=False,
    )

    assert (0, 4) == (done.returncode, json.loads(done.stdout)["data"]["created"])


async def test_since_is_a_local_date_with_all_of_its_day(run: Line, tmp_path: Path, memory: GrpcMemory) -> None:
    """The daemon's: half past midnight in Oslo is the evening before in UTC."""
    base = json.loads((run.home / CLAUDE).read_text().splitlines()[1])
    times = ("2026-02-10T22:59:59.999Z", "2026-02-10T23:00:00.000Z", "2026-02-11T12:00:00.000Z")
    lines = [
        {
            **base,
            "sessionId": "since",
            "uuid": f"since-{at}",
            "timestamp": at,
            "message": {"role": "user", "content": at},
        }
        for at in times
    ]
    (tmp_path / "since.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    told = run(str(tmp_path), "--since", "2026-02-11")
    page = await memory.events(where=Filter(sessions=("since",)), limit=10)

    assert list(times[1:]) == [item.event.text for item in page.items]
    assert {"before --since": 1} == told["left_out"]


async def test_what_a_fork_copied_is_recorded_once(run: Line, tmp_path: Path, memory: GrpcMemory) -> None:
    """Its lines bear the new session's name, and the ids and times of the old one's."""
    base = json.loads((run.home / CLAUDE).read_text().splitlines()[1])
    for session, count in (("forked-old", 3), ("forked-new", 4)):
        lines = [
            {**base, "sessionId": session, "uuid": f"forked-{n}", "timestamp": iso(n),
             "message": {"role": "user", "content": f"Plank {n}."}}
            for n in range(count)
        ]  # fmt: skip
        (tmp_path / f"{session}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    for name in ("forked-new", "forked-old"):
        run(str(tmp_path / f"{name}.jsonl"))
    page = await memory.events(where=Filter(sessions=("forked-old", "forked-new")), limit=10)

    assert [("forked-old", f"Plank {n}.") for n in range(3)] + [("forked-new", "Plank 3.")] == [
        (item.event.session, item.event.text) for item in page.items
    ]


def test_ctrl_c_ends_an_import_well_and_the_next_goes_on(run: Line, tmp_path: Path, first: Any) -> None:
    """What was acknowledged is kept and not sent again."""
    base = json.loads((run.home / CLAUDE).read_text().splitlines()[1])
    for number in range(20):
        session = f"long-{number}"
        lines = (
            {**base, "sessionId": session, "uuid": f"{session}-{n}", "timestamp": iso(n % 60),
             "message": {"role": "user", "content": f"Step {n} of {session}."}}
            for n in range(200)
        )  # fmt: skip
        (tmp_path / f"{session}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    process = subprocess.Popen(
        run.command(str(tmp_path), "--json"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=run.environ
    )
    store = Path(json.loads(subprocess.run(
        [sys.executable, "-m", "agent_memory.cli", "status", "--json", *run.where],
        capture_output=True, env=run.environ, check=True).stdout)["data"]["spool"]["path"])  # fmt: skip
    marks = store / "imports.sqlite3"
    before = marks.stat().st_mtime_ns
    eventually(lambda: marks.stat().st_mtime_ns != before or process.poll() is not None)
    process.send_signal(signal.SIGINT)
    out, notes = process.communicate(timeout=60)
    told = json.loads(out)["data"]
    rest = run(str(tmp_path))

    assert process.returncode in (130, 0), notes
    assert 4_000 == told["created"] + rest["created"]
    assert told["complete"] is (process.returncode == 0)
