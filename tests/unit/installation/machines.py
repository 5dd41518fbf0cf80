"""A home folder that agents keep their settings in, and what is installed there."""

from __future__ import annotations

from pathlib import Path

from agent_memory.capture.model import Agent
from agent_memory.installation.agents import Scope
from agent_memory.installation.files import Record
from agent_memory.installation.plan import Step, carry_out, installing, uninstalling

ENTRY = "/opt/tools/bin/agent-memory"


class Machine:
    """A home folder with an installer."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.scope = Scope(home=home, environ={"PATH": ""})
        self.record = Record(home / "data" / "installation")

    def install(self, *agents: Agent, entry: str = ENTRY, with_server: bool = True) -> list[Step]:
        with self.record.held() as record:
            steps = installing(agents, self.scope, record, entry=entry, with_server=with_server)
            return [carry_out(step, record, install=True) for step in steps]

    def uninstall(self, *agents: Agent) -> list[Step]:
        with self.record.held() as record:
            return [carry_out(s, record, install=False) for s in uninstalling(agents, self.scope, record)]

    def files(self) -> dict[str, bytes]:
        return {
            str(path.relative_to(self.home)): path.read_bytes()
            for path in sorted(self.home.rglob("*"))
            if path.is_file() and "data" not in path.relative_to(self.home).parts
        }

    def folders(self) -> set[Path]:
        return {
            path
            for path in self.home.rglob("*")
            if path.is_dir() and path.name not in ("data", "installation", "backups")
        }


def put(machine: Machine, name: str, content: bytes) -> Path:
    path = machine.home / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
