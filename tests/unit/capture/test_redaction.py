"""Taking secrets out of texts and JSON values."""

from __future__ import annotations

import json
import os
import random
import re
import string
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_memory.capture.own_patterns import problem_of
from agent_memory.capture.redaction import Redactor, redact_text, redact_value
from agent_memory.capture.secrets import names, rules
from agent_memory.capture.secrets.finding import SIGHTS, flags, sights
from agent_memory.capture.secrets.tokens import inner_by_pattern, inner_by_walking
from tests.data.secrets.corpus import LOOK_ALIKES, SECRETS, Draw

GITHUB = "gh" + "p_" + Draw("github").word(36)
PASSWORD = "Fjord-77-moss!"

# -- every row of the table ------------------------------------------------------------------------


def drawn(items: Any, chance: random.Random) -> str:
    """A text that a parsed pattern matches, as short as it allows."""
    text = ""
    for what, given_ in items:
        name = str(what)
        if name == "LITERAL":
            text += chr(given_)
        elif name == "IN":
            text += chance.choice(members(given_))
        elif name in ("MAX_REPEAT", "POSSESSIVE_REPEAT"):
            text += "".join(drawn(given_[2], chance) for _ in range(given_[0]))
        elif name == "SUBPATTERN":
            text += drawn(given_[3], chance)
        elif name == "BRANCH":
            text += drawn(given_[1][0], chance)
        elif name not in ("AT", "ASSERT", "ASSERT_NOT"):
            raise AssertionError(name)
    return text


def members(given_: Any) -> str:
    found = ""
    for what, value in given_:
        if str(what) == "LITERAL":
            found += chr(value)
        elif str(what) == "RANGE":
            found += "".join(map(chr, range(value[0], value[1] + 1)))
        elif str(what) == "CATEGORY":
            found += string.digits
    # Characters that any part of a token may have come first; marks within are rare.
    return "".join(c for c in found if c.isalnum()) or found


BEGINNINGS = [(row, beginning) for row in range(len(rules.TOKENS)) for beginning in rules.TOKENS[row][1].split()]


@pytest.mark.parametrize(("row", "beginning"), BEGINNINGS, ids=[f"{beginning}" for _, beginning in BEGINNINGS])
def test_every_row_of_the_table_finds_what_it_describes(row: int, beginning: str) -> None:
    kind, _, rest, source = rules.TOKENS[row]
    if beginning.startswith("LS0t"):
        pytest.skip("what it encodes is looked at; the corpus has one")
    chance = random.Random(beginning)
    parsed = re._parser.parse(rest)  # type: ignore[attr-defined]
    # The pattern may ask for a digit somewhere ahead; the first draw that it takes will do.
    token = "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abcdefghijk"
    if kind != "jwt":
        token = next(
            t for _ in range(400) if re.fullmatch(rest, (t := drawn(parsed, chance)) or "-") and t[-1:].isalnum()
        )

    text, counts = redact_text(f"x = '{beginning}{token}' and on")

    assert (f"x = '[redacted: {kind}]' and on", Counter({kind: 1})) == (text, counts)
    assert source.startswith("https://")


# -- where rules look ------------------------------------------------------------------------------

MARKS = st.sampled_from([mark.decode() for mark in SIGHTS])


@given(st.lists(st.one_of(MARKS, st.text('aksecp:_"(tg ', max_size=6)), max_size=40).map("".join))
def test_a_long_text_is_looked_at_in_the_same_places_as_a_short_one(text: str) -> None:
    lowered = text.encode().lower()

    assert sorted(sights(lowered, long=False)) == sorted(sights(lowered, long=True))


