"""No secret that comes in by any way of capture is anywhere afterwards: spool, log, views, the daemon's own log."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import rocksdict
from mcp import Client

import agent_memory
from agent_memory import Draft, Kind, SyncMemory
from agent_memory.capture.redaction import redact_text
from agent_memory.memory import Filter
from agent_memory.testing.daemon import DaemonProcess
from agent_memory.testing.waiting import eventually
from tests.data.secrets.corpus import LOOK_ALIKES, Case
from tests.data.secrets.corpus import SECRETS as FIRST
from tests.data.secrets.third import cases as third

COMMAND = (sys.executable, "-m", "agent_memory.cli")
# Those of the third set that are found; how many are not, `test_redaction_corpus` tells.
SECRETS = (
    *FIRST,
    *(case for case in third.SECRETS if not any(map(redact_text(case.text)[0].__contains__, case.secrets))),
)
TOKEN = "ghp_" + "a1B2c3D4e5" * 3 + "f6G7h8"
SECRET_TEXTS = sorted({TOKEN, *(secret for case in SECRETS for secret in case.secrets)})
# An opening without an end hides all that follows; each of these has to be seen on its own.
ALONE = ("private open", "pem cut", "third pem cut by the end of output")
JOINED = [case for case in SECRETS if case.name not in ALONE and "kubernetes" not in case.name]
VERBATIM = "stays as it is: " + SECRETS[0].text
LOOK_ALIKE = next(case.text for case in LOOK_ALIKES if case.name == "prose passwords")
OWN = "ACME-" + "4711-8822"


class Site:
    """A daemon with a spool and a home folder, all in one place that can be searched whole."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.store, self.spool, self.home = root / "kept" / "store", root / "kept" / "spool", root / "home"
        self.home.mkdir(parents=True)
        self.where: tuple[str, ...] = ()
        acme = "acme=ACME-[0-9]{4}-[0-9]{4}"
        (root / "config.toml").write_text(f'redact_extra = ["{acme}"]\nspool = "{self.spool}"\n')
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "AGENT_MEMORY_"))}
        self.environ = {
            **kept,
            "HOME": str(self.home),
            "AGENT_MEMORY_CONFIG": str(root / "config.toml"),
            "AGENT_MEMORY_SPOOL": str(self.spool),
        }

    def run(self, *args: str, given: str = "", codes: tuple[int, ...] = (0,)) -> str:
        done = subprocess.run(
            [*COMMAND, *args],
            input=given.encode("utf-8", "surrogatepass"),
            capture_output=True,
            env=self.environ,
            timeout=120,
        )
        assert done.returncode in codes, (args, done.stdout[-2000:], done.stderr[-2000:])
        return done.stdout.decode()

    def leaks(self) -> list[str]:
        """Secrets that stand in any file, as they are or as JSON has them."""
        found = set()
        for file in (path for path in (self.root / "kept").rglob("*") if path.is_file()):
            raw = file.read_bytes()
            found |= {
                f"{file.name}: {secret[:60]!r}" for secret in SECRET_TEXTS if any(f in raw for f in forms(secret))
            }
        return sorted(found)


def forms(secret: str) -> set[bytes]:
    return {secret.encode(), json.dumps(secret)[1:-1].encode(), json.dumps(secret, ensure_ascii=False)[1:-1].encode()}


def payload(event: str, **fields: Any) -> str:
    common = {"session_id": "s", "cwd": "/work/sloop", "transcript_path": None, "permission_mode": "default"}
    return json.dumps({**common, "hook_event_name": event, **fields})


