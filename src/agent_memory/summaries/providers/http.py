"""One POST: within a time that nothing can stretch, to nobody else, and with nothing of a key in what is said of it."""

from __future__ import annotations

import contextlib
import functools
import logging
import socket
import threading
from collections.abc import Mapping
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from agent_memory.summaries.errors import ProviderMisconfigured, ProviderUnavailable

if TYPE_CHECKING:
    import ssl

    import httpx2

ANSWER_BYTES_MAX = 2 << 20
"""Some 300,000 tokens of thoughts, escapes and all. To read JSON of many small parts takes its length 30 times."""
_CONNECT_S = 15.0


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """What came back, whatever its status. ``headers`` are by their names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Endpoint:
    """A base URL that is posted to. Safe to use from several threads.

    A connection serves one request: what is asked takes seconds, so that a handshake is nothing, and a
    connection that died while it was idle is never taken for a provider that does not answer.
    """

    def __init__(self, provider: str, url: str, *, timeout_s: float) -> None:
        self._provider = provider
        self._url = url.rstrip("/")
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._client: httpx2.Client | None = None
        self._under_way: set[_Call] = set()
        self._is_closed = False

    def post(self, path: str, body: object, headers: Mapping[str, str]) -> Response:
        """Send JSON and return the answer. Errors: `ProviderUnavailable`, `ProviderMisconfigured`."""
        import httpx2

        call = _Call()
        client = self._begin(call)
        timer = threading.Timer(self._timeout_s, call.cut, ("",))
        timer.daemon = True
        timer.start()
        try:
            return self._posted(client, path, msgspec.json.encode(body), headers, call)
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError) as error:
            # Its text may hold a header; its class says enough. Nothing of it is kept: it holds the request.
            raise self._problem(error, call) from None
        finally:
            timer.cancel()
            with self._lock:
                self._under_way.discard(call)

    def close(self) -> None:
        """Cut off what is under way; whoever waits for it meets `ProviderUnavailable`."""
        with self._lock:
            self._is_closed = True
            under_way, client, self._client = tuple(self._under_way), self._client, None
        for call in under_way:
            call.cut("it was closed")
        if client is not None:
            client.close()

    def _begin(self, call: _Call) -> httpx2.Client:
        with self._lock:
            if self._is_closed:
                raise ProviderUnavailable(self._provider, "it was closed")
            self._under_way.add(call)
            if self._client is None:
                self._client = _new_client(self._timeout_s, is_here=_is_here(self._url))
            return self._client

    def _posted(
        self, client: httpx2.Client, path: str, content: bytes, headers: Mapping[str, str], call: _Call
    ) -> Response:
        sent = {"content-type": "application/json", "accept": "application/json", "accept-encoding": "identity"}
        with client.stream(
            "POST",
            self._url + path,
            content=content,
            headers={**sent, **headers},
            extensions={"trace": call.watch},
        ) as answer:
            body = bytearray()
            if answer.headers.get("content-encoding", "identity").lower() != "identity":
                raise ProviderUnavailable(self._provider, "it answers in an encoding that was not asked for")
            for chunk in answer.iter_raw():
                body += chunk
                if len(body) > ANSWER_BYTES_MAX:
                    raise ProviderUnavailable(self._provider, f"its answer is longer than {ANSWER_BYTES_MAX:,} bytes")
            if call.is_cut:
                # Without a length in its header, an answer that was cut off looks like one that ended.
                raise self._cut(call)
            return Response(status=answer.status_code, headers=dict(answer.headers), body=bytes(body))

    def _cut(self, call: _Call) -> ProviderUnavailable:
        return ProviderUnavailable(self._provider, call.reason or f"no answer within {self._timeout_s:g} s")

    def _problem(self, error: Exception, call: _Call) -> ProviderUnavailable | ProviderMisconfigured:
        import httpx2

        if call.is_cut:
            return self._cut(call)
        hint = "Check summaries_url, and the proxy that the environment names, if it names one."
        if isinstance(error, httpx2.UnsupportedProtocol | httpx2.InvalidURL | httpx2.LocalProtocolError):
            problem = f"nothing can be sent there ({type(error).__name__})"
            return ProviderMisconfigured("summaries_url", self._url, problem, hint=hint)
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            hint = "Correct summaries_url, or name the authority's certificate in SSL_CERT_FILE."
            return ProviderMisconfigured("summaries_url", self._url, "its certificate is not trusted", hint=hint)
        problem = next((told for kind, told in _TOLD.items() if type(error).__name__ == kind), "")
        told = problem or f"the connection broke ({type(error).__name__})"
        return ProviderUnavailable(self._provider, f"{told}, at {self._url}")


_TOLD = {
    "ConnectError": "nobody answers",
    "ConnectTimeout": "no connection in time",
    "ReadTimeout": "no answer in time",
    "WriteTimeout": "it takes nothing in",
    "RemoteProtocolError": "what it answers is no HTTP, or breaks off",
    "ProxyError": "the proxy does not let it through",
}


class _Call:
    """The connection of one request, which can be cut off from outside, whatever it waits for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self.is_cut = False
        self.reason = ""

    def watch(self, event: str, info: Mapping[str, object]) -> None:
        """Called by the client at every step; those that make a connection return its stream."""
        stream = info.get("return_value")
        if event.endswith(".complete") and hasattr(stream, "get_extra_info"):
            with self._lock:
                self._socket = stream.get_extra_info("socket")
                if self.is_cut:
                    self._shut()

    def cut(self, reason: str) -> None:
        with self._lock:
            self.is_cut, self.reason = True, self.reason or reason
            self._shut()

    def _shut(self) -> None:
        if self._socket is not None:
            # Of the plain socket also where TLS is over it: that one's own `shutdown` is not meant for another thread.
            with contextlib.suppress(OSError):
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


@functools.cache
def _authorities() -> ssl.SSLContext:
    """Whom this machine trusts; to read them all takes longer than all the rest."""
    import httpx2

    return httpx2.create_ssl_context()


def _is_here(url: str) -> bool:
    """Whether it is this machine, which a proxy cannot reach: it would only be told what was said."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _new_client(timeout_s: float, *, is_here: bool) -> httpx2.Client:
    import httpx2

    for name in ("httpx2", "httpcore2"):  # At `debug` they write out headers, keys and all.
        logging.getLogger(name).setLevel(logging.WARNING)
    return httpx2.Client(
        verify=_authorities(),
        timeout=httpx2.Timeout(timeout_s, connect=min(_CONNECT_S, timeout_s), pool=None),
        limits=httpx2.Limits(max_connections=None, max_keepalive_connections=0),
        follow_redirects=False,
        trust_env=not is_here,
        headers={"user-agent": "agent-memory"},
    )
