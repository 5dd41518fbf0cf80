"""The official conformance suite of the Model Context Protocol, against a server at a URL.

    python -m tools.conformance install          into build/conformance, from npm, once
    python -m tools.conformance run URL

The suite's scenarios are of two sorts. Those of `GENERIC` hold for any server, and have to pass. Those of
`OF_OTHERS` call for what the suite's own test server offers and a real one does not; each has its reason.
The suite itself is told which these are, and fails where one of the others fails, or one of these passes.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SUITE = "0.1.16"
NODE = "22.23.3"
NODE_MAJOR = 22
FOLDER = Path(__file__).parent.parent / "build" / "conformance"
_INSTALL_S = 240
_RUN_S = 120

GENERIC = (
    "server-initialize",
    "ping",
    "tools-list",
    "resources-list",
    "prompts-list",
    "completion-complete",
    "server-sse-multiple-streams",
    "dns-rebinding-protection",
)

_TOOL = "calls a tool of the suite's test server by name"
_RESOURCE = "reads a resource of the suite's test server by its address"
_PROMPT = "gets a prompt of the suite's test server by name"
OF_OTHERS = {
    "logging-set-level": "logging is not offered: the protocol has deprecated it (SEP-2577), and tools answer at once",
    "resources-subscribe": "subscriptions are not offered: what is recorded never changes",
    "resources-unsubscribe": "subscriptions are not offered: what is recorded never changes",
    "tools-call-simple-text": _TOOL,
    "tools-call-image": _TOOL,
    "tools-call-audio": _TOOL,
    "tools-call-embedded-resource": _TOOL,
    "tools-call-mixed-content": _TOOL,
    "tools-call-with-logging": _TOOL,
    "tools-call-error": _TOOL,
    "tools-call-with-progress": _TOOL,
    "tools-call-sampling": _TOOL,
    "tools-call-elicitation": _TOOL,
    "json-schema-2020-12": "looks for a tool of the suite's test server in the list",
    "elicitation-sep1034-defaults": _TOOL,
    "elicitation-sep1330-enums": _TOOL,
    "resources-read-text": _RESOURCE,
    "resources-read-binary": _RESOURCE,
    "resources-templates-read": _RESOURCE,
    "prompts-get-simple": _PROMPT,
    "prompts-get-with-args": _PROMPT,
    "prompts-get-embedded-resource": _PROMPT,
    "prompts-get-with-image": _PROMPT,
}

IDLE = {"server-sse-polling": "checks nothing of a server that answers with JSON in place of a stream"}
"""Neither passes nor fails here: it is no proof of anything."""


def node_here() -> str:
    """The `node` of this machine that can run the suite; empty where there is none."""
    found = shutil.which("node")
    if not found:
        return ""
    told = subprocess.run([found, "--version"], capture_output=True, text=True, timeout=20, check=False).stdout
    major = told.removeprefix("v").partition(".")[0]
    return found if major.isdecimal() and int(major) >= NODE_MAJOR else ""


def installed(folder: Path = FOLDER) -> list[str]:
    """The command that runs the suite; empty where it is not installed."""
    suite = folder / "node_modules" / "@modelcontextprotocol" / "conformance" / "dist" / "index.js"
    own = folder / "node_modules" / "node" / "bin" / "node"
    node = str(own) if own.exists() else node_here()
    return [node, str(suite)] if node and suite.exists() else []


def install(folder: Path = FOLDER) -> None:
    """Get the suite, and node where this machine's is older. Errors: `RuntimeError` with what npm says."""
    npm = shutil.which("npm")
    if not npm:
        raise RuntimeError("there is no npm")
    needs = {"@modelcontextprotocol/conformance": SUITE, **({} if node_here() else {"node": NODE})}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text(json.dumps({"private": True, "dependencies": needs}) + "\n")
    # `node` gets its binary in a script of its own, as all scripts newer releases of npm ask to be allowed.
    command = [npm, "install", "--no-audit", "--no-fund", "--no-package-lock", "--fetch-retries=1"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_INSTALL_S, check=False)
    if done.returncode or not installed(folder):
        raise RuntimeError(f"npm could not install the suite:\n{done.stdout}{done.stderr}")


def run(url: str, folder: Path = FOLDER) -> tuple[bool, str]:
    """Whether all that holds for any server holds for the one at *url*, and what the suite says."""
    with tempfile.TemporaryDirectory() as scratch:
        others = Path(scratch) / "others.yaml"
        others.write_text("server:\n" + "".join(f"  - {name}\n" for name in OF_OTHERS))
        command = [*installed(folder), "server", "--url", url, "--suite", "all", "--expected-failures", str(others)]
        done = subprocess.run(command, cwd=scratch, capture_output=True, text=True, timeout=_RUN_S, check=False)
    return done.returncode == 0, done.stdout + done.stderr


def main(arguments: list[str]) -> int:
    match arguments:
        case ["install"]:
            try:
                install()
            except (RuntimeError, subprocess.TimeoutExpired, OSError) as error:
                print(f"the conformance suite is not installed: {error}", file=sys.stderr)
                return 1
            return 0
        case ["run", url]:
            passed, told = run(url)
            print(told)
            return 0 if passed else 1
        case _:
            print(__doc__, file=sys.stderr)
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
