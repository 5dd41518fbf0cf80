"""A program is run by itself, in an empty folder, marked as ours, and never longer than it may."""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path

import pytest

from agent_memory.summaries.errors import ProviderCutOff, ProviderMisconfigured, ProviderRefused, ProviderUnavailable
from agent_memory.summaries.port import LanguageModel
from agent_memory.summaries.providers import ProviderSettings, open_language_model
from agent_memory.testing.language_model_checks import PROMPT, SCHEMA
from agent_memory.testing.waiting import eventually


def program(folder: Path, code: str, *arguments: str, **given: object) -> LanguageModel:
    """A provider that runs this Python code."""
    file = folder / "a program.py"
    file.write_text(code, encoding="utf-8")
    usual: dict[str, object] = {"timeout_s": 20.0, "environ": dict(os.environ)}
    line = " ".join(f"'{each}'" for each in (sys.executable, "-I", str(file), *arguments))
    return open_language_model(ProviderSettings(provider="command", command=line, **{**usual, **given}))


def told_by(model: LanguageModel) -> dict[str, object]:
    told: dict[str, object] = json.loads(model.complete(PROMPT).text)
    return told


def test_it_runs_in_an_empty_folder_of_its_own_with_our_mark(tmp_path: Path) -> None:
    code = """
import json, os, sys
mark, nested = os.environ.get("AGENT_MEMORY_INTERNAL"), os.environ.get("CLAUDECODE")
print(json.dumps({"answer": {"files": os.listdir(), "folder": os.getcwd(), "mark": mark, "nested": nested}}))
"""
    told = told_by(program(tmp_path, code, environ={**os.environ, "CLAUDECODE": "1"}))

    assert (["schema.json"], "1", None) == (told["files"], told["mark"], told["nested"])
    assert not Path(str(told["folder"])).exists()


def test_it_reads_one_object_of_json(tmp_path: Path) -> None:
    told = told_by(program(tmp_path, "import sys; print(sys.stdin.read())"))

    assert {"system": PROMPT.system, "user": PROMPT.user, "schema": SCHEMA, "answer_tokens_max": 500} == told


def test_an_agent_reads_what_a_person_would_type(tmp_path: Path) -> None:
    reply = program(tmp_path, "import sys; print(sys.stdin.read())", command_input="text").complete(PROMPT)

    assert reply.text.startswith(PROMPT.system)
    assert reply.text.endswith(PROMPT.user)
    assert '"additionalProperties":false' in reply.text


def test_system_prompt_and_schema_can_be_arguments(tmp_path: Path) -> None:
    code = "import json, sys; print(json.dumps({'answer': {'given': sys.argv[1:], 'read': sys.stdin.read()}}))"
    told = told_by(program(tmp_path, code, "--system", "{system}", "--schema={schema}", command_input="text"))

    assert PROMPT.user == told["read"]
    assert ["--system", PROMPT.system] == told["given"][:2]  # type: ignore[index]
    assert SCHEMA == json.loads(told["given"][2].removeprefix("--schema="))  # type: ignore[index]


def test_a_schema_that_no_argument_tells_goes_with_the_system_prompt(tmp_path: Path) -> None:
    told = told_by(program(tmp_path, "import json, sys; print(json.dumps({'answer': sys.argv[1:]}))", "{system}"))

    assert '"additionalProperties":false' in str(told)


def test_no_shell_reads_the_line(tmp_path: Path) -> None:
    told = told_by(program(tmp_path, "import json, sys; print(json.dumps({'answer': sys.argv[1:]}))", "$HOME; ls *"))

    assert ["$HOME; ls *"] == told


def test_one_that_does_not_read_is_not_waited_for(tmp_path: Path) -> None:
    long = type(PROMPT)(system="s", user="x" * 2_000_000, schema=SCHEMA, answer_tokens_max=1)

    assert "{}" == program(tmp_path, "print('{}')").complete(long).text


