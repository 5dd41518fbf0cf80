"""Hooks and imports in whatever order: the log comes to hold what was said, each thing once."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from agent_memory.testing.agents_at_work import (
    AGENTS,
    AgentAtWork,
    Payload,
    Step,
    World,
    conversation,
    sessions_of,
    truth_of,
)
from agent_memory.testing.events import NOON_MS

WAYS = (
    "hooks and imports by turns",
    "imports alone",
    "hooks, and one import at the end",
    "an import, and hooks that come late",
    "hooks installed in the middle",
    "hooks registered twice",
)
SEEDS = [pytest.param(seed, marks=[pytest.mark.slow] if seed >= 2 else []) for seed in range(12)]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("agent", AGENTS, ids=lambda agent: agent.__name__)
def test_whatever_the_order_of_hooks_and_imports_each_thing_is_recorded_once(
    agent: type[AgentAtWork], way: str, seed: int, tmp_path: Path
) -> None:
    """One session or two at once; the same words often; a hook's clock that is off; files read while they grow."""
    random = Random(f"{seed} {way}")
    begin_ms = NOON_MS + random.randrange(60_000)
    names = sessions_of(random)
    worked = [
        (agent(session, tmp_path), conversation(random, session, begin_ms=begin_ms))
        for session, _ in zip(names, range(random.choice((1, 1, 2))), strict=False)
    ]
    world = World(tmp_path, agent.agent)
    try:
        play(random, way, world, worked)

        assert truth_of(worked) == world.said()
    finally:
        world.close()


def play(random: Random, way: str, world: World, worked: list[tuple[AgentAtWork, list[Step]]]) -> None:
    paths = [agent.path for agent, _ in worked]
    skew_ms, following = random.choice((0, 300, -300, 2_000)), random.random() < 0.5
    hooked_from = {
        agent.session: random.choice(steps).time_ms if way == "hooks installed in the middle" else 0
        for agent, steps in worked
    }
    late: list[tuple[Payload, int]] = []

    def deliver() -> None:
        for payload, received_ms in late:
            world.hook(payload, received_ms=received_ms)
        late.clear()

    steps = sorted(((step, agent) for agent, steps in worked for step in steps), key=lambda one: one[0].time_ms)
    for step, agent in steps:
        world.write(agent.path, agent.told(step), time_ms=step.time_ms)
        if way != "imports alone" and step.time_ms >= hooked_from[agent.session]:
            times = 2 if way == "hooks registered twice" else 1
            late += [(payload, step.time_ms + skew_ms) for payload in agent.hooked(step) for _ in range(times)]
        if way != "an import, and hooks that come late" and random.random() < 0.3:
            deliver()
            if random.random() < 0.7:
                world.drain()
        if way != "hooks, and one import at the end" and random.random() < 0.15:
            world.import_(paths, following=following)
    if way == "an import, and hooks that come late":
        world.import_(paths)
    deliver()
    world.drain()
    world.import_(paths, following=following)
    world.import_(paths, again=True)
