"""All of this folder as cases: texts, and values of JSON that are no text."""

from __future__ import annotations

from tests.data.secrets.corpus import Case
from tests.data.secrets.third import files, innocent, later, providers, talk

_ALL = (*files.CASES, *talk.CASES, *providers.CASES)

SECRETS = tuple(Case(f"third {title}", text, secrets) for title, text, secrets in _ALL if isinstance(text, str))
LOOK_ALIKES = tuple(Case(f"third {title}", text) for title, text in innocent.CASES if isinstance(text, str))
LATER_SECRETS = tuple(Case(f"later {title}", text, secrets) for title, text, secrets in later.CASES)
LATER_LOOK_ALIKES = tuple(Case(f"later {title}", text) for title, text in later.INNOCENT)
VALUES = tuple((title, value, secrets) for title, value, secrets in _ALL if not isinstance(value, str))
"""What has its secrets where no text has any: as names, under names, in pieces."""
PLAIN_VALUES = tuple((title, value) for title, value in innocent.CASES if not isinstance(value, str))