# -- texts -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("nothing here", "nothing here"),
        (f"export T={GITHUB}", "export T=[redacted: github-token]"),
        (f"{GITHUB}{GITHUB}", None),
        (f"T={GITHUB}\r\nU=1\r\n", "T=[redacted: github-token]\r\nU=1\r\n"),
        (f"密码 🔑 password = '{PASSWORD}' 🔒", "密码 🔑 password = '[redacted: password]' 🔒"),
        (f"lone \ud800 {GITHUB} \udfff", "lone \ud800 [redacted: github-token] \udfff"),
        ("a <private>b</private> c", "a [redacted: private] c"),
        ("a <private>b <private>c</private> d</private> e", "a [redacted: private] e"),
        ("a <private>b\nand so on", "a [redacted: private]"),
        ("a <PRIVATE reason='x'>b</Private> c", "a [redacted: private] c"),
        ("a </private> c", "a </private> c"),
        ("say `<private>` around it", "say `<private>` around it"),
        ("Vec<private> x", "Vec<private> x"),
        ("Vec<private> x <private>b</private> c", "Vec<private> x [redacted: private] c"),
        ('{"password": "correct horse battery staple"}', '{"password": "[redacted: password]"}'),
        ('{"password": "The password must be long."}', '{"password": "The password must be long."}'),
        ("postgres://app:p%40ss77@db/app", "postgres://app:[redacted: url-password]@db/app"),
        ("postgres://app:p@ss77@db/app", "postgres://app:[redacted: url-password]@db/app"),
        ("AKIA" + "IOSFODNN7EXAMPLE", "[redacted: aws-access-key]"),
    ],
)
def test_a_secret_is_replaced_by_its_kind_and_the_rest_is_verbatim(text: str, expected: str | None) -> None:
    redacted, _ = redact_text(text)

    assert GITHUB not in redacted
    if expected is not None:
        assert expected == redacted


_BEGINNINGS = [one for row in rules.TOKENS for one in row[1].split()]
_PIECES = st.sampled_from([*_BEGINNINGS, *(one[:3] for one in _BEGINNINGS), *"._~-aA0"])


@given(st.lists(_PIECES, min_size=1, max_size=12).map("".join), st.data())
def test_a_token_inside_a_run_is_found_at_one_place_whichever_way(text: str, data: st.DataObject) -> None:
    """A hook, which looks at little, walks; whoever looks at much has compiled what to look for."""
    end = data.draw(st.integers(1, len(text)))
    begins = data.draw(st.integers(1, end))

    assert inner_by_pattern(text, begins, end) == inner_by_walking(text, begins, end)


def test_kinds_are_counted() -> None:
    _, counts = redact_text(f"{GITHUB} {GITHUB[:-1]}x password='{PASSWORD}'")

    assert {"github-token": 2, "password": 1} == counts


PIECES = st.one_of(
    st.sampled_from([case.text for case in (*SECRETS, *LOOK_ALIKES) if len(case.text) < 400]),
    st.sampled_from(
        ["\\", '"', "'", "\n", " ", "=", ": ", "password", "KEY", "<private>", "</private>", "@", "://", "-"]
    ),
    st.text(max_size=8),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES, max_size=6).map("".join))
def test_any_text_is_redacted_and_then_has_nothing_more_to_redact(text: str) -> None:
    once, _ = redact_text(text)
    twice, counts = redact_text(once)

    assert (once, Counter()) == (twice, counts)


# -- values ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"password": PASSWORD}, {"password": "[redacted: password]"}),
        ({"password": "letmein"}, {"password": "[redacted: password]"}),
        ({"password": 12345678}, {"password": "[redacted: password]"}),
        ({"password": None, "token": True, "tokens": 12345678}, {"password": None, "token": True, "tokens": 12345678}),
        ({"password": "string", "token": "${TOKEN}"}, {"password": "string", "token": "${TOKEN}"}),
        ({"a": [{"b": ({"c": GITHUB})}]}, {"a": [{"b": {"c": "[redacted: github-token]"}}]}),
        ({"passwords": [PASSWORD, PASSWORD]}, {"passwords": ["[redacted: password]"] * 2}),
        ({f"for {GITHUB}": 1}, {"for [redacted: github-token]": 1}),
        ({GITHUB: 1, GITHUB + "x": 2}, {"[redacted: github-token]": 1, "[redacted: github-token]'": 2}),
        ({"name": "DB_PASSWORD", "value": "letmein"}, {"name": "DB_PASSWORD", "value": "[redacted: password]"}),
        ({"name": "colour", "value": "letmein"}, {"name": "colour", "value": "letmein"}),
        (["cli", "--password", "letmein9", "-v"], ["cli", "--password", "[redacted: password]", "-v"]),
        (
            {"headers": {"Authorization": "Bearer " + GITHUB}},
            {"headers": {"Authorization": "Bearer [redacted: github-token]"}},
        ),
        ({"tool_response": {"stdout": f"T={GITHUB}"}}, {"tool_response": {"stdout": "T=[redacted: github-token]"}}),
        (
            {"kty": "EC", "x": "a" * 43, "d": Draw("jwk").word(43)},
            {"kty": "EC", "x": "a" * 43, "d": "[redacted: private-key]"},
        ),
        (GITHUB, "[redacted: github-token]"),
        (7, 7),
        (None, None),
    ],
)
def test_every_string_of_a_value_is_looked_at_and_names_count(value: Any, expected: Any) -> None:
    before = json.dumps(value)
    redacted, counts = redact_value(value)

    assert expected == redacted
    assert before == json.dumps(value)
    assert bool(counts) == (expected != value)


