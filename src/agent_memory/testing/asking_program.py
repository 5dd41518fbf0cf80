"""A program for the provider `command`: hands what it reads to a `LanguageModelServer`, prints what comes back.

    python asking_program.py URL

Nothing but the standard library, so that it starts fast.
"""

from __future__ import annotations

import http.client
import sys
from urllib.parse import urlsplit


def main() -> int:
    """Ask once; the exit code is 0 where the server answered with 200."""
    url = urlsplit(sys.argv[1])
    connection = http.client.HTTPConnection(url.netloc)
    try:
        connection.request("POST", f"{url.path}/ask", sys.stdin.buffer.read(), {"content-type": "application/json"})
        answer = connection.getresponse()
        told = answer.read()
    except (OSError, http.client.HTTPException) as error:
        print(f"cannot ask: {type(error).__name__}", file=sys.stderr)
        return 1
    (sys.stdout if answer.status == 200 else sys.stderr).buffer.write(told)
    return 0 if answer.status == 200 else 1


if __name__ == "__main__":
    sys.exit(main())
