"""`agent-memory install` and nothing else: hooks run as the settings say, and search finds what they were told."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tomllib
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import agent_memory
from agent_memory import Event, Kind
from agent_memory.testing.waiting import eventually

PROGRAM = Path(sys.executable).parent / "agent-memory"
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"

# What people have there already.
SETTINGS = {
    ".claude/settings.json": b'{\n  "model": "opus",\n  "hooks": {\n    "Stop": [{"hooks": [{"type": "command", '
    b'"command": "say done"}]}]\n  }\n}\n',
    ".claude.json": b'{"numStartups":7,"mcpServers":{}}',
    ".codex/config.toml": b'model = "gpt-5-codex" # fast\n\n[mcp_servers.git]\ncommand = "uvx"\n',
    ".gemini/settings.json": b'{\r\n\t// mine\r\n\t"ui": {"theme": "GitHub"},\r\n}\r\n',
    ".copilot/mcp-config.json": b"{}",
    ".config/opencode/opencode.json": b'{"$schema": "https://opencode.ai/config.json"}',
    ".cursor/hooks.json": b'{"version": 1, "hooks": {"stop": [{"command": "./audit.sh"}]}}',
}
HOOK_FILES = {
    "claude-code": ".claude/settings.json",
    "codex": ".codex/hooks.json",
    "gemini": ".gemini/settings.json",
    "copilot": ".copilot/hooks/agent-memory.json",
    "cursor": ".cursor/hooks.json",
}
PROMPTS: dict[str, tuple[str, dict[str, Any]]] = {
    "claude-code": ("UserPromptSubmit", {"prompt_id": str(uuid.uuid4()), "permission_mode": "plan"}),
    "codex": ("UserPromptSubmit", {"turn_id": "t1", "model": "gpt-5-codex", "permission_mode": "default"}),
    "gemini": ("BeforeAgent", {"timestamp": "2026-06-02T09:00:00.000Z", "transcript_path": ""}),
    "copilot": ("userPromptSubmitted", {"timestamp": 1780390800000}),
    "cursor": ("beforeSubmitPrompt", {"generation_id": "g1", "cursor_version": "2.0", "attachments": []}),
}
SESSION_KEYS = {"copilot": "sessionId", "cursor": "conversation_id"}


class Machine:
    """A home folder of somebody who uses all six agents, and has installed this package."""

    def __init__(self, home: Path) -> None:
        self.home = home
        # Nothing of the machine that the test runs on starts programs for this home.
        shadow = home / "shadow"
        for name in ("systemctl", "launchctl"):
            put(shadow / name, b"#!/bin/sh\nexit 1\n").chmod(0o755)
        self.environ = {"HOME": str(home), "PATH": f"{shadow}:{PROGRAM.parent}:{SYSTEM_PATH}"}
        self.address = f"127.0.0.1:{free_port()}"
        toml = f'address = "{self.address}"\nmcp_address = ""\nmodel = "{home / "no-model"}"\n'
        put(home / ".config" / "agent-memory" / "config.toml", toml.encode())

    def run(self, *words: str, code: int = 0, cwd: Path | None = None, **environ: str) -> str:
        done = subprocess.run(
            [PROGRAM, *words],
            env={**self.environ, **environ},
            cwd=cwd or self.home,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
        )
        assert code == done.returncode, f"{words}: {done.stdout}\n{done.stderr}"
        return done.stdout

    def ask(self, *words: str, code: int = 0, **environ: str) -> Any:
        return json.loads(self.run(*words, "--json", code=code, **environ))["data"]

    def hook(self, command: str, payload: dict[str, Any]) -> subprocess.CompletedProcess[str]:
        """Run a hook as an agent does that got nothing of a login shell."""
        return subprocess.run(
            ["sh", "-c", command],
            input=json.dumps(payload),
            env={"HOME": str(self.home), "PATH": SYSTEM_PATH},
            cwd=self.home,
            capture_output=True,
            encoding="utf-8",
            timeout=30,
        )

    def settings(self) -> dict[str, bytes]:
        ours = (".local", ".config/agent-memory", "shadow")
        paths = {path.relative_to(self.home): path for path in self.home.rglob("*") if path.is_file()}
        return {str(at): path.read_bytes() for at, path in paths.items() if not str(at).startswith(ours)}

    def found(self, words: str) -> Event:
        """The event that says *words*, once search finds it."""
        hits: list[Event] = []

        def finds() -> bool:
            with agent_memory.connect(self.address) as memory:
                events = [hit.recorded.event for hit in memory.search(words, limit=5).hits]
            hits[:] = [event for event in events if words in event.text]
            return bool(hits)

        eventually(finds, timeout_s=30)
        return hits[0]


def put(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def command_for(path: Path, event: str) -> str:
    """The command line of ours for the event, taken from the settings as an agent takes it."""
    text = re.sub(r"^\s*//.*$", "", path.read_text("utf-8"), flags=re.MULTILINE)
    text = re.sub(r",(\s*[}\]])", r"\1", text)
    for entry in json.loads(text)["hooks"][event]:
        for handler in entry.get("hooks", [entry]):
            command: str = handler.get("command") or handler["bash"]
            if "agent-memory" in command:
                return command
    raise AssertionError(f"{path} has no hook of ours for {event}")


def failed(doctor: Any) -> list[str]:
    """What the doctor found broken; how long a hook took is the machine's, and that of all that runs on it."""
    broken = [check for check in doctor["checks"] if check["state"] == "fail"]
    return [check["name"] for check in broken if "kept a test payload" not in check["told"]]


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    machine = Machine(tmp_path_factory.mktemp("home"))
    for name, content in SETTINGS.items():
        put(machine.home / name, content)
    past = {
        "type": "user",
        "uuid": str(uuid.uuid4()),
        "sessionId": "past",
        "timestamp": "2026-05-01T09:00:00.000Z",
        "cwd": str(machine.home),
        "message": {"role": "user", "content": "The larder door squeaked in May."},
    }
    put(machine.home / ".claude/projects/-home/past.jsonl", json.dumps(past).encode() + b"\n")
    try:
        yield machine
    finally:
        machine.run("stop")


