"""A daemon beside a language model: which node is asked about when, how often, and what is readable meanwhile."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

import agent_memory
from agent_memory.inference.tokens import SplintrTokenCounter
from agent_memory.summaries.reports import SummariesState, SummariesStatus, SummariesVerdict, SummariesWanted
from agent_memory.sync import SyncMemory
from agent_memory.testing.daemon import DaemonProcess
from agent_memory.testing.language_model_apis import Asked
from agent_memory.testing.language_models import DROP, LanguageModelServer, fail, minutes_of
from agent_memory.testing.summarising import MONDAY_MS, flags_of, settings_of, settled, tell
from agent_memory.testing.waiting import eventually
from tests.door.command_line import Line

pytestmark = pytest.mark.usefixtures("without_model")

PATIENT_S = 60.0
CONTEXT_TOKENS = 4_096
OF_A_SEGMENT = "Minutes of one conversation:"


class Gated:
    """Answers as a model does, with a word before its titles; while it is shut, whoever asked waits."""

    def __init__(self, word: str = "Minuted") -> None:
        self.word = word
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self, system: str, user: str) -> str:
        self.gate.wait(PATIENT_S)
        return minutes_of(system, user).replace('"title": "', f'"title": "{self.word}: ')


class Beside:
    """A daemon and the model beside it. Tests share both, each with a year of its own, and count from their begin."""

    def __init__(self, server: LanguageModelServer, memory: SyncMemory) -> None:
        self.server = server
        self.memory = memory
        self._sent = len(server.calls)
        before = memory.status().summaries
        self._nodes, self._failed = before.worded + before.set_aside, before.failed_today

    def settled(self, nodes: int) -> SummariesStatus:
        """The status, once so many nodes of this test are worded or set aside."""
        return settled(self.memory, self._nodes + nodes)

    @property
    def asked(self) -> list[Asked]:
        """What was sent since the test began."""
        return [call.asked for call in self.server.calls[self._sent :] if call.asked is not None]

    def failed(self) -> int:
        """How many calls of this test came to nothing."""
        return self.memory.status().summaries.failed_today - self._failed


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory, without_model: None) -> Iterator[tuple[LanguageModelServer, str]]:
    """One call at a time, in a context as small as there may be."""
    folder = tmp_path_factory.mktemp("wording")
    with LanguageModelServer() as server:
        settings = settings_of(
            server,
            folder,
            in_flight_max=1,
            timeout_s=PATIENT_S,
            refusals_max=2,
            thinking_tokens=0,
            context_tokens=CONTEXT_TOKENS,
        )
        with DaemonProcess(folder / "store", flags=flags_of(settings)) as process:
            yield server, process.address


@pytest.fixture
def beside(daemon: tuple[LanguageModelServer, str]) -> Iterator[Beside]:
    server, address = daemon
    server.answer = minutes_of
    with agent_memory.connect(address) as memory:
        yield Beside(server, memory)


def ms(time: str) -> int:
    return int(datetime.fromisoformat(time).replace(tzinfo=UTC).timestamp() * 1000)


def test_what_comes_late_has_its_node_worded_again_and_what_was_worded_before_stays_readable(beside: Beside) -> None:
    """Until the model has answered about what the node is now, it reads as it is extracted, and waits."""
    memory, began_ms = beside.memory, ms("2021-03-02 08:00")
    beside.server.answer = model = Gated()
    tell(memory, "The export of the orders timed out.", "I look into it.", session="late", time_ms=began_ms)
    beside.settled(5)
    (segment,) = memory.children("day/2021-03-02").items
    nodes = (segment.id, "day/2021-03-02", "week/2021-03/W09", "month/2021-03", "year/2021")
    before = memory.node(segment.id)
    model.gate.clear()
    late = tell(memory, "The customer index was missing.", session="late", time_ms=began_ms + 500)
    meanwhile = [memory.node(node_id, min_position=late) for node_id in nodes]
    eventually(lambda: memory.status().summaries.waiting == 5 and len(beside.asked) == 6)
    under_way = memory.status().summaries.under_way
    model.gate.set()
    beside.settled(5)
    after, versions = memory.node(segment.id), memory.summary_versions(segment.id)

    assert "Minuted: The export of the orders timed out" == before.title
    assert [("", 3)] * 5 == [(node.wording.model, node.event_count) for node in meanwhile]
    assert not [node.title for node in meanwhile if "Minuted" in node.title]
    assert (segment.id,) == under_way
    assert (before.wording.model, 3) == (after.wording.model, after.event_count)
    assert "The customer index was missing." in [bullet.text for bullet in after.bullets]
    assert [
        (True, after.title, after.wording.digest, tuple(bullet.text for bullet in after.bullets)),
        (False, before.title, before.wording.digest, tuple(bullet.text for bullet in before.bullets)),
    ] == [(one.is_shown, one.title, one.digest, one.bullets) for one in versions]
    # What is above it is asked about again as well, nothing twice in the same words.
    assert 10 == len(beside.asked) == len({one.digest for one in beside.asked})


def test_a_node_that_the_model_refuses_is_set_aside_by_name_and_no_outage_does_that(beside: Beside) -> None:
    """Two refusals do; two failures of one node do not. What is above a refused node is worded all the same."""
    memory, began_ms = beside.memory, ms("2022-03-01 08:00")
    above = ("day/2022-03-01", "week/2022-03/W09", "month/2022-03", "year/2022")
    beside.server.will(fail(503, "overloaded"), DROP)
    tell(memory, "Who looks after the mill?", "I do.", session="mill", time_ms=began_ms)
    beside.settled(1 + 4)
    after_the_outage, failed = memory.set_aside().items, beside.failed()
    beside.server.answer = lambda system, user: (
        "I would rather not." if "cellar" in user and user.startswith(OF_A_SEGMENT) else minutes_of(system, user)
    )
    sent = len(beside.asked)
    tell(memory, "Who looks after the cellar?", "I do.", session="cellar", time_ms=began_ms + 3_600_000)
    beside.settled(2 + 4)
    (aside,) = memory.set_aside().items
    refused, parents = memory.node(aside.node_id), [memory.node(node_id) for node_id in above]

    assert ((), 2) == (after_the_outage, failed)
    assert "cellar" == refused.session
    assert re.fullmatch(r"openai some-model: no answer could be read: .*, 2 times", aside.refusal)
    assert (aside.refusal, "") == (refused.wording.refusal, refused.wording.model)
    assert ["Asked: Who looks after the cellar?"] == [bullet.text for bullet in refused.bullets]
    assert [(False, "")] == [(one.is_shown, one.title) for one in memory.summary_versions(aside.node_id)]
    assert [] == [node.id for node in parents if not node.wording.model]
    # Asked, and twice once more with the problem named: what came back of no use is known. Then the four above it.
    assert 1 + 2 + 4 == len(beside.asked) - sent


def test_the_most_recent_is_worded_first_and_a_parent_after_all_that_is_under_it(beside: Beside) -> None:
    """The model is held back over something old until all the rest waits."""
    memory = beside.memory
    beside.server.answer = model = Gated()
    model.gate.clear()
    tell(memory, "Long ago.", session="old", time_ms=ms("2013-05-01 08:00"))
    eventually(lambda: beside.asked)
    said = {"orchard": "10-02 08:00", "pump": "10-02 13:00", "roof": "10-01 08:00", "boat": "10-05 08:00"}
    for what, time in said.items():
        position = tell(memory, f"We look after the {what}.", session=what, time_ms=ms(f"2023-{time}"))
    memory.wait_for(["toc"], position)
    model.gate.set()
    beside.settled(5 + 4 + 3 + 2 + 2)
    order = [_about(one.user) for one in beside.asked if "2013" not in one.user]
    under = {
        "Monday, 2 October 2023": ("pump", "orchard"),
        "Sunday, 1 October 2023": ("roof",),
        "Thursday, 5 October 2023": ("boat",),
        "Week 40, 2–8 October 2023": ("Thursday, 5 October 2023", "Monday, 2 October 2023"),
        "Week 39, 1 October 2023": ("Sunday, 1 October 2023",),
        "October 2023": ("Week 40, 2–8 October 2023", "Week 39, 1 October 2023"),
        "2023": ("October 2023",),
    }

    assert ["boat", "pump", "orchard", "roof"] == order[:4]
    assert sorted([*said, *under]) == sorted(order)
    for parent, children in under.items():
        assert max(map(order.index, children)) < order.index(parent), order
    assert order.index("Thursday, 5 October 2023") < order.index("Monday, 2 October 2023")
    assert order.index("Monday, 2 October 2023") < order.index("Sunday, 1 October 2023")


def _about(prompt: str) -> str:
    """What a segment's words are about, or else which day or what above it."""
    if prompt.startswith(OF_A_SEGMENT):
        return prompt.split("We look after the ")[1].split(".")[0]
    return prompt.split("\n")[0].rsplit(": ", 1)[-1].rstrip(".")