def test_a_value_nested_deeper_than_the_interpreter_recurses_is_redacted() -> None:
    value: Any = GITHUB
    for _ in range(20_000):
        value = [value]
    redacted, counts = redact_value(value)
    while isinstance(redacted, list):
        (redacted,) = redacted

    assert ("[redacted: github-token]", 1) == (redacted, sum(counts.values()))


# -- payloads --------------------------------------------------------------------------------------


def test_a_payload_without_secrets_stays_as_it_came() -> None:
    text = '\ufeff {"a" : 1.0,  "b": "\\u00e9"}\n{"c": [ ]}  '

    assert (text, Counter()) == Redactor().payload(text)


def test_each_of_several_payloads_is_redacted() -> None:
    text, counts = Redactor().payload(f'{{"a":"{GITHUB}"}}{{"b":1}}\n{{"password":"letmein"}}')

    assert '{"a":"[redacted: github-token]"}{"b":1}\n{"password":"[redacted: password]"}' == text
    assert 2 == sum(counts.values())


def test_a_secret_that_json_hides_behind_escapes_is_found() -> None:
    escaped = "".join(f"\\u{ord(c):04x}" for c in GITHUB)
    text, counts = Redactor().payload(f'{{"a":"{escaped}"}}')

    assert ('{"a":"[redacted: github-token]"}', 1) == (text, sum(counts.values()))


def test_a_field_that_is_there_twice_hides_nothing() -> None:
    text, _ = Redactor().payload(f'{{"a":"{GITHUB}","a":"x"}}')

    assert '{"a":"x"}' == text


@pytest.mark.parametrize("cut", [30, 60, 75])
def test_a_payload_that_was_cut_is_redacted_as_text(cut: int) -> None:
    whole = '{"tool_input":{"command":"curl -H x ' + GITHUB + ' -o y"},"session_id":"s"}'
    text, _ = Redactor().payload(whole[: whole.index(GITHUB) + 40] + ' "' * (cut % 2))

    assert GITHUB not in text
    assert text.startswith('{"tool_input":{"command":"curl -H x [redacted: github-token]')


# -- settings --------------------------------------------------------------------------------------


def test_own_patterns_are_taken_out_and_what_is_allowed_is_left() -> None:
    redactor = Redactor(extra=["acme=ACME-[0-9]{6}", "ZZ[0-9]{4}"], allow=["ACME-000000", "re:gh" + "p_.*x"])
    text, counts = redactor.text(f"ACME-123456 ACME-000000 ZZ1234 {GITHUB}x {GITHUB}")

    assert f"[redacted: acme] ACME-000000 [redacted: own] {GITHUB}x [redacted: github-token]" == text
    assert {"acme": 1, "own": 1, "github-token": 1} == counts


def test_what_is_allowed_is_left_in_named_fields_as_well() -> None:
    redacted, _ = Redactor(allow=["letmein"]).value({"password": "letmein", "token": "x"})

    assert {"password": "letmein", "token": "x"} == redacted


def test_redaction_that_is_off_changes_nothing() -> None:
    redactor = Redactor(on=False)

    assert (GITHUB, Counter()) == redactor.text(GITHUB)
    assert ({"a": GITHUB}, Counter()) == redactor.value({"a": GITHUB})
    assert (f'"{GITHUB}"', Counter()) == redactor.payload(f'"{GITHUB}"')


