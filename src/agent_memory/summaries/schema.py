"""The published form of a model's answer. docs/summaries.md shows it.

Only what every provider's structured output takes: no lengths, no patterns, every field required. Bounds are
told in words, and `checking` sees to them. A bullet's words come after its evidence, and title and abstract
after the bullets: a model writes from front to back, and so words what it has quoted.
"""

from __future__ import annotations

from typing import Any

BULLETS_MAX = 8
EVIDENCE_MAX = 3
KEYWORDS_MAX = 8
TITLE_MAX = 70
"""In code points, as the lengths below."""
BULLET_MAX = 240
ABSTRACT_MAX = 700
KEYWORD_MAX = 40
EXCERPT_MAX = 300

DECISION, QUESTION, OTHER = "decision", "question", "other"
"""What a bullet can be; anything else than the first two is no type of a `Point`."""


def _text(description: str) -> dict[str, object]:
    return {"type": "string", "description": description}


def _object(**properties: object) -> dict[str, object]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _list(items: object, description: str) -> dict[str, object]:
    return {"type": "array", "items": items, "description": description}


_EVIDENCE = _object(
    ref={"type": "integer", "description": "The number of the entry that is quoted."},
    quote=_text("5 to 30 words of that entry, copied character for character, without gaps."),
)
_BULLET = _object(
    evidence=_list(_EVIDENCE, f"What proves the bullet: 1 to {EVIDENCE_MAX} quotations."),
    text=_text("The bullet: one plain sentence that says nothing beyond what is quoted."),
    type={
        "type": "string",
        "enum": [DECISION, QUESTION, OTHER],
        "description": "'decision': something was settled; 'question': it was asked and stayed open; else 'other'.",
    },
)

ANSWER_SCHEMA: dict[str, Any] = _object(
    bullets=_list(_BULLET, f"The minutes: 1 to {BULLETS_MAX} bullets, the most important first."),
    title=_text(f"A heading of at most {TITLE_MAX} characters that tells this conversation from others."),
    abstract=_text("One paragraph of one to three sentences: what it was about and how it ended."),
    keywords=_list({"type": "string"}, f"Up to {KEYWORDS_MAX} names and terms, spelt as in the entries."),
)
"""JSON Schema of the answer to a `Prompt`."""