def hooked() -> list[tuple[str, str]]:
    """What agents hand to their hooks: a secret in every field that there is."""
    prompts = [payload("UserPromptSubmit", prompt=case.text, prompt_id=case.name) for case in SECRETS[0::3]]
    tools = [
        payload(
            "PostToolUse",
            tool_name="Bash",
            tool_use_id=f"toolu_{number}",
            tool_input={"command": case.text, "env": {"note": [case.text]}},
            tool_response={"stdout": case.text, "stderr": ""},
        )
        for number, case in enumerate(SECRETS[1::3])
    ]
    turns = [
        payload("Stop", last_assistant_message=case.text, unheard_of={"deep": [case.text]}) for case in SECRETS[2::3]
    ]
    fields = {f"field {case.name} {case.text}": case.text for case in JOINED[:40]}
    unknown = payload("NeverHeardOf", **fields)
    cut = payload("UserPromptSubmit", prompt="\n".join(case.text for case in JOINED[:60]))[:-20]
    # In whatever is no text: ids, folders, names of tools, servers, models and fields.
    named = payload(
        "PostToolUse",
        session_id=f"s-{TOKEN}",
        cwd=f"/work/{TOKEN}/sloop",
        tool_name=f"mcp__{TOKEN}",
        tool_use_id=TOKEN,
        tool_input={TOKEN: {TOKEN: [TOKEN]}},
        tool_response={TOKEN: 1},
        model=TOKEN,
    )
    refused = payload("UserPromptSubmit", session_id=TOKEN + " x" * 50_000, prompt=TOKEN)
    own = payload("UserPromptSubmit", prompt=f"our key is {OWN} here", prompt_id="own")
    return [
        ("claude", "\n".join(prompts)),
        ("claude", "".join(tools)),
        ("claude", "\ufeff" + "\n".join(turns)),
        ("claude", unknown),
        ("codex", cut),
        ("claude", own),
        ("claude", named),
        ("claude", refused),
    ]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return Site(tmp_path_factory.mktemp("redaction"))


@pytest.fixture(scope="module")
def memory(site: Site) -> Iterator[SyncMemory]:
    """Every way of capture, each given the whole corpus; the spool searched while nobody drains it."""
    transcript(site.home)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in site.environ.items():
            patch.setenv(name, value)
        daemon = DaemonProcess(site.store, flags=("--config", str(site.root / "config.toml")))
        with daemon, agent_memory.connect(daemon.address, timeout_s=60) as memory:
            os.kill(daemon.pid, signal.SIGSTOP)
            try:
                for agent, given in hooked():
                    site.run("hook", agent, given=given)
                assert [] == site.leaks()
                assert list(site.spool.rglob("*"))
            finally:
                os.kill(daemon.pid, signal.SIGCONT)
            eventually(lambda: drained(memory) >= len(hooked()), timeout_s=60)
            where = site.where = ("--address", daemon.address)
            site.run("ingest", "-", *where, given="\n".join(map(line, SECRETS)))
            site.run("import", "claude-code", *where)
            asyncio.run(note(daemon.mcp_url))
            memory.append(Draft(kind=Kind.USER_MESSAGE, session="verbatim", text=LOOK_ALIKE))
            memory.wait_for(["toc", "lexical", "catalog", "entities"], memory.status().position, timeout_s=60)
            yield memory
            log = daemon.log
        assert [] == [secret for secret in SECRET_TEXTS if secret in log]


def drained(memory: SyncMemory) -> int:
    spool = memory.status().spool
    return spool.drained + spool.skipped + spool.refused


def line(case: Case) -> str:
    fields = {"kind": "tool_result", "session": "ingested", "time": 1_772_445_600_000, "text": case.text}
    return json.dumps({**fields, "speaker": case.name, "metadata": {"note": case.text}})