@pytest.fixture(scope="module")
def before(machine: Machine) -> dict[str, bytes]:
    return machine.settings()


@pytest.fixture(scope="module")
def installed(machine: Machine, before: dict[str, bytes]) -> Any:
    dry = machine.ask("install", "--dry-run")
    assert before == machine.settings()
    assert {"would change"} == {file["state"] for file in dry["files"]}
    return machine.ask("install")


def test_one_command_installs_for_every_agent_and_starts_the_daemon(machine: Machine, installed: Any) -> None:
    assert {"claude-code", "codex", "gemini", "copilot", "opencode", "cursor"} == {
        file["agent"] for file in installed["files"] if file["state"] == "changed"
    }
    assert "started" == installed["daemon"]["state"]
    assert machine.ask("status")["healthy"]


def test_the_past_is_imported_with_it(machine: Machine, installed: Any) -> None:
    assert installed["import"] is not None
    assert "past" == machine.found("The larder door squeaked in May.").session


@pytest.mark.parametrize("agent", HOOK_FILES)
def test_a_prompt_told_to_the_hook_in_the_settings_is_found(agent: str, machine: Machine, installed: Any) -> None:
    event, more = PROMPTS[agent]
    said = f"Where does {agent} keep the lantern?"
    name = "hook_event_name" if agent != "copilot" else ""
    session = {SESSION_KEYS.get(agent, "session_id"): f"s-{agent}"}
    payload = {**session, **({name: event} if name else {}), "prompt": said, "cwd": str(machine.home), **more}
    done = machine.hook(command_for(machine.home / HOOK_FILES[agent], event), payload)
    found = machine.found(said)

    assert (0, "") == (done.returncode, done.stderr)
    assert (agent, Kind.USER_MESSAGE, f"s-{agent}") == (found.agent, found.kind, found.session)


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no JavaScript engine to run the plugin")
def test_what_opencode_tells_its_plugins_is_found(machine: Machine, installed: Any) -> None:
    """The plugin runs as OpenCode runs it, and is awaited: it ends at once whatever it is given."""
    plugin = machine.home / ".config/opencode/plugins/agent-memory.js"
    script = f"""
      import {{ pathToFileURL }} from "node:url"
      const found = await import(pathToFileURL({json.dumps(str(plugin))}).href)
      const [make] = Object.values(found)
      const hooks = await make({{ directory: {json.dumps(str(machine.home))} }})
      const start = Date.now()
      const part = {{ type: "message.part.updated", properties: {{}} }}
      for (const broken of [undefined, null, {{}}, {{ event: 7 }}, {{ event: part }}]) await hooks.event(broken)
      await hooks["tool.execute.after"](undefined, undefined)
      await hooks["chat.message"]({{ sessionID: "s-open" }}, {{
        message: {{ id: "m1", sessionID: "s-open", role: "user", time: {{ created: Date.now() }} }},
        parts: [{{ id: "p1", messageID: "m1", sessionID: "s-open", type: "text",
          text: "Where does opencode keep it?" }}],
      }})
      await hooks.event({{ event: {{ type: "message.updated",
        properties: {{ info: {{ id: "m2", sessionID: "s-open", role: "assistant" }} }} }} }})
      await hooks.event({{ event: {{ type: "message.part.updated", properties: {{ part: {{ id: "p2", messageID: "m2",
        sessionID: "s-open", type: "text", text: "In the shed behind the larder.",
        time: {{ start: 1, end: 2 }} }} }} }} }})
      await hooks["tool.execute.after"](
        {{ tool: "bash", sessionID: "s-open", callID: "c1", args: {{ command: "ls shed" }} }},
        {{ title: "ls", output: "lantern.txt", metadata: {{}} }})
      console.log(Date.now() - start)
    """
    file = put(machine.home / ".local" / "run.mjs", script.encode())
    shutil.copy(plugin, machine.home / ".local" / "plugin.mjs")
    file.write_text(script.replace(str(plugin), str(machine.home / ".local" / "plugin.mjs")), "utf-8")
    node = shutil.which("node")
    assert node is not None
    done = subprocess.run(
        [node, str(file)],
        env={"HOME": str(machine.home), "PATH": SYSTEM_PATH},
        capture_output=True,
        encoding="utf-8",
        timeout=30,
    )

    assert (0, "") == (done.returncode, done.stderr)
    assert Kind.USER_MESSAGE is machine.found("Where does opencode keep it?").kind
    assert Kind.ASSISTANT_MESSAGE is machine.found("In the shed behind the larder.").kind
    assert "c1" == machine.found("lantern.txt").tool_call_id


