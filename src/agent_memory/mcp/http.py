"""MCP over streamable HTTP, for every agent of this machine: `POST http://127.0.0.1:7434/mcp`.

The socket listens from the daemon's start; the SDK, which takes a second and 50 MB, is loaded when
somebody connects, and that somebody waits for it in the socket's queue.

Every request stands for itself: nothing is kept between two, so a daemon that starts anew goes on with
the clients of the one before. A client's name, which it tells once, is part of the session id that it
is given and sends back:

    mcp-session-id: <32 hexadecimal digits, random>.<its name, base 64>

What a browser may be tricked into sending is refused: another `Host` than this machine's, as after DNS
rebinding, and another page's `Origin`.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import errno
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from agent_memory.errors import AddressInUse
from agent_memory.mcp.notes import NoteRules
from agent_memory.memory import Memory
from agent_memory.telemetry import LOG

if TYPE_CHECKING:
    import uvicorn
    from starlette.types import Message, Receive, Scope, Send

    from agent_memory.mcp.calls import Client

PATH = "/mcp"
BODY_BYTES_MAX = 4 << 20
_OPENING_BYTES_MAX = 64 << 10
_NAME_CHARACTERS_MAX = 60
_SESSION_HEADER = b"mcp-session-id"
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_WAITING_MAX = 64
_KEEP_ALIVE_S = 60


class HttpDoor:
    """Listens; loads what serves when somebody comes."""

    def __init__(self, memory: Memory, listener: socket.socket, *, drain_s: float, rules: NoteRules) -> None:
        self._memory = memory
        self._listener = listener
        self._drain_s = drain_s
        self._rules = rules
        self._server: uvicorn.Server | None = None
        self._serving: asyncio.Task[None] | None = None
        self._stopping = False
        host, port = listener.getsockname()[:2]
        self.address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        """HOST:PORT as bound."""

    def listen(self) -> None:
        """Wait for the first who comes."""
        asyncio.get_running_loop().add_reader(self._listener.fileno(), self._begin)

    async def close(self) -> None:
        """Answer what is under way, for as long as draining may take, and end."""
        self._stopping = True
        if self._serving is None:
            asyncio.get_running_loop().remove_reader(self._listener.fileno())
        else:
            if self._server is not None:
                self._server.should_exit = True
            _, late = await asyncio.wait([self._serving], timeout=self._drain_s + 1)
            if late:
                self._serving.cancel()
                await asyncio.gather(self._serving, return_exceptions=True)
        self._listener.close()

    def _begin(self) -> None:
        asyncio.get_running_loop().remove_reader(self._listener.fileno())
        self._serving = asyncio.get_running_loop().create_task(self._serve(), name="mcp-http")

    async def _serve(self) -> None:
        try:
            # The imports are most of it, and leave the event loop alone.
            server, manager = await asyncio.to_thread(self._loaded)
            if self._stopping:
                return
            self._server = server
            async with manager.run():
                await server.serve(sockets=[self._listener])
        except Exception as error:
            # The daemon goes on without this door.
            LOG.error("mcp over http has ended", error=error)
            self._listener.close()

    def _loaded(self) -> tuple[uvicorn.Server, Any]:
        import logging
        from contextlib import nullcontext

        import uvicorn
        from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

        from agent_memory.mcp.server import make_server

        # They tell of every request and connection, and quote what they refuse.
        for name in ("uvicorn", "mcp", "sse_starlette"):
            logging.getLogger(name).setLevel(logging.ERROR)

        class Server(uvicorn.Server):
            def capture_signals(self) -> Any:
                """The daemon hears signals itself."""
                return nullcontext()

        async def memory() -> Memory:
            return self._memory

        manager = StreamableHTTPSessionManager(
            make_server(memory, client_of=_client_of, rules=self._rules),
            json_response=True,
            stateless=True,
            max_request_body_size=BODY_BYTES_MAX,
        )
        config = uvicorn.Config(
            _Checked(manager.handle_request),
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE_S,
            timeout_graceful_shutdown=max(1, round(self._drain_s)),
        )
        config.load()
        LOG.info("mcp over http has its first caller")
        return Server(config), manager


@asynccontextmanager
async def serve_http(memory: Memory, *, address: str, drain_s: float, rules: NoteRules) -> AsyncIterator[HttpDoor]:
    """MCP of *memory* at *address* (``HOST:PORT``; port 0: any) until the block ends. Errors: `AddressInUse`."""
    door = HttpDoor(memory, _bound(address), drain_s=drain_s, rules=rules)
    door.listen()
    try:
        yield door
    finally:
        await door.close()


def _bound(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, int(port)), family=family, backlog=_WAITING_MAX)
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES, errno.EADDRNOTAVAIL):
            raise
        raise AddressInUse(address, os.strerror(error.errno)) from None
    listener.setblocking(False)
    return listener


# -- what is let in -------------------------------------------------------------------------------


class _Checked:
    """An ASGI application: the checks, and the session id of those who open one, before the SDK's."""

    def __init__(self, app: Callable[[Scope, Receive, Send], Any]) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        refused = _refused(scope["method"], scope["path"], headers)
        if refused is not None:
            await _answer(send, *refused)
            return
        if _SESSION_HEADER not in headers:
            begun = await _read(receive)
            receive = _again(begun, receive)
            if (name := _opening_client(begun)) is not None:
                send = _with_session(send, name)
        await self._app(scope, receive, send)


