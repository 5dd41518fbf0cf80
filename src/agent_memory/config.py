"""Settings: defaults < a TOML file < `AGENT_MEMORY_*` < flags, read once into one frozen `Config`.

The fields of `Config` are the one table of settings; `SETTINGS` is the same table for readers
(`config show`, the docs), and every check below is made from it.
"""

from __future__ import annotations

import difflib
import functools
import os
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from agent_memory.errors import InvalidConfig

ENVIRONMENT_PREFIX = "AGENT_MEMORY_"
FILE_VARIABLE = "AGENT_MEMORY_CONFIG"
INTERNAL_VARIABLE = "AGENT_MEMORY_INTERNAL"
# Ours, and no settings: the file's own variable, the mark of what works for us, what the test suite is told.
_OTHER_VARIABLES = (FILE_VARIABLE, INTERNAL_VARIABLE, "AGENT_MEMORY_TEST_")

_KIB = 1 << 10
_MIB = 1 << 20
_LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "[::1]")
# gRPC counts message sizes in a signed 32-bit number.
_MESSAGE_BYTES_LIMIT = (1 << 31) - 1
# Room in a message for an event's names and its framing, beside its text and metadata.
_MESSAGE_OVERHEAD_BYTES = 64 * _KIB

_MODELLED = ("openai", "anthropic", "gemini")
"""Providers that have many models, and no default among them that would not age."""
_QUESTION_TOKENS_MIN = 2_000

# As `capture.model.Agent` has them; a test holds the two together.
_AgentName = Literal["claude-code", "codex", "gemini", "copilot", "opencode", "cursor", "chatgpt", "claude-ai"]
_RemindedName = Literal["claude-code", "codex", "gemini", "copilot", "cursor"]


_BESIDE_STORE = Path()


def user_data_dir() -> Path:
    """Where this user's data is unless settings say otherwise."""
    from platformdirs import user_data_path

    return user_data_path("agent-memory", appauthor=False)


def _default_store() -> Path:
    return user_data_dir() / "store"


def spool_beside(store: Path) -> Path:
    """The spool of a store where none is named: `…/store` has `…/spool`, `…/work` has `…/work-spool`.

    A store's own, so that no daemon takes in what was meant for another's. The hook has the same rule.
    """
    return store.parent / ("spool" if store.name == "store" else f"{store.name}-spool")


def _default_model() -> Path:
    return user_data_dir() / "models" / "all-MiniLM-L6-v2"