def test_what_is_longer_than_the_context_is_worded_in_steps_that_each_fit_into_it(beside: Beside) -> None:
    """As many calls as the preview tells, no prompt beyond the limit, one wording with evidence from every part."""
    memory, tokens = beside.memory, SplintrTokenCounter()
    beside.server.answer = _spread
    remark = "the pump in the cellar of the mill is looked after by whoever comes first on a Friday morning. "
    said = [f"Remark {number} by the miller: {remark * 4}" for number in range(36)]
    tell(memory, *said, session="long", time_ms=ms("2024-03-04 08:00"))
    beside.settled(5)
    (segment,) = memory.children("day/2024-03-04").items
    preview, versions = memory.preview_summary(segment.id), memory.summary_versions(segment.id)
    grips = [memory.grip(grip_id) for bullet in segment.bullets for grip_id in bullet.grip_ids]
    parts = [call.user for call in preview.calls]
    sizes = [sum(map(tokens.count, (one.system, one.user, str(one.schema)))) + one.limit for one in beside.asked]

    assert (3, 1) == (len(parts), preview.later)
    assert parts == [one.user for one in beside.asked[:3]]
    # After the parts what brings them together, and then the four nodes above.
    assert 3 + 1 + 4 == len(beside.asked)
    assert max(sizes) <= CONTEXT_TOKENS
    assert [1] * len(said) == [sum(f"Remark {number} by" in part for part in parts) for number in range(len(said))]
    assert [True] == [one.is_shown for one in versions]
    assert {0, 1, 2} == {number for grip in grips for number, part in enumerate(parts) if grip.excerpt in part}


