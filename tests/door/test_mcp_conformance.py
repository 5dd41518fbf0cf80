"""The official conformance suite of MCP against the daemon; see `tools/conformance.py` for what of it applies."""

from __future__ import annotations

import re

import pytest

from agent_memory.testing.daemon import DaemonProcess
from tools import conformance

pytestmark = pytest.mark.usefixtures("without_model")


@pytest.fixture(scope="module")
def told(daemon: DaemonProcess) -> str:
    """What the suite says of the daemon."""
    if not conformance.installed():
        pytest.skip("the suite is not installed: `python -m tools.conformance install` gets it, and node, from npm")
    passed, told = conformance.run(daemon.mcp_url)

    assert passed, told
    return told


@pytest.mark.parametrize("scenario", conformance.GENERIC)
def test_what_holds_for_any_server_holds(told: str, scenario: str) -> None:
    """Each scenario has checked something, and found nothing."""
    counts = re.search(rf"^✓ {re.escape(scenario)}: (\d+) passed, 0 failed", told, re.MULTILINE)

    assert counts, told
    assert int(counts[1]) >= 1


def test_every_scenario_of_the_suite_is_accounted_for(told: str) -> None:
    """As one that applies, or one that does not for a reason."""
    ran = set(re.findall(r"^=== Running scenario: (\S+) ===$", told, re.MULTILINE))

    assert {*conformance.GENERIC, *conformance.OF_OTHERS, *conformance.IDLE} == ran