def transcript(home: Path) -> None:
    """A history of Claude Code whose tools printed the corpus."""
    folder = home / ".claude" / "projects" / "-work-sloop"
    folder.mkdir(parents=True)
    session = "5f0c1e7a-0000-4c0e-9d1f-2a6b7c8d9e0f"
    common = {"isSidechain": False, "sessionId": session, "cwd": "/work/sloop", "version": "2.1.80", "parentUuid": None}
    lines = []
    for number, case in enumerate(SECRETS):
        call = {"type": "tool_use", "id": f"toolu_i{number}", "name": "Bash", "input": {"command": case.text}}
        result = {"type": "tool_result", "tool_use_id": f"toolu_i{number}", "content": case.text}
        for role, content in (("assistant", call), ("user", result)):
            stamp = {"uuid": f"{role}{number}", "timestamp": f"2026-03-02T10:{number // 60:02}:{number % 60:02}.000Z"}
            lines.append({**common, **stamp, "type": role, "message": {"role": role, "content": [content]}})
    (folder / f"{session}.jsonl").write_text("".join(json.dumps(told) + "\n" for told in lines))


async def note(url: str) -> None:
    async with Client(url, read_timeout_seconds=60) as client:
        for at in range(0, len(JOINED), 40):
            text = "\n\n".join(case.text for case in JOINED[at : at + 40])
            answer: Any = await client.call_tool("remember", {"text": text})
            assert not answer.is_error, answer.content[0].text


def everything(memory: SyncMemory) -> str:
    """All that the door tells: events with their metadata, sessions, nodes with bullets, and grips."""
    told: list[object] = []
    page = ""
    while True:
        listing = memory.events(limit=1000, token=page)
        told += listing.items
        page = listing.next_token
        if not page:
            break
    told += memory.sessions(limit=1000).items
    waiting = [entry.id for entry in memory.root().years]
    while waiting:
        node = memory.node(waiting.pop())
        told.append(node)
        told += [memory.grip(grip) for bullet in node.bullets for grip in bullet.grip_ids]
        waiting += [entry.id for entry in memory.children(node.id, limit=1000).items]
    return "\n".join(map(str, told))


def test_events_nodes_and_grips_hold_no_secret(memory: SyncMemory) -> None:
    told = everything(memory)
    leaks = [secret[:60] for secret in SECRET_TEXTS if secret in told or repr(secret)[1:-1] in told]

    assert [] == leaks
    assert told.count("[redacted: ") > 4 * len(SECRETS)


@pytest.mark.parametrize("command", ["status", "toc", "browse", "config show", "doctor"])
def test_what_a_person_is_shown_holds_no_secret(memory: SyncMemory, site: Site, command: str) -> None:
    """Its state with what was refused, its sessions' titles, its settings."""
    asked = () if command in ("config show", "doctor") else site.where
    told = site.run(*command.split(), *asked, codes=(0, 1))

    assert [] == [secret[:60] for secret in SECRET_TEXTS if secret in told]


def test_ids_folders_and_names_hold_no_secret(memory: SyncMemory) -> None:
    where = Filter(sessions=("s-[redacted: github-token]",))
    (result,) = [r.event for r in memory.events(where=where, limit=9).items if r.event.kind is Kind.TOOL_RESULT]

    assert ("s-[redacted: github-token]", "mcp__[redacted: github-token]", "[redacted: github-token]") == (
        result.session,
        result.tool_name,
        result.tool_call_id,
    )
    assert result.project.startswith("/work/[redacted: github-token]")


def test_what_was_refused_is_kept_without_its_secrets(memory: SyncMemory, site: Site) -> None:
    kept = [path.read_text() for path in (site.spool / "refused").iterdir()]

    assert all("[redacted: github-token]" in told for told in kept)
    assert len(kept) == memory.status().spool.refused


def test_what_is_no_secret_is_kept(memory: SyncMemory) -> None:
    texts = [hit.recorded.event.text for hit in memory.search("passwords hashed with argon2id").hits]

    assert LOOK_ALIKE in texts


def test_a_secret_is_found_by_the_kind_that_stands_for_it_and_not_by_itself(memory: SyncMemory) -> None:
    token = next(case.secrets[0] for case in SECRETS if case.name == "github classic log")
    hits = memory.search("redacted github token api.github.com").hits

    assert any("[redacted: github-token]" in hit.recorded.event.text for hit in hits)
    assert not [hit for hit in memory.search(token).hits if token[4:20] in hit.recorded.event.text]


