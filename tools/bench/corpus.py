"""Conversations to measure with: generated from a seed, as varied in words and lengths as real ones.

A year and a half of work by three agents on eight projects: sessions of 12 to 120 events that
overlap in time; messages, tool calls and their results; a common vocabulary with the long tail
that real logs have (paths, names in code, error codes, hashes).
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterator
from datetime import UTC, datetime

from agent_memory.events import Draft, Kind

START_MS = int(datetime(2024, 6, 3, 7, tzinfo=UTC).timestamp() * 1000)
SPAN_MS = 500 * 86_400_000
ASKED_MS = START_MS + SPAN_MS
"""When questions about a corpus are asked: after all of it."""

_AGENTS = ("claude-code", "codex", "gemini-cli")
_SUBJECTS = (
    "billing", "search", "gateway", "mobile", "ingest", "dashboard", "auth", "reports",
)  # fmt: skip
_THINGS = (
    "cache", "queue", "retry", "token", "invoice", "index", "schema", "session", "worker", "batch",
    "cursor", "migration", "webhook", "scheduler", "upload", "export", "payment", "account", "ledger",
    "quota", "limit", "timeout", "deadline", "replica", "shard", "snapshot", "backup", "config",
    "secret", "certificate", "proxy", "route", "header", "cookie", "template", "layout", "chart",
    "report", "filter", "query", "parser", "lexer", "encoder", "codec", "stream", "socket", "buffer",
    "thread", "lock", "semaphore", "pool", "handler", "listener", "event", "message", "topic",
    "partition", "offset", "checkpoint", "digest", "signature", "policy", "role", "permission",
    "tenant", "customer", "order", "basket", "discount", "refund", "receipt", "address", "parcel",
    "sensor", "gauge", "counter", "histogram", "alert", "incident", "runbook", "rollout", "flag",
    "experiment", "feature", "release", "branch", "commit", "review", "fixture", "mock", "benchmark",
    "profile", "trace", "span", "log", "metric", "dashboard", "widget", "form", "field", "button",
    "dialog", "menu", "toolbar", "sidebar", "avatar", "photo", "thumbnail", "caption", "comment",
)  # fmt: skip
_VERBS = (
    "move", "split", "rename", "drop", "add", "measure", "rewrite", "simplify", "extract", "inline",
    "cache", "batch", "retry", "validate", "reject", "accept", "encode", "decode", "parse", "render",
    "compress", "encrypt", "rotate", "revoke", "migrate", "restore", "archive", "purge", "merge",
    "rebase", "deploy", "roll back", "pin", "upgrade", "patch", "mock", "record", "replay", "verify",
)  # fmt: skip
_QUALITIES = (
    "slow", "flaky", "stale", "idempotent", "atomic", "missing", "duplicate", "empty", "nested", "lazy",
    "eager", "bounded", "unbounded", "concurrent", "sequential", "partial", "broken", "redundant",
    "expensive", "cheap", "noisy", "quiet", "optional", "mandatory", "legacy", "experimental",
)  # fmt: skip
_PEOPLE = (
    "Amina", "Bruno", "Chiara", "Dmitri", "Elif", "Farid", "Greta", "Hana", "Ivo", "Jamila",
    "Kenji", "Lucía", "Marek", "Noor", "Olu", "Priya", "Quentin", "Rosa", "Søren", "Tomás",
)  # fmt: skip
_PLACES = ("Lisbon", "Kraków", "Nairobi", "Osaka", "Montréal", "Tallinn", "Accra", "Bergen", "Graz", "Porto")
_EXTENSIONS = ("py", "ts", "go", "rs", "sql", "yaml", "proto", "md")
_FOREIGN = (
    "Wir sollten das vor dem Wochenende noch einmal messen.",
    "¿Puedes revisar por qué tarda tanto la consulta?",
    "La migration a échoué à cause d'une clé en double.",
    "明日までにキャッシュの設定を確認してください。",
    "Проверьте, пожалуйста, почему очередь не пустеет.",
)
_ASKS = (
    "Why is the {q} {t} of {s} so {q2} when we {v} the {t2}?",
    "Can you {v} the {t} in {f} so that the {t2} stays {q}?",
    "Please {v} {n} and tell me what happens to the {t}.",
    "{p} reported error {e} from the {t} after the {t2} change; find out why.",
    "We need to {v} every {q} {t} before the release on the {d}.",
    "What did we decide about the {t} {t2} last time?",
    "Let's {v} the {t} first, then the {t2}.",
    "{p} is in {c} until the {d}, so {v} it without waiting for the review.",
)
_RECALLS = (
    "What did {p} say about the {t} last week?",
    "When did we {v} the {t} of {s} for the first time?",
    'Where did I read "{q} {t}" in {f}?',
    "Which {t} failed with {e} between March and May 2025?",
    "What did you find out about {n} two days ago?",
)
_TELLS = (
    "The {t} was {q}: {n} kept the {t2} open until the {t3} expired.",
    "I decided to {v} the {t} because the {t2} is {q} under load.",
    "Measured {m} ms at p50 and {m2} ms at p99 for the {t}, down from {m3} ms.",
    "In {f} line {l} the {t} is read before the {t2} is {q}.",
    "Fixed in commit {h}: {n} now checks the {t} and returns {e} for a {q} {t2}.",
    "{p} agreed to {v} the {t} and to leave the {t2} as it is.",
    "Next I will {v} the {t} in {f} and run the {t2} tests again.",
    "The {t} test failed with {e}; the cause is a {q} {t2} in {n}.",
    "There are {m} rows in the {t} table, {m2} of them {q}.",
    "This keeps the {t} {q} and costs one more {t2} per {t3}.",
)


class Corpus:
    """*events* drafts in order of time; the same for the same seed."""

    def __init__(self, events: int, *, seed: int = 7, prefix: str = "") -> None:
        self.events = events
        self.prefix = prefix
        self.seed = seed

    def __iter__(self) -> Iterator[Draft]:
        random_ = random.Random(self.seed)
        rows: list[tuple[int, int, Draft]] = []
        number = 0
        while len(rows) < self.events:
            number += 1
            for draft in _session(random_, number, self.prefix):
                rows.append((draft.time_ms or 0, len(rows), draft))
        rows = rows[: self.events]
        rows.sort(key=lambda row: row[:2])
        yield from (draft for _, _, draft in rows)

    def queries(self, count: int) -> list[str]:
        """Questions in the words of the corpus, of 3 to 14 words; some with times, quotes or errors in them."""
        random_ = random.Random(self.seed + 1)
        templates = _ASKS + _TELLS[:4] + _RECALLS
        return [_filled(random_, random_.choice(templates), random_.choice(_SUBJECTS)) for _ in range(count)]


def json_line(draft: Draft) -> str:
    """The draft as one line of the JSON Lines that `ingest` reads."""
    fields = {
        "kind": draft.kind.value,
        "time": datetime.fromtimestamp((draft.time_ms or 0) / 1000, UTC).isoformat(timespec="milliseconds"),
        "session": draft.session,
        "agent": draft.agent,
        "project": draft.project,
        "text": draft.text,
        "source": draft.source,
        "source_id": draft.source_id,
        "tool_name": draft.tool_name,
        "tool_call_id": draft.tool_call_id,
    }
    return json.dumps({name: value for name, value in fields.items() if value}, ensure_ascii=False)


def _session(random_: random.Random, number: int, prefix: str) -> Iterator[Draft]:
    subject = random_.choice(_SUBJECTS)
    session = f"{prefix}{subject}-{number:05}"
    agent = random_.choice(_AGENTS)
    day, hour = random_.randrange(SPAN_MS // 86_400_000), int(random_.triangular(0, 14, 5))
    time_ms = START_MS + day * 86_400_000 + hour * 3_600_000 + random_.randrange(3_600_000)
    length = min(120, max(12, int(random_.lognormvariate(3.6, 0.6))))
    place = 0

    def draft(kind: Kind, text: str, *, tool_name: str = "", tool_call_id: str = "") -> Draft:
        nonlocal place, time_ms
        place += 1
        # Mostly seconds, sometimes a pause that ends a segment.
        time_ms += int(random_.expovariate(1 / 25_000)) + 200
        if random_.random() < 0.02:
            time_ms += random_.randrange(600_000, 5_400_000)
        return Draft(
            kind=kind,
            session=session,
            agent=agent,
            project=subject,
            text=text,
            time_ms=time_ms,
            source="bench",
            source_id=f"{session}/{place}",
            tool_name=tool_name,
            tool_call_id=tool_call_id,
        )

    while place < length:
        yield draft(Kind.USER_MESSAGE, _said(random_, _ASKS, subject, words=22))
        for _ in range(random_.randrange(0, 3)):
            call = f"call-{number}-{place}"
            tool = random_.choice(("Bash", "Read", "Edit", "Grep"))
            yield draft(Kind.TOOL_CALL, _call(random_, tool, subject), tool_name=tool, tool_call_id=call)
            yield draft(Kind.TOOL_RESULT, _output(random_, subject), tool_name=tool, tool_call_id=call)
        yield draft(Kind.ASSISTANT_MESSAGE, _said(random_, _TELLS, subject, words=55))


def _said(random_: random.Random, templates: tuple[str, ...], subject: str, *, words: int) -> str:
    wanted = max(4, int(random_.lognormvariate(math.log(words), 0.7)))
    sentences: list[str] = []
    count = 0
    while count < wanted:
        sentence = _filled(random_, random_.choice(templates), subject)
        if random_.random() < 0.01:
            sentence = random_.choice(_FOREIGN)
        sentences.append(sentence)
        count += sentence.count(" ") + 1
    return " ".join(sentences)


def _filled(random_: random.Random, template: str, subject: str) -> str:
    pick = random_.choice
    return template.format(
        t=_thing(random_),
        t2=_thing(random_),
        t3=_thing(random_),
        q=pick(_QUALITIES),
        q2=pick(_QUALITIES),
        v=pick(_VERBS),
        s=subject,
        p=pick(_PEOPLE),
        c=pick(_PLACES),
        f=_path(random_, subject),
        n=_name(random_),
        e=f"E{random_.randrange(1000, 9999)}",
        h=f"{random_.getrandbits(28):07x}",
        d=f"{random_.randrange(1, 29)}th",
        l=random_.randrange(1, 900),
        m=random_.randrange(1, 900),
        m2=random_.randrange(900, 9000),
        m3=random_.randrange(9000, 90000),
    )


def _thing(random_: random.Random) -> str:
    # Squared: a few things are spoken of most of the time.
    return _THINGS[int(random_.random() ** 2 * len(_THINGS))]


def _name(random_: random.Random) -> str:
    parts = (random_.choice(_VERBS).replace(" ", "_"), _thing(random_), _thing(random_))
    return "_".join(parts) if random_.random() < 0.6 else parts[0] + parts[1].title() + parts[2].title()


def _path(random_: random.Random, subject: str) -> str:
    return f"src/{subject}/{_thing(random_)}_{_thing(random_)}.{random_.choice(_EXTENSIONS)}"


def _call(random_: random.Random, tool: str, subject: str) -> str:
    path = _path(random_, subject)
    if tool == "Bash":
        return f"pytest {path} -k {_name(random_)} --maxfail={random_.randrange(1, 9)}"
    if tool == "Grep":
        return f"{_name(random_)} in src/{subject}"
    return path if tool == "Read" else f"{path}: replace {_name(random_)} by {_name(random_)}"


def _output(random_: random.Random, subject: str) -> str:
    lines = []
    for _ in range(min(40, max(1, int(random_.lognormvariate(1.6, 0.8))))):
        lines.append(
            random_.choice(
                (
                    f"{_path(random_, subject)}:{random_.randrange(900)}: {_name(random_)}({_thing(random_)})",
                    f"PASSED {_name(random_)} {random_.randrange(900)} ms",
                    f"FAILED {_name(random_)} - {_thing(random_)} is {random_.choice(_QUALITIES)}",
                    f"{random_.getrandbits(64):016x} {_thing(random_)} {random_.randrange(10**6)}",
                    f"    return {_name(random_)}({_thing(random_)}, {_thing(random_)}={random_.randrange(99)})",
                )
            )
        )
    return "\n".join(lines)