def test_the_doctor_finds_every_link_sound_and_leaves_no_trace(machine: Machine, installed: Any) -> None:
    events = machine.ask("status")["event_count"]
    found = machine.ask("doctor")
    states = {check["name"]: check["state"] for check in found["checks"]}

    assert [] == failed(found), found
    assert {f"{agent} hook runs" for agent in (*HOOK_FILES, "opencode")} <= set(states)
    assert ("ok", "ok", "ok") == (states["mcp server"], states["daemon"], states["spool"])
    assert events == machine.ask("status")["event_count"]


def test_installing_again_changes_nothing(machine: Machine, installed: Any) -> None:
    settings = machine.settings()
    again = machine.ask("install", "--no-import")

    assert settings == machine.settings()
    assert ({"unchanged"}, "running") == ({file["state"] for file in again["files"]}, again["daemon"]["state"])


def test_a_daemon_that_agents_would_not_find_is_told_of(machine: Machine, installed: Any) -> None:
    """It runs, and not where the settings say now: nothing is imported into whatever answers there."""
    elsewhere = {"AGENT_MEMORY_ADDRESS": f"127.0.0.1:{free_port()}"}
    done = machine.ask("install", code=1, **elsewhere)

    assert ("failed", None) == (done["daemon"]["state"], done["import"])
    assert (
        f"runs at {machine.address} and does not answer at {elsewhere['AGENT_MEMORY_ADDRESS']}"
        in (done["daemon"]["told"])
    )


