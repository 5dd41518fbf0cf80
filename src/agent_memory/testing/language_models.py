"""A server that stands in for every provider of language models, and does what it is told to.

It speaks each API as documented (`language_model_apis`), takes requests as strictly as the real one, and by default
answers with minutes made of the prompt's own entries. What else it shall do is put before it, a `Turn` a request:

    with LanguageModelServer() as server:
        server.will(fail(503), rate_limit("2"), HANG, DROP)
        ...
        assert {1} == set(server.answered.values())       # each prompt, by digest, was answered once
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

import msgspec

from agent_memory.summaries.model import Prompt, Reply, Usage
from agent_memory.testing.language_model_apis import APIS, Api, Asked, BadRequest, digest_of

KEY = "sk-testing-0123456789abcdef"
MODEL = "some-model"

__all__ = [
    "BLOCK",
    "CUT",
    "DRIP",
    "DROP",
    "HANG",
    "KEY",
    "MODEL",
    "Call",
    "LanguageModelServer",
    "ScriptedLanguageModel",
    "Turn",
    "digest_of",
    "fail",
    "minutes_of",
    "rate_limit",
    "say",
    "slow",
]

_ENTRY = re.compile(r"^\[(\d+)\] [^\n]*:\n((?: {4}[^\n]*(?:\n|\Z))+)", re.MULTILINE)
_MOST_BULLETS = re.compile(r"at most (\d+) bullets")
_WORD = re.compile(r"[^\W\d_]{4,}")
_QUOTED_WORDS = 12

AnswerMaker = Callable[[str, str], str]
"""From system and user prompt to the text that the model answers with."""


def minutes_of(_: str, user: str) -> str:
    """A valid answer: each of the first entries becomes a bullet that says its first words and quotes them."""
    most = int(found[1]) if (found := _MOST_BULLETS.search(user)) else 3
    bullets: list[dict[str, object]] = []
    for number, body in _ENTRY.findall(user):
        words = body.strip().split("\n")[0].split()[:_QUOTED_WORDS]
        if words and len(bullets) < most:
            quote = " ".join(words)
            bullets.append({"evidence": [{"ref": int(number), "quote": quote}], "text": quote, "type": "other"})
    said = str(bullets[0]["text"]) if bullets else "Nothing was said"
    keywords = list(dict.fromkeys(_WORD.findall(said)))[:3]
    return json.dumps({"bullets": bullets, "title": said[:60], "abstract": said, "keywords": keywords})


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """What the server does with one request, instead of answering it well."""

    status: int = 200
    message: str = ""
    code: str = ""
    headers: dict[str, str] = {}
    retry_s: float | None = None
    """Told in the body, where the API has a place for it."""
    text: str | None = None
    """What the model says."""
    ending: str = "complete"
    """`complete`, `cut` (at the most tokens) or `blocked` (by a filter)."""
    body: bytes | None = None
    """Sent as it is, instead of anything of the API."""
    wait_s: float = 0.0
    hangs: bool = False
    drips: bool = False
    """The status at once, and then a byte now and then, for ever."""
    breaks_off: bool = False
    """Half of the body, and the connection is gone."""


HANG = Turn(hangs=True)
DRIP = Turn(drips=True)
DROP = Turn(breaks_off=True)
CUT = Turn(ending="cut")
BLOCK = Turn(ending="blocked")


def say(text: str) -> Turn:
    """The model answers with this."""
    return Turn(text=text)


def fail(status: int, message: str = "The server had an error", code: str = "server_error") -> Turn:
    """Answer with an error of the API."""
    return Turn(status=status, message=message, code=code)


def rate_limit(after: str, *, header: str = "retry-after", retry_s: float | None = None) -> Turn:
    """Ask to be left alone for a time."""
    return Turn(
        status=429,
        message="Rate limit reached",
        code="rate_limit_exceeded",
        headers={header: after} if after else {},
        retry_s=retry_s,
    )


def slow(wait_s: float) -> Turn:
    """Answer well, and late."""
    return Turn(wait_s=wait_s)


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One request that reached the server. ``status`` is 0 where it was not answered."""

    api: str
    digest: str
    status: int
    asked: Asked | None
    headers: dict[str, str]
    path: str