def test_a_policy_tells_the_settings_and_a_damaged_one_leaves_redaction_on() -> None:
    redactor = Redactor(extra=["acme=ACME-[0-9]{6}"], allow=["ACME-000000"])
    again = Redactor.from_policy(json.loads(json.dumps(redactor.policy)))

    assert redactor.text("ACME-123456 ACME-000000") == again.text("ACME-123456 ACME-000000")
    assert "[redacted: github-token]" == Redactor.from_policy({"on": "maybe", "extra": 7}).clean(GITHUB)
    assert "[redacted: github-token]" == Redactor.from_policy({"extra": ["(", "[redacted"]}).clean(GITHUB)


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("ACME-[A-Za-z0-9]{20,40}", ""),
        ("ACME-[a-z]+", ""),
        (r"\bcorp_(?:live|test)_[0-9a-f]{32}\b", ""),
        ("[Aa]CME-[0-9]{4}", ""),
        ("AB[a-z]++", ""),
        ("", "matches the empty"),
        ("(", "no pattern"),
        ("[a-z]+@corp", "begin with"),
        (".{3}key", "begin with"),
        ("AB(a+)+b", "may repeat without a bound"),
        ("AB.*c", "may repeat without a bound"),
        ("AB[a-z]*?", "may repeat without a bound"),
        ("AB[a-z]++c", "may repeat without a bound"),
        ("AB(?:a{0,9}b{0,9}){2}c", "open itself"),
        ("AB.{0,300}c", "ways"),
        ("AB.{0,20}c.{0,20}d", "ways"),
        (r"AB(.)\1", "refers back"),
        ("AB[a-z]{5000}", "1,000 times"),
        ("AB" * 600, "longer than"),
    ],
)
def test_own_patterns_that_a_text_could_make_slow_are_refused(pattern: str, problem: str) -> None:
    told = problem_of(pattern)

    assert problem in told
    assert bool(problem) == bool(told)


# -- time ------------------------------------------------------------------------------------------

_PARTS = r"""
password= password=" PASSWORD=a; key= key=a1b2 token=${ <password> password(" bearer Bearer_a1 &sig= "kty" curl_-u_a
mysql_-p sshpass_ redis-cli_ identified_by_" :// http://a:b http://a:b@ a:b@ \ \" " ` ' a 1 - . A eyJ eyJa. a.b. x1-
AAAA: 123456789: %3D \n \u003d é 漢 😀 = { [ ( -----BEGIN_RSA_PRIVATE_KEY----- -----BEGIN_ -----END_RSA_PRIVATE_KEY-----
Private-Lines:_9 <private> </private> <private_ <private></private> Q~ 1Q~a .atlasv1. LS0tLS1CRUdJTi xoxb-a1. fm2
sk-a1 AKIA SK0 password='\ authorization:_basic_QTpC name:_password,_value:_ kind:_secret
kind:_Secret\ndata:\n__a:_b\n "kind":"Secret","data":{"a": curl_-u_a:b_-b_c=d htpasswd_-b_a_b_ sudo_-S_
echo_a|chpasswd echo_a|login_--password-stdin -p -w token:_|\n__a secret:_>-\n_a\n_ cookie:_a=b;
Set-Cookie:a1b2c3d4e5f6g7h8=a1b2c3d4e5f6g7h8;_ auth=("a","b auth("a", login("a","b connect("a","b","c phrase:_abc_
mnemonic="word_word_word "sensitive":true,"value":" securestring_ secret_set_--body_ secret_<<<_ x:y@tcp( a:5432:b:c:
oracle:thin:a/ %3a%2f%2fa%3ab &x-amz-signature= |_key_|_a1 **key:**_ key||" key_or_" <key>key</key><string>a </key>
name="key">a</ ${key:-a1 password=a,password=b, a=b,password= MIIEvQIBADANBg fm2_a/ whsec_a/ absk hex32-us12 密码是
пароль:_ lösenord paroll contraseña:_ kennwort senha=a1 set_key_a1 #define_key_" key_a1\n aws_key_a1-
"""
HOSTILE = {part: part.replace("_", " ") for part in _PARTS.split()} | {
    "lines of a manifest": "kind: Secret\ndata:\n  a: b\n",
    "a manifest's data": "  abcdef: abcdef\n",
    "lines of a block": "key: |\n a1\n",
    "nested objects": '{"kind":"Secret","data":{',
    "a command goes on": "curl -u \\\n",
    "cookies": "cookie: a=b; c=d1e2f3a4b5c6d7e8; ",
    "echoes": "echo a1|",
    "lines of a key": "-----BEGIN RSA PRIVATE KEY-----\n" + "A" * 64 + "\n",
    "colours": "\x1b[31m",
    "line ends": "\n",
    "NUL": "\0",
    "surrogates": "\ud800",
}
# Of one core; ordinary text takes a hundredth of that. The machine may be busy with other things.
SECONDS_PER_MIB = 30.0