def default_file() -> Path:
    """Where the settings file is looked for when none is named."""
    from platformdirs import user_config_path

    return user_config_path("agent-memory", appauthor=False) / "config.toml"


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Every setting, checked. ``origins`` says where each value came from.

    An origin is `default`, the path of a file, the name of a variable (`AGENT_MEMORY_ADDRESS`)
    or a flag (`--address`).
    """

    store: Annotated[Path, Meta(description="Folder of the store: one tenant's log and its views.")] = msgspec.field(
        default_factory=_default_store
    )
    spool: Annotated[
        Path, Meta(description="Folder where hooks leave what they capture until the daemon takes it in.")
    ] = _BESIDE_STORE
    time_zone: Annotated[
        str, Meta(description="IANA zone of a new store; empty: the machine's. A store keeps the one it was made with.")
    ] = ""
    address: Annotated[
        str, Meta(description="HOST:PORT of the daemon, on this machine only. Port 0: any free port.")
    ] = "127.0.0.1:7433"
    mcp_address: Annotated[
        str,
        Meta(description="HOST:PORT of MCP over HTTP, on this machine only. Port 0: any free port; empty: none."),
    ] = "127.0.0.1:7434"
    model: Annotated[Path, Meta(description="Folder of the embedding model; without one, search is by keyword.")] = (
        msgspec.field(default_factory=_default_model)
    )
    segment_gap_min: Annotated[
        int, Meta(ge=1, le=1440, description="Minutes of silence after which a new segment starts.")
    ] = 30
    segment_tokens_max: Annotated[
        int, Meta(ge=100, le=1_000_000, description="Tokens, about, at which a new segment starts.")
    ] = 4000
    text_bytes_max: Annotated[int, Meta(ge=1, le=256 * _MIB, description="Longest text of one event, in bytes.")] = _MIB
    metadata_bytes_max: Annotated[
        int, Meta(ge=0, le=16 * _MIB, description="Largest metadata of one event, in bytes.")
    ] = 64 * _KIB
    disk_reserve_bytes: Annotated[
        int, Meta(ge=0, le=1 << 50, description="Free disk space, in bytes, below which appends are refused.")
    ] = 64 * _MIB
    message_bytes_max: Annotated[
        int, Meta(ge=_MIB, le=_MESSAGE_BYTES_LIMIT, description="Largest gRPC message, in bytes.")
    ] = 64 * _MIB
    inference_threads: Annotated[int, Meta(ge=1, le=256, description="Threads that one embedding call may use.")] = 1
    log_format: Annotated[
        Literal["auto", "json", "console"],
        Meta(description="Form of the daemon's log on stderr; auto: console on a terminal, else json."),
    ] = "auto"
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="Least severe entry that is logged.")
    ] = "info"
    otlp_endpoint: Annotated[
        str, Meta(description="Where traces and metrics go by OTLP, as http://HOST:PORT; empty: nowhere.")
    ] = ""
    drain_s: Annotated[float, Meta(ge=0, le=600, description="Seconds that work under way has to finish on stop.")] = (
        5.0
    )
    capture_ignore_paths: Annotated[
        tuple[str, ...],
        Meta(description="Folders that nothing is captured in, those below them included: `~/private`, `**/*-secret`."),
    ] = ()
    capture_ignore_agents: Annotated[
        tuple[_AgentName, ...], Meta(description="Agents of which nothing is captured.")
    ] = ()
    redact: Annotated[
        Literal["on", "off"],
        Meta(description="Whether secrets are taken out of what is captured, imported and noted."),
    ] = "on"
    redact_extra: Annotated[
        tuple[str, ...],
        Meta(description="Own patterns of secrets: `PATTERN` or `KIND=PATTERN`, as `acme=ACME-[A-Za-z0-9]{20,40}`."),
    ] = ()
    redact_allow: Annotated[
        tuple[str, ...],
        Meta(description="What is never taken out: texts, or patterns of such as `re:PATTERN`."),
    ] = ()
    inject_agents: Annotated[
        tuple[_RemindedName, ...],
        Meta(description="Agents whose hooks answer with a reminder of what was said before."),
    ] = ()
    inject_tokens_max: Annotated[int, Meta(ge=50, le=4000, description="Longest reminder, in tokens.")] = 500
    summaries_provider: Annotated[
        str,
        Meta(
            description="Whose language model words the contents: openai, anthropic, gemini, command, or one of a "
            "plug-in. Empty: none, and nothing is sent anywhere."
        ),
    ] = ""
    summaries_model: Annotated[str, Meta(description="Model, as its provider names it.")] = ""
    summaries_url: Annotated[
        str,
        Meta(description="Base URL of the provider, as http://127.0.0.1:11434/v1; empty: the provider's own."),
    ] = ""
    summaries_key_variable: Annotated[
        str,
        Meta(
            description="Environment variable that holds the provider's key; empty: at the provider's own URL the "
            "usual one (OPENAI_API_KEY, ANTHROPIC_API_KEY, GEMINI_API_KEY), at another URL none."
        ),
    ] = ""
    summaries_key_file: Annotated[
        str, Meta(description="File that holds the provider's key and nothing else, absolute or from `~`.")
    ] = ""
    summaries_command: Annotated[
        str, Meta(description="Program of the provider `command`, with its arguments; no shell reads it.")
    ] = ""
    summaries_command_input: Annotated[
        Literal["json", "text"],
        Meta(description="What the program reads: json for one made for it, text for an agent, as `claude -p`."),
    ] = "json"
    summaries_context_tokens: Annotated[
        int, Meta(ge=2_000, le=10_000_000, description="Tokens that a question to the model and its answer may have.")
    ] = 32_000
    summaries_thinking_tokens: Annotated[
        int,
        Meta(ge=0, le=200_000, description="Of these, tokens in which the model may think before it answers."),
    ] = 4_000
    summaries_timeout_s: Annotated[
        float, Meta(ge=1, le=3600, description="Seconds that the model has for one answer.")
    ] = 120.0
    summaries_usd_per_million_in: (
        Annotated[float, Meta(ge=0, le=1e6, description="Price of a million tokens asked, in USD; empty: unknown.")]
        | None
    ) = None
    summaries_usd_per_million_out: (
        Annotated[float, Meta(ge=0, le=1e6, description="Price of a million tokens answered, in USD; empty: unknown.")]
        | None
    ) = None
    summaries_in_flight_max: Annotated[
        int, Meta(ge=1, le=64, description="Questions to the model that are under way at once.")
    ] = 2
    summaries_calls_per_minute_max: Annotated[
        int, Meta(ge=0, le=1_000_000, description="Questions to the model in a minute; 0: no limit.")
    ] = 60
    summaries_tokens_per_day_max: Annotated[
        int,
        Meta(ge=0, le=1_000_000_000_000, description="Tokens asked and answered in a day of the store; 0: no limit."),
    ] = 2_000_000
    summaries_usd_per_day_max: Annotated[
        float, Meta(ge=0, le=1e9, description="What the model may cost in a day of the store, in USD; 0: no limit.")
    ] = 0.0
    summaries_quiet_min: Annotated[
        int, Meta(ge=0, le=10_080, description="Minutes of silence after which a segment is worded.")
    ] = 10
    summaries_refusals_max: Annotated[
        int, Meta(ge=1, le=100, description="Refusals of the model after which a node is set aside.")
    ] = 3
    summaries_interrupted: Annotated[
        Literal["set-aside", "ask-again"],
        Meta(
            description="What becomes of a node whose call was cut off, so that nobody knows whether it was answered."
        ),
    ] = "set-aside"
    summaries_ignore_projects: Annotated[
        tuple[str, ...],
        Meta(description="Projects of which nothing is sent to the model: `~/private`, `**/*-secret`."),
    ] = ()
    origins: dict[str, str] = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.spool == _BESIDE_STORE:
            msgspec.structs.force_setattr(self, "spool", spool_beside(self.store))


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table: what a setting is called, may be, and is for."""

    name: str
    kind: Literal["path", "text", "whole number", "number", "choice", "list"]
    help: str
    at_least: float | None = None
    at_most: float | None = None
    choices: tuple[str, ...] = ()

    @property
    def default(self) -> object:
        """Its value where nothing else is said, for this user and machine."""
        return getattr(_defaults(), self.name)

    def told(self, value: object) -> str:
        """A value of it as a variable has it; a list with commas between, what is not set as nothing."""
        if value is None:
            return ""
        return ", ".join(value) if isinstance(value, tuple) else str(value)

    @property
    def variable(self) -> str:
        return ENVIRONMENT_PREFIX + self.name.upper()

    @property
    def flag(self) -> str:
        return "--" + self.name.replace("_", "-")

    @property
    def expected(self) -> str:
        """What it accepts, in words."""
        if self.kind == "list":
            return "a list of " + (", ".join(self.choices) or "texts")
        if self.choices:
            return "one of " + ", ".join(self.choices)
        if self.kind == "text":
            return "text"
        if self.at_least is not None:
            return f"a {self.kind} from {self.at_least:,} to {self.at_most:,}"
        return f"a {self.kind}"


