"""The digest of a material: what an answer in the log is found by.

SHA-256 of MessagePack, arrays of arrays in the order below. Everything is in it that a language model may be
shown, and nothing else: a weight is not, for it only ranks bullets among each other. Answers are kept for
ever and found by it, so a change here is a new form, which asks about every node again.

    form, level, label, [project], [passage], [child]
    passage    event id, kind, role, speaker, tool, text, [[start, end] of what is left out]
    child      node id, count of events, [project], title, abstract, [keyword], [point]
    point      text, type, [[event id, start, end]]
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import msgspec

from agent_memory.toc.material import ChildMaterial, Material

MATERIAL_FORM = "material/1"

_encoder = msgspec.msgpack.Encoder()


def material_digest(material: Material) -> str:
    """SHA-256 of *material* in hex: equal for materials that a model cannot tell apart. Pure."""
    # The property `value` is Python code, and this runs for every passage of every segment that changes.
    passages = [
        (p.event_id, p.kind._value_, p.role._value_, p.speaker, p.tool_name, p.text, p.left_out)
        for p in material.passages
    ]
    children = [_child(child) for child in material.children]
    parts = (MATERIAL_FORM, material.level._value_, material.label, material.projects, passages, children)
    try:
        encoded = _encoder.encode(parts)
    except UnicodeEncodeError:
        encoded = _encoder.encode(_as_bytes(parts))
    return sha256(encoded).hexdigest()


def _child(child: ChildMaterial) -> tuple[Any, ...]:
    summary = child.summary
    points = [(p.text, p.type, [(e.event_id, e.start, e.end) for e in p.evidence]) for p in summary.points]
    return (
        child.node_id,
        child.event_count,
        child.projects,
        summary.title,
        summary.abstract,
        summary.keywords,
        points,
    )


def _as_bytes(part: Any) -> Any:
    """The same with every text as its WTF-8: one of them holds half a surrogate pair, and is in the log with it."""
    if isinstance(part, str):
        return part.encode("utf-8", "surrogatepass")
    return [_as_bytes(inner) for inner in part] if isinstance(part, tuple | list) else part