def test_own_patterns_reach_the_hooks(memory: SyncMemory) -> None:
    told = everything(memory)

    assert "our key is [redacted: acme] here" in told
    assert OWN not in told


def test_status_counts_what_hooks_took_out(memory: SyncMemory) -> None:
    redacted = memory.status().spool.redacted

    assert redacted["github-token"] >= 5
    assert sum(redacted.values()) >= len(SECRETS)


def test_an_append_by_a_program_stays_verbatim(memory: SyncMemory) -> None:
    """Who calls the append API has decided what to record; capture is what redacts. Kept in a session of its own."""
    receipt = memory.append(Draft(kind=Kind.USER_MESSAGE, session="verbatim", text="password: 'verb4tim'"))

    assert "password: 'verb4tim'" == memory.event(receipt.event_id).event.text


def test_no_file_of_store_or_spool_holds_a_secret(memory: SyncMemory, site: Site) -> None:
    """Write-ahead logs, indexes and what is left of the spool, as bytes."""
    assert [] == site.leaks()


def test_no_row_of_the_database_holds_a_secret(memory: SyncMemory, site: Site, tmp_path: Path) -> None:
    """Its blocks are compressed: each row is read."""
    (current,) = site.store.rglob("CURRENT")
    rows = b"\n".join(rows_of(current.parent, tmp_path))

    assert len(rows) > 100_000
    assert b"[redacted: github-token]" in rows
    assert [] == [secret[:60] for secret in SECRET_TEXTS if any(form in rows for form in forms(secret))]


def rows_of(database: Path, aside: Path) -> Iterator[bytes]:
    """Every key and value, read beside the daemon that owns the database."""
    options = rocksdict.Options(raw_mode=True)
    families = rocksdict.Rdict.list_cf(str(database), options)
    access = rocksdict.AccessType.secondary(str(aside / "secondary"))
    columns = {name: rocksdict.Options(raw_mode=True) for name in families}
    opened = rocksdict.Rdict(str(database), options, columns, access)
    try:
        for name in families:
            for key, value in opened.get_column_family(name).items():
                yield bytes(key)
                yield bytes(value)
    finally:
        opened.close()


def test_an_import_without_a_daemon_follows_the_settings(tmp_path: Path) -> None:
    """Where no daemon has told hooks anything yet: own patterns are in the settings alone."""
    site = Site(tmp_path)
    folder = site.home / ".claude" / "projects" / "-work-sloop"
    folder.mkdir(parents=True)
    told = {"sessionId": "s", "cwd": "/work/sloop", "uuid": "u", "timestamp": "2026-03-02T10:00:00.000Z"}
    message = {"role": "user", "content": f"our key is {OWN} here"}
    (folder / "s.jsonl").write_text(json.dumps({**told, "type": "user", "message": message}) + "\n")
    imported = site.run("import", "claude-code", "--store", str(site.store), "--json")
    shown = site.run("events", "--store", str(site.store))

    assert {"acme": 1} == json.loads(imported)["data"]["redacted"]
    assert "our key is [redacted: acme] here" in shown
    assert OWN not in shown


def test_a_diff_of_settings_shows_no_key_of_their_owner(tmp_path: Path) -> None:
    """Agents keep keys in the files that we add a line to."""
    site = Site(tmp_path)
    settings = site.home / ".claude" / "settings.json"
    settings.parent.mkdir()
    settings.write_text(json.dumps({"env": {"GH_TOKEN": TOKEN}}, indent=2))
    shown = [site.run("install", "claude-code", "--dry-run", *more) for more in ((), ("--json",))]

    assert [] == [told for told in shown if TOKEN in told]
    assert all("[redacted: github-token]" in told for told in shown)
