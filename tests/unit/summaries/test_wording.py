"""Material goes in, a checked and recordable answer comes out, in as many calls as the context asks for."""

from __future__ import annotations

import json
import random
import re

import pytest

from agent_memory.summaries.errors import ProviderMisconfigured, ProviderRefused, ProviderUnavailable
from agent_memory.summaries.model import Usage
from agent_memory.summaries.prompting import PROMPT_VERSION
from agent_memory.summaries.wording import added, plan, word
from agent_memory.testing.language_models import ScriptedLanguageModel, minutes_of
from agent_memory.toc import ChildMaterial, Excerpt, Level, Material, Summary
from tests.unit.summaries.talks import (
    EXPORT,
    TOKENS,
    answer,
    asked,
    bullet,
    evidence_of,
    quoted,
    segment,
    unproven,
    worded,
)

TALK = segment(*EXPORT)
GOOD = answer(bullet("The index is missing.", (4, "has no index")), title="Export timeouts", keywords=["orders"])
UNPROVEN = answer(bullet("All is well now.", (1, "everything was fine after all")))


def test_an_answer_is_recorded_with_what_it_took() -> None:
    found = worded(TALK, GOOD)

    assert [["has no index"]] == quoted(TALK, found.summary)
    assert ("d", "segment/x", "scripted", "some-model") == (found.digest, found.node_id, found.provider, found.model)
    assert (PROMPT_VERSION, "", 1) == (found.prompt_version, found.refusal, found.usage.calls)


def test_what_cannot_be_read_is_asked_for_once_more_with_its_problem() -> None:
    model = ScriptedLanguageModel("I would rather not.", GOOD)
    found = asked(TALK, model)

    assert found.summary is not None
    assert 2 == found.usage.calls
    assert model.prompts[1].user == (
        model.prompts[0].user
        + "\n\nYour last answer could not be used: it holds no JSON object. Answer again, with the JSON object alone."
    )


def test_what_cannot_be_read_twice_is_refused_with_what_was_spent() -> None:
    with pytest.raises(ProviderRefused) as refused:
        worded(TALK, "I would rather not.", "No.", GOOD)

    assert "no answer could be read: it holds no JSON object" == refused.value.problem
    assert refused.value.spent is not None
    assert 2 == refused.value.spent.calls


def test_what_proves_nothing_is_asked_for_once_more() -> None:
    found = worded(TALK, UNPROVEN, GOOD)

    assert [["has no index"]] == quoted(TALK, found.summary)
    assert (1, 2) == (found.dropped, found.usage.calls)


def test_what_proves_nothing_twice_leaves_the_extractive_wording() -> None:
    found = worded(TALK, UNPROVEN, UNPROVEN)

    assert (None, 2) == (found.summary, found.dropped)
    assert found.refusal.startswith("nothing of the answer could be proven: bullet 1 has no quotation")


def test_where_nobody_said_anything_nothing_is_asked() -> None:
    found = worded(segment("  ", ""))

    assert (None, 0, "nobody said anything in it") == (found.summary, found.usage.calls, found.refusal)


@pytest.mark.parametrize(
    "error",
    [ProviderUnavailable("scripted", "it is down", retry_after_s=3.0), ProviderRefused("scripted", "blocked")],
)
def test_what_the_provider_says_goes_through_with_what_was_spent(
    error: ProviderUnavailable | ProviderRefused,
) -> None:
    with pytest.raises(type(error)) as raised:
        worded(TALK, "not an answer", error)

    assert error is raised.value
    assert 1 == (error.spent.calls if error.spent else 0)


def test_of_an_answer_that_was_cut_off_the_bullets_that_came_are_used() -> None:
    """Small models go round in circles to the end of what they may say, and would again."""
    begun = GOOD[: GOOD.index('"title"')] + '"title": "Exp'
    took = Usage(calls=1, tokens_in=900, tokens_out=3_000)
    found = worded(TALK, ProviderRefused("scripted", "cut off", usage=took, begun=begun))

    assert [["has no index"]] == quoted(TALK, found.summary)
    assert (took, "") == (found.usage, found.refusal)