def seconds(text: str) -> float:
    begin = time.process_time()
    Redactor().text(text)
    return time.process_time() - begin


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_takes_bounded_time(name: str) -> None:
    """48 KiB of what makes rules look most; one that took quadratic time would take a minute."""
    text = (HOSTILE[name] * (1 + (48 << 10) // len(HOSTILE[name])))[: 48 << 10]

    assert seconds(text) < SECONDS_PER_MIB * 48 / 1024


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_a_mebibyte_of_anything_takes_linear_time(name: str) -> None:
    text = (HOSTILE[name] * (1 + (1 << 20) // len(HOSTILE[name])))[: 1 << 20]

    assert seconds(text) < SECONDS_PER_MIB


@pytest.mark.slow
@pytest.mark.parametrize("beginning", [beginning for _, beginning in BEGINNINGS])
def test_a_row_of_the_table_takes_linear_time_where_nothing_but_its_beginning_is_said(beginning: str) -> None:
    part = beginning + "a1."
    text = (part * (1 + (1 << 17) // len(part)))[: 1 << 17]

    assert seconds(text) < SECONDS_PER_MIB / 8


def test_what_a_hook_loads_is_the_standard_library_and_little_of_it() -> None:
    """A hook is a process for every tool call."""
    code = (
        "import sys; before = set(sys.modules); import agent_memory.capture.redaction as r;"
        "r.redact_text('password: x'); print(*sorted(set(sys.modules) - before))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    foreign = [m for m in loaded if m.split(".")[0] not in {*sys.stdlib_module_names, "agent_memory"}]

    assert [] == foreign
    assert not {"msgspec", "click", "typing", "dataclasses", "asyncio"} & set(loaded)


def test_a_payload_with_nothing_to_judge_in_it_is_kept_without_the_modules_that_take_longest_to_load(
    tmp_path: Path,
) -> None:
    payload = {
        "session_id": "0b6f2c90-1111-4a51-8f00-000000000001",
        "transcript_path": "/home/ada/.claude/projects/-home-ada/0b6f2c90-1111-4a51-8f00-000000000001.jsonl",
        "hook_event_name": "PostToolUse",
        "tool_use_id": "toolu_01",
        "tool_input": {"command": "pytest -q tests", "monkey": 1},
        "tool_response": {"stdout": "tests/test_booking.py::test_monday PASSED\n" * 20, "stderr": ""},
    }
    code = (
        "import sys, time; before = set(sys.modules); import agent_memory.capture.hook;"
        "from agent_memory.capture.keeping import keep; told = keep('claude-code', None, time.time_ns());"
        "print(told == ('', ''), *sorted(set(sys.modules) - before))"
    )
    kept, *loaded = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:] = {sys.path!r}; {code}"],
        input=json.dumps(payload),
        env={**os.environ, "AGENT_MEMORY_SPOOL": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()

    assert ("True", 1) == (kept, len(list((tmp_path / "waiting").iterdir())))
    assert not {"re", "json", "enum", "collections", "functools", "hashlib", "socket"} & set(loaded)


@given(st.text(alphabet="abPK09_- .é", max_size=30) | st.text(max_size=30))
def test_the_words_of_a_name_are_told_by_case_and_digits(name: str) -> None:
    """Told by an expression, too, which takes longer to be loaded than this to do its work."""
    assert re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+", name) == names.words_of(name)


@given(st.text(alphabet="-uPx \"'", max_size=40))
def test_flags_are_found_the_same_in_a_text_short_or_long(text: str) -> None:
    data = text.encode()

    assert list(flags(data, long=True)) == list(flags(data, long=False))
