"""Calls to a daemon: deadlines, retries, and errors as the exceptions that they were."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from typing import Any, TypeVar

import grpc

from agent_memory.api.address import parse_address
from agent_memory.api.status import error_from_rpc, error_from_status
from agent_memory.errors import Closed, DaemonStopping, DaemonUnavailable, InvalidQuery

T = TypeVar("T")

_FIRST_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 1.0


def backoff_s(attempt: int, chance: random.Random) -> float:
    """How long to pause before try *attempt* + 1: doubling, with full jitter.

    Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """
    longest = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0**attempt)
    return chance.uniform(longest / 4, longest)


class Caller:
    """One channel to one daemon.

    A call that fails on the way is made again for up to *retry_s* seconds within its deadline, so
    that a daemon may restart beneath its clients. This holds from the first answer on: where
    nobody ever answered, `DaemonUnavailable` comes at once. Every call of this API can be
    repeated: reads are reads, and appends carry their ids.
    """

    def __init__(
        self, address: str, *, timeout_s: float, retry_s: float, message_bytes_max: int, chance: random.Random
    ) -> None:
        self.address = address
        self.timeout_s = timeout_s
        self.retry_s = retry_s
        self.chance = chance
        self._target = parse_address(address).target
        self._options = [
            ("grpc.max_receive_message_length", message_bytes_max),
            ("grpc.max_send_message_length", message_bytes_max),
            # A daemon of this machine is not behind the proxy that the environment names.
            ("grpc.enable_http_proxy", 0),
            # A daemon that restarts is back within a second; so are we.
            ("grpc.initial_reconnect_backoff_ms", 100),
            ("grpc.min_reconnect_backoff_ms", 100),
            ("grpc.max_reconnect_backoff_ms", 1000),
            ("grpc.use_local_subchannel_pool", 1),
            # Retries are made here, where it is known which errors are final.
            ("grpc.enable_retries", 0),
        ]
        self._channel: grpc.aio.Channel | None = None
        self._answered = False

    @property
    def channel(self) -> grpc.aio.Channel:
        self.check_open()
        assert self._channel is not None
        return self._channel

    def open(self) -> None:
        """Make the channel; must run on the event loop that is to use it."""
        self._channel = grpc.aio.insecure_channel(self._target, options=self._options)

    async def close(self) -> None:
        channel, self._channel = self._channel, None
        if channel is not None:
            await channel.close(None)

    async def unary(self, method: Any, request: Any, *, timeout_s: float | None = None) -> Any:
        """The answer to one request. Errors: whatever the daemon says, as in process."""
        now = time.monotonic()
        deadline = now + (self.timeout_s if timeout_s is None else timeout_s)
        retry_until = min(deadline, now + self.retry_s)
        attempt = 0
        while True:
            self.check_open()
            try:
                answer = await method(request, timeout=max(deadline - time.monotonic(), 0.001))
            except grpc.aio.AioRpcError as failure:
                pause_s = backoff_s(attempt, self.chance)
                if not self.may_retry(failure) or time.monotonic() + pause_s >= retry_until:
                    raise self.error(failure) from None
            except asyncio.CancelledError:
                raise self.closed_or_cancelled() from None
            except (UnicodeEncodeError, TypeError, ValueError) as error:
                raise InvalidQuery("request", type(error).__name__, "cannot be sent") from error
            else:
                self._answered = True
                return answer
            attempt += 1
            await asyncio.sleep(pause_s)

    async def stream(self, method: Any, request: Any) -> AsyncIterator[Any]:
        """The answers to one request, as they come; leaving early cancels the call."""
        self.check_open()
        call = method(request)
        try:
            async for answer in call:
                self._answered = True
                yield answer
        except asyncio.CancelledError:
            raise self.closed_or_cancelled() from None
        except grpc.aio.AioRpcError as failure:
            raise self.error(failure) from None
        finally:
            call.cancel()

    def check_open(self) -> None:
        """Errors: `Closed`."""
        if self._channel is None:
            raise Closed("the connection is closed")

    def closed_or_cancelled(self) -> BaseException:
        """Why a call was cancelled: because the connection was closed, or on behalf of who waits."""
        task = asyncio.current_task()
        if self._channel is None and task is not None and not task.cancelling():
            return Closed("the connection was closed during the call")
        return asyncio.CancelledError()

    def answered(self) -> None:
        """Remember that a daemon is there."""
        self._answered = True

    def may_retry(self, failure: grpc.aio.AioRpcError) -> bool:
        """Whether the same request may be sent again, and may fare better."""
        if not self._answered or failure.code() is not grpc.StatusCode.UNAVAILABLE:
            return False
        # What the daemon itself says of a view or a disk is an answer, not a failed call.
        said = error_from_status(failure)
        return said is None or isinstance(said, DaemonStopping)

    def error(self, failure: grpc.aio.AioRpcError) -> Exception:
        """The exception that the failure stands for."""
        if self._channel is None:
            return Closed("the connection was closed during the call")
        error = error_from_rpc(failure, self.address)
        if isinstance(error, DaemonUnavailable | DaemonStopping):
            return error
        self._answered = True
        return error
