"""What README and docs show works as it stands: every Python block and every command is run.

Against a daemon of its own that holds the sample conversations. Blocks that are not meant to be
run are fenced as `text`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent_memory import samples
from agent_memory.storage import Family
from agent_memory.testing.agent_homes import make_home
from agent_memory.testing.daemon import DaemonProcess
from tools.readme import README, comparable, output_of, refreshed

ROOT = Path(__file__).parents[2]
DOCUMENTS = [README, *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")

# What sets up or blocks; `make demo` and the tests of model and daemon run these.
NOT_RUN_HERE = (
    "make ",
    "pipx install",
    "export ",
    "python -m tools.",
    "agent-memory serve",
    "agent-memory install",
    "agent-memory uninstall",
    "agent-memory doctor",
    "agent-memory import --watch",
    "agent-memory model install",
    ".venv/bin/agent-memory serve",
)


def blocks(*languages: str) -> list[object]:
    """Every fenced block in one of the languages, named by its place."""
    return [
        pytest.param(match[2], id=f"{document.relative_to(ROOT)}:{text.count(chr(10), 0, match.start()) + 1}")
        for document in DOCUMENTS
        for text in [document.read_text("utf-8")]
        for match in FENCE.finditer(text)
        if match[1] in languages
    ]


def commands(block: str) -> list[str]:
    """The lines of a shell block, continued ones joined, without comments."""
    joined = block.replace("\\\n", " ")
    lines: list[str] = []
    for line in joined.splitlines():
        # A quoted argument may run over several lines.
        if lines and lines[-1].count("'") % 2:
            lines[-1] += "\n" + line
        else:
            lines.append(re.sub(r"\s+#\s.*$", "", line).strip())
    return [line for line in lines if line and not line.startswith(("#", *NOT_RUN_HERE))]


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    folder = tmp_path_factory.mktemp("readme")
    make_home(folder / "home")
    with DaemonProcess(folder / "store", flags=("--time-zone", samples.TIME_ZONE)) as process:
        for path in samples.paths():
            run(["agent-memory", "ingest", str(path), "--wait"], environment(process), ROOT)
        yield process


def environment(daemon: DaemonProcess) -> dict[str, str]:
    """What a command is run with: the home of somebody who uses every agent, and not of who runs the tests."""
    scripts = str(Path(sys.executable).parent)
    own = {"AGENT_MEMORY_ADDRESS": daemon.address, "HOME": str(daemon.store.parent / "home")}
    return os.environ | own | {"PATH": f"{scripts}:{os.environ['PATH']}"}


def run(words: list[str], env: dict[str, str], cwd: Path) -> str:
    done = subprocess.run(words, env=env, cwd=cwd, capture_output=True, encoding="utf-8", timeout=120)
    if done.returncode:
        pytest.fail(f"{words} ended with {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout


@pytest.mark.skipif(not os.environ.get("AGENT_MEMORY_TEST_MODEL"), reason="AGENT_MEMORY_TEST_MODEL names no model")
def test_the_readme_shows_what_the_commands_print(daemon: DaemonProcess) -> None:
    """`python -m tools.readme --model .venv/model` writes it anew.

    First in this file: some of the blocks that follow record events.
    """
    text = README.read_text("utf-8")

    assert comparable(refreshed(text, lambda command: output_of(command, daemon.address))) == comparable(text)


def test_the_first_hit_answers_the_question_of_the_quick_start(daemon: DaemonProcess) -> None:
    questions = re.findall(r'^(agent-memory search ".+?")$', README.read_text("utf-8"), re.MULTILINE)
    told = [" ".join(output_of(f"{question} --limit 1", daemon.address).split()) for question in questions]

    assert [True] == ["because they can be recomputed" in hit for hit in told]


@pytest.mark.parametrize("block", blocks("python"))
def test_every_python_block_runs(block: str, daemon: DaemonProcess, tmp_path: Path) -> None:
    run([sys.executable, "-c", block], environment(daemon), tmp_path)


@pytest.mark.parametrize("block", blocks("sh", "bash"))
def test_every_command_runs(block: str, daemon: DaemonProcess) -> None:
    for command in commands(block):
        if command.startswith("grpcurl") and shutil.which("grpcurl") is None:
            pytest.skip("grpcurl is not installed; .ci/run builds it")
        own = command.replace("127.0.0.1:7433", daemon.address).replace(".venv/bin/", "")
        run(["bash", "-euc", own], environment(daemon), ROOT)


def test_the_readme_shows_every_command_of_a_first_day() -> None:
    """A command that is run above cannot be misspelt; one that is missing can."""
    text = README.read_text("utf-8")
    names = [
        "install",
        "doctor",
        "serve",
        "ingest",
        "toc",
        "browse",
        "search",
        "show",
        "grip",
        "status",
        "model install",
    ]
    names += [f"install {agent}" for agent in ("claude", "codex", "gemini", "copilot", "opencode", "cursor")]

    assert [] == [name for name in names if f"agent-memory {name}" not in text]


def test_a_store_looks_as_documented(daemon: DaemonProcess) -> None:
    """Every file and folder that a daemon makes has its line in docs/storage.md, every family its row."""
    text = (ROOT / "docs" / "storage.md").read_text("utf-8")
    names = {path.name for folder in (daemon.store, daemon.store / "views") for path in folder.iterdir()}

    assert {"store.json", "owner.lock", "rows", "views", "lexical"} <= names
    assert [] == [name for name in names if name not in text]
    assert [] == [family.value for family in Family if f"| `{family.value}` |" not in text]


def test_every_decision_is_in_the_list() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = (folder / "README.md").read_text("utf-8")

    assert [] == [path.name for path in folder.glob("0*.md") if f"]({path.name})" not in listed]


@pytest.mark.parametrize("document", [pytest.param(d, id=str(d.relative_to(ROOT))) for d in DOCUMENTS])
def test_every_link_between_documents_leads_somewhere(document: Path) -> None:
    text = FENCE.sub("", document.read_text("utf-8"))
    links = [link for link in LINK.findall(text) if "://" not in link]

    assert [] == [link for link in links if not (document.parent / link).exists()]