def _spread(_: str, user: str) -> str:
    """Minutes of the first entry, the one in the middle, and the last."""
    entries = re.findall(r"^\[(\d+)\] .*:\n {4}(.{40,80}) ", user, re.MULTILINE)
    chosen = dict.fromkeys((entries[0], entries[len(entries) // 2], entries[-1]))
    bullets = [{"text": said, "evidence": [{"ref": int(ref), "quote": said}], "type": "other"} for ref, said in chosen]
    return json.dumps({"bullets": bullets, "title": entries[0][1], "abstract": "", "keywords": []})


def test_another_provider_words_again_what_it_is_told_to_and_nothing_by_itself(tmp_path: Path) -> None:
    """What the first one wrote stays readable under its name."""
    with LanguageModelServer() as server:
        server.answer = model = Gated("First")
        settings = settings_of(server, tmp_path, "openai", timeout_s=PATIENT_S)
        with (
            DaemonProcess(tmp_path / "store", flags=flags_of(settings)) as process,
            agent_memory.connect(process.address) as memory,
        ):
            tell(memory, "We paint the boat house blue.", "With oil paint.", session="a", time_ms=MONDAY_MS)
            settled(memory, 5)
            (segment,) = memory.children("day/2025-10-06").items
        nodes = (segment.id, "day/2025-10-06", "week/2025-10/W41", "month/2025-10", "year/2025")
        model.word, server.model = "Second", "another-model"
        settings = settings_of(server, tmp_path, "anthropic", model=server.model, timeout_s=PATIENT_S)
        with (
            DaemonProcess(tmp_path / "store", flags=flags_of(settings)) as process,
            agent_memory.connect(process.address) as memory,
        ):
            *_, plain = memory.summarise()
            status = memory.status().summaries
            kept = [memory.node(node_id).wording.summariser for node_id in nodes]
            sent = len(server.calls)
            again = Line(tmp_path, "--address", process.address)("summarise", "--resummarise", "--json")
            eventually(lambda: memory.node("year/2025").wording.summariser == "anthropic")
            shown = [memory.node(node_id) for node_id in nodes]
            versions = [memory.summary_versions(node_id) for node_id in nodes]
            left = memory.estimate_summaries(SummariesWanted(again=True))

    assert ("anthropic", SummariesState.IDLE, 5, 0) == (status.provider, status.state, status.worded, status.waiting)
    assert isinstance(plain, SummariesVerdict)
    assert (0, 0, 5) == (plain.worded, plain.left, sent)
    assert ["openai"] * 5 == kept
    assert (0, 5, 0) == (again.code, again.data["verdict"]["worded"], again.data["verdict"]["left"])
    assert [("anthropic", "Second: We paint the boat house blue")] * 5 == [
        (node.wording.summariser, node.title) for node in shown
    ]
    for told in versions:
        assert [("anthropic", "Second", True), ("openai", "First", False)] == [
            (one.provider, one.title.partition(":")[0], one.is_shown) for one in told
        ]
        assert all(one.model and one.bullets for one in told)
    assert (0, ["openai"] * 5 + ["anthropic"] * 5) == (left.nodes, [call.api for call in server.calls])