def test_all_that_it_started_ends_with_it(tmp_path: Path) -> None:
    """Here it ends at once and leaves somebody behind, who holds its output open."""
    code = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-I", "-c", "import time; time.sleep(600)"])
open({str(tmp_path / "child")!r}, "w").write(str(child.pid))
print("{{}}")
"""
    assert "{}" == program(tmp_path, code).complete(PROMPT).text
    eventually(lambda: not is_alive(int((tmp_path / "child").read_text())))


def test_all_that_it_started_is_killed_when_its_time_is_up(tmp_path: Path) -> None:
    code = f"""
import signal, subprocess, sys
for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(each, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-I", "-c", "import time; time.sleep(600)"])
open({str(tmp_path / "child")!r}, "w").write(str(child.pid))
child.wait()
"""
    with pytest.raises(ProviderUnavailable, match="no answer within 1 s"):
        program(tmp_path, code, timeout_s=1.0).complete(PROMPT)
    eventually(lambda: not is_alive(int((tmp_path / "child").read_text())))


def test_output_without_end_is_not_kept(tmp_path: Path) -> None:
    with pytest.raises(ProviderUnavailable, match="wrote more than"):
        program(tmp_path, "while True: print('x' * 100_000)").complete(PROMPT)


@pytest.mark.parametrize("code", ["import os; os.kill(os.getpid(), 15)", "import sys; sys.exit(143)"])
def test_who_asks_it_to_end_cuts_the_call_off(tmp_path: Path, code: str) -> None:
    with pytest.raises(ProviderCutOff, match="ended from outside"):
        program(tmp_path, code).complete(PROMPT)


def test_what_it_said_before_it_was_closed_is_no_answer(tmp_path: Path) -> None:
    """Its last words would tell of a missing login, which nobody has to mend."""
    code = f"""
import sys, time
print("Logged in as somebody", file=sys.stderr, flush=True)
open({str(tmp_path / "runs")!r}, "w").close()
time.sleep(600)
"""
    model = program(tmp_path, code)
    closing = threading.Thread(target=lambda: (eventually((tmp_path / "runs").exists), model.close()))
    closing.start()
    with pytest.raises(ProviderCutOff):
        model.complete(PROMPT)
    closing.join()


@pytest.mark.parametrize(
    ("code", "expected", "told"),
    [
        ("import sys; sys.exit('no network')", ProviderUnavailable, "no network"),
        ("import sys; sys.exit('5-hour usage limit reached')", ProviderUnavailable, "usage limit"),
        ("import sys; sys.exit('Not logged in. Please run /login')", ProviderMisconfigured, "/login"),
        ("import sys; sys.exit('prompt is too long')", ProviderRefused, "too long"),
        ("import sys; sys.exit(127)", ProviderMisconfigured, "ended with 127"),
        ("import os; os.kill(os.getpid(), 9)", ProviderUnavailable, "ended with -9"),
        ("import sys; sys.exit(sys.stdin.read())", ProviderUnavailable, "ended with 1"),
        ("pass", ProviderRefused, "without an answer"),
    ],
)
def test_how_it_ends_says_what_to_do(tmp_path: Path, code: str, expected: type[Exception], told: str) -> None:
    with pytest.raises(expected, match=told) as caught:
        program(tmp_path, code).complete(PROMPT)

    assert "deploy" not in str(caught.value)


def test_a_program_that_is_not_there_is_a_setting_to_mend() -> None:
    model = open_language_model(ProviderSettings(provider="command", command="no-such-program-anywhere -p"))
    with pytest.raises(ProviderMisconfigured) as caught:
        model.complete(PROMPT)

    assert "summaries_command" == caught.value.field
    assert "whole path" in caught.value.hint


@pytest.mark.parametrize("line", ["claude 'p", "", "   "])
def test_a_line_that_is_none_is_refused_at_once(line: str) -> None:
    with pytest.raises(ProviderMisconfigured):
        open_language_model(ProviderSettings(provider="command", command=line))


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # In a container nobody may be there to bury it.
    state = Path(f"/proc/{pid}/stat")
    return not (state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z")
