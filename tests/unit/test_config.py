"""Settings are merged in one order, remember their origin, and are refused with a way out."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_memory.capture.model import Agent
from agent_memory.config import SETTINGS, load_config
from agent_memory.errors import InvalidConfig


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def write_file(folder: Path, text: str) -> Path:
    file = folder / "settings.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_without_any_setting_every_origin_is_default() -> None:
    config = load_config(environ={})

    assert {"default"} == set(config.origins.values())
    assert [s.name for s in SETTINGS] == list(config.origins)
    assert (30, 4000, 1 << 20, 64 << 10, 64 << 20, 64 << 20, 1, 5.0) == (
        config.segment_gap_min,
        config.segment_tokens_max,
        config.text_bytes_max,
        config.metadata_bytes_max,
        config.disk_reserve_bytes,
        config.message_bytes_max,
        config.inference_threads,
        config.drain_s,
    )


def test_a_flag_beats_the_environment_beats_the_file_beats_the_default(tmp_path: Path) -> None:
    file = write_file(tmp_path, 'log_level = "debug"\nsegment_gap_min = 10\ndrain_s = 1\n')
    config = load_config(
        file=file,
        environ={"AGENT_MEMORY_SEGMENT_GAP_MIN": "20", "AGENT_MEMORY_DRAIN_S": "2"},
        flags={"drain_s": 3.5, "address": None},
    )

    assert ("debug", 20, 3.5) == (config.log_level, config.segment_gap_min, config.drain_s)
    assert (str(file), "AGENT_MEMORY_SEGMENT_GAP_MIN", "--drain-s", "default") == (
        config.origins["log_level"],
        config.origins["segment_gap_min"],
        config.origins["drain_s"],
        config.origins["address"],
    )


def test_the_file_of_the_user_is_read_where_none_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "config" / "agent-memory"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text("inference_threads = 2\n")
    config = load_config(environ={})

    assert 2 == config.inference_threads
    assert str(folder / "config.toml") == config.origins["inference_threads"]


def test_the_variable_names_the_file_and_the_flag_names_another(tmp_path: Path) -> None:
    one = write_file(tmp_path, "inference_threads = 2\n")
    other = tmp_path / "other.toml"
    other.write_text("inference_threads = 3\n")

    assert 2 == load_config(environ={"AGENT_MEMORY_CONFIG": str(one)}).inference_threads
    assert 3 == load_config(environ={"AGENT_MEMORY_CONFIG": str(one)}, file=other).inference_threads


def test_a_path_in_the_file_is_relative_to_the_file(tmp_path: Path) -> None:
    file = write_file(tmp_path, 'store = "my store"\n')

    assert tmp_path / "my store" == load_config(file=file, environ={}).store


def test_a_path_of_the_environment_is_relative_to_the_working_folder_and_knows_the_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    environ = {"AGENT_MEMORY_STORE": "here", "AGENT_MEMORY_MODEL": "~/model"}
    config = load_config(environ=environ)

    assert (tmp_path / "here", tmp_path / "home" / "model") == (config.store, config.model)


@pytest.mark.parametrize(
    ("environ", "field", "way_out"),
    [
        ({"AGENT_MEMORY_ADRESS": "127.0.0.1:1"}, "adress", "Did you mean address?"),
        ({"AGENT_MEMORY_QQ": "1"}, "qq", "The settings are store, "),
        ({"AGENT_MEMORY_STORE": ""}, "store", "default"),
        ({"AGENT_MEMORY_SEGMENT_GAP_MIN": "soon"}, "segment_gap_min", "default is 30"),
        ({"AGENT_MEMORY_SEGMENT_GAP_MIN": "0"}, "segment_gap_min", "default is 30"),
        ({"AGENT_MEMORY_SEGMENT_TOKENS_MAX": "1e9"}, "segment_tokens_max", "default is 4000"),
        ({"AGENT_MEMORY_DRAIN_S": "nan"}, "drain_s", "default is 5.0"),
        ({"AGENT_MEMORY_LOG_LEVEL": "loud"}, "log_level", "default is info"),
        ({"AGENT_MEMORY_ADDRESS": "7433"}, "address", "127.0.0.1:7433"),
        ({"AGENT_MEMORY_ADDRESS": "127.0.0.1:65536"}, "address", "127.0.0.1:7433"),
        ({"AGENT_MEMORY_ADDRESS": "127.0.0.1:" + "1" * 5000}, "address", "127.0.0.1:7433"),
        ({"AGENT_MEMORY_ADDRESS": "0.0.0.0:7433"}, "address", "SSH tunnel"),
        ({"AGENT_MEMORY_TIME_ZONE": "Europe/Wien"}, "time_zone", "Europe/Vienna"),
        ({"AGENT_MEMORY_TIME_ZONE": "../../etc/passwd"}, "time_zone", "such as"),
        ({"AGENT_MEMORY_OTLP_ENDPOINT": "localhost:4317"}, "otlp_endpoint", "Leave it out"),
        ({"AGENT_MEMORY_TEXT_BYTES_MAX": str(64 << 20)}, "message_bytes_max", "lower text_bytes_max"),
        ({"AGENT_MEMORY_SUMMARIES_URL": "localhost:11434"}, "summaries_url", "http://127.0.0.1:11434/v1"),
        ({"AGENT_MEMORY_SUMMARIES_URL": "http://[::1"}, "summaries_url", "leave it out"),
        ({"AGENT_MEMORY_SUMMARIES_KEY_VARIABLE": "sk-abc"}, "summaries_key_variable", "never the key"),
        ({"AGENT_MEMORY_SUMMARIES_PROVIDER": "openai"}, "summaries_model", "list of models"),
        ({"AGENT_MEMORY_SUMMARIES_PROVIDER": "command"}, "summaries_command", "docs/providers.md"),
        ({"AGENT_MEMORY_SUMMARIES_USD_PER_MILLION_IN": "-1"}, "summaries_usd_per_million_in", "default is empty"),
        ({"AGENT_MEMORY_CONFIG": "/nowhere/settings.toml"}, "config", "Name a file that exists"),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused_with_its_name_and_a_way_out(
    environ: dict[str, str], field: str, way_out: str
) -> None:
    with pytest.raises(InvalidConfig) as caught:
        load_config(environ=environ)

    assert field == caught.value.field
    assert way_out in caught.value.hint


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ('segment_gap_min = "30"\n', "segment_gap_min"),
        ("segment_gap_min = true\n", "segment_gap_min"),
        ("segment_gap_min = 1.5\n", "segment_gap_min"),
        ("address = 7433\n", "address"),
        ("store = 7\n", "store"),
        ('[serve]\naddress = "127.0.0.1:1"\n', "serve"),
        ("origins = {}\n", "origins"),
        ("address: 7433\n", "config"),
    ],
)
def test_a_file_with_a_wrong_type_or_form_is_refused_by_name(tmp_path: Path, text: str, field: str) -> None:
    with pytest.raises(InvalidConfig) as caught:
        load_config(file=write_file(tmp_path, text), environ={})

    assert field == caught.value.field


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidConfig) as caught:
        load_config(file=file, environ={})

    assert "config" == caught.value.field


def test_a_folder_in_the_place_of_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfig) as caught:
        load_config(file=tmp_path, environ={})

    assert "config" == caught.value.field


def test_a_list_is_an_array_in_the_file_and_has_commas_in_variables_and_flags(tmp_path: Path) -> None:
    file = write_file(tmp_path, 'capture_ignore_paths = ["~/a,b", "c"]\ncapture_ignore_agents = ["cursor"]\n')
    config = load_config(
        file=file,
        environ={"AGENT_MEMORY_CAPTURE_IGNORE_AGENTS": " codex, gemini ,"},
        flags={"inject_agents": "claude-code,codex"},
    )

    assert ("~/a,b", "c") == config.capture_ignore_paths
    assert ("codex", "gemini") == config.capture_ignore_agents
    assert ("claude-code", "codex") == config.inject_agents


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ('capture_ignore_paths = "~/private"\n', "capture_ignore_paths"),
        ('capture_ignore_paths = ["a", ""]\n', "capture_ignore_paths"),
        ("capture_ignore_paths = [1]\n", "capture_ignore_paths"),
        ('capture_ignore_agents = ["claude"]\n', "capture_ignore_agents"),
        ('inject_agents = ["opencode"]\n', "inject_agents"),
    ],
)
def test_a_list_of_something_else_is_refused_by_name(tmp_path: Path, text: str, field: str) -> None:
    with pytest.raises(InvalidConfig) as caught:
        load_config(file=write_file(tmp_path, text), environ={})

    assert field == caught.value.field


def test_every_agent_can_be_ignored() -> None:
    (setting,) = (setting for setting in SETTINGS if setting.name == "capture_ignore_agents")

    assert tuple(agent.value for agent in Agent) == setting.choices


def test_variables_of_the_test_suite_and_the_guard_are_no_settings() -> None:
    config = load_config(environ={"AGENT_MEMORY_TEST_MODEL": "/x", "AGENT_MEMORY_INTERNAL": "1", "OTHER": "1"})

    assert {"default"} == set(config.origins.values())


WORDED = {"summaries_provider": "openai", "summaries_model": "some-model"}


@pytest.mark.parametrize(
    "provider",
    [
        WORDED,
        {"summaries_provider": "anthropic", "summaries_model": "some-model"},
        {"summaries_provider": "gemini", "summaries_model": "some-model"},
        {"summaries_provider": "command", "summaries_command": "my-model"},
        {"summaries_provider": "plugged-in"},
    ],
)
@pytest.mark.parametrize("prices", [{}, {"summaries_usd_per_million_in": 3.0}, {"summaries_usd_per_million_out": 0.0}])
def test_a_budget_in_money_is_refused_where_no_price_is_known_whoever_is_asked(
    provider: dict[str, object], prices: dict[str, object]
) -> None:
    """It would hold nobody back; a program that tells its price tells it when the money is gone."""
    with pytest.raises(InvalidConfig, match="no limit in money can hold") as caught:
        load_config(environ={}, flags={**provider, **prices, "summaries_usd_per_day_max": 5})
    both = {"summaries_usd_per_million_in": 0.0, "summaries_usd_per_million_out": 0.0}
    config = load_config(environ={}, flags={**provider, **both, "summaries_usd_per_day_max": 5})

    assert "summaries_usd_per_day_max" == caught.value.field
    assert "summaries_usd_per_million_out" in caught.value.hint
    assert "summaries_tokens_per_day_max" in caught.value.hint
    assert 5 == config.summaries_usd_per_day_max


@pytest.mark.parametrize(
    ("more", "field", "way_out"),
    [
        ({"summaries_context_tokens": 4000}, "summaries_context_tokens", "summaries_thinking_tokens"),
        ({"summaries_key_file": "/k", "summaries_key_variable": "K"}, "summaries_key_file", "one of the two"),
    ],
)
def test_settings_of_summaries_that_do_not_go_together_are_refused(
    more: dict[str, object], field: str, way_out: str
) -> None:
    with pytest.raises(InvalidConfig) as caught:
        load_config(environ={}, flags={**WORDED, **more})

    assert field == caught.value.field
    assert way_out in caught.value.hint


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("AGENT_MEMORY_SUMMARIES_KEY", "sk-secret"),
        ("AGENT_MEMORY_SUMMARIES_KEY_VARIABLE", "sk-secret"),
        ("AGENT_MEMORY_SUMMARIES_KEY_FILE", "sk-secret\n"),
        ("AGENT_MEMORY_SUMMARIES_URL", "https://user:sk-secret@host/v1"),
        ("AGENT_MEMORY_SUMMARIES_URL", "https://host/v1?key=sk-secret"),
    ],
)
def test_a_key_in_the_wrong_place_is_refused_and_not_shown(variable: str, value: str) -> None:
    with pytest.raises(InvalidConfig) as caught:
        load_config(environ={variable: value})

    assert "sk-secret" not in f"{caught.value.advice} {caught.value.details}"


def test_a_price_that_is_not_set_is_unknown_and_one_of_nothing_is_free() -> None:
    config = load_config(environ={"AGENT_MEMORY_SUMMARIES_USD_PER_MILLION_IN": "0"})

    assert (0.0, None) == (config.summaries_usd_per_million_in, config.summaries_usd_per_million_out)


def test_the_file_of_a_key_is_found_from_the_settings_file_and_the_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    file = write_file(tmp_path, 'summaries_key_file = "key"\n')

    assert str(tmp_path / "key") == load_config(file=file, environ={}).summaries_key_file
    environ = {"AGENT_MEMORY_SUMMARIES_KEY_FILE": "~/key"}
    assert str(tmp_path / "home" / "key") == load_config(file=file, environ=environ).summaries_key_file


def test_an_unknown_flag_is_refused() -> None:
    with pytest.raises(InvalidConfig) as caught:
        load_config(flags={"colour": "red"}, environ={})

    assert "colour" == caught.value.field


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: s.name)
def test_every_setting_has_a_help_and_takes_its_own_default(setting) -> None:
    environ = {setting.variable: setting.told(setting.default)}
    if setting.told(setting.default):
        config = load_config(environ=environ)

        assert setting.default == getattr(config, setting.name)
        assert setting.variable == config.origins[setting.name]
    assert setting.help.endswith(".")
    assert setting.expected