def test_an_answer_that_was_cut_off_before_its_first_bullet_is_a_refusal() -> None:
    took = Usage(calls=1, tokens_in=900, tokens_out=3_000)
    with pytest.raises(ProviderRefused, match="cut off") as refused:
        worded(TALK, ProviderRefused("scripted", "cut off", usage=took, begun='{"bullets": [{"text": "The ind'))

    assert took == refused.value.spent


def test_a_context_that_is_too_small_is_the_settings_fault() -> None:
    with pytest.raises(ProviderMisconfigured):
        worded(TALK, GOOD, context_tokens=1_000)


# -- in steps ---------------------------------------------------------------------------------

LONG = segment(*[f"Message {n} tells of topic{n} and {'what was seen there ' * 20}" for n in range(1, 120)])


def test_what_is_longer_than_the_context_is_worded_in_steps_with_its_evidence_carried_through() -> None:
    model = ScriptedLanguageModel(context_tokens=4_096)
    found = asked(LONG, model)

    assert found.summary is not None
    assert found.usage.calls == len(model.prompts) > 4
    assert [] == unproven(LONG, evidence_of(found.summary))
    assert evidence_of(found.summary)
    assert "[1] part 1, " in model.prompts[-1].user
    assert all(
        TOKENS.count(one.system) + TOKENS.count(one.user) + one.answer_tokens_max <= 4_096 for one in model.prompts
    )


def test_the_steps_are_a_function_of_the_material() -> None:
    one, other = ScriptedLanguageModel(context_tokens=4_096), ScriptedLanguageModel(context_tokens=4_096)
    asked(LONG, one)
    asked(LONG, other)

    assert one.prompts == other.prompts


def test_a_part_that_proves_nothing_is_left_out_of_the_whole() -> None:
    model = ScriptedLanguageModel(UNPROVEN, UNPROVEN, context_tokens=4_096)
    found = asked(LONG, model)

    assert found.summary is not None
    assert 2 == found.dropped


def test_steps_come_to_an_end_whatever_is_answered() -> None:
    """A model that answers with as much as it may, of the longest: each step has a quarter of the last one's parts."""

    def wordy(_: str, user: str) -> str:
        found = re.findall(r"^\[(\d+)\] [^\n]*:\n    ([^\n]{5,300})", user, re.MULTILINE)
        return answer(*[bullet(body[:240], (number, body)) for number, body in found[:30]], title="x " * 40)

    talk = segment(*[f"{n} " + f"wörter wie diese hier {n} " * 40 for n in range(1, 60)])
    model = ScriptedLanguageModel(answer=wordy, context_tokens=3_600)
    found = asked(talk, model)

    assert found.summary is not None
    assert [] == unproven(talk, evidence_of(found.summary))


def test_one_event_longer_than_the_context_is_worded_from_its_ends() -> None:
    talk = segment("The deploy begins here. " + "noise and more of it " * 9_000 + "The deploy failed at the end.")
    found = worded(
        talk,
        answer(
            bullet("The deploy failed.", (1, "The deploy failed at the end")),
            bullet("There was noise.", (1, "noise and more of it\n[… 12 characters left out …]\nnoise and more")),
        ),
        context_tokens=4_096,
    )

    assert [] == unproven(talk, evidence_of(found.summary))
    assert ["The deploy failed at the end"] == quoted(talk, found.summary)[0]


# -- parents ----------------------------------------------------------------------------------


def day_of(*segments: Material) -> tuple[Material, dict[Excerpt, str]]:
    """A day over worded segments, and the words of their evidence."""
    children = []
    said: dict[Excerpt, str] = {}
    for n, one in enumerate(segments):
        summary = worded(one).summary
        assert isinstance(summary, Summary)
        children.append(ChildMaterial(node_id=f"segment/{n}", summary=summary, event_count=3, projects=()))
        for place, (text,) in zip(evidence_of(summary), quoted(one, summary), strict=True):
            said[place] = text
    return Material(level=Level.DAY, label="Friday, 9 January 2026", children=tuple(children)), said


