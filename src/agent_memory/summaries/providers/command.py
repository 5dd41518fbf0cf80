"""Any program: it reads a question, writes an answer, and ends.

    input  json   {"system", "user", "schema", "answer_tokens_max"}, UTF-8, one object
           text   what a person would type: the system prompt, the schema, the user prompt
    output        the answer alone, or the frame that `claude -p`, `codex exec` or `gemini` have around it;
                  a program made for this may count: {"answer", "model", "usage": {"tokens_in", "tokens_out",
                  "cost_usd"}}
    arguments     `{system}` and `{schema}` in an argument stand for those texts; `schema.json`, in the folder
                  that the program runs in, holds the schema

It runs in an empty folder of its own, so that an agent reads no project's files, and with the mark in its
environment that keeps our hooks from capturing what it does.
"""

from __future__ import annotations

import re
import shlex
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec

from agent_memory.config import INTERNAL_VARIABLE
from agent_memory.summaries.errors import ProviderCutOff, ProviderMisconfigured, ProviderRefused, ProviderUnavailable
from agent_memory.summaries.model import Prompt, Reply, Usage
from agent_memory.summaries.port import LanguageModel
from agent_memory.summaries.providers.failures import QUOTA_WAIT_S, safe_words
from agent_memory.summaries.providers.frames import Framed, unframed
from agent_memory.summaries.providers.processes import Ended, Killed, Processes, TimedOut, TooLong
from agent_memory.summaries.providers.prompts import sendable, with_schema
from agent_memory.summaries.providers.settings import ProviderSettings

FOLDER_BEGINS = "agent-memory-asks-"
"""What its folder's name begins with: capture knows by it what an agent keeps of being asked here."""

_PROVIDER = "command"
_SCHEMA_FILE = "schema.json"
# Claude Code does not start inside of itself, and the daemon may have been started from there.
_LEFT_OUT = ("CLAUDECODE", "CLAUDE_CODE_ENTRYPOINT")
_NOT_STARTED = (126, 127)
_LIMIT = re.compile(r"(usage|rate|spend|session|weekly) limit|quota|too many requests|\b429\b", re.IGNORECASE)
_LOGIN = re.compile(r"log ?in|logged (in|out)|api[ _-]?key|authenticat|unauthori[sz]ed", re.IGNORECASE)
_TOO_LONG = re.compile(r"prompt is too long|context.{0,3}(length|window)", re.IGNORECASE)