def _refused(method: str, path: str, headers: dict[bytes, bytes]) -> tuple[int, str] | None:
    if not _is_here(headers.get(b"host", b"").decode("latin-1")):
        return 421, "Host: is not this machine's. Use the address that the daemon listens at."
    origin = headers.get(b"origin")
    if origin is not None and not _is_page_from_here(origin.decode("latin-1")):
        return 403, "Origin: only pages of this machine may call."
    if path.rstrip("/") != PATH:
        return 404, f"MCP is at {PATH}."
    if method != "POST":
        # There is nothing to listen for, and no session to end.
        return 405, "Only POST is served."
    return None


def _is_here(host: str) -> bool:
    name, colon, port = host.rpartition(":")
    # Without a port, the colons are those of an address in brackets, or there are none.
    if not colon or host.endswith("]"):
        return host.lower() in _LOOPBACK
    return name.lower() in _LOOPBACK and port.isascii() and port.isdecimal()


def _is_page_from_here(origin: str) -> bool:
    scheme, _, host = origin.partition("://")
    return scheme in ("http", "https") and _is_here(host)


async def _answer(send: Send, status: int, problem: str) -> None:
    error = {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": problem}}
    headers = [(b"content-type", b"application/json")] + ([(b"allow", b"POST")] if status == 405 else [])
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": msgspec.json.encode(error)})


# -- who it is ------------------------------------------------------------------------------------


class _ClientInfo(msgspec.Struct):
    name: str = ""


class _Params(msgspec.Struct):
    client: _ClientInfo = msgspec.field(default_factory=_ClientInfo, name="clientInfo")


class _Opening(msgspec.Struct):
    method: str
    params: _Params


_opening = msgspec.json.Decoder(_Opening)


async def _read(receive: Receive) -> list[Message]:
    """The request's messages, to its end or as far as one that opens a session would reach."""
    messages: list[Message] = []
    size = 0
    while True:
        message = await receive()
        messages.append(message)
        size += len(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body") or size > _OPENING_BYTES_MAX:
            return messages


def _again(begun: list[Message], receive: Receive) -> Receive:
    waiting = iter(begun)

    async def next_message() -> Message:
        message = next(waiting, None)
        return await receive() if message is None else message

    return next_message


def _opening_client(begun: list[Message]) -> str | None:
    """The name of the client that opens a session with this request; None where it does not."""
    body = b"".join(message.get("body", b"") for message in begun)
    if b'"initialize"' not in body:
        return None
    try:
        opening = _opening.decode(body)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return None
    return opening.params.client.name if opening.method == "initialize" else None


def _with_session(send: Send, name: str) -> Send:
    # Here, not above, as below: the tools come with the SDK, which loads them.
    from agent_memory.mcp.calls import new_conversation

    shown = base64.urlsafe_b64encode(name[:_NAME_CHARACTERS_MAX].encode("utf-8", "replace")).rstrip(b"=")
    session = new_conversation().encode() + b"." + shown

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == 200:
            message = {**message, "headers": [*message.get("headers", []), (_SESSION_HEADER, session)]}
        await send(message)

    return sending


def _client_of(request: Any) -> Client:
    """Who asks: by the session id, and under the protocol without sessions by what each request tells."""
    from agent_memory.mcp.calls import Client, new_conversation

    headers = request.request.headers if request.request is not None else {}
    conversation, _, encoded = headers.get(_SESSION_HEADER.decode(), "").partition(".")
    if conversation.isalnum() and len(conversation) == len(new_conversation()):
        try:
            name = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
        except (binascii.Error, ValueError):
            name = ""
        return Client(name, conversation)
    params = request.session.client_params
    return Client(params.client_info.name if params is not None else "")