def test_the_daemon_of_another_store_is_not_taken_for_this_one_s(machine: Machine, installed: Any) -> None:
    """How well that one is says nothing of the payloads that wait here."""
    other = {"AGENT_MEMORY_STORE": str(machine.home / ".local" / "other" / "store")}
    done = machine.ask("install", code=1, **other)
    payload = {"session_id": "s-other", "hook_event_name": "UserPromptSubmit", "prompt": "Anybody?"}
    subprocess.run([PROGRAM, "hook", "claude"], input=json.dumps(payload).encode(), env={**machine.environ, **other})
    sick = machine.ask("doctor", code=1, **other)
    checks = {check["name"]: check for check in sick["checks"]}
    machine.ask("uninstall", **other)
    machine.ask("install", "--no-import")

    assert "Address already in use" in done["daemon"]["told"]
    assert ["daemon"] == failed(sick)
    assert other["AGENT_MEMORY_STORE"] in checks["daemon"]["told"]
    assert "1 payload waits" in checks["spool drained"]["told"]
    assert "views" not in checks


def test_a_daemon_of_another_release_is_told_of(machine: Machine, installed: Any) -> None:
    """As after an upgrade: the old one runs on until it is started again."""
    newer = "import agent_memory, sys; agent_memory.__version__ = '99.0'; from agent_memory.cli import main; main()"
    command = [sys.executable, "-c", newer, "install", "--no-import", "--json"]
    done = subprocess.run(command, env=machine.environ, cwd=machine.home, capture_output=True, encoding="utf-8")
    daemon = json.loads(done.stdout)["data"]["daemon"]

    assert "running" == daemon["state"]
    assert "still of release" in daemon["told"]
    assert "agent-memory stop" in daemon["told"]


def test_hooks_are_kept_while_no_daemon_runs_and_the_doctor_says_so(machine: Machine, installed: Any) -> None:
    machine.run("stop")
    event, more = PROMPTS["claude-code"]
    said = "Was anybody listening?"
    payload = {"session_id": "s-dead", "hook_event_name": event, "prompt": said, "cwd": str(machine.home), **more}
    done = machine.hook(command_for(machine.home / HOOK_FILES["claude-code"], event), payload)
    sick = machine.ask("doctor", code=1)
    machine.run("serve", "--daemonize")

    assert 0 == done.returncode
    assert ["daemon"] == failed(sick)
    assert "s-dead" == machine.found(said).session


def test_a_daemon_that_cannot_start_behind_says_why(machine: Machine, installed: Any) -> None:
    assert "STORE_LOCKED" == json.loads(machine.run("serve", "--daemonize", "--json", code=3))["error"]["reason"]


def test_a_daemon_that_was_killed_leaves_nothing_in_the_way_of_the_next(machine: Machine, installed: Any) -> None:
    pid = json.loads((machine.home / ".local/share/agent-memory/store/owner.lock").read_bytes())["pid"]
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: not machine.ask("stop")["stopped"], timeout_s=30)
    machine.run("serve", "--daemonize")

    assert machine.ask("status")["healthy"]


def test_a_project_is_installed_for_alone(machine: Machine, installed: Any) -> None:
    """The repository's settings name the program, not a path of this machine."""
    repository = machine.home / ".local" / "kelpie"
    (repository / ".git").mkdir(parents=True)
    (repository / "src").mkdir()
    machine.run("install", "claude", "codex", "--project", "--no-service", cwd=repository / "src")
    hooks = json.loads((repository / ".claude/settings.json").read_bytes())["hooks"]
    servers = tomllib.loads((repository / ".codex/config.toml").read_text())["mcp_servers"]
    machine.run("uninstall", "--project", cwd=repository)

    assert "agent-memory hook claude-code" == hooks["Stop"][0]["hooks"][0]["command"]
    assert {"agent-memory": {"command": "agent-memory", "args": ["mcp"]}} == servers
    assert {".git", "src"} == {path.name for path in repository.iterdir()}


def test_uninstalling_gives_every_byte_back_and_ends_the_daemon(
    machine: Machine, before: dict[str, bytes], installed: Any
) -> None:
    """Last: the others need what is installed."""
    done = machine.ask("uninstall")

    assert before == machine.settings()
    assert "stopped" == done["daemon"]["state"]
    assert not machine.ask("stop")["stopped"]
    assert (machine.home / ".local/share/agent-memory/store/store.json").exists()
