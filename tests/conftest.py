"""What every test is held to: it leaves the process as it found it."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator

import pytest

from agent_memory.cli.marking import is_run_by_agent
from agent_memory.telemetry import LOG

# Whoever runs the tests, the commands in them are run by people unless a test says otherwise.
for _name in [name for name in os.environ if is_run_by_agent({name: os.environ[name]})]:
    del os.environ[_name]


@pytest.fixture(autouse=True)
def leaves_the_log_as_it_was() -> Iterator[None]:
    """A log that stays configured fails the test that did it, not a later one that reads its entries.

    A daemon's log is its process's, and a test that runs `serve` in its own process shares that
    with all that come after.
    """
    before = _log_now()
    yield
    after = _log_now()
    _put_back(before)

    assert before == after, "this test configured the log and left it so; let it use the fixture `own_log`"


@pytest.fixture
def own_log(leaves_the_log_as_it_was: None) -> Iterator[None]:
    """For a test that configures the log, or runs a command that does."""
    before = _log_now()
    yield
    _put_back(before)


_State = tuple[object, int, list[logging.Handler]]


def _log_now() -> _State:
    root = logging.getLogger()
    return LOG._write, root.level, list(root.handlers)


def _put_back(state: _State) -> None:
    root = logging.getLogger()
    LOG._write, level, root.handlers[:] = state
    root.setLevel(level)


@pytest.fixture(scope="module")
def without_model() -> Iterator[None]:
    """Daemons have no embedding model, as after a default install: `pytestmark = pytest.mark.usefixtures(...)`.

    To load one, and to embed what nobody asks the meaning of, is a third of what a test of capture costs.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("AGENT_MEMORY_TEST_MODEL", raising=False)
        yield
