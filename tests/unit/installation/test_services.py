"""The files that make the daemon a service, and what the managers of services are told."""

from __future__ import annotations

import plistlib
import shutil
import subprocess
from pathlib import Path

import pytest

from agent_memory.installation import services
from agent_memory.installation.services import Launchd, ServiceFailed, Systemd

ENTRY = "/opt/my tools/100%/$x/agent-memory"
ENVIRON = {
    "PATH": "/usr/bin",
    "AGENT_MEMORY_STORE": '/data/of "me"/50%',
    "AGENT_MEMORY_INTERNAL": "1",
    "AGENT_MEMORY_TEST_MODEL": "/m",
    "AGENT_MEMORY_ADDRESS": "127.0.0.1:1\n[Install]",
    "OTHER": "x",
}


def unit_of(text: str) -> dict[str, list[str]]:
    """The assignments of a unit file, `Section.Key` to its values; see systemd.syntax(7)."""
    found: dict[str, list[str]] = {}
    section = ""
    for line in text.splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line.strip() and not line.startswith(("#", ";")):
            key, _, value = line.partition("=")
            found.setdefault(f"{section}.{key}", []).append(value)
    return found


def test_a_unit_serves_the_store_that_the_shell_speaks_of(tmp_path: Path) -> None:
    """Signs that systemd would obey are plain signs, and no variable makes a line of its own."""
    unit = unit_of(Systemd(ENTRY, home=tmp_path, environ=ENVIRON).text().decode())

    assert ['"/opt/my tools/100%%/$$x/agent-memory" serve'] == unit["Service.ExecStart"]
    assert ['"AGENT_MEMORY_STORE=/data/of \\"me\\"/50%%"'] == unit["Service.Environment"]
    assert (["notify"], ["on-failure"]) == (unit["Service.Type"], unit["Service.Restart"])
    assert ["default.target"] == unit["Install.WantedBy"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd to ask")
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    program = tmp_path / "my tools" / "agent-memory"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    unit = tmp_path / services.UNIT
    unit.write_bytes(Systemd(str(program), home=tmp_path, environ=ENVIRON).text())
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, encoding="utf-8", timeout=60
    )
    about_ours = [line for line in done.stderr.splitlines() if services.UNIT in line or str(program) in line]

    assert (0, []) == (done.returncode, about_ours)


def test_a_property_list_is_read_back_as_it_was_meant(tmp_path: Path) -> None:
    found = plistlib.loads(Launchd(ENTRY, home=tmp_path, environ=ENVIRON).text())

    assert [ENTRY, "serve"] == found["ProgramArguments"]
    assert ("agent-memory.daemon", True, {"SuccessfulExit": False}) == (
        found["Label"],
        found["RunAtLoad"],
        found["KeepAlive"],
    )
    assert ENVIRON["AGENT_MEMORY_STORE"] == found["EnvironmentVariables"]["AGENT_MEMORY_STORE"]
    assert "AGENT_MEMORY_INTERNAL" not in found["EnvironmentVariables"]


@pytest.fixture
def systemctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `systemctl` that writes down what it is told; where a file `refuses` is, it refuses."""
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "systemctl"
    script.write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/told\n'
        f'if [ -e {tmp_path}/refuses ] && [ "$2" != show-environment ]; then echo "No such unit" >&2; exit 5; fi\n'
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setattr("sys.platform", "linux")
    return tmp_path


def told(folder: Path) -> list[str]:
    return (folder / "told").read_text().splitlines()


def test_a_service_is_written_enabled_started_and_taken_back(systemctl: Path) -> None:
    manager = services.manager_of("/opt/agent-memory", home=systemctl, environ={})
    assert manager is not None
    services.install(manager, start=True)
    (systemctl / "told").write_text("")
    found = services.status(manager)
    services.install(manager, start=False)
    was_there, is_there = services.uninstall(manager), services.uninstall(manager)

    assert (True, True, True) == (found.is_installed, found.is_current, found.is_running)
    assert [
        "--user --quiet is-active agent-memory.service",
        "--user daemon-reload",
        "--user enable agent-memory.service",
        "--user disable --now agent-memory.service",
    ] == told(systemctl)
    assert (True, False, False) == (was_there, is_there, manager.path.exists())


def test_what_the_manager_refuses_is_told_in_its_words(systemctl: Path) -> None:
    manager = services.manager_of("/opt/agent-memory", home=systemctl, environ={})
    assert manager is not None
    (systemctl / "refuses").touch()
    with pytest.raises(ServiceFailed) as failed:
        services.install(manager, start=True)

    assert "`systemctl --user daemon-reload` failed: No such unit" == str(failed.value)


def test_where_systemd_does_not_run_for_the_user_there_is_no_manager(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container that has its programs and no instance of it."""
    script = tmp_path / "systemctl"
    script.write_text("#!/bin/sh\necho 'Failed to connect to bus' >&2\nexit 1\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")

    assert services.manager_of("/opt/agent-memory", home=tmp_path, environ={}) is None
    assert "" == services.status(None).manager


def test_a_service_of_another_release_is_not_current(systemctl: Path) -> None:
    old = services.manager_of("/old/agent-memory", home=systemctl, environ={})
    new = services.manager_of("/new/agent-memory", home=systemctl, environ={})
    assert old is not None
    services.install(old, start=False)

    assert not services.status(new).is_current