def _setting(name: str, hint: object) -> Setting:
    if type(None) in typing.get_args(hint):  # It may be left open.
        hint = typing.get_args(hint)[0]
    kind, meta = typing.get_args(hint)
    if typing.get_origin(kind) is tuple:
        each = typing.get_args(kind)[0]
        return Setting(name=name, kind="list", help=meta.description, choices=typing.get_args(each))
    if typing.get_origin(kind) is Literal:
        choices = typing.get_args(kind)
        return Setting(name=name, kind="choice", help=meta.description, choices=choices)
    kinds: dict[object, Literal["path", "text", "whole number", "number"]] = {
        Path: "path",
        str: "text",
        int: "whole number",
        float: "number",
    }
    return Setting(name=name, kind=kinds[kind], help=meta.description, at_least=meta.ge, at_most=meta.le)


_TYPES = {name: hint for name, hint in typing.get_type_hints(Config, include_extras=True).items() if name != "origins"}
SETTINGS: tuple[Setting, ...] = tuple(_setting(name, hint) for name, hint in _TYPES.items())
_BY_NAME = {setting.name: setting for setting in SETTINGS}


@functools.cache
def _defaults() -> Config:
    return Config()


def load_config(
    *,
    flags: Mapping[str, object] = {},
    environ: Mapping[str, str] | None = None,
    file: Path | None = None,
) -> Config:
    """Return the settings in force.

    *flags* are by setting name; None means that the flag was not given. *environ* is the
    process's by default. *file* is read instead of `AGENT_MEMORY_CONFIG` or the default file,
    and must exist when it is named. Errors: `InvalidConfig`.
    """
    environ = os.environ if environ is None else environ
    values: dict[str, object] = {}
    origins = dict.fromkeys(_BY_NAME, "default")
    for name, found, origin, base in _given(flags, environ, file):
        values[name] = _checked(_BY_NAME[name], found, origin, base)
        origins[name] = origin
    config = Config(**values, origins=origins)  # type: ignore[arg-type]  # checked one by one above
    _check_message_size(config)
    check_summaries(config)
    return config


