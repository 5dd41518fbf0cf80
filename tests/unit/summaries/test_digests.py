"""The digest of a material covers all that a model may be shown, and nothing else."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_memory.events import Kind, Role
from agent_memory.summaries.digests import material_digest
from agent_memory.testing.strategies import texts
from agent_memory.toc.material import ChildMaterial, Excerpt, Level, Material, Passage, Point, Summary

PASSAGE = Passage(
    event_id="01KEGMY100000000000000000Z",
    kind=Kind.USER_MESSAGE,
    role=Role.USER,
    speaker="Ana",
    tool_name="",
    text="We ship on Friday.",
    left_out=((3, 7),),
)
POINT = Point(text="Ships on Friday", evidence=(Excerpt(event_id="e", start=1, end=5),), weight=2.0, type="decision")
SUMMARY = Summary(title="Shipping", points=(POINT,), keywords=("ship",), abstract="Friday it is.")
CHILD = ChildMaterial(node_id="day/2026-01-09", summary=SUMMARY, event_count=3, projects=("shop",))
SEGMENT = Material(level=Level.SEGMENT, label="Friday, 9 January 2026", passages=(PASSAGE,), projects=("shop",))
WEEK = Material(level=Level.WEEK, label="Week 2", children=(CHILD,), projects=("shop",))

changed = msgspec.structs.replace


def with_passage(**fields: Any) -> Material:
    return changed(SEGMENT, passages=(changed(PASSAGE, **fields),))


def with_child(**fields: Any) -> Material:
    return changed(WEEK, children=(changed(CHILD, **fields),))


def with_point(**fields: Any) -> Material:
    return with_child(summary=changed(SUMMARY, points=(changed(POINT, **fields),)))


OTHERS = [
    changed(SEGMENT, level=Level.DAY),
    changed(SEGMENT, label="Saturday"),
    changed(SEGMENT, projects=()),
    changed(SEGMENT, projects=("sho", "p")),
    changed(SEGMENT, passages=(PASSAGE, PASSAGE)),
    with_passage(event_id="01KEGMY100000000000000000Y"),
    with_passage(kind=Kind.OTHER),
    with_passage(role=Role.SYSTEM),
    with_passage(speaker="Bo"),
    with_passage(speaker="", tool_name="Ana"),
    with_passage(text="We ship on Friday!"),
    with_passage(text="We ship on Friday\ud800"),
    with_passage(text="We ship on Friday\ud801"),
    with_passage(left_out=((3, 8),)),
    changed(WEEK, children=(CHILD, CHILD)),
    with_child(node_id="day/2026-01-10"),
    with_child(event_count=4),
    with_child(projects=()),
    with_child(summary=changed(SUMMARY, title="Shipped")),
    with_child(summary=changed(SUMMARY, abstract="")),
    with_child(summary=changed(SUMMARY, keywords=())),
    with_child(summary=changed(SUMMARY, points=())),
    with_point(text="Ships"),
    with_point(type=""),
    with_point(evidence=(Excerpt(event_id="e", start=1, end=6),)),
]


def test_another_material_has_another_digest() -> None:
    digests = [material_digest(material) for material in [SEGMENT, WEEK, *OTHERS]]

    assert len(digests) == len(set(digests))


def test_a_weight_is_shown_to_nobody() -> None:
    assert material_digest(WEEK) == material_digest(with_point(weight=9.0))


@pytest.mark.parametrize(
    ("material", "digest"),
    [
        (SEGMENT, "f30a8995958c3544deb05805da4479c61672db5354e9b3c83eee8ce84075684e"),
        (with_passage(text="half \ud83d"), "fd624a76504a8af1cc025895f785728d8cbb07b0e6fe465c51e0b31e9667fb82"),
        (WEEK, "f8d598e1ca5faa82c383ee1a538c178645a3839be186ac755855af691e9eaa8a"),
    ],
)
def test_the_form_stays_as_it_is(material: Material, digest: str) -> None:
    """Answers that are in stores are found by these; another form needs another name."""
    assert digest == material_digest(material)


@given(st.lists(texts(), min_size=2, max_size=2, unique=True))
def test_any_two_texts_have_different_digests(said: list[str]) -> None:
    one, other = (with_passage(text=text) for text in said)

    assert material_digest(one) != material_digest(other)
    assert material_digest(one) == material_digest(with_passage(text=said[0]))