def test_a_parent_cites_its_childrens_evidence_as_it_was_given() -> None:
    """The contents accept of a parent what is one of its children's excerpts, whole."""
    day, said = day_of(TALK, segment("We ship on Friday, then.", "The release notes are missing."))
    model = ScriptedLanguageModel()
    found = word(day, model, node_id="day/2026-01-09", digest="d", tokens=TOKENS, said=said.__getitem__)

    assert evidence_of(found.summary)
    assert set(evidence_of(found.summary)) <= set(said)
    assert "“We ship on Friday, then.”" in model.prompts[0].user


def test_a_parent_is_worded_without_its_childrens_words_as_well() -> None:
    day, said = day_of(TALK)
    found = word(day, ScriptedLanguageModel(), node_id="day/2026-01-09", digest="d", tokens=TOKENS)

    assert evidence_of(found.summary)
    assert set(evidence_of(found.summary)) <= set(said)


def test_a_parent_with_more_children_than_the_context_holds_is_worded_in_steps() -> None:
    day, said = day_of(*[segment(f"We settled topic{n} at noon.", f"And topic{n} again.") for n in range(90)])
    model = ScriptedLanguageModel(context_tokens=3_600)
    found = word(day, model, node_id="day/2026-01-09", digest="d", tokens=TOKENS, said=said.__getitem__)

    assert len(model.prompts) > 2
    assert evidence_of(found.summary)
    assert set(evidence_of(found.summary)) <= set(said)


# -- before anything is sent ------------------------------------------------------------------


@pytest.mark.parametrize(("material", "context"), [(TALK, 16_000), (LONG, 4_096), (LONG, 100_000)])
def test_a_plan_is_what_is_sent(material: Material, context: int) -> None:
    planned = plan(material, context_tokens=context, tokens=TOKENS)
    model = ScriptedLanguageModel(context_tokens=context)
    asked(material, model)

    assert list(planned.prompts) == model.prompts[: len(planned.prompts)]
    assert len(model.prompts) <= len(planned.prompts) + planned.later
    assert sum(TOKENS.count(one.system) + TOKENS.count(one.user) for one in model.prompts) <= planned.tokens_in * 1.2


def test_nothing_is_planned_where_nobody_said_anything() -> None:
    planned = plan(segment(" "), context_tokens=16_000, tokens=TOKENS)

    assert ((), 0, 0) == (planned.prompts, planned.later, planned.tokens_in)


def test_usage_adds_up_and_a_cost_is_known_where_each_is() -> None:
    one = Usage(calls=1, tokens_in=10, tokens_out=2, cost_usd=0.5)

    assert Usage(calls=2, tokens_in=20, tokens_out=4, cost_usd=1.0) == added(added(Usage(), one), one)
    assert added(one, Usage(calls=1)).cost_usd is None


def test_whatever_is_answered_what_is_recorded_verifies() -> None:
    """Good answers with bytes scrambled, by a seed: no point comes through whose evidence does not verify."""
    seed = random.randrange(1 << 32)
    print(f"scrambled by seed {seed}")
    chance = random.Random(seed)

    def scrambled(system: str, user: str) -> str:
        sent = list(minutes_of(system, user))
        for _ in range(chance.randint(0, 40)):
            sent[chance.randrange(len(sent))] = chance.choice('abc "\\{}[],:é\n0')
        return "".join(sent)

    for _ in range(40):
        try:
            found = asked(TALK, ScriptedLanguageModel(answer=scrambled))
        except ProviderRefused:
            continue
        assert [] == unproven(TALK, evidence_of(found.summary))
        assert all(point.evidence and point.text for point in (found.summary.points if found.summary else ()))
        assert json.dumps(found.refusal)