def _given(
    flags: Mapping[str, object], environ: Mapping[str, str], file: Path | None
) -> Iterator[tuple[str, object, str, Path]]:
    """Everything that is set anywhere, weakest first: name, value, origin, base of relative paths."""
    file = file or (Path(environ[FILE_VARIABLE]) if environ.get(FILE_VARIABLE) else None)
    named, path = file is not None, (file or default_file()).expanduser().absolute()
    for name, value in _read_file(path, must_exist=named).items():
        yield _known(name, value, str(path)), value, str(path), path.parent
    for variable, text in environ.items():
        if variable.startswith(ENVIRONMENT_PREFIX) and not variable.startswith(_OTHER_VARIABLES):
            name = _known(variable.removeprefix(ENVIRONMENT_PREFIX).lower(), text, variable)
            yield name, text, variable, Path.cwd()
    for name, value in flags.items():
        if value is not None:
            yield _known(name, value, "flags"), value, _BY_NAME[name].flag, Path.cwd()


def _read_file(path: Path, *, must_exist: bool) -> dict[str, object]:
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        if must_exist:
            hint = "Name a file that exists, or leave it out."
            raise InvalidConfig("config", str(path), "there is no such file", hint=hint) from None
        return {}
    except OSError as error:
        raise InvalidConfig("config", str(path), f"it cannot be read: {error.strerror}") from error
    import tomllib

    try:
        return tomllib.loads(raw.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        hint = 'Lines read `name = value`, with text in quotes: address = "127.0.0.1:7433".'
        raise InvalidConfig("config", str(path), f"it is not TOML: {error}", hint=hint) from error


def _known(name: str, value: object, origin: str) -> str:
    if name in _BY_NAME:
        return name
    near = difflib.get_close_matches(name, _BY_NAME, n=1)
    meant = f"Did you mean {near[0]}?" if near else f"The settings are {', '.join(_BY_NAME)}."
    # What somebody took to be the place of a key is not shown.
    shown = "…" if "key" in name.lower() else value
    raise InvalidConfig(name, shown, f"there is no such setting, from {origin}", hint=meant)


def _checked(setting: Setting, found: object, origin: str, base: Path) -> object:
    """The value in its own type. Only the text of a variable is read as a number, or with that of a flag as a list."""
    from_text = origin == setting.variable
    problem = f"{setting.expected} is expected, from {origin}"
    if setting.kind == "path":
        if not isinstance(found, str | Path) or not str(found).strip() or "\0" in str(found):
            raise InvalidConfig(setting.name, found, problem, hint=_or_default(setting))
        return base / Path(found).expanduser()
    if setting.kind == "list" and isinstance(found, str) and origin in (setting.variable, setting.flag):
        found = [part for text in found.split(",") if (part := text.strip())]
    try:
        value = msgspec.convert(found, _TYPES[setting.name], strict=not from_text)
    except msgspec.ValidationError:
        raise InvalidConfig(setting.name, found, problem, hint=_or_default(setting)) from None
    if setting.kind == "list" and not all(part.strip() and "\0" not in part for part in value):
        raise InvalidConfig(setting.name, found, f"none of the list may be blank, from {origin}", hint="Leave it out.")
    if setting.name == "address" or (setting.name == "mcp_address" and value):
        _check_address(value, origin, setting)
    elif setting.name == "time_zone" and value:
        _check_time_zone(value, origin)
    elif setting.name == "summaries_url" and value:
        _check_url(value, origin)
    elif setting.name == "summaries_key_file" and value:
        return _key_file(value, origin, base)
    elif setting.name == "summaries_key_variable" and value:
        _check_variable_name(value, origin)
    elif setting.name == "otlp_endpoint" and value and not value.startswith(("http://", "https://")):
        raise InvalidConfig(
            "otlp_endpoint", value, f"http://HOST:PORT is expected, from {origin}", hint="Leave it out to send nothing."
        )
    return value


def _or_default(setting: Setting) -> str:
    return f"Correct it, or leave it out: the default is {setting.told(setting.default) or 'empty'}."


def _check_address(address: str, origin: str, setting: Setting) -> None:
    host, colon, port = address.rpartition(":")
    if not colon or not (port.isascii() and port.isdecimal() and len(port) <= 5 and int(port) <= 65535):
        problem = f"HOST:PORT is expected, from {origin}"
        raise InvalidConfig(setting.name, address, problem, hint=f"Write {setting.default}.")
    if host not in _LOOPBACK_HOSTS:
        hint = f"Use one of {', '.join(_LOOPBACK_HOSTS)}; reach another machine's daemon through an SSH tunnel."
        problem = f"the daemon has no authentication and is reached on this machine only, from {origin}"
        raise InvalidConfig(setting.name, address, problem, hint=hint)


def _check_time_zone(name: str, origin: str) -> None:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        near = difflib.get_close_matches(name, available_timezones(), n=1)
        hint = f"Did you mean {near[0]}?" if near else "Use a name such as Europe/Vienna or UTC."
        raise InvalidConfig("time_zone", name, f"there is no such IANA zone, from {origin}", hint=hint) from None


def _check_url(url: str, origin: str) -> None:
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    hint = "Write https://api.openai.com/v1, http://127.0.0.1:11434/v1, or leave it out for the provider's own."
    if not is_address:
        problem = f"http://HOST:PORT/PATH or https://HOST/PATH is expected, from {origin}"
        raise InvalidConfig("summaries_url", url, problem, hint=hint)
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        # What stands there may be a secret, so that it is not shown.
        problem = f"nothing is allowed before the host or behind the path, from {origin}"
        hint = "Name a key with summaries_key_file or summaries_key_variable."
        raise InvalidConfig("summaries_url", f"{parts.scheme}://…{parts.hostname}…", problem, hint=hint)


def _key_file(path: str, origin: str, base: Path) -> str:
    """Where the key is, in full: what reads it knows nothing of the settings' own folder."""
    if "\0" in path or "\n" in path:
        # Perhaps it is the key itself.
        problem = f"a path is expected, from {origin}"
        raise InvalidConfig("summaries_key_file", "…", problem, hint="Put the key into a file and name that.")
    return str(base / Path(path).expanduser())


def _check_variable_name(name: str, origin: str) -> None:
    if not name.isidentifier() or not name.isascii():
        # Perhaps it is the key itself.
        problem = f"the name of an environment variable is expected, from {origin}"
        hint = "Write OPENAI_API_KEY, say: the name, and never the key."
        raise InvalidConfig("summaries_key_variable", "…", problem, hint=hint)


def check_summaries(config: Config) -> None:
    """What one setting of the summaries asks of another. Errors: `InvalidConfig`."""
    provider = config.summaries_provider
    if not provider:
        return
    if config.summaries_key_file and config.summaries_key_variable:
        problem = "a key is read from one place, and summaries_key_variable is set too"
        raise InvalidConfig("summaries_key_file", config.summaries_key_file, problem, hint="Leave out one of the two.")
    if provider == "command" and not config.summaries_command.strip():
        problem = "the provider `command` needs a program"
        hint = 'Write summaries_command = "/usr/local/bin/my-model --json", or see docs/providers.md for agents.'
        raise InvalidConfig("summaries_command", config.summaries_command, problem, hint=hint)
    if provider in _MODELLED and not config.summaries_model.strip():
        problem = f"the provider `{provider}` needs the name of a model"
        hint = "Write summaries_model as the provider's own list of models has it."
        raise InvalidConfig("summaries_model", config.summaries_model, problem, hint=hint)
    if config.summaries_context_tokens - config.summaries_thinking_tokens < _QUESTION_TOKENS_MIN:
        problem = f"beside {config.summaries_thinking_tokens:,} to think in, a question and its answer do not fit"
        hint = "Raise it to what the model takes, or lower summaries_thinking_tokens; 0 for models that do not think."
        raise InvalidConfig("summaries_context_tokens", config.summaries_context_tokens, problem, hint=hint)
    has_prices = None not in (config.summaries_usd_per_million_in, config.summaries_usd_per_million_out)
    if config.summaries_usd_per_day_max and not has_prices:
        # A program may tell what a call took, but only once it has been spent; and most do not.
        problem = "what a call will cost is not known, so no limit in money can hold"
        hint = (
            "Set summaries_usd_per_million_in and summaries_usd_per_million_out (0 for a model that costs nothing), "
            "or limit tokens only, with summaries_tokens_per_day_max."
        )
        raise InvalidConfig("summaries_usd_per_day_max", config.summaries_usd_per_day_max, problem, hint=hint)


def _check_message_size(config: Config) -> None:
    needed = config.text_bytes_max + config.metadata_bytes_max + _MESSAGE_OVERHEAD_BYTES
    if config.message_bytes_max < needed:
        problem = f"one event of the longest text and metadata needs {needed:,} bytes"
        hint = "Raise it, or lower text_bytes_max or metadata_bytes_max."
        raise InvalidConfig("message_bytes_max", config.message_bytes_max, problem, hint=hint)
