"""What a provider needs of the settings, with its key where only a request looks."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from agent_memory.config import Config
from agent_memory.summaries.errors import ProviderMisconfigured

_KEY_LENGTH_MAX = 4096


class ProviderSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings `summaries_…` that say whom to ask, and how. ``environ`` is where variables are looked up."""

    provider: str
    model: str = ""
    url: str = ""
    key_variable: str = ""
    key_file: str = ""
    command: str = ""
    command_input: str = "json"
    context_tokens: int = 32_000
    thinking_tokens: int = 4_000
    timeout_s: float = 120.0
    environ: Mapping[str, str] = msgspec.field(default_factory=dict)

    @classmethod
    def from_config(cls, config: Config, environ: Mapping[str, str] | None = None) -> ProviderSettings:
        """Read off the settings; *environ* is the process's by default."""
        return cls(
            provider=config.summaries_provider.strip(),
            model=config.summaries_model.strip(),
            url=config.summaries_url.rstrip("/"),
            key_variable=config.summaries_key_variable,
            key_file=config.summaries_key_file,
            command=config.summaries_command,
            command_input=config.summaries_command_input,
            context_tokens=config.summaries_context_tokens,
            thinking_tokens=config.summaries_thinking_tokens,
            timeout_s=config.summaries_timeout_s,
            environ=os.environ if environ is None else environ,
        )

    def __repr__(self) -> str:
        return f"ProviderSettings({self.provider!r}, model={self.model!r}, url={self.url!r})"


class KeySource:
    """Where a provider's key is. It is read for each request, so that a new one needs no restart."""

    def __init__(self, settings: ProviderSettings, usual_variable: str) -> None:
        self._settings = settings
        # The usual variable is meant for the provider itself, and not for whoever else a URL names.
        self._variable = settings.key_variable or ("" if settings.url else usual_variable)

    @property
    def place(self) -> str:
        """Where it is looked for, in words; empty where no key is used."""
        if self._settings.key_file:
            return f"the file {self._settings.key_file}"
        return f"the variable {self._variable}" if self._variable else ""

    def read(self) -> str:
        """The key; empty where none is used. Errors: `ProviderMisconfigured`, without the key."""
        if self._settings.key_file:
            return self._checked("summaries_key_file", self._settings.key_file, _text_of(self._settings.key_file))
        if not self._variable:
            return ""
        return self._checked(
            "summaries_key_variable", self._variable, self._settings.environ.get(self._variable, "").strip()
        )

    def _checked(self, field: str, place: str, key: str) -> str:
        if not key:
            hint = (
                "Put the key into a file for you alone and name it in summaries_key_file; a daemon that was started "
                "as a service does not have the variables of your shell."
            )
            raise ProviderMisconfigured(field, place, f"{self.place} holds no key", hint=hint)
        if len(key) > _KEY_LENGTH_MAX or not (key.isascii() and key.isprintable()) or " " in key:
            hint = "The key alone is expected there, in one line."
            raise ProviderMisconfigured(field, place, f"{self.place} holds something that is no key", hint=hint)
        return key


def _text_of(path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            return file.read(_KEY_LENGTH_MAX + 2).decode("utf-8-sig", "replace").strip()
    except OSError as error:
        hint = "Name a file that the daemon can read, with the key and nothing else in it."
        problem = f"it cannot be read: {error.strerror}"
        raise ProviderMisconfigured("summaries_key_file", path, problem, hint=hint) from None
