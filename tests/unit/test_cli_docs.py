"""docs/cli.md tells of every command, option and setting there is, and of none that is not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from agent_memory.cli import commands
from agent_memory.config import SETTINGS

DOC = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
IN_COMMON = {"--store", "--address", "--config", "--json", "--help"}


def every_command(
    command: click.Command, path: str, parent: click.Context | None = None
) -> Iterator[tuple[str, set[str]]]:
    context = click.Context(command, parent, info_name=path)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from every_command(inner, f"{path} {name}", context)
    else:
        options = {flag for p in command.get_params(context) if isinstance(p, click.Option) for flag in p.opts}
        yield path, {flag for flag in options if flag.startswith("--")}


COMMANDS = dict(every_command(commands, "agent-memory"))


def section(name: str) -> str:
    found = re.search(rf"^#+ {re.escape(name)}\n(.*?)(?=^#|\Z)", DOC, re.DOTALL | re.MULTILINE)
    assert found, f"docs/cli.md has no section {name}"
    return found.group(1)


@pytest.mark.parametrize("path", COMMANDS)
def test_every_option_of_every_command_is_told(path: str) -> None:
    told = section(path) + (section("Settings") if path == "agent-memory serve" else "")
    by_setting = {setting.flag for setting in SETTINGS if f"| `{setting.name}` |" in told}

    assert set() == {o for o in COMMANDS[path] - IN_COMMON - by_setting if f"`{o}" not in told}


@pytest.mark.parametrize("path", COMMANDS)
def test_every_option_that_is_told_exists(path: str) -> None:
    told = set(re.findall(r"`(--[a-z-]+)", section(path)))

    assert set() == told - COMMANDS[path] - IN_COMMON


def test_no_section_tells_of_a_command_that_is_not_there() -> None:
    sections = set(re.findall(r"^#+ (agent-memory .+)$", DOC, re.MULTILINE))

    assert set(COMMANDS) == sections - {
        "agent-memory model",
        "agent-memory config",
        "agent-memory service",
        "agent-memory summaries",
    }


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_every_setting_is_told_with_what_it_may_be(setting) -> None:  # type: ignore[no-untyped-def]
    (row,) = re.findall(rf"^\| `{setting.name}` \| (.*) \| (.*) \| (.*) \|$", DOC, re.MULTILINE)

    assert (setting.expected, setting.help) == (row[0], row[2])
    if setting.kind != "path":
        assert row[1] in {f"`{setting.default}`", "empty"}