class CommandLanguageModel:
    """A `LanguageModel` that is a program."""

    def __init__(self, settings: ProviderSettings) -> None:
        self._settings = settings
        self._arguments = _split(settings.command)
        self._tells_schema = any("{schema}" in each or _SCHEMA_FILE in each for each in self._arguments)
        self._processes = Processes()

    def __repr__(self) -> str:
        return f"CommandLanguageModel({Path(self._arguments[0]).name!r})"

    @property
    def provider(self) -> str:
        return _PROVIDER

    @property
    def model(self) -> str:
        return self._settings.model

    @property
    def context_tokens(self) -> int:
        return self._settings.context_tokens - self._settings.thinking_tokens

    def complete(self, prompt: Prompt) -> Reply:
        prompt = sendable(prompt)
        schema = msgspec.json.encode(prompt.schema).decode()
        system = prompt.system if self._tells_schema else with_schema(prompt)
        arguments = [each.replace("{system}", system).replace("{schema}", schema) for each in self._arguments]
        with tempfile.TemporaryDirectory(prefix=FOLDER_BEGINS, ignore_cleanup_errors=True) as folder:
            (Path(folder) / _SCHEMA_FILE).write_text(schema, encoding="utf-8")
            ended = self._run([self._program(), *arguments[1:]], Path(folder), self._input(prompt))
        framed = unframed(ended.output)
        if ended.code != 0 or framed.failed:
            raise self._failure(ended, framed, prompt)
        if not framed.text.strip():
            raise ProviderRefused(_PROVIDER, "the program ended without an answer", usage=_usage(framed))
        return Reply(text=framed.text.strip(), model=framed.model or self.model, usage=_usage(framed))

    def close(self) -> None:
        self._processes.close()

    def _program(self) -> str:
        """Where it is. What the settings name by a relative path is not looked for in the empty folder."""
        named = Path(self._arguments[0]).expanduser()
        found = shutil.which(str(named), path=self._settings.environ.get("PATH"))
        if found is None:
            hint = (
                "Name it by its whole path: a daemon that was started as a service does not have the PATH of your "
                "shell."
            )
            problem = "there is no such program, or it may not be run"
            raise ProviderMisconfigured("summaries_command", self._arguments[0], problem, hint=hint)
        return str(Path(found).absolute())

    def _input(self, prompt: Prompt) -> bytes:
        if self._settings.command_input == "text":
            # What is told as an argument is not told twice.
            if any("{system}" in each for each in self._arguments):
                return prompt.user.encode()
            system = prompt.system if self._tells_schema else with_schema(prompt)
            return f"{system}\n\n{prompt.user}".encode()
        return msgspec.json.encode(
            {
                "system": prompt.system,
                "user": prompt.user,
                "schema": prompt.schema,
                "answer_tokens_max": prompt.answer_tokens_max,
            }
        )

    def _run(self, arguments: list[str], folder: Path, given: bytes) -> Ended:
        environ = _environ(self._settings.environ)
        try:
            return self._processes.run(
                arguments, folder=folder, environ=environ, given=given, timeout_s=self._settings.timeout_s
            )
        except TimedOut:
            problem = f"the program gave no answer within {self._settings.timeout_s:g} s"
            raise ProviderUnavailable(_PROVIDER, problem) from None
        except Killed:
            raise ProviderCutOff(_PROVIDER, "the program was ended from outside") from None
        except TooLong as error:
            raise ProviderUnavailable(_PROVIDER, f"the program wrote more than {error.limit:,} bytes") from None
        except OSError as error:
            problem = f"it cannot be started: {error.strerror}"
            raise ProviderMisconfigured("summaries_command", arguments[0], problem) from None

    def _failure(self, ended: Ended, framed: Framed, prompt: Prompt) -> Exception:
        said = framed.text if framed.failed and framed.text else _last_line(ended.errors)
        told = f"the program ended with {ended.code}" if ended.code else "the program says that it failed"
        if words := safe_words(said, prompt):
            told = f"{told}: {words}"
        if ended.code in _NOT_STARTED:
            return ProviderMisconfigured("summaries_command", self._arguments[0], told)
        if framed.refused or _TOO_LONG.search(said):
            return ProviderRefused(_PROVIDER, told)
        if _LIMIT.search(said):
            return ProviderUnavailable(_PROVIDER, told, wait_s=QUOTA_WAIT_S)
        if _LOGIN.search(said):
            hint = "Run the program by hand and log in, as the user whose daemon it is."
            return ProviderMisconfigured("summaries_command", self._arguments[0], told, hint=hint)
        return ProviderUnavailable(_PROVIDER, told)


def open_command(settings: ProviderSettings) -> LanguageModel:
    """The factory of the provider `command`. Errors: `ProviderMisconfigured` for a line that cannot be split."""
    return CommandLanguageModel(settings)


def _usage(framed: Framed) -> Usage:
    return Usage(calls=1, tokens_in=framed.tokens_in, tokens_out=framed.tokens_out, cost_usd=framed.cost_usd)


def _split(line: str) -> list[str]:
    try:
        arguments = shlex.split(line)
    except ValueError as error:
        hint = "Quote it as in a shell; none will read it."
        # A key may stand anywhere in the line.
        raise ProviderMisconfigured(
            "summaries_command", f"{line[:12]}…", f"it cannot be split: {error}", hint=hint
        ) from None
    if not arguments:
        raise ProviderMisconfigured("summaries_command", line, "a program is expected")
    return arguments


def _environ(environ: Mapping[str, str]) -> dict[str, str]:
    return {**{name: value for name, value in environ.items() if name not in _LEFT_OUT}, INTERNAL_VARIABLE: "1"}


def _last_line(errors: str) -> str:
    return next((line for line in reversed(errors.splitlines()) if line.strip()), "")
