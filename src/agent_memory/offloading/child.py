"""What runs in the process that works aside: functions, one after the other, as they are asked for."""

from __future__ import annotations

import os
import pickle
import sys
from contextlib import suppress

from agent_memory import courtesy

PROTOCOL = 5

ASKED_ON = 0
"""The descriptor of the connection: standard input, which is there whatever else is open or closed."""

FAILED = b""
"""The answer where a function raised, or returned what cannot be sent."""


def main() -> None:
    """Answer until nobody is at the other end, or asks for as long as the arguments say."""
    from multiprocessing.connection import Connection

    from agent_memory import __version__

    idle_s = float(sys.argv[1])
    with suppress(OSError):
        # Whoever waits for an answer goes first: the operating system sees to it, and so does the work itself.
        os.nice(courtesy.NICENESS)
    with Connection(ASKED_ON) as connection, suppress(EOFError, OSError):
        connection.send_bytes(__version__.encode())
        with suppress(OSError, ValueError):
            # Without it, it is of low priority alone.
            courtesy.heed(int(sys.argv[2]))
        while connection.poll(idle_s):
            connection.send_bytes(_answer(connection.recv_bytes()))


def _answer(request: bytes) -> bytes:
    try:
        function, arguments, named = pickle.loads(request)
        return pickle.dumps(function(*arguments, **named), PROTOCOL)
    except Exception:
        return FAILED
