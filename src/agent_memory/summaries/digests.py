"""The digest of a material: what an answer in the log is found by.

SHA-256 over the parts of the material in a fixed order, each with its length before it, so that no two
materials run together into the same bytes. Everything is in it that a language model may be shown, and
nothing else: a weight is not, for it only ranks bullets among each other. Answers are kept for ever and
found by it, so a change here is a new form, which asks about every node again.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

from agent_memory.toc.material import ChildMaterial, Material, Passage, Summary

MATERIAL_FORM = "material/1"


def material_digest(material: Material) -> str:
    """SHA-256 of *material* in hex: equal for materials that a model cannot tell apart. Pure."""
    parts = [MATERIAL_FORM, material.level._value_, material.label]
    _put(parts, material.projects)
    parts.append(str(len(material.passages)))
    for passage in material.passages:
        _put_passage(parts, passage)
    parts.append(str(len(material.children)))
    for child in material.children:
        _put_child(parts, child)
    # A text may hold half a surrogate pair, and is in the log with it.
    framed = "".join([f"{len(part)}:{part}" for part in parts])
    return sha256(framed.encode("utf-8", "surrogatepass")).hexdigest()


def _put_passage(parts: list[str], passage: Passage) -> None:
    left_out = ",".join([f"{start}-{end}" for start, end in passage.left_out]) if passage.left_out else ""
    parts += (
        passage.event_id,
        passage.kind._value_,
        passage.role._value_,
        passage.speaker,
        passage.tool_name,
        passage.text,
        left_out,
    )


def _put_child(parts: list[str], child: ChildMaterial) -> None:
    parts += (child.node_id, str(child.event_count))
    _put(parts, child.projects)
    _put_summary(parts, child.summary)


def _put_summary(parts: list[str], summary: Summary) -> None:
    parts += (summary.title, summary.abstract)
    _put(parts, summary.keywords)
    parts.append(str(len(summary.points)))
    for point in summary.points:
        parts += (point.text, point.type, ",".join([f"{e.event_id}:{e.start}-{e.end}" for e in point.evidence]))


def _put(parts: list[str], names: Iterable[str]) -> None:
    """A list of any length: how many, and each."""
    listed = list(names)
    parts.append(str(len(listed)))
    parts += listed