class LanguageModelServer:
    """Serves every API on one port of this machine. Safe to use from several threads.

    ``refuses`` names what of an API it does not take, as older servers do not: see `language_model_apis`.
    ``answer`` makes the text of an answer.
    """

    def __init__(self, *, key: str = KEY, model: str = MODEL, wait_s: float = 0.0) -> None:
        self.key = key
        self.model = model
        self.wait_s = wait_s
        self.refuses: set[str] = set()
        self.counts_tokens = True
        self.answer: AnswerMaker = minutes_of
        self.calls: list[Call] = []
        self.answered: Counter[str] = Counter()
        """How often each prompt, by the digest of its words, was answered in full."""
        self.under_way = 0
        self.under_way_most = 0
        self._turns: deque[Turn] = deque()
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._http = _Http(self)
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def url(self, provider: str) -> str:
        """The base URL to put into the settings for a provider."""
        return f"http://127.0.0.1:{self._http.server_address[1]}{APIS[provider].base}"

    def will(self, *turns: Turn) -> None:
        """Do this with the requests to come, one each; afterwards answer well."""
        with self._lock:
            self._turns.extend(turns)

    def serve(self, handler: _Handler) -> None:
        """Deal with one request."""
        path, headers = handler.path, {name.lower(): value for name, value in handler.headers.items()}
        given = handler.rfile.read(int(headers.get("content-length", 0)))
        api = next((api for api in APIS.values() if path.startswith(api.base + "/")), None)
        if api is None:
            return handler.give(404, {}, b"<html>not found</html>")
        with self._lock:
            self.under_way += 1
            self.under_way_most = max(self.under_way_most, self.under_way)
        try:
            self._serve(handler, api, path, headers, given)
        finally:
            with self._lock:
                self.under_way -= 1

    def _serve(self, handler: _Handler, api: Api, path: str, headers: dict[str, str], given: bytes) -> None:
        asked: Asked | None = None
        try:
            asked = api.read(path, headers, given, key=self.key, model=self.model, refuses=self.refuses)
            with self._lock:
                turn = self._turns.popleft() if self._turns else Turn()
        except BadRequest as bad:
            turn = Turn(status=bad.status, message=bad.message, code=bad.code)
        digest = asked.digest if asked else ""
        is_answer = turn.status == 200 and turn.body is None and not (turn.hangs or turn.drips or turn.breaks_off)
        with self._lock:
            self.calls.append(
                Call(
                    api=api.name,
                    digest=digest,
                    status=0 if turn.hangs or turn.drips or turn.breaks_off else turn.status,
                    asked=asked,
                    headers=headers,
                    path=path,
                )
            )
            self.answered[digest] += is_answer
        self._ending.wait(turn.wait_s or self.wait_s)
        if turn.hangs:
            self._ending.wait()
            return handler.cut()
        if turn.body is not None:
            body = turn.body
        elif turn.status != 200 or asked is None:
            body = api.error(turn.status, turn.message, turn.code, turn.retry_s)
        else:
            text = turn.text if turn.text is not None else self.answer(asked.system, asked.user)
            body = api.answer(asked, text, turn.ending, counts=self.counts_tokens)
        if turn.drips:
            return handler.drip(body, self._ending)
        return handler.give(turn.status, turn.headers, body, breaks_off=turn.breaks_off)


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    # Those that hang do so until the server ends, and not a moment longer.
    block_on_close = False
    request_queue_size = 128

    def __init__(self, owner: LanguageModelServer) -> None:
        self.owner = owner
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Http
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        with contextlib.suppress(ConnectionError):  # Whoever asked may have lost patience.
            self.server.owner.serve(self)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: a test's own output is what is read."""

    def give(self, status: int, headers: Mapping[str, str], body: bytes, *, breaks_off: bool = False) -> None:
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if breaks_off else body)
        if breaks_off:
            self.cut()

    def drip(self, body: bytes, ending: threading.Event) -> None:
        self.send_response(200)
        self.send_header("content-length", str(len(body) + 1_000_000))
        self.end_headers()
        while not ending.wait(0.01):
            self.wfile.write(b" ")
            self.wfile.flush()
        self.cut()

    def cut(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)


class ScriptedLanguageModel:
    """A `LanguageModel` in process: texts are answered, errors raised, in order; then it answers well.

    ``prompts`` keeps what it was asked.
    """

    def __init__(
        self, *script: str | Exception, answer: AnswerMaker = minutes_of, context_tokens: int = 16_000
    ) -> None:
        self.prompts: list[Prompt] = []
        self.answer = answer
        self.closed = False
        self._script = deque(script)
        self._context_tokens = context_tokens
        self._lock = threading.Lock()

    @property
    def provider(self) -> str:
        return "scripted"

    @property
    def model(self) -> str:
        return MODEL

    @property
    def context_tokens(self) -> int:
        return self._context_tokens

    def complete(self, prompt: Prompt) -> Reply:
        with self._lock:
            self.prompts.append(prompt)
            turn = self._script.popleft() if self._script else self.answer(prompt.system, prompt.user)
        if isinstance(turn, Exception):
            raise turn
        tokens_in, tokens_out = len(prompt.user) // 4, len(turn) // 4
        return Reply(text=turn, model=self.model, usage=Usage(calls=1, tokens_in=tokens_in, tokens_out=tokens_out))

    def close(self) -> None:
        self.closed = True
